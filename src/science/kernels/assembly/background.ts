// Mesh statistics and subtraction of a background. The reference is src/science/image/{mesh,background-map}.ts: counts and the
// histogram are the same, sums agree to rounding.

const REACH: f64 = 5
const MOST_LEVELS: f64 = 4096
const LARGEST: f32 = 3.4028234663852886e38

// Of the work space: mode, σ, then what a pass over the pixels found, the histogram with one level for what lies outside, and
// sums over blocks of 16 levels.
const MODE: usize = 0
const SIGMA: usize = 8
const SUM: usize = 16
const SQUARES: usize = 24
const HISTOGRAM: usize = 32
const BLOCKS: usize = HISTOGRAM + 4 * 4112
const BLOCK_COUNT: i32 = 257

/** Four pixels that are within the limits and unmasked. NaN is in no limits. */
function good(value: v128, mask: usize, low: v128, high: v128): v128 {
  let is = v128.and(f32x4.ge(value, low), f32x4.le(value, high))
  if (mask) {
    const bytes = v128.load_zero<u32>(mask)
    const words = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes))
    is = v128.and(is, i32x4.eq(words, i32x4.splat(0)))
  }
  return is
}

/** Count of the good pixels of a cell; their sum and sum of squares go to the work space. */
function moments(
  data: usize,
  mask: usize,
  stride: i32,
  x0: i32,
  y0: i32,
  x1: i32,
  y1: i32,
  low: f32,
  high: f32,
  work: usize,
): i32 {
  const lows = f32x4.splat(low)
  const highs = f32x4.splat(high)
  let counts = i32x4.splat(0)
  let sumA = f64x2.splat(0)
  let sumB = f64x2.splat(0)
  let squareA = f64x2.splat(0)
  let squareB = f64x2.splat(0)
  let sum: f64 = 0
  let squares: f64 = 0
  let count = 0
  for (let y = y0; y < y1; y++) {
    let x = x0
    for (; x + 4 <= x1; x += 4) {
      const at = <usize>y * <usize>stride + <usize>x
      let value = v128.load(data + (at << 2))
      const is = good(value, mask ? mask + at : 0, lows, highs)
      counts = i32x4.sub(counts, is)
      value = v128.and(value, is)
      const a = f64x2.promote_low_f32x4(value)
      const b = f64x2.promote_low_f32x4(v128.shuffle<i64>(value, value, 1, 0))
      sumA = f64x2.add(sumA, a)
      sumB = f64x2.add(sumB, b)
      squareA = f64x2.add(squareA, f64x2.mul(a, a))
      squareB = f64x2.add(squareB, f64x2.mul(b, b))
    }
    for (; x < x1; x++) {
      const at = <usize>y * <usize>stride + <usize>x
      const value = load<f32>(data + (at << 2))
      if (!(value >= low && value <= high)) continue
      if (mask && load<u8>(mask + at)) continue
      const wide = <f64>value
      count++
      sum += wide
      squares += wide * wide
    }
  }
  sumA = f64x2.add(sumA, sumB)
  squareA = f64x2.add(squareA, squareB)
  store<f64>(work + SUM, sum + f64x2.extract_lane(sumA, 0) + f64x2.extract_lane(sumA, 1))
  store<f64>(work + SQUARES, squares + f64x2.extract_lane(squareA, 0) + f64x2.extract_lane(squareA, 1))
  return (
    count +
    i32x4.extract_lane(counts, 0) +
    i32x4.extract_lane(counts, 1) +
    i32x4.extract_lane(counts, 2) +
    i32x4.extract_lane(counts, 3)
  )
}

function increment(at: usize): void {
  store<i32>(at, load<i32>(at) + 1)
}

function countLevels(
  data: usize,
  mask: usize,
  stride: i32,
  x0: i32,
  y0: i32,
  x1: i32,
  y1: i32,
  levels: i32,
  zero: f32,
  scale: f32,
  histogram: usize,
): void {
  memory.fill(histogram, 0, (<usize>(((levels + 16) & ~15) + 16)) << 2)
  const offset = <f32>(0.499999 - <f64>zero / <f64>scale)
  const scales = f32x4.splat(scale)
  const offsets = f32x4.splat(offset)
  const below = f32x4.splat(-1)
  const above = f32x4.splat(<f32>levels)
  const beyond = i32x4.splat(((levels + 15) & ~15) + 1)
  for (let y = y0; y < y1; y++) {
    let x = x0
    for (; x + 4 <= x1; x += 4) {
      const at = <usize>y * <usize>stride + <usize>x
      const level = f32x4.add(f32x4.div(v128.load(data + (at << 2)), scales), offsets)
      let inside = v128.and(f32x4.gt(level, below), f32x4.lt(level, above))
      if (mask) {
        const bytes = v128.load_zero<u32>(mask + at)
        const words = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes))
        inside = v128.and(inside, i32x4.eq(words, i32x4.splat(0)))
      }
      const place = i32x4.shl(v128.bitselect(i32x4.trunc_sat_f32x4_s(level), beyond, inside), 2)
      increment(histogram + <usize>i32x4.extract_lane(place, 0))
      increment(histogram + <usize>i32x4.extract_lane(place, 1))
      increment(histogram + <usize>i32x4.extract_lane(place, 2))
      increment(histogram + <usize>i32x4.extract_lane(place, 3))
    }
    for (; x < x1; x++) {
      const at = <usize>y * <usize>stride + <usize>x
      if (mask && load<u8>(mask + at)) continue
      const level = load<f32>(data + (at << 2)) / scale + offset
      if (level > -1 && level < <f32>levels) increment(histogram + ((<usize>(<i32>level)) << 2))
    }
  }
}

