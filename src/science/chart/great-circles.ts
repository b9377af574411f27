import type { LineString, Polygon, Position } from 'geojson'

const rad = Math.PI / 180

/** ICRS direction of the north galactic pole and galactic longitude of the north celestial pole (ESA SP-1200, §1.5.3). */
const galactic = { ra: 192.85948, dec: 27.12825, longitudeOfPole: 122.93192 }
/** Mean obliquity at J2000 (IAU 2006): 84381.406″. */
const obliquity = 84381.406 / 3600

/** Galactic (l, b) as (ra, dec), degrees; good to 0.1″, which a drawing does not see. */
function galacticToEquatorial(l: number, b: number): Position {
  const angle = (galactic.longitudeOfPole - l) * rad
  const sinDec =
    Math.sin(b * rad) * Math.sin(galactic.dec * rad) +
    Math.cos(b * rad) * Math.cos(galactic.dec * rad) * Math.cos(angle)
  const y = Math.cos(b * rad) * Math.sin(angle)
  const x =
    Math.sin(b * rad) * Math.cos(galactic.dec * rad) -
    Math.cos(b * rad) * Math.sin(galactic.dec * rad) * Math.cos(angle)
  return [(((galactic.ra + Math.atan2(y, x) / rad) % 360) + 360) % 360, Math.asin(sinDec) / rad]
}

const everyFive = Array.from({ length: 73 }, (_, i) => i * 5)

/** The plane of the Milky Way, b = 0. */
export function milkyWayPlane(): LineString {
  return { type: 'LineString', coordinates: everyFive.map((l) => galacticToEquatorial(l, 0)) }
}

/** The band |b| ≤ halfWidth (deg), oriented for d3-geo (interior to the right of each ring). */
export function milkyWayBand(halfWidthDeg: number): Polygon {
  const north = everyFive.map((l) => galacticToEquatorial(l, halfWidthDeg))
  const south = everyFive.toReversed().map((l) => galacticToEquatorial(l, -halfWidthDeg))
  return { type: 'Polygon', coordinates: [north, south] }
}

/** The ecliptic of J2000. */
export function ecliptic(): LineString {
  return {
    type: 'LineString',
    coordinates: everyFive.map((longitude) => {
      const s = Math.sin(longitude * rad)
      return [
        Math.atan2(s * Math.cos(obliquity * rad), Math.cos(longitude * rad)) / rad,
        Math.asin(s * Math.sin(obliquity * rad)) / rad,
      ]
    }),
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
  const ring: Position[] = []
  const [sd, cd] = [Math.sin(dec * rad), Math.cos(dec * rad)]
  const [sr, cr] = [Math.sin(radiusDeg * rad), Math.cos(radiusDeg * rad)]
  for (let i = 0; i <= points; i++) {
    // North through east is clockwise with ra to the right: the interior stays to the right.
    const angle = (2 * Math.PI * (i % points)) / points
    const sinDec = sd * cr + cd * sr * Math.cos(angle)
    const y = Math.sin(angle) * sr
    const x = cd * cr - sd * sr * Math.cos(angle)
    ring.push([ra + Math.atan2(y, x) / rad, Math.asin(Math.max(-1, Math.min(1, sinDec))) / rad])
  }
  return { type: 'Polygon', coordinates: [ring] }
}
