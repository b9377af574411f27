/** The normal equations of a spatially varying kernel, put together from each star's products. */
import { solveFactored } from '#science/image/cholesky.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { convolutionLoops } from '#science/kernels/convolve.ts'
import type { Squares } from './columns.ts'
import { polynomialCount, polynomialsAt } from './polynomial.ts'
import type { Stamp } from './stamps.ts'

export interface Orders {
  kernel: number
  scale: number
  width: number
  height: number
}

/** Which column, times which polynomial, each unknown stands for. */
export interface Unknowns {
  column: Int32Array
  polynomial: Int32Array
  order: number
}

/** The first term varies by the order of the scale, the others by that of the kernel; the background's columns vary by themselves. */
export function unknownsOf(squares: Squares, orders: Orders): Unknowns {
  const column: number[] = []
  const polynomial: number[] = []
  for (let c = 0; c < squares.terms + squares.background; c++) {
    const count = c >= squares.terms ? 1 : polynomialCount(c === 0 ? orders.scale : orders.kernel)
    for (let p = 0; p < count; p++) {
      column.push(c)
      polynomial.push(p)
    }
  }
  return {
    column: Int32Array.from(column),
    polynomial: Int32Array.from(polynomial),
    order: Math.max(orders.kernel, orders.scale),
  }
}

/** Length of sums over stars: of products times each pair of polynomials, `padded`² for each pair. */
export function sumsLength(squares: Squares, order: number): number {
  const count = polynomialCount(order)
  return ((count * (count + 1)) / 2) * squares.padded ** 2
}

export interface Adding {
  sums: Float64Array
  /** `padded`² for each star. */
  products: Float64Array
  /** 1 adds a star's products, −1 takes them away, 0 leaves them. */
  signs: readonly number[]
  stamps: readonly Stamp[]
  squares: Squares
  orders: Orders
  order: number
}

/** Stars whose products are added together: they stay at hand while the pairs of polynomials go by. */
const TOGETHER = 8

export function addStamps(
  { sums, products, signs, stamps, squares, orders, order }: Adding,
  workshop: Workshop,
): void {
  const loops = convolutionLoops(workshop)
  const size = squares.padded ** 2
  const factors = stamps.map(({ x, y }) => polynomialsAt(order, x, y, orders.width, orders.height))
  workshop.arena.during(() => {
    const weights = workshop.arena.float64(TOGETHER)
    for (let from = 0; from < stamps.length; from += TOGETHER) {
      const n = Math.min(TOGETHER, stamps.length - from)
      if (signs.slice(from, from + n).every((sign) => sign === 0)) continue
      const own = products.subarray(from * size, (from + n) * size)
      let pair = 0
      for (let p = 0; p < polynomialCount(order); p++) {
        for (let q = p; q < polynomialCount(order); q++, pair++) {
          for (let s = 0; s < n; s++)
            weights[s] = signs[from + s] * factors[from + s][p] * factors[from + s][q]
          loops.gather(own, size, weights.subarray(0, n), sums.subarray(pair * size, (pair + 1) * size))
        }
      }
    }
  })
}

/** Normal equations of the unknowns: the lower triangle of a matrix of n × n, and the right hand side. */
export interface Normal {
  matrix: Float64Array
  right: Float64Array
}

/** On the arena. */
export function normalOf(
  sums: Float64Array,
  squares: Squares,
  unknowns: Unknowns,
  { arena }: Workshop,
): Normal {
  const { column, polynomial, order } = unknowns
  const n = column.length
  const count = polynomialCount(order)
  const { padded } = squares
  const data = squares.count - 1
  const pairOf = (p: number, q: number) => {
    const [low, high] = p < q ? [p, q] : [q, p]
    return low * count - (low * (low - 1)) / 2 + high - low
  }
  const pairs = Int32Array.from({ length: count * count }, (_, i) => pairOf(Math.floor(i / count), i % count))
  const matrix = arena.float64(n * n)
  const right = arena.float64(n)
  for (let b = 0; b < n; b++) {
    for (let a = 0; a <= b; a++) {
      const at = pairs[polynomial[a] * count + polynomial[b]] * padded * padded
      matrix[b * n + a] = sums[at + column[a] * padded + column[b]]
    }
    right[b] = sums[pairs[polynomial[b] * count] * padded * padded + column[b] * padded + data]
  }
  return { matrix, right }
}

/** 1 / √ of each diagonal element with its prior, which makes it 1; 0 where there is none. */
export function scalesOf({ matrix, right }: Normal, prior: Float64Array): Float64Array {
  const n = right.length
  return Float64Array.from(right, (_, a) => {
    const size = matrix[a * n + a] + prior[a]
    return size > 0 ? 1 / Math.sqrt(size) : 0
  })
}

/** The matrix so scaled, `diagonal` on its diagonal; of an odd size one more, whose row stands for itself. */
export function loadScaled(
  out: Float64Array,
  matrix: Float64Array,
  scale: Float64Array,
  diagonal: number,
): void {
  const n = scale.length
  const even = n + (n & 1)
  for (let a = 0; a < n; a++) {
    const own = scale[a]
    const [to, from] = [a * even, a * n]
    for (let b = 0; b < a; b++) out[to + b] = matrix[from + b] * own * scale[b]
    out[to + a] = own > 0 ? diagonal : 1
  }
  if (even === n) return
  out.fill(0, n * even, even * even)
  out[even * even - 1] = 1
}

/**
 * Coefficients of the unknowns, by Cholesky's method. What the stars do not determine is held down by a ridge that is raised until
 * the matrix is positive. `prior` is added to the diagonal, `added` to the right hand side.
 */
export function solveNormal(
  normal: Normal,
  prior: Float64Array,
  workshop: Workshop,
  added?: Float64Array,
): Float64Array | null {
  const { matrix, right } = normal
  const n = right.length
  const even = n + (n & 1)
  const loops = convolutionLoops(workshop)
  const scale = scalesOf(normal, prior)
  return workshop.arena.during(() => {
    const factor = workshop.arena.float64(even * even)
    for (let ridge = 1e-12; ridge < 1; ridge *= 100) {
      loadScaled(factor, matrix, scale, 1 + ridge)
      if (!loops.factorise(factor, even, 0)) continue
      const solution = right.map((value, a) => (value + (added?.[a] ?? 0)) * scale[a])
      solveFactored(factor, solution, n, even)
      if (solution.every((value) => Number.isFinite(value))) {
        return solution.map((value, a) => value * scale[a])
      }
    }
    return null
  })
}

/** What each column is multiplied with at a star. */
export function columnFactors(
  solution: Float64Array,
  unknowns: Unknowns,
  squares: Squares,
  stamp: { x: number; y: number },
  orders: Orders,
): Float64Array {
  const factors = polynomialsAt(unknowns.order, stamp.x, stamp.y, orders.width, orders.height)
  const out = new Float64Array(squares.terms + squares.background)
  for (let a = 0; a < solution.length; a++) {
    out[unknowns.column[a]] += solution[a] * factors[unknowns.polynomial[a]]
  }
  return out
}
