import { join } from 'node:path'
import { extract } from '#science/image/detection/extract.ts'
import { computeTask } from '#platform/compute/compute.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { forcedAt } from './aperture-fluxes.ts'
import type { MeasureInput } from './measure-work.ts'
import { chosenObjects, type Objects } from './objects.ts'
import { readMask, readProduct } from './pixel-files.ts'
import { modelPointSpread, pointSpreadFluxes, type PointSpreadFluxes } from './point-spread.ts'
import { speaking, type Speaking } from './voice.ts'

export interface ForcedInput extends MeasureInput {
  readonly fwhm: number
  readonly x: readonly number[]
  readonly y: readonly number[]
  /** What was found on the frame, where the point spread is to be fitted too: its stars model it, and are fitted along. */
  readonly among: Objects | null
}

export interface ForcedFrame {
  readonly objects: Objects
  readonly psf: PointSpreadFluxes | null
}

/** Measures the places of targets, whether something is seen there or not; optionally moved to the centre of light. */
export const measureForced = computeTask(
  import.meta.url,
  'measureForced',
  (input: ForcedInput & Speaking): Promise<ForcedFrame> =>
    speaking(input.channel, async (voice) => {
      const workshop = createWorkshop({ hands: 1 })
      try {
        const { plane } = readProduct(join(input.folder, 'image.fits'), workshop)
        const mask = readMask(join(input.folder, 'mask.fits'), workshop)
        const { background } = extract(
          plane,
          { mask, background: { mesh: input.bgSize }, threshold: 1e6, overwrite: true, measure: false },
          workshop,
        )
        const objects = forcedAt(plane, mask, background, { ...input, workshop })
        const { among, fwhm, gain } = input
        const spread = among && (await modelPointSpread(plane, mask, background, among, fwhm, input, voice))
        if (!spread) return { objects, psf: null }
        // A target that was found is there once; what is near it is fitted together with it.
        const others = [...among.x.keys()].filter((i) =>
          objects.x.every((x, k) => Math.hypot(x - among.x[i]!, objects.y[k]! - among.y[i]!) > fwhm / 2),
        )
        const near = chosenObjects(among, others)
        const places = {
          x: Float64Array.from([...objects.x, ...near.x]),
          y: Float64Array.from([...objects.y, ...near.y]),
        }
        const all = pointSpreadFluxes(plane, mask, background, places, spread, gain, workshop, 'fixed')
        const first = (column: Float64Array): Float64Array => column.slice(0, objects.rows)
        return {
          objects,
          psf: { flux: first(all.flux), fluxErr: first(all.fluxErr), chi2: first(all.chi2) },
        }
      } finally {
        await workshop.close()
      }
    }),
)
