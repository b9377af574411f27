/**
 * Point in spherical polygon as signs of linear forms, so that SQL and memory decide by the same sums.
 *
 * v is inside when the arc to it from a reference direction r crosses the edges an even number of times (r inside) or an
 * odd one. For the edge a → b with normal m = a × b, the arc r → v crosses it when the signs of a and b against the
 * plane (r, v) differ, those of r and v against the edge's plane differ, and the crossing is on the near side:
 *   sign((r × v)·a) ≠ sign((r × v)·b), sign(m·r) ≠ sign(m·v), sign((r × v)·a) ≠ sign(m·r),
 * with (r × v)·a = v·(a × r), linear in v. A vertex on the plane counts as positive for both its edges.
 * Arcs near 180° are ill-conditioned, so there are two references at a right angle and the nearer one judges.
 */
import { Problem } from '#problem.ts'
import { polygon as regionOf, vectorOfDirection } from '#science/sky/regions.ts'
import type { Vector } from '#science/sky/regions.ts'

export interface Reference {
  readonly r: Vector
  readonly inside: boolean
  /** a × r of each vertex. */
  readonly spokes: readonly Vector[]
  /** Whether m·r ≥ 0 for the edge that starts at each vertex. */
  readonly sides: readonly boolean[]
}

export interface PreparedPolygon {
  readonly vertices: readonly (readonly [lon: number, lat: number])[]
  /** a × b of the edge that starts at each vertex. */
  readonly normals: readonly Vector[]
  readonly references: readonly [Reference, Reference]
}

/** Most vertices of a polygon in a condition. */
export const vertexLimit = 200

const { cos, sin, PI } = Math

/** Directions tried as references, away from the round numbers that vertices have. */
const tried: readonly Vector[] = Array.from({ length: 24 }, (_, i) => {
  const z = (2 * i + 1) / 24 - 1
  const phi = i * PI * (3 - Math.sqrt(5)) + 0.1
  const s = Math.sqrt(1 - z * z)
  return [s * cos(phi), s * sin(phi), z]
})

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

function unit(v: Vector): Vector {
  const l = Math.sqrt(dot(v, v))
  return [v[0] / l, v[1] / l, v[2] / l]
}

/** Polygon of great-circle edges; its inside is the smaller side. Throws `region.invalid`, `adql.too_large`. */
export function preparePolygon(vertices: readonly (readonly [lon: number, lat: number])[]): PreparedPolygon {
  if (vertices.length > vertexLimit) {
    throw new Problem(
      'adql.too_large',
      `A polygon in a condition has at most ${vertexLimit} vertices, not ${vertices.length}; use a MOC.`,
    )
  }
  const region = regionOf(vertices)
  const corners = vertices.map(([lon, lat]) => vectorOfDirection(lon, lat))
  const normals = corners.map((a, i) => cross(a, corners[(i + 1) % corners.length]))
  const referenceAt = (r: Vector): Reference => ({
    r,
    inside: region.depth(r) <= 0,
    spokes: corners.map((a) => cross(a, r)),
    sides: normals.map((m) => dot(m, r) >= 0),
  })
  const farthest = (from: readonly Vector[]) =>
    from.reduce((best, each) => (Math.abs(region.depth(each)) > Math.abs(region.depth(best)) ? each : best))
  const first = farthest(tried)
  const across = unit(cross(first, Math.abs(first[2]) < 0.6 ? [0, 0, 1] : [1, 0, 0]))
  const along = cross(first, across)
  const second = farthest(
    Array.from({ length: 12 }, (_, i): Vector => {
      const [c, s] = [cos(i * 0.5236), sin(i * 0.5236)]
      return [c * across[0] + s * along[0], c * across[1] + s * along[1], c * across[2] + s * along[2]]
    }),
  )
  return { vertices, normals, references: [referenceAt(first), referenceAt(second)] }
}

/** Whether a direction in degrees is inside. */
export function insidePolygon({ normals, references }: PreparedPolygon, lon: number, lat: number): boolean {
  const [a, d] = [(lon * PI) / 180, (lat * PI) / 180]
  const v: Vector = [cos(d) * cos(a), cos(d) * sin(a), sin(d)]
  const { inside, spokes, sides } = references[dot(v, references[0].r) >= dot(v, references[1].r) ? 0 : 1]
  let odd = false
  let here = dot(v, spokes[0]) >= 0
  for (let i = 0; i < spokes.length; i++) {
    const there = dot(v, spokes[(i + 1) % spokes.length]) >= 0
    if (here !== there && here !== sides[i] && sides[i] !== dot(v, normals[i]) >= 0) odd = !odd
    here = there
  }
  return odd !== inside
}

/** Corners of a box: great-circle sides whose middles lie half a width east and west, half a height north and south. */
export function boxCorners(lon: number, lat: number, width: number, height: number): [number, number][] {
  if (!(width > 0 && width < 180 && height > 0 && height < 180)) {
    throw new Problem(
      'region.invalid',
      `A box needs a width and height between 0 and 180 degrees, not ${width} and ${height}.`,
    )
  }
  const c = vectorOfDirection(lon, lat)
  const [a, d] = [(lon * PI) / 180, (lat * PI) / 180]
  const east: Vector = [-sin(a), cos(a), 0]
  const north: Vector = [-sin(d) * cos(a), -sin(d) * sin(a), cos(d)]
  const w = Math.tan((width * PI) / 360)
  const h = Math.tan((height * PI) / 360)
  return [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].map(([i, j]): [number, number] => {
    const [x, y, z] = c.map((each, k) => each + i * w * east[k] + j * h * north[k])
    return [((Math.atan2(y, x) * 180) / PI + 360) % 360, (Math.atan2(z, Math.hypot(x, y)) * 180) / PI]
  })
}
