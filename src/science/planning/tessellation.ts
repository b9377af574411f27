/**
 * Grids of fields that leave no gap, for the whole sky or what of it is asked for.
 *
 * Hexagonal and spiral grids have a known farthest distance to the nearest centre and are made so close that the largest
 * circle about the centre of the footprint reaches it. Rings of equal declination use the footprint itself: the part of
 * its ring that falls to each field is tried out.
 */
import { Problem } from '#problem.ts'
import { maxPixelRadius, neighboursOf, pixelCount, pixelOf } from '#science/sky/healpix.ts'
import { pixel29Of } from '#science/sky/index64.ts'
import type { Moc } from '#science/sky/moc.ts'
import { contains, degrade, overlap } from '#science/sky/ranges.ts'
import { degreesPerRadian, directionOf, radiansPerDegree } from '#science/sky/vectors.ts'
import { hullOf } from './hull.ts'
import { footprintRadiusDeg, footprintRanges } from './footprint.ts'
import type { Field, Footprint } from './model.ts'
import { icosahedron, meshSteps } from './icosahedron.ts'
import { ringRows } from './ring-rows.ts'

export interface LayOptions {
  /** Part of its width by which a field overlaps the next, beyond what leaves no gap; 0 … 0.9, default 0. */
  readonly overlap?: number
  /** Fields that touch this only; default the whole sky. */
  readonly region?: Moc
}

export type GridKind = 'hexagonal' | 'spiral' | 'ring'

/** Farthest from its nearest centre that a point is on a golden spiral of n ≥ 4 points, times √n: 2.7337 at most. */
const SPIRAL_REACH = 2.735
const MOST_FIELDS = 4_000_000
/** Fields nearer to a pole than so many radii may be boxes that do not hold the circle of their half side. */
const POLAR_RADII = 12

/**
 * Fields with names from 1, position angle 0, that together cover the sky or the region: of a mosaic the hull of its
 * detectors counts, so the gaps between them remain; everything else leaves no gap at all.
 *
 * hexagonal: the corners of an icosahedron's subdivided faces, six neighbours to a field; spiral: the golden one; ring:
 * rows of declination, the fewest fields for anything with straight sides.
 * @throws Problem planning.invalid where the footprint does not hold its own centre or the fields would be too many
 */
export function layFields(
  how: GridKind,
  footprint: Footprint,
  { overlap: share = 0, region }: LayOptions = {},
): Field[] {
  if (!(share >= 0 && share <= 0.9)) {
    throw new Problem('planning.invalid', `Fields overlap by 0 to 0.9 of their width, not ${share}.`)
  }
  const solid = hullOf(footprint)
  const near = region && nearTest(region, footprintRadiusDeg(footprint))
  const fields: Field[] = []
  const add = (ra: number, dec: number): void => {
    if (near && !near(ra, dec)) return
    fields.push({ id: '', ra, dec })
  }
  if (how === 'ring') {
    for (const { dec, count } of ringRows(solid.footprint, share, -90, 90)) {
      checkCount(count)
      for (let i = 0; i < count; i++) add((360 * i) / count, dec)
    }
  } else {
    const box = solid.footprint.shape === 'box'
    const reach = solid.inscribedDeg * (1 - share) * (box ? 0.98 : 1)
    // Meridians run together at the poles, and with them the sides of a box: rings cover what is left there.
    const cap = box ? Math.min(90, POLAR_RADII * solid.inscribedDeg) : 0
    const addLattice = (ra: number, dec: number): void => {
      if (Math.abs(dec) < 90 - cap + reach) add(ra, dec)
    }
    if (cap < 90) (how === 'spiral' ? spiral : hexagons)(reach, addLattice)
    if (cap > 0) {
      const spans =
        cap < 90
          ? [
              [-90, cap - 90],
              [90 - cap, 90],
            ]
          : [[-90, 90]]
      for (const [low, high] of spans) {
        for (const { dec, count } of ringRows(solid.footprint, share, low, high)) {
          for (let i = 0; i < count; i++) add((360 * i) / count, dec)
        }
      }
    }
  }
  const kept = region ? fields.filter((field) => touches(footprint, field, region)) : fields
  return kept.map((field, i) => ({ ...field, id: String(i + 1) }))
}

/** Points along the golden spiral, every point of the sphere within `reach` degrees of one. */
function spiral(reach: number, add: (ra: number, dec: number) => void): void {
  const n = Math.max(4, Math.ceil((SPIRAL_REACH / (reach * radiansPerDegree)) ** 2))
  checkCount(n)
  for (let i = 0; i < n; i++) {
    const z = 1 - (2 * i + 1) / n
    // Of the angle between the axis and the point: near the poles z alone has lost digits.
    const dec = Math.atan2(z, Math.sqrt(((2 * i + 1) / n) * (2 - (2 * i + 1) / n))) * degreesPerRadian
    add((i * 137.50776405003785) % 360, dec)
  }
}

/** Corners of the subdivided icosahedron, as many as bring every point of the sphere within `reach` degrees of one. */
function hexagons(reach: number, add: (ra: number, dec: number) => void): void {
  const steps = meshSteps(reach)
  checkCount(10 * steps * steps + 2)
  icosahedron(steps, (point) => add(...directionOf(point)))
}

function checkCount(count: number): void {
  if (count > MOST_FIELDS) {
    throw new Problem(
      'planning.invalid',
      `So small a field would need a grid of ${count} fields; ${MOST_FIELDS} are the most. Place its fields freely.`,
      { count },
    )
  }
}

/** A quick test that is true for every direction within `radiusDeg` of the region, and for some more. */
function nearTest(region: Moc, radiusDeg: number): (ra: number, dec: number) => boolean {
  let order = 0
  // Cells at least twice as large as the reach: a direction near the region lies in a cell of it or beside one.
  while (order < 9 && maxPixelRadius(order + 1) > 2.5 * radiusDeg) order++
  const flags = new Uint8Array(pixelCount(order))
  const ranges = degrade(region.ranges, order)
  const shift = BigInt(2 * (29 - order))
  for (let r = 0; r < ranges.length; r += 2) {
    for (let p = Number(ranges[r] >> shift); p < Number(ranges[r + 1] >> shift); p++) {
      flags[p] = 1
      for (const n of neighboursOf(order, p)) if (n >= 0) flags[n] = 1
    }
  }
  return (ra, dec) => flags[pixelOf(order, ra, dec)] === 1
}

/** Whether any of the field lies in the region, to a twentieth of its width. */
function touches(footprint: Footprint, field: Field, region: Moc): boolean {
  if (contains(region.ranges, pixel29Of(field.ra, field.dec))) return true
  const radius = footprintRadiusDeg(footprint, field)
  let order = 0
  while (order < 28 && maxPixelRadius(order) > radius / 10) order++
  return overlap(footprintRanges(footprint, field, order), region.ranges)
}
