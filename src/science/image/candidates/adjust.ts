/**
 * Whether what a difference image shows at a place is only the template lying a fraction of a pixel beside the science
 * image: the template is shifted and scaled a little, and if that explains the pixels, nothing new is there.
 */
import type { Mask, Plane } from '#science/image/plane.ts'
import { chiSquaredTail } from './chi-squared.ts'
import { inverseOf } from '#science/image/least-squares.ts'

export interface AdjustOptions {
  /** Pixels around the place that are compared; twice the FWHM. */
  readonly radius: number
  /** Largest shift, pixels, and largest factor on the template. */
  readonly mostShift?: number
  readonly mostScale?: number
  readonly mask?: Mask
}

export interface Adjustment {
  /** By how much the template was moved, pixels, and multiplied. */
  readonly dx: number
  readonly dy: number
  readonly scale: number
  /** Before and after. */
  readonly chi2Before: number
  readonly chi2: number
  readonly pixels: number
  /** Chance that noise alone leaves as much. */
  readonly probability: number
  /** True where the adjusted template explains the pixels: p > 0.01, or χ² below a third of what it was. */
  readonly explained: boolean
}

/**
 * Fits shift and scale of the convolved template to the science image, both on one grid and one flux scale, less their
 * backgrounds; `noise` is σ of their difference. Null where fewer than ten good pixels are within the radius.
 */
export function adjustTemplate(
  science: Plane,
  template: Plane,
  noise: Plane,
  x: number,
  y: number,
  { radius, mostShift = 1, mostScale = 1.3, mask }: AdjustOptions,
): Adjustment | null {
  const { width, height } = science
  const places: { u: number; v: number; value: number; sigma: number }[] = []
  for (let v = Math.ceil(y - radius); v <= y + radius; v++)
    for (let u = Math.ceil(x - radius); u <= x + radius; u++) {
      if ((u - x) ** 2 + (v - y) ** 2 > radius * radius) continue
      // The spline looks two pixels further on each side of a shift of one.
      if (u < 3 || v < 3 || u >= width - 3 || v >= height - 3) continue
      const i = v * width + u
      const value = science.data[i]
      const sigma = noise.data[i]
      if (mask && mask.data[i] !== 0) continue
      if (value - value !== 0 || !(sigma > 0) || sigma === Infinity) continue
      if (Number.isNaN(cubicAt(template, u, v, 0, 0))) continue
      places.push({ u, v, value, sigma })
    }
  if (places.length < 10) return null
  const misfit = (dx: number, dy: number, scale: number): Float64Array =>
    Float64Array.from(
      places,
      ({ u, v, value, sigma }) => (value - scale * cubicAt(template, u, v, dx, dy)) / sigma,
    )
  const sum = (residuals: Float64Array) => residuals.reduce((total, each) => total + each * each, 0)
  const bound = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value))
  const clamp = ([dx, dy, scale]: readonly number[]): [number, number, number] => [
    bound(dx, -mostShift, mostShift),
    bound(dy, -mostShift, mostShift),
    bound(scale, 1 / mostScale, mostScale),
  ]
  const chi2Before = sum(misfit(0, 0, 1))
  let best: { at: [number, number, number]; chi2: number } = { at: [0, 0, 1], chi2: chi2Before }
  // A few starts, for a bright neighbour can hold a single one back.
  for (const start of [
    [0, 0, 1],
    [0.5, 0.5, 1],
    [-0.5, 0.5, 1],
    [0.5, -0.5, 1],
    [-0.5, -0.5, 1],
  ] as const) {
    const found = descend([...start], misfit, sum, clamp)
    if (found.chi2 < best.chi2) best = found
  }
  const probability = chiSquaredTail(best.chi2, Math.max(1, places.length - 3))
  return {
    dx: best.at[0],
    dy: best.at[1],
    scale: best.at[2],
    chi2Before,
    chi2: best.chi2,
    pixels: places.length,
    probability,
    explained: probability > 0.01 || best.chi2 < 0.33 * chi2Before,
  }
}

