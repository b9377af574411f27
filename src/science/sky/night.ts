/** The night at a site: its label, twilights, rise and set, hour angle and parallactic angle. Times are MJD (UTC). */
import { Problem } from '#problem.ts'
import { apparentVector, horizonAt } from './altaz.ts'
import { normalizeDegreesSigned } from './angles.ts'
import { altitudeTrack } from './altitude.ts'
import type { Target } from './altitude.ts'
import { crossings } from './crossings.ts'
import { dayOfMjd, mjdOfDay } from './iso.ts'
import { checkSite } from './sites.ts'
import type { Site } from './sites.ts'
import { checkMjd } from './time.ts'
import { degreesPerRadian, directionOf, radiansPerDegree, rotate, unitVector } from './vectors.ts'

/** Refraction at the horizon by convention, degrees. */
const horizonRefraction = 34 / 60

/** The Sun's centre below the horizon, degrees (true altitude, no refraction). */
export const twilightAltitudes = { civil: -6, nautical: -12, astronomical: -18 } as const

export interface HorizonChoice {
  /** Height of the site above the land or sea around it, metres: the horizon dips by 1.76′ √height. Default 0. */
  aboveHorizonM?: number
}

/** Dip of the sea horizon in degrees with mean refraction (1.76′ √h; Explanatory Supplement 1992, 9.3). */
export function horizonDip(heightM: number): number {
  return (1.76 / 60) * Math.sqrt(Math.max(0, heightM))
}

/**
 * Night label: the date (YYYY-MM-DD) of the local noon before, by the site's mean solar time. A moment at noon belongs
 * to the night that follows.
 */
