/**
 * Space coverage maps (MOC 2.0, IVOA Recommendation 2022): a set of HEALPix pixels and the order it was made at. ICRS.
 */
import { Problem } from '#problem.ts'
import { acrossFaces, checkOrder, maxOrder, maxPlainOrder, pixelCount } from './healpix.ts'
import { cellsOfUniq64, halvesOf, pixel29Of, pixelCount29, pixels29Of, putStart29 } from './index64.ts'
import { compact, interleave } from './morton.ts'
import type { Ranges } from './ranges.ts'
import {
  allSky,
  complement,
  containsEach,
  contains as containsPixel,
  degrade as degradeRanges,
  depthOf,
  difference,
  emptyRanges,
  intersection,
  length29,
  normalRanges,
  rangesAreaSr,
  symmetricDifference,
  union,
} from './ranges.ts'

/** `ranges` are whole pixels of `order`, the finest that this map tells apart. */
export interface Moc {
  readonly order: number
  readonly ranges: Ranges
}

const HIGH = 0x100000000
/** Border pixels looked at before a `moc.too_large` Problem asks for a lower order. */
const MOST_BORDER_PIXELS = 2 ** 25

/** Ranges as a map; they are widened to whole pixels of `order` (their own depth unless given). */
export function mocFromRanges(ranges: Ranges, order: number = depthOf(ranges)): Moc {
  return { order, ranges: degradeRanges(ranges, order) }
}

/** Cells of mixed orders up to 24, in any sequence, overlapping or not. */
export function mocFromCells(order: ArrayLike<number>, ipix: ArrayLike<number>, mocOrder?: number): Moc {
  const pairs = new BigInt64Array(2 * order.length)
  const halves = halvesOf(pairs)
  let deepest = 0
  for (let e = 0; e < order.length; e++) {
    const k = checkOrder(order[e], maxPlainOrder)
    const p = ipix[e]
    if (!(Number.isInteger(p) && p >= 0 && p < pixelCount(k))) throw noCell(k, p)
    putStart29(halves, 2 * e, k, p)
    putStart29(halves, 2 * e + 1, k, p + 1)
    if (k > deepest) deepest = k
  }
  return mocFromRanges(normalRanges(pairs), mocOrder ?? deepest)
}

/** Cells as uniq numbers, 4^(order + 1) + pixel. */
export function mocFromUniq(uniq: BigInt64Array, mocOrder?: number): Moc {
  const { order, ranges } = cellsOfUniq64(uniq)
  return mocFromRanges(normalRanges(ranges), mocOrder ?? order.reduce((a, b) => Math.max(a, b), 0))
}

/** Pixels of `order` that hold any of the directions (degrees). */
export function mocFromDirections(lon: Float64Array, lat: Float64Array, order: number): Moc {
  const pixels = pixels29Of(lon, lat)
  const pairs = new BigInt64Array(2 * pixels.length)
  for (let e = 0; e < pixels.length; e++) {
    pairs[2 * e] = pixels[e]
    pairs[2 * e + 1] = pixels[e] + 1n
  }
  return mocFromRanges(normalRanges(pairs), order)
}

/** The whole sky at an order of 0 to 29. @throws Problem healpix.order */
export function fullMoc(order: number): Moc {
  return { order: checkOrder(order, maxOrder), ranges: allSky() }
}

/** What lies in either; like all set algebra here at the finer of the two orders. */
export function mocUnion(a: Moc, b: Moc): Moc {
  return { order: Math.max(a.order, b.order), ranges: union(a.ranges, b.ranges) }
}

/** What lies in both. */
export function mocIntersection(a: Moc, b: Moc): Moc {
  return { order: Math.max(a.order, b.order), ranges: intersection(a.ranges, b.ranges) }
}

/** What lies in `a` and not in `b`. */
export function mocDifference(a: Moc, b: Moc): Moc {
  return { order: Math.max(a.order, b.order), ranges: difference(a.ranges, b.ranges) }
}

/** What lies in exactly one of them. */
export function mocSymmetricDifference(a: Moc, b: Moc): Moc {
  return { order: Math.max(a.order, b.order), ranges: symmetricDifference(a.ranges, b.ranges) }
}

/** The rest of the sky. */
export function mocComplement(moc: Moc): Moc {
  return { order: moc.order, ranges: complement(moc.ranges) }
}

/** The map at a lower order: every pixel touched. At its own order or above, only the stated order changes. */
export function degrade(moc: Moc, order: number): Moc {
  return { order: checkOrder(order, maxOrder), ranges: degradeRanges(moc.ranges, order) }
}

/** Whether a direction in degrees lies in the map. */
export function contains(moc: Moc, lon: number, lat: number): boolean {
  return containsPixel(moc.ranges, pixel29Of(lon, lat))
}

/** 1 for each direction (degrees) that lies in the map. */
export function containsDirections(moc: Moc, lon: Float64Array, lat: Float64Array): Uint8Array {
  return containsEach(moc.ranges, pixels29Of(lon, lat))
}

/** Solid angle, sr. */
export function areaSr(moc: Moc): number {
  return rangesAreaSr(moc.ranges)
}

/** Solid angle, deg². */
export function areaDeg2(moc: Moc): number {
  return areaSr(moc) * (180 / Math.PI) ** 2
}

/** Part of the sky covered, 0 … 1. */
export function skyFraction(moc: Moc): number {
  return areaSr(moc) / (4 * Math.PI)
}

/** Pixels of one order, ascending; 64-bit at every order. */
export interface CellsOfOrder {
  readonly order: number
  readonly ipix: BigInt64Array
}

