/**
 * Directions as unit vectors, and what follows from them: separation, position angle, offset, rotation.
 * Longitude and latitude in degrees; bulk forms take typed arrays of n and vectors of 3n (x, y, z of each in turn).
 */
import { normalizeDegrees } from './angles.ts'

export type Vector = readonly [number, number, number]
/** Row-major 3×3. */
export type Matrix = readonly [number, number, number, number, number, number, number, number, number]

export const radiansPerDegree = Math.PI / 180
export const degreesPerRadian = 180 / Math.PI
export const radiansPerArcsec = Math.PI / 648_000

/** Unit vector of a direction in degrees: x to (0, 0), y to (90, 0), z to the pole. */
export function unitVector(lon: number, lat: number): Vector {
  const cosLat = Math.cos(lat * radiansPerDegree)
  return [
    cosLat * Math.cos(lon * radiansPerDegree),
    cosLat * Math.sin(lon * radiansPerDegree),
    Math.sin(lat * radiansPerDegree),
  ]
}

/** [longitude in [0, 360), latitude] in degrees; the vector need not be of unit length. At a pole longitude is 0. */
export function directionOf([x, y, z]: Vector): [number, number] {
  return [
    normalizeDegrees(Math.atan2(y, x) * degreesPerRadian),
    Math.atan2(z, Math.sqrt(x * x + y * y)) * degreesPerRadian,
  ]
}

/** n directions → 3n components. */
export function unitVectors(
  lon: Float64Array,
  lat: Float64Array,
  out: Float64Array = new Float64Array(3 * lon.length),
): Float64Array {
  for (let i = 0; i < lon.length; i++) {
    const cosLat = Math.cos(lat[i] * radiansPerDegree)
    out[3 * i] = cosLat * Math.cos(lon[i] * radiansPerDegree)
    out[3 * i + 1] = cosLat * Math.sin(lon[i] * radiansPerDegree)
    out[3 * i + 2] = Math.sin(lat[i] * radiansPerDegree)
  }
  return out
}

/** 3n components → n directions. */
export function directionsOf(xyz: Float64Array): { lon: Float64Array; lat: Float64Array } {
  const count = xyz.length / 3
  const lon = new Float64Array(count)
  const lat = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const x = xyz[3 * i]
    const y = xyz[3 * i + 1]
    lon[i] = normalizeDegrees(Math.atan2(y, x) * degreesPerRadian)
    lat[i] = Math.atan2(xyz[3 * i + 2], Math.sqrt(x * x + y * y)) * degreesPerRadian
  }
  return { lon, lat }
}

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/** Angle between two vectors in degrees, [0, 180], exact at any size (atan2 of cross and dot product). */
export function angleBetween(a: Vector, b: Vector): number {
  const [x, y, z] = cross(a, b)
  return Math.atan2(Math.sqrt(x * x + y * y + z * z), dot(a, b)) * degreesPerRadian
}

/** Separation of two directions, degrees in [0, 180] (Vincenty's form: exact at any size). */
export function separation(lon1: number, lat1: number, lon2: number, lat2: number): number {
  const turn = (lon2 - lon1) * radiansPerDegree
  const sin1 = Math.sin(lat1 * radiansPerDegree)
  const cos1 = Math.cos(lat1 * radiansPerDegree)
  const sin2 = Math.sin(lat2 * radiansPerDegree)
  const cos2 = Math.cos(lat2 * radiansPerDegree)
  const u = cos2 * Math.sin(turn)
  const v = cos1 * sin2 - sin1 * cos2 * Math.cos(turn)
  return Math.atan2(Math.sqrt(u * u + v * v), sin1 * sin2 + cos1 * cos2 * Math.cos(turn)) * degreesPerRadian
}

/** Separations of n directions from one. */
export function separationsFrom(
  lon0: number,
  lat0: number,
  lon: Float64Array,
  lat: Float64Array,
  out: Float64Array = new Float64Array(lon.length),
): Float64Array {
  for (let i = 0; i < lon.length; i++) out[i] = separation(lon0, lat0, lon[i], lat[i])
  return out
}

/**
 * Solid angle (sr) of a polygon of great circles, by the sum of its triangles seen from the first vertex (Van Oosterom &
 * Strackee 1983); vertices (lon, lat) in degrees, in either sense of rotation. Right for polygons within a hemisphere.
 */
export function polygonAreaSr(vertices: readonly (readonly [lon: number, lat: number])[]): number {
  const [a, ...rest] = vertices.map(([lon, lat]) => unitVector(lon, lat))
  let area = 0
  for (let i = 1; i < rest.length; i++) {
    const [b, c] = [rest[i - 1], rest[i]]
    area += 2 * Math.atan2(dot(a, cross(b, c)), 1 + dot(a, b) + dot(b, c) + dot(c, a))
  }
  return Math.abs(area)
}