export function nightLabel(mjdUtc: number, site: Site): string {
  checkMjd(mjdUtc, 'MJD (UTC)')
  checkSite(site)
  const [year, month, day] = dayOfMjd(Math.floor(mjdUtc + eastOfGreenwich(site) / 360 - 0.5))
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

/**
 * MJD (UTC) of the local mean noon that begins a night.
 *
 * @throws Problem time.unreadable
 */
export function noonBefore(label: string, site: Site): number {
  checkSite(site)
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(label)
  if (!match)
    throw new Problem('time.unreadable', `The night "${label}" is not a date such as 2026-11-21.`, { label })
  const [year, month, day] = match.slice(1).map(Number)
  const mjd = mjdOfDay(year, month, day)
  if (dayOfMjd(mjd)[2] !== day) throw new Problem('time.out_of_range', `There is no day ${label}.`, { label })
  return mjd + 0.5 - eastOfGreenwich(site) / 360
}

/** Longitude as time zones count it, [−180, 180). */
function eastOfGreenwich(site: Site): number {
  return normalizeDegreesSigned(site.longitudeDeg)
}

/** `crosses`, or on which side of the altitude the target stays all the time asked for. */
export type Visibility = 'crosses' | 'always above' | 'always below'

export interface RiseSet {
  state: Visibility
  /** First rise and first set within the time asked for, MJD (UTC); null where there is none. */
  rise: number | null
  set: number | null
  /** Every crossing in order. */
  crossings: { mjdUtc: number; rising: boolean }[]
}

export interface RiseSetOptions extends HorizonChoice {
  /** True altitude of the centre, degrees, that counts as rising; default: upper limb, 34′ of refraction, dip. */
  altitudeDeg?: number
  /** How far to look, days; default 1. */
  days?: number
}

/** Rise and set of a body or a fixed direction (ICRS) after a moment; to 1 s for the Sun, 2 s for the Moon. */
export function riseSet(target: Target, site: Site, mjdUtc: number, options: RiseSetOptions = {}): RiseSet {
  checkMjd(mjdUtc, 'MJD (UTC)')
  checkSite(site)
  const { altitudeDeg, days = 1, aboveHorizonM = 0 } = options
  const level = altitudeDeg ?? -horizonRefraction - horizonDip(aboveHorizonM)
  const track = altitudeTrack(target, site, mjdUtc, mjdUtc + days)
  const altitude = altitudeDeg === undefined ? track.upperLimb : track.altitude
  const found = crossings(altitude, level, mjdUtc, mjdUtc + days)
  return {
    state: found.length > 0 ? 'crosses' : altitude(mjdUtc) >= level ? 'always above' : 'always below',
    rise: found.find(({ rising }) => rising)?.mjdUtc ?? null,
    set: found.find(({ rising }) => !rising)?.mjdUtc ?? null,
    crossings: found,
  }
}

export interface Twilight {
  /**
   * `crosses`: both times are there, but for the first and last day of polar night, when one is days away and null;
   * otherwise the Sun stays above or below this altitude all night.
   */
  state: Visibility
  /** The Sun goes below, MJD (UTC). */
  evening: number | null
  /** The Sun comes above. */
  morning: number | null
}

export interface Night {
  label: string
  /** Local mean noon that begins the night, MJD (UTC). */
  noon: number
  /** Upper limb, 34′ of refraction, dip where asked for. */
  sun: Twilight
  civil: Twilight
  nautical: Twilight
  astronomical: Twilight
}

/**
 * Sunset, twilights and sunrise of the night with a label (`2026-11-21`) or of the night in which an MJD (UTC) falls.
 *
 * @throws Problem time.unreadable, time.out_of_range, site.invalid
 */
export function twilights(
  site: Site,
  night: string | number,
  { aboveHorizonM = 0 }: HorizonChoice = {},
): Night {
  const label = typeof night === 'string' ? night : nightLabel(night, site)
  const noon = noonBefore(label, site)
  // At high latitudes the Sun may set just before mean noon, or rise just after the next: look a little beyond.
  const [start, end] = [noon - 0.1, noon + 1.1]
  const { altitude: centre, upperLimb } = altitudeTrack('Sun', site, start, end)
  const part = (altitude: (mjd: number) => number, level: number): Twilight => {
    const found = crossings(altitude, level, start, end, 1 / 72)
    if (found.length === 0)
      return {
        state: altitude(noon + 0.5) >= level ? 'always above' : 'always below',
        evening: null,
        morning: null,
      }
    // Of the stretches with the Sun below, the one that lies most in this night.
    let best: Twilight = { state: 'crosses', evening: null, morning: null }
    let longest = 0
    for (let i = found[0].rising ? -1 : 0; i < found.length; i += 2) {
      const evening = found[i]?.mjdUtc ?? null
      const morning = found[i + 1]?.mjdUtc ?? null
      const length = Math.min(morning ?? end, noon + 1) - Math.max(evening ?? start, noon)
      if (length > longest) {
        longest = length
        best = { state: 'crosses', evening, morning }
      }
    }
    return best
  }
  return {
    label,
    noon,
    sun: part(upperLimb, -horizonRefraction - horizonDip(aboveHorizonM)),
    civil: part(centre, twilightAltitudes.civil),
    nautical: part(centre, twilightAltitudes.nautical),
    astronomical: part(centre, twilightAltitudes.astronomical),
  }
}

/** Hour angle of an ICRS direction at a site, degrees in [−180, 180), west of the meridian positive. */
export function hourAngle(mjdUtc: number, site: Site, ra: number, dec: number): number {
  const horizon = horizonAt(mjdUtc, site)
  const [raOfDate] = directionOf(rotate(horizon.toDate, apparentVector(horizon, unitVector(ra, dec))))
  return normalizeDegreesSigned(horizon.siderealDeg - raOfDate)
}

/**
 * Parallactic angle: position angle of the zenith at a direction of date, degrees in [−180, 180), positive west of the
 * meridian (Meeus 1998, ch. 14).
 */
export function parallacticAngle(hourAngleDeg: number, decDeg: number, latitudeDeg: number): number {
  const hour = hourAngleDeg * radiansPerDegree
  const dec = decDeg * radiansPerDegree
  const lat = latitudeDeg * radiansPerDegree
  return normalizeDegreesSigned(
    Math.atan2(
      Math.sin(hour) * Math.cos(lat),
      Math.sin(lat) * Math.cos(dec) - Math.cos(lat) * Math.sin(dec) * Math.cos(hour),
    ) * degreesPerRadian,
  )
}
