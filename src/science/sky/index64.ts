/**
 * Order-29 HEALPix indices: the one owner of 64-bit pixel numbers.
 *
 * They are kept in a BigInt64Array and worked on through a Uint32Array over the same bytes, since arithmetic on bigint
 * allocates. Element e has its low half at 2e and its high half at 2e + 1 (every host of this program is
 * little-endian). An index is 2 bits more than 58, so it is never negative and its halves compare as unsigned.
 */
import { Problem } from '#problem.ts'
import {
  centreLocation,
  checkOrder,
  locate,
  lonLatOf,
  maxOrder,
  maxPlainOrder,
  pixelCount,
  thetaPhiOf,
} from './healpix.ts'
import { compact, interleave } from './morton.ts'

const HIGH = 0x100000000

/** Number of order-29 pixels, 12·4²⁹: the end of the last range of the whole sky. */
export const pixelCount29 = 12n << 58n

/** The 32-bit halves of `index`, low first; a view, not a copy. */
export function halvesOf(index: BigInt64Array): Uint32Array {
  return new Uint32Array(index.buffer, index.byteOffset, index.length * 2)
}

/**
 * Order-29 NESTED pixels of directions in degrees, bit-exact with healpy. `out` is filled and returned if given.
 * `healpix.direction` Problem for a latitude beyond ±90 or a value that is not finite.
 */
export function pixels29Of(
  lon: Float64Array,
  lat: Float64Array,
  out: BigInt64Array = new BigInt64Array(lon.length),
): BigInt64Array {
  const halves = halvesOf(out)
  for (let e = 0; e < lon.length; e++) {
    const [theta, phi] = thetaPhiOf(lon[e], lat[e])
    putPixel29(halves, e, theta, phi)
  }
  return out
}

/** The same from colatitude and longitude in radians. */
export function pixels29OfThetaPhi(
  theta: Float64Array,
  phi: Float64Array,
  out: BigInt64Array = new BigInt64Array(theta.length),
): BigInt64Array {
  const halves = halvesOf(out)
  for (let e = 0; e < theta.length; e++) putPixel29(halves, e, theta[e], phi[e])
  return out
}

function putPixel29(halves: Uint32Array, e: number, theta: number, phi: number): void {
  const { f, x, y } = locate(theta, phi)
  halves[2 * e] = interleave(x, y)
  halves[2 * e + 1] = interleave(x >>> 16, y >>> 16) | (f << 26)
}

/** Order-29 pixel of one direction in degrees. */
export function pixel29Of(lon: number, lat: number): bigint {
  return pixels29Of(Float64Array.of(lon), Float64Array.of(lat))[0]
}

/** Centres, in degrees, of order-`order` pixels (29 unless given). */
export function directionsOf29(
  index: BigInt64Array,
  order: number = maxOrder,
): { lon: Float64Array; lat: Float64Array } {
  checkOrder(order, maxOrder)
  const halves = halvesOf(index)
  const lon = new Float64Array(index.length)
  const lat = new Float64Array(index.length)
  const faceBits = 2 * order
  for (let e = 0; e < index.length; e++) {
    const lo = halves[2 * e]
    const hi = halves[2 * e + 1]
    // Below order 16 the face is in the low half; Number() of both halves is exact there.
    const f = faceBits >= 32 ? hi >>> (faceBits - 32) : Math.floor((hi * HIGH + lo) / 2 ** faceBits)
    if (f > 11) throw noPixel(index[e], order)
    const r = faceBits >= 32 ? hi - f * 2 ** (faceBits - 32) : 0
    const l = faceBits >= 32 ? lo : lo - f * 2 ** faceBits
    const x = compact(l) | (compact(r) << 16)
    const y = compact(l >>> 1) | (compact(r >>> 1) << 16)
    const [a, d] = lonLatOf(centreLocation(order, f, x, y))
    lon[e] = a
    lat[e] = d
  }
  return { lon, lat }
}

/** Pixels at a lower order: order-29 indices shifted right by 2·(29 − order) bits, in a new array. */
export function degrade29(index: BigInt64Array, order: number): BigInt64Array {
  const shift = 2 * (29 - checkOrder(order, maxOrder))
  const out = new BigInt64Array(index.length)
  const from = halvesOf(index)
  const to = halvesOf(out)
  for (let e = 0; e < to.length; e += 2) {
    const lo = from[e]
    const hi = from[e + 1]
    if (shift >= 32) {
      to[e] = hi >>> (shift - 32)
    } else {
      to[e] = shift === 0 ? lo : (lo >>> shift) | (hi << (32 - shift))
      to[e + 1] = hi >>> shift
    }
  }
  return out
}

