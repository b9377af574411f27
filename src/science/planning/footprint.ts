/**
 * What a footprint is on the sky: its area and reach, whether a direction lies in it, its outline, its HEALPix ranges.
 *
 * Tangent-plane degrees are standard coordinates: an offset of ξ lies atan(ξ·π/180) from the centre, so a rectangle is
 * the polygon of its four corners. A box follows right ascension and declination: rows beyond a pole do not exist, and
 * a row shorter than its width is covered whole.
 */
import { normalizeDegrees } from '#science/sky/angles.ts'
import { coneRanges, regionRanges } from '#science/sky/cover.ts'
import type { CoverOptions } from '#science/sky/cover.ts'
import type { Ranges } from '#science/sky/ranges.ts'
import type { Region } from '#science/sky/regions.ts'
import { degreesPerRadian, directionOf, offsetBy, radiansPerDegree } from '#science/sky/vectors.ts'
import { deg2PerSr } from '#science/skymap/map.ts'
import { createBorders } from './borders.ts'
import { createPolygonStack, cutPolygon } from './clip.ts'
import type { Field, Footprint } from './model.ts'
import type { BoxShape, PartsShape } from './shape.ts'
import { boxRadius, cornersOf, shapeOf, writeAxes } from './shape.ts'

const HALF_TURN = Math.PI
const POLE = Math.PI / 2

/**
 * Area of the sky covered, deg², exact; what several detectors of a mosaic cover counts once. A box has width × height
 * unless it reaches a pole, for which the field must be given.
 * @throws Problem planning.invalid
 */
export function footprintAreaDeg2(footprint: Footprint, field?: Pick<Field, 'dec'>): number {
  const shape = shapeOf(footprint)
  if (shape.kind === 'circle') return 4 * Math.PI * Math.sin(shape.radius / 2) ** 2 * deg2PerSr
  if (shape.kind === 'parts') return partsAreaSr(shape) * deg2PerSr
  const dec = (field?.dec ?? 0) * radiansPerDegree
  const low = Math.max(-POLE, dec - shape.halfHeight)
  const high = Math.min(POLE, dec + shape.halfHeight)
  // Beyond this declination rows are shorter than the box is wide.
  const whole = wholeRowsFrom(shape)
  const partLow = Math.max(low, -whole)
  const partHigh = Math.min(high, whole)
  const part = Math.max(0, partHigh - partLow) * 2 * shape.halfWidth
  const zone = (a: number, b: number): number => (b > a ? 2 * Math.PI * (Math.sin(b) - Math.sin(a)) : 0)
  return (part + zone(low, Math.min(high, -whole)) + zone(Math.max(low, whole), high)) * deg2PerSr
}

/**
 * Radius, degrees, of the cap about the pointing that holds the footprint; of a box without a field, wherever it points.
 * @throws Problem planning.invalid
 */
export function footprintRadiusDeg(footprint: Footprint, field?: Pick<Field, 'dec'>): number {
  const shape = shapeOf(footprint)
  if (shape.kind !== 'box') return shape.radius * degreesPerRadian
  if (field) return boxRadius(shape, field.dec * radiansPerDegree, 2000) * degreesPerRadian
  let most = 0
  for (let dec = 0; dec <= 90; dec++) {
    most = Math.max(most, boxRadius(shape, dec * radiansPerDegree, 200))
  }
  return Math.min(180, 1.01 * most * degreesPerRadian)
}

/**
 * Closed rings (the first point again at the end) of [RA, Dec], degrees, RA in [0, 360): one for each detector, for a box
 * around a pole also its inner rim. Sides have `pointsPerSide` pieces, a circle eight times as many.
 * @throws Problem planning.invalid
 */
export function footprintOutlines(
  footprint: Footprint,
  field: Field,
  pointsPerSide = 8,
): [number, number][][] {
  const shape = shapeOf(footprint)
  const steps = Math.max(1, Math.round(pointsPerSide))
  if (footprint.shape === 'circle') {
    const ring = Array.from({ length: 8 * steps }, (_, i) =>
      offsetBy(field.ra, field.dec, (i * 360) / (8 * steps), footprint.radiusDeg),
    )
    return [closed(ring)]
  }
  if (footprint.shape === 'box') return boxOutlines(shape as BoxShape, field, steps)
  const axes = new Float64Array(9)
  writeAxes(field, axes, 0)
  return cornersOf(footprint).map((polygon) =>
    closed(
      polygon.flatMap((from, i) => {
        const to = polygon[(i + 1) % polygon.length]
        return Array.from({ length: steps }, (_, n): [number, number] => {
          const east = (from[0] + ((to[0] - from[0]) * n) / steps) * radiansPerDegree
          const north = (from[1] + ((to[1] - from[1]) * n) / steps) * radiansPerDegree
          return directionOf([
            axes[0] + east * axes[3] + north * axes[6],
            axes[1] + east * axes[4] + north * axes[7],
            axes[2] + east * axes[5] + north * axes[8],
          ])
        })
      }),
    ),
  )
}

