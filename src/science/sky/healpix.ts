/**
 * HEALPix, NESTED numbering, orders 0–24 as plain numbers (order 29: `index64.ts`; RING: `healpix-ring.ts`).
 *
 * K. M. Górski et al. 2005, ApJ 622, 759. Letters as there:
 *
 *   k       order (resolution parameter), Nside = 2^k
 *   p       pixel number, 0 … 12 Nside² − 1
 *   θ, φ    colatitude and longitude, radians; z = cos θ, za = |z|
 *   f       base face 0–11: 0–3 north, 4–7 equator, 8–11 south
 *   x, y    column (towards north-east) and row (towards north-west) inside a face, 0 … Nside − 1
 *   v, h    vertical x + y and horizontal x − y
 *   F1, F2  row and column of a face's southernmost corner: ring i = F1 Nside − v − 1
 *   i, j    ring counted from the north pole, pixel in ring
 *
 * Every step is done in healpy's order of floating-point operations, so indices and angles agree to the last bit.
 */
import { Problem } from '#problem.ts'
import { cosOf, sinOf, acosOf, atan2Of } from './libm.ts'
import { compact, interleave } from './morton.ts'

/** Highest order whose pixel numbers are all exact plain numbers. */
export const maxPlainOrder = 24
/** Highest order of all. */
export const maxOrder = 29

const RAD = Math.PI / 180
const DEG = 180 / Math.PI
const HALF_PI = Math.PI / 2
const INV_HALF_PI = 2 / Math.PI
const TWO_THIRDS = 2 / 3
const NSIDE29 = 2 ** 29
/** More than any engine's cosine is off by. */
const COS_ERROR = 2 ** -51

/** Pixel column and row in a base face, at order 29: every lower order is a shift away. */
export interface FacePoint {
  readonly f: number
  readonly x: number
  readonly y: number
}

/** A direction as the pixelisation sees it; `sth` is sin θ where z alone would lose digits near a pole, else -1. */
export interface Location {
  readonly z: number
  readonly phi: number
  readonly sth: number
}

/** Order `k` when it is an integer 0 … `highest`; `healpix.order` Problem else. */
export function checkOrder(k: number, highest = maxPlainOrder): number {
  if (Number.isInteger(k) && k >= 0 && k <= highest) return k
  const remedy =
    highest === maxPlainOrder && k <= maxOrder
      ? 'orders 25 to 29 need 64-bit indices (index64.ts).'
      : `it is an integer from 0 to ${highest}.`
  throw new Problem('healpix.order', `HEALPix order ${k} cannot be used here; ${remedy}`, { order: k })
}

function checkPixel(k: number, p: number): void {
  checkOrder(k)
  if (!(Number.isInteger(p) && p >= 0 && p < pixelCount(k))) {
    throw new Problem(
      'healpix.pixel',
      `Pixel ${p} does not exist at order ${k}; it is 0 to ${pixelCount(k) - 1}.`,
      {
        order: k,
        pixel: p,
      },
    )
  }
}

/** Number of pixels on the sphere, 12·4^k: three times a power of two, so exact at every order. */
export function pixelCount(order: number): number {
  return 12 * 4 ** order
}

/** Area of one pixel, sr. */
export function pixelAreaSr(order: number): number {
  return (4 * Math.PI) / pixelCount(order)
}

/** Area of one pixel, deg². */
export function pixelAreaDeg2(order: number): number {
  return pixelAreaSr(order) * DEG * DEG
}

/** Order of an `Nside`; `healpix.order` Problem unless it is a power of two up to 2²⁹. */
export function orderOfNside(nside: number): number {
  const k = Math.round(Math.log2(nside))
  if (nside >= 1 && 2 ** k === nside && k <= maxOrder) return k
  throw new Problem('healpix.order', `Nside ${nside} is not a power of two between 1 and 2^29.`, { nside })
}

