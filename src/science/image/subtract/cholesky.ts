/** Solves a · x = b for a symmetric positive matrix, both overwritten; `a` is n × n, its upper triangle is read. Null where it is not positive. */
export function choleskySolve(a: Float64Array, b: Float64Array, n: number): Float64Array | null {
  // Lower factor by rows, so that the inner loop runs along two rows.
  for (let i = 0; i < n; i++) {
    const rowI = i * n
    for (let j = 0; j <= i; j++) {
      const rowJ = j * n
      let sum = a[rowJ + i]
      for (let k = 0; k < j; k++) sum -= a[rowI + k] * a[rowJ + k]
      if (i === j) {
        if (!(sum > 0)) return null
        a[rowI + i] = Math.sqrt(sum)
      } else {
        a[rowI + j] = sum / a[rowJ + j]
      }
    }
  }
  for (let i = 0; i < n; i++) {
    let sum = b[i]
    for (let k = 0; k < i; k++) sum -= a[i * n + k] * b[k]
    b[i] = sum / a[i * n + i]
  }
  for (let i = n - 1; i >= 0; i--) {
    b[i] /= a[i * n + i]
    const x = b[i]
    for (let k = 0; k < i; k++) b[k] -= a[i * n + k] * x
  }
  return b
}
