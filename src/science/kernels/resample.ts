/** Sampling of images in WebAssembly SIMD; `samplePlain` in `science/image/resample/kernel.ts` is the reference and the stand-in. */
import { samplePlain } from '#science/image/resample/kernel.ts'
import type { Sampler } from '#science/image/resample/kernel.ts'
import type { Workshop } from '#science/image/workshop.ts'

interface Exports {
  sample(
    data: number,
    variance: number,
    width: number,
    height: number,
    table: number,
    x: number,
    y: number,
    area: number,
    n: number,
    out: number,
    outVariance: number,
    doubts: number,
  ): number
}

/** The sampler that the workshop can do best. Positions beyond 2^19 pixels are left to the plain twin's care. */
export function sampler(workshop: Workshop): Sampler {
  return workshop.once('resample', () => {
    const module = workshop.modules.resample
    if (!module) return samplePlain
    const { arena } = workshop
    const instance = new WebAssembly.Instance(module, { env: { memory: arena.memory } })
    const kernel = instance.exports as unknown as Exports
    return (input, table, x, y, area, n, out, outVariance, doubts) => {
      const { width, height, data, variance } = input
      const arrays = [table, x, y, area, out, doubts, data, ...(variance ? [variance] : [])]
      const whole = outVariance ? [...arrays, outVariance] : arrays
      // Phases of positions are counted in 32 bits.
      if (width >= 2 ** 19 || height >= 2 ** 19 || !whole.every((array) => arena.holds(array))) {
        return samplePlain(input, table, x, y, area, n, out, outVariance, doubts)
      }
      return kernel.sample(
        data.byteOffset,
        outVariance && variance ? variance.byteOffset : 0,
        width,
        height,
        table.byteOffset,
        x.byteOffset,
        y.byteOffset,
        area.byteOffset,
        n,
        out.byteOffset,
        outVariance ? outVariance.byteOffset : 0,
        doubts.byteOffset,
      )
    }
  })
}
