/** What a pixel of a star weighs in the kernel's fit: the noise of the difference that the kernel itself makes. */
import { convolutionLoops } from '#science/kernels/convolve.ts'
import { TOLERANCE, modelOf, type Work } from './fit-work.ts'
import { coreHalfWidth, kernelAt } from './model.ts'
import type { Loops } from './loops.ts'
import { varianceOf, type Frame } from './noise.ts'
import type { Stamp } from './stamps.ts'

/**
 * How large the coefficients of the kernel's functions, which have unit norm, may be expected to be, as a share of its sum. It holds down
 * combinations that the stars say nothing about, and weighs nothing against what they say.
 */
const PRIOR = 0.1

/** Noise before there is a kernel: that of a Gaussian with the sum that the stars' counts ask for. */
export function guess(work: Work): void {
  const { squares, stamps, columns, sigma } = work
  const { length, count } = squares
  const ratios: number[] = []
  stamps.forEach((_, s) => {
    const at = s * count * length
    let [sum, product] = [0, 0]
    for (let i = 0; i < length; i++) {
      sum += columns[at + i] ** 2
      product += columns[at + i] * columns[at + (count - 1) * length + i]
    }
    if (sum > 0) ratios.push(product / sum)
  })
  const scale = ratios.sort((a, b) => a - b)[ratios.length >> 1] || 1
  const { unknowns, prior } = work
  unknowns.column.forEach((column, a) => {
    prior[a] = column > 0 && column < squares.terms ? 1 / (PRIOR * scale) ** 2 : 0
  })
  const h = Math.max(1, Math.min(work.basis.halfWidth, Math.ceil(3 * sigma)))
  const size = 2 * h + 1
  const kernel = new Float64Array(size * size)
  let total = 0
  for (let v = -h; v <= h; v++) {
    for (let u = -h; u <= h; u++) {
      total += kernel[(v + h) * size + u + h] = Math.exp(-(u * u + v * v) / (2 * sigma * sigma))
    }
  }
  const made = kernel.map((value) => (scale * value) / total)
  stamps.forEach((stamp, s) => variances(work, s, stamp, made, h, null))
}

/** Variances under the kernel found. */
export function reweigh(work: Work, solution: Float64Array): void {
  const { stamps, basis } = work
  const model = modelOf(work, solution)
  const kernel = new Float64Array((2 * basis.halfWidth + 1) ** 2)
  stamps.forEach((stamp, s) => {
    kernelAt(model, stamp.x, stamp.y, kernel)
    variances(work, s, stamp, kernel, basis.halfWidth, work.residual)
  })
}

/** Variance of the difference at a star: the reference frame's as the model predicts it, and the convolved one's under K². */
function variances(
  work: Work,
  s: number,
  stamp: Stamp,
  kernel: Float64Array,
  halfWidth: number,
  residual: Float32Array | null,
): void {
  const { squares, reference, convolved, columns, variance, workshop } = work
  const { halfWidth: h, stride, length, count } = squares
  const core = Math.min(halfWidth, coreHalfWidth(kernel, halfWidth, 1e-3))
  const size = 2 * h + 1
  const { arena } = workshop
  arena.during(() => {
    const wide = stride + 2 * core
    const rows = size + 1 + 2 * core
    const window = arena.float32(wide * rows)
    const taps = arena.float32((2 * core + 1) ** 2)
    const full = 2 * halfWidth + 1
    for (let v = 0; v <= 2 * core; v++) {
      for (let u = 0; u <= 2 * core; u++) {
        const k = kernel[(halfWidth + core - v) * full + halfWidth + core - u]
        taps[v * (2 * core + 1) + u] = k * k
      }
    }
    const loops = convolutionLoops(workshop)
    const scrap = arena.float32(wide)
    rowsOf(convolved, stamp.x - h - core, stamp.y - h - core, wide, rows, scrap, window, loops)
    const out = arena.float32(stride * (size + 1))
    loops.convolve(window, wide, out, stride, stride, size + 1, taps, 2 * core + 1)
    const to = variance.subarray(s * length, (s + 1) * length)
    rowsOf(reference, stamp.x - h, stamp.y - h, stride, size, scrap, to, loops)
    const counts = columns.subarray(((s + 1) * count - 1) * length, (s + 1) * count * length)
    const slope = residual ? reference.photon : 0
    for (let i = 0; i < length; i++) {
      let own = to[i]
      // Noise in the counts must not decide how much they count, which would shift the background: the model's counts do.
      if (residual && slope > 0) {
        const over = counts[i]
        own += slope * (Math.max(0, over - residual[s * length + i]) - Math.max(0, over))
      }
      to[i] = Math.max(1e-20, own + out[i])
    }
  })
}

/** Variance of each pixel of a window, whose rows are `wide`; beyond the frame's edge that of its last pixel. */
function rowsOf(
  frame: Frame,
  x0: number,
  y0: number,
  wide: number,
  rows: number,
  scrap: Float32Array,
  out: Float32Array,
  loops: Loops,
): void {
  const { width, height, data } = frame.plane
  const inside = x0 >= 0 && x0 + wide <= width
  const usual = frame.rms ** 2
  for (let v = 0; v < rows; v++) {
    const from = Math.min(height - 1, Math.max(0, y0 + v)) * width
    const row = out.subarray(v * wide, (v + 1) * wide)
    if (inside && !frame.sigma) {
      const values = data.subarray(from + x0, from + x0 + wide)
      if (!loops.prepare(values, null, frame, scrap, row)) continue
    }
    for (let u = 0; u < wide; u++) {
      const value = varianceOf(frame, from + Math.min(width - 1, Math.max(0, x0 + u)))
      row[u] = value >= 0 ? value : usual
    }
  }
}

export function weigh(work: Work, clips: boolean): void {
  const { stamps, squares, good, weights, variance, residual, signal, clip } = work
  const { length } = squares
  work.clipped = 0
  for (let s = 0; s < stamps.length; s++) {
    for (let i = s * length, end = i + length; i < end; i++) {
      weights[i] = 0
      if (good[i] === 0) continue
      if (clips) {
        const allowed = variance[i] + (TOLERANCE * signal[i]) ** 2
        if (residual[i] ** 2 > clip * clip * allowed) {
          work.clipped++
          continue
        }
      }
      weights[i] = 1 / Math.sqrt(variance[i])
    }
  }
}

/** Σ weight² · variance of the convolved frame: what its own noise adds to a star's products, times overlaps of the functions. */
export function noiseShares(work: Work): Float64Array {
  const { stamps, squares, weights, convolved, use } = work
  const { length, halfWidth: h, stride } = squares
  const size = 2 * h + 1
  const { width } = convolved.plane
  return Float64Array.from(stamps, (stamp, s) => {
    if (use[s] !== 'fit') return 0
    let noise = 0
    for (let v = 0; v < size; v++) {
      for (let u = 0; u < size; u++) {
        const w = weights[s * length + v * stride + u]
        if (w > 0) noise += w * w * varianceOf(convolved, (stamp.y - h + v) * width + stamp.x - h + u)
      }
    }
    return noise
  })
}
