/**
 * Interleaving of bits (Morton codes): the order in which NESTED pixels follow each other inside a base face.
 */

/** Bits 0–15 of `v` moved to the even bits of an unsigned 32-bit integer. */
export function spread(v: number): number {
  v &= 0xffff
  v = (v | (v << 8)) & 0x00ff00ff
  v = (v | (v << 4)) & 0x0f0f0f0f
  v = (v | (v << 2)) & 0x33333333
  return ((v | (v << 1)) & 0x55555555) >>> 0
}

/** The even bits of `v` packed into bits 0–15: the inverse of `spread`. */
export function compact(v: number): number {
  v &= 0x55555555
  v = (v | (v >>> 1)) & 0x33333333
  v = (v | (v >>> 2)) & 0x0f0f0f0f
  v = (v | (v >>> 4)) & 0x00ff00ff
  return (v | (v >>> 8)) & 0xffff
}

/** Morton code of (x, y) below 2¹⁶ each, as an unsigned 32-bit integer. */
export function interleave(x: number, y: number): number {
  return (spread(x) | (spread(y) << 1)) >>> 0
}
