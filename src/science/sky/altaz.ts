/**
 * ICRS to altitude and azimuth and back: light deflection by the Sun, annual and diurnal aberration, IAU 2006
 * precession, IAU 2000B nutation, Earth rotation, polar motion; refraction where an atmosphere is given.
 * What depends on time and place alone is computed once (horizonAt); each direction then costs a rotation.
 */
import { normalizeDegrees } from './angles.ts'
import { earthState } from './earth.ts'
import { earthOrientationAt } from './earth-orientation.ts'
import type { EarthOrientation } from './earth-orientation.ts'
import { nutation } from './nutation.ts'
import { biasPrecessionNutation, centuriesSinceJ2000 } from './precession.ts'
import { refractionConstants, refractionRad } from './refraction.ts'
import type { Atmosphere, RefractionConstants } from './refraction.ts'
import { greenwichApparentSiderealTime } from './sidereal.ts'
import { checkSite, geocentricOf } from './sites.ts'
import type { Site } from './sites.ts'
import { checkMjd, mjdTtOf, mjdUt1Of } from './time.ts'
import {
  degreesPerRadian,
  dot,
  multiply,
  radiansPerArcsec,
  radiansPerDegree,
  rotate,
  rotationX,
  rotationY,
  rotationZ,
  transpose,
  unitVector,
} from './vectors.ts'
import type { Matrix, Vector } from './vectors.ts'

export interface HorizonOptions {
  /** UT1 − UTC and pole; the shipped IERS tables where absent. */
  earth?: EarthOrientation
  /** With an atmosphere, altitudes are refracted; none where absent. */
  atmosphere?: Atmosphere
}

/** Time and place, prepared for many directions. */
export interface Horizon {
  readonly mjdUtc: number
  readonly mjdTt: number
  readonly site: Site
  /** GCRS axes → north, east, up. */
  readonly toLocal: Matrix
  /** GCRS axes → true equator and equinox of date. */
  readonly toDate: Matrix
  /** Local apparent sidereal time, degrees. */
  readonly siderealDeg: number
  /** Observer from the geocentre, metres, GCRS axes. */
  readonly observerM: Vector
  /** Observer's barycentric velocity over the speed of light. */
  readonly velocity: Vector
  /** From the Sun to the observer, unit vector, and au. */
  readonly fromSun: Vector
  readonly sunDistanceAu: number
  readonly refraction: RefractionConstants | undefined
}

const auM = 149_597_870_700
const lightAuPerDay = (299_792_458 * 86_400) / auM
/** Rotation of the Earth, radians per second of UT1. */
const spin = (1.0027378119113546 * 2 * Math.PI) / 86_400
/** Schwarzschild radius of the Sun, au. */
const schwarzschildAu = 1.97412574336e-8

/**
 * @throws Problem time.out_of_range, site.invalid
 */
export function horizonAt(mjdUtc: number, site: Site, options: HorizonOptions = {}): Horizon {
  checkMjd(mjdUtc, 'MJD (UTC)')
  checkSite(site)
  const { ut1MinusUtc, poleX, poleY } = options.earth ?? earthOrientationAt(mjdUtc)
  const mjdTt = mjdTtOf(mjdUtc)
  const nutated = nutation(mjdTt)
  const toDate = biasPrecessionNutation(mjdTt, nutated.dpsiRad, nutated.depsRad)
  const greenwich = greenwichApparentSiderealTime(mjdUt1Of(mjdUtc, ut1MinusUtc), mjdTt, nutated)
  const toRotating = multiply(rotationZ(greenwich * radiansPerDegree), toDate)
  const pole = multiply(
    rotationX(-poleY * radiansPerArcsec),
    rotationY(-poleX * radiansPerArcsec),
    rotationZ(-47e-6 * centuriesSinceJ2000(mjdTt) * radiansPerArcsec),
  )
  const [x, y, z] = rotate(transpose(pole), geocentricOf(site))
  const toGcrs = transpose(toRotating)
  const observerM = rotate(toGcrs, [x, y, z])
  const carried = rotate(toGcrs, [-spin * y, spin * x, 0])
  const earth = earthState(mjdTt)
  const sunward = earth.heliocentric.map((part, i) => part + observerM[i] / auM)
  const sunDistanceAu = Math.hypot(...sunward)
  return {
    mjdUtc,
    mjdTt,
    site,
    toLocal: multiply(localAxes(site), pole, toRotating),
    toDate,
    siderealDeg: normalizeDegrees(greenwich + site.longitudeDeg),
    observerM,
    velocity: [
      earth.velocity[0] / lightAuPerDay + carried[0] / 299_792_458,
      earth.velocity[1] / lightAuPerDay + carried[1] / 299_792_458,
      earth.velocity[2] / lightAuPerDay + carried[2] / 299_792_458,
    ],
    fromSun: [sunward[0] / sunDistanceAu, sunward[1] / sunDistanceAu, sunward[2] / sunDistanceAu],
    sunDistanceAu,
    refraction: options.atmosphere && refractionConstants(options.atmosphere),
  }
}