/** Colatitude and longitude in radians of a direction in degrees, rounded as healpy's `lonlat=True`. */
export function thetaPhiOf(lon: number, lat: number): [theta: number, phi: number] {
  if (!(lat >= -90 && lat <= 90) || !Number.isFinite(lon)) {
    throw new Problem(
      'healpix.direction',
      `(${lon}, ${lat}) is no direction: latitude is −90 to 90, both finite.`,
      {
        lon,
        lat,
      },
    )
  }
  return [HALF_PI - lat * RAD, lon * RAD]
}

/** φ in quarter turns, 0 … 4, reduced in two steps as healpy does it: modulo 2π, then modulo 4. */
function quarterTurns(phi: number): number {
  return modulo(modulo(phi, 2 * Math.PI) * INV_HALF_PI, 4)
}

function modulo(v: number, m: number): number {
  if (v >= 0) return v < m ? v : v % m
  const r = (v % m) + m
  return r === m ? 0 : r
}

/** Order-29 face, column and row of (θ, φ) in radians. */
export function locate(theta: number, phi: number): FacePoint {
  if (theta < 0.01 || theta > 3.14159 - 0.01) return locateZ(cosOf(theta), phi, sinOf(theta))
  const z = Math.cos(theta)
  if (Math.abs(Math.abs(z) - TWO_THIRDS) < 1e-14) return locateZ(cosOf(theta), phi, -1)
  // Within a zone every step is monotonic in z: where both sides of the engine's cosine give one pixel, its last bit does
  // not matter.
  const below = locateZ(z - COS_ERROR, phi, -1)
  const above = locateZ(z + COS_ERROR, phi, -1)
  return below.x === above.x && below.y === above.y && below.f === above.f
    ? below
    : locateZ(cosOf(theta), phi, -1)
}

/** Order-29 face, column and row of (z, φ). `sth` = sin θ, used near the poles; −1 when not known. */
export function locateZ(z: number, phi: number, sth: number): FacePoint {
  const za = Math.abs(z)
  const tt = quarterTurns(phi)
  if (za <= TWO_THIRDS) {
    const a = NSIDE29 * (0.5 + tt)
    const b = NSIDE29 * (z * 0.75)
    // Rising (jp) and falling (jm) edge lines, counted along the equator; both stay below 5·2²⁹ and fit a double.
    const jp = Math.floor(a - b)
    const jm = Math.floor(a + b)
    const fp = Math.floor(jp / NSIDE29)
    const fm = Math.floor(jm / NSIDE29)
    const f = fp === fm ? fp | 4 : fp < fm ? fp : fm + 8
    return { f, x: jm - fm * NSIDE29, y: NSIDE29 - (jp - fp * NSIDE29) - 1 }
  }
  const nt = Math.min(3, Math.floor(tt))
  const tp = tt - nt
  const rows =
    za < 0.99 || sth < 0 ? NSIDE29 * Math.sqrt(3 * (1 - za)) : (NSIDE29 * sth) / Math.sqrt((1 + za) / 3)
  const jp = Math.min(Math.floor(tp * rows), NSIDE29 - 1)
  const jm = Math.min(Math.floor((1 - tp) * rows), NSIDE29 - 1)
  return z >= 0 ? { f: nt, x: NSIDE29 - jm - 1, y: NSIDE29 - jp - 1 } : { f: nt + 8, x: jp, y: jm }
}

/** NESTED pixel number of face, column and row at order `k` ≤ 24. */
export function pixelOfFace(k: number, f: number, x: number, y: number): number {
  return f * 4 ** k + interleave(x >>> 16, y >>> 16) * 0x100000000 + interleave(x, y)
}

/** Face, column and row, at order `k`, of NESTED pixel `p`. */
export function faceOfPixel(k: number, p: number): FacePoint {
  const f = Math.floor(p / 4 ** k)
  const r = p - f * 4 ** k
  const hi = Math.floor(r / 0x100000000)
  const lo = r - hi * 0x100000000
  return { f, x: compact(lo) | (compact(hi) << 16), y: compact(lo >>> 1) | (compact(hi >>> 1) << 16) }
}

/** NESTED pixel at `order` (0–24) that holds a direction in degrees; bit-exact with `healpy.ang2pix(…, lonlat=True)`. */
export function pixelOf(order: number, lon: number, lat: number): number {
  const [theta, phi] = thetaPhiOf(lon, lat)
  return pixelOfThetaPhi(order, theta, phi)
}

