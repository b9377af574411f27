import { noiseAt } from '#science/image/photometry/aperture.ts'
import { detectSources } from '#science/image/detection/detect.ts'
import { gaussianFilter } from '#science/image/detection/filter.ts'
import type { Mask, Pixels, Plane } from '#science/image/plane.ts'
import type { Noise } from '#science/image/photometry/aperture.ts'
import type { Workshop } from '#science/image/workshop.ts'

/** Least S/N, of the filtered frame, of a star that is looked for among what is left. */
const least = 4
/** Where a model is taken off, this fraction of it is not counted as a star. */
const modelError = 0.02

/**
 * Places of stars that show only where others are taken off: peaks of `residual`, a plane without stars and sky, over the
 * noise of the sky and of the light that was taken away (`plane` less `residual`). None is as near to one of the stars
 * (`x`, `y`) as half a FWHM: that would be a fault of its model.
 */
export function hiddenStars(
  plane: Plane<Pixels>,
  residual: Plane,
  { x, y }: { readonly x: ArrayLike<number>; readonly y: ArrayLike<number> },
  { fwhm, noise, gain = 0, mask = null }: { fwhm: number; noise: Noise; gain?: number; mask?: Mask | null },
  workshop: Workshop,
): { x: number[]; y: number[] } {
  const { width, height } = plane
  const sigma = fwhm / (2 * Math.sqrt(2 * Math.LN2))
  const { arena } = workshop
  return arena.during(() => {
    const data = arena.float32(width * height)
    const photons = gain > 0 && Number.isFinite(gain) ? 1 / gain : 0
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const at = row * width + column
        const light = Math.max(0, plane.data[at] - residual.data[at])
        const sky = noiseAt(noise, column, row)
        const variance = typeof sky === 'number' ? sky : sky[at] ** 2
        data[at] = residual.data[at] / Math.sqrt(variance + light * photons + (modelError * light) ** 2)
      }
    }
    const { detections } = detectSources(
      { width, height, data },
      mask,
      {
        rms: 1,
        sky: 0,
        threshold: least / (2 * sigma * Math.sqrt(Math.PI)),
        minArea: 1,
        filter: gaussianFilter(sigma),
      },
      workshop,
    )
    const taken = arena.uint8(width * height)
    taken.fill(0)
    for (let k = 0; k < x.length; k++) markDisc(taken, width, height, x[k], y[k], fwhm / 2)
    const kept = [...detections.x.keys()].filter(
      (i) => taken[Math.round(detections.y[i]) * width + Math.round(detections.x[i])] === 0,
    )
    return { x: kept.map((i) => detections.x[i]), y: kept.map((i) => detections.y[i]) }
  })
}

function markDisc(
  taken: Uint8Array,
  width: number,
  height: number,
  x: number,
  y: number,
  radius: number,
): void {
  for (let py = Math.max(0, Math.ceil(y - radius)); py <= Math.min(height - 1, y + radius); py++)
    for (let px = Math.max(0, Math.ceil(x - radius)); px <= Math.min(width - 1, x + radius); px++)
      if ((px - x) ** 2 + (py - y) ** 2 < radius * radius) taken[py * width + px] = 1
}
