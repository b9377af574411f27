/**
 * Fourier transforms of two dimensions in WebAssembly SIMD, lines cut over the crew. The plain twin in `science/image/subtract/fourier.ts` is the
 * reference and does the work where the kernel is missing or the arrays do not lie on the workshop's memory.
 */
import { factorsOf, fourier, twiddles, type Spectrum } from '#science/image/subtract/fourier.ts'
import type { Pixels } from '#science/image/plane.ts'
import type { Part, Workshop } from '#science/image/workshop.ts'

interface Exports {
  lines32(
    re: number,
    im: number,
    n: number,
    step: number,
    count: number,
    next: number,
    table: number,
    factors: number,
    passes: number,
    scratch: number,
  ): void
  lines64: Exports['lines32']
}

interface LinesInput {
  re: Pixels
  im: Pixels
  n: number
  step: number
  count: number
  next: number
}

/** Transforms its lines. */
export const fourierLines: Part<LinesInput, void> = {
  module: import.meta.url,
  name: 'fourierLines',
  run({ re, im, n, step, count, next }, workshop) {
    const { arena } = workshop
    const kernel = kernelOf(workshop)
    if (!kernel) return
    arena.during(() => {
      const single = re instanceof Float32Array
      const table = single ? arena.float32(2 * n) : arena.float64(2 * n)
      table.set(twiddles(n))
      const factors = factorsOf(n)
      const order = arena.int32(Math.max(1, factors.length))
      order.set(factors)
      kernel[single ? 'lines32' : 'lines64'](
        re.byteOffset,
        im.byteOffset,
        n,
        step,
        count,
        next,
        table.byteOffset,
        order.byteOffset,
        factors.length,
        arena.take(4 * 64 * n),
      )
    })
  },
}

function kernelOf(workshop: Workshop): Exports | null {
  return workshop.once('fft', () => {
    const module = workshop.modules.fft
    if (!module) return null
    const instance = new WebAssembly.Instance(module, { env: { memory: workshop.arena.memory } })
    return instance.exports as unknown as Exports
  })
}

/**
 * Transforms in place, in the precision of the arrays; backward divides by the number of pixels. Throws Problem `fourier.size` where a side
 * has factors other than 2, 3 and 5.
 */
export function transform(spectrum: Spectrum, direction: 'forward' | 'backward', workshop: Workshop): void {
  const { width, height, re, im } = spectrum
  const { arena, crew } = workshop
  if (!kernelOf(workshop) || !arena.holds(re) || !arena.holds(im)) return fourier(spectrum, direction)
  factorsOf(width)
  factorsOf(height)
  const [a, b] = direction === 'forward' ? [re, im] : [im, re]
  const cut = (count: number, lines: (from: number, to: number) => LinesInput) => {
    // Whole vectors of lines to each hand.
    const each = Math.max(16, Math.ceil(count / (2 * crew.hands) / 16) * 16)
    const pieces = Math.ceil(count / each)
    const inputs = Array.from({ length: pieces }, (_, i) => lines(i * each, Math.min(count, (i + 1) * each)))
    crew.each(fourierLines, inputs, workshop)
  }
  cut(height, (from, to) => ({
    re: a.subarray(from * width),
    im: b.subarray(from * width),
    n: width,
    step: 1,
    count: to - from,
    next: width,
  }))
  cut(width, (from, to) => ({
    re: a.subarray(from),
    im: b.subarray(from),
    n: height,
    step: width,
    count: to - from,
    next: 1,
  }))
  if (direction === 'forward') return
  const scale = 1 / (width * height)
  for (let i = 0; i < re.length; i++) {
    re[i] *= scale
    im[i] *= scale
  }
}