/** Whether a unit vector (ICRS) lies in the field, its edge included. @throws Problem planning.invalid */
export function containsTest(
  footprint: Footprint,
  field: Field,
): (x: number, y: number, z: number) => boolean {
  const borders = createBorders([{ footprint, field }], 8)
  return (x, y, z) => borders.holds(0, x, y, z)
}

/**
 * HEALPix ranges of the field at an order: every cell that the field may touch (default), or with `inclusive: false` those
 * whose centre lies in it.
 * @throws Problem planning.invalid, healpix.order
 */
export function footprintRanges(
  footprint: Footprint,
  field: Field,
  order: number,
  { inclusive = true }: Pick<CoverOptions, 'inclusive'> = {},
): Ranges {
  const shape = shapeOf(footprint)
  if (footprint.shape === 'circle') {
    return coneRanges(field.ra, field.dec, footprint.radiusDeg, { order, inclusive })
  }
  const region = shape.kind === 'box' ? boxRegion(shape, field) : partsRegion(shape as PartsShape, field)
  return regionRanges(region, { order, inclusive })
}

/** Declination (radians) from which on a box covers whole rows. */
function wholeRowsFrom({ halfWidth }: BoxShape): number {
  return halfWidth >= HALF_TURN ? 0 : Math.acos(halfWidth / HALF_TURN)
}

function closed(ring: [number, number][]): [number, number][] {
  return [...ring, ring[0]]
}

function boxOutlines(shape: BoxShape, field: Field, steps: number): [number, number][][] {
  const { halfWidth, halfHeight } = shape
  const dec = field.dec * radiansPerDegree
  const low = Math.max(-POLE, dec - halfHeight)
  const high = Math.min(POLE, dec + halfHeight)
  const whole = wholeRowsFrom(shape)
  const at = (turn: number, d: number): [number, number] => [
    normalizeDegrees(field.ra + turn * degreesPerRadian),
    d * degreesPerRadian,
  ]
  const parallel = (d: number): [number, number][] =>
    closed(Array.from({ length: 8 * steps }, (_, i) => at((i * 2 * Math.PI) / (8 * steps), d)))
  const rings: [number, number][][] = []
  const from = Math.max(low, -whole)
  const to = Math.min(high, whole)
  if (from < to) {
    const reach = (d: number): number => Math.min(HALF_TURN, halfWidth / Math.max(1e-300, Math.cos(d)))
    const ring: [number, number][] = []
    const row = (d: number, sense: number): void => {
      for (let i = 0; i < steps; i++) ring.push(at(sense * reach(d) * ((2 * i) / steps - 1), d))
    }
    const side = (a: number, b: number, sense: number): void => {
      for (let i = 0; i < steps; i++) {
        const d = a + ((b - a) * i) / steps
        ring.push(at(sense * reach(d), d))
      }
    }
    // Where rows become whole both sides meet opposite the field and there is no row to draw.
    if (low > -whole) row(from, 1)
    side(from, to, 1)
    if (high < whole) row(to, -1)
    else ring.push(at(HALF_TURN, to))
    side(to, from, -1)
    rings.push(closed(ring))
  }
  if (high < POLE && high > whole) rings.push(parallel(high))
  if (low > -POLE && low < -whole) rings.push(parallel(low))
  if (from >= to && low > -POLE && low > whole) rings.push(parallel(low))
  if (from >= to && high < POLE && high < -whole) rings.push(parallel(high))
  return rings
}

