/**
 * Frames that differ from ICRS by a rotation: FK5 (any equinox), Galactic, mean ecliptic (any equinox). Degrees, one
 * direction or typed arrays. Definitions as in astropy: FK5's orientation by USNO Circular 179, the Galactic pole
 * and centre of 1958 carried to FK5, the ecliptic by IAU 2006 (BarycentricMeanEcliptic).
 */
import { biasPrecessionNutation, meanObliquityRad, precession } from './precession.ts'
import {
  multiply,
  radiansPerArcsec,
  radiansPerDegree,
  rotateDirection,
  rotateDirections,
  rotationX,
  rotationY,
  rotationZ,
  transpose,
} from './vectors.ts'
import type { Matrix } from './vectors.ts'

/** TT at J2000.0. */
export const mjdJ2000 = 51_544.5

const icrsToFk5J2000: Matrix = multiply(
  rotationX(19.9e-3 * radiansPerArcsec),
  rotationY(9.1e-3 * radiansPerArcsec),
  rotationZ(-22.9e-3 * radiansPerArcsec),
)

const icrsToGalacticMatrix: Matrix = multiply(
  rotationZ((180 - 122.9319185680026) * radiansPerDegree),
  rotationY((90 - 27.12825118085622) * radiansPerDegree),
  rotationZ(192.8594812065348 * radiansPerDegree),
  icrsToFk5J2000,
)

/** Names a frame; `equinox` is an MJD (TT), J2000.0 where absent. */
export type Frame =
  | { name: 'icrs' }
  | { name: 'galactic' }
  | { name: 'fk5'; equinox?: number }
  | { name: 'ecliptic'; equinox?: number }

/** Rotation from ICRS into a frame, to be made once and used on many directions. */
function fromIcrs(frame: Frame): Matrix {
  switch (frame.name) {
    case 'icrs':
      return [1, 0, 0, 0, 1, 0, 0, 0, 1]
    case 'galactic':
      return icrsToGalacticMatrix
    case 'fk5': {
      const { equinox = mjdJ2000 } = frame
      return equinox === mjdJ2000 ? icrsToFk5J2000 : multiply(precession(equinox), icrsToFk5J2000)
    }
    case 'ecliptic': {
      const { equinox = mjdJ2000 } = frame
      return multiply(rotationX(meanObliquityRad(equinox)), biasPrecessionNutation(equinox))
    }
  }
}

/** Rotation from one frame into another; apply it with rotateDirection or, in bulk, rotateDirections. */
export function frameRotation(from: Frame, to: Frame): Matrix {
  return multiply(fromIcrs(to), transpose(fromIcrs(from)))
}

/** Galactic [l, b] of an ICRS direction, degrees. */
export function icrsToGalactic(ra: number, dec: number): [number, number] {
  return rotateDirection(icrsToGalacticMatrix, ra, dec)
}

/** ICRS [ra, dec] of a Galactic direction, degrees. */
export function galacticToIcrs(l: number, b: number): [number, number] {
  return rotateDirection(transpose(icrsToGalacticMatrix), l, b)
}

/** [ra, dec] in FK5 of the equinox (MJD TT) of an ICRS direction, degrees. */
export function icrsToFk5(ra: number, dec: number, equinox: number = mjdJ2000): [number, number] {
  return rotateDirection(fromIcrs({ name: 'fk5', equinox }), ra, dec)
}

/** ICRS [ra, dec] of a direction in FK5 of the equinox (MJD TT), degrees. */
export function fk5ToIcrs(ra: number, dec: number, equinox: number = mjdJ2000): [number, number] {
  return rotateDirection(transpose(fromIcrs({ name: 'fk5', equinox })), ra, dec)
}

/** [longitude, latitude] in the mean ecliptic and equinox (MJD TT), degrees; barycentric: no aberration. */
export function icrsToEcliptic(ra: number, dec: number, equinox: number = mjdJ2000): [number, number] {
  return rotateDirection(fromIcrs({ name: 'ecliptic', equinox }), ra, dec)
}

/** ICRS [ra, dec] of a direction in the mean ecliptic and equinox (MJD TT), degrees. */
export function eclipticToIcrs(lon: number, lat: number, equinox: number = mjdJ2000): [number, number] {
  return rotateDirection(transpose(fromIcrs({ name: 'ecliptic', equinox })), lon, lat)
}

/** Many directions from one frame into another, degrees; `out` may be the input's own arrays. */
export function convertDirections(
  from: Frame,
  to: Frame,
  lon: Float64Array,
  lat: Float64Array,
  out?: { lon: Float64Array; lat: Float64Array },
): { lon: Float64Array; lat: Float64Array } {
  return rotateDirections(frameRotation(from, to), lon, lat, out)
}
