/**
 * Footprints as geometry that can be asked quickly: a circle, a box of survey grids, or a union of convex parts whose
 * edges are great circles, in the axes of the field. One shape serves every field of its footprint.
 */
import { Problem } from '#problem.ts'
import type { Field, Footprint, Offset } from './model.ts'

const RAD = Math.PI / 180

/** A circle about the field's centre. */
export interface CircleShape {
  readonly kind: 'circle'
  /** Radians. */
  readonly radius: number
}

/** Half width and height, radians. */
export interface BoxShape {
  readonly kind: 'box'
  readonly halfWidth: number
  readonly halfHeight: number
}

/**
 * Convex parts in the field's axes (towards the centre, east, north). Edge e is the half-space `normals[3e…] · v ≥ 0`;
 * edges of part p are `starts[p] … starts[p + 1]`; all of the part lies within `radii[p]` of `centres[3p…]`.
 */
export interface PartsShape {
  readonly kind: 'parts'
  readonly normals: Float64Array
  readonly starts: Uint32Array
  readonly centres: Float64Array
  readonly radii: Float64Array
  /** Of the cap about the field's centre that holds everything, radians. */
  readonly radius: number
  /** Smallest width of a part, radians. */
  readonly width: number
}

export type Shape = CircleShape | BoxShape | PartsShape

/** The shape of a footprint. @throws Problem planning.invalid naming what no sky can be */
export function shapeOf(footprint: Footprint): Shape {
  if (footprint.shape === 'circle') {
    const { radiusDeg } = footprint
    if (!(radiusDeg > 0 && radiusDeg <= 180)) {
      throw invalid(`A circle's radius is more than 0 and at most 180 degrees, not ${radiusDeg}.`)
    }
    return { kind: 'circle', radius: radiusDeg * RAD }
  }
  if (footprint.shape === 'box') {
    const { widthDeg, heightDeg } = footprint
    if (!(widthDeg > 0 && widthDeg <= 360 && heightDeg > 0 && heightDeg <= 360)) {
      throw invalid(
        `A box needs a width and height above 0 and up to 360 degrees, not ${widthDeg} × ${heightDeg}.`,
      )
    }
    return { kind: 'box', halfWidth: (widthDeg * RAD) / 2, halfHeight: (heightDeg * RAD) / 2 }
  }
  return partsOf(cornersOf(footprint).flatMap(convexParts))
}

/** The polygons of a footprint that has any, degrees on the tangent plane. */
export function cornersOf(
  footprint: Exclude<Footprint, { shape: 'circle' | 'box' }>,
): readonly (readonly Offset[])[] {
  if (footprint.shape === 'polygon') return [footprint.vertices]
  if (footprint.shape === 'mosaic') {
    if (footprint.polygons.length === 0) throw invalid('A mosaic needs at least one polygon.')
    return footprint.polygons
  }
  const { widthDeg, heightDeg } = footprint
  if (!(widthDeg > 0 && widthDeg <= 360 && heightDeg > 0 && heightDeg <= 360)) {
    throw invalid(
      `A rectangle needs a width and height above 0 and up to 360 degrees, not ${widthDeg} × ${heightDeg}.`,
    )
  }
  const [w, h] = [widthDeg / 2, heightDeg / 2]
  return [
    [
      [-w, -h],
      [w, -h],
      [w, h],
      [-w, h],
    ],
  ]
}

