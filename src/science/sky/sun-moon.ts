/**
 * Apparent places of the Sun, the Moon and the planets. Geocentric places are in the GCRS (axes of the ICRS, light time
 * and annual aberration included); `trueOfDate` gives equator and equinox of date. The Sun from earth.ts (0.25″), Moon
 * and planets from astronomy-engine (Moon 10″, planets 1.5′), which counts in TT so that ours is the only clock.
 */
import { AstroTime, Body, BackdatePosition, GeoMoon } from 'astronomy-engine'
import { Problem } from '#problem.ts'
import { aberrate, altAzOfApparent } from './altaz.ts'
import type { Horizon } from './altaz.ts'
import { normalizeDegrees } from './angles.ts'
import { earthState } from './earth.ts'
import type { EarthState } from './earth.ts'
import { nutation } from './nutation.ts'
import { biasPrecessionNutation, meanObliquityRad } from './precession.ts'
import { checkMjd, mjdTtOf } from './time.ts'
import {
  angleBetween,
  degreesPerRadian,
  directionOf,
  multiply,
  positionAngle,
  rotate,
  rotationX,
  unitVector,
} from './vectors.ts'
import type { Matrix, Vector } from './vectors.ts'

export interface BodyPosition {
  /** Apparent, GCRS, degrees. */
  ra: number
  dec: number
  distanceAu: number
}

export type PlanetName = 'Mercury' | 'Venus' | 'Mars' | 'Jupiter' | 'Saturn' | 'Uranus' | 'Neptune'
export const planetNames: readonly PlanetName[] = [
  'Mercury',
  'Venus',
  'Mars',
  'Jupiter',
  'Saturn',
  'Uranus',
  'Neptune',
]

const auKm = 149_597_870.7
const lightAuPerDay = (299_792.458 * 86_400) / auKm
const solarRadiusAu = 695_700 / auKm
const lunarRadiusAu = 1737.4 / auKm

function engineTime(mjdTt: number): AstroTime {
  return AstroTime.FromTerrestrialTime(mjdTt - 51_544.5)
}

/** Geometric vector Earth → Sun, au. */
function sunVector({ heliocentric: [x, y, z] }: EarthState): Vector {
  return [-x, -y, -z]
}

/** Earth → Moon where light left it, au; the Moon shares the Earth's motion, so aberration of the two cancels. */
function moonVector(mjdTt: number): Vector {
  const now = GeoMoon(engineTime(mjdTt))
  const then = GeoMoon(engineTime(mjdTt - Math.hypot(now.x, now.y, now.z) / lightAuPerDay))
  return [then.x, then.y, then.z]
}

function apparentSun(mjdTt: number): Vector {
  const earth = earthState(mjdTt)
  const vector = sunVector(earth)
  const distance = Math.hypot(...vector)
  const [vx, vy, vz] = earth.velocity
  const [x, y, z] = aberrate(
    [vector[0] / distance, vector[1] / distance, vector[2] / distance],
    [vx / lightAuPerDay, vy / lightAuPerDay, vz / lightAuPerDay],
    distance,
  )
  return [x * distance, y * distance, z * distance]
}

function positionOf(vector: Vector): BodyPosition {
  const [ra, dec] = directionOf(vector)
  return { ra, dec, distanceAu: Math.hypot(...vector) }
}

/** Apparent geocentric Sun at an MJD (UTC). */
export function sunPosition(mjdUtc: number): BodyPosition {
  checkMjd(mjdUtc, 'MJD (UTC)')
  return positionOf(apparentSun(mjdTtOf(mjdUtc)))
}

/** Apparent geocentric Moon at an MJD (UTC). */
export function moonPosition(mjdUtc: number): BodyPosition {
  checkMjd(mjdUtc, 'MJD (UTC)')
  return positionOf(moonVector(mjdTtOf(mjdUtc)))
}

/**
 * Apparent geocentric planet at an MJD (UTC).
 *
 * @throws Problem request.invalid for another name
 */
export function planetPosition(name: PlanetName, mjdUtc: number): BodyPosition {
  checkMjd(mjdUtc, 'MJD (UTC)')
  return positionOf(bodyVector(name, mjdTtOf(mjdUtc)))
}

/** GCRS → true equator and equinox of date, for many directions at one time (rotateDirection applies it). */
export function trueOfDate(mjdUtc: number): Matrix {
  const mjdTt = mjdTtOf(mjdUtc)
  const { dpsiRad, depsRad } = nutation(mjdTt)
  return biasPrecessionNutation(mjdTt, dpsiRad, depsRad)
}

/** As seen from a place: parallax taken off, degrees. */
export interface TopocentricPosition extends BodyPosition {
  az: number
  alt: number
  /** Half the apparent diameter, degrees (Sun and Moon; 0 for planets). */
  semidiameterDeg: number
}

