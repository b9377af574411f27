/** Polynomials over a frame: products of Legendre polynomials of x and y, both scaled to [−1, 1], up to a total order. */

/** How many there are. */
export function polynomialCount(order: number): number {
  return ((order + 1) * (order + 2)) / 2
}

/** Total order of polynomial `p`. */
export function orderOf(p: number): number {
  return Math.floor((Math.sqrt(8 * p + 1) - 1) / 2)
}

/** Value of each at pixel (x, y) of a frame, by rising order: 1, x, y, x², xy, y² … in effect. */
export function polynomialsAt(
  order: number,
  x: number,
  y: number,
  width: number,
  height: number,
  out: Float64Array = new Float64Array(polynomialCount(order)),
): Float64Array {
  const px = legendre(order, scaled(x, width))
  const py = legendre(order, scaled(y, height))
  let at = 0
  for (let total = 0; total <= order; total++) {
    for (let j = 0; j <= total; j++) out[at++] = px[total - j] * py[j]
  }
  return out
}

/** −1 … 1 over the frame; 0 where that is one pixel. */
export function scaled(x: number, size: number): number {
  return size > 1 ? (2 * x) / (size - 1) - 1 : 0
}

export function legendre(order: number, t: number): number[] {
  const values = [1, t]
  for (let n = 1; n < order; n++) {
    values.push(((2 * n + 1) * t * values[n] - n * values[n - 1]) / (n + 1))
  }
  return values.slice(0, order + 1)
}

/**
 * Values along one row: for the polynomial Σ coefficients[k] · polynomials[k]. `basis` are the Legendre polynomials of each x (see
 * `legendreRows`).
 */
export function polynomialRow(
  coefficients: ArrayLike<number>,
  order: number,
  y: number,
  height: number,
  basis: readonly Float64Array[],
  out: Float64Array,
): void {
  const py = legendre(order, scaled(y, height))
  const inX = new Float64Array(order + 1)
  let at = 0
  for (let total = 0; total <= order; total++) {
    for (let j = 0; j <= total; j++) inX[total - j] += coefficients[at++] * py[j]
  }
  out.fill(inX[0])
  for (let i = 1; i <= order; i++) {
    const row = basis[i]
    const c = inX[i]
    for (let x = 0; x < out.length; x++) out[x] += c * row[x]
  }
}

/** The Legendre polynomials of every x of a frame. */
export function legendreRows(order: number, width: number): Float64Array[] {
  const rows = Array.from({ length: order + 1 }, () => new Float64Array(width))
  for (let x = 0; x < width; x++)
    legendre(order, scaled(x, width)).forEach((value, i) => (rows[i][x] = value))
  return rows
}
