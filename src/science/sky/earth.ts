/**
 * Where the Earth is and how fast: the series of Moisson & Bretagnon (2001) fitted to DE405, cut at 2e-8 au.
 * Against the whole series over 1972–2060: direction of the Sun < 0.25″, velocity < 0.1 m/s (0.1 mas of aberration).
 */
import { earthTerms, sunTerms } from './series.gen.ts'
import { rotate } from './vectors.ts'
import type { Matrix, Vector } from './vectors.ts'

export interface EarthState {
  /** From the Sun's centre to the Earth's, au, axes of the ICRS. */
  heliocentric: Vector
  /** From the solar system's barycentre, au. */
  barycentric: Vector
  /** Barycentric velocity, au per day. */
  velocity: Vector
}

/** Ecliptic of the series → ICRS. */
const toIcrs: Matrix = [
  1, 0.000000211284, -0.000000091603, -0.000000230286, 0.917482137087, -0.397776982902, 0, 0.397776982902,
  0.917482137087,
]

/** Sums rows of axis, power, amplitude, phase, rate into a position and a velocity per year. */
function sum(terms: readonly number[], t: number, position: number[], velocity: number[]): void {
  for (let i = terms.length - 5; i >= 0; i -= 5) {
    const axis = terms[i]
    const power = terms[i + 1]
    const amplitude = terms[i + 2]
    const rate = terms[i + 4]
    const argument = terms[i + 3] + rate * t
    const cosine = Math.cos(argument)
    const sine = Math.sin(argument)
    const scale = power === 0 ? 1 : power === 1 ? t : t * t
    const slope = power === 0 ? 0 : power === 1 ? 1 : 2 * t
    position[axis] += amplitude * scale * cosine
    velocity[axis] += amplitude * (slope * cosine - scale * rate * sine)
  }
}

/** State of the Earth at an MJD (TDB; TT does as well, 2 ms being 60 m). */
export function earthState(mjdTdb: number): EarthState {
  const t = (mjdTdb - 51_544.5) / 365.25
  const position: [number, number, number] = [0, 0, 0]
  const velocity: [number, number, number] = [0, 0, 0]
  sum(earthTerms, t, position, velocity)
  const heliocentric = rotate(toIcrs, position)
  sum(sunTerms, t, position, velocity)
  const [x, y, z] = rotate(toIcrs, velocity)
  return {
    heliocentric,
    barycentric: rotate(toIcrs, position),
    velocity: [x / 365.25, y / 365.25, z / 365.25],
  }
}