/** Rows towards the centre, the footprint's east and its north; nine numbers written at `out[at…]`. */
export function writeAxes(field: Field, out: Float64Array, at: number): void {
  const { ra, dec, positionAngleDeg = 0 } = field
  if (!(Number.isFinite(ra) && dec >= -90 && dec <= 90 && Number.isFinite(positionAngleDeg))) {
    throw invalid(
      `Field ${field.id} at RA ${ra}, Dec ${dec}, position angle ${positionAngleDeg} is no direction; give degrees, Dec between −90 and 90.`,
    )
  }
  const [ca, sa] = [Math.cos(ra * RAD), Math.sin(ra * RAD)]
  const [cd, sd] = [Math.cos(dec * RAD), Math.sin(dec * RAD)]
  const [cp, sp] = [Math.cos(positionAngleDeg * RAD), Math.sin(positionAngleDeg * RAD)]
  out[at] = cd * ca
  out[at + 1] = cd * sa
  out[at + 2] = sd
  const north = [-sd * ca, -sd * sa, cd]
  const east = [-sa, ca, 0]
  for (let i = 0; i < 3; i++) {
    out[at + 3 + i] = cp * east[i] - sp * north[i]
    out[at + 6 + i] = sp * east[i] + cp * north[i]
  }
}

/** Whether the direction (x, y, z), a unit vector in the field's axes, lies in any part. */
export function inParts(shape: PartsShape, x: number, y: number, z: number): boolean {
  const { normals, starts } = shape
  const last = starts.length - 1
  for (let p = 0; p < last; p++) {
    const end = starts[p + 1]
    let e = starts[p]
    while (e < end && normals[3 * e] * x + normals[3 * e + 1] * y + normals[3 * e + 2] * z >= 0) e++
    if (e === end) return true
  }
  return false
}

/** Radius (radians) of the cap about a box's centre at a declination (radians) that holds the box. */
export function boxRadius({ halfWidth, halfHeight }: BoxShape, dec: number, steps = 64): number {
  const low = Math.max(-Math.PI / 2, dec - halfHeight)
  const high = Math.min(Math.PI / 2, dec + halfHeight)
  let most = 0
  for (let i = 0; i <= steps; i++) {
    const d = low + ((high - low) * i) / steps
    // At the farthest right ascension; the rows between bend less than a step.
    const turn = Math.min(Math.PI, halfWidth / Math.max(1e-300, Math.cos(d)))
    const hav = Math.sin((d - dec) / 2) ** 2 + Math.cos(d) * Math.cos(dec) * Math.sin(turn / 2) ** 2
    if (hav > most) most = hav
  }
  return 2 * Math.asin(Math.min(1, Math.sqrt(most)))
}

function partsOf(polygons: readonly (readonly Offset[])[]): PartsShape {
  const normals: number[] = []
  const starts = [0]
  const centres: number[] = []
  const radii: number[] = []
  let radius = 0
  let width = Infinity
  for (const polygon of polygons) {
    const corners = polygon.map(([east, north]) => unit(1, east * RAD, north * RAD))
    for (let i = 0; i < corners.length; i++) {
      const a = corners[i]
      const b = corners[(i + 1) % corners.length]
      normals.push(...unit(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]))
    }
    starts.push(normals.length / 3)
    const middle = unit(
      ...corners.reduce(([x, y, z], c): Triple => [x + c[0], y + c[1], z + c[2]], [0, 0, 0] as Triple),
    )
    centres.push(...middle)
    radii.push(Math.max(...corners.map((c) => between(c, middle))))
    radius = Math.max(radius, ...corners.map((c) => between(c, [1, 0, 0])))
    width = Math.min(width, widthOf(corners, normals.slice(3 * starts.at(-2)!)))
  }
  return {
    kind: 'parts',
    normals: Float64Array.from(normals),
    starts: Uint32Array.from(starts),
    centres: Float64Array.from(centres),
    radii: Float64Array.from(radii),
    radius,
    width,
  }
}

type Triple = [number, number, number]

function unit(x: number, y: number, z: number): Triple {
  const l = Math.sqrt(x * x + y * y + z * z)
  return [x / l, y / l, z / l]
}

function between(a: Triple, b: Triple): number {
  return 2 * Math.asin(Math.min(1, Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) / 2))
}

