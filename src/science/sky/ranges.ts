/**
 * Sets of sky positions as sorted, disjoint, half-open ranges `[start, end)` of order-29 NESTED pixels.
 *
 * All set algebra is one linear merge over the 32-bit halves (see index64.ts); results are new arrays in normal form:
 * ascending, no empty range, no two that touch.
 */
import { checkOrder, maxOrder, pixelAreaSr } from './healpix.ts'
import { halvesOf, pixelCount29 } from './index64.ts'
import { interleave } from './morton.ts'

/** start₀, end₀, start₁, end₁ … at order 29. */
export type Ranges = BigInt64Array

const HIGH = 0x100000000

/** No part of the sky. */
export function emptyRanges(): Ranges {
  return new BigInt64Array(0)
}

/** The whole sky. */
export function allSky(): Ranges {
  return BigInt64Array.of(0n, pixelCount29)
}

/** Normal form of any list of `[start, end)` pairs: sorted, merged, empty pairs dropped. */
export function normalRanges(pairs: BigInt64Array): Ranges {
  const h = halvesOf(pairs)
  const n = pairs.length / 2
  let sorted = true
  for (let r = 1; r < n && sorted; r++) sorted = compare(h, 4 * (r - 1), h, 4 * r) <= 0
  let order: Uint32Array | null = null
  if (!sorted) {
    order = new Uint32Array(n)
    for (let r = 0; r < n; r++) order[r] = r
    order.sort((a, b) => compare(h, 4 * a, h, 4 * b))
  }
  const out = new BigInt64Array(pairs.length)
  const o = halvesOf(out)
  let w = 0
  for (let i = 0; i < n; i++) {
    const at = 4 * (order ? order[i] : i)
    if (compare(h, at, h, at + 2) >= 0) continue
    if (w > 0 && compare(h, at, o, w - 2) <= 0) {
      if (compare(h, at + 2, o, w - 2) > 0) copy(h, at + 2, o, w - 2)
    } else {
      copy(h, at, o, w)
      copy(h, at + 2, o, w + 2)
      w += 4
    }
  }
  return out.slice(0, w / 2)
}

/** Positions in `a` or `b`. */
export function union(a: Ranges, b: Ranges): Ranges {
  return merge(a, b, 0b1110)
}

/** Positions in both. */
export function intersection(a: Ranges, b: Ranges): Ranges {
  return merge(a, b, 0b1000)
}

/** Positions in `a` that are not in `b`. */
export function difference(a: Ranges, b: Ranges): Ranges {
  return merge(a, b, 0b0100)
}

/** Positions in exactly one of the two. */
export function symmetricDifference(a: Ranges, b: Ranges): Ranges {
  return merge(a, b, 0b0110)
}

/** Positions outside. */
export function complement(a: Ranges): Ranges {
  return difference(allSky(), a)
}

/** Union of many, in O(total · log count). */
export function unionOf(list: readonly Ranges[]): Ranges {
  if (list.length === 0) return emptyRanges()
  let level = list
  while (level.length > 1) {
    const next: Ranges[] = []
    for (let i = 0; i < level.length; i += 2)
      next.push(i + 1 < level.length ? union(level[i], level[i + 1]) : level[i])
    level = next
  }
  return level[0]
}

/**
 * One sweep over the boundaries of both; a boundary is written where membership changes. `table` has a bit for each case,
 * lowest first: in neither, in b alone, in a alone, in both. (A function for it would be called through a pointer: a
 * third slower.)
 */
function merge(a: Ranges, b: Ranges, table: number): Ranges {
  const ha = halvesOf(a)
  const hb = halvesOf(b)
  const out = new BigInt64Array(a.length + b.length)
  const o = halvesOf(out)
  const [na, nb] = [ha.length, hb.length]
  let i = 0
  let j = 0
  let w = 0
  let inside = 0
  while (i < na || j < nb) {
    // Past the end stands what no boundary reaches: the high half of a position is below 2³¹.
    const aHigh = i < na ? ha[i + 1] : 0xffffffff
    const bHigh = j < nb ? hb[j + 1] : 0xffffffff
    const aLow = i < na ? ha[i] : 0
    const bLow = j < nb ? hb[j] : 0
    const aFirst = aHigh < bHigh || (aHigh === bHigh && aLow <= bLow)
    const bFirst = bHigh < aHigh || (aHigh === bHigh && bLow <= aLow)
    if (aFirst) i += 2
    if (bFirst) j += 2
    // An odd number of boundaries passed means inside.
    const belongs = (table >>> ((i & 2) | ((j & 2) >>> 1))) & 1
    if (belongs !== inside) {
      inside = belongs
      o[w] = aFirst ? aLow : bLow
      o[w + 1] = aFirst ? aHigh : bHigh
      w += 2
    }
  }
  return out.slice(0, w / 2)
}

/** Whether an order-29 pixel is in the set. */
export function contains(ranges: Ranges, pixel29: bigint): boolean {
  return rangeOf(halvesOf(ranges), Number(pixel29 & 0xffffffffn), Number(pixel29 >> 32n)) >= 0
}

/** 1 where an order-29 pixel is in the set; O(log n) each. */
export function containsEach(ranges: Ranges, pixels29: BigInt64Array): Uint8Array {
  const h = halvesOf(ranges)
  const p = halvesOf(pixels29)
  const out = new Uint8Array(pixels29.length)
  for (let e = 0; e < out.length; e++) out[e] = rangeOf(h, p[2 * e], p[2 * e + 1]) >= 0 ? 1 : 0
  return out
}

