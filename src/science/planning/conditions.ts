/** What an observer finds at a field: altitude, airmass, hour angle, Moon and Sun; for tables and charts. */
import { airmass } from '#science/sky/airmass.ts'
import { altitudeTrack } from '#science/sky/altitude.ts'
import { moonIllumination } from '#science/sky/sun-moon.ts'
import { degreesPerRadian } from '#science/sky/vectors.ts'
import type { Field, Observer, TelescopeModel } from './model.ts'
import { altitudeRad, azimuthRad, hourAngleRad, placeOf, siteOf, turnAt } from './diurnal.ts'

export interface Conditions {
  /** Without refraction. */
  readonly altitudeDeg: number
  /** North through east, [0, 360). */
  readonly azimuthDeg: number
  /** sec z, as the limits count it; Infinity below the horizon. */
  readonly airmass: number
  /** West of the meridian positive, [−12, 12]. */
  readonly hourAngleHours: number
  /** From the Moon's centre as seen from the site. */
  readonly moonSeparationDeg: number
  readonly moonAltitudeDeg: number
  /** Illuminated fraction, 0 to 1. */
  readonly moonIllumination: number
  readonly sunAltitudeDeg: number
}

/** Sun and Moon over a site: one value per time. */
export interface SkyCurve {
  readonly mjdUtc: Float64Array
  readonly sunAltitudeDeg: Float64Array
  readonly moonAltitudeDeg: Float64Array
  readonly moonIllumination: Float64Array
}

/** One field: one value per time. */
export interface FieldCurve {
  readonly altitudeDeg: Float64Array
  readonly azimuthDeg: Float64Array
  readonly airmass: Float64Array
  readonly hourAngleHours: Float64Array
  readonly moonSeparationDeg: Float64Array
}

/**
 * Conditions at one moment.
 *
 * @throws Problem time.out_of_range, site.invalid
 */
export function conditionsAt(
  { observer }: Pick<TelescopeModel, 'observer'>,
  field: Pick<Field, 'ra' | 'dec'>,
  mjdUtc: number,
): Conditions {
  const {
    sky,
    fields: [curve],
  } = conditionCurves(observer, [field], Float64Array.of(mjdUtc))
  return {
    altitudeDeg: curve.altitudeDeg[0],
    azimuthDeg: curve.azimuthDeg[0],
    airmass: curve.airmass[0],
    hourAngleHours: curve.hourAngleHours[0],
    moonSeparationDeg: curve.moonSeparationDeg[0],
    moonAltitudeDeg: sky.moonAltitudeDeg[0],
    moonIllumination: sky.moonIllumination[0],
    sunAltitudeDeg: sky.sunAltitudeDeg[0],
  }
}

/** Times from `start` to `end`, both included, at most `stepS` seconds apart. */
export function timesBetween(start: number, end: number, stepS: number): Float64Array {
  const count = Math.max(1, Math.ceil(((end - start) * 86_400) / stepS - 1e-9))
  return Float64Array.from({ length: count + 1 }, (_, i) => start + ((end - start) * i) / count)
}

/**
 * Conditions at many moments (ascending MJD UTC) for many fields of one site; Sun and Moon are reckoned once.
 *
 * @throws Problem time.out_of_range, site.invalid
 */
export function conditionCurves(
  observer: Observer,
  fields: readonly Pick<Field, 'ra' | 'dec'>[],
  times: Float64Array,
): { sky: SkyCurve; fields: FieldCurve[] } {
  const count = times.length
  const empty = () => new Float64Array(count)
  const sky: SkyCurve = {
    mjdUtc: times,
    sunAltitudeDeg: empty(),
    moonAltitudeDeg: empty(),
    moonIllumination: empty(),
  }
  const curves: FieldCurve[] = fields.map(() => ({
    altitudeDeg: empty(),
    azimuthDeg: empty(),
    airmass: empty(),
    hourAngleHours: empty(),
    moonSeparationDeg: empty(),
  }))
  if (count === 0) return { sky, fields: curves }
  const site = siteOf(observer)
  const [first, last] = [times[0], times[count - 1]]
  const sun = altitudeTrack('Sun', site, first, last)
  const moon = altitudeTrack('Moon', site, first, last)
  let turn = turnAt(observer, first)
  let places = fields.map((field) => placeOf(turn, field))
  const moonAt = illuminationCurve(first, last)
  for (let i = 0; i < count; i++) {
    const at = times[i]
    if (at - turn.mjdUtc > 0.5) {
      turn = turnAt(observer, at)
      places = fields.map((field) => placeOf(turn, field))
    }
    sky.sunAltitudeDeg[i] = sun.altitude(at)
    sky.moonAltitudeDeg[i] = moon.altitude(at)
    sky.moonIllumination[i] = moonAt(at)
    const [mx, my, mz] = moon.vector(at)
    for (let f = 0; f < fields.length; f++) {
      const place = places[f]
      const [x, y, z] = place.vector
      const hourAngle = hourAngleRad(turn, place, at)
      const altitude = altitudeRad(turn, place, hourAngle) * degreesPerRadian
      const azimuth = azimuthRad(turn, place, hourAngle) * degreesPerRadian
      const curve = curves[f]
      curve.altitudeDeg[i] = altitude
      curve.azimuthDeg[i] = azimuth < 0 ? azimuth + 360 : azimuth
      curve.airmass[i] = airmass(altitude, 'plane-parallel')
      curve.hourAngleHours[i] = (hourAngle * degreesPerRadian) / 15
      curve.moonSeparationDeg[i] =
        Math.atan2(Math.hypot(y * mz - z * my, z * mx - x * mz, x * my - y * mx), x * mx + y * my + z * mz) *
        degreesPerRadian
    }
  }
  return { sky, fields: curves }
}

/** Illumination changes by 0.5 % in an hour: reckoned hourly and joined by straight lines (to 2e-5). */
function illuminationCurve(first: number, last: number): (mjdUtc: number) => number {
  const count = Math.max(1, Math.ceil((last - first) * 24))
  const step = (last - first) / count
  if (step === 0) {
    const { fraction } = moonIllumination(first)
    return () => fraction
  }
  const nodes = Array.from({ length: count + 1 }, (_, i) => moonIllumination(first + i * step).fraction)
  return (at) => {
    const i = Math.min(count - 1, Math.floor((at - first) / step))
    const along = (at - first) / step - i
    return nodes[i] * (1 - along) + nodes[i + 1] * along
  }
}