/** ITRS → north, east, up at a site. */
function localAxes({ longitudeDeg, latitudeDeg }: Site): Matrix {
  const [sinLon, cosLon] = [
    Math.sin(longitudeDeg * radiansPerDegree),
    Math.cos(longitudeDeg * radiansPerDegree),
  ]
  const [sinLat, cosLat] = [
    Math.sin(latitudeDeg * radiansPerDegree),
    Math.cos(latitudeDeg * radiansPerDegree),
  ]
  return [
    -sinLat * cosLon,
    -sinLat * sinLon,
    cosLat,
    -sinLon,
    cosLon,
    0,
    cosLat * cosLon,
    cosLat * sinLon,
    sinLat,
  ]
}

/**
 * Catalogue direction → the direction in which an observer of the given velocity sees it (GCRS axes): deflection by
 * the Sun (held inside 5′ of its centre), then aberration (Klioner 2003; IERS TN 36, as in SOFA).
 */
export function apparentVector(from: Horizon, [x, y, z]: Vector): Vector {
  const { velocity, fromSun, sunDistanceAu } = from
  const [ex, ey, ez] = fromSun
  const limit = 1e-6 / Math.max(sunDistanceAu * sunDistanceAu, 1)
  const towards = x * ex + y * ey + z * ez
  const bend = schwarzschildAu / sunDistanceAu / Math.max(1 + towards, limit)
  // p × (e × p) = e − (p·e) p
  const px = x + bend * (ex - towards * x)
  const py = y + bend * (ey - towards * y)
  const pz = z + bend * (ez - towards * z)
  return aberrate([px, py, pz], velocity, sunDistanceAu)
}

/** Aberration of a unit vector for a velocity over that of light, with the Sun's potential. */
export function aberrate([x, y, z]: Vector, velocity: Vector, sunDistanceAu: number): Vector {
  const [vx, vy, vz] = velocity
  const inverseGamma = Math.sqrt(1 - dot(velocity, velocity))
  const along = x * vx + y * vy + z * vz
  const w1 = 1 + along / (1 + inverseGamma)
  const w2 = schwarzschildAu / sunDistanceAu
  const ax = x * inverseGamma + w1 * vx + w2 * (vx - along * x)
  const ay = y * inverseGamma + w1 * vy + w2 * (vy - along * y)
  const az = z * inverseGamma + w1 * vz + w2 * (vz - along * z)
  const length = Math.sqrt(ax * ax + ay * ay + az * az)
  return [ax / length, ay / length, az / length]
}

/** [azimuth north through east in [0, 360), altitude] in degrees of an ICRS direction at infinity. */
export function icrsToAltAz(horizon: Horizon, ra: number, dec: number): [number, number] {
  return altAzOfApparent(horizon, apparentVector(horizon, unitVector(ra, dec)))
}

/** [azimuth, altitude] of an apparent vector (GCRS axes), refracted where the horizon has an atmosphere. */
export function altAzOfApparent(horizon: Horizon, apparent: Vector): [number, number] {
  const [north, east, up] = rotate(horizon.toLocal, apparent)
  const across = Math.sqrt(north * north + east * east)
  const raised = horizon.refraction ? refractionRad(up, across, horizon.refraction) : 0
  return [
    normalizeDegrees(Math.atan2(east, north) * degreesPerRadian),
    Math.min(90, (Math.atan2(up, across) + raised) * degreesPerRadian),
  ]
}

