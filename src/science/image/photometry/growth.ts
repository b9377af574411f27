/** Growth curves: flux within circles, and the circles that hold given fractions of a flux. */
import type { Stamp } from './stamp.ts'
import { emptyStampSums, sumCircle, type StampSums } from './sums.ts'

/** Flux within radii `step` apart, from 0; written over for each source. */
export interface GrowthCurve {
  step: number
  /** How many radii after 0. */
  steps: number
  flux: Float64Array
  readonly sums: StampSums
}

/** As many as SExtractor has. */
const steps = 64

export function emptyGrowthCurve(): GrowthCurve {
  return { step: 1, steps, flux: new Float64Array(steps + 3), sums: emptyStampSums() }
}

/**
 * Flux within circles about (`x`, `y`) out to `reach` pixels, on a grid of 64 steps to `whole` pixels. A pixel enters a
 * circle as a band one pixel wide does (its spread along any direction): a first guess, good to some per cent.
 */
export function growthCurve(
  curve: GrowthCurve,
  stamp: Stamp,
  x: number,
  y: number,
  reach: number,
  whole: number,
): void {
  const scale = steps / whole
  const bends = curve.flux
  curve.step = 1 / scale
  curve.steps = Math.min(steps, Math.floor(reach * scale))
  bends.fill(0)
  const { values, width } = stamp
  const bottom = Math.max(0, Math.ceil(y - reach - 0.5 - stamp.y0))
  const top = Math.min(stamp.height - 1, Math.floor(y + reach + 0.5 - stamp.y0))
  const limit = (reach + 0.5) * (reach + 0.5)
  const half = scale / 2
  for (let row = bottom; row <= top; row++) {
    const dy = stamp.y0 + row - y
    const across = Math.sqrt(Math.max(0, limit - dy * dy))
    const left = Math.max(0, Math.ceil(x - across - stamp.x0))
    const right = Math.min(width - 1, Math.floor(x + across - stamp.x0))
    for (let column = left; column <= right; column++) {
      const dx = stamp.x0 + column - x
      const distance = Math.sqrt(dx * dx + dy * dy) * scale
      const rise = values[row * width + column] / scale
      addBend(bends, distance > half ? distance - half : 0, rise)
      addBend(bends, distance + half, -rise)
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

/** A change of slope at `at`, shared between two steps so that the curve beyond both is exact. */
function addBend(bends: Float64Array, at: number, change: number): void {
  if (at >= steps) return
  const below = at | 0
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
  const { sums } = curve
  const within = (step: number) => {
    if (step === 0) return 0
    sumCircle(sums, stamp, step * curve.step, x, y, subpixels)
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
