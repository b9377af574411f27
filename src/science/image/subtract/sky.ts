/** The sky of a frame as a polynomial, from medians of cells. */
import { solvePositive } from '#science/image/cholesky.ts'
import { isGood, type Frame } from './noise.ts'
import { polynomialCount, polynomialsAt } from './polynomial.ts'

const CELL = 48

/** Coefficients of the sky over `frame.level`, ADU; 0 where there are too few cells to tell. */
export function skyPolynomial(frame: Frame, order: number): Float64Array {
  const { width, height, data } = frame.plane
  const n = polynomialCount(order)
  const cells: { x: number; y: number; value: number }[] = []
  for (let y0 = 0; y0 < height; y0 += CELL) {
    for (let x0 = 0; x0 < width; x0 += CELL) {
      const sample: number[] = []
      for (let y = y0; y < Math.min(height, y0 + CELL); y += 2) {
        for (let x = x0; x < Math.min(width, x0 + CELL); x += 2) {
          if (isGood(frame, y * width + x)) sample.push(data[y * width + x] - frame.level)
        }
      }
      if (sample.length < 60) continue
      sample.sort((a, b) => a - b)
      cells.push({ x: x0 + CELL / 2, y: y0 + CELL / 2, value: sample[Math.floor(0.45 * sample.length)] })
    }
  }
  let out = new Float64Array(n)
  let kept = cells
  for (let round = 0; round < 3 && kept.length >= 3 * n; round++) {
    const matrix = new Float64Array(n * n)
    const right = new Float64Array(n)
    for (const { x, y, value } of kept) {
      const p = polynomialsAt(order, x, y, width, height)
      for (let i = 0; i < n; i++) {
        right[i] += p[i] * value
        for (let j = 0; j <= i; j++) matrix[i * n + j] += p[i] * p[j]
      }
    }
    if (!solvePositive(matrix, right, n, 0)) break
    out = right
    const rest = kept.map(({ x, y, value }) => value - skyAt(out, order, x, y, frame))
    const sizes = rest.map((value) => Math.abs(value)).sort((a, b) => a - b)
    const limit = 3 * 1.4826 * sizes[sizes.length >> 1]
    kept = kept.filter((_, c) => Math.abs(rest[c]) <= limit)
  }
  return out
}

/** The polynomial at a pixel. */
function skyAt(coefficients: Float64Array, order: number, x: number, y: number, frame: Frame): number {
  const p = polynomialsAt(order, x, y, frame.plane.width, frame.plane.height)
  return coefficients.reduce((sum, c, i) => sum + c * p[i], 0)
}