/** Number of the range that holds the pixel (lo, hi); −1 when none does. */
function rangeOf(h: Uint32Array, lo: number, hi: number): number {
  // Last boundary ≤ pixel: even means a start, so inside.
  let from = 0
  let to = h.length / 2
  while (from < to) {
    const mid = (from + to) >>> 1
    const mh = h[2 * mid + 1]
    if (mh < hi || (mh === hi && h[2 * mid] <= lo)) from = mid + 1
    else to = mid
  }
  return from & 1 ? from >> 1 : -1
}

/** Whether the two share a position. */
export function overlap(a: Ranges, b: Ranges): boolean {
  return intersection(a, b).length > 0
}

/** Whether every position of `inner` is in `outer`. */
export function covers(outer: Ranges, inner: Ranges): boolean {
  return difference(inner, outer).length === 0
}

/** Whether both are the same set. */
export function equalRanges(a: Ranges, b: Ranges): boolean {
  return a.length === b.length && a.every((v, i) => v === b[i])
}

/**
 * The set in whole pixels of `order`: every pixel touched (`outer`, as a MOC is degraded) or those wholly inside
 * (`inner`).
 */
export function degrade(ranges: Ranges, order: number, keep: 'outer' | 'inner' = 'outer'): Ranges {
  const shift = 2 * (29 - checkOrder(order, maxOrder))
  if (shift === 0) return ranges.slice()
  const h = halvesOf(ranges)
  const out = new BigInt64Array(ranges.length)
  const o = halvesOf(out)
  const up = keep === 'outer' ? 1 : 0
  for (let e = 0; e < h.length; e += 2) {
    round(h[e], h[e + 1], shift, (e & 2 ? 1 : 0) === up, o, e)
  }
  return normalRanges(out)
}

/** Rounds down, or up, to a multiple of 2^shift and writes the halves at `at`. */
function round(lo: number, hi: number, shift: number, up: boolean, o: Uint32Array, at: number): void {
  const lowMask = shift >= 32 ? 0xffffffff : 2 ** shift - 1
  const highMask = shift > 32 ? 2 ** (shift - 32) - 1 : 0
  let l = lo
  let h = hi
  if (up) {
    l += lowMask
    h += highMask
    if (l >= HIGH) h++
  }
  o[at] = l & ~lowMask
  o[at + 1] = h & ~highMask
}

/** Collects cells in ascending order into ranges; cells that touch become one range. */
export interface RangeBuilder {
  /** Cell (f, x, y) of order `k`; not below the end of the last one. */
  addCell(k: number, f: number, x: number, y: number): void
  ranges(): Ranges
}

export function createRangeBuilder(): RangeBuilder {
  let halves = new Uint32Array(256)
  let w = 0
  return {
    addCell(k, f, x, y) {
      const shift = 29 - k
      const x29 = x << shift
      const y29 = y << shift
      const lo = interleave(x29, y29)
      const hi = interleave(x29 >>> 16, y29 >>> 16) + f * 0x4000000
      if (w + 4 > halves.length) {
        const more = new Uint32Array(2 * halves.length)
        more.set(halves)
        halves = more
      }
      if (w === 0 || halves[w - 2] !== lo || halves[w - 1] !== hi) {
        halves[w] = lo
        halves[w + 1] = hi
        w += 4
      }
      const end = lo + (shift < 16 ? 4 ** shift : 0)
      halves[w - 2] = end
      halves[w - 1] = hi + (shift < 16 ? (end >= HIGH ? 1 : 0) : 4 ** (shift - 16))
    },
    ranges() {
      const out = new BigInt64Array(w / 2)
      halvesOf(out).set(halves.subarray(0, w))
      return out
    },
  }
}

/** Number of order-29 pixels. */
export function length29(ranges: Ranges): bigint {
  const h = halvesOf(ranges)
  // Exact: 2²¹ differences of low halves stay below 2⁵³, and a sum on bigint would allocate for every range.
  let total = 0n
  for (let from = 0; from < h.length; from += 2 ** 23) {
    let low = 0
    let high = 0
    const to = Math.min(h.length, from + 2 ** 23)
    for (let e = from; e < to; e += 4) {
      low += h[e + 2] - h[e]
      high += h[e + 3] - h[e + 1]
    }
    total += (BigInt(high) << 32n) + BigInt(low)
  }
  return total
}

/** Solid angle, sr: exact to the rounding of one sum. */
export function rangesAreaSr(ranges: Ranges): number {
  return Number(length29(ranges)) * pixelAreaSr(29)
}

/** Smallest order at which the set is whole pixels; 0 for the empty set. */
export function depthOf(ranges: Ranges): number {
  const h = halvesOf(ranges)
  let lo = 0
  let hi = 0
  for (let e = 0; e < h.length; e += 2) {
    lo |= h[e]
    hi |= h[e + 1]
  }
  const zeros = lo ? 31 - Math.clz32(lo & -lo) : hi ? 63 - Math.clz32(hi & -hi) : 58
  return Math.max(0, 29 - (zeros >> 1))
}

/** −1, 0 or 1: the value whose low half is at `i` of `a` against that at `j` of `b`. */
function compare(a: Uint32Array, i: number, b: Uint32Array, j: number): number {
  const x = a[i + 1]
  const y = b[j + 1]
  if (x !== y) return x < y ? -1 : 1
  return a[i] < b[j] ? -1 : a[i] > b[j] ? 1 : 0
}

function copy(from: Uint32Array, i: number, to: Uint32Array, j: number): void {
  to[j] = from[i]
  to[j + 1] = from[i + 1]
}
