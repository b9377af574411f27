/** Parts of a frame. */
import type { Arena } from '#science/kernels/arena.ts'
import type { Mask, Plane } from '#science/image/plane.ts'

/** Pixels from 0, the ends not included; within the frame. */
export interface Box {
  readonly x0: number
  readonly y0: number
  readonly x1: number
  readonly y1: number
}

/** A copy of a part of a plane, on the arena. In a WCS the reference pixel moves by (−x0, −y0). */
export function cropPlane({ width, data }: Plane, box: Box, arena: Arena): Plane {
  const size = { width: box.x1 - box.x0, height: box.y1 - box.y0 }
  return { ...size, data: copyPart(data, width, box, arena.float32(size.width * size.height)) }
}

/** The same part of a mask. */
export function cropMask({ width, data }: Mask, box: Box, arena: Arena): Mask {
  const size = { width: box.x1 - box.x0, height: box.y1 - box.y0 }
  return { ...size, data: copyPart(data, width, box, arena.uint8(size.width * size.height)) }
}

function copyPart<T extends Float32Array | Uint8Array>(
  from: T,
  stride: number,
  { x0, y0, x1, y1 }: Box,
  to: T,
): T {
  for (let y = y0; y < y1; y++) to.set(from.subarray(y * stride + x0, y * stride + x1), (y - y0) * (x1 - x0))
  return to
}