// Sums over levels low … high, whole numbers throughout; to these three.
let total: f64 = 0
let first: f64 = 0
let second: f64 = 0

function addLevels(histogram: usize, from: i32, to: i32): void {
  for (let i = from; i < to; i++) {
    const n = <f64>load<i32>(histogram + ((<usize>i) << 2))
    const place = <f64>i
    total += n
    first += n * place
    second += n * place * place
  }
}

function sumLevels(work: usize, low: i32, high: i32): void {
  const histogram = work + HISTOGRAM
  total = first = second = 0
  const fromBlock = (low + 15) >> 4
  const toBlock = (high + 1) >> 4
  if (toBlock <= fromBlock) {
    addLevels(histogram, low, high + 1)
    return
  }
  addLevels(histogram, low, fromBlock << 4)
  for (let b = fromBlock; b < toBlock; b++) {
    const at = work + BLOCKS + ((<usize>b) << 2)
    const n = <f64>load<i32>(at)
    const s = <f64>load<i32>(at, 4 * 257)
    const q = <f64>load<i32>(at, 8 * 257)
    const base = <f64>(b << 4)
    total += n
    first += base * n + s
    second += base * base * n + 2 * base * s + q
  }
  addLevels(histogram, toBlock << 4, high + 1)
}

function sumBlocks(work: usize, levels: i32): void {
  const blocks = (levels + 15) >> 4
  const ones = i32x4(0, 1, 2, 3)
  const four = i32x4.splat(4)
  for (let b = 0; b < blocks; b++) {
    let at = work + HISTOGRAM + ((<usize>b) << 6)
    let n = i32x4.splat(0)
    let s = i32x4.splat(0)
    let q = i32x4.splat(0)
    let place = ones
    for (let k = 0; k < 4; k++) {
      const counts = v128.load(at)
      const weighted = i32x4.mul(counts, place)
      n = i32x4.add(n, counts)
      s = i32x4.add(s, weighted)
      q = i32x4.add(q, i32x4.mul(weighted, place))
      place = i32x4.add(place, four)
      at += 16
    }
    const to = work + BLOCKS + ((<usize>b) << 2)
    store<i32>(to, across(n))
    store<i32>(to, across(s), 4 * 257)
    store<i32>(to, across(q), 8 * 257)
  }
}

function across(v: v128): i32 {
  return (
    i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3)
  )
}

/** See `medianLevel` of mesh.ts: the last p whose two sums of levels below are together fewer than all. */
function medianLevel(work: usize, low: i32, high: i32, all: f64): f64 {
  const histogram = work + HISTOGRAM
  if (all === 0) return 0
  let p = low
  let before: f64 = 0
  let upTo: f64 = 0
  // Whole blocks are leapt over as long as the median cannot lie in them.
  while (p < high) {
    if ((p & 15) === 0 && p + 16 <= high) {
      const n = <f64>load<i32>(work + BLOCKS + ((<usize>(p >> 4)) << 2))
      if (2 * (upTo + n) < all) {
        before = upTo + n - <f64>load<i32>(histogram + ((<usize>(p + 15)) << 2))
        upTo += n
        p += 16
        continue
      }
    }
    const next = upTo + <f64>load<i32>(histogram + ((<usize>p) << 2))
    if (upTo + next >= all) break
    before = upTo
    upTo = next
    p++
  }
  if (p === 0) return 0
  const here = load<i32>(histogram + ((<usize>p) << 2))
  const left = load<i32>(histogram + ((<usize>(p - 1)) << 2))
  return <f64>p - 0.5 + (all - 2 * upTo) / (2 * <f64>(here > left ? here : left))
}

/**
 * Mode and σ of a cell to the first two doubles of `work` (21 kB); 0 where it is bad. `mask` is 0 where there is none.
 */
