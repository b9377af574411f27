/**
 * Noise decorrelation of stacks and differences (Hu et al. 2022 after Lupton; for differences Reiss & Lupton 2016): convolution correlates
 * noise, and one further convolution makes it white again.
 */
import { Problem } from '#problem.ts'
import { fourier, type Spectrum } from './fourier.ts'

/** A square kernel of odd size, rows from the bottom. */
export interface Kernel {
  size: number
  data: Float64Array
}

/** One frame of a stack: noise of its sky, ADU, and the kernel it was convolved with before. */
export interface Contribution {
  sigma: number
  kernel?: Kernel | null
}

export interface DecorrelationInput {
  /** Frames of the stack that was not convolved in the subtraction (of both together where there was none). */
  reference: readonly Contribution[]
  /** Frames of the stack that was. */
  convolved?: readonly Contribution[]
  /** What that one was convolved with. */
  kernel?: Kernel | null
  /** Of the result; twice the largest kernel's unless given. */
  size?: number
}

/**
 * Kernel that makes the difference of two means of frames white: 1 / √(Σ σ_j² |K_j|² / N_j² + Σ σ_i² |K_i|² |K|² / N_i²) in Fourier space, cut to
 * `size` and brought to unit sum. Throws Problem `subtract.noise` where no noise is given.
 */
export function decorrelationKernel(input: DecorrelationInput): Kernel {
  const { reference, convolved = [], kernel } = input
  const kernels = [...reference, ...convolved].map((frame) => frame.kernel?.size ?? 1)
  const largest = Math.max(kernel?.size ?? 1, ...kernels)
  const wanted = input.size ?? Math.max(3, Math.round(2 * largest))
  const size = wanted % 2 === 0 ? wanted + 1 : wanted
  // The noise's correlation ends within a few kernels; the period has to be longer.
  const grid = 2 ** Math.max(8, Math.ceil(Math.log2(2 * size)))
  const power = new Float64Array(grid * grid)
  const last = powerOf(kernel, grid)
  const add = (frames: readonly Contribution[], under: Float64Array | null) => {
    for (const { sigma, kernel: own } of frames) {
      const squares = powerOf(own, grid)
      const weight = (sigma / frames.length) ** 2
      for (let i = 0; i < power.length; i++) {
        power[i] += weight * (squares?.[i] ?? 1) * (under?.[i] ?? 1)
      }
    }
  }
  add(reference, null)
  add(convolved, last)
  if (!power.every((value) => value > 0 && value < Infinity)) {
    throw new Problem(
      'subtract.noise',
      'Decorrelation needs the noise of at least one frame that was not convolved, in ADU and above 0.',
    )
  }
  const spectrum: Spectrum = {
    width: grid,
    height: grid,
    re: power.map((value) => 1 / Math.sqrt(value)),
    im: new Float64Array(grid * grid),
  }
  fourier(spectrum, 'backward')
  const half = (size - 1) / 2
  const data = new Float64Array(size * size)
  let sum = 0
  for (let v = 0; v < size; v++) {
    for (let u = 0; u < size; u++) {
      const at = ((v - half + grid) % grid) * grid + ((u - half + grid) % grid)
      sum += data[v * size + u] = spectrum.re[at]
    }
  }
  return { size, data: data.map((value) => value / sum) }
}

/** |K|² on a grid; null for no kernel, which is 1 everywhere. */
function powerOf(kernel: Kernel | null | undefined, grid: number): Float64Array | null {
  if (!kernel) return null
  const re = new Float64Array(grid * grid)
  const im = new Float64Array(grid * grid)
  const half = (kernel.size - 1) / 2
  for (let v = 0; v < kernel.size; v++) {
    for (let u = 0; u < kernel.size; u++) {
      const at = ((v - half + grid) % grid) * grid + ((u - half + grid) % grid)
      re[at] += kernel.data[v * kernel.size + u]
    }
  }
  fourier({ width: grid, height: grid, re, im }, 'forward')
  return re.map((value, i) => value * value + im[i] * im[i])
}

/** Two kernels one after the other: a point source that goes through the first and then the second. */
export function chained(first: Kernel, second: Kernel): Kernel {
  const size = first.size + second.size - 1
  const data = new Float64Array(size * size)
  for (let v = 0; v < first.size; v++) {
    for (let u = 0; u < first.size; u++) {
      const k = first.data[v * first.size + u]
      if (k === 0) continue
      for (let t = 0; t < second.size; t++) {
        const at = (v + t) * size + u
        const from = t * second.size
        for (let s = 0; s < second.size; s++) data[at + s] += k * second.data[from + s]
      }
    }
  }
  return { size, data }
}
