/**
 * Statistics of one cell of a background mesh (Bertin & Arnouts 1996, §2.1; DAOPHOT's mode): clipped mean and σ, then the
 * clipped histogram's mode. The plain twin of the kernel `background`.
 */
import type { Mask, Plane } from '#science/image/plane.ts'

/** Of the pixels of a cell, a half must be good. */
const LEAST_GOOD = 0.5
const MOST_LEVELS = 4096
/** The histogram reaches as far to both sides, in σ, and has about this many pixels in each level there. */
const REACH = 5
const PER_LEVEL = 4
const FIRST_CUT = 2
const CUT = 3
/** |mean − median| in σ from where on a cell counts as crowded, and its median is taken. */
const CROWDED = 0.3

/** Levels of a histogram of `count` pixels. */
function levelsFor(count: number): number {
  return Math.min(MOST_LEVELS, Math.floor(Math.sqrt(2 / Math.PI) * (REACH / PER_LEVEL) * count + 1))
}

/** What the histogram of a cell is made with; NaN where the cell is bad. */
export interface Cell {
  count: number
  mean: number
  sigma: number
}

const { fround, floor, sqrt, abs } = Math

/** Count, mean and σ of the good pixels (finite, mask 0) of a cell within 2σ of their mean. */
export function clippedMoments(
  plane: Plane,
  mask: Mask | null,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
): Cell {
  const { width, data } = plane
  const bad = { count: 0, mean: NaN, sigma: NaN }
  let low = -Infinity
  let high = Infinity
  const cell: Cell = { count: 0, mean: 0, sigma: 0 }
  for (let pass = 0; pass < 2; pass++) {
    let count = 0
    let sum = 0
    let squares = 0
    for (let y = y0; y < y1; y++) {
      for (let at = y * width + x0, end = y * width + x1; at < end; at++) {
        const value = data[at]
        // NaN fails both, and an infinite pixel is none.
        if (!(value >= low && value <= high) || abs(value) === Infinity || (mask && mask.data[at])) continue
        count++
        sum += value
        squares += value * value
      }
    }
    if (pass === 0 && count < (x1 - x0) * (y1 - y0) * LEAST_GOOD) return bad
    if (count === 0) return bad
    const mean = sum / count
    const variance = squares / count - mean * mean
    cell.count = count
    cell.mean = fround(mean)
    cell.sigma = fround(variance > 0 ? sqrt(variance) : 0)
    low = fround(mean - FIRST_CUT * cell.sigma)
    high = fround(mean + FIRST_CUT * cell.sigma)
  }
  return cell
}

/** Where the histogram of a cell begins and how wide its levels are. */
export function levelsOf(cell: Cell): { levels: number; zero: number; scale: number } {
  const levels = levelsFor(cell.count)
  const scale = cell.sigma > 0 ? fround((2 * REACH * cell.sigma) / levels) : 1
  return { levels, zero: fround(cell.mean - REACH * cell.sigma), scale }
}

/** Counts the pixels of a cell into `histogram` (cleared here), level i being centred on zero + i·scale. */
export function countLevels(
  plane: Plane,
  mask: Mask | null,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  { levels, zero, scale }: { levels: number; zero: number; scale: number },
  histogram: Int32Array,
): void {
  const { width, data } = plane
  histogram.fill(0, 0, levels)
  const offset = fround(0.499999 - zero / scale)
  for (let y = y0; y < y1; y++) {
    for (let at = y * width + x0, end = y * width + x1; at < end; at++) {
      if (mask && mask.data[at]) continue
      const level = fround(fround(data[at] / scale) + offset)
      // Truncation towards zero takes in what lies above −1.
      if (level > -1 && level < levels) histogram[level | 0]++
    }
  }
}

/**
 * Mode and σ of a histogram, clipped at ±3σ around its median until σ changes by less than 1e-4. Running sums make each
 * round a search, exact because they are whole numbers. `sums` holds 3·(levels + 1) numbers.
 */
export function modeOf(
  histogram: Int32Array,
  { levels, zero, scale }: { levels: number; zero: number; scale: number },
  sums: Float64Array,
): { mode: number; sigma: number } {
  const first = levels + 1
  const second = 2 * first
  sums[0] = sums[first] = sums[second] = 0
  for (let i = 0; i < levels; i++) {
    const n = histogram[i]
    sums[i + 1] = sums[i] + n
    sums[first + i + 1] = sums[first + i] + n * i
    sums[second + i + 1] = sums[second + i] + n * i * i
  }
  let low = 0
  let high = levels - 1
  let mean = 0
  let median = 0
  let sigma = 10 * high
  let before = 1
  for (let round = 0; round < 100 && sigma >= 0.1 && abs(sigma / before - 1) > 1e-4; round++) {
    before = sigma
    const count = sums[high + 1] - sums[low]
    median = medianLevel(histogram, sums, low, high)
    sigma = 0
    if (count > 0) {
      mean = (sums[first + high + 1] - sums[first + low]) / count
      sigma = (sums[second + high + 1] - sums[second + low]) / count - mean * mean
    }
    sigma = sigma > 0 ? sqrt(sigma) : 0
    const from = median - CUT * sigma
    const to = median + CUT * sigma
    low = from >= 1 ? floor(from + 0.5) : 0
    high = to < levels - 1 ? floor(to + 0.5) : levels - 1
    if (high < low) break
  }
  if (!(sigma > 0)) return { mode: zero + mean * scale, sigma: 0 }
  const mode = abs((mean - median) / sigma) < CROWDED ? 2.5 * median - 1.5 * mean : median
  return { mode: zero + mode * scale, sigma: sigma * scale }
}

/** Median of levels low … high: where as many lie below as above, between two levels. */
function medianLevel(histogram: Int32Array, sums: Float64Array, low: number, high: number): number {
  const base = sums[low]
  const total = sums[high + 1] - base
  if (total === 0) return 0
  // The last p where the pixels below p − 1 and those below p are together fewer than all.
  let p = low
  let beyond = high + 1
  while (beyond - p > 1) {
    const middle = (p + beyond) >> 1
    if (sums[middle - 1] + sums[middle] - 2 * base < total) p = middle
    else beyond = middle
  }
  if (p === 0) return 0
  const below = sums[p] - base
  return p - 0.5 + (total - 2 * below) / (2 * Math.max(histogram[p], histogram[p - 1]))
}
