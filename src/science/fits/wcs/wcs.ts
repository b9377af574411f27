/**
 * The world coordinate system of an image: pixels ↔ ICRS. Pixels are 0-based (FITS pixel 1 is 0), directions ICRS degrees.
 * Papers: Greisen & Calabretta 2002, Calabretta & Greisen 2002; SIP by Shupe et al. 2005; TPV and TNX as registered.
 */
import { normalizeDegrees } from '#science/sky/angles.ts'
import { degreesPerRadian, multiply, radiansPerDegree, transpose } from '#science/sky/vectors.ts'
import type { Header } from '#science/fits/header.ts'
import { nativeToCelestial } from './celestial.ts'
import { distortionBend } from './distortion.ts'
import { toIcrs } from './frame.ts'
import { projectionOf } from './projection.ts'
import { readTerms } from './read.ts'
import type { SkyFrame, WcsTerms } from './terms.ts'

export type { SkyFrame, WcsTerms } from './terms.ts'

/** Components of unit vectors. */
export interface VectorArrays {
  a: Float64Array
  b: Float64Array
  c: Float64Array
}

export interface Wcs {
  /** All that defines it, as plain data: hand this to a thread and make it a Wcs again with `wcsOf`. */
  readonly terms: WcsTerms
  /** 'TAN', 'TAN-SIP', 'TPV', 'TNX', 'SIN' …, as CTYPE would say it. */
  readonly projection: string
  /** Frame of the header; what comes out is ICRS all the same. */
  readonly frame: SkyFrame
  /** What was wrong in the header and how it was taken, each in words. */
  readonly repairs: readonly string[]
  /** ICRS degrees of a pixel, ra in [0, 360); NaN where the projection has no sky. */
  pixelToSky(x: number, y: number): [ra: number, dec: number]
  /** Pixel of a direction; null where the projection does not reach or the distortion cannot be undone. */
  skyToPixel(ra: number, dec: number): [x: number, y: number] | null
  /** In bulk; `ra` and `dec` are made unless given, and may be the input's own arrays. */
  pixelsToSky(
    x: Float64Array,
    y: Float64Array,
    ra?: Float64Array,
    dec?: Float64Array,
  ): { ra: Float64Array; dec: Float64Array }
  /** In bulk; NaN where there is no pixel. `x` and `y` are made unless given, and may be the input's own arrays. */
  skyToPixels(
    ra: Float64Array,
    dec: Float64Array,
    x?: Float64Array,
    y?: Float64Array,
  ): { x: Float64Array; y: Float64Array }
  /** ICRS unit vectors of n pixels into a, b, c. */
  pixelsToVectors(x: Float64Array, y: Float64Array, out: VectorArrays, n: number): void
  /** Pixels of n ICRS unit vectors; the vectors are overwritten. */
  vectorsToPixels(from: VectorArrays, x: Float64Array, y: Float64Array, n: number): void
  /** Side of a square with a pixel's area, degrees; at the reference point unless a pixel is given. */
  pixelScaleDeg(x?: number, y?: number): number
}

/** Points worked on at a time, so that all steps find them in the cache. */
const block = 512

/**
 * The celestial WCS of a header, or null where it has none (no CTYPE pair of longitude and latitude with a projection).
 * Common dialects are read and reported in `repairs`. `alternate` is the letter of an alternative WCS.
 * @throws Problem wcs.invalid naming the keyword, wcs.unsupported for projections and frames that are not read here.
 */
export function readWcs(header: Header, { alternate = '' }: { alternate?: string } = {}): Wcs | null {
  const read = readTerms(header, alternate)
  return read && wcsOf(read.terms, read.repairs)
}

/** The projection as CTYPE names it. */
export function projectionName({ projection, distortion }: WcsTerms): string {
  if (!distortion) return projection
  if (distortion.kind === 'sip') return `${projection}-SIP`
  if (distortion.kind === 'tpv') return 'TPV'
  return projection === 'ZPN' ? 'ZPX' : 'TNX'
}