/** Least over the edges of how far the other corners get from one. */
function widthOf(corners: readonly Triple[], normals: readonly number[]): number {
  let least = Infinity
  for (let e = 0; e < normals.length; e += 3) {
    const heights = corners.map((c) => normals[e] * c[0] + normals[e + 1] * c[1] + normals[e + 2] * c[2])
    least = Math.min(least, Math.asin(Math.min(1, Math.max(...heights))))
  }
  return least
}

/** Twice the signed area; positive where east → north turns left. */
function doubleArea(polygon: readonly Offset[]): number {
  let sum = 0
  for (let i = 0; i < polygon.length; i++) {
    const [x1, y1] = polygon[i]
    const [x2, y2] = polygon[(i + 1) % polygon.length]
    sum += x1 * y2 - x2 * y1
  }
  return sum
}

function turn(a: Offset, b: Offset, c: Offset): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/** A simple polygon as convex polygons that turn left: itself, or triangles by cutting ears. */
function convexParts(polygon: readonly Offset[]): Offset[][] {
  if (polygon.some(([x, y]) => !Number.isFinite(x) || !Number.isFinite(y))) {
    throw invalid('A corner of the footprint is not a pair of finite degrees.')
  }
  const distinct = polygon.filter(([x, y], i) => {
    const [u, v] = polygon[(i + 1) % polygon.length]
    return x !== u || y !== v
  })
  const size = Math.max(...distinct.map(([x, y]) => Math.max(Math.abs(x), Math.abs(y))), 0)
  const area = distinct.length < 3 ? 0 : doubleArea(distinct)
  if (!(Math.abs(area) > 1e-12 * size * size)) {
    throw invalid(
      `A polygon of the footprint has no area: ${distinct.length} different corners; give three or more not on a line.`,
    )
  }
  const left = area > 0 ? distinct : distinct.toReversed()
  const straight = left.filter((c, i) => {
    const before = left[(i + left.length - 1) % left.length]
    return Math.abs(turn(before, c, left[(i + 1) % left.length])) > 1e-14 * size * size
  })
  checkSimple(straight)
  if (isConvex(straight)) return [straight]
  const triangles: Offset[][] = []
  const rest = [...straight]
  while (rest.length > 3) {
    const ear = rest.findIndex((_, i) => isEar(rest, i))
    const at = ear < 0 ? 0 : ear
    const [a, b, c] = [-1, 0, 1].map((d) => rest[(at + d + rest.length) % rest.length])
    if (turn(a, b, c) > 0) triangles.push([a, b, c])
    rest.splice(at, 1)
  }
  if (turn(rest[0], rest[1], rest[2]) > 0) triangles.push(rest)
  return triangles
}

function isConvex(polygon: readonly Offset[]): boolean {
  const n = polygon.length
  return polygon.every((c, i) => turn(c, polygon[(i + 1) % n], polygon[(i + 2) % n]) > 0)
}

function isEar(polygon: readonly Offset[], i: number): boolean {
  const n = polygon.length
  const [a, b, c] = [polygon[(i + n - 1) % n], polygon[i], polygon[(i + 1) % n]]
  if (turn(a, b, c) <= 0) return false
  return !polygon.some(
    (p) => p !== a && p !== b && p !== c && turn(a, b, p) >= 0 && turn(b, c, p) >= 0 && turn(c, a, p) >= 0,
  )
}

/** @throws Problem planning.invalid where two edges cross */
function checkSimple(polygon: readonly Offset[]): void {
  const n = polygon.length
  for (let i = 0; i < n; i++) {
    const [a, b] = [polygon[i], polygon[(i + 1) % n]]
    for (let j = i + 2; j < n; j++) {
      if (i === 0 && j === n - 1) continue
      const [c, d] = [polygon[j], polygon[(j + 1) % n]]
      if (turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0) {
        throw invalid(
          `Edges ${i + 1} and ${j + 1} of a polygon of the footprint cross; list its corners in the order in which they follow each other, or give a mosaic of simple polygons.`,
        )
      }
    }
  }
}

function invalid(sentence: string): Problem {
  return new Problem('planning.invalid', sentence)
}
