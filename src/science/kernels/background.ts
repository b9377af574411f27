/** Mesh statistics and subtraction of the background: WebAssembly where it is there and the pixels lie on the arena, else plain. */
import type { Background } from '#science/image/background-map.ts'
import { levelSpline, plainRow } from '#science/image/background-map.ts'
import { clippedMoments, countLevels, levelsOf, modeOf } from '#science/image/mesh.ts'
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

export function backgroundKernel(workshop: Workshop): BackgroundKernel {
  return workshop.once('kernels/background', () => plainKernel())
}

function plainKernel(): BackgroundKernel {
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
