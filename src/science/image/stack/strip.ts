/** The pixels of a strip of aligned frames put together: what one hand of the crew does. */
import { maskBits } from '#science/image/plane.ts'
import type { Pixels } from '#science/image/plane.ts'
import type { StackMethod } from './facts.ts'
import type { Part } from '#science/image/workshop.ts'

export interface CombineInput {
  readonly method: StackMethod
  /** Frame by frame, `stride` pixels each. */
  readonly data: Pixels
  readonly variance: Pixels | null
  readonly masks: Uint8Array
  readonly frames: number
  readonly stride: number
  /** Pixels of the strip to do: from `first` to before `last`. */
  readonly first: number
  readonly last: number
  readonly scales: readonly number[]
  readonly weights: readonly number[]
  readonly excluded: number
  /** Standard deviations beyond which `clipped_mean` rejects. */
  readonly clip: number
  /** Sums with missing frames are scaled up rather than NaN. */
  readonly partial: boolean
  /** Where pixel 0 of the strip goes in the results. */
  readonly at: number
  readonly out: Pixels
  readonly outVariance: Pixels | null
  readonly outMask: Uint8Array
  readonly outCount: Uint16Array
}

export const combineStrip: Part<CombineInput, void> = {
  module: import.meta.url,
  name: 'combineStrip',
  run: combine,
}

function combine(input: CombineInput): void {
  const { method, data, variance, masks, frames, stride, scales, weights, excluded, at } = input
  const values = new Float64Array(frames)
  const variances = new Float64Array(frames)
  const factors = new Float64Array(frames)
  const sorted = new Float64Array(frames)
  const result = { value: NaN, variance: NaN, used: 0 }
  for (let i = input.first; i < input.last; i++) {
    let n = 0
    let common = 0xff
    let any = 0
    let saturated = 0
    for (let f = 0; f < frames; f++) {
      const from = f * stride + i
      const value = data[from]
      const bits = masks[from]
      common &= bits
      any |= bits
      // NaN and infinities are no values.
      if ((bits & excluded) !== 0 || value - value !== 0) continue
      const error = variance ? variance[from] : 0
      if (variance && !(error >= 0 && error < Infinity)) continue
      saturated |= bits & maskBits.saturated
      values[n] = value * scales[f]
      variances[n] = error * scales[f] * scales[f]
      factors[n] = weights[f]
      n++
    }
    if (method === 'sum') sum(values, variances, n, frames, input.partial, result)
    else if (method === 'median') medianOf(values, variances, sorted, n, result)
    else if (method === 'weighted') weighted(values, variances, factors, n, variance !== null, result)
    else clippedMean(values, variances, sorted, n, input.clip, result)
    const good = result.value - result.value === 0
    input.out[at + i] = result.value
    if (input.outVariance) input.outVariance[at + i] = result.variance
    input.outCount[at + i] = result.used
    // A pixel is bad where it is bad in all, and in a sum where it is in any; saturation stays said wherever it took part.
    const bits = method === 'sum' && !input.partial ? any : (common & ~maskBits.saturated) | saturated
    input.outMask[at + i] = good ? bits : bits | maskBits.outside
  }
}

interface Result {
  value: number
  variance: number
  used: number
}

function sum(
  values: Float64Array,
  variances: Float64Array,
  n: number,
  frames: number,
  partial: boolean,
  result: Result,
): void {
  let total = 0
  let noise = 0
  for (let k = 0; k < n; k++) {
    total += values[k]
    noise += variances[k]
  }
  const scale = n === frames ? 1 : partial && n > 0 ? frames / n : NaN
  result.value = total * scale
  result.variance = noise * scale * scale
  result.used = n
}

function mean(values: Float64Array, variances: Float64Array, n: number, result: Result): void {
  let total = 0
  let noise = 0
  for (let k = 0; k < n; k++) {
    total += values[k]
    noise += variances[k]
  }
  result.value = n > 0 ? total / n : NaN
  result.variance = n > 0 ? noise / (n * n) : NaN
  result.used = n
}

/** By inverse variance where there is one, times the weight of the frame where it is not. */
function weighted(
  values: Float64Array,
  variances: Float64Array,
  factors: Float64Array,
  n: number,
  known: boolean,
  result: Result,
): void {
  let total = 0
  let weight = 0
  let noise = 0
  for (let k = 0; k < n; k++) {
    const w = known ? 1 / variances[k] : factors[k]
    // A variance of zero would take everything; such a pixel knows nothing of its noise.
    if (!(w > 0 && w < Infinity)) continue
    total += w * values[k]
    noise += w * w * variances[k]
    weight += w
  }
  result.value = weight > 0 ? total / weight : NaN
  result.variance = weight > 0 ? noise / (weight * weight) : NaN
  result.used = weight > 0 ? n : 0
}

/** Sorts the first n by insertion: n is small. */
function sortInto(values: Float64Array, sorted: Float64Array, n: number): void {
  for (let k = 0; k < n; k++) {
    const value = values[k]
    let j = k
    while (j > 0 && sorted[j - 1] > value) {
      sorted[j] = sorted[j - 1]
      j--
    }
    sorted[j] = value
  }
}

function middle(sorted: Float64Array, n: number): number {
  const half = n >> 1
  return n % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** Variance of a median over that of a mean: π/2 for many, 1 for one and two. */
export function medianExcess(n: number): number {
  const m = n % 2 === 1 ? n : n / 2
  return ((Math.PI / 2) * m) / (m + Math.PI / 2 - 1)
}

function medianOf(
  values: Float64Array,
  variances: Float64Array,
  sorted: Float64Array,
  n: number,
  result: Result,
): void {
  mean(values, variances, n, result)
  if (n === 0) return
  sortInto(values, sorted, n)
  result.value = middle(sorted, n)
  result.variance *= medianExcess(n)
}

/** Makes the median absolute deviation of n normal numbers, × 1.4826, unbiased (Croux & Rousseeuw 1992). */
function madFactor(n: number): number {
  const small = [1, 1, 1.196, 1.495, 1.363, 1.206, 1.2, 1.14, 1.129, 1.107]
  return 1.4826 * (n < small.length ? small[n] : n / (n - 0.8))
}

/**
 * Mean of what lies within `clip` standard deviations of the median; the deviation by MAD, or the known noise where that is more. Less
 * than three values are not judged. The used ones are moved to the front of `values`.
 */
function clippedMean(
  values: Float64Array,
  variances: Float64Array,
  sorted: Float64Array,
  n: number,
  clip: number,
  result: Result,
): void {
  let kept = n
  for (let round = 0; round < 5 && kept > 2; round++) {
    sortInto(values, sorted, kept)
    const centre = middle(sorted, kept)
    // Deviations from the median, sorted, by walking outwards from the middle of the sorted values.
    let [low, high] = [0, kept - 1]
    for (let drop = kept - 1; drop > kept >> 1; drop--) {
      if (centre - sorted[low] > sorted[high] - centre) low++
      else high--
    }
    const far = Math.max(centre - sorted[low], sorted[high] - centre)
    const sigma = far * madFactor(kept)
    const before = kept
    kept = 0
    for (let k = 0; k < before; k++) {
      const limit = clip * Math.max(sigma, Math.sqrt(variances[k]))
      if (Math.abs(values[k] - centre) > limit) continue
      values[kept] = values[k]
      variances[kept++] = variances[k]
    }
    if (kept === before) break
  }
  mean(values, variances, kept, result)
}
