/**
 * What the fit works on, star by star: the convolved frame under each function of the basis, the background's polynomials and
 * the reference frame, pixel by pixel in a small square.
 */
import type { Part, Workshop } from '#science/image/workshop.ts'
import { convolutionLoops } from '#science/kernels/convolve.ts'
import type { Basis } from './basis.ts'
import type { Frame } from './noise.ts'
import { isGood } from './noise.ts'
import { legendreRows, polynomialCount } from './polynomial.ts'
import type { Stamp } from './stamps.ts'

/** How the squares lie in memory: rows `stride` apart, `length` elements to a column, `count` columns to a star. */
export interface Squares {
  halfWidth: number
  stride: number
  length: number
  /** Terms of the kernel, then of the background, then the reference frame. */
  terms: number
  background: number
  count: number
  /** `count` rounded up to four, for products. */
  padded: number
}

export function squaresOf(halfWidth: number, terms: number, backgroundOrder: number): Squares {
  const size = 2 * halfWidth + 1
  const stride = Math.ceil(size / 16) * 16
  const background = polynomialCount(backgroundOrder)
  const count = terms + background + 1
  return {
    halfWidth,
    stride,
    length: stride * size,
    terms,
    background,
    count,
    padded: Math.ceil(count / 4) * 4,
  }
}

export interface ColumnsInput {
  reference: Frame
  convolved: Frame
  basis: Basis
  squares: Squares
  backgroundOrder: number
  stamps: Stamp[]
  /** One after the other, `count` · `length` each. */
  columns: Float32Array
  /** 1 where a pixel can be used, `length` for each star. */
  good: Uint8Array
}

/** Fills in columns and good pixels of its stars. */
export const stampColumns: Part<ColumnsInput, void> = {
  module: import.meta.url,
  name: 'stampColumns',
  run(input, workshop) {
    workshop.arena.during(() => fill(input, workshop))
  },
}

function fill(input: ColumnsInput, workshop: Workshop): void {
  const { reference, convolved, basis, squares, backgroundOrder, stamps, columns, good } = input
  const { arena } = workshop
  const loops = convolutionLoops(workshop)
  const { halfWidth: h, stride, length, terms, count } = squares
  const size = 2 * h + 1
  const r = basis.halfWidth
  const taps = basis.functions.map((f) => {
    const turned = arena.float32(f.length)
    // Numbers too small for single precision cost a hundred times as much as zeros.
    turned.set(f.toReversed().map((value) => (Math.abs(value) < 1e-12 ? 0 : value)))
    return turned
  })
  const wide = Math.ceil((stride + 2 * r) / 4) * 4
  const tall = size + 2 * r
  const window = arena.float32(wide * tall)
  const half = basis.functions.map(() => arena.float32(stride * tall))
  const rows = basis.functions.map((_, f) => basis.terms.some((term) => term.x === f))
  const { width, height, data } = reference.plane
  const [px, py] = [legendreRows(backgroundOrder, width), legendreRows(backgroundOrder, height)]
  const usable = new Uint8Array(length)
  stamps.forEach((stamp, s) => {
    const badNear = cutOut(convolved, stamp.x - h - r, stamp.y - h - r, window, wide, tall)
    basis.functions.forEach((_, f) => {
      if (rows[f]) loops.along(window, wide, half[f], stride, stride, tall, taps[f])
    })
    const own = columns.subarray(s * count * length, (s + 1) * count * length)
    const first = own.subarray(0, length)
    basis.terms.forEach(({ x, y, share }, n) => {
      const column = own.subarray(n * length, (n + 1) * length)
      loops.across(half[x], stride, column, stride, stride, size, taps[y])
      if (share !== 0) loops.less(column, first, share, column)
    })
    usable.fill(0)
    for (let v = 0; v < size; v++) {
      const y = stamp.y - h + v
      for (let u = 0; u < size; u++) {
        const x = stamp.x - h + u
        const at = v * stride + u
        const there = x >= r && y >= r && x < width - r && y < height - r
        const i = y * width + x
        usable[at] = Number(there && isGood(reference, i))
        own[(count - 1) * length + at] = usable[at] ? data[i] - reference.level : 0
      }
      for (let u = size; u < stride; u++) {
        for (let b = terms; b < count; b++) own[b * length + v * stride + u] = 0
      }
    }
    for (let total = 0, b = terms; total <= backgroundOrder; total++) {
      for (let j = 0; j <= total; j++, b++) {
        const [along, across] = [px[total - j], py[j]]
        for (let v = 0; v < size; v++) {
          const at = b * length + v * stride
          // Beyond the frame, where nothing is usable, 0 will do.
          const factor = across[stamp.y - h + v] ?? 0
          for (let u = 0, x = stamp.x - h; u < size; u++, x++) {
            own[at + u] = x >= 0 && x < width ? factor * along[x] : 0
          }
        }
      }
    }
    if (badNear) spoil(convolved, stamp, r, squares, usable)
    good.set(usable, s * length)
  })
}

/** Copies a window of a frame less its sky, 0 where it has no value; true if any of it is bad. */
function cutOut(
  frame: Frame,
  x0: number,
  y0: number,
  out: Float32Array,
  stride: number,
  rows: number,
): boolean {
  const { width, height, data } = frame.plane
  let bad = false
  for (let v = 0; v < rows; v++) {
    const y = y0 + v
    for (let u = 0; u < stride; u++) {
      const x = x0 + u
      const at = v * stride + u
      if (x < 0 || y < 0 || x >= width || y >= height) {
        out[at] = 0
        continue
      }
      const value = data[y * width + x]
      if (isGood(frame, y * width + x)) {
        out[at] = value - frame.level
      } else {
        bad = true
        out[at] = value > -Infinity && value < Infinity ? value - frame.level : 0
      }
    }
  }
  return bad
}

/** Pixels that a bad pixel of the convolved frame reaches are not used. */
function spoil(frame: Frame, stamp: Stamp, reach: number, squares: Squares, usable: Uint8Array): void {
  const { halfWidth: h, stride } = squares
  const { width, height } = frame.plane
  const size = 2 * h + 1
  // Only the kernel's inner part carries weight that matters.
  const r = Math.ceil(0.6 * reach)
  for (let y = Math.max(0, stamp.y - h - r); y <= Math.min(height - 1, stamp.y + h + r); y++) {
    for (let x = Math.max(0, stamp.x - h - r); x <= Math.min(width - 1, stamp.x + h + r); x++) {
      if (isGood(frame, y * width + x)) continue
      const [cx, cy] = [x - stamp.x + h, y - stamp.y + h]
      for (let v = Math.max(0, cy - r); v <= Math.min(size - 1, cy + r); v++) {
        usable.fill(0, v * stride + Math.max(0, cx - r), v * stride + Math.max(0, Math.min(size, cx + r + 1)))
      }
    }
  }
}
