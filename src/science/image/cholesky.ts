/** Symmetric positive definite systems by Cholesky's method. Matrices are row-major; only their lower triangles count. */

/**
 * Replaces the lower triangle of an n × n matrix A by its factor L, A = L·Lᵀ; rows are `stride` numbers apart. False where
 * A is singular: where a pivot is no more than `least` of its diagonal.
 */
export function factorise(matrix: Float64Array, n: number, least = 1e-13, stride = n): boolean {
  // By rows, so that the inner loop runs along two of them.
  for (let i = 0; i < n; i++) {
    const row = i * stride
    const diagonal = matrix[row + i]
    for (let j = 0; j <= i; j++) {
      const other = j * stride
      let sum = matrix[row + j]
      for (let k = 0; k < j; k++) sum -= matrix[row + k] * matrix[other + k]
      if (j < i) matrix[row + j] = sum / matrix[other + j]
      else if (sum > least * diagonal) matrix[row + i] = Math.sqrt(sum)
      else return false
    }
  }
  return true
}

/** Replaces `vector` by the solution of L·Lᵀ · x = vector. */
export function solveFactored(factor: Float64Array, vector: Float64Array, n: number, stride = n): void {
  for (let i = 0; i < n; i++) {
    let sum = vector[i]
    for (let k = 0; k < i; k++) sum -= factor[i * stride + k] * vector[k]
    vector[i] = sum / factor[i * stride + i]
  }
  for (let i = n - 1; i >= 0; i--) {
    const x = (vector[i] /= factor[i * stride + i])
    for (let k = 0; k < i; k++) vector[k] -= factor[i * stride + k] * x
  }
}

/** Replaces `vector` by the solution of matrix · x = vector, and the matrix by its factor. False where it is singular (see `factorise`). */
export function solvePositive(
  matrix: Float64Array,
  vector: Float64Array,
  n: number,
  least?: number,
  stride?: number,
): boolean {
  if (!factorise(matrix, n, least, stride)) return false
  solveFactored(matrix, vector, n, stride)
  return true
}
