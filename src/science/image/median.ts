/** Medians, and the scatter about them. */

/** Median of what is finite, the mean of the two in the middle where their number is even; NaN of nothing. Leaves `values` as they are. */
export function medianOf(values: ArrayLike<number>): number {
  const finite = Float64Array.from(values).filter((each) => Number.isFinite(each))
  if (finite.length === 0) return NaN
  finite.sort()
  const middle = finite.length >> 1
  return finite.length % 2 === 1 ? finite[middle] : (finite[middle - 1] + finite[middle]) / 2
}

/** 1.4826 times the median distance from a centre (the median, unless given): σ of a normal distribution. */
export function madSigma(values: ArrayLike<number>, centre: number = medianOf(values)): number {
  return 1.4826 * medianOf(Float64Array.from(values, (each) => Math.abs(each - centre)))
}

/** Median of the first `n` of a few finite values, which it sorts; the mean of the two in the middle where n is even. */
export function medianOfFew(values: Float32Array, n: number): number {
  for (let i = 1; i < n; i++) {
    const value = values[i]
    let k = i
    for (; k > 0 && values[k - 1] > value; k--) values[k] = values[k - 1]
    values[k] = value
  }
  return n & 1 ? values[n >> 1] : (values[n / 2 - 1] + values[n / 2]) / 2
}

/** Median of the first n numbers (the lower of the two in the middle where n is even), which are rearranged. */
export function lowerMedianOf(values: Float64Array, n: number): number {
  return selectOf(values, n, (n - 1) >> 1)
}

/** The k-th smallest of the first n numbers, which are rearranged (Hoare 1961). */
function selectOf(values: Float64Array, n: number, k: number): number {
  let low = 0
  let high = n - 1
  while (low < high) {
    const pivot = values[k]
    let i = low
    let j = high
    do {
      while (values[i] < pivot) i++
      while (pivot < values[j]) j--
      if (i <= j) {
        const kept = values[i]
        values[i] = values[j]
        values[j] = kept
        i++
        j--
      }
    } while (i <= j)
    if (j < k) low = i
    if (k < i) high = j
  }
  return values[k]
}
