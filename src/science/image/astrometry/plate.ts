/** A plate: tangent plane, linear part and SIP distortion (Shupe et al. 2005), fitted to pairs of pixels and directions. */
import { unitVector } from '#science/sky/vectors.ts'
import { evaluate, exponents, fitPolynomials } from './polynomial.ts'
import { tangentFrame } from './tangent.ts'

export interface Plate {
  /** Degrees ICRS at the reference pixel. */
  readonly crval: readonly [ra: number, dec: number]
  /** 1-based, as FITS counts: the middle of the image. */
  readonly crpix: readonly [number, number]
  /** CD1_1, CD1_2, CD2_1, CD2_2, degrees per pixel. */
  readonly cd: readonly [number, number, number, number]
  /** Order of the distortion; 1 is none. */
  readonly order: number
  /** SIP coefficients by "i_j", pixel to undistorted pixel and back. */
  readonly a: Readonly<Record<string, number>>
  readonly b: Readonly<Record<string, number>>
  readonly ap: Readonly<Record<string, number>>
  readonly bp: Readonly<Record<string, number>>
  readonly rmsPx: number
  readonly pixelScaleArcsec: number
  /** −1: east is left when north is up, as on the sky; +1: mirrored. */
  readonly parity: 1 | -1
  /** Position angle of the image's +y axis, degrees east of north. */
  readonly positionAngleDeg: number
}

const degrees = 180 / Math.PI

/**
 * Fits a plate of the given order.
 * @param x, y 0-based pixels of the stars whose directions are `ra`, `dec` (degrees).
 * @param start unit vector near the image's middle.
 * @returns null where the stars do not determine it.
 */
export function plateOf(
  x: Float64Array,
  y: Float64Array,
  ra: Float64Array,
  dec: Float64Array,
  start: readonly [number, number, number],
  { width, height, order }: { width: number; height: number; order: number },
): Plate | null {
  const [x0, y0] = [(width - 1) / 2, (height - 1) / 2]
  const u = x.map((value) => value - x0)
  const v = y.map((value) => value - y0)
  const scale = Math.hypot(width, height) / 2
  let centre = start
  let fit: Float64Array[] | null = null
  // The reference pixel's own direction is what the constant terms say; two turns make them vanish.
  for (let turn = 0; turn < 4; turn++) {
    const [xi, eta] = tangentPlane(ra, dec, centre)
    fit = fitPolynomials(order, u, v, [xi, eta], scale)
    if (!fit) return null
    const frame = tangentFrame(...centre)
    const [dx, dy] = [fit[0][0] / degrees, fit[1][0] / degrees]
    const moved = [0, 1, 2].map((k) => centre[k] + dx * frame[k] + dy * frame[3 + k])
    const length = Math.hypot(...moved)
    if (turn < 3) centre = [moved[0] / length, moved[1] / length, moved[2] / length]
  }
  if (!fit) return null
  const [first, second] = fit
  const cd = [first[1], first[2], second[1], second[2]] as const
  const determinant = cd[0] * cd[3] - cd[1] * cd[2]
  if (!(Math.abs(determinant) > 0)) return null
  const undo = (p: number, q: number): [number, number] => [
    (cd[3] * p - cd[1] * q) / determinant,
    (cd[0] * q - cd[2] * p) / determinant,
  ]
  const a: Record<string, number> = {}
  const b: Record<string, number> = {}
  exponents(order).forEach(([i, j], k) => {
    if (i + j >= 2) [a[`${i}_${j}`], b[`${i}_${j}`]] = undo(first[k], second[k])
  })
  const [xi, eta] = tangentPlane(ra, dec, centre)
  let squares = 0
  for (let n = 0; n < x.length; n++) {
    const [dx, dy] = undo(
      evaluate(first, order, u[n], v[n]) - xi[n],
      evaluate(second, order, u[n], v[n]) - eta[n],
    )
    squares += dx * dx + dy * dy
  }
  const north = Math.atan2(cd[1], cd[3]) * degrees
  return {
    crval: [
      (((Math.atan2(centre[1], centre[0]) * degrees) % 360) + 360) % 360,
      Math.asin(Math.max(-1, Math.min(1, centre[2]))) * degrees,
    ],
    crpix: [x0 + 1, y0 + 1],
    cd,
    order,
    a,
    b,
    ...inverse(a, b, order, width, height),
    rmsPx: Math.sqrt(squares / (2 * x.length)),
    pixelScaleArcsec: 3600 * Math.sqrt(Math.abs(determinant)),
    parity: determinant < 0 ? -1 : 1,
    positionAngleDeg: (north + 360) % 360,
  }
}

/** Gnomonic places in degrees, east and north of a unit vector. */
function tangentPlane(
  ra: Float64Array,
  dec: Float64Array,
  centre: readonly [number, number, number],
): [Float64Array, Float64Array] {
  const frame = tangentFrame(...centre)
  const xi = new Float64Array(ra.length)
  const eta = new Float64Array(ra.length)
  for (let i = 0; i < ra.length; i++) {
    const [sx, sy, sz] = unitVector(ra[i], dec[i])
    const w = sx * centre[0] + sy * centre[1] + sz * centre[2]
    xi[i] = (degrees * (sx * frame[0] + sy * frame[1] + sz * frame[2])) / w
    eta[i] = (degrees * (sx * frame[3] + sy * frame[4] + sz * frame[5])) / w
  }
  return [xi, eta]
}

/** Polynomials that take undistorted pixels back, fitted on a grid over the image, one order higher. */
function inverse(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
  order: number,
  width: number,
  height: number,
): { ap: Record<string, number>; bp: Record<string, number> } {
  if (order < 2) return { ap: {}, bp: {} }
  const distort = (table: Readonly<Record<string, number>>, u: number, v: number) => {
    let sum = 0
    for (const [key, value] of Object.entries(table)) {
      const [i, j] = key.split('_').map(Number)
      sum += value * u ** i * v ** j
    }
    return sum
  }
  const steps = 16
  const count = (steps + 1) ** 2
  const columns = Array.from({ length: 4 }, () => new Float64Array(count))
  for (let n = 0; n < count; n++) {
    const u = ((n % (steps + 1)) / steps - 0.5) * width
    const v = (Math.floor(n / (steps + 1)) / steps - 0.5) * height
    const [du, dv] = [distort(a, u, v), distort(b, u, v)]
    ;[u + du, v + dv, -du, -dv].forEach((value, k) => (columns[k][n] = value))
  }
  const back = Math.min(9, order + 1)
  const fit = fitPolynomials(
    back,
    columns[0],
    columns[1],
    [columns[2], columns[3]],
    Math.hypot(width, height) / 2,
  )
  const ap: Record<string, number> = {}
  const bp: Record<string, number> = {}
  if (fit)
    exponents(back).forEach(([i, j], k) => {
      ap[`${i}_${j}`] = fit[0][k]
      bp[`${i}_${j}`] = fit[1][k]
    })
  return { ap, bp }
}
