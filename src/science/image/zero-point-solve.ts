/** Small weighted least squares with clear refusals, and the robust statistics that go with them. */

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
  const lower = new Float64Array(p * p)
  for (let a = 0; a < p; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = matrix[a * p + b] / (scale[a] * scale[b])
      for (let k = 0; k < b; k++) sum -= lower[a * p + k] * lower[b * p + k]
      if (a === b) {
        if (!(sum > 1e-11)) return null
        lower[a * p + a] = Math.sqrt(sum)
      } else lower[a * p + b] = sum / lower[b * p + b]
    }
  }
  const inverse = new Float64Array(p * p)
  const column = new Float64Array(p)
  for (let c = 0; c < p; c++) {
    for (let a = 0; a < p; a++) {
      let sum = a === c ? 1 : 0
      for (let k = 0; k < a; k++) sum -= lower[a * p + k] * column[k]
      column[a] = sum / lower[a * p + a]
    }
    for (let a = p - 1; a >= 0; a--) {
      let sum = column[a]
      for (let k = a + 1; k < p; k++) sum -= lower[k * p + a] * column[k]
      column[a] = sum / lower[a * p + a]
    }
    for (let a = 0; a < p; a++) inverse[a * p + c] = column[a] / (scale[a] * scale[c])
  }
  return inverse
}

/** Median of what is finite; NaN of nothing. */
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

/** Variance that is left of a standard normal distribution cut at ±k. */
export function clippedVariance(k: number): number {
  if (k > 8) return 1
  const density = Math.exp(-0.5 * k * k) / Math.sqrt(2 * Math.PI)
  return 1 - (2 * k * density) / erf(k / Math.SQRT2)
}

/** Error function, absolute error below 1.2e-7 (Press et al., Numerical Recipes, rational Chebyshev fit). */
export function erf(x: number): number {
  const t = 1 / (1 + 0.5 * Math.abs(x))
  const series = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
    -0.82215223, 0.17087277,
  ]
  let sum = 0
  for (let k = series.length - 1; k >= 0; k--) sum = sum * t + series[k]
  const tail = t * Math.exp(-x * x + sum)
  return x >= 0 ? 1 - tail : tail - 1
}
