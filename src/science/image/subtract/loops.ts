/**
 * The inner loops of image subtraction in plain TypeScript: the reference of the kernel `convolve`, and what works where that
 * is not there. Kernels come turned round (`kernel[i]` belongs to offset −i), so that a convolution is a walk in step.
 */
import { factorise, product } from '#science/image/cholesky.ts'

export interface Loops {
  /**
   * out[y][x] = Σ kernel[v][u] · from[y + v][x + u] for `width` × `height` pixels, a kernel of `size`² and rows `fromStride` and `outStride`
   * apart. Width is a multiple of 16, height one of 2.
   */
  convolve(
    from: Float32Array,
    fromStride: number,
    out: Float32Array,
    outStride: number,
    width: number,
    height: number,
    kernel: Float32Array,
    size: number,
  ): void
  /** The same with a kernel of one row, `kernel` of any length. */
  along(
    from: Float32Array,
    fromStride: number,
    out: Float32Array,
    outStride: number,
    width: number,
    height: number,
    kernel: Float32Array,
  ): void
  /** The same with a kernel of one column. */
  across(
    from: Float32Array,
    fromStride: number,
    out: Float32Array,
    outStride: number,
    width: number,
    height: number,
    kernel: Float32Array,
  ): void
  /**
   * out[i · count + j] += Σ columns[i] · columns[j] for i ≤ j; what lies below the diagonal is not defined. Columns lie one after the other,
   * `length` each (a multiple of 16); `count` is a multiple of 4.
   */
  gram(columns: Float32Array, length: number, count: number, out: Float64Array): void
  /** out = Σ weights[i] · columns[i]. */
  combine(columns: Float32Array, length: number, weights: Float32Array, out: Float32Array): void
  /** out[i] = columns[i] · weights, element by element. */
  weigh(columns: Float32Array, length: number, count: number, weights: Float32Array, out: Float32Array): void
  /** out = a − factor · b. */
  less(a: Float32Array, b: Float32Array, factor: number, out: Float32Array): void
  /** out = value − level and variance = rms² + photon · that, where positive. True if a pixel is saturated, without a value, or masked. */
  prepare(
    from: Float32Array,
    mask: Uint8Array | null,
    look: Look,
    out: Float32Array,
    variance: Float32Array,
  ): boolean
  /** difference = factor · (value − level − convolution − background), noise = |factor| · √(rms² + photon · (value − level, where positive) + spread). */
  finish(
    from: Float32Array,
    convolution: Float32Array,
    background: Float64Array,
    spread: Float32Array,
    look: Look,
    factor: number,
    difference: Float32Array,
    noise: Float32Array,
  ): void
  /** Replaces the lower triangle of an n × n matrix by Cholesky's factor; false where it is singular, see `cholesky.ts`. */
  factorise(matrix: Float64Array, n: number, least: number): boolean
  /** Diagonal of the inverse of L·Lᵀ, of an n × n factor L. */
  inverseDiagonal(factor: Float64Array, n: number, out: Float64Array): void
  /** out += Σ factors[i] · pictures[i]; pictures lie one after the other, `length` each. */
  gather(pictures: Float64Array, length: number, factors: Float64Array, out: Float64Array): void
}

/** How a frame's values are to be taken: see `Frame`. */
export interface Look {
  level: number
  rms: number
  photon: number
  saturation: number
}

export const plainLoops: Loops = {
  convolve(from, fromStride, out, outStride, width, height, kernel, size) {
    const line = new Float64Array(width)
    for (let y = 0; y < height; y++) {
      line.fill(0)
      for (let v = 0; v < size; v++) {
        for (let u = 0; u < size; u++) {
          const k = kernel[v * size + u]
          const at = (y + v) * fromStride + u
          for (let x = 0; x < width; x++) line[x] += k * from[at + x]
        }
      }
      out.set(line, y * outStride)
    }
  },
  along(from, fromStride, out, outStride, width, height, kernel) {
    steps(from, fromStride, 1, out, outStride, width, height, kernel)
  },
  across(from, fromStride, out, outStride, width, height, kernel) {
    steps(from, fromStride, fromStride, out, outStride, width, height, kernel)
  },
  gram(columns, length, count, out) {
    for (let i = 0; i < count; i++) {
      for (let j = i; j < count; j++) {
        let sum = 0
        for (let x = 0; x < length; x++) sum += columns[i * length + x] * columns[j * length + x]
        out[i * count + j] += sum
      }
    }
  },
  combine(columns, length, weights, out) {
    const line = new Float64Array(length)
    weights.forEach((weight, i) => {
      for (let x = 0; x < length; x++) line[x] += weight * columns[i * length + x]
    })
    out.set(line)
  },
  weigh(columns, length, count, weights, out) {
    for (let i = 0; i < count; i++) {
      for (let x = 0; x < length; x++) out[i * length + x] = columns[i * length + x] * weights[x]
    }
  },
  less(a, b, factor, out) {
    for (let x = 0; x < a.length; x++) out[x] = a[x] - factor * b[x]
  },
  prepare(from, mask, { level, rms, photon, saturation }, out, variance) {
    let odd = false
    for (let x = 0; x < from.length; x++) {
      const value = from[x]
      const over = value - level
      out[x] = over
      variance[x] = rms * rms + photon * Math.max(0, over)
      if (!(value < saturation && value > -Infinity) || (mask !== null && mask[x] !== 0)) odd = true
    }
    return odd
  },
  finish(from, convolution, background, spread, { level, rms, photon }, factor, difference, noise) {
    for (let x = 0; x < from.length; x++) {
      const over = from[x] - level
      difference[x] = factor * (over - convolution[x] - background[x])
      noise[x] = Math.abs(factor) * Math.sqrt(rms * rms + photon * Math.max(0, over) + spread[x])
    }
  },
  factorise,
  inverseDiagonal(factor, n, out) {
    const row = new Float64Array(n)
    // Columns of 1/L, by rows of its transpose: x with L x = e_k.
    for (let k = 0; k < n; k++) {
      row[k] = 1 / factor[k * n + k]
      let sum = row[k] ** 2
      for (let i = k + 1; i < n; i++) {
        row[i] = -product(factor, i * n + k, row, k, i - k) / factor[i * n + i]
        sum += row[i] ** 2
      }
      out[k] = sum
    }
  },
  gather(pictures, length, factors, out) {
    factors.forEach((factor, i) => {
      for (let x = 0, at = i * length; x < length; x++, at++) out[x] += factor * pictures[at]
    })
  },
}

function steps(
  from: Float32Array,
  fromStride: number,
  by: number,
  out: Float32Array,
  outStride: number,
  width: number,
  height: number,
  kernel: Float32Array,
): void {
  const line = new Float64Array(width)
  for (let y = 0; y < height; y++) {
    line.fill(0)
    for (let u = 0; u < kernel.length; u++) {
      const k = kernel[u]
      const at = y * fromStride + u * by
      for (let x = 0; x < width; x++) line[x] += k * from[at + x]
    }
    out.set(line, y * outStride)
  }
}
