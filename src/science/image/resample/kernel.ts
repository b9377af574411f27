/** Kernels of resampling as tables, and the plain twin of the WebAssembly kernel that applies them. */

export type ResampleKernel = 'lanczos3' | 'bilinear' | 'nearest'

/** Phases of a pixel that the tables know: positions are rounded to 1/4096 pixel. */
export const phases = 4096

/**
 * Weights for each phase, eight in a row (six and two blanks): of pixels −2 … 3 from the one at or left of the position. A windowed
 * sinc neither sums to one nor keeps first moments, which dims a sky by 1 % and shifts stars by 0.02 pixel at worst; what
 * is missing is made up by the two nearest pixels, so that linear functions come out exactly.
 */
export function kernelTable(kernel: ResampleKernel, out: Float32Array): Float32Array {
  for (let phase = 0; phase < phases; phase++) {
    const f = phase / phases
    const weights = Array.from({ length: 6 }, (_, k) => weightOf(kernel, f + 2 - k))
    if (kernel === 'lanczos3' && phase > 0) {
      const lack = 1 - weights.reduce((sum, w) => sum + w, 0)
      const moment = weights.reduce((sum, w, k) => sum + w * (k - 2 - f), 0)
      weights[2] += lack * (1 - f) + moment
      weights[3] += lack * f - moment
    }
    for (let k = 0; k < 8; k++) out[8 * phase + k] = k < 6 ? weights[k] : 0
  }
  return out
}

/** Length of a table. */
export const tableLength = 8 * phases

/** Phase of a position. */
export function phaseOf(x: number): number {
  return Math.floor(x * phases + 0.5) & (phases - 1)
}

/** Σ w² of each phase. */
export function squaredWeights(table: Float32Array): Float32Array {
  return Float32Array.from({ length: phases }, (_, phase) =>
    table.subarray(8 * phase, 8 * phase + 6).reduce((sum, w) => sum + w * w, 0),
  )
}

/** Σ w² of the mean of points × points samples across a target pixel of `ratio` input pixels, which share input pixels. */
export function meanVariance(table: Float32Array, ratio: number, points: number): number {
  const tries = 16
  let squares = 0
  for (let t = 0; t < tries; t++) {
    const sum = new Map<number, number>()
    for (let k = 0; k < points; k++) {
      const at = t / tries + ((k + 0.5) / points - 0.5) * ratio
      const whole = Math.floor(at)
      const phase = Math.floor((at - whole) * phases)
      for (let j = 0; j < 6; j++)
        sum.set(whole + j, (sum.get(whole + j) ?? 0) + table[8 * phase + j] / points)
    }
    for (const weight of sum.values()) squares += weight ** 2 / tries
  }
  return squares ** 2
}

function weightOf(kernel: ResampleKernel, distance: number): number {
  const d = Math.abs(distance)
  if (kernel === 'bilinear') return Math.max(0, 1 - d)
  // Halfway between two pixels the left one.
  if (kernel === 'nearest') return d < 0.5 || distance === 0.5 ? 1 : 0
  if (d < 1e-9) return 1
  if (Number.isInteger(d) || d >= 3) return 0
  return (3 * Math.sin(Math.PI * d) * Math.sin((Math.PI * d) / 3)) / (Math.PI * d) ** 2
}

export interface SampleInput {
  readonly width: number
  readonly height: number
  readonly data: Float32Array
  readonly variance: Float32Array | null
}

/**
 * Samples of n positions whose 36 pixels all lie in the image; out is value × area, outVariance Σ w² variance × area². The indices
 * of all others, and of those that came out not finite, go to `doubts`; returns how many.
 */
export type Sampler = (
  input: SampleInput,
  table: Float32Array,
  x: Float64Array,
  y: Float64Array,
  area: Float32Array,
  n: number,
  out: Float32Array,
  outVariance: Float32Array | null,
  doubts: Int32Array,
) => number

export const samplePlain: Sampler = (input, table, x, y, area, n, out, outVariance, doubts) => {
  const { width, height, data, variance } = input
  let count = 0
  for (let i = 0; i < n; i++) {
    const px = Math.floor(x[i] * phases + 0.5)
    const py = Math.floor(y[i] * phases + 0.5)
    const ix = Math.floor(px / phases) - 2
    const iy = Math.floor(py / phases) - 2
    if (!(ix >= 0 && iy >= 0 && ix <= width - 6 && iy <= height - 6)) {
      doubts[count++] = i
      continue
    }
    const tx = 8 * (px & (phases - 1))
    const ty = 8 * (py & (phases - 1))
    let sum = 0
    let noise = 0
    for (let j = 0; j < 6; j++) {
      const at = (iy + j) * width + ix
      let row = 0
      for (let k = 0; k < 6; k++) row += table[tx + k] * data[at + k]
      sum += table[ty + j] * row
      if (variance) {
        let line = 0
        for (let k = 0; k < 6; k++) line += table[tx + k] * table[tx + k] * variance[at + k]
        noise += table[ty + j] * table[ty + j] * line
      }
    }
    out[i] = sum * area[i]
    if (outVariance) outVariance[i] = noise * area[i] * area[i]
    // The difference of an infinity or NaN with itself is NaN.
    if (out[i] - out[i] !== 0 || (outVariance && outVariance[i] - outVariance[i] !== 0)) doubts[count++] = i
  }
  return count
}

/** What one position gives where pixels are missing. */
export interface Sample {
  value: number
  variance: number
  /** Share of the kernel's weight that lies on good pixels, 0 … 1. */
  coverage: number
}

/** One position with care: pixels outside, not finite or without finite variance have no part, the others are weighted up. */
export function sampleWithCare(
  { width, height, data, variance }: SampleInput,
  table: Float32Array,
  x: number,
  y: number,
  sample: Sample,
): void {
  sample.value = sample.variance = NaN
  sample.coverage = 0
  if (!(x >= -0.5 && y >= -0.5 && x <= width - 0.5 && y <= height - 0.5)) return
  const px = Math.floor(x * phases + 0.5)
  const py = Math.floor(y * phases + 0.5)
  const ix = Math.floor(px / phases) - 2
  const iy = Math.floor(py / phases) - 2
  const tx = 8 * (px & (phases - 1))
  const ty = 8 * (py & (phases - 1))
  let sum = 0
  let noise = 0
  let weight = 0
  for (let j = Math.max(0, -iy); j < Math.min(6, height - iy); j++) {
    for (let k = Math.max(0, -ix); k < Math.min(6, width - ix); k++) {
      const at = (iy + j) * width + ix + k
      const value = data[at]
      const error = variance ? variance[at] : 0
      if (value - value !== 0 || error - error !== 0) continue
      const w = table[ty + j] * table[tx + k]
      sum += w * value
      noise += w * w * error
      weight += w
    }
  }
  if (!(weight > 0)) return
  sample.value = sum / weight
  sample.variance = noise / (weight * weight)
  sample.coverage = Math.min(1, weight)
}
