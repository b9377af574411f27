/** Images that are given row by row, so that many of them never lie in memory at once. */
import type { Mask, Pixels, Plane } from './plane.ts'

/** Room for rows; `variance` is left alone by images that have none. */
export interface RowArrays<P extends Pixels = Float32Array> {
  readonly data: P
  readonly variance: P | null
  readonly mask: Uint8Array
}

export interface RowSource<P extends Pixels = Float32Array> {
  readonly width: number
  readonly height: number
  readonly hasVariance: boolean
  /** Writes rows from y0 to before y1, all of `mask` too. */
  rows(y0: number, y1: number, out: RowArrays<P>): void
}

/** Rows of a plane in memory. */
export function planeRows<P extends Pixels>(
  { width, height, data }: Plane<P>,
  { variance = null, mask = null }: { variance?: Plane<P> | null; mask?: Mask | null } = {},
): RowSource<P> {
  return {
    width,
    height,
    hasVariance: variance !== null,
    rows(y0, y1, out) {
      const [from, to] = [y0 * width, y1 * width]
      out.data.set(data.subarray(from, to))
      if (variance && out.variance) out.variance.set(variance.data.subarray(from, to))
      if (mask) out.mask.set(mask.data.subarray(from, to))
      else out.mask.fill(0, 0, to - from)
    },
  }
}
