/** Median of finite values, the mean of the two in the middle where their number is even; NaN of none. Leaves `values` as they are. */
export function medianOf(values: Float32Array | Float64Array): number {
  const n = values.length
  if (n === 0) return NaN
  const sorted = values.slice().sort()
  return n & 1 ? sorted[n >> 1] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2
}

/** The same of the first `n` of few values, which it sorts. */
export function medianOfFew(values: Float32Array, n: number): number {
  for (let i = 1; i < n; i++) {
    const value = values[i]
    let k = i
    for (; k > 0 && values[k - 1] > value; k--) values[k] = values[k - 1]
    values[k] = value
  }
  return n & 1 ? values[n >> 1] : (values[n / 2 - 1] + values[n / 2]) / 2
}
