/**
 * Convolutions and sums of products for image subtraction in WebAssembly SIMD. The plain twin in `science/image/subtract/loops.ts` is the
 * reference and does the work where the kernel is missing or an array does not lie on the workshop's memory.
 */
import { plainLoops, type Loops } from '#science/image/subtract/loops.ts'
import type { Workshop } from '#science/image/workshop.ts'

interface Exports {
  convolve(
    from: number,
    fromStride: number,
    out: number,
    outStride: number,
    width: number,
    height: number,
    kernel: number,
    size: number,
  ): void
  along: Exports['convolve']
  across: Exports['convolve']
  gram(columns: number, stride: number, length: number, count: number, out: number): void
  combine(columns: number, stride: number, length: number, count: number, weights: number, out: number): void
  weigh: Exports['combine']
  less(a: number, b: number, factor: number, out: number, length: number): void
  prepare(
    from: number,
    mask: number,
    length: number,
    level: number,
    rms2: number,
    photon: number,
    saturation: number,
    out: number,
    variance: number,
  ): number
  finish(
    from: number,
    convolution: number,
    background: number,
    spread: number,
    length: number,
    level: number,
    rms2: number,
    photon: number,
    factor: number,
    difference: number,
    noise: number,
  ): void
  factorise(matrix: number, n: number, stride: number, least: number): number
  inverseDiagonal(factor: number, n: number, stride: number, out: number, scratch: number): void
  gather(pictures: number, length: number, count: number, factors: number, out: number): void
}

/** The inner loops of image subtraction as fast as the workshop can do them. */
export function convolutionLoops(workshop: Workshop): Loops {
  return workshop.once('convolve', () => {
    const module = workshop.modules.convolve
    return module ? compiledLoops(module, workshop) : plainLoops
  })
}

function compiledLoops(module: WebAssembly.Module, { arena }: Workshop): Loops {
  const instance = new WebAssembly.Instance(module, { env: { memory: arena.memory } })
  const kernel = instance.exports as unknown as Exports
  const here = (...arrays: ArrayBufferView[]) => arrays.every((array) => arena.holds(array))
  return {
    convolve(from, fromStride, out, outStride, width, height, taps, size) {
      if (!here(from, out, taps) || width % 16 || height % 2) {
        return plainLoops.convolve(from, fromStride, out, outStride, width, height, taps, size)
      }
      kernel.convolve(
        from.byteOffset,
        fromStride,
        out.byteOffset,
        outStride,
        width,
        height,
        taps.byteOffset,
        size,
      )
    },
    along(from, fromStride, out, outStride, width, height, taps) {
      if (!here(from, out, taps) || width % 16) {
        return plainLoops.along(from, fromStride, out, outStride, width, height, taps)
      }
      const [at, to, k] = [from.byteOffset, out.byteOffset, taps.byteOffset]
      kernel.along(at, fromStride, to, outStride, width, height, k, taps.length)
    },
    across(from, fromStride, out, outStride, width, height, taps) {
      if (!here(from, out, taps) || width % 16) {
        return plainLoops.across(from, fromStride, out, outStride, width, height, taps)
      }
      const [at, to, k] = [from.byteOffset, out.byteOffset, taps.byteOffset]
      kernel.across(at, fromStride, to, outStride, width, height, k, taps.length)
    },
    gram(columns, length, count, out) {
      if (!here(columns, out) || length % 4 || count % 4) return plainLoops.gram(columns, length, count, out)
      kernel.gram(columns.byteOffset, length, length, count, out.byteOffset)
    },
    combine(columns, length, weights, out) {
      if (!here(columns, weights, out) || length % 16) {
        return plainLoops.combine(columns, length, weights, out)
      }
      const [at, w, to] = [columns.byteOffset, weights.byteOffset, out.byteOffset]
      kernel.combine(at, length, length, weights.length, w, to)
    },
    weigh(columns, length, count, weights, out) {
      if (!here(columns, weights, out) || length % 4) {
        return plainLoops.weigh(columns, length, count, weights, out)
      }
      const [at, w, to] = [columns.byteOffset, weights.byteOffset, out.byteOffset]
      kernel.weigh(at, length, length, count, w, to)
    },
    less(a, b, factor, out) {
      if (!here(a, b, out) || a.length % 4) return plainLoops.less(a, b, factor, out)
      kernel.less(a.byteOffset, b.byteOffset, factor, out.byteOffset, a.length)
    },
    prepare(from, mask, look, out, variance) {
      if (!here(from, out, variance) || (mask && !here(mask))) {
        return plainLoops.prepare(from, mask, look, out, variance)
      }
      const { level, rms, photon, saturation } = look
      const [at, bits] = [from.byteOffset, mask?.byteOffset ?? 0]
      const [to, spread] = [out.byteOffset, variance.byteOffset]
      return kernel.prepare(at, bits, from.length, level, rms * rms, photon, saturation, to, spread) !== 0
    },
    finish(from, convolution, background, spread, look, factor, difference, noise) {
      if (!here(from, convolution, background, spread, difference, noise)) {
        plainLoops.finish(from, convolution, background, spread, look, factor, difference, noise)
        return
      }
      kernel.finish(
        from.byteOffset,
        convolution.byteOffset,
        background.byteOffset,
        spread.byteOffset,
        from.length,
        look.level,
        look.rms * look.rms,
        look.photon,
        factor,
        difference.byteOffset,
        noise.byteOffset,
      )
    },
    factorise(matrix, n, least) {
      if (!here(matrix) || n % 2) return plainLoops.factorise(matrix, n, least)
      return kernel.factorise(matrix.byteOffset, n, n, least) !== 0
    },
    inverseDiagonal(factor, n, out) {
      if (!here(factor, out)) return plainLoops.inverseDiagonal(factor, n, out)
      arena.during(() => {
        const scratch = arena.float64(8 * n)
        kernel.inverseDiagonal(factor.byteOffset, n, n, out.byteOffset, scratch.byteOffset)
      })
    },
    gather(pictures, length, factors, out) {
      if (!here(pictures, factors, out) || length % 8)
        return plainLoops.gather(pictures, length, factors, out)
      const [from, by] = [pictures.byteOffset, factors.byteOffset]
      kernel.gather(from, length, factors.length, by, out.byteOffset)
    },
  }
}
