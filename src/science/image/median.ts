/** Median of finite values, the mean of the two in the middle where their number is even; NaN of none. Leaves `values` as they are. */
export function medianOf(values: Float32Array | Float64Array): number {
  const n = values.length
  if (n === 0) return NaN
  const sorted = values.slice().sort()
  return n & 1 ? sorted[n >> 1] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2
}