/** A Wcs from its terms. @throws Problem wcs.invalid, wcs.unsupported */
export function wcsOf(terms: WcsTerms, repairs: readonly string[] = []): Wcs {
  const projection = projectionOf(terms.projection, terms.pv)
  const [xx, xy, yx, yy] = terms.cd
  const determinant = xx * yy - xy * yx
  const scale = Math.sqrt(Math.abs(determinant))
  const [crpixX, crpixY] = [terms.crpix[0] - 1, terms.crpix[1] - 1]
  const bend = terms.distortion && {
    inPixels: terms.distortion.kind === 'sip',
    ...distortionBend(terms.distortion, terms.distortion.kind === 'sip' ? 1 : scale),
  }
  const native = terms.native ?? ([0, projection.theta0] as const)
  const rotation = nativeToCelestial(terms.crval, native, terms.lonpole, terms.latpole)
  const { matrix, terms: elliptic } = toIcrs(terms.frame)
  // Frames that are rotations are one matrix with the native rotation.
  const first = elliptic ? rotation : multiply(matrix, rotation)
  const back = transpose(first)
  const icrsToFrame = transpose(matrix)
  const [offsetX, offsetY] = planeOffset()

  function planeOffset(): [number, number] {
    if (!terms.offset) return [0, 0]
    const [phi, theta] = [native[0] * radiansPerDegree, native[1] * radiansPerDegree]
    const x = new Float64Array(1)
    const y = new Float64Array(1)
    const vector = {
      a: Float64Array.of(Math.cos(theta) * Math.cos(phi)),
      b: Float64Array.of(Math.cos(theta) * Math.sin(phi)),
      c: Float64Array.of(Math.sin(theta)),
    }
    projection.toPlane(vector, x, y, 1)
    return [x[0], y[0]]
  }

  const u = new Float64Array(block)
  const v = new Float64Array(block)
  const vectors: VectorArrays = {
    a: new Float64Array(block),
    b: new Float64Array(block),
    c: new Float64Array(block),
  }
  const oneX = new Float64Array(1)
  const oneY = new Float64Array(1)

  /** u, v hold pixels and are used up; vectors are filled. */
  const blockToVectors = (n: number, out: VectorArrays): void => {
    for (let i = 0; i < n; i++) {
      u[i] -= crpixX
      v[i] -= crpixY
    }
    if (bend?.inPixels) bend.forward(u, v, n)
    for (let i = 0; i < n; i++) {
      const p = u[i]
      u[i] = xx * p + xy * v[i]
      v[i] = yx * p + yy * v[i]
    }
    if (bend && !bend.inPixels) bend.forward(u, v, n)
    for (let i = 0; i < n; i++) {
      u[i] = u[i] * radiansPerDegree + offsetX
      v[i] = v[i] * radiansPerDegree + offsetY
    }
    projection.toSphere(u, v, out, n)
    turn(first, out, n)
    if (elliptic) {
      const [e, f, g] = elliptic
      const { a, b, c } = out
      for (let i = 0; i < n; i++) {
        const along = 1 + e * a[i] + f * b[i] + g * c[i]
        const [p, q, r] = [a[i] * along - e, b[i] * along - f, c[i] * along - g]
        const norm = 1 / Math.sqrt(p * p + q * q + r * r)
        a[i] = p * norm
        b[i] = q * norm
        c[i] = r * norm
      }
      turn(matrix, out, n)
    }
  }

  /** Vectors are used up; u, v are filled with pixels. */
  const blockToPixels = (from: VectorArrays, n: number): void => {
    if (elliptic) {
      turn(icrsToFrame, from, n)
      addElliptic(from, n, elliptic)
    }
    turn(back, from, n)
    projection.toPlane(from, u, v, n)
    for (let i = 0; i < n; i++) {
      u[i] = (u[i] - offsetX) * degreesPerRadian
      v[i] = (v[i] - offsetY) * degreesPerRadian
    }
    if (bend && !bend.inPixels) bend.inverse(u, v, n)
    for (let i = 0; i < n; i++) {
      const p = u[i]
      u[i] = (yy * p - xy * v[i]) / determinant
      v[i] = (xx * v[i] - yx * p) / determinant
    }
    if (bend?.inPixels) bend.inverse(u, v, n)
    for (let i = 0; i < n; i++) {
      u[i] += crpixX
      v[i] += crpixY
    }
  }

  const wcs: Wcs = {
    terms,
    projection: projectionName(terms),
    frame: terms.frame,
    repairs,
    pixelToSky(x, y) {
      u[0] = x
      v[0] = y
      blockToVectors(1, vectors)
      toDirections(vectors, oneX, oneY, 0, 1)
      return [oneX[0], oneY[0]]
    },
    skyToPixel(ra, dec) {
      oneX[0] = ra
      oneY[0] = dec
      toVectors(oneX, oneY, 0, vectors, 1)
      blockToPixels(vectors, 1)
      return Number.isFinite(u[0]) && Number.isFinite(v[0]) ? [u[0], v[0]] : null
    },
    pixelsToSky(x, y, ra = new Float64Array(x.length), dec = new Float64Array(x.length)) {
      for (let at = 0; at < x.length; at += block) {
        const n = Math.min(block, x.length - at)
        u.set(x.subarray(at, at + n))
        v.set(y.subarray(at, at + n))
        blockToVectors(n, vectors)
        toDirections(vectors, ra, dec, at, n)
      }
      return { ra, dec }
    },
    skyToPixels(ra, dec, x = new Float64Array(ra.length), y = new Float64Array(ra.length)) {
      for (let at = 0; at < ra.length; at += block) {
        const n = Math.min(block, ra.length - at)
        toVectors(ra, dec, at, vectors, n)
        blockToPixels(vectors, n)
        store(x, y, at, n)
      }
      return { x, y }
    },
    pixelsToVectors(x, y, out, n) {
      for (let at = 0; at < n; at += block) {
        const count = Math.min(block, n - at)
        u.set(x.subarray(at, at + count))
        v.set(y.subarray(at, at + count))
        blockToVectors(count, part(out, at, count))
      }
    },
    vectorsToPixels(from, x, y, n) {
      for (let at = 0; at < n; at += block) {
        const count = Math.min(block, n - at)
        blockToPixels(part(from, at, count), count)
        store(x, y, at, count)
      }
    },
    pixelScaleDeg(x = crpixX, y = crpixY) {
      const h = 0.5
      u.set([x + h, x - h, x, x])
      v.set([y, y, y + h, y - h])
      blockToVectors(4, vectors)
      const { a, b, c } = vectors
      const [p, q] = [
        [a[0] - a[1], b[0] - b[1], c[0] - c[1]],
        [a[2] - a[3], b[2] - b[3], c[2] - c[3]],
      ]
      const area = Math.hypot(p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0])
      return Math.sqrt(area) * degreesPerRadian
    },
  }

  /** A point with no way back has both coordinates NaN. */
  function store(x: Float64Array, y: Float64Array, at: number, n: number): void {
    for (let i = 0; i < n; i++) {
      const good = Number.isFinite(u[i]) && Number.isFinite(v[i])
      x[at + i] = good ? u[i] : NaN
      y[at + i] = good ? v[i] : NaN
    }
  }

  return wcs
}