/** The same for colatitude 0 … π and longitude in radians. */
export function pixelOfThetaPhi(order: number, theta: number, phi: number): number {
  checkOrder(order)
  const { f, x, y } = locate(theta, phi)
  const shift = 29 - order
  return pixelOfFace(order, f, x >>> shift, y >>> shift)
}

/** F1 of the paper: 2, 3, 4 for the northern, equatorial and southern faces. */
export function faceRow(f: number): number {
  return (f >> 2) + 2
}

/** F2 of the paper: longitude of a face's southernmost corner in units of π/4. */
export function faceColumn(f: number): number {
  return 2 * (f & 3) + ((f >> 2) & 1 ? 0 : 1)
}

/** Direction of the centre of pixel (f, x, y) at any order to 29. */
export function centreLocation(k: number, f: number, x: number, y: number): Location {
  const nside = 2 ** k
  const perRing2 = 4 / (12 * nside * nside)
  const perRing = 2 * nside * perRing2
  const i = faceRow(f) * nside - x - y - 1
  let n = nside
  let z: number
  let sth = -1
  if (i < nside || i > 3 * nside) {
    n = i < nside ? i : 4 * nside - i
    const s = n * n * perRing2
    z = i < nside ? 1 - s : s - 1
    if (Math.abs(z) > 0.99) sth = Math.sqrt(s * (2 - s))
  } else {
    z = (2 * nside - i) * perRing
  }
  let j = faceColumn(f) * n + x - y
  if (j < 0) j += 8 * n
  const phi = n === nside ? 0.75 * HALF_PI * j * perRing : (0.5 * HALF_PI * j) / n
  return { z, phi, sth }
}

/** Direction of any point of face f; x and y are fractions of the face, 0 … 1. */
function faceLocation(f: number, x: number, y: number): Location {
  const v = faceRow(f) - x - y
  let n = 1
  let z: number
  let sth = -1
  if (v < 1 || v > 3) {
    n = v < 1 ? v : 4 - v
    const s = (n * n) / 3
    z = v < 1 ? 1 - s : s - 1
    if (Math.abs(z) > 0.99) sth = Math.sqrt(s * (2 - s))
  } else {
    z = ((2 - v) * 2) / 3
  }
  let h = faceColumn(f) * n + x - y
  if (h < 0) h += 8
  if (h >= 8) h -= 8
  return { z, phi: n < 1e-15 ? 0 : (0.5 * HALF_PI * h) / n, sth }
}

/** Colatitude of a location, radians. */
export function thetaOf({ z, sth }: Location): number {
  return sth < 0 ? acosOf(z) : atan2Of(sth, z)
}

/** Longitude 0 … 360 and latitude of a location, degrees, rounded as healpy's `lonlat=True`. */
export function lonLatOf(location: Location): [lon: number, lat: number] {
  return [location.phi * DEG, 90 - thetaOf(location) * DEG]
}

/** Centre of a NESTED pixel, degrees; bit-exact with `healpy.pix2ang(…, lonlat=True)`. */
export function centreOf(order: number, ipix: number): [lon: number, lat: number] {
  checkPixel(order, ipix)
  const { f, x, y } = faceOfPixel(order, ipix)
  return lonLatOf(centreLocation(order, f, x, y))
}

/** The four corners of a pixel in degrees: south, east, north, west. */
export function cornersOf(order: number, ipix: number): [lon: number, lat: number][] {
  return boundaryOf(order, ipix, 1)
}

