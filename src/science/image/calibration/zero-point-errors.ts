/** What stated errors leave unexplained: a factor on them and a scatter beside them. */
import { erf } from '#science/skymap/normal.ts'
import { medianOf } from '#science/image/median.ts'

export interface ErrorBudget {
  /** ≥ 1. */
  readonly errorScale: number
  /** Same unit as the residuals, between 0 and the most that is allowed. */
  readonly scatter: number
}

export interface BudgetOptions {
  readonly mostScatter: number
  /** Residuals beyond so many σ do not count. */
  readonly clip: number
  /** From medians, for a first look that outliers must not spoil. */
  readonly byMedian: boolean
}

/** The zero of a falling function between two bounds to a part in 10⁴ or 10⁻⁶, or the bound beyond which it lies. */
function crossing(f: (x: number) => number, low: number, most: number, guess: number): number {
  if (f(low) <= 0) return low
  let a = low
  let b = Math.min(most, Math.max(guess, low * 1.5))
  while (f(b) > 0) {
    if (b >= most) return most
    a = b
    b = Math.min(most, b * 2)
  }
  while (b - a > Math.max(1e-4 * b, 1e-6)) {
    const middle = (a + b) / 2
    if (f(middle) > 0) a = middle
    else b = middle
  }
  return (a + b) / 2
}

/** Where a function between two bounds is lowest: a coarse look, then golden sections to 10⁻⁵ of the range. */
function lowest(f: (x: number) => number, low: number, high: number): number {
  const steps = 8
  let best = 0
  let least = f(low)
  for (let step = 1; step <= steps; step++) {
    // Small values are looked at more closely, since they matter most.
    const value = f(low + (high - low) * (step / steps) ** 2)
    if (value < least) {
      least = value
      best = step
    }
  }
  const place = (step: number) => low + (high - low) * (Math.min(steps, Math.max(0, step)) / steps) ** 2
  let a = place(best - 1)
  let b = place(best + 1)
  const golden = (Math.sqrt(5) - 1) / 2
  let x1 = b - golden * (b - a)
  let x2 = a + golden * (b - a)
  let f1 = f(x1)
  let f2 = f(x2)
  while (b - a > 1e-4 * (high - low)) {
    if (f1 <= f2) {
      b = x2
      x2 = x1
      f2 = f1
      x1 = b - golden * (b - a)
      f1 = f(x1)
    } else {
      a = x1
      x1 = x2
      f1 = f2
      x2 = a + golden * (b - a)
      f2 = f(x2)
    }
  }
  const found = (a + b) / 2
  return f(found) < f(low) ? found : low
}

/**
 * Scale s ≥ 1 of the errors σ and scatter c such that residuals r are normal with variance s²σ² + c²: c where the
 * likelihood ½Σ[r²/(s²σ²+c²) + ln(s²σ²+c²)] is best, s from the clipped reduced χ² of the original errors beside that
 * scatter.
 */
export function errorBudget(
  residuals: Float64Array,
  sigma: Float64Array,
  used: Uint8Array,
  parameters: number,
  { mostScatter, clip, byMedian }: BudgetOptions,
): ErrorBudget {
  const counted = Array.from(used.keys()).filter((k) => used[k] === 1)
  const n = counted.length
  if (n <= parameters) return { errorScale: 1, scatter: 0 }
  // Parameters that were fitted make residuals smaller than the errors are.
  const freedom = n / (n - parameters)
  const r = Float64Array.from(counted, (k) => residuals[k] ** 2 * freedom)
  const v = Float64Array.from(counted, (k) => sigma[k] ** 2)
  if (byMedian) {
    const excess = (scale: number, scatter: number) =>
      medianOf(r.map((square, k) => square / (scale * v[k] + scatter ** 2))) - 0.4549
    const scatter = crossing((c) => excess(1, c), 0, mostScatter, 0.01)
    return { errorScale: Math.sqrt(crossing((scale) => excess(scale, scatter), 1, 1e6, 2)), scatter }
  }
  const expected = clippedVariance(clip)
  // For each scatter the scale that makes χ² right; among these pairs the likelihood decides.
  const scaleFor = (scatter: number): number => {
    const excess = (scale: number) => {
      let sum = 0
      let inside = 0
      for (let k = 0; k < n; k++) {
        const ratio = r[k] / (scale * v[k] + scatter * scatter)
        if (ratio > clip * clip) continue
        sum += ratio
        inside++
      }
      return inside === 0 ? 1 : sum / inside - expected
    }
    return crossing(excess, 1, 1e6, 2)
  }
  const misfit = (scatter: number): number => {
    const scale = scaleFor(scatter)
    let sum = 0
    for (let k = 0; k < n; k++) {
      const variance = scale * v[k] + scatter * scatter
      sum += Math.min(clip * clip, r[k] / variance) + Math.log(variance)
    }
    return sum
  }
  const scatter = lowest(misfit, 0, mostScatter)
  return { errorScale: Math.sqrt(scaleFor(scatter)), scatter }
}

/** Variance that is left of a standard normal distribution cut at ±k. */
function clippedVariance(k: number): number {
  if (k > 8) return 1
  const density = Math.exp(-0.5 * k * k) / Math.sqrt(2 * Math.PI)
  return 1 - (2 * k * density) / erf(k / Math.SQRT2)
}