/** Many ICRS directions, degrees → azimuths and altitudes, degrees; `out` may be the input's own arrays. */
export function icrsToAltAzBulk(
  horizon: Horizon,
  ra: Float64Array,
  dec: Float64Array,
  out: { az: Float64Array; alt: Float64Array } = {
    az: new Float64Array(ra.length),
    alt: new Float64Array(ra.length),
  },
): { az: Float64Array; alt: Float64Array } {
  // apparentVector and altAzOfApparent written out: without a vector made per step it takes a third less time.
  const { toLocal: m, velocity, fromSun, sunDistanceAu, refraction } = horizon
  const [vx, vy, vz] = velocity
  const [ex, ey, ez] = fromSun
  const limit = 1e-6 / Math.max(sunDistanceAu * sunDistanceAu, 1)
  const potential = schwarzschildAu / sunDistanceAu
  const inverseGamma = Math.sqrt(1 - dot(velocity, velocity))
  for (let i = 0; i < ra.length; i++) {
    const cosDec = Math.cos(dec[i] * radiansPerDegree)
    const x = cosDec * Math.cos(ra[i] * radiansPerDegree)
    const y = cosDec * Math.sin(ra[i] * radiansPerDegree)
    const z = Math.sin(dec[i] * radiansPerDegree)
    const towards = x * ex + y * ey + z * ez
    const bend = potential / Math.max(1 + towards, limit)
    const px = x + bend * (ex - towards * x)
    const py = y + bend * (ey - towards * y)
    const pz = z + bend * (ez - towards * z)
    const along = px * vx + py * vy + pz * vz
    const kept = inverseGamma - potential * along
    const added = 1 + along / (1 + inverseGamma) + potential
    const ax = px * kept + added * vx
    const ay = py * kept + added * vy
    const az = pz * kept + added * vz
    const north = m[0] * ax + m[1] * ay + m[2] * az
    const east = m[3] * ax + m[4] * ay + m[5] * az
    const up = m[6] * ax + m[7] * ay + m[8] * az
    const across = Math.sqrt(north * north + east * east)
    out.az[i] = normalizeDegrees(Math.atan2(east, north) * degreesPerRadian)
    const alt = Math.atan2(up, across)
    const raised = refraction ? refractionRad(Math.sin(alt), Math.cos(alt), refraction) : 0
    out.alt[i] = Math.min(90, (alt + raised) * degreesPerRadian)
  }
  return out
}

/** [ra, dec] in ICRS degrees of an azimuth and altitude; the exact inverse of icrsToAltAz (to 1e-9 deg above −3°). */
export function altAzToIcrs(horizon: Horizon, az: number, alt: number): [number, number] {
  let airless = alt * radiansPerDegree
  if (horizon.refraction) {
    const seen = airless
    for (let i = 0; i < 20; i++)
      airless = seen - refractionRad(Math.sin(airless), Math.cos(airless), horizon.refraction)
  }
  const seen = rotate(transpose(horizon.toLocal), unitVectorOfLocal(az, airless))
  // Aberration and deflection are of 1e-4: each pass brings the guess 1e4 nearer.
  let [x, y, z] = seen
  for (let i = 0; i < 5; i++) {
    const [ax, ay, az2] = apparentVector(horizon, [x, y, z])
    x += seen[0] - ax
    y += seen[1] - ay
    z += seen[2] - az2
    const length = Math.sqrt(x * x + y * y + z * z)
    x /= length
    y /= length
    z /= length
  }
  return [
    normalizeDegrees(Math.atan2(y, x) * degreesPerRadian),
    Math.atan2(z, Math.sqrt(x * x + y * y)) * degreesPerRadian,
  ]
}

function unitVectorOfLocal(azDeg: number, altRad: number): Vector {
  const across = Math.cos(altRad)
  return [
    across * Math.cos(azDeg * radiansPerDegree),
    across * Math.sin(azDeg * radiansPerDegree),
    Math.sin(altRad),
  ]
}
