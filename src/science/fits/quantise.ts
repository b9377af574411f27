/**
 * Floating-point pixels as scaled integers, with the offsets of a fixed random sequence taken off again (subtractive
 * dithering). Standard: FITS 4.0, §10.2; Pence, White & Seaman 2010.
 */

const length = 10000
/** With SUBTRACTIVE_DITHER_2 stands for a pixel that is exactly 0. */
export const exactZero = -2147483646
let made: Float32Array | undefined

/** The standard's 10,000 random numbers (Appendix I): Park & Miller's generator from seed 1, kept as float32. */
export function ditherSequence(): Float32Array {
  if (made) return made
  made = new Float32Array(length)
  let seed = 1
  for (let i = 0; i < length; i++) {
    seed = (16807 * seed) % 2147483647
    made[i] = seed / 2147483647
  }
  return made
}

export type Dither = 'none' | 'one' | 'two'

export interface TileScaling {
  readonly scale: number
  readonly zero: number
  /** The stored integer for NaN. */
  readonly blank?: number
  readonly dither: Dither
  /** Position in the random sequence that the tile starts from: (row of the table + ZDITHER0 − 1) mod 10,000, row from 0. */
  readonly start: number
}

/** Calls `stretch(first, end, at)` for runs of pixels whose random numbers stand one after another from `at` on. */
export function stretches(
  count: number,
  start: number,
  stretch: (first: number, end: number, at: number) => void,
): void {
  const sequence = ditherSequence()
  let seed = start % length
  let at = Math.floor(sequence[seed] * 500)
  for (let first = 0; first < count;) {
    const end = Math.min(count, first + length - at)
    stretch(first, end, at)
    first = end
    seed = (seed + 1) % length
    at = Math.floor(sequence[seed] * 500)
  }
}

/** Values of the first `count` integers of `raw`, to `out`. Worked in double precision, as CFITSIO does. */
export function dequantise(
  raw: Int32Array,
  out: Float32Array | Float64Array,
  count: number,
  { scale, zero, blank, dither, start }: TileScaling,
): void {
  const nothing = blank ?? NaN
  if (dither === 'none') {
    for (let i = 0; i < count; i++) {
      const value = raw[i]
      out[i] = value === nothing ? NaN : value * scale + zero
    }
    return
  }
  const sequence = ditherSequence()
  const zeroed = dither === 'two' ? exactZero : NaN
  stretches(count, start, (first, end, at) => {
    const shift = at - first
    for (let i = first; i < end; i++) {
      const value = raw[i]
      if (value === nothing) out[i] = NaN
      else if (value === zeroed) out[i] = 0
      else out[i] = (value - sequence[i + shift] + 0.5) * scale + zero
    }
  })
}

/** Median of the first `count` values (the upper of the two in the middle), which are left in another order; 0 of none. */
function medianOf(values: Float64Array, count: number): number {
  const sorted = values.subarray(0, count).sort()
  return count === 0 ? 0 : sorted[count >> 1]
}

/**
 * Standard deviation of a tile's noise: the median absolute third-order difference along its rows, median over the rows.
 * Source: Stoehr et al. 2008; Pence, White & Seaman 2010. 0 where rows have fewer than 9 pixels with a value.
 */
export function tileNoise(values: ArrayLike<number>, from: number, count: number, width: number): number {
  const perRow = new Float64Array(Math.ceil(count / width))
  const steps = new Float64Array(width)
  const good = new Float64Array(width)
  let rows = 0
  for (let row = from; row < from + count; row += width) {
    let n = 0
    for (let i = row; i < Math.min(row + width, from + count); i++)
      if (Number.isFinite(values[i])) good[n++] = values[i]
    if (n < 9) continue
    let m = 0
    for (let i = 4; i < n; i++) steps[m++] = Math.abs(2 * good[i - 2] - good[i - 4] - good[i])
    perRow[rows++] = 0.6052697 * medianOf(steps, m)
  }
  return medianOf(perRow, rows)
}

/**
 * Integers for `count` values from `from` on, to `raw`; undefined where they cannot be had: no noise to scale by, a range
 * that the integers cannot hold, or NaN, for which astropy up to 5.2 would read a number from an integer.
 */
export function quantise(
  values: ArrayLike<number>,
  from: number,
  count: number,
  raw: Int32Array,
  options: { step: number; dither: Dither; start: number },
): { scale: number; zero: number } | undefined {
  const { step, dither, start } = options
  let least = Infinity
  let most = -Infinity
  for (let i = from; i < from + count; i++) {
    const value = values[i]
    if (Number.isNaN(value)) return undefined
    if (value < least) least = value
    if (value > most) most = value
  }
  if (!(step > 0) || !((most - least) / step <= 2 ** 31 - 20)) return undefined
  const scale = step
  // Whole steps, so that equal values of neighbouring tiles come out equal.
  const zero = dither === 'none' ? Math.round(least / scale) * scale : least
  const sequence = ditherSequence()
  stretches(count, start, (first, end, at) => {
    for (let i = first; i < end; i++) {
      const value = values[from + i]
      if (value === 0 && dither === 'two') raw[i] = exactZero
      else if (dither === 'none') raw[i] = Math.round((value - zero) / scale)
      else raw[i] = Math.round((value - zero) / scale + sequence[at + i - first] - 0.5)
    }
  })
  return { scale, zero }
}
