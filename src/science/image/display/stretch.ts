/**
 * From pixel values to shades: which values are black and white (interval), and how those between are spread (stretch).
 * zscale is the algorithm of IRAF's display task; the stretches are those of DS9 and astropy.visualization.
 */

export const stretchNames = ['linear', 'asinh', 'log', 'sqrt', 'sinh', 'power', 'histogram'] as const
export type StretchName = (typeof stretchNames)[number]

/** Values that become black and white; `low < high` except where all values are one. */
export interface Interval {
  readonly low: number
  readonly high: number
}

export type IntervalRule =
  | { readonly by: 'zscale'; readonly contrast?: number }
  /** Percentiles, 0 to 100. */
  | { readonly by: 'percentile'; readonly low: number; readonly high: number }
  | { readonly by: 'values'; readonly low: number; readonly high: number }
  | { readonly by: 'range' }

/** At most `most` finite values, evenly taken from `data`, in ascending order. */
export function sampleOf(data: ArrayLike<number>, most = 20_000): Float64Array {
  const step = Math.max(1, Math.floor(data.length / most))
  const out = new Float64Array(Math.ceil(data.length / step))
  let n = 0
  for (let i = 0; i < data.length; i += step) if (Number.isFinite(data[i])) out[n++] = data[i]
  return out.subarray(0, n).sort()
}

/** Value at `fraction` (0 to 1) of ascending values, linear between neighbours; NaN where there is none. */
export function quantile(sorted: Float64Array, fraction: number): number {
  if (sorted.length === 0) return NaN
  const at = Math.min(Math.max(fraction, 0), 1) * (sorted.length - 1)
  const low = Math.floor(at)
  const high = Math.min(low + 1, sorted.length - 1)
  return sorted[low] + (at - low) * (sorted[high] - sorted[low])
}

/** The interval of a rule for a sample in ascending order; 0 … 1 where no value is finite. */
export function intervalOf(sorted: Float64Array, rule: IntervalRule): Interval {
  if (rule.by === 'values') return { low: rule.low, high: rule.high }
  if (sorted.length === 0) return { low: 0, high: 1 }
  if (rule.by === 'range') return { low: sorted[0], high: sorted[sorted.length - 1] }
  if (rule.by === 'percentile')
    return { low: quantile(sorted, rule.low / 100), high: quantile(sorted, rule.high / 100) }
  return zscale(sorted, rule.contrast)
}

/**
 * zscale: a line through the sorted values, outliers rejected; the median, and the line's slope over `contrast`, say what is
 * shown. Of more than 5000 values that many are taken.
 */
export function zscale(sorted: Float64Array, contrast = 0.25): Interval {
  const samples = thinned(sorted, 5000)
  const n = samples.length
  let [low, high] = [samples[0], samples[n - 1]]
  const fewest = Math.max(5, Math.floor(n * 0.5))
  const grow = Math.max(1, Math.floor(n * 0.01))
  let bad = new Uint8Array(n)
  let good = n
  let before = n + 1
  let slope = 0
  for (let round = 0; round < 5 && good < before && good >= fewest; round++) {
    const line = fitLine(samples, bad)
    slope = line.slope
    const rejected = new Uint8Array(n)
    const limit = 2.5 * line.scatter
    for (let i = 0; i < n; i++)
      if (bad[i] || Math.abs(samples[i] - line.slope * i - line.offset) > limit) rejected[i] = 1
    bad = grown(rejected, grow)
    before = good
    good = 0
    for (let i = 0; i < n; i++) if (!bad[i]) good++
  }
  if (good >= fewest) {
    const steepness = contrast > 0 ? slope / contrast : slope
    const centre = Math.floor((n - 1) / 2)
    const median = quantile(samples, 0.5)
    low = Math.max(low, median - (centre - 1) * steepness)
    high = Math.min(high, median + (n - centre) * steepness)
  }
  return { low, high }
}

function thinned(sorted: Float64Array, most: number): Float64Array {
  if (sorted.length <= most) return sorted
  return Float64Array.from({ length: most }, (_, i) => sorted[Math.floor((i * sorted.length) / most)])
}

