import { writeFileSync } from 'node:fs'
import { card } from '#science/fits/header.ts'
import { writeFits } from '#science/fits/write.ts'
import type { Box } from '#science/image/preparation/crop.ts'
import { kernelAt } from '#science/image/subtract/model.ts'
import type { Difference, MatchedDifference } from '#science/image/subtract/options.ts'

/** Places of a region at which its kernels are kept, across and up. */
const across = 5

interface Stamp {
  readonly column: number
  readonly row: number
  readonly halfWidth: number
  readonly values: Float64Array
}

/** Kernels over a region, gathered tile by tile. */
export interface KernelStamps {
  /** Takes the places that lie in the core of a tile; `box` is what was subtracted of it, in pixels of the region. */
  readonly add: (result: Difference, core: Box, box: Box) => void
  /** Writes them side by side, each where its place lies, with blank pixels between. False where there is none. */
  readonly write: (path: string) => boolean
}

const hasKernel = (result: Difference): result is MatchedDifference => 'kernel' in result

export function kernelStamps(region: Box): KernelStamps {
  const stamps: Stamp[] = []
  const place = (from: number, to: number, i: number): number =>
    from + Math.floor(((i + 0.5) * (to - from)) / across)
  return {
    add(result, core, box) {
      if (!hasKernel(result)) return
      for (let row = 0; row < across; row++)
        for (let column = 0; column < across; column++) {
          const x = place(region.x0, region.x1, column)
          const y = place(region.y0, region.y1, row)
          if (x < core.x0 || x >= core.x1 || y < core.y0 || y >= core.y1) continue
          const { kernel } = result
          const values = kernelAt(kernel, x - region.x0 - box.x0, y - region.y0 - box.y0)
          stamps.push({ column, row, halfWidth: kernel.halfWidth, values })
        }
    },
    write(path) {
      if (stamps.length === 0) return false
      const half = Math.max(...stamps.map(({ halfWidth }) => halfWidth))
      const side = 2 * half + 1
      const step = side + 1
      const width = across * step - 1
      const data = new Float32Array(width * width).fill(Number.NaN)
      for (const { column, row, halfWidth, values } of stamps)
        for (let v = -half; v <= half; v++)
          for (let u = -half; u <= half; u++) {
            const inside = Math.max(Math.abs(u), Math.abs(v)) <= halfWidth
            data[(row * step + v + half) * width + column * step + u + half] = inside
              ? values[(v + halfWidth) * (2 * halfWidth + 1) + u + halfWidth]!
              : 0
          }
      const cards = [
        card('KERNSIZE', side, 'pixels of a kernel; blank ones part them'),
        card('KERNGRID', across, 'kernels across and up, over the region'),
        card('REGX0', region.x0 + 1, 'first column of the region'),
        card('REGY0', region.y0 + 1, 'first row of the region'),
        card('REGX1', region.x1, 'last column of the region'),
        card('REGY1', region.y1, 'last row of the region'),
      ]
      writeFileSync(path, writeFits([{ kind: 'image', shape: [width, width], data, cards }]))
      return true
    },
  }
}
