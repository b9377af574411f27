/** A footprint without gaps, and the largest circle about its centre that lies in it: what grids are laid by. */
import { Problem } from '#problem.ts'
import { degreesPerRadian, radiansPerDegree } from '#science/sky/vectors.ts'
import type { Footprint, Offset } from './model.ts'
import { cornersOf } from './shape.ts'

export interface Hull {
  /** The footprint; of a mosaic the convex hull of its detectors. */
  readonly footprint: Footprint
  /** Radius of the largest circle about the centre inside, degrees; for a box, away from the poles. */
  readonly inscribedDeg: number
}

/** @throws Problem planning.invalid where the centre does not lie in the footprint */
export function hullOf(footprint: Footprint): Hull {
  if (footprint.shape === 'circle') return { footprint, inscribedDeg: footprint.radiusDeg }
  if (footprint.shape === 'box') {
    return { footprint, inscribedDeg: Math.min(90, footprint.widthDeg / 2, footprint.heightDeg / 2) }
  }
  const polygons = cornersOf(footprint)
  const vertices = footprint.shape === 'mosaic' ? convexHull(polygons.flat()) : polygons[0]
  if (!holdsOrigin(vertices)) {
    throw new Problem(
      'planning.invalid',
      'The centre of the footprint lies outside of it, so no grid can be laid; move its corners until (0, 0) is inside.',
    )
  }
  const least = Math.min(...vertices.map((a, i) => distance(a, vertices[(i + 1) % vertices.length])))
  return {
    footprint: { shape: 'polygon', vertices },
    // On the tangent plane the angle from the centre grows with the distance from it.
    inscribedDeg: Math.atan(least * radiansPerDegree) * degreesPerRadian,
  }
}

/** Of points, turning left (Andrew's monotone chain). */
function convexHull(points: readonly Offset[]): Offset[] {
  const sorted = points.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])
  const half = (list: readonly Offset[]): Offset[] => {
    const chain: Offset[] = []
    for (const p of list) {
      while (chain.length > 1 && turn(chain.at(-2)!, chain.at(-1)!, p) <= 0) chain.pop()
      chain.push(p)
    }
    return chain.slice(0, -1)
  }
  return [...half(sorted), ...half(sorted.toReversed())]
}

function turn(a: Offset, b: Offset, c: Offset): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

function holdsOrigin(vertices: readonly Offset[]): boolean {
  let holds = false
  for (let i = 0; i < vertices.length; i++) {
    const [x1, y1] = vertices[i]
    const [x2, y2] = vertices[(i + 1) % vertices.length]
    if (y1 > 0 !== y2 > 0 && 0 < x1 - (y1 * (x2 - x1)) / (y2 - y1)) holds = !holds
  }
  return holds
}

/** From the origin to the segment. */
function distance([x1, y1]: Offset, [x2, y2]: Offset): number {
  const [dx, dy] = [x2 - x1, y2 - y1]
  const t = Math.max(0, Math.min(1, -(x1 * dx + y1 * dy) / (dx * dx + dy * dy || 1)))
  return Math.hypot(x1 + t * dx, y1 + t * dy)
}