function part({ a, b, c }: VectorArrays, at: number, n: number): VectorArrays {
  return { a: a.subarray(at, at + n), b: b.subarray(at, at + n), c: c.subarray(at, at + n) }
}

function turn(m: readonly number[], { a, b, c }: VectorArrays, n: number): void {
  const [m0, m1, m2, m3, m4, m5, m6, m7, m8] = m
  for (let i = 0; i < n; i++) {
    const [p, q, r] = [a[i], b[i], c[i]]
    a[i] = m0 * p + m1 * q + m2 * r
    b[i] = m3 * p + m4 * q + m5 * r
    c[i] = m6 * p + m7 * q + m8 * r
  }
}

/** The elliptic terms put back, by iteration. */
function addElliptic(
  { a, b, c }: VectorArrays,
  n: number,
  [e, f, g]: readonly [number, number, number],
): void {
  for (let i = 0; i < n; i++) {
    const [p, q, r] = [a[i], b[i], c[i]]
    let [x, y, z] = [p, q, r]
    for (let step = 0; step < 6; step++) {
      const along = 1 / (1 + e * x + f * y + g * z)
      x = (p + e) * along
      y = (q + f) * along
      z = (r + g) * along
    }
    const norm = 1 / Math.sqrt(x * x + y * y + z * z)
    a[i] = x * norm
    b[i] = y * norm
    c[i] = z * norm
  }
}

function toDirections(
  { a, b, c }: VectorArrays,
  ra: Float64Array,
  dec: Float64Array,
  at: number,
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    ra[at + i] = normalizeDegrees(Math.atan2(b[i], a[i]) * degreesPerRadian)
    dec[at + i] = Math.atan2(c[i], Math.sqrt(a[i] * a[i] + b[i] * b[i])) * degreesPerRadian
  }
}

function toVectors(
  ra: Float64Array,
  dec: Float64Array,
  at: number,
  { a, b, c }: VectorArrays,
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    const lon = ra[at + i] * radiansPerDegree
    // A declination beyond the poles is no direction.
    const lat = Math.abs(dec[at + i]) <= 90 ? dec[at + i] * radiansPerDegree : NaN
    const cosLat = Math.cos(lat)
    a[i] = cosLat * Math.cos(lon)
    b[i] = cosLat * Math.sin(lon)
    c[i] = Math.sin(lat)
  }
}