/** The map in the fewest cells, by ascending order; orders without cells are left out. */
export function cells(moc: Moc): CellsOfOrder[] {
  const counts = new Uint32Array(maxOrder + 1)
  eachCell(moc.ranges, (k) => void counts[k]++)
  const lists = Array.from(counts, (n) => new BigInt64Array(n))
  const halves = lists.map((list) => halvesOf(list))
  const at = new Uint32Array(maxOrder + 1)
  eachCell(moc.ranges, (k, lo, hi) => {
    const shift = 2 * (29 - k)
    const e = at[k]
    halves[k][e] =
      shift >= 32 ? hi >>> (shift - 32) : shift === 0 ? lo : (lo >>> shift) | (hi << (32 - shift))
    halves[k][e + 1] = shift >= 32 ? 0 : hi >>> shift
    at[k] = e + 2
  })
  return lists.flatMap((ipix, order) => (ipix.length ? [{ order, ipix }] : []))
}

/** Number of cells in that form. */
export function cellCount(moc: Moc): number {
  let n = 0
  eachCell(moc.ranges, () => void n++)
  return n
}

/** The map as ascending uniq numbers. */
export function uniqOfMoc(moc: Moc): BigInt64Array {
  const lists = cells(moc)
  const out = new BigInt64Array(lists.reduce((n, { ipix }) => n + ipix.length, 0))
  let w = 0
  for (const { order, ipix } of lists) {
    const marker = 1n << BigInt(2 * order + 2)
    for (const p of ipix) out[w++] = marker + p
  }
  return out
}

/** Calls back with each maximal cell: its order and first order-29 pixel. */
function eachCell(ranges: Ranges, visit: (order: number, lo: number, hi: number) => void): void {
  const h = halvesOf(ranges)
  for (let r = 0; r < h.length; r += 4) {
    let lo = h[r]
    let hi = h[r + 1]
    const endLo = h[r + 2]
    const endHi = h[r + 3]
    while (hi < endHi || (hi === endHi && lo < endLo)) {
      // The largest power of four that divides the start and fits into what is left.
      const zeros = lo ? 31 - Math.clz32(lo & -lo) : hi ? 63 - Math.clz32(hi & -hi) : 58
      const leftHi = endHi - hi - (endLo < lo ? 1 : 0)
      const bits = leftHi ? 63 - Math.clz32(leftHi) : 31 - Math.clz32((endLo - lo) >>> 0)
      const shift = Math.min(58, zeros, bits) & ~1
      visit(29 - shift / 2, lo, hi)
      if (shift >= 32) hi += 2 ** (shift - 32)
      else {
        lo += 2 ** shift
        if (lo >= HIGH) {
          lo -= HIGH
          hi++
        }
      }
    }
  }
}

/** Pixels of the map's order outside it that touch it by a side or corner. */
export function externalBorder(moc: Moc): Moc {
  return { order: moc.order, ranges: difference(around(moc.ranges, moc.order), moc.ranges) }
}

/** Pixels of the map's order inside it that touch its outside by a side or corner. */
export function internalBorder(moc: Moc): Moc {
  return { order: moc.order, ranges: intersection(around(complement(moc.ranges), moc.order), moc.ranges) }
}

/** Every pixel of `order` that neighbours a cell of the set from outside that cell. */
function around(ranges: Ranges, order: number): Ranges {
  // The whole sky has no outside, however many pixels lie along its cells.
  if (length29(ranges) === pixelCount29) return emptyRanges()
  let count = 0
  eachCell(ranges, (k) => void (count += 4 * 2 ** (order - k) + 4))
  if (count > MOST_BORDER_PIXELS) {
    throw new Problem(
      'moc.too_large',
      `The border at order ${order} has ${count} pixels; degrade the map first.`,
      {
        order,
      },
    )
  }
  const pairs = new BigInt64Array(2 * count)
  const halves = halvesOf(pairs)
  const nside = 2 ** order
  const step = 29 - order
  let w = 0
  const add = (f: number, x: number, y: number): void => {
    const n = acrossFaces(nside, f, x, y)
    if (n === null) return
    putFace29(halves, w, n.f, n.x << step, n.y << step)
    w += 2
  }
  eachCell(ranges, (k, lo, hi) => {
    const f = hi >>> 26
    const x = (compact(lo) | (compact(hi & 0x3ffffff) << 16)) >> step
    const y = (compact(lo >>> 1) | (compact((hi & 0x3ffffff) >>> 1) << 16)) >> step
    const n = 2 ** (order - k)
    for (let i = -1; i <= n; i++) {
      add(f, x + i, y - 1)
      add(f, x + i, y + n)
    }
    for (let i = 0; i < n; i++) {
      add(f, x - 1, y + i)
      add(f, x + n, y + i)
    }
  })
  for (let e = 0; e < w; e += 2) pairs[e + 1] = pairs[e] + (1n << BigInt(2 * step))
  return normalRanges(pairs.subarray(0, w))
}

function putFace29(halves: Uint32Array, e: number, f: number, x: number, y: number): void {
  halves[2 * e] = interleave(x, y)
  halves[2 * e + 1] = interleave(x >>> 16, y >>> 16) + f * 0x4000000
}

/** `[start, end)` of any cell; `moc.invalid` Problem when it does not exist. */
export function cellRange(order: number, first: bigint, last: bigint = first): [start: bigint, end: bigint] {
  const shift = BigInt(2 * (29 - order))
  if (first < 0n || last < first || last << shift >= pixelCount29)
    throw noCell(order, first < 0n ? first : last)
  return [first << shift, (last + 1n) << shift]
}

function noCell(order: number, pixel: number | bigint): Problem {
  return new Problem(
    'moc.invalid',
    `Cell ${order}/${pixel} does not exist; order ${order} ends at ${(12n << BigInt(2 * order)) - 1n}.`,
    {
      order,
      pixel: `${pixel}`,
    },
  )
}
