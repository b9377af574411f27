import { adjustTemplate, type Adjustment } from '#science/image/candidates/adjust.ts'
import { detectSources } from '#science/image/detection/detect.ts'
import { measureSources } from '#science/image/photometry/measure.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { cropMask, cropPlane } from '#science/image/preparation/crop.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { forcedAt } from './aperture-fluxes.ts'
import { markCores, markMasked, objectsOf, positionErrors, type Objects } from './objects.ts'
import type { PlaneFile } from './plane-file.ts'
import type { SubtractWork } from './subtract-region.ts'
import type { Voice } from './voice.ts'

/** The difference of a region; what was taken away stays on disk. */
export interface DifferencePlanes {
  readonly difference: Plane
  readonly noise: Plane
  readonly model: PlaneFile
  readonly bad: Mask
}

/** Sources of the difference: brighter than on the template, and fainter. */
export function detectDifferences(
  input: SubtractWork,
  p: DifferencePlanes,
  workshop: Workshop,
  voice: Voice,
): { objects: Objects; adjustments: (Adjustment | null)[] } {
  const { config, region, fwhm } = input
  const { difference, noise, bad } = p
  const parts: { objects: Objects; sign: 1 | -1; sn: Float64Array }[] = []
  for (const sign of config.filter_negative ? ([1, -1] as const) : ([1] as const)) {
    // Turned round in place and back again: a copy would be the largest of what is in memory.
    if (sign === -1) negate(difference)
    workshop.arena.during(() => {
      const plane = difference
      const { detections, segmentation } = detectSources(
        plane,
        bad,
        { noise, threshold: 2, minArea: config.minarea, gain: 0, saturation: Infinity },
        workshop,
      )
      if (detections.rows === 0) return
      const measures = measureSources(
        plane,
        detections,
        {
          mask: bad,
          segmentation,
          noise: noise.data,
          apertures: [config.rel_aper * fwhm],
          neighbours: 'none',
          windowed: false,
        },
        workshop,
      )
      const flags = detections.flags.map((value, i) => value | measures.flags[i]!)
      const objects = objectsOf({ detections, measures, flags } as never, [...detections.flags.keys()])
      markMasked(objects, segmentation, bad)
      markCores(objects, bad, fwhm)
      const places = { fwhm, gain: 0, x: [...objects.x], y: [...objects.y], noise: noise.data, workshop }
      const forced = (optimal: boolean): Objects =>
        forcedAt(plane, bad, 0, {
          ...places,
          config: { ...config, centroid_targets: false, optimal_extraction: optimal },
        })
      // Whether something is there is judged by the sum of its pixels, for which the noise is made.
      const summed = forced(false)
      const told = config.optimal_extraction ? forced(true) : summed
      parts.push({
        objects: {
          ...objects,
          flux: told.flux,
          fluxErr: told.fluxErr,
          flags: objects.flags.map((value, i) => value | told.flags[i]!),
          bgLocal: summed.bgLocal,
          bgFluxErr: told.bgFluxErr,
        },
        sign,
        sn: summed.flux.map((flux, i) => flux / summed.fluxErr[i]!),
      })
    })
    if (sign === -1) negate(difference)
  }
  const kept = parts.flatMap(({ objects, sign, sn }) =>
    [...sn.keys()].filter((i) => sn[i]! >= config.sn).map((i) => ({ objects, sign, i })),
  )
  voice.log(
    `${parts.reduce((sum, { objects }) => sum + objects.rows, 0)} detections on the difference, ${kept.length} of them with S/N ≥ ${config.sn}${config.filter_negative ? ` (${kept.filter(({ sign }) => sign < 0).length} fading)` : ''}.`,
  )
  const f = (pick: (objects: Objects) => Float64Array, signed = false): Float64Array =>
    Float64Array.from(kept, ({ objects, sign, i }) => (signed ? sign : 1) * pick(objects)[i]!)
  const found: Objects = {
    rows: kept.length,
    x: f((o) => o.x),
    y: f((o) => o.y),
    xErr: f((o) => o.xErr),
    yErr: f((o) => o.yErr),
    flux: f((o) => o.flux, true),
    fluxErr: f((o) => o.fluxErr),
    flags: Uint32Array.from(kept, ({ objects, i }) => objects.flags[i]!),
    a: f((o) => o.a),
    b: f((o) => o.b),
    theta: f((o) => o.theta),
    fwhm: f((o) => o.fwhm),
    fluxRadius: f((o) => o.fluxRadius),
    fluxAuto: f((o) => o.fluxAuto),
    fluxMax: f((o) => o.fluxMax, true),
    isoArea: Int32Array.from(kept, ({ objects, i }) => objects.isoArea[i]!),
    number: Int32Array.from(kept, (_, k) => k + 1),
    bg: new Float64Array(kept.length),
    bgLocal: f((o) => o.bgLocal, true),
    bgFluxErr: f((o) => o.bgFluxErr),
  }
  const xErr = positionErrors(found, fwhm)
  const all: Objects = { ...found, xErr, yErr: xErr.slice() }
  const adjustments = config.filter_adjust
    ? kept.map((_, k) => workshop.arena.during(() => adjusted(p, all.x[k]!, all.y[k]!, fwhm, workshop)))
    : []
  for (let k = 0; k < all.rows; k++) {
    all.x[k]! += region.x0
    all.y[k]! += region.y0
  }
  return { objects: all, adjustments }
}

/** What an error of the flux scale may be. A greater factor is a source that varies, and no misalignment explains that. */
const mostScale = 1.05

function negate({ data }: Plane): void {
  for (let i = 0; i < data.length; i++) data[i] = -data[i]!
}

/** Whether the residual at a place is only the template lying a little beside. */
function adjusted(
  { difference, model, noise, bad }: DifferencePlanes,
  x: number,
  y: number,
  fwhm: number,
  { arena }: Workshop,
): Adjustment | null {
  const half = Math.ceil(2 * fwhm) + 6
  const [cx, cy] = [Math.round(x), Math.round(y)]
  const box = {
    x0: Math.max(0, cx - half),
    y0: Math.max(0, cy - half),
    x1: Math.min(model.width, cx + half + 1),
    y1: Math.min(model.height, cy + half + 1),
  }
  const template = model.read(box, arena)
  const science = cropPlane(difference, box, arena)
  for (let i = 0; i < science.data.length; i++) science.data[i]! += template.data[i]!
  return adjustTemplate(science, template, cropPlane(noise, box, arena), x - box.x0, y - box.y0, {
    radius: 2 * fwhm,
    mostScale,
    mask: cropMask(bad, box, arena),
  })
}

/** Fluxes on the difference at the places of targets. */
export function measureTargets(
  { config, fwhm, region, targets }: SubtractWork,
  { difference, noise, bad }: DifferencePlanes,
  workshop: Workshop,
): Objects {
  const objects = forcedAt(difference, bad, 0, {
    config: { ...config, centroid_targets: false },
    fwhm,
    gain: 0,
    x: targets.x.map((x) => x - region.x0),
    y: targets.y.map((y) => y - region.y0),
    noise: noise.data,
    workshop,
  })
  return { ...objects, x: objects.x.map((x) => x + region.x0), y: objects.y.map((y) => y + region.y0) }
}
