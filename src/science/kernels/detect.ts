/** Filtering and thresholding of rows: WebAssembly where it is there and the rows lie on the arena, else plain. */
import { cleanRow, filterRow, runLength, runsOf } from '#science/image/detection/threshold-rows.ts'
import type { Workshop } from '#science/image/workshop.ts'

/** See the functions of `science/image/threshold-rows.ts`. */
export interface DetectKernel {
  cleanRow: typeof cleanRow
  filterRow: typeof filterRow
  runs(
    row: Float32Array,
    width: number,
    y: number,
    threshold: number,
    runs: Int32Array,
    runAt: number,
    values: Float32Array,
    valueAt: number,
  ): { runs: number; pixels: number }
}

interface Exports {
  cleanRow(from: number, mask: number, width: number, pad: number, to: number, stride: number): number
  filterRow(
    ring: number,
    stride: number,
    first: number,
    taps: number,
    rows: number,
    columns: number,
    width: number,
    out: number,
  ): void
  runs(
    row: number,
    width: number,
    y: number,
    threshold: number,
    out: number,
    values: number,
    valueAt: number,
  ): number
}

/** The reference. */
export const plainDetect: DetectKernel = { cleanRow, filterRow, runs: runsOf }

export function detectKernel(workshop: Workshop): DetectKernel {
  return workshop.once('kernels/detect', () => {
    const module = workshop.modules.detect
    return module ? compiledKernel(module, workshop) : plainDetect
  })
}

function compiledKernel(module: WebAssembly.Module, { arena }: Workshop): DetectKernel {
  const instance = new WebAssembly.Instance(module, { env: { memory: arena.memory } })
  const kernel = instance.exports as unknown as Exports
  return {
    cleanRow(plane, mask, y, pad, row) {
      const { width, data } = plane
      if (!arena.holds(data) || !arena.holds(row) || (mask && !arena.holds(mask.data))) {
        return cleanRow(plane, mask, y, pad, row)
      }
      const from = data.byteOffset + 4 * y * width
      const maskAt = mask ? mask.data.byteOffset + y * width : 0
      return kernel.cleanRow(from, maskAt, width, pad, row.byteOffset, row.length)
    },
    filterRow(ring, stride, first, taps, rows, width, out) {
      if (!arena.holds(ring) || !arena.holds(taps) || !arena.holds(out)) {
        filterRow(ring, stride, first, taps, rows, width, out)
        return
      }
      const columns = taps.length / rows
      const [from, tapsAt, to] = [ring.byteOffset, taps.byteOffset, out.byteOffset]
      kernel.filterRow(from, stride, first, tapsAt, rows, columns, width, to)
    },
    runs(row, width, y, threshold, runs, runAt, values, valueAt) {
      if (!arena.holds(row) || !arena.holds(runs) || !arena.holds(values)) {
        return runsOf(row, width, y, threshold, runs, runAt, values, valueAt)
      }
      const out = runs.byteOffset + 4 * runAt
      const count = kernel.runs(row.byteOffset, width, y, threshold, out, values.byteOffset, valueAt)
      const last = runAt + runLength * (count - 1)
      const pixels = count > 0 ? runs[last + 3] + runs[last + 2] - runs[last + 1] - valueAt : 0
      return { runs: count, pixels }
    },
  }
}
