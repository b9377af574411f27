/**
 * The sky turning over a site for a day: directions are brought to the true equator and equinox of date once, after
 * which only the hour angle changes. Within half a day of the moment it is made for, altitudes are good to 1″ (polar
 * motion and diurnal aberration, 0.6″ together, are left out); refraction is off.
 */
import { apparentVector, horizonAt } from '#science/sky/altaz.ts'
import type { Horizon } from '#science/sky/altaz.ts'
import { degreesPerDay } from '#science/sky/altitude.ts'
import type { Site } from '#science/sky/sites.ts'
import { radiansPerDegree, rotate, unitVector } from '#science/sky/vectors.ts'
import type { Vector } from '#science/sky/vectors.ts'
import type { Field, Observer } from './model.ts'

export const radiansPerDay = degreesPerDay * radiansPerDegree
const turnRad = 2 * Math.PI

export interface Turn {
  readonly horizon: Horizon
  readonly mjdUtc: number
  /** Local apparent sidereal time at `mjdUtc`. */
  readonly siderealRad: number
  readonly sinLat: number
  readonly cosLat: number
}

/** An apparent direction on the equator and equinox of a Turn. */
export interface Place {
  readonly raRad: number
  readonly decRad: number
  readonly sinDec: number
  readonly cosDec: number
  readonly vector: Vector
}

/** An observer as the sky's functions take it. */
export function siteOf({ longitude, latitude, elevationM }: Observer): Site {
  return {
    name: `${latitude}, ${longitude}`,
    longitudeDeg: longitude,
    latitudeDeg: latitude,
    heightM: elevationM,
  }
}

/** @throws Problem time.out_of_range, site.invalid */
export function turnAt(observer: Observer, mjdUtc: number): Turn {
  const horizon = horizonAt(mjdUtc, siteOf(observer))
  const latitude = observer.latitude * radiansPerDegree
  return {
    horizon,
    mjdUtc,
    siderealRad: horizon.siderealDeg * radiansPerDegree,
    sinLat: Math.sin(latitude),
    cosLat: Math.cos(latitude),
  }
}

export function placeOf(turn: Turn, { ra, dec }: Pick<Field, 'ra' | 'dec'>): Place {
  const vector = rotate(turn.horizon.toDate, apparentVector(turn.horizon, unitVector(ra, dec)))
  const [x, y, z] = vector
  const cosDec = Math.sqrt(x * x + y * y)
  return { raRad: Math.atan2(y, x), decRad: Math.atan2(z, cosDec), sinDec: z, cosDec, vector }
}

/** An angle brought into [−π, π]. */
export function wrapped(angle: number): number {
  return angle - turnRad * Math.round(angle / turnRad)
}

/** West of the meridian positive, radians in [−π, π]. */
export function hourAngleRad(turn: Turn, place: Place, mjdUtc: number): number {
  return wrapped(turn.siderealRad + radiansPerDay * (mjdUtc - turn.mjdUtc) - place.raRad)
}

/** Radians. */
export function altitudeRad(turn: Turn, place: Place, hourAngle: number): number {
  const { sinLat, cosLat } = turn
  const { sinDec, cosDec } = place
  const out = cosDec * Math.cos(hourAngle)
  const west = cosDec * Math.sin(hourAngle)
  const north = cosLat * sinDec - sinLat * out
  return Math.atan2(cosLat * out + sinLat * sinDec, Math.sqrt(north * north + west * west))
}

/** North through east, radians in [−π, π]. */
export function azimuthRad(turn: Turn, place: Place, hourAngle: number): number {
  const { sinLat, cosLat } = turn
  const { sinDec, cosDec } = place
  return Math.atan2(-cosDec * Math.sin(hourAngle), cosLat * sinDec - sinLat * cosDec * Math.cos(hourAngle))
}
