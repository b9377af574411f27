/**
 * FK4, the system before 1984: mean places of a Besselian equinox that still hold the elliptic terms of aberration. To FK5 by
 * Murray 1989 (A&A 218, 325), precession by Newcomb, elliptic terms by the Explanatory Supplement (Seidelmann 1992):
 * as astropy has it with the epoch of observation at the equinox. Not a rotation, hence apart from frames.ts.
 */
import { frameRotation } from './frames.ts'
import { multiply, radiansPerArcsec, radiansPerDegree, rotationY, rotationZ, transpose } from './vectors.ts'
import type { Matrix, Vector } from './vectors.ts'

const b1950Mjd = 33_281.923_459_05

/** Newcomb's precession from one Besselian year to another. */
function newcomb(from: number, to: number): Matrix {
  const t = (from - 1850) / 1000
  const dt = (to - from) / 1000
  const rate = 23_035.545 + t * (139.72 + 0.06 * t)
  const zeta = dt * (rate + dt * (30.24 - 0.27 * t + dt * 17.995))
  const z = dt * (rate + dt * (109.48 + 0.39 * t + dt * 18.325))
  const theta = dt * (20_051.12 - t * (85.29 + 0.37 * t) + dt * (-42.65 - 0.37 * t + dt * -41.8))
  return multiply(
    rotationZ(-z * radiansPerArcsec),
    rotationY(theta * radiansPerArcsec),
    rotationZ(-zeta * radiansPerArcsec),
  )
}

/** FK4 without elliptic terms, B1950 → FK5 J2000; `years` from 1950 to the epoch, as FK4 turns against FK5. */
function murray(years: number): Matrix {
  const turn = (years / 100) * 1e-6
  return [
    0.9999256794956877 - 0.0026455262 * turn,
    -0.0111814832204662 - 1.1539918689 * turn,
    -0.0048590038153592 + 2.111134619 * turn,
    0.0111814832391717 + 1.1540628161 * turn,
    0.9999374848933135 - 0.0129042997 * turn,
    -0.0000271625947142 + 0.0236021478 * turn,
    0.0048590037723143 - 2.1112979048 * turn,
    -0.000027170293744 - 0.0056024448 * turn,
    0.9999881946023742 + 0.0102587734 * turn,
  ]
}

/** Directions in FK4 without elliptic terms of an equinox (Besselian year) → ICRS. */
export function fk4NoETermsToIcrs(equinox: number): Matrix {
  const mjd = b1950Mjd + (equinox - 1950) * 365.242198781
  const julian = 2000 + (mjd - 51_544.5) / 365.25
  return multiply(
    frameRotation({ name: 'fk5' }, { name: 'icrs' }),
    murray(julian - 1950),
    newcomb(equinox, 1950),
  )
}

/** The way back: FK4's matrix is taken for a rotation, as everyone does. */
export function icrsToFk4NoETerms(equinox: number): Matrix {
  return transpose(fk4NoETermsToIcrs(equinox))
}

/** Elliptic terms of aberration at an equinox (Besselian year), as a vector to be taken off. */
export function ellipticTerms(equinox: number): Vector {
  const mjd = b1950Mjd + (equinox - 1950) * 365.242198781
  const t = (mjd - b1950Mjd) / 36_525
  const eccentricity = 0.01673011 + t * (-0.00004193 + t * -0.000000126)
  const perigee = (1_015_489.951 + t * (6190.67 + t * (1.65 + t * 0.012))) * radiansPerArcsec
  const c = (mjd - 51_544.5) / 36_525
  const obliquity = (84_381.448 + c * (-46.815 + c * (-0.00059 + c * 0.001813))) * radiansPerArcsec
  const k = eccentricity * 0.0056932 * radiansPerDegree
  return [
    k * Math.sin(perigee),
    -k * Math.cos(perigee) * Math.cos(obliquity),
    -k * Math.cos(perigee) * Math.sin(obliquity),
  ]
}
