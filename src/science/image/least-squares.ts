/** Small weighted least squares with clear refusals. */
import { factorise, solveFactored } from './cholesky.ts'

export interface Solution {
  readonly coefficients: Float64Array
  /** Inverse of the normal matrix, row after row. */
  readonly inverse: Float64Array
}

/**
 * Weighted least squares by Cholesky's method on the normal equations. `columns` hold one number per row each; rows of
 * weight 0 do not count. Null where the columns cannot be told apart with these rows.
 */
export function weightedLeastSquares(
  columns: readonly Float64Array[],
  y: Float64Array,
  weights: Float64Array,
): Solution | null {
  const p = columns.length
  const normal = new Float64Array(p * p)
  const right = new Float64Array(p)
  for (let a = 0; a < p; a++) {
    const first = columns[a]
    for (let b = 0; b <= a; b++) {
      const second = columns[b]
      let sum = 0
      for (let i = 0; i < y.length; i++) if (weights[i] > 0) sum += weights[i] * first[i] * second[i]
      normal[a * p + b] = normal[b * p + a] = sum
    }
    let sum = 0
    for (let i = 0; i < y.length; i++) if (weights[i] > 0) sum += weights[i] * first[i] * y[i]
    right[a] = sum
  }
  const inverse = inverseOf(normal, p)
  if (!inverse) return null
  const coefficients = new Float64Array(p)
  for (let a = 0; a < p; a++) for (let b = 0; b < p; b++) coefficients[a] += inverse[a * p + b] * right[b]
  return { coefficients, inverse }
}

/** Inverse of a symmetric positive matrix, or null where it is singular for the digits at hand. */
export function inverseOf(matrix: Float64Array, p: number): Float64Array | null {
  // Columns scaled to unit length first: what is left then says how alike they are, whatever their units.
  const scale = Float64Array.from({ length: p }, (_, a) => Math.sqrt(matrix[a * p + a]))
  if (scale.some((each) => !(each > 0) || !Number.isFinite(each))) return null
  const factor = new Float64Array(p * p)
  for (let a = 0; a < p; a++)
    for (let b = 0; b <= a; b++) factor[a * p + b] = matrix[a * p + b] / (scale[a] * scale[b])
  if (!factorise(factor, p, 1e-11)) return null
  const inverse = new Float64Array(p * p)
  const column = new Float64Array(p)
  for (let c = 0; c < p; c++) {
    column.fill(0)
    column[c] = 1
    solveFactored(factor, column, p)
    for (let a = 0; a < p; a++) inverse[a * p + c] = column[a] / (scale[a] * scale[c])
  }
  return inverse
}
