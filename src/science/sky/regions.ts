/**
 * Regions of the sphere as a signed angle: `depth(v)` never exceeds the true angle from `v` to the region's edge, is
 * negative inside, and is zero on the edge. That is all that cover.ts needs to know.
 */
import { Problem } from '#problem.ts'

/** Unit vector. */
export type Vector = readonly [x: number, y: number, z: number]

export interface Region {
  /** Bound of the angle to the edge, radians; ≤ 0 inside. */
  depth(v: Vector): number
  /** The same region, possibly quicker, for directions within `radius` of `v`. */
  near(v: Vector, radius: number): Region
}

const RAD = Math.PI / 180

/** Unit vector of a direction in degrees; `region.invalid` Problem when it is none. */
export function vectorOfDirection(lon: number, lat: number): Vector {
  if (!(Number.isFinite(lon) && lat >= -90 && lat <= 90)) {
    throw invalid(`(${lon}, ${lat}) is no direction: both are finite degrees and latitude is −90 to 90.`)
  }
  const c = Math.cos(lat * RAD)
  return [c * Math.cos(lon * RAD), c * Math.sin(lon * RAD), Math.sin(lat * RAD)]
}

/** Circle of a radius of 0 to 180 degrees around a direction. @throws Problem region.invalid */
export function cone(lon: number, lat: number, radius: number): Region {
  if (!(radius >= 0 && radius <= 180)) throw invalid(`A circle's radius is 0 to 180 degrees, not ${radius}.`)
  const c = vectorOfDirection(lon, lat)
  return fixed((v) => angle(v, c) - radius * RAD)
}

/** Spherical ellipse: the sum of the angles to two foci is at most 2a. */
export function ellipse(lon: number, lat: number, a: number, b: number, positionAngle: number): Region {
  if (!(b >= 0 && a >= b && a < 90 && Number.isFinite(positionAngle))) {
    throw invalid(
      `An ellipse needs 90 > a ≥ b ≥ 0 degrees and a position angle, not a ${a}, b ${b}, ${positionAngle}.`,
    )
  }
  const centre = vectorOfDirection(lon, lat)
  const along = towards(lon, lat, positionAngle)
  // cos a = cos b cos c by the right triangle of centre, focus and end of the minor axis; haversines keep small ones.
  const s = Math.sin(((a - b) * RAD) / 2) * Math.sin(((a + b) * RAD) / 2)
  const c = 2 * Math.asin(Math.min(1, Math.sqrt(Math.max(0, s / Math.cos(b * RAD)))))
  const f1 = moved(centre, along, c)
  const f2 = moved(centre, along, -c)
  return fixed((v) => {
    const d1 = angle(v, f1)
    const d2 = angle(v, f2)
    const mean = (d1 + d2) / 2
    const g = mean - a * RAD
    if (g <= 0 || d1 > Math.PI / 2 || d2 > Math.PI / 2) return g
    // Outside, where g is convex, Newton's step g/|∇g| does not reach the edge either, and comes much closer when the
    // ellipse is thin. |∇g| is the cosine of half the angle at v between the foci.
    const slope = Math.sqrt((Math.sin(mean + c) * Math.sin(mean - c)) / (Math.sin(d1) * Math.sin(d2)))
    return slope > 0 && slope < 1 ? g / slope : g
  })
}

/** Longitudes eastward from lon1 to lon2, latitudes lat1 to lat2. */
export function zone(lon1: number, lat1: number, lon2: number, lat2: number): Region {
  if (!(lat1 >= -90 && lat2 <= 90 && lat1 <= lat2 && Number.isFinite(lon1) && Number.isFinite(lon2))) {
    throw invalid(
      `A zone needs −90 ≤ lat1 ≤ lat2 ≤ 90 and finite longitudes, not ${lon1} ${lat1} ${lon2} ${lat2}.`,
    )
  }
  const span = lon2 - lon1
  const all = Math.abs(span) >= 360
  const width = (((span % 360) + 360) % 360) * RAD
  const middle = lon1 * RAD + width / 2
  const south = lat1 * RAD
  const north = lat2 * RAD
  return fixed((v) => {
    const s = Math.hypot(v[0], v[1])
    const lat = Math.atan2(v[2], s)
    const parallel = Math.max(south - lat, lat - north)
    if (all) return parallel
    // Away from the nearer meridian; behind it the angle to its plane still bounds from below.
    const away = Math.abs(wrapped(Math.atan2(v[1], v[0]) - middle)) - width / 2
    const meridian = Math.asin(Math.min(1, s * Math.abs(Math.sin(Math.min(Math.abs(away), Math.PI / 2)))))
    return Math.max(parallel, away > 0 ? meridian : -meridian)
  })
}

