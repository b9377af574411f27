/** Mesh statistics and subtraction of the background: WebAssembly where it is there and the pixels lie on the arena, else plain. */
import type { Background } from '#science/image/background/map.ts'
import { levelSpline, plainRow } from '#science/image/background/map.ts'
import { clippedMoments, countLevels, levelsOf, modeOf } from '#science/image/background/mesh.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import type { Workshop } from '#science/image/workshop.ts'

export interface BackgroundKernel {
  /** Mode and σ of the good pixels of a cell; NaN where less than a half is good. */
  cell(
    plane: Plane,
    mask: Mask | null,
    x0: number,
    y0: number,
    x1: number,
    y1: number,
  ): { mode: number; sigma: number }
  /** Rows y0 … y1 − 1 of `plane` less its background into `out`, which may be `plane`. */
  subtract(plane: Plane, background: Background, out: Plane, y0: number, y1: number): void
}

/** Bytes that the kernel works in, see its source. */
const workBytes = 32 + 4 * 4112 + 12 * 257

interface Exports {
  cell(
    data: number,
    mask: number,
    stride: number,
    x0: number,
    y0: number,
    x1: number,
    y1: number,
    work: number,
  ): number
  subtractRow(
    from: number,
    to: number,
    spline: number,
    columns: number,
    cellWidth: number,
    width: number,
  ): void
}

export function backgroundKernel(workshop: Workshop): BackgroundKernel {
  return workshop.once('kernels/background', () => {
    const plain = plainBackground()
    const module = workshop.modules.background
    return module ? compiledKernel(module, workshop, plain) : plain
  })
}

function compiledKernel(
  module: WebAssembly.Module,
  { arena }: Workshop,
  plain: BackgroundKernel,
): BackgroundKernel {
  const instance = new WebAssembly.Instance(module, { env: { memory: arena.memory } })
  const kernel = instance.exports as unknown as Exports
  const work = arena.take(workBytes)
  const found = new Float64Array(arena.memory.buffer, work, 2)
  return {
    cell(plane, mask, x0, y0, x1, y1) {
      const { data, width } = plane
      if (!arena.holds(data) || (mask && !arena.holds(mask.data))) {
        return plain.cell(plane, mask, x0, y0, x1, y1)
      }
      const is = kernel.cell(data.byteOffset, mask ? mask.data.byteOffset : 0, width, x0, y0, x1, y1, work)
      return is ? { mode: found[0], sigma: found[1] } : { mode: NaN, sigma: NaN }
    },
    subtract(plane, background, out, y0, y1) {
      if (!arena.holds(plane.data) || !arena.holds(out.data)) {
        plain.subtract(plane, background, out, y0, y1)
        return
      }
      const { width, columns, cellWidth } = background
      arena.during(() => {
        const spline = arena.float64(2 * columns)
        for (let y = y0; y < y1; y++) {
          levelSpline(background, y, spline)
          const at = 4 * y * width
          const from = plane.data.byteOffset + at
          kernel.subtractRow(from, out.data.byteOffset + at, spline.byteOffset, columns, cellWidth, width)
        }
      })
    },
  }
}

/** The reference. */
export function plainBackground(): BackgroundKernel {
  const histogram = new Int32Array(4096)
  const sums = new Float64Array(3 * 4097)
  return {
    cell(plane, mask, x0, y0, x1, y1) {
      const moments = clippedMoments(plane, mask, x0, y0, x1, y1)
      if (moments.count === 0) return { mode: NaN, sigma: NaN }
      const levels = levelsOf(moments)
      countLevels(plane, mask, x0, y0, x1, y1, levels, histogram)
      return modeOf(histogram, levels, sums)
    },
    subtract(plane, background, out, y0, y1) {
      const { width, columns, cellWidth } = background
      const row = new Float32Array(width)
      const spline = new Float64Array(2 * columns)
      for (let y = y0; y < y1; y++) {
        levelSpline(background, y, spline)
        plainRow(spline, columns, cellWidth, width, row, 0)
        for (let x = 0, at = y * width; x < width; x++, at++) out.data[at] = plane.data[at] - row[x]
      }
    },
  }
}
