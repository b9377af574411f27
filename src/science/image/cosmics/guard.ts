/**
 * How sharp a star can be. Where pixels are as wide as stars (CMOS cameras on short telescopes), the paper's test takes
 * stars for cosmic rays. A star, wherever its centre lies in a pixel, has on every line through its brightest pixel two
 * neighbours that together reach a fraction of it that the FWHM fixes; a cosmic ray falls short of that on some line.
 * A peak is a cosmic ray only where it falls short by three σ.
 */
import type { Background } from '#science/image/background/map.ts'
import { maskBits } from '#science/image/plane.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { lowerMedianOf } from '#science/image/median.ts'

/** Least sum of two opposite neighbours of the brightest pixel, in units of it, for side and for corner neighbours. */
export interface Sharpness {
  readonly side: number
  readonly corner: number
}

/** Stars may be sharper than the frame's typical one, by focus and by chance of shape: a tenth in width. */
const margin = 0.9

/** Of a round Gaussian of that FWHM as measured in pixels; the sum is least where the star is in the middle of its pixel. */
export function sharpnessOf(fwhm: number): Sharpness {
  const sigma = (margin * fwhm) / 2.3548
  const side = Math.exp(-0.5 / sigma ** 2)
  return { side: 2 * side, corner: 2 * side * side }
}

/** True where a star could make the peak: no line through it is too dark beside it. */
export function couldBeStar(
  value: (dx: number, dy: number) => number,
  variance: (dx: number, dy: number) => number,
  { side, corner }: Sharpness,
): boolean {
  const peak = value(0, 0)
  const own = variance(0, 0)
  const short = (dx: number, dy: number, least: number): boolean => {
    const missing = least * peak - value(dx, dy) - value(-dx, -dy)
    const sigma = Math.sqrt(least * least * own + variance(dx, dy) + variance(-dx, -dy))
    return missing > 3 * sigma
  }
  return !(short(1, 0, side) || short(0, 1, side) || short(1, 1, corner) || short(1, -1, corner))
}

interface GuardOptions {
  readonly background: Background | { readonly level: number; readonly rms: number }
  readonly mask?: Mask
  readonly saturation?: number
}

/**
 * FWHM of the frame's own bright peaks, pixels: for a Gaussian the logarithm of the peak over the geometric mean of two
 * opposite neighbours is 1/(2σ²) wherever its centre lies. The narrowest range that holds a fifth of the peaks tells it:
 * stars agree with each other, cosmic rays and galaxies do not. 1.5 where fewer than ten peaks are to be had, so that
 * rather too little than too much is taken for cosmic rays.
 */
export function sharpestStar(
  { width, height, data }: Plane,
  { background, mask, saturation = Infinity }: GuardOptions,
): number {
  const level = 'globalLevel' in background ? background.globalLevel : background.level
  const rms = 'globalRms' in background ? background.globalRms : background.rms
  const least = level + 30 * rms
  const widths: number[] = []
  // A few thousand peaks tell as much as all.
  const step = Math.max(1, Math.floor((width * height) / 4e6))
  for (let y = 2; y < height - 2; y += step) {
    for (let x = 2; x < width - 2; x++) {
      const i = y * width + x
      const peak = data[i]
      if (!(peak > least) || peak >= saturation) continue
      if (mask && (mask.data[i] & ~maskBits.cosmic) !== 0) continue
      let highest = true
      for (let v = -1; v <= 1 && highest; v++)
        for (let u = -1; u <= 1; u++) if (data[i + v * width + u] > peak) highest = false
      if (!highest) continue
      const sharp = (a: number, b: number): number => {
        const product = Math.max(data[i - a] - level, rms) * Math.max(data[i + b] - level, rms)
        return Math.log(peak - level) - Math.log(product) / 2
      }
      const across = sharp(1, 1)
      const along = sharp(width, width)
      const oblique = (sharp(width + 1, width + 1) + sharp(width - 1, width - 1)) / 2
      // A round peak falls off alike on all lines, twice as fast in the logarithm to the corners; tracks do not.
      if (Math.max(across, along) > 1.5 * Math.min(across, along)) continue
      if (Math.abs(oblique - across - along) > 0.3 * oblique) continue
      const inverse = (across + along) / 2
      const fwhm = 2.3548 * Math.sqrt(1 / (2 * inverse))
      // Narrower is a hit of one pixel; those agree with each other too.
      if (fwhm > 1.1 && fwhm < 12) widths.push(fwhm)
    }
  }
  if (widths.length < 10) return 1.5
  const sorted = Float64Array.from(widths).sort()
  const held = Math.max(5, Math.floor(sorted.length / 5))
  let best = 0
  for (let k = 0; k + held <= sorted.length; k++)
    if (sorted[k + held - 1] - sorted[k] < sorted[best + held - 1] - sorted[best]) best = k
  return lowerMedianOf(sorted.slice(best, best + held), held)
}
