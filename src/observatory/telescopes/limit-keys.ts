import type { Limits } from '#science/planning/model.ts'
import { numberOf, shown, type Findings, type Keys } from './keys.ts'

/** The table `[limits]`: when the telescope may observe a direction. */

const twilights = { civil: -6, nautical: -12, astronomical: -18 } as const
const degrees = (min: number, max: number) => ({ min, max, unit: 'deg' })

/** Reads limits; each that contradicts itself or another is noted. A satellite has no horizon and no night. */
export function limitsOf(keys: Keys, ground: boolean, findings: Findings): Limits {
  const twilight = keys.oneOf('twilight', ['civil', 'nautical', 'astronomical'])
  const sun = keys.number('sun_altitude_max_deg', degrees(-90, 90))
  if (twilight !== undefined && keys.has('sun_altitude_max_deg'))
    keys.wrong('twilight', 'says again what sun_altitude_max_deg says; leave one of them out')
  const horizon = horizonOf(keys, findings)
  const airmassMax = keys.number('airmass_max', { max: 40 })
  if (airmassMax !== undefined && airmassMax <= 1)
    keys.wrong(
      'airmass_max',
      `is ${airmassMax}, and airmass is 1 at the zenith and more everywhere else: nothing is left`,
    )
  const lowest = keys.number('altitude_min_deg', degrees(ground ? -5 : -90, 90))
  const said = ['altitude_min_deg', 'airmass_max', 'horizon'].some((key) => keys.has(key))
  if (ground && !said)
    keys.wrong('altitude_min_deg', 'is missing: how low may it point? (airmass_max or horizon also say so)')
  const limits: Limits = {
    sunAltitudeMaxDeg: sun ?? (twilight === undefined ? (ground ? -12 : 90) : twilights[twilight]),
    altitudeMinDeg: lowest ?? (ground ? 0 : -90),
    ...some('altitudeMaxDeg', keys.number('altitude_max_deg', degrees(-90, 90))),
    ...some('horizon', horizon),
    ...some('airmassMax', airmassMax),
    ...some('decMinDeg', keys.number('declination_min_deg', degrees(-90, 90))),
    ...some('decMaxDeg', keys.number('declination_max_deg', degrees(-90, 90))),
    ...some('hourAngleMinHours', keys.number('hour_angle_min_h', { min: -12, max: 12, unit: 'h' })),
    ...some('hourAngleMaxHours', keys.number('hour_angle_max_h', { min: -12, max: 12, unit: 'h' })),
    ...some('moonSeparationMinDeg', keys.number('moon_separation_min_deg', degrees(0, 180))),
    ...some('moonAltitudeMaxDeg', keys.number('moon_altitude_max_deg', degrees(-90, 90))),
    ...some('galacticLatitudeMinDeg', keys.number('galactic_latitude_min_deg', degrees(0, 90))),
  }
  keys.refuseOthers({
    moon_constraint: 'is a key of another program; here it is moon_separation_min_deg',
    dec_constraint: 'is a key of another program; here it is declination_min_deg and declination_max_deg',
    ha_constraint: 'is a key of another program; here it is hour_angle_min_h and hour_angle_max_h',
  })
  ordered(keys, 'altitude_min_deg', 'altitude_max_deg')
  ordered(keys, 'declination_min_deg', 'declination_max_deg')
  ordered(keys, 'hour_angle_min_h', 'hour_angle_max_h')
  if (limits.moonSeparationMinDeg === 180) keys.wrong('moon_separation_min_deg', 'is 180°: nothing is left')
  if (limits.galacticLatitudeMinDeg === 90) keys.wrong('galactic_latitude_min_deg', 'is 90°: nothing is left')
  return limits
}

/** A member, or none at all where there is no value. */
function some<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  const made: { [P in K]?: V } = {}
  if (value !== undefined) made[key] = value
  return made
}

function ordered(keys: Keys, low: string, high: string): void {
  const [a, b] = [keys.raw(low), keys.raw(high)]
  if (typeof a === 'number' && typeof b === 'number' && a >= b)
    keys.wrong(high, `is ${b}, and ${low} is ${a}: nothing lies between`)
}

/** Points [azimuth, lowest altitude] in deg; azimuths ascend, and an azimuth given twice is a wall. */
function horizonOf(keys: Keys, findings: Findings): Limits['horizon'] {
  const list = keys.list('horizon')
  if (!list) return undefined
  if (list.length === 0 || list.length > 1_000) {
    keys.wrong('horizon', 'must hold 1 to 1,000 points [azimuth, altitude]')
    return undefined
  }
  const found = findings.problems.length
  const points: { azimuthDeg: number; altitudeDeg: number }[] = []
  for (const [i, each] of list.entries()) {
    const path = [...keys.path, 'horizon', i]
    const pair: readonly unknown[] = Array.isArray(each) ? each : []
    if (pair.length !== 2) {
      findings.wrong(path, `must be [azimuth, altitude] in deg, not ${shown(each)}`)
      continue
    }
    const azimuthDeg = numberOf(pair[0], [...path, 0], { min: 0, max: 360, unit: 'deg of azimuth' }, findings)
    const altitudeDeg = numberOf(
      pair[1],
      [...path, 1],
      { min: -5, max: 90, unit: 'deg of altitude' },
      findings,
    )
    if (azimuthDeg === undefined || altitudeDeg === undefined) continue
    const last = points.at(-1)
    const before = points.at(-2)
    if (last && azimuthDeg < last.azimuthDeg)
      findings.wrong(path, `has azimuth ${azimuthDeg} after ${last.azimuthDeg}; azimuths must ascend`)
    else if (before && azimuthDeg === before.azimuthDeg)
      findings.wrong(path, `is the third point at azimuth ${azimuthDeg}; two make a wall, more mean nothing`)
    else points.push({ azimuthDeg, altitudeDeg })
  }
  if (findings.problems.length > found) return undefined
  if (points.every(({ altitudeDeg }) => altitudeDeg >= 90)) {
    keys.wrong('horizon', 'hides the whole sky')
    return undefined
  }
  return points
}
