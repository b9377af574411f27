/** How wide stars are, from their profiles: what no aperture and no half-light radius tells where a star has wings. */
import type { Mask, Pixels, Plane } from '#science/image/plane.ts'
import { checkRows } from './aperture.ts'

export interface ProfileOptions {
  /** Pixels within so many of the centre are fitted. */
  readonly radius: number
  readonly mask?: Mask | null
}

const exponents = [1.5, 2, 2.5, 3, 4, 6, 12]
const golden = (Math.sqrt(5) - 1) / 2

/**
 * FWHM in pixels of Moffat profiles A (1 + r²/α²)^−β fitted to the pixels about 0-based positions of a background-subtracted
 * plane, pixels as they are (their own width is part of it); NaN where fewer than six are usable or none of it stands out.
 */
export function profileWidths(
  plane: Plane<Pixels>,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { radius, mask }: ProfileOptions,
): Float64Array {
  checkRows(x.length, { y })
  const { data, width, height } = plane
  const squares: number[] = []
  const values: number[] = []
  const misfit = (fwhm: number, beta: number): number => {
    const scale = (4 * (2 ** (1 / beta) - 1)) / (fwhm * fwhm)
    let [dp, pp] = [0, 0]
    for (let k = 0; k < values.length; k++) {
      const p = (1 + scale * squares[k]) ** -beta
      dp += p * values[k]
      pp += p * p
    }
    // What is left of Σ v² after the best amplitude, but for Σ v² itself.
    return dp > 0 ? (-dp * dp) / pp : 0
  }
  return Float64Array.from({ length: x.length }, (_, i) => {
    squares.length = values.length = 0
    const [left, right] = [Math.ceil(x[i] - radius), Math.floor(x[i] + radius)]
    for (let row = Math.max(0, Math.ceil(y[i] - radius)); row <= Math.min(height - 1, y[i] + radius); row++)
      for (let column = Math.max(0, left); column <= Math.min(width - 1, right); column++) {
        const square = (column - x[i]) ** 2 + (row - y[i]) ** 2
        const at = row * width + column
        if (square > radius * radius || !Number.isFinite(data[at]) || (mask && mask.data[at] !== 0)) continue
        squares.push(square)
        values.push(data[at])
      }
    if (values.length < 6) return NaN
    let best = NaN
    let least = 0
    for (const beta of exponents) {
      let [a, b] = [0.5, 2 * radius]
      let [x1, x2] = [b - golden * (b - a), a + golden * (b - a)]
      let [f1, f2] = [misfit(x1, beta), misfit(x2, beta)]
      while (b - a > 0.005) {
        if (f1 <= f2) {
          ;[b, x2, f2] = [x2, x1, f1]
          x1 = b - golden * (b - a)
          f1 = misfit(x1, beta)
        } else {
          ;[a, x1, f1] = [x1, x2, f2]
          x2 = a + golden * (b - a)
          f2 = misfit(x2, beta)
        }
      }
      if (Math.min(f1, f2) >= least) continue
      least = Math.min(f1, f2)
      best = (a + b) / 2
    }
    return best
  })
}
