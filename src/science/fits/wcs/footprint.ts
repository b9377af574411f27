/** Where an image lies on the sky: outline, circle, area, MOC; and how the sky lies in the image. ICRS degrees. */
import type { Moc } from '#science/sky/moc.ts'
import { mocFromCells, mocFromRanges } from '#science/sky/moc.ts'
import { polygonRanges } from '#science/sky/cover.ts'
import { centreOf, pixelCount } from '#science/sky/healpix.ts'
import { angleBetween, degreesPerRadian, directionOf } from '#science/sky/vectors.ts'
import type { Vector } from '#science/sky/vectors.ts'
import type { Wcs } from './wcs.ts'

export interface Footprint {
  /** Outline through the outer edges of the border pixels; empty where the image reaches beyond the projection or a hemisphere. */
  readonly polygon: [ra: number, dec: number][]
  /** Middle of what is covered, and a radius around it that holds everything. */
  readonly centre: [ra: number, dec: number]
  readonly radiusDeg: number
  /** Solid angle of the pixels that have sky; to a few per cent where the image reaches beyond the projection. */
  readonly areaDeg2: number
}

/** Points on each side of the outline: great circles between them miss the edge of a 10° field by less than 0.1″. */
const perSide = 16

/** Footprint of `width` × `height` pixels. */
export function footprintOf(wcs: Wcs, width: number, height: number): Footprint {
  const outline = outlineOf(wcs, width, height)
  const complete = outline.every((v) => Number.isFinite(v[0]))
  const { sum, area } = gridOf(wcs, width, height, complete ? 64 : 400)
  const length = Math.hypot(...sum)
  const middle: Vector =
    length > 0 ? [sum[0] / length, sum[1] / length, sum[2] / length] : (outline[0] ?? [1, 0, 0])
  const far = Math.max(...outline.map((v) => angleBetween(middle, v)))
  const whole = complete && far < 80
  return {
    polygon: whole ? outline.map(directionOf) : [],
    centre: directionOf(middle),
    radiusDeg: whole ? far : 180,
    areaDeg2: area * degreesPerRadian ** 2,
  }
}

function outlineOf(wcs: Wcs, width: number, height: number): Vector[] {
  const x: number[] = []
  const y: number[] = []
  for (let i = 0; i < perSide; i++) {
    x.push((width * i) / perSide)
    y.push(0)
  }
  for (let i = 0; i < perSide; i++) {
    x.push(width)
    y.push((height * i) / perSide)
  }
  for (let i = perSide; i > 0; i--) {
    x.push((width * i) / perSide)
    y.push(height)
  }
  for (let i = perSide; i > 0; i--) {
    x.push(0)
    y.push((height * i) / perSide)
  }
  return vectorsOf(wcs, x, y)
}

function vectorsOf(wcs: Wcs, x: readonly number[], y: readonly number[]): Vector[] {
  const n = x.length
  const out = { a: new Float64Array(n), b: new Float64Array(n), c: new Float64Array(n) }
  wcs.pixelsToVectors(
    Float64Array.from(x, (v) => v - 0.5),
    Float64Array.from(y, (v) => v - 0.5),
    out,
    n,
  )
  return x.map((_, i) => [out.a[i], out.b[i], out.c[i]])
}

/** Sum of area-weighted directions and solid angle of the cells of a grid. */
function gridOf(
  wcs: Wcs,
  width: number,
  height: number,
  gridCells: number,
): { sum: [number, number, number]; area: number } {
  const sum: [number, number, number] = [0, 0, 0]
  let area = 0
  const side = gridCells + 1
  const at = Array.from({ length: side * side }, (_, i) => i)
  const corners = vectorsOf(
    wcs,
    at.map((i) => (width * (i % side)) / gridCells),
    at.map((i) => (height * Math.floor(i / side)) / gridCells),
  )
  for (let j = 0; j < gridCells; j++)
    for (let i = 0; i < gridCells; i++) {
      const p = corners[j * side + i]
      const q = corners[j * side + i + 1]
      const r = corners[(j + 1) * side + i + 1]
      const s = corners[(j + 1) * side + i]
      const cell = triangle(p, q, r) + triangle(p, r, s)
      if (!Number.isFinite(cell)) continue
      area += cell
      for (let k = 0; k < 3; k++) sum[k] += (cell * (p[k] + q[k] + r[k] + s[k])) / 4
    }
  return { sum, area }
}

