/**
 * Reference stars for solving: directions and magnitudes, brightest first, and the eight bytes a star in which a list of
 * them is shipped.
 */
import { Problem } from '#problem.ts'
import { directionsOf, unitVector, unitVectors } from '#science/sky/vectors.ts'
import { sharedFloat32, sharedFloat64 } from './shared.ts'

/** Stars sorted by magnitude, the brightest first; those of unknown magnitude come last. On shared memory. */
export interface StarList {
  readonly rows: number
  /** Degrees ICRS. */
  readonly ra: Float64Array
  readonly dec: Float64Array
  readonly mag: Float32Array
  /** Unit vectors, three numbers a star. */
  readonly xyz: Float64Array
}

/** A list from columns in any order; rows without a position are left out. Degrees ICRS; magnitudes may be NaN. */
export function starList(ra: ArrayLike<number>, dec: ArrayLike<number>, mag: ArrayLike<number>): StarList {
  // Magnitude and row in one whole number of 64 bits: the plain sort of such is ten times faster than one that asks.
  const keys = new BigUint64Array(ra.length)
  const words = new Uint32Array(keys.buffer)
  const bright = new Float32Array(1)
  const bits = new Uint32Array(bright.buffer)
  let rows = 0
  for (let i = 0; i < ra.length; i++) {
    if (!Number.isFinite(ra[i]) || !(Math.abs(dec[i]) <= 90)) continue
    bright[0] = Number.isFinite(mag[i]) ? mag[i] : Infinity
    words[2 * rows] = i
    words[2 * rows + 1] = (bits[0] & 0x80000000) === 0 ? bits[0] | 0x80000000 : ~bits[0]
    rows++
  }
  keys.subarray(0, rows).sort()
  const [lon, lat, sorted] = [sharedFloat64(rows), sharedFloat64(rows), sharedFloat32(rows)]
  for (let k = 0; k < rows; k++) {
    const i = words[2 * k]
    lon[k] = ra[i]
    lat[k] = dec[i]
    sorted[k] = mag[i]
  }
  return { rows, ra: lon, dec: lat, mag: sorted, xyz: unitVectors(lon, lat, sharedFloat64(3 * rows)) }
}

/** Stars of unit vectors (three numbers each) and magnitudes, as index files of astrometry.net hold them. */
export function starListOfVectors(xyz: Float64Array, mag: ArrayLike<number>): StarList {
  const { lon, lat } = directionsOf(xyz)
  return starList(lon, lat, mag)
}

/** The stars of a list within `radiusDeg` of a direction, brightest first. */
export function starsWithin(stars: StarList, ra: number, dec: number, radiusDeg: number): StarList {
  const centre = unitVector(ra, dec)
  const least = Math.cos((Math.min(180, radiusDeg) * Math.PI) / 180)
  const kept: number[] = []
  const { xyz } = stars
  for (let i = 0; i < stars.rows; i++) {
    const at = 3 * i
    if (xyz[at] * centre[0] + xyz[at + 1] * centre[1] + xyz[at + 2] * centre[2] >= least) kept.push(i)
  }
  return pick(stars, kept)
}

/** The rows named, in the order given, which must be that of the list. */
export function pick(stars: StarList, rows: readonly number[]): StarList {
  const xyz = sharedFloat64(3 * rows.length)
  rows.forEach((row, i) => xyz.set(stars.xyz.subarray(3 * row, 3 * row + 3), 3 * i))
  return {
    rows: rows.length,
    ra: sharedFloat64(rows.length).map((_, i) => stars.ra[rows[i]]),
    dec: sharedFloat64(rows.length).map((_, i) => stars.dec[rows[i]]),
    mag: sharedFloat32(rows.length).map((_, i) => stars.mag[rows[i]]),
    xyz,
  }
}

const magic = 'URSTARS1'
const raSteps = 2 ** 25
const decSteps = 2 ** 24
/** Magnitudes are kept from −2 in steps of 0.001; the last step stands for "unknown". */
const faintest = 2 ** 15 - 1

/**
 * A list in 8 bytes a star after a header of 16: right ascension in 2⁻²⁵ turns (0.039″), declination in 2⁻²⁴ half turns
 * (0.039″), magnitude + 2 in 0.001 mag. Little-endian.
 */
export function packStars(stars: StarList): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16 + 8 * stars.rows)
  for (let i = 0; i < magic.length; i++) bytes[i] = magic.charCodeAt(i)
  const view = new DataView(bytes.buffer)
  view.setUint32(8, stars.rows, true)
  for (let i = 0; i < stars.rows; i++) {
    const ra = Math.round((stars.ra[i] / 360) * raSteps) % raSteps
    const dec = Math.min(decSteps - 1, Math.round(((stars.dec[i] + 90) / 180) * decSteps))
    const mag = Number.isFinite(stars.mag[i])
      ? Math.min(faintest - 1, Math.max(0, Math.round(1000 * (stars.mag[i] + 2))))
      : faintest
    // 25 bits of RA and the upper 7 of magnitude; 24 bits of declination and the lower 8.
    view.setUint32(16 + 8 * i, (ra | ((mag >>> 8) << 25)) >>> 0, true)
    view.setUint32(20 + 8 * i, (dec | ((mag & 255) << 24)) >>> 0, true)
  }
  return bytes
}

/** Stars from their packed bytes. @throws Problem astrometry.invalid_index where the bytes are something else */
export function unpackStars(bytes: Uint8Array): StarList {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const named = bytes.length >= 16 && String.fromCharCode(...bytes.subarray(0, 8)) === magic
  const rows = named ? view.getUint32(8, true) : 0
  if (!named || bytes.length !== 16 + 8 * rows) {
    throw new Problem(
      'astrometry.invalid_index',
      'These bytes are no packed list of reference stars; make one with "urania index".',
    )
  }
  const [ra, dec, mag] = [sharedFloat64(rows), sharedFloat64(rows), sharedFloat32(rows)]
  for (let i = 0; i < rows; i++) {
    const first = view.getUint32(16 + 8 * i, true)
    const second = view.getUint32(20 + 8 * i, true)
    ra[i] = ((first & (raSteps - 1)) / raSteps) * 360
    dec[i] = ((second & (decSteps - 1)) / decSteps) * 180 - 90
    const steps = ((first >>> 25) << 8) | (second >>> 24)
    mag[i] = steps === faintest ? NaN : steps / 1000 - 2
  }
  return { rows, ra, dec, mag, xyz: unitVectors(ra, dec, sharedFloat64(3 * rows)) }
}
