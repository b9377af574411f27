/** Polynomials in two variables, fitted by least squares. */
import { factorise, solveFactored } from '#science/image/cholesky.ts'

/** Exponents [i, j] of uⁱvʲ with i + j ≤ order: constant, linear, quadratic … */
export function exponents(order: number): readonly (readonly [number, number])[] {
  const list: [number, number][] = []
  for (let total = 0; total <= order; total++) for (let j = 0; j <= total; j++) list.push([total - j, j])
  return list
}

/** Terms uⁱvʲ of one point, in the order of `exponents`. */
export function terms(order: number, u: number, v: number, out: Float64Array): void {
  let at = 0
  for (let total = 0; total <= order; total++)
    for (let j = 0; j <= total; j++) out[at++] = u ** (total - j) * v ** j
}

export function evaluate(coefficients: Float64Array, order: number, u: number, v: number): number {
  const values = new Float64Array(coefficients.length)
  terms(order, u, v, values)
  let sum = 0
  for (let k = 0; k < values.length; k++) sum += coefficients[k] * values[k]
  return sum
}

/**
 * Least-squares polynomials for several right-hand sides on the same points.
 * @param scale what u and v are divided by, so that the terms are of one size.
 * @returns coefficients for u and v as they are; null where the points do not determine them.
 */
export function fitPolynomials(
  order: number,
  u: Float64Array,
  v: Float64Array,
  values: readonly Float64Array[],
  scale: number,
): Float64Array[] | null {
  const powers = exponents(order)
  const n = powers.length
  if (u.length < n) return null
  const matrix = new Float64Array(n * n)
  const right = values.map(() => new Float64Array(n))
  const row = new Float64Array(n)
  for (let p = 0; p < u.length; p++) {
    terms(order, u[p] / scale, v[p] / scale, row)
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) matrix[i * n + j] += row[i] * row[j]
      for (let k = 0; k < values.length; k++) right[k][i] += row[i] * values[k][p]
    }
  }
  if (!factorise(matrix, n, 1e-12)) return null
  for (const side of right) {
    solveFactored(matrix, side, n)
    powers.forEach(([i, j], k) => (side[k] /= scale ** (i + j)))
  }
  return right
}