/** Position angle of the second direction seen from the first, north through east, degrees in [0, 360). */
export function positionAngle(lon1: number, lat1: number, lon2: number, lat2: number): number {
  const turn = (lon2 - lon1) * radiansPerDegree
  const cos2 = Math.cos(lat2 * radiansPerDegree)
  const y = cos2 * Math.sin(turn)
  const x =
    Math.sin(lat2 * radiansPerDegree) * Math.cos(lat1 * radiansPerDegree) -
    cos2 * Math.sin(lat1 * radiansPerDegree) * Math.cos(turn)
  return normalizeDegrees(Math.atan2(y, x) * degreesPerRadian)
}

/** The direction `distance` degrees from another along a great circle that leaves it at `angle` (north through east). */
export function offsetBy(lon: number, lat: number, angle: number, distance: number): [number, number] {
  const sinLat = Math.sin(lat * radiansPerDegree)
  const cosLat = Math.cos(lat * radiansPerDegree)
  const sinD = Math.sin(distance * radiansPerDegree)
  const cosD = Math.cos(distance * radiansPerDegree)
  const north = sinD * Math.cos(angle * radiansPerDegree)
  const east = sinD * Math.sin(angle * radiansPerDegree)
  const along = cosD * cosLat - north * sinLat
  const up = cosD * sinLat + north * cosLat
  return [
    normalizeDegrees(lon + Math.atan2(east, along) * degreesPerRadian),
    Math.atan2(up, Math.sqrt(along * along + east * east)) * degreesPerRadian,
  ]
}

/** Rotation of the axes about x by an angle in radians (a direction's components in the turned axes). */
export function rotationX(angleRad: number): Matrix {
  const s = Math.sin(angleRad)
  const c = Math.cos(angleRad)
  return [1, 0, 0, 0, c, s, 0, -s, c]
}

/** As rotationX, about y. */
export function rotationY(angleRad: number): Matrix {
  const s = Math.sin(angleRad)
  const c = Math.cos(angleRad)
  return [c, 0, -s, 0, 1, 0, s, 0, c]
}

/** As rotationX, about z. */
export function rotationZ(angleRad: number): Matrix {
  const s = Math.sin(angleRad)
  const c = Math.cos(angleRad)
  return [c, s, 0, -s, c, 0, 0, 0, 1]
}

/** Product of matrices, the last applied first. */
export function multiply(...matrices: Matrix[]): Matrix {
  return matrices.reduce((a, b) => [
    a[0] * b[0] + a[1] * b[3] + a[2] * b[6],
    a[0] * b[1] + a[1] * b[4] + a[2] * b[7],
    a[0] * b[2] + a[1] * b[5] + a[2] * b[8],
    a[3] * b[0] + a[4] * b[3] + a[5] * b[6],
    a[3] * b[1] + a[4] * b[4] + a[5] * b[7],
    a[3] * b[2] + a[4] * b[5] + a[5] * b[8],
    a[6] * b[0] + a[7] * b[3] + a[8] * b[6],
    a[6] * b[1] + a[7] * b[4] + a[8] * b[7],
    a[6] * b[2] + a[7] * b[5] + a[8] * b[8],
  ])
}

/** The inverse of a rotation. */
export function transpose(m: Matrix): Matrix {
  return [m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]]
}

export function rotate(m: Matrix, [x, y, z]: Vector): Vector {
  return [m[0] * x + m[1] * y + m[2] * z, m[3] * x + m[4] * y + m[5] * z, m[6] * x + m[7] * y + m[8] * z]
}

/** A direction in the turned axes, degrees. */
export function rotateDirection(m: Matrix, lon: number, lat: number): [number, number] {
  return directionOf(rotate(m, unitVector(lon, lat)))
}

/** n directions in the turned axes, degrees; `out` may be the input's own arrays. */
export function rotateDirections(
  m: Matrix,
  lon: Float64Array,
  lat: Float64Array,
  out: { lon: Float64Array; lat: Float64Array } = {
    lon: new Float64Array(lon.length),
    lat: new Float64Array(lon.length),
  },
): { lon: Float64Array; lat: Float64Array } {
  const [a, b, c, d, e, f, g, h, k] = m
  for (let i = 0; i < lon.length; i++) {
    const cosLat = Math.cos(lat[i] * radiansPerDegree)
    const x = cosLat * Math.cos(lon[i] * radiansPerDegree)
    const y = cosLat * Math.sin(lon[i] * radiansPerDegree)
    const z = Math.sin(lat[i] * radiansPerDegree)
    const u = a * x + b * y + c * z
    const v = d * x + e * y + f * z
    out.lon[i] = normalizeDegrees(Math.atan2(v, u) * degreesPerRadian)
    out.lat[i] = Math.atan2(g * x + h * y + k * z, Math.sqrt(u * u + v * v)) * degreesPerRadian
  }
  return out
}
