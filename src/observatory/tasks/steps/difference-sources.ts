import { adjustTemplate, type Adjustment } from '#science/image/candidates/adjust.ts'
import { detectSources } from '#science/image/detection/detect.ts'
import { measureSources } from '#science/image/photometry/measure.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { forcedAt, markMasked, objectsOf, type Objects } from './measure-work.ts'
import type { Planes, SubtractWork } from './subtract-region.ts'
import type { Voice } from './voice.ts'

/** Sources of the difference: brighter than on the template, and fainter. */
export function detectDifferences(
  input: SubtractWork,
  p: Omit<Planes, 'template' | 'mask'>,
  workshop: Workshop,
  voice: Voice,
): { objects: Objects; adjustments: (Adjustment | null)[] } {
  const { config, region, fwhm } = input
  const { difference, noise, bad } = p
  const { width, height } = difference
  const parts: { objects: Objects; sign: 1 | -1; sn: Float64Array }[] = []
  for (const sign of config.filter_negative ? ([1, -1] as const) : ([1] as const)) {
    workshop.arena.during(() => {
      const plane: Plane =
        sign === 1 ? difference : { width, height, data: workshop.arena.float32(width * height) }
      if (sign === -1) for (let i = 0; i < plane.data.length; i++) plane.data[i] = -difference.data[i]!
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
  }
  const kept = parts.flatMap(({ objects, sign, sn }) =>
    [...sn.keys()].filter((i) => sn[i]! >= config.sn).map((i) => ({ objects, sign, i })),
  )
  voice.log(
    `${parts.reduce((sum, { objects }) => sum + objects.rows, 0)} detections on the difference, ${kept.length} of them with S/N ≥ ${config.sn}${config.filter_negative ? ` (${kept.filter(({ sign }) => sign < 0).length} fading)` : ''}.`,
  )
  const f = (pick: (objects: Objects) => Float64Array, signed = false): Float64Array =>
    Float64Array.from(kept, ({ objects, sign, i }) => (signed ? sign : 1) * pick(objects)[i]!)
  const all: Objects = {
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
  const adjustments = config.filter_adjust
    ? kept.map((_, k) => {
        const around: Plane = { width, height, data: difference.data }
        return adjusted(around, p, all.x[k]!, all.y[k]!, fwhm)
      })
    : []
  for (let k = 0; k < all.rows; k++) {
    all.x[k]! += region.x0
    all.y[k]! += region.y0
  }
  return { objects: all, adjustments }
}

/** What an error of the flux scale may be. A greater factor is a source that varies, and no misalignment explains that. */
const mostScale = 1.05

/** Whether the residual at a place is only the template lying a little beside. */
function adjusted(
  difference: Plane,
  { model, noise, bad }: Pick<Planes, 'model' | 'noise' | 'bad'>,
  x: number,
  y: number,
  fwhm: number,
): Adjustment | null {
  const half = Math.ceil(2 * fwhm) + 6
  const [cx, cy] = [Math.round(x), Math.round(y)]
  const box = {
    x0: Math.max(0, cx - half),
    y0: Math.max(0, cy - half),
    x1: Math.min(model.width, cx + half + 1),
    y1: Math.min(model.height, cy + half + 1),
  }
  const [width, height] = [box.x1 - box.x0, box.y1 - box.y0]
  const part = (pick: (i: number) => number): Plane => {
    const data = new Float32Array(width * height)
    for (let v = 0; v < height; v++)
      for (let u = 0; u < width; u++) data[v * width + u] = pick((v + box.y0) * model.width + u + box.x0)
    return { width, height, data }
  }
  const template = part((i) => model.data[i]!)
  const science = part((i) => model.data[i]! + difference.data[i]!)
  const mask: Mask = { width, height, data: Uint8Array.from(part((i) => bad.data[i]!).data) }
  return adjustTemplate(
    science,
    template,
    part((i) => noise.data[i]!),
    x - box.x0,
    y - box.y0,
    { radius: 2 * fwhm, mostScale, mask },
  )
}

/** Fluxes on the difference at the places of targets. */
export function measureTargets(
  { config, fwhm, region, targets }: SubtractWork,
  difference: Plane,
  noise: Plane,
  bad: Mask,
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
