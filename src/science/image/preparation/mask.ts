/** Masks of frames: made from the pixels themselves, from shapes that a person draws, and from other masks. */
import { Problem } from '#problem.ts'
import { drawShapes } from './mask-shapes.ts'
import type { DrawnMask, SkyToPixel } from './mask-shapes.ts'
import { maskBits } from '#science/image/plane.ts'
import type { Mask, Pixels, Plane } from '#science/image/plane.ts'

export interface MaskOptions {
  /** ADU; pixels at or above it are saturated. */
  readonly saturation?: number
  /** Saturated areas are widened by so many pixels. */
  readonly grow?: number
  /** Charge that has run along columns or rows from a saturated pixel is saturated too, while it is above half the level. */
  readonly bleed?: 'columns' | 'rows'
  /** Values below it are a writer's fill and no pixels; see the frame's dialect. */
  readonly fillBelow?: number
  /** The part of the frame that saw light: x0 ≤ x < x1, y0 ≤ y < y1, 0-based. */
  readonly section?: { readonly x0: number; readonly y0: number; readonly x1: number; readonly y1: number }
  readonly drawn?: DrawnMask
  /** Needed for shapes on the sky. */
  readonly wcs?: SkyToPixel
  /** Whatever is not zero in it is masked too; its bits are kept. */
  readonly also?: Mask
}

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

/** The mask of a frame. Bits as `maskBits`. Throws `mask.invalid` for shapes or masks that do not fit. */
export function buildMask(plane: Plane<Pixels>, options: MaskOptions = {}): Mask {
  const { width, height, data } = plane
  const out = new Uint8Array(width * height)
  const mask = { width, height, data: out }
  const saturation = options.saturation ?? Infinity
  const fill = options.fillBelow ?? -Infinity
  for (let i = 0; i < out.length; i++) {
    const value = data[i]
    // Not a number, or infinite: the difference with itself is not zero.
    if (value - value !== 0 || value < fill) out[i] = maskBits.invalid
    else if (value >= saturation) out[i] = maskBits.saturated
  }
  if (options.bleed && Number.isFinite(saturation)) growBleeds(plane, out, saturation / 2, options.bleed)
  if (options.grow) dilate(mask, options.grow, maskBits.saturated)
  if (options.section) {
    const { x0, y0, x1, y1 } = options.section
    for (let y = 0; y < height; y++) {
      const inside = y >= y0 && y < y1
      for (let x = 0; x < width; x++) if (!inside || x < x0 || x >= x1) out[y * width + x] |= maskBits.outside
    }
  }
  if (options.drawn) drawShapes(mask, options.drawn, options.wcs)
  if (options.also) addMask(mask, options.also)
  return mask
}

/** Bits of `other` added to `mask`. */
export function addMask(mask: Mask, other: Mask): void {
  checkSize(other, mask)
  for (let i = 0; i < mask.data.length; i++) mask.data[i] |= other.data[i]
}

/** An uploaded mask, or the bits of a survey's, as ours: pixels with any of `bits` (or not zero, or no number) get `bit`. */
export function maskOfPlane(
  plane: { readonly width: number; readonly height: number; readonly data: ArrayLike<number> },
  { bits, bit = maskBits.drawn }: { bits?: number; bit?: number } = {},
): Mask {
  const data = new Uint8Array(plane.width * plane.height)
  for (let i = 0; i < data.length; i++) {
    const value = plane.data[i]
    if (bits === undefined ? value !== 0 : !Number.isFinite(value) || (value & bits) !== 0) data[i] = bit
  }
  return { width: plane.width, height: plane.height, data }
}

/** Bits of a Legacy Survey `maskbits` image that make a pixel unusable in a band: not primary, bailed out, saturated. */
export function legacyMaskBits(band: 'g' | 'r' | 'i' | 'z'): number {
  const saturated = { g: 0x4 | 0x20, r: 0x8 | 0x40, i: 0x4000 | 0x8000, z: 0x10 | 0x80 }[band]
  return 0x1 | 0x400 | saturated
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

/** Marks what is above `level` and connected to a saturated pixel along a column or row. */
function growBleeds(plane: Plane<Pixels>, out: Uint8Array, level: number, along: 'columns' | 'rows'): void {
  const { width, height, data } = plane
  const step = along === 'columns' ? width : 1
  const across = along === 'columns' ? 1 : width
  const lines = along === 'columns' ? width : height
  const length = along === 'columns' ? height : width
  for (let line = 0; line < lines; line++) {
    for (const direction of [1, -1]) {
      let running = false
      for (let k = 0; k < length; k++) {
        const i = line * across + (direction === 1 ? k : length - 1 - k) * step
        if ((out[i] & maskBits.saturated) !== 0) running = true
        else if (running && data[i] >= level) out[i] |= maskBits.saturated
        else running = false
      }
    }
  }
}
