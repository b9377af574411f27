/** Local sky: the pixels of a ring about each position, clipped of what stands out. */
import { Problem } from '#problem.ts'
import { checkRows, isInside } from './aperture.ts'
import { sourceFlags, type Mask, type Pixels, type Plane } from '#science/image/plane.ts'

export interface AnnulusOptions {
  readonly mask?: Mask | null
  /** 'mode' (the default): 2.5 · median − 1.5 · mean, or the median where both are far apart; 'mean': the clipped mean. */
  readonly estimate?: 'mode' | 'mean' | 'median'
  /** Pixels beyond so many standard deviations from the median are dropped, until none is: 3. */
  readonly clip?: number
  /** Fewest pixels that make a sky: 10. */
  readonly least?: number
}

/** One row per position; NaN and `sourceFlags.badSky` where the ring has too few pixels. */
export interface Annuli {
  rows: number
  sky: Float64Array
  /** Standard error of the sky. */
  skyErr: Float64Array
  /** Standard deviation of one pixel. */
  skyRms: Float64Array
  /** How many pixels were used. */
  pixels: Int32Array
  flags: Uint32Array
}

const most = 20
/** Standard errors of a median and of 2.5 · median − 1.5 · mean of normal deviates, over that of their mean. */
const medianLoss = Math.sqrt(Math.PI / 2)
const modeLoss = Math.sqrt(6.25 * (Math.PI / 2) + 2.25 - 7.5)

/**
 * Sky in rings from `inner` to `outer` pixels about the positions (0-based); a pixel belongs where its centre lies.
 * @throws Problem `request.invalid` for radii that make no ring, or columns that differ in length.
 */
export function skyAnnulus(
  plane: Plane<Pixels>,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  inner: number,
  outer: number,
  options: AnnulusOptions = {},
): Annuli {
  if (!(inner >= 0 && outer > inner && outer < 1e4)) {
    throw new Problem(
      'request.invalid',
      `A sky annulus from ${inner} to ${outer} px is none; give an inner radius of 0 or more and a larger outer one.`,
    )
  }
  const rows = x.length
  checkRows(rows, { y })
  const { estimate = 'mode', clip = 3, least = 10 } = options
  const mask = options.mask?.data ?? null
  const side = 2 * Math.ceil(outer) + 2
  const values = new Float64Array(side * side)
  const column = () => new Float64Array(rows).fill(NaN)
  const out: Annuli = {
    rows,
    sky: column(),
    skyErr: column(),
    skyRms: column(),
    pixels: new Int32Array(rows),
    flags: new Uint32Array(rows),
  }
  for (let i = 0; i < rows; i++) {
    const count = isInside(plane, x[i], y[i]) ? gather(values, plane, mask, x[i], y[i], inner, outer) : 0
    const found = clipped(values, count, clip)
    out.pixels[i] = found.count
    if (found.count < least) {
      out.flags[i] = sourceFlags.badSky
      continue
    }
    const { mean, median, sigma } = found
    const close = Math.abs(mean - median) < 0.3 * sigma
    const mode = close ? 2.5 * median - 1.5 * mean : median
    out.sky[i] = estimate === 'mode' ? mode : estimate === 'mean' ? mean : median
    out.skyRms[i] = sigma
    const byMedian = estimate === 'median' || (estimate === 'mode' && !close)
    out.skyErr[i] =
      (sigma * (byMedian ? medianLoss : estimate === 'mode' ? modeLoss : 1)) / Math.sqrt(found.count)
  }
  return out
}

function gather(
  values: Float64Array,
  { data, width, height }: Plane<Pixels>,
  mask: Uint8Array | null,
  x: number,
  y: number,
  inner: number,
  outer: number,
): number {
  let count = 0
  const top = Math.min(height - 1, Math.floor(y + outer))
  for (let row = Math.max(0, Math.ceil(y - outer)); row <= top; row++) {
    const dy = row - y
    const half = Math.sqrt(Math.max(0, outer * outer - dy * dy))
    const right = Math.min(width - 1, Math.floor(x + half))
    for (let column = Math.max(0, Math.ceil(x - half)); column <= right; column++) {
      const dx = column - x
      if (dx * dx + dy * dy < inner * inner) continue
      const at = row * width + column
      const value = data[at]
      if (value - value === 0 && (mask === null || mask[at] === 0)) values[count++] = value
    }
  }
  return count
}

/** Sorts the values and cuts both ends until nothing lies beyond `clip` standard deviations from the median. */
function clipped(
  values: Float64Array,
  count: number,
  clip: number,
): { count: number; mean: number; median: number; sigma: number } {
  const sorted = values.subarray(0, count).sort()
  let [from, to] = [0, count]
  let [mean, median, sigma] = [NaN, NaN, NaN]
  for (let round = 0; round < most && to > from; round++) {
    let total = 0
    for (let i = from; i < to; i++) total += sorted[i]
    mean = total / (to - from)
    let square = 0
    for (let i = from; i < to; i++) square += (sorted[i] - mean) ** 2
    sigma = Math.sqrt(square / Math.max(1, to - from - 1))
    const middle = (from + to - 1) / 2
    median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2
    const [first, last] = [from, to]
    while (from < to && sorted[from] < median - clip * sigma) from++
    while (to > from && sorted[to - 1] > median + clip * sigma) to--
    if (from === first && to === last) break
  }
  return { count: to - from, mean, median, sigma }
}
