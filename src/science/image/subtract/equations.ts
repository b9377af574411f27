/** The normal equations of a spatially varying kernel, put together from each star's products. */
import { solvePositive } from '#science/image/cholesky.ts'
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

/** Adds a star's products (`sign` 1) or takes them away (−1). */
export function addStamp(
  sums: Float64Array,
  products: Float64Array,
  squares: Squares,
  stamp: Stamp,
  orders: Orders,
  order: number,
  sign: number,
): void {
  const { padded, count } = squares
  const factors = polynomialsAt(order, stamp.x, stamp.y, orders.width, orders.height)
  let pair = 0
  for (let p = 0; p < factors.length; p++) {
    for (let q = p; q < factors.length; q++, pair++) {
      const factor = sign * factors[p] * factors[q]
      const to = pair * padded * padded
      for (let i = 0; i < count; i++) {
        for (let j = i, at = i * padded + i; j < count; j++, at++) sums[to + at] += factor * products[at]
      }
    }
  }
}

/** Normal equations of the unknowns: the lower triangle of a matrix of n × n, and the right hand side. */
export interface Normal {
  matrix: Float64Array
  right: Float64Array
}

export function normalOf(sums: Float64Array, squares: Squares, unknowns: Unknowns): Normal {
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
  const matrix = new Float64Array(n * n)
  const right = new Float64Array(n)
  for (let b = 0; b < n; b++) {
    for (let a = 0; a <= b; a++) {
      const at = pairs[polynomial[a] * count + polynomial[b]] * padded * padded
      matrix[b * n + a] = sums[at + column[a] * padded + column[b]]
    }
    right[b] = sums[pairs[polynomial[b] * count] * padded * padded + column[b] * padded + data]
  }
  return { matrix, right }
}

/**
 * Coefficients of the unknowns, by Cholesky's method. What the stars do not determine is held down by a ridge that is raised until
 * the matrix is positive. `prior` is added to the diagonal, `added` to the right hand side.
 */
export function solveNormal(
  { matrix, right }: Normal,
  prior: Float64Array,
  added?: Float64Array,
): Float64Array | null {
  const n = right.length
  const scale = Float64Array.from(right, (_, a) => {
    const size = matrix[a * n + a] + prior[a]
    return size > 0 ? 1 / Math.sqrt(size) : 0
  })
  const factor = new Float64Array(n * n)
  for (let ridge = 1e-12; ridge < 1; ridge *= 100) {
    for (let a = 0; a < n; a++) {
      for (let b = 0; b < a; b++) factor[a * n + b] = matrix[a * n + b] * scale[a] * scale[b]
      factor[a * n + a] = 1 + (scale[a] > 0 ? ridge : 0)
    }
    const solution = right.map((value, a) => (value + (added?.[a] ?? 0)) * scale[a])
    if (solvePositive(factor, solution, n, 0) && solution.every((value) => Number.isFinite(value))) {
      return solution.map((value, a) => value * scale[a])
    }
  }
  return null
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
