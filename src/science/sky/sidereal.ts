/** Earth rotation angle and sidereal time: IAU 2006 precession, IAU 2000B nutation (IERS Conventions 2010, ch. 5). */
import { earthOrientationAt } from './earth-orientation.ts'
import type { EarthOrientation } from './earth-orientation.ts'
import { normalizeDegrees } from './angles.ts'
import { fundamentalArguments, nutation } from './nutation.ts'
import type { Nutation } from './nutation.ts'
import { centuriesSinceJ2000, meanObliquityRad } from './precession.ts'
import { mjdTtOf, mjdUt1Of } from './time.ts'
import { degreesPerRadian } from './vectors.ts'

/** Earth rotation angle in degrees at an MJD (UT1). */
export function earthRotationAngle(mjdUt1: number): number {
  const days = mjdUt1 - 51_544.5
  return normalizeDegrees(360 * ((mjdUt1 % 1) + 0.5 + 0.779057273264 + 0.00273781191135448 * days))
}

/** Greenwich mean sidereal time, degrees (IAU 2006). */
export function greenwichMeanSiderealTime(mjdUt1: number, mjdTt: number): number {
  const t = centuriesSinceJ2000(mjdTt)
  const arcsec =
    0.014506 +
    t * (4612.156534 + t * (1.3915817 + t * (-0.00000044 + t * (-0.000029956 + t * -0.0000000368))))
  return normalizeDegrees(earthRotationAngle(mjdUt1) + arcsec / 3600)
}

/** Greenwich apparent sidereal time, degrees (IAU 2006/2000B with the larger complementary terms). */
export function greenwichApparentSiderealTime(
  mjdUt1: number,
  mjdTt: number,
  { dpsiRad }: Nutation = nutation(mjdTt),
): number {
  const [, , f, d, om] = fundamentalArguments(mjdTt)
  const complementary =
    2640.96e-6 * Math.sin(om) +
    63.52e-6 * Math.sin(2 * om) +
    11.75e-6 * Math.sin(2 * f - 2 * d + 3 * om) +
    11.21e-6 * Math.sin(2 * f - 2 * d + om) -
    4.55e-6 * Math.sin(2 * f - 2 * d + 2 * om)
  const equation = dpsiRad * Math.cos(meanObliquityRad(mjdTt)) * degreesPerRadian + complementary / 3600
  return normalizeDegrees(greenwichMeanSiderealTime(mjdUt1, mjdTt) + equation)
}

/** Local apparent sidereal time in degrees at an MJD (UTC) and a longitude in degrees east. */
export function siderealTime(
  mjdUtc: number,
  longitudeDeg: number,
  earth: EarthOrientation = earthOrientationAt(mjdUtc),
): number {
  const mjdUt1 = mjdUt1Of(mjdUtc, earth.ut1MinusUtc)
  return normalizeDegrees(greenwichApparentSiderealTime(mjdUt1, mjdTtOf(mjdUtc)) + longitudeDeg)
}