/**
 * A difference as it would be with the adjusted template in place of the template: science − scale · moved(template).
 * NaN within three pixels of the edge, and beside pixels without a value.
 */
export function leftAfter(
  difference: Plane,
  template: Plane,
  { dx, dy, scale }: Pick<Adjustment, 'dx' | 'dy' | 'scale'>,
): Float32Array {
  const { width, height, data } = difference
  const left = new Float32Array(data.length).fill(Number.NaN)
  const margin = 3
  for (let y = margin; y < height - margin; y++)
    for (let x = margin; x < width - margin; x++) {
      const i = y * width + x
      left[i] = data[i] + template.data[i] - scale * cubicAt(template, x, y, dx, dy)
    }
  return left
}

/** Levenberg's and Marquardt's method with steps that stay within bounds. */
function descend(
  start: [number, number, number],
  misfit: (dx: number, dy: number, scale: number) => Float64Array,
  sum: (residuals: Float64Array) => number,
  clamp: (at: readonly number[]) => [number, number, number],
): { at: [number, number, number]; chi2: number } {
  let at = clamp(start)
  let residuals = misfit(...at)
  let chi2 = sum(residuals)
  let damping = 1e-3
  for (let step = 0; step < 40; step++) {
    const slopes = [0, 1, 2].map((a) => {
      const moved: [number, number, number] = [...at]
      // Away from the bound that it may lie on.
      const by = moved[a] > (a === 2 ? 1 : 0) ? -1e-3 : 1e-3
      moved[a] += by
      return misfit(...moved).map((each, k) => (each - residuals[k]) / by)
    })
    const normal = new Float64Array(9)
    const right = [0, 0, 0]
    for (let a = 0; a < 3; a++) {
      for (let b = 0; b < 3; b++)
        for (let k = 0; k < residuals.length; k++) normal[3 * a + b] += slopes[a][k] * slopes[b][k]
      for (let k = 0; k < residuals.length; k++) right[a] -= slopes[a][k] * residuals[k]
    }
    let better = false
    while (!better && damping < 1e8) {
      const damped = normal.slice()
      for (let a = 0; a < 3; a++) damped[4 * a] = damped[4 * a] * (1 + damping) + 1e-9
      const inverse = inverseOf(damped, 3)
      if (!inverse) return { at, chi2 }
      const next = clamp(
        at.map(
          (value, a) =>
            value + right[0] * inverse[3 * a] + right[1] * inverse[3 * a + 1] + right[2] * inverse[3 * a + 2],
        ),
      )
      const left = misfit(...next)
      const reached = sum(left)
      if (reached < chi2) {
        better = true
        damping = Math.max(1e-9, damping / 5)
        const gain = chi2 - reached
        at = next
        residuals = left
        chi2 = reached
        if (gain < 1e-5 * chi2 + 1e-9) return { at, chi2 }
      } else damping *= 5
    }
    if (!better) break
  }
  return { at, chi2 }
}

/** A plane moved by (dx, dy), read at a pixel: cubic convolution (Keys 1981). NaN beside pixels without a value. */
function cubicAt({ width, data }: Plane, x: number, y: number, dx: number, dy: number): number {
  const u = x - dx
  const v = y - dy
  const i = Math.floor(u)
  const j = Math.floor(v)
  const s = u - i
  const t = v - j
  let sum = 0
  for (let b = -1; b <= 2; b++) {
    const wy = cubicWeight(t - b)
    const row = (j + b) * width + i
    for (let a = -1; a <= 2; a++) sum += wy * cubicWeight(s - a) * data[row + a]
  }
  return sum
}

function cubicWeight(distance: number): number {
  const d = Math.abs(distance)
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1
  if (d < 2) return ((-0.5 * d + 2.5) * d - 4) * d + 2
  return 0
}
