/**
 * Fluxes in circular and elliptical apertures on a plane whose background has been taken away. Pixels on the edge count
 * with the area they share with the aperture, exactly or by sub-pixels as SExtractor does.
 */
import { Problem } from '#problem.ts'
import { circleOverlap, ellipseOverlap } from './overlap.ts'
import { maskBits, sourceFlags, type Mask, type Pixels, type Plane } from '#science/image/plane.ts'

/** Standard deviation of the sky noise: one value, one per pixel, or a function of the place (asked at each aperture's centre). */
export type Noise = number | Pixels | ((x: number, y: number) => number)

export interface ApertureOptions {
  /** Pixels not to be used; NaN and infinite pixels are never used. */
  readonly mask?: Mask | null
  /** Sky noise, in the plane's units. Without it, errors are those of the photons alone. */
  readonly noise?: Noise
  /** e⁻ per unit of the plane; without it, or 0, or Infinity: no photon noise. */
  readonly gain?: number
  /** How edge pixels count: by exact area (the default), or by 'subpixels' × 'subpixels' points (5 in SExtractor). */
  readonly subpixels?: number
  /** 'correct' (the default) scales flux and variance by the area lost to bad pixels, 'leave' sums what is there. */
  readonly bad?: 'correct' | 'leave'
}

/** One row per aperture. NaN where there is no pixel to measure. */
export interface ApertureFluxes {
  rows: number
  flux: Float64Array
  /** Square root of Σ noise² + max(flux, 0) / gain. */
  fluxErr: Float64Array
  /** Square root of Σ noise²: the error that a source of no flux would have. */
  skyErr: Float64Array
  /** Area within the frame, square pixels, bad pixels included. */
  area: Float64Array
  /** `sourceFlags`: apertureIncomplete, maskedInAperture, saturated, badSky (position outside the frame). */
  flags: Uint32Array
}

/** An aperture's shape: the matrix that maps it onto the unit circle, its half sizes, and how edges are counted. */
export interface Shape {
  ux: number
  uy: number
  vx: number
  vy: number
  halfX: number
  halfY: number
  /** Radius where it is a circle, else 0. */
  circle: number
  /** Largest distance that half a pixel's diagonal has on the unit circle. */
  reach: number
}

/** What an aperture holds. */
export interface Sums {
  flux: number
  variance: number
  /** Of the aperture within the frame. */
  area: number
  /** Of the bad pixels in it. */
  bad: number
  /** Mask bits met in it. */
  bits: number
  outside: boolean
}

function emptySums(): Sums {
  return { flux: 0, variance: 0, area: 0, bad: 0, bits: 0, outside: false }
}

/** Shape with semi-axes `a` and `b`, pixels, the first at `theta` degrees from x towards y; `shape` is written over. */
function setShape(shape: Shape, a: number, b: number, theta: number): Shape {
  const angle = (theta * Math.PI) / 180
  const cos = Math.cos(angle)
  const sin = Math.sin(angle)
  shape.circle = a === b ? a : 0
  shape.ux = cos / a
  shape.uy = sin / a
  shape.vx = -sin / b
  shape.vy = cos / b
  shape.halfX = Math.sqrt((a * cos) ** 2 + (b * sin) ** 2)
  shape.halfY = Math.sqrt((a * sin) ** 2 + (b * cos) ** 2)
  shape.reach =
    0.5 *
    Math.sqrt(
      Math.max(
        (shape.ux + shape.uy) ** 2 + (shape.vx + shape.vy) ** 2,
        (shape.ux - shape.uy) ** 2 + (shape.vx - shape.vy) ** 2,
      ),
    )
  return shape
}

export function emptyShape(): Shape {
  return { ux: 1, uy: 0, vx: 0, vy: 1, halfX: 1, halfY: 1, circle: 1, reach: 1 }
}

/** Share of the pixel at (`dx`, `dy`) from the centre that lies in the shape; `subpixels` 0 is exact. */
export function shareOf(shape: Shape, dx: number, dy: number, subpixels: number): number {
  const u = shape.ux * dx + shape.uy * dy
  const v = shape.vx * dx + shape.vy * dy
  const distance = u * u + v * v
  const outer = 1 + shape.reach
  if (distance >= outer * outer) return 0
  const inner = 1 - shape.reach
  if (inner > 0 && distance <= inner * inner) return 1
  if (subpixels === 0) {
    return shape.circle > 0
      ? circleOverlap(dx, dy, shape.circle)
      : ellipseOverlap(dx, dy, shape.ux, shape.uy, shape.vx, shape.vy)
  }
  let hits = 0
  const step = 1 / subpixels
  for (let j = 0; j < subpixels; j++) {
    const sy = dy + (j + 0.5) * step - 0.5
    for (let i = 0; i < subpixels; i++) {
      const sx = dx + (i + 0.5) * step - 0.5
      const su = shape.ux * sx + shape.uy * sy
      const sv = shape.vx * sx + shape.vy * sy
      if (su * su + sv * sv < 1) hits++
    }
  }
  return hits * step * step
}

