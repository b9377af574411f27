import type { LineString, Polygon, Position } from 'geojson'
import { eclipticToIcrs, galacticToIcrs } from '#science/sky/frames.ts'
import { offsetBy } from '#science/sky/vectors.ts'

const everyFive = Array.from({ length: 73 }, (_, i) => i * 5)

/** The plane of the Milky Way, b = 0. */
export function milkyWayPlane(): LineString {
  return { type: 'LineString', coordinates: everyFive.map((l) => galacticToIcrs(l, 0)) }
}

/** The band |b| ≤ halfWidth (deg), oriented for d3-geo (interior to the right of each ring). */
export function milkyWayBand(halfWidthDeg: number): Polygon {
  const north = everyFive.map((l) => galacticToIcrs(l, halfWidthDeg))
  const south = everyFive.toReversed().map((l) => galacticToIcrs(l, -halfWidthDeg))
  return { type: 'Polygon', coordinates: [north, south] }
}

/** The ecliptic of J2000. */
export function ecliptic(): LineString {
  return {
    type: 'LineString',
    coordinates: everyFive.map((longitude) => eclipticToIcrs(longitude, 0)),
  }
}

/** Line of constant declination, all around. */
export function parallel(dec: number): LineString {
  return {
    type: 'LineString',
    // Every degree: d3-geo joins points by great circles, and a parallel is not one.
    coordinates: Array.from({ length: 361 }, (_, i) => [i, dec]),
  }
}

/** Half circle of constant right ascension between declinations. */
export function meridian(ra: number, from = -90, to = 90): LineString {
  const coordinates: Position[] = []
  for (let i = 0; i <= 36; i++) coordinates.push([ra, from + ((to - from) * i) / 36])
  return { type: 'LineString', coordinates }
}

/** Circle of a radius (deg) around a direction, oriented for d3-geo. */
export function circle(ra: number, dec: number, radiusDeg: number, points = 96): Polygon {
  // North through east is clockwise with ra to the right: the interior stays to the right.
  const ring = Array.from({ length: points + 1 }, (_, i) =>
    offsetBy(ra, dec, (360 * (i % points)) / points, radiusDeg),
  )
  return { type: 'Polygon', coordinates: [ring] }
}