function fitLine(y: Float64Array, bad: Uint8Array): { slope: number; offset: number; scatter: number } {
  let [n, sx, sy] = [0, 0, 0]
  for (let i = 0; i < y.length; i++) {
    if (bad[i]) continue
    n++
    sx += i
    sy += y[i]
  }
  const [mx, my] = [sx / n, sy / n]
  let [xx, xy] = [0, 0]
  for (let i = 0; i < y.length; i++) {
    if (bad[i]) continue
    xx += (i - mx) ** 2
    xy += (i - mx) * (y[i] - my)
  }
  const slope = xx > 0 ? xy / xx : 0
  const offset = my - slope * mx
  let sum = 0
  let squares = 0
  for (let i = 0; i < y.length; i++) {
    if (bad[i]) continue
    const residual = y[i] - slope * i - offset
    sum += residual
    squares += residual * residual
  }
  return { slope, offset, scatter: Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2)) }
}

/** Each rejected value takes its neighbours along, over a window of `width`. */
function grown(bad: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bad.length)
  const before = Math.floor((width - 1) / 2)
  for (let i = 0; i < bad.length; i++) {
    if (!bad[i]) continue
    out.fill(1, Math.max(0, i - before), Math.min(bad.length, i + width - before))
  }
  return out
}

export interface StretchOptions {
  /** Softening of asinh and sinh (0.1 and 1/3), the `a` of log (1000), the exponent of power (2). */
  readonly a?: number
  /** For `histogram`: values in ascending order. */
  readonly sample?: Float64Array
}

/** The stretch as a function of 0 … 1 onto 0 … 1. */
export function stretchOf(name: StretchName, options: StretchOptions = {}): (x: number) => number {
  switch (name) {
    case 'linear':
    case 'histogram':
      return (x) => x
    case 'sqrt':
      return Math.sqrt
    case 'asinh': {
      const a = options.a ?? 0.1
      const scale = 1 / Math.asinh(1 / a)
      return (x) => Math.asinh(x / a) * scale
    }
    case 'sinh': {
      const a = options.a ?? 1 / 3
      const scale = 1 / Math.sinh(1 / a)
      return (x) => Math.sinh(x / a) * scale
    }
    case 'log': {
      const a = options.a ?? 1000
      const scale = 1 / Math.log1p(a)
      return (x) => Math.log1p(a * x) * scale
    }
    case 'power': {
      const a = options.a ?? 2
      return (x) => x ** a
    }
  }
}

const tableLength = 4096

/**
 * Shades of pixels: 0 where there is no value (NaN), else 1 … 255. A table of 4096 steps stands in for the function, so that
 * a shade is at most one off.
 */
export function shadesOf(
  data: ArrayLike<number>,
  interval: Interval,
  name: StretchName,
  options: StretchOptions = {},
  out: Uint8Array = new Uint8Array(data.length),
): Uint8Array {
  const { low, high } = interval
  const span = high > low ? high - low : 1
  const table = shadeTable(interval, name, options)
  const scale = (tableLength - 1) / span
  for (let i = 0; i < data.length; i++) {
    const value = data[i]
    if (Number.isNaN(value)) {
      out[i] = 0
      continue
    }
    const at = (value - low) * scale
    out[i] = table[at <= 0 ? 0 : at >= tableLength - 1 ? tableLength - 1 : (at + 0.5) | 0]
  }
  return out
}

function shadeTable(interval: Interval, name: StretchName, options: StretchOptions): Uint8Array {
  const table = new Uint8Array(tableLength)
  if (name === 'histogram' && options.sample && options.sample.length > 1) {
    const { sample } = options
    const { low, high } = interval
    let first = 0
    while (first < sample.length && sample[first] < low) first++
    let last = sample.length
    while (last > first && sample[last - 1] > high) last--
    let at = first
    for (let i = 0; i < tableLength; i++) {
      const value = low + ((high - low) * i) / (tableLength - 1)
      while (at < last && sample[at] <= value) at++
      table[i] = 1 + Math.round((254 * (at - first)) / Math.max(1, last - first))
    }
    return table
  }
  const stretch = stretchOf(name, options)
  for (let i = 0; i < tableLength; i++) table[i] = 1 + Math.round(254 * stretch(i / (tableLength - 1)))
  return table
}