function boxRegion({ halfWidth, halfHeight }: BoxShape, field: Field): Region {
  const dec = field.dec * radiansPerDegree
  const [c, s] = [Math.cos(field.ra * radiansPerDegree), Math.sin(field.ra * radiansPerDegree)]
  const low = dec - halfHeight
  const high = dec + halfHeight
  const region: Region = {
    depth([x, y, z]) {
      const rho = Math.sqrt(x * x + y * y)
      const delta = Math.atan2(z, rho)
      const rows = Math.max(low > -POLE ? low - delta : -HALF_TURN, high < POLE ? delta - high : -HALF_TURN)
      const turn = Math.abs(Math.atan2(y * c - x * s, x * c + y * s))
      const g = turn * rho - halfWidth
      // How fast g can change on the way to the edge: one eastward, ΔRA sin Dec northward.
      const far = Math.abs(g)
      const top = Math.abs(delta) + far
      const slope = top >= POLE ? HALF_TURN : Math.min(HALF_TURN, turn + far / Math.cos(top)) * Math.sin(top)
      return Math.max(rows, g / Math.sqrt(1 + slope * slope))
    },
    near: () => region,
  }
  return region
}

function partsRegion(shape: PartsShape, field: Field): Region {
  const { normals, starts, centres, radii } = shape
  const axes = new Float64Array(9)
  writeAxes(field, axes, 0)
  const region: Region = {
    depth([vx, vy, vz]) {
      const x = axes[0] * vx + axes[1] * vy + axes[2] * vz
      const y = axes[3] * vx + axes[4] * vy + axes[5] * vz
      const z = axes[6] * vx + axes[7] * vy + axes[8] * vz
      let depth = Infinity
      for (let p = 0; p < radii.length; p++) {
        const q = 3 * p
        const chord = Math.hypot(x - centres[q], y - centres[q + 1], z - centres[q + 2])
        let least = Infinity
        for (let n = 3 * starts[p]; n < 3 * starts[p + 1]; n += 3) {
          least = Math.min(least, normals[n] * x + normals[n + 1] * y + normals[n + 2] * z)
        }
        const edge = -Math.asin(Math.max(-1, Math.min(1, least)))
        depth = Math.min(depth, edge <= 0 ? edge : Math.max(edge, chord - radii[p]))
      }
      return depth
    },
    near: () => region,
  }
  return region
}

/** Solid angle of the union: of each part, what no part before it covers, in convex pieces of the tangent plane. */
function partsAreaSr({ normals, starts }: PartsShape): number {
  const stack = createPolygonStack()
  let sum = 0
  const first = (p: number): number => 3 * starts[p]
  const subtract = (p: number, before: number, start: number, count: number): void => {
    if (before === p) {
      sum += planeAreaSr(stack.points, start, count)
      return
    }
    let at = start
    let corners = count
    for (let n = first(before); n < first(before + 1); n += 3) {
      const length = Math.hypot(normals[n + 1], normals[n + 2])
      const [a, b, c] = [normals[n + 1] / length, normals[n + 2] / length, normals[n] / length]
      cutPolygon(stack, at, corners, a, b, c, 1e-14)
      const { inStart, inCount } = stack
      if (stack.outCount > 0) subtract(p, before + 1, stack.outStart, stack.outCount)
      if (inCount === 0) return
      at = inStart
      corners = inCount
    }
  }
  for (let p = 0; p + 1 < starts.length; p++) {
    stack.top = 0
    for (let n = first(p); n < first(p + 1); n += 3) {
      // Corners are where an edge meets the one before it.
      const m = n === first(p) ? first(p + 1) - 3 : n - 3
      const x = normals[m + 1] * normals[n + 2] - normals[m + 2] * normals[n + 1]
      stack.points[2 * stack.top] = (normals[m + 2] * normals[n] - normals[m] * normals[n + 2]) / x
      stack.points[2 * stack.top + 1] = (normals[m] * normals[n + 1] - normals[m + 1] * normals[n]) / x
      stack.top++
    }
    subtract(p, 0, 0, stack.top)
  }
  return sum
}

/** Solid angle of a convex polygon on the tangent plane, by triangles (Van Oosterom & Strackee 1983). */
function planeAreaSr(points: Float64Array, start: number, count: number): number {
  const [ax, ay] = [points[2 * start], points[2 * start + 1]]
  const la = Math.sqrt(1 + ax * ax + ay * ay)
  let sum = 0
  for (let i = start + 1; i < start + count - 1; i++) {
    const [bx, by, cx, cy] = [points[2 * i], points[2 * i + 1], points[2 * i + 2], points[2 * i + 3]]
    const lb = Math.sqrt(1 + bx * bx + by * by)
    const lc = Math.sqrt(1 + cx * cx + cy * cy)
    const triple = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    const dots =
      la * lb * lc +
      (1 + ax * bx + ay * by) * lc +
      (1 + bx * cx + by * cy) * la +
      (1 + ax * cx + ay * cy) * lb
    sum += 2 * Math.atan2(triple, dots)
  }
  return sum
}