export function cell(
  data: usize,
  mask: usize,
  stride: i32,
  x0: i32,
  y0: i32,
  x1: i32,
  y1: i32,
  work: usize,
): i32 {
  let count = moments(data, mask, stride, x0, y0, x1, y1, -LARGEST, LARGEST, work)
  if (count === 0 || <f64>count < 0.5 * <f64>(x1 - x0) * <f64>(y1 - y0)) return 0
  let mean = load<f64>(work + SUM) / <f64>count
  let variance = load<f64>(work + SQUARES) / <f64>count - mean * mean
  let spread = <f32>(variance > 0 ? Math.sqrt(variance) : 0)
  const least = <f32>(mean - 2 * <f64>spread)
  const most = <f32>(mean + 2 * <f64>spread)
  count = moments(data, mask, stride, x0, y0, x1, y1, least, most, work)
  if (count === 0) return 0
  mean = load<f64>(work + SUM) / <f64>count
  variance = load<f64>(work + SQUARES) / <f64>count - mean * mean
  const centre = <f32>mean
  spread = <f32>(variance > 0 ? Math.sqrt(variance) : 0)

  const levels = <i32>Math.min(MOST_LEVELS, Math.floor(0.7978845608028654 * (REACH / 4) * <f64>count + 1))
  const scale: f32 = spread > 0 ? <f32>((2 * REACH * <f64>spread) / <f64>levels) : 1
  const zero = <f32>(<f64>centre - REACH * <f64>spread)
  countLevels(data, mask, stride, x0, y0, x1, y1, levels, zero, scale, work + HISTOGRAM)
  sumBlocks(work, levels)
  let low = 0
  let high = levels - 1
  let average: f64 = 0
  let median: f64 = 0
  let sigma: f64 = 10 * <f64>high
  let before: f64 = 1
  for (let round = 0; round < 100 && sigma >= 0.1 && Math.abs(sigma / before - 1) > 1e-4; round++) {
    before = sigma
    sumLevels(work, low, high)
    median = medianLevel(work, low, high, total)
    sigma = 0
    if (total > 0) {
      average = first / total
      sigma = second / total - average * average
    }
    sigma = sigma > 0 ? Math.sqrt(sigma) : 0
    const from = median - 3 * sigma
    const to = median + 3 * sigma
    low = from >= 1 ? <i32>Math.floor(from + 0.5) : 0
    high = to < <f64>(levels - 1) ? <i32>Math.floor(to + 0.5) : levels - 1
    if (high < low) break
  }
  let mode = average
  if (sigma > 0) {
    mode = Math.abs((average - median) / sigma) < 0.3 ? 2.5 * median - 1.5 * average : median
  } else sigma = 0
  store<f64>(work + MODE, <f64>zero + mode * <f64>scale)
  store<f64>(work + SIGMA, sigma * <f64>scale)
  return 1
}

/**
 * A row less its background: `spline` holds values at the columns of cells, then a sixth of the second derivatives.
 */
export function subtractRow(
  from: usize,
  to: usize,
  spline: usize,
  columns: i32,
  cellWidth: i32,
  width: i32,
): void {
  if (columns === 1) {
    const level = <f32>load<f64>(spline)
    for (let x: usize = 0; x < <usize>width; x++)
      store<f32>(to + (x << 2), load<f32>(from + (x << 2)) - level)
    return
  }
  const step = 1.0 / <f64>cellWidth
  const steps = f64x2.splat(2 * step)
  let x = 0
  for (let cell = 0; cell < columns - 1; cell++) {
    // Up to the centre of the next cell; the last cubic goes on to the edge.
    const middle = <i32>Math.ceil((<f64>cell + 1.5) * <f64>cellWidth - 0.5)
    const end = cell === columns - 2 || middle > width ? width : middle
    const at = spline + ((<usize>cell) << 3)
    const left = load<f64>(at)
    const right = load<f64>(at, 8)
    const bend = at + ((<usize>columns) << 3)
    const bendLeft = load<f64>(bend)
    const bendRight = load<f64>(bend, 8)
    const k1 = right - left - 2 * bendLeft - bendRight
    const k2 = 3 * bendLeft
    const k3 = bendRight - bendLeft
    let b = (<f64>x + 0.5) * step - 0.5 - <f64>cell
    const c0 = f64x2.splat(left)
    const c1 = f64x2.splat(k1)
    const c2 = f64x2.splat(k2)
    const c3 = f64x2.splat(k3)
    let u = f64x2.replace_lane(f64x2.splat(b), 1, b + step)
    for (; x + 4 <= end; x += 4) {
      const v = f64x2.add(u, steps)
      const p = f64x2.add(c0, f64x2.mul(u, f64x2.add(c1, f64x2.mul(u, f64x2.add(c2, f64x2.mul(u, c3))))))
      const q = f64x2.add(c0, f64x2.mul(v, f64x2.add(c1, f64x2.mul(v, f64x2.add(c2, f64x2.mul(v, c3))))))
      const level = v128.shuffle<i64>(f32x4.demote_f64x2_zero(p), f32x4.demote_f64x2_zero(q), 0, 2)
      const place = (<usize>x) << 2
      v128.store(to + place, f32x4.sub(v128.load(from + place), level))
      u = f64x2.add(v, steps)
    }
    for (; x < end; x++) {
      b = (<f64>x + 0.5) * step - 0.5 - <f64>cell
      const level = <f32>(left + b * (k1 + b * (k2 + b * k3)))
      const place = (<usize>x) << 2
      store<f32>(to + place, load<f32>(from + place) - level)
    }
  }
}