/** Gnomonic rectangle as a polygon. */
export function box(lon: number, lat: number, width: number, height: number, positionAngle: number): Region {
  if (!(width > 0 && width < 180 && height > 0 && height < 180 && Number.isFinite(positionAngle))) {
    throw invalid(`A box needs a width and height between 0 and 180 degrees, not ${width} and ${height}.`)
  }
  const c = vectorOfDirection(lon, lat)
  const up = towards(lon, lat, positionAngle)
  const left = towards(lon, lat, positionAngle + 90)
  const w = Math.tan((width * RAD) / 2)
  const h = Math.tan((height * RAD) / 2)
  const corner = (i: number, j: number): Vector =>
    unit([
      c[0] + i * w * left[0] + j * h * up[0],
      c[1] + i * w * left[1] + j * h * up[1],
      c[2] + i * w * left[2] + j * h * up[2],
    ])
  return polygonOfVectors([corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)])
}

/** Great-circle polygon through directions in degrees; inside is the smaller side. */
export function polygon(vertices: readonly (readonly [lon: number, lat: number])[]): Region {
  return polygonOfVectors(vertices.map(([lon, lat]) => vectorOfDirection(lon, lat)))
}

interface Edge {
  readonly a: Vector
  readonly b: Vector
  /** Unit normal a × b; left of the edge is its positive side. */
  readonly n: Vector
}

/** The same for unit vectors. */
function polygonOfVectors(vertices: readonly Vector[]): Region {
  const corners = vertices.filter((v, i) => {
    const w = vertices[(i + 1) % vertices.length]
    return v[0] !== w[0] || v[1] !== w[1] || v[2] !== w[2]
  })
  if (corners.length < 3) throw invalid(`A polygon needs three different vertices, not ${corners.length}.`)
  const edges = corners.map((a, i): Edge => {
    const b = corners[(i + 1) % corners.length]
    if (dot(a, b) < 0 && norm(cross(a, b)) < 1e-12) {
      throw invalid(
        'Two consecutive vertices of the polygon are opposite each other; add a vertex between them.',
      )
    }
    return { a, b, n: unit(cross(a, b)) }
  })
  const middle = middleOf(corners)
  // Of a polygon within a hemisphere the far pole is outside, whether its edges cross each other or not.
  const start: Vector = middle ? [-middle[0], -middle[1], -middle[2]] : besideAnEdge(edges)
  const first = partOf(edges, start, middle ? false : leftArea(corners) <= 2 * Math.PI)
  // A second point at a right angle: from one of the two, every direction is reached by an arc of at most 135°.
  const other = perpendicular(start)
  const second = partOf(edges, other, middle ? false : first.depth(other) <= 0)
  const best = (v: Vector): Region => (dot(v, start) >= dot(v, other) ? first : second)
  return { depth: (v) => best(v).depth(v), near: (v, radius) => best(v).near(v, radius) }
}

/** A polygon seen from a point `from` known to be inside or not: a direction's side follows from the edges crossed. */
function partOf(edges: readonly Edge[], from: Vector, inside: boolean): Region {
  const depth = (v: Vector): number => {
    let nearest = Math.PI
    let crossings = 0
    const n = cross(from, v)
    for (const e of edges) {
      nearest = Math.min(nearest, angleToArc(v, e))
      if (crosses(n, from, v, e)) crossings++
    }
    return ((crossings & 1) === 0) === inside ? -nearest : nearest
  }
  return {
    depth,
    near(v, radius) {
      const close = edges.filter((e) => angleToArc(v, e) <= radius * (1 + 1e-9) + 1e-15)
      return close.length === edges.length ? this : partOf(close, v, depth(v) <= 0)
    },
  }
}

/** Whether the shorter arc from p to q (normal n) crosses the edge; a vertex on the arc counts with its left side. */
function crosses(n: Vector, p: Vector, q: Vector, { a, b, n: m }: Edge): boolean {
  const sa = dot(n, a) >= 0
  const sp = dot(m, p) >= 0
  return sa !== dot(n, b) >= 0 && sp !== dot(m, q) >= 0 && sa !== sp
}

