/** Filtering and thresholding of rows: WebAssembly where it is there and the rows lie on the arena, else plain. */
import type { Mask, Plane } from '#science/image/plane.ts'
import { cleanRow, filterRow, runsOf } from '#science/image/threshold-rows.ts'
import type { Workshop } from '#science/image/workshop.ts'

/** See the functions of `science/image/threshold-rows.ts`. */
export interface DetectKernel {
  cleanRow(plane: Plane, mask: Mask | null, y: number, pad: number, row: Float32Array): void
  filterRow(
    ring: Float32Array,
    stride: number,
    first: number,
    taps: Float32Array,
    rows: number,
    width: number,
    out: Float32Array,
  ): void
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

export function detectKernel(workshop: Workshop): DetectKernel {
  return workshop.once('kernels/detect', () => ({ cleanRow, filterRow, runs: runsOf }))
}
