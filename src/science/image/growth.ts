/** Growth curves: flux within circles, and the circles that hold given fractions of a flux. */
import { emptyShape, setShape, type Shape } from './aperture.ts'
import type { Stamp } from './measure-stamp.ts'
import { emptyStampSums, sumCircle, type StampSums } from './measure-sums.ts'

/** Flux within radii `step` apart, from 0; written over for each source. */
export interface GrowthCurve {
  step: number
  /** How many radii after 0. */
  steps: number
  flux: Float64Array
  readonly shape: Shape
  readonly sums: StampSums
}

/** As many as SExtractor has. */
const steps = 64

export function emptyGrowthCurve(): GrowthCurve {
  return { step: 1, steps, flux: new Float64Array(steps + 3), shape: emptyShape(), sums: emptyStampSums() }
}

/**
 * Flux within circles about (`x`, `y`) out to `reach` pixels. A pixel enters a circle as a band one pixel wide does (its
 * spread along any direction); near the centre, where circles are small, by 5 × 5 parts.
 */
export function growthCurve(curve: GrowthCurve, stamp: Stamp, x: number, y: number, reach: number): void {
  const scale = steps / reach
  const bends = curve.flux
  curve.step = 1 / scale
  bends.fill(0)
  const { values, width } = stamp
  const left = Math.max(0, Math.ceil(x - reach - 1 - stamp.x0))
  const right = Math.min(width - 1, Math.floor(x + reach + 1 - stamp.x0))
  const bottom = Math.max(0, Math.ceil(y - reach - 1 - stamp.y0))
  const top = Math.min(stamp.height - 1, Math.floor(y + reach + 1 - stamp.y0))
  const limit = (reach + 0.5) * (reach + 0.5)
  for (let row = bottom; row <= top; row++) {
    const dy = stamp.y0 + row - y
    for (let column = left; column <= right; column++) {
      const dx = stamp.x0 + column - x
      const square = dx * dx + dy * dy
      if (square >= limit) continue
      const value = values[row * width + column]
      if (square > 2.25) {
        const distance = meanDistance(square, 1)
        const rise = value / scale
        addBend(bends, steps, (distance - 0.5) * scale, rise)
        addBend(bends, steps, (distance + 0.5) * scale, -rise)
        continue
      }
      const rise = value / scale / 5
      for (let j = -2; j <= 2; j++) {
        for (let i = -2; i <= 2; i++) {
          const distance = meanDistance((dx + 0.2 * i) ** 2 + (dy + 0.2 * j) ** 2, 0.04)
          // A part closer than its own half width is a disc; its band begins at the centre.
          const inner = Math.max(0, distance - 0.1)
          const steep = (rise * 0.2) / (distance + 0.1 - inner)
          addBend(bends, steps, inner * scale, steep)
          addBend(bends, steps, (distance + 0.1) * scale, -steep)
        }
      }
    }
  }
  // Bends are the second differences of the curve.
  let slope = 0
  let flux = 0
  for (let k = 0; k <= steps; k++) {
    const bend = bends[k]
    bends[k] = flux
    slope += bend
    flux += slope
  }
}

/** Mean distance of the points of a small square from the centre: half its variance across, over the distance, is added. */
function meanDistance(square: number, area: number): number {
  const distance = Math.sqrt(square)
  return square > area ? distance + area / (24 * distance) : distance
}

/** A change of slope at `at`, shared between two steps so that the curve beyond both is exact. */
function addBend(bends: Float64Array, steps: number, at: number, change: number): void {
  if (at >= steps) return
  const below = Math.floor(at)
  const part = (at - below) * change
  bends[below] += change - part
  bends[below + 1] += part
}

/**
 * Radius, pixels, of the first circle that holds `flux`: where the curve says, then with the two circles on either side
 * added up again as apertures are (`subpixels` as in `shareOf`), linearly between. NaN where no circle within reach holds
 * it, or `flux` is not above 0.
 */
export function growthRadius(
  curve: GrowthCurve,
  stamp: Stamp,
  x: number,
  y: number,
  flux: number,
  subpixels: number,
): number {
  if (!(flux > 0)) return NaN
  let k = 1
  while (k <= curve.steps && curve.flux[k] < flux) k++
  const { shape, sums } = curve
  const within = (step: number) => {
    if (step === 0) return 0
    sumCircle(sums, stamp, setShape(shape, step * curve.step, step * curve.step, 0), x, y, subpixels)
    return sums.flux
  }
  k = Math.min(k, curve.steps)
  let above = within(k)
  while (above < flux && k < curve.steps) above = within(++k)
  if (above < flux) return NaN
  let below = within(k - 1)
  while (below >= flux && k > 1) {
    above = below
    k--
    below = within(k - 1)
  }
  return (k - 1 + (flux - below) / (above - below)) * curve.step
}
