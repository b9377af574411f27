/**
 * Altitude of one target at one site as a function of time, cheap enough to be asked a thousand times: places of date
 * are computed every six hours and interpolated (five points: Sun and planets < 0.01″, Moon < 0.2″); between them only the Earth
 * turns. Polar motion and diurnal aberration (together < 1″) are left out.
 */
import { apparentVector, horizonAt } from './altaz.ts'
import { greenwichApparentSiderealTime } from './sidereal.ts'
import { geocentricOf } from './sites.ts'
import type { Site } from './sites.ts'
import { bodySemidiameterDeg, bodyVector, trueOfDate } from './sun-moon.ts'
import type { PlanetName } from './sun-moon.ts'
import { earthOrientationAt } from './earth-orientation.ts'
import { mjdTtOf, mjdUt1Of } from './time.ts'
import { degreesPerRadian, radiansPerDegree, rotate, unitVector } from './vectors.ts'

/** A body, or a fixed direction in ICRS degrees. */
export type Target = 'Sun' | 'Moon' | PlanetName | { ra: number; dec: number }

export interface AltitudeTrack {
  /** True (airless) topocentric altitude of the centre, degrees, at an MJD (UTC) of the track. */
  readonly altitude: (mjdUtc: number) => number
  /** The same of the upper limb. */
  readonly upperLimb: (mjdUtc: number) => number
  /** Topocentric vector on the true equator and equinox of date: metres, a unit vector for a fixed direction. */
  readonly vector: (mjdUtc: number) => readonly [number, number, number]
}

const nodeSpacing = 0.25
const auM = 149_597_870_700
/** Turn of the Earth against the equinox of date, degrees per day of UT1. */
export const degreesPerDay = 360.98564736629

/** Track from `start` to `end` (MJD UTC); outside it the interpolation fails. */
export function altitudeTrack(target: Target, site: Site, start: number, end: number): AltitudeTrack {
  const middle = (start + end) / 2
  const { ut1MinusUtc } = earthOrientationAt(middle)
  const sidereal =
    greenwichApparentSiderealTime(mjdUt1Of(middle, ut1MinusUtc), mjdTtOf(middle)) + site.longitudeDeg
  const sinLat = Math.sin(site.latitudeDeg * radiansPerDegree)
  const cosLat = Math.cos(site.latitudeDeg * radiansPerDegree)
  const [x, y, observerZ] = geocentricOf(site)
  const observerAcross = Math.hypot(x, y)
  const place = placeOfDate(target, site, start, end)
  /** Altitude and distance in metres (of any unit for a direction). */
  const seen = (mjdUtc: number): [number, number] => {
    const angle = (sidereal + degreesPerDay * (mjdUtc - middle)) * radiansPerDegree
    const sin = Math.sin(angle)
    const cos = Math.cos(angle)
    const [px, py, pz] = place(mjdUtc)
    // Axes that turn with the site: outwards in the equator, east, north.
    const out = px * cos + py * sin - (typeof target === 'string' ? observerAcross : 0)
    const east = py * cos - px * sin
    const axis = pz - (typeof target === 'string' ? observerZ : 0)
    const up = cosLat * out + sinLat * axis
    const north = cosLat * axis - sinLat * out
    return [
      Math.atan2(up, Math.sqrt(north * north + east * east)) * degreesPerRadian,
      Math.sqrt(out * out + east * east + axis * axis),
    ]
  }
  return {
    vector: (mjdUtc) => {
      const [px, py, pz] = place(mjdUtc)
      if (typeof target !== 'string') return [px, py, pz]
      const angle = (sidereal + degreesPerDay * (mjdUtc - middle)) * radiansPerDegree
      return [px - observerAcross * Math.cos(angle), py - observerAcross * Math.sin(angle), pz - observerZ]
    },
    altitude: (mjdUtc) => seen(mjdUtc)[0],
    upperLimb: (mjdUtc) => {
      const [altitude, distance] = seen(mjdUtc)
      return typeof target === 'string' ? altitude + bodySemidiameterDeg(target, distance / auM) : altitude
    },
  }
}

/** Metres, true equator and equinox of date; a unit vector for a fixed direction. */
function placeOfDate(
  target: Target,
  site: Site,
  start: number,
  end: number,
): (mjdUtc: number) => readonly [number, number, number] {
  if (typeof target !== 'string') {
    const horizon = horizonAt((start + end) / 2, site)
    const fixed = rotate(horizon.toDate, apparentVector(horizon, unitVector(target.ra, target.dec)))
    return () => fixed
  }
  const count = Math.max(5, Math.ceil((end - start) / nodeSpacing) + 1)
  const nodes = new Float64Array(3 * count)
  for (let i = 0; i < count; i++) {
    const mjdUtc = start + i * nodeSpacing
    const vector = rotate(trueOfDate(mjdUtc), bodyVector(target, mjdTtOf(mjdUtc)))
    for (let axis = 0; axis < 3; axis++) nodes[3 * i + axis] = vector[axis] * auM
  }
  return (mjdUtc) => {
    const at = (mjdUtc - start) / nodeSpacing
    const first = Math.min(Math.max(Math.round(at) - 2, 0), count - 5)
    const u = at - first
    // Lagrange's polynomial through nodes 0 … 4.
    const [a, b, c, d, e] = [u, u - 1, u - 2, u - 3, u - 4]
    const weights = [
      (b * c * d * e) / 24,
      (-a * c * d * e) / 6,
      (a * b * d * e) / 4,
      (-a * b * c * e) / 6,
      (a * b * c * d) / 24,
    ]
    const sum = (axis: number) =>
      weights.reduce((total, weight, k) => total + weight * nodes[3 * (first + k) + axis], 0)
    return [sum(0), sum(1), sum(2)]
  }
}
