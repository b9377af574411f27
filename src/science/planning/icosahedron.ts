/** The sphere's nearest thing to a lattice of hexagons: an icosahedron whose faces are cut into triangles and blown up. */
import type { Vector } from '#science/sky/vectors.ts'
import { radiansPerDegree } from '#science/sky/vectors.ts'

const HEIGHT = 1 / Math.sqrt(5)
/** Edge over (√3 × distance of a face from the centre): half the width of a triangle of one step, in radians. */
const STEP_REACH = 0.764

/** Pieces of each edge that bring every direction within `reachDeg` of a corner. */
export function meshSteps(reachDeg: number): number {
  // Nothing on a face's plane is seen at a larger angle than straight ahead.
  return Math.max(1, Math.ceil(STEP_REACH / (2 * Math.tan((Math.min(90, reachDeg) * radiansPerDegree) / 2))))
}

/** Calls `point` with all 10 steps² + 2 corners, as unit vectors; the first and last are the poles. */
export function icosahedron(steps: number, point: (v: Vector) => void): void {
  const ring = (up: number, i: number): Vector => {
    const turn = ((2 * i + (up > 0 ? 0 : 1)) * Math.PI) / 5
    const flat = 2 * HEIGHT
    return [flat * Math.cos(turn), flat * Math.sin(turn), up * HEIGHT]
  }
  const north: Vector = [0, 0, 1]
  const south: Vector = [0, 0, -1]
  const between = (a: Vector, b: Vector, c: Vector, i: number, j: number): void => {
    const h = steps - i - j
    const v: Vector = [
      h * a[0] + i * b[0] + j * c[0],
      h * a[1] + i * b[1] + j * c[1],
      h * a[2] + i * b[2] + j * c[2],
    ]
    const l = Math.hypot(...v)
    point([v[0] / l, v[1] / l, v[2] / l])
  }
  // Each of the five sectors owns four faces and, of their edges and corners, those on its western side.
  const face = (a: Vector, b: Vector, c: Vector): void => {
    for (let i = 1; i < steps; i++) for (let j = 1; i + j < steps; j++) between(a, b, c, i, j)
  }
  const edge = (a: Vector, b: Vector): void => {
    for (let i = 1; i < steps; i++) between(a, b, b, i, 0)
  }
  point(north)
  for (let i = 0; i < 5; i++) {
    const [u0, u1] = [ring(1, i), ring(1, i + 1)]
    const [d0, d1] = [ring(-1, i), ring(-1, i + 1)]
    point(u0)
    point(d0)
    edge(north, u0)
    edge(u0, u1)
    edge(u0, d0)
    edge(d0, u1)
    edge(d0, d1)
    edge(d0, south)
    face(north, u0, u1)
    face(u0, d0, u1)
    face(u1, d0, d1)
    face(d0, south, d1)
  }
  point(south)
}
