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
      const sum = matrix[row + j] - product(matrix, row, matrix, other, j)
      if (j < i) matrix[row + j] = sum / matrix[other + j]
      else if (sum > least * diagonal) matrix[row + i] = Math.sqrt(sum)
      else return false
    }
  }
  return true
}

/** Σ a[i + k] · b[j + k] for k < n, in four sums, each of which need not wait for the others. */
export function product(a: Float64Array, i: number, b: Float64Array, j: number, n: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  let k = 0
  for (; k + 3 < n; k += 4) {
    s0 += a[i + k] * b[j + k]
    s1 += a[i + k + 1] * b[j + k + 1]
    s2 += a[i + k + 2] * b[j + k + 2]
    s3 += a[i + k + 3] * b[j + k + 3]
  }
  for (; k < n; k++) s0 += a[i + k] * b[j + k]
  return s0 + s1 + (s2 + s3)
}

/** Replaces `vector` by the solution of L·Lᵀ · x = vector. */
export function solveFactored(factor: Float64Array, vector: Float64Array, n: number, stride = n): void {
  for (let i = 0; i < n; i++) {
    vector[i] = (vector[i] - product(factor, i * stride, vector, 0, i)) / factor[i * stride + i]
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
