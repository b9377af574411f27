/** Masks of frames: compared, joined, counted and widened. */
import { Problem } from '#problem.ts'
import { maskBits } from '#science/image/plane.ts'
import type { Mask } from '#science/image/plane.ts'

export interface MaskCounts {
  readonly pixels: number
  readonly masked: number
  readonly invalid: number
  readonly saturated: number
  readonly cosmic: number
  readonly drawn: number
  readonly outside: number
}

/** Throws `mask.invalid` where a mask is not of a plane's size. */
export function checkSize(
  mask: Mask,
  plane: { readonly width: number; readonly height: number },
  what = 'mask',
): void {
  if (mask.width === plane.width && mask.height === plane.height) return
  throw new Problem(
    'mask.invalid',
    `The ${what} is ${mask.width} × ${mask.height} pixels and the frame ${plane.width} × ${plane.height}; they must be the same.`,
  )
}

/** Bits of `other` added to `mask`. */
export function addMask(mask: Mask, other: Mask): void {
  checkSize(other, mask)
  for (let i = 0; i < mask.data.length; i++) mask.data[i] |= other.data[i]
}

/** How much is masked and why; a pixel counts for each of its bits. */
export function countMask({ data }: Mask): MaskCounts {
  const counts = { pixels: data.length, masked: 0, invalid: 0, saturated: 0, cosmic: 0, drawn: 0, outside: 0 }
  const histogram = new Float64Array(256)
  for (const each of data) histogram[each]++
  for (let value = 1; value < 256; value++) {
    counts.masked += histogram[value]
    for (const name of ['invalid', 'saturated', 'cosmic', 'drawn', 'outside'] as const)
      if (value & maskBits[name]) counts[name] += histogram[value]
  }
  return counts
}

/** Widens what has any of `bits` by a radius in pixels (a disc), in place; the new pixels get those bits. */
export function dilate(mask: Mask, radius: number, bits: number): void {
  const { width, height, data } = mask
  const reach = Math.floor(radius)
  if (reach < 1) return
  const far = 65535
  const rows = 2 * reach + 1
  // Distance along the row to the nearest marked pixel, for as many rows as a disc is high; marks are those of before.
  const distance = new Uint16Array(rows * width)
  const half = Int32Array.from({ length: rows }, (_, k) =>
    Math.floor(Math.sqrt(Math.max(0, radius ** 2 - (k - reach) ** 2))),
  )
  const measure = (y: number) => {
    const at = (y % rows) * width
    let last = far
    for (let x = 0; x < width; x++) {
      last = (data[y * width + x] & bits) !== 0 ? 0 : last === far ? far : last + 1
      distance[at + x] = last
    }
    last = far
    for (let x = width - 1; x >= 0; x--) {
      last = distance[at + x] === 0 ? 0 : last === far ? far : last + 1
      if (last < distance[at + x]) distance[at + x] = last
    }
  }
  for (let y = 0; y < Math.min(height, reach); y++) measure(y)
  for (let y = 0; y < height; y++) {
    if (y + reach < height) measure(y + reach)
    const from = Math.max(0, y - reach)
    const to = Math.min(height - 1, y + reach)
    for (let row = from; row <= to; row++) {
      const at = (row % rows) * width
      const allowed = half[row - y + reach]
      for (let x = 0; x < width; x++) if (distance[at + x] <= allowed) data[y * width + x] |= bits
    }
  }
}
