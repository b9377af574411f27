/**
 * Fourier transforms of two dimensions, of any size 2^a 3^b 5^c, real and imaginary parts apart: Stockham's algorithm, many lines at a time.
 * The reference of the kernel `fft` and what works where that is not there. Forward is Σ f exp(−2πi…), backward divides by the
 * number of pixels.
 */
import { Problem } from '#problem.ts'
import type { Pixels } from '#science/image/plane.ts'

export interface Spectrum<P extends Pixels = Pixels> {
  width: number
  height: number
  re: P
  im: P
}

/** The least size of at least `n` that has a fast transform. */
export function fastSize(n: number): number {
  for (let size = Math.max(1, Math.ceil(n)); ; size++) if (restOf(size) === 1) return size
}

function restOf(n: number): number {
  let rest = n
  for (const factor of [2, 3, 5]) while (rest % factor === 0) rest /= factor
  return rest
}

/** Factors 4, 2, 3, 5 in the order in which they are worked off. Throws Problem `fourier.size` for other sizes. */
export function factorsOf(n: number): number[] {
  if (!(n >= 1) || restOf(n) !== 1) {
    throw new Problem(
      'fourier.size',
      `A length of ${n} has factors other than 2, 3 and 5; pad to ${fastSize(n)}.`,
    )
  }
  const factors: number[] = []
  let rest = n
  for (const factor of [5, 3, 4, 2]) {
    while (rest % factor === 0) {
      factors.push(factor)
      rest /= factor
    }
  }
  return factors
}

/** cos and −sin of 2πk/n, one after the other. */
export function twiddles(n: number): Float64Array {
  const table = new Float64Array(2 * n)
  for (let k = 0; k < n; k++) {
    table[k] = Math.cos((2 * Math.PI * k) / n)
    table[n + k] = -Math.sin((2 * Math.PI * k) / n)
  }
  return table
}

/** Transforms in place. */
export function fourier({ width, height, re, im }: Spectrum, direction: 'forward' | 'backward'): void {
  // Backward is forward with the parts exchanged.
  const [a, b] = direction === 'forward' ? [re, im] : [im, re]
  lines(a, b, width, 1, height, width)
  lines(a, b, height, width, width, 1)
  if (direction === 'forward') return
  const scale = 1 / (width * height)
  for (let i = 0; i < re.length; i++) {
    re[i] *= scale
    im[i] *= scale
  }
}

/** `count` transforms of `n` numbers `step` apart, their beginnings `next` apart. */
function lines(re: Pixels, im: Pixels, n: number, step: number, count: number, next: number): void {
  const factors = factorsOf(n)
  const table = twiddles(n)
  let [xr, xi, yr, yi] = Array.from({ length: 4 }, () => new Float64Array(n))
  for (let line = 0; line < count; line++) {
    for (let i = 0; i < n; i++) {
      xr[i] = re[line * next + i * step]
      xi[i] = im[line * next + i * step]
    }
    let left = n
    let stride = 1
    for (const radix of factors) {
      pass(xr, xi, yr, yi, n, left, stride, radix, table)
      left /= radix
      stride *= radix
      ;[xr, xi, yr, yi] = [yr, yi, xr, xi]
    }
    for (let i = 0; i < n; i++) {
      re[line * next + i * step] = xr[i]
      im[line * next + i * step] = xi[i]
    }
  }
}

/** One pass: transforms of length `left` become `radix` times as many of length left / radix. */
function pass(
  xr: Float64Array,
  xi: Float64Array,
  yr: Float64Array,
  yi: Float64Array,
  n: number,
  left: number,
  stride: number,
  radix: number,
  table: Float64Array,
): void {
  const m = left / radix
  const step = n / radix
  for (let p = 0; p < m; p++) {
    for (let q = 0; q < stride; q++) {
      for (let k = 0; k < radix; k++) {
        let [sumRe, sumIm] = [0, 0]
        for (let l = 0; l < radix; l++) {
          const at = q + stride * (p + m * l)
          const w = ((k * l) % radix) * step
          sumRe += xr[at] * table[w] - xi[at] * table[n + w]
          sumIm += xr[at] * table[n + w] + xi[at] * table[w]
        }
        const w = (p * k * stride) % n
        const to = q + stride * (radix * p + k)
        yr[to] = sumRe * table[w] - sumIm * table[n + w]
        yi[to] = sumRe * table[n + w] + sumIm * table[w]
      }
    }
  }
}
