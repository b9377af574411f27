/**
 * Solves the symmetric positive definite system `matrix` · x = `vector` of `n` unknowns (row-major, `stride` per row) by
 * Cholesky's method, in place: `vector` becomes x, the lower triangle of `matrix` the factor. False where it is singular.
 */
export function solvePositive(
  matrix: Float64Array,
  vector: Float64Array,
  n: number,
  stride: number,
): boolean {
  for (let j = 0; j < n; j++) {
    let pivot = matrix[j * stride + j]
    const least = 1e-13 * pivot
    for (let k = 0; k < j; k++) pivot -= matrix[j * stride + k] ** 2
    if (!(pivot > least)) return false
    const root = Math.sqrt(pivot)
    matrix[j * stride + j] = root
    for (let i = j + 1; i < n; i++) {
      let value = matrix[i * stride + j]
      for (let k = 0; k < j; k++) value -= matrix[i * stride + k] * matrix[j * stride + k]
      matrix[i * stride + j] = value / root
    }
  }
  solveFactored(matrix, vector, n, stride)
  return true
}

/** Solves with a factor that `solvePositive` has left, for another `vector`. */
export function solveFactored(factor: Float64Array, vector: Float64Array, n: number, stride: number): void {
  for (let i = 0; i < n; i++) {
    let value = vector[i]
    for (let k = 0; k < i; k++) value -= factor[i * stride + k] * vector[k]
    vector[i] = value / factor[i * stride + i]
  }
  for (let i = n - 1; i >= 0; i--) {
    let value = vector[i]
    for (let k = i + 1; k < n; k++) value -= factor[k * stride + i] * vector[k]
    vector[i] = value / factor[i * stride + i]
  }
}