/** Sun, Moon or planet as seen from a place (the diurnal part of aberration, 0.3″, left out). */
export function bodyAltAz(horizon: Horizon, body: 'Sun' | 'Moon' | PlanetName): TopocentricPosition {
  const vector = bodyVector(body, horizon.mjdTt)
  const metresPerAu = auKm * 1000
  const [ox, oy, oz] = horizon.observerM
  const seen: Vector = [
    vector[0] - ox / metresPerAu,
    vector[1] - oy / metresPerAu,
    vector[2] - oz / metresPerAu,
  ]
  const position = positionOf(seen)
  const [az, alt] = altAzOfApparent(horizon, unitVector(position.ra, position.dec))
  return { ...position, az, alt, semidiameterDeg: bodySemidiameterDeg(body, position.distanceAu) }
}

/** Apparent geocentric vector at an MJD (TT), au, GCRS. */
export function bodyVector(body: 'Sun' | 'Moon' | PlanetName, mjdTt: number): Vector {
  if (body === 'Sun') return apparentSun(mjdTt)
  if (body === 'Moon') return moonVector(mjdTt)
  if (!planetNames.includes(body))
    throw new Problem(
      'request.invalid',
      `There is no body "${String(body)}"; known are Sun, Moon, ${planetNames.join(', ')}.`,
    )
  const { x, y, z } = BackdatePosition(engineTime(mjdTt), Body.Earth, Body[body], true)
  return [x, y, z]
}

/** Half the apparent diameter at a distance, degrees; 0 for planets. */
export function bodySemidiameterDeg(body: 'Sun' | 'Moon' | PlanetName, distanceAu: number): number {
  const radius = body === 'Sun' ? solarRadiusAu : body === 'Moon' ? lunarRadiusAu : 0
  return Math.asin(radius / distanceAu) * degreesPerRadian
}

export type MoonPhaseName =
  | 'new Moon'
  | 'waxing crescent'
  | 'first quarter'
  | 'waxing gibbous'
  | 'full Moon'
  | 'waning gibbous'
  | 'last quarter'
  | 'waning crescent'

export interface MoonIllumination {
  /** Illuminated fraction of the disc, 0 to 1. */
  fraction: number
  /** Sun–Moon–Earth, degrees: 0 at full Moon. */
  phaseAngleDeg: number
  /** Apparent separation from the Sun, degrees in [0, 180]. */
  elongationDeg: number
  /** Excess of the Moon's apparent ecliptic longitude over the Sun's, degrees: 0 new, 90 first quarter, 180 full. */
  phaseDeg: number
  phase: MoonPhaseName
  /** Position angle of the middle of the bright limb, north through east, degrees. */
  brightLimbDeg: number
}

/** Illumination of the Moon seen from the geocentre at an MJD (UTC) (Meeus 1998, ch. 48). */
export function moonIllumination(mjdUtc: number): MoonIllumination {
  checkMjd(mjdUtc, 'MJD (UTC)')
  const mjdTt = mjdTtOf(mjdUtc)
  const sun = apparentSun(mjdTt)
  const moon = moonVector(mjdTt)
  const phaseAngleDeg = angleBetween(
    [sun[0] - moon[0], sun[1] - moon[1], sun[2] - moon[2]],
    [-moon[0], -moon[1], -moon[2]],
  )
  const [sunRa, sunDec] = directionOf(sun)
  const [moonRa, moonDec] = directionOf(moon)
  const { dpsiRad, depsRad } = nutation(mjdTt)
  const toEcliptic = multiply(
    rotationX(meanObliquityRad(mjdTt) + depsRad),
    biasPrecessionNutation(mjdTt, dpsiRad, depsRad),
  )
  const [sunLon] = directionOf(rotate(toEcliptic, sun))
  const [moonLon] = directionOf(rotate(toEcliptic, moon))
  const phaseDeg = normalizeDegrees(moonLon - sunLon)
  return {
    fraction: (1 + Math.cos(phaseAngleDeg / degreesPerRadian)) / 2,
    phaseAngleDeg,
    elongationDeg: angleBetween(sun, moon),
    phaseDeg,
    phase: phaseName(phaseDeg),
    brightLimbDeg: positionAngle(moonRa, moonDec, sunRa, sunDec),
  }
}

/** The four principal phases last a day (12°), 6° either side of the instant. */
function phaseName(phaseDeg: number): MoonPhaseName {
  const names: readonly [MoonPhaseName, MoonPhaseName][] = [
    ['new Moon', 'waxing crescent'],
    ['first quarter', 'waxing gibbous'],
    ['full Moon', 'waning gibbous'],
    ['last quarter', 'waning crescent'],
  ]
  const shifted = normalizeDegrees(phaseDeg + 6)
  const [principal, after] = names[Math.floor(shifted / 90)]
  return shifted % 90 < 12 ? principal : after
}