/** `4·step` points along a pixel's edge in degrees, counter-clockwise on the sky from the southern corner (S, E, N, W). */
export function boundaryOf(order: number, ipix: number, step: number): [lon: number, lat: number][] {
  checkPixel(order, ipix)
  if (!(Number.isInteger(step) && step >= 1)) {
    throw new Problem(
      'healpix.step',
      `A pixel boundary needs a whole number of steps of at least 1, not ${step}.`,
    )
  }
  const { f, x, y } = faceOfPixel(order, ipix)
  const nside = 2 ** order
  // As healpy: corners at centre ± half a pixel, and points at whole multiples of the step from them.
  const half = 0.5 / nside
  const xc = (x + 0.5) / nside
  const yc = (y + 0.5) / nside
  const d = 1 / (step * nside)
  const points: [number, number][] = []
  const add = (px: number, py: number): unknown => points.push(lonLatOf(faceLocation(f, px, py)))
  for (let i = 0; i < step; i++) add(xc - half + i * d, yc - half)
  for (let i = 0; i < step; i++) add(xc + half, yc - half + i * d)
  for (let i = 0; i < step; i++) add(xc + half - i * d, yc + half)
  for (let i = 0; i < step; i++) add(xc - half, yc + half - i * d)
  return points
}

const NEIGHBOUR_X = [-1, -1, 0, 1, 1, 1, 0, -1]
const NEIGHBOUR_Y = [0, 1, 1, 1, 0, -1, -1, -1]

/** The eight neighbours SW, W, NW, N, NE, E, SE, S (healpy's order); −1 where three faces meet and there is none. */
export function neighboursOf(order: number, ipix: number): number[] {
  checkPixel(order, ipix)
  const { f, x, y } = faceOfPixel(order, ipix)
  const out: number[] = []
  for (let d = 0; d < 8; d++) {
    const n = acrossFaces(2 ** order, f, x + NEIGHBOUR_X[d], y + NEIGHBOUR_Y[d])
    out.push(n === null ? -1 : pixelOfFace(order, n.f, n.x, n.y))
  }
  return out
}

/**
 * Face, column and row of a pixel one step outside face `f` (x and y from −1 to Nside); null at a corner where only
 * three faces meet.
 */
export function acrossFaces(nside: number, f: number, x: number, y: number): FacePoint | null {
  const dx = x < 0 ? -1 : x >= nside ? 1 : 0
  const dy = y < 0 ? -1 : y >= nside ? 1 : 0
  if (dx === 0 && dy === 0) return { f, x, y }
  const row = f >> 2
  const east = (f + 1) & 3
  const west = (f + 3) & 3
  const same = f & 3
  const top = nside - 1
  const wx = (x + nside) % nside
  const wy = (y + nside) % nside
  if (dx * dy < 0) {
    // The eastern and western corners touch a fourth face on the equator only.
    return row === 1 ? { f: 4 + (dx > 0 ? east : west), x: wx, y: wy } : null
  }
  if (row === 0 && dx + dy > 0) {
    // Two northern faces meet along a meridian: the columns of one run into the rows of the other.
    if (dx && dy) return { f: (f + 2) & 3, x: top, y: top }
    return dx ? { f: east, x: y, y: top } : { f: west, x: top, y: x }
  }
  if (row === 2 && dx + dy < 0) {
    if (dx && dy) return { f: 8 + ((f + 2) & 3), x: 0, y: 0 }
    return dy ? { f: 8 + east, x: 0, y: x } : { f: 8 + west, x: y, y: 0 }
  }
  if (dx && dy) return row === 1 ? null : { f: row === 0 ? 8 + same : same, x: wx, y: wy }
  const north = dx + dy > 0
  const eastward = dx > 0 || dy < 0
  if (row === 1) return { f: (north ? 0 : 8) + (eastward ? same : west), x: wx, y: wy }
  return { f: 4 + (eastward ? east : same), x: wx, y: wy }
}

/** Largest angle between a pixel's centre and its corners at an order, degrees. */
export function maxPixelRadius(order: number): number {
  checkOrder(order, maxOrder)
  // The widest pixels touch z = 2/3 on the faces' meridians; their farthest corner is the one towards the pole.
  const n = 2 ** order
  const a = vectorOf(TWO_THIRDS, Math.PI / (4 * n))
  const t = (1 - 1 / n) ** 2
  const b = vectorOf(1 - t / 3, 0)
  const c = Math.hypot(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
  return Math.atan2(c, a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) * DEG
}

function vectorOf(z: number, phi: number): [number, number, number] {
  const s = Math.sqrt((1 - z) * (1 + z))
  return [s * Math.cos(phi), s * Math.sin(phi), z]
}
