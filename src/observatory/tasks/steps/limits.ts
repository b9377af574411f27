import { isProblem } from '#problem.ts'
import { fitNoiseModel, limitingMagnitude, skyLimit } from '#science/image/calibration/limits.ts'
import { zeroPointsAt, type ZeroPoint } from '#science/image/calibration/zero-point-model.ts'
import type { Limit } from '#observatory/tasks/findings.ts'
import type { CalibratedObjects } from './objects-table.ts'

/** How deep the frame is: from objects as they were measured, and from the noise of the sky in their apertures. */
export function limitsOf(
  { objects, magCalib }: Pick<CalibratedObjects, 'objects' | 'magCalib'>,
  model: ZeroPoint,
  sn: number,
): { bySn: Limit[]; background: { mag: number; scatter: number } | null; note: string | null } {
  const levels = [...new Set([10, 5, 3, sn])].toSorted((a, b) => b - a)
  const { value } = zeroPointsAt(model, objects.x, objects.y)
  const sky = skyLimit(objects.bgFluxErr, value, sn)
  const background = sky && { mag: sky.magnitude, scatter: sky.scatter }
  try {
    const noise = fitNoiseModel({
      magnitude: magCalib,
      snr: objects.flux.map((flux, i) => flux / objects.fluxErr[i]!),
      flags: objects.flags,
    })
    const bySn = levels.map((each) => ({ sn: each, mag: limitingMagnitude(noise, each) }))
    return { bySn, background, note: null }
  } catch (error) {
    if (!isProblem(error)) throw error
    return { bySn: levels.map((each) => ({ sn: each, mag: null })), background, note: error.message }
  }
}