/** Order-29 pixels as plain numbers at an order of at most 24. */
export function plainOf29(index: BigInt64Array, order: number): Float64Array {
  checkOrder(order, maxPlainOrder)
  const halves = halvesOf(degrade29(index, order))
  const out = new Float64Array(index.length)
  for (let e = 0; e < out.length; e++) out[e] = halves[2 * e + 1] * HIGH + halves[2 * e]
  return out
}

/** First order-29 pixel of plain pixel `p` of `order` ≤ 24, written as halves of element `e`; p = 12·4^order gives the end of the sky. */
export function putStart29(halves: Uint32Array, e: number, order: number, p: number): void {
  // p·4^(29 − order): a double times a power of two, exact, so that both halves come out by division.
  const scaled = p * 4 ** (29 - order)
  const hi = Math.floor(scaled / HIGH)
  halves[2 * e] = scaled - hi * HIGH
  halves[2 * e + 1] = hi
}

/** Number of the multi-order cell: 4^(order + 1) + ipix. Order ≤ 24. */
export function uniqOf(order: number, ipix: number): number {
  return 4 ** (order + 1) + ipix
}

/** Order and pixel of a plain `uniq` number (below 2⁵³, order ≤ 24). */
export function fromUniq(uniq: number): { order: number; ipix: number } {
  if (!(Number.isSafeInteger(uniq) && uniq >= 4)) throw noCell(uniq)
  const hi = Math.floor(uniq / HIGH)
  const bits = hi ? 64 - Math.clz32(hi) : 32 - Math.clz32(uniq)
  const order = (bits >> 1) - 2 + (bits & 1)
  const ipix = uniq - 4 ** (order + 1)
  if (ipix >= pixelCount(order)) throw noCell(uniq)
  return { order, ipix }
}

/** Number of the multi-order cell for any order to 29. */
export function uniq64Of(order: number, ipix: bigint): bigint {
  return (1n << BigInt(2 * order + 2)) + ipix
}

/**
 * Cells of `uniq` numbers: order of each and its half-open range at order 29 as `[start, end)` pairs, in the same
 * order. `healpix.pixel` Problem for a number that is no cell.
 */
export function cellsOfUniq64(uniq: BigInt64Array): { order: Uint8Array; ranges: BigInt64Array } {
  const from = halvesOf(uniq)
  const order = new Uint8Array(uniq.length)
  const ranges = new BigInt64Array(2 * uniq.length)
  const to = halvesOf(ranges)
  for (let e = 0; e < uniq.length; e++) {
    const lo = from[2 * e]
    const hi = from[2 * e + 1]
    const bits = hi ? 64 - Math.clz32(hi) : 32 - Math.clz32(lo)
    const k = (bits >> 1) - 2 + (bits & 1)
    if (bits < 3 || k > maxOrder) throw noCell(uniq[e])
    order[e] = k
    // The marker bit 4^(k+1) becomes 4³⁰ = 2⁶⁰ at order 29 and is taken off there.
    const shift = 2 * (29 - k)
    const marked = shiftLeft(lo, hi, shift)
    const start = marked.hi - 0x10000000
    if (start >= 0x30000000) throw noCell(uniq[e])
    to[4 * e] = marked.lo
    to[4 * e + 1] = start
    const step = shiftLeft(1, 0, shift)
    const end = marked.lo + step.lo
    to[4 * e + 2] = end
    to[4 * e + 3] = start + step.hi + (end >= HIGH ? 1 : 0)
  }
  return { order, ranges }
}

function shiftLeft(lo: number, hi: number, shift: number): { lo: number; hi: number } {
  if (shift === 0) return { lo, hi }
  if (shift >= 32) return { lo: 0, hi: (lo << (shift - 32)) >>> 0 }
  return { lo: (lo << shift) >>> 0, hi: ((hi << shift) | (lo >>> (32 - shift))) >>> 0 }
}

function noPixel(pixel: bigint, order: number): Problem {
  return new Problem('healpix.pixel', `Pixel ${pixel} does not exist at order ${order}.`, {
    pixel: `${pixel}`,
    order,
  })
}

function noCell(uniq: number | bigint): Problem {
  return new Problem(
    'healpix.pixel',
    `${uniq} is not the uniq number of a HEALPix cell; it is 4^(order+1) + pixel.`,
    {
      uniq: `${uniq}`,
    },
  )
}