/** Angle from v to the arc of an edge. */
function angleToArc(v: Vector, { a, b, n }: Edge): number {
  if (dot(cross(n, a), v) >= 0 && dot(cross(b, n), v) >= 0) return Math.asin(Math.min(1, Math.abs(dot(n, v))))
  return Math.min(angle(v, a), angle(v, b))
}

/** A point left of the middle of the longest edge, closer to it than to any other. */
function besideAnEdge(edges: readonly Edge[]): Vector {
  const longest = edges.reduce((x, y) => (dot(y.a, y.b) < dot(x.a, x.b) ? y : x))
  const m = unit([longest.a[0] + longest.b[0], longest.a[1] + longest.b[1], longest.a[2] + longest.b[2]])
  let room = angle(longest.a, longest.b) / 2
  for (const e of edges) if (e !== longest) room = Math.min(room, angleToArc(m, e))
  return moved(m, longest.n, room / 2)
}

/** The middle of corners that lie within a hemisphere around it; undefined for a polygon that goes farther. */
function middleOf(corners: readonly Vector[]): Vector | undefined {
  const sum = corners.reduce<Vector>((s, v) => [s[0] + v[0], s[1] + v[1], s[2] + v[2]], [0, 0, 0])
  const m = norm(sum) > 0 ? unit(sum) : sum
  return corners.every((v) => dot(v, m) > 1e-6) ? m : undefined
}

/** Solid angle left of the polygon's edges, sr, 0 … 4π: excess of the interior angles. */
function leftArea(corners: readonly Vector[]): number {
  const count = corners.length
  let sum = 0
  for (let i = 0; i < count; i++) {
    const v = corners[i]
    const before = corners[(i + count - 1) % count]
    const after = corners[(i + 1) % count]
    const u = cross(v, after)
    const w = cross(v, before)
    // Turning left from the next edge to the previous one sweeps the inside.
    const turn = Math.atan2(dot(v, cross(u, w)), dot(u, w))
    sum += turn < 0 ? turn + 2 * Math.PI : turn
  }
  const area = (sum - (count - 2) * Math.PI) % (4 * Math.PI)
  return area < 0 ? area + 4 * Math.PI : area
}

function fixed(depth: (v: Vector) => number): Region {
  const region: Region = { depth, near: () => region }
  return region
}

/** Unit tangent at a direction, `positionAngle` degrees from north through east. */
function towards(lon: number, lat: number, positionAngle: number): Vector {
  const [l, b, p] = [lon * RAD, lat * RAD, positionAngle * RAD]
  const n = Math.cos(p)
  const e = Math.sin(p)
  return [
    -n * Math.sin(b) * Math.cos(l) - e * Math.sin(l),
    -n * Math.sin(b) * Math.sin(l) + e * Math.cos(l),
    n * Math.cos(b),
  ]
}

/** The direction at an angle from `v` along the perpendicular unit vector `t`. */
function moved(v: Vector, t: Vector, by: number): Vector {
  const c = Math.cos(by)
  const s = Math.sin(by)
  return unit([c * v[0] + s * t[0], c * v[1] + s * t[1], c * v[2] + s * t[2]])
}

/** Angle between unit vectors, radians; good at every size. */
function angle(a: Vector, b: Vector): number {
  const x = a[1] * b[2] - a[2] * b[1]
  const y = a[2] * b[0] - a[0] * b[2]
  const z = a[0] * b[1] - a[1] * b[0]
  return Math.atan2(Math.sqrt(x * x + y * y + z * z), a[0] * b[0] + a[1] * b[1] + a[2] * b[2])
}

function perpendicular(v: Vector): Vector {
  const axis: Vector = Math.abs(v[2]) < 0.6 ? [0, 0, 1] : [1, 0, 0]
  return unit(cross(v, axis))
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

function norm(a: Vector): number {
  return Math.sqrt(dot(a, a))
}

function unit(a: Vector): Vector {
  const l = norm(a)
  return [a[0] / l, a[1] / l, a[2] / l]
}

function wrapped(a: number): number {
  return a - 2 * Math.PI * Math.round(a / (2 * Math.PI))
}

function invalid(sentence: string): Problem {
  return new Problem('region.invalid', sentence)
}