function triangle(p: Vector, q: Vector, r: Vector): number {
  const u = [q[0] - p[0], q[1] - p[1], q[2] - p[2]]
  const v = [r[0] - p[0], r[1] - p[1], r[2] - p[2]]
  return Math.hypot(u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]) / 2
}

/** MOC of the image: cells that its outline touches or holds; of whole-sky images cells whose centre is a pixel (order ≤ 8). */
export function footprintMoc(wcs: Wcs, width: number, height: number, order: number): Moc {
  const { polygon } = footprintOf(wcs, width, height)
  if (polygon.length > 0) return mocFromRanges(polygonRanges(polygon, { order }), order)
  const coarse = Math.min(order, 8)
  const count = pixelCount(coarse)
  const ra = new Float64Array(count)
  const dec = new Float64Array(count)
  for (let i = 0; i < count; i++) [ra[i], dec[i]] = centreOf(coarse, i)
  const { x, y } = wcs.skyToPixels(ra, dec)
  const found: number[] = []
  for (let i = 0; i < count; i++)
    if (x[i] >= -0.5 && x[i] <= width - 0.5 && y[i] >= -0.5 && y[i] <= height - 0.5) found.push(i)
  return mocFromCells(new Uint8Array(found.length).fill(coarse), found, coarse)
}

/** Change of the tangent-plane direction (degrees east, degrees north) per pixel along x and y at a pixel. */
export interface LocalScale {
  readonly eastPerX: number
  readonly eastPerY: number
  readonly northPerX: number
  readonly northPerY: number
}

/** Local Jacobian by central differences of half a pixel; NaN where there is no sky. */
function localScale(wcs: Wcs, x: number, y: number): LocalScale {
  const [, right, left, up, down] = vectorsOf(
    wcs,
    [x, x + 0.5, x - 0.5, x, x].map((v) => v + 0.5),
    [y, y, y, y + 0.5, y - 0.5].map((v) => v + 0.5),
  )
  const [ra, dec] = wcs.pixelToSky(x, y)
  const [sa, ca] = [Math.sin(ra / degreesPerRadian), Math.cos(ra / degreesPerRadian)]
  const [sd, cd] = [Math.sin(dec / degreesPerRadian), Math.cos(dec / degreesPerRadian)]
  const east = (p: Vector, q: Vector) => (-(p[0] - q[0]) * sa + (p[1] - q[1]) * ca) * degreesPerRadian
  const north = (p: Vector, q: Vector) =>
    (-(p[0] - q[0]) * sd * ca - (p[1] - q[1]) * sd * sa + (p[2] - q[2]) * cd) * degreesPerRadian
  return {
    eastPerX: east(right, left),
    eastPerY: east(up, down),
    northPerX: north(right, left),
    northPerY: north(up, down),
  }
}

export interface Orientation {
  /** Direction of north in the image, degrees from +y towards −x (counter-clockwise, y up). */
  readonly northAngle: number
  /** Direction of east, likewise. */
  readonly eastAngle: number
  /** 1 as on the sky (east to the left of north), −1 mirrored. */
  readonly parity: 1 | -1
  /** Position angle on the sky of the image's +y, north through east. */
  readonly upAngle: number
  /** Degrees per pixel along x and y. */
  readonly scaleX: number
  readonly scaleY: number
}

/** How the sky lies at a pixel. */
export function orientationAt(wcs: Wcs, x: number, y: number): Orientation {
  const { eastPerX, eastPerY, northPerX, northPerY } = localScale(wcs, x, y)
  const determinant = eastPerX * northPerY - eastPerY * northPerX
  // Inverse rows: pixels per degree north and east.
  const angle = (dx: number, dy: number) => {
    const degrees = Math.atan2(-dx, dy) * degreesPerRadian
    return degrees < 0 ? degrees + 360 : degrees
  }
  const sense = Math.sign(determinant)
  return {
    northAngle: angle(-eastPerY * sense, eastPerX * sense),
    eastAngle: angle(northPerY * sense, -northPerX * sense),
    parity: determinant < 0 ? 1 : -1,
    upAngle: (Math.atan2(eastPerY, northPerY) * degreesPerRadian + 360) % 360,
    scaleX: Math.hypot(eastPerX, northPerX),
    scaleY: Math.hypot(eastPerY, northPerY),
  }
}