/** Adds up the shape centred at (`x`, `y`); `sums` is written over. Noise is a variance per pixel or a plane of deviations. */
function sumShape(
  sums: Sums,
  plane: Plane<Pixels>,
  mask: Uint8Array | null,
  noise: number | Pixels,
  shape: Shape,
  x: number,
  y: number,
  subpixels: number,
): Sums {
  const { data, width, height } = plane
  let flux = 0
  let variance = 0
  let area = 0
  let bad = 0
  let bits = 0
  const left = Math.ceil(x - shape.halfX - 0.5)
  const right = Math.floor(x + shape.halfX + 0.5)
  const bottom = Math.ceil(y - shape.halfY - 0.5)
  const top = Math.floor(y + shape.halfY + 0.5)
  const each = typeof noise === 'number' ? null : noise
  for (let row = Math.max(0, bottom); row <= Math.min(height - 1, top); row++) {
    for (let column = Math.max(0, left); column <= Math.min(width - 1, right); column++) {
      const share = shareOf(shape, column - x, row - y, subpixels)
      if (share === 0) continue
      const at = row * width + column
      const value = data[at]
      area += share
      const hit = mask === null ? 0 : mask[at]
      // NaN and infinities differ from themselves when taken away.
      if (hit !== 0 || value - value !== 0) {
        bad += share
        bits |= hit === 0 ? maskBits.invalid : hit
        continue
      }
      flux += share * value
      if (each !== null) variance += share * each[at] * each[at]
    }
  }
  sums.flux = flux
  sums.variance = typeof noise === 'number' ? noise * (area - bad) : variance
  sums.area = area
  sums.bad = bad
  sums.bits = bits
  sums.outside =
    x - shape.halfX < -0.5 ||
    y - shape.halfY < -0.5 ||
    x + shape.halfX > width - 0.5 ||
    y + shape.halfY > height - 0.5
  return sums
}

/**
 * Fluxes within `radius` pixels (one for all, or one each) of the positions, 0-based pixels.
 * @throws Problem `request.invalid` where a radius is not above 0, or columns differ in length.
 */
export function circularFlux(
  plane: Plane<Pixels>,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  radius: number | ArrayLike<number>,
  options: ApertureOptions = {},
): ApertureFluxes {
  return ellipticalFlux(plane, x, y, radius, radius, 0, options)
}

/**
 * Fluxes within ellipses of semi-axes `a` and `b` pixels, `theta` degrees from x towards y; each one for all or one each.
 * @throws Problem `request.invalid` where an axis is not above 0, or columns differ in length.
 */
export function ellipticalFlux(
  plane: Plane<Pixels>,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  a: number | ArrayLike<number>,
  b: number | ArrayLike<number>,
  theta: number | ArrayLike<number>,
  options: ApertureOptions = {},
): ApertureFluxes {
  const rows = x.length
  checkRows(rows, { y, a, b, theta })
  const out = emptyFluxes(rows)
  const shape = emptyShape()
  const sums = emptySums()
  const subpixels = options.subpixels ?? 0
  const { noise = 0, gain = 0, bad = 'correct' } = options
  const mask = options.mask?.data ?? null
  let [lastA, lastB, lastTheta] = [NaN, NaN, NaN]
  for (let i = 0; i < rows; i++) {
    const [ai, bi, ti] = [valueAt(a, i), valueAt(b, i), valueAt(theta, i)]
    if (!(ai > 0 && bi > 0)) {
      throw new Problem(
        'request.invalid',
        `Aperture ${i} has the semi-axes ${ai} and ${bi} px; give values above 0.`,
      )
    }
    if (ai !== lastA || bi !== lastB || ti !== lastTheta) setShape(shape, ai, bi, ti)
    ;[lastA, lastB, lastTheta] = [ai, bi, ti]
    sumShape(sums, plane, mask, noiseAt(noise, x[i], y[i]), shape, x[i], y[i], subpixels)
    writeSums(out, i, sums, { gain, bad, inside: isInside(plane, x[i], y[i]) })
  }
  return out
}

/** Sky noise for `sumShape` at a place: a variance, or the plane of deviations itself. */
export function noiseAt(noise: Noise, x: number, y: number): number | Pixels {
  if (typeof noise === 'number') return noise * noise
  return typeof noise === 'function' ? noise(x, y) ** 2 : noise
}

/** False for positions outside the frame and for NaN. */
export function isInside(plane: Plane<Pixels>, x: number, y: number): boolean {
  return x >= -0.5 && y >= -0.5 && x <= plane.width - 0.5 && y <= plane.height - 0.5
}

function emptyFluxes(rows: number): ApertureFluxes {
  const column = () => new Float64Array(rows)
  return {
    rows,
    flux: column(),
    fluxErr: column(),
    skyErr: column(),
    area: column(),
    flags: new Uint32Array(rows),
  }
}

function writeSums(
  out: ApertureFluxes,
  i: number,
  sums: Sums,
  how: { gain: number; bad: 'correct' | 'leave'; inside: boolean },
): void {
  const good = sums.area - sums.bad
  const usable = how.inside && good > 0
  const factor = usable && how.bad === 'correct' ? sums.area / good : 1
  const flux = usable ? sums.flux * factor : NaN
  const variance = usable ? sums.variance * factor : NaN
  const photons = how.gain > 0 && Number.isFinite(how.gain) ? Math.max(flux, 0) / how.gain : 0
  out.flux[i] = flux
  out.fluxErr[i] = Math.sqrt(variance + photons)
  out.skyErr[i] = Math.sqrt(variance)
  out.area[i] = sums.area
  out.flags[i] =
    (sums.outside ? sourceFlags.apertureIncomplete : 0) |
    (sums.bad > 0 ? sourceFlags.maskedInAperture : 0) |
    (sums.bits & maskBits.saturated ? sourceFlags.saturated : 0) |
    (how.inside ? 0 : sourceFlags.badSky)
}

/** @throws Problem `request.invalid` where a column has not `rows` values. */
export function checkRows(rows: number, columns: Record<string, number | ArrayLike<number>>): void {
  for (const [name, column] of Object.entries(columns)) {
    if (typeof column === 'number' || column.length === rows) continue
    throw new Problem(
      'request.invalid',
      `Column ${name} has ${column.length} values for ${rows} positions; give one each.`,
    )
  }
}

function valueAt(column: number | ArrayLike<number>, i: number): number {
  return typeof column === 'number' ? column : column[i]
}
