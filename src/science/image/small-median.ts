/** Medians of a few numbers, by partial sorting in a buffer that is given. */

/** The k-th smallest of the first n numbers, which are rearranged (Hoare 1961). */
export function selectOf(values: Float64Array, n: number, k: number): number {
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

/** Median of the first n numbers (the lower of the two in the middle where n is even), which are rearranged. */
export function medianOfFew(values: Float64Array, n: number): number {
  return selectOf(values, n, (n - 1) >> 1)
}
