import { deg2PerSr } from './map.ts'

/** Areas and peak of a distribution known by formula: what its map would give, without making the map. */
export interface AnalyticRegion {
  /** Area of the smallest region that holds this probability, deg². */
  areaDeg2: (level: number) => number
  /** sr⁻¹ */
  peakDensityPerSr: number
}

const rad = Math.PI / 180

/**
 * The Gaussian of a circle or an ellipse, on the sphere von Mises–Fisher (Fisher 1953, Proc. R. Soc. A 217, 295), such that
 * the stated error holds the stated probability: p(< θ) = (1 − exp(−2κ sin²(θ/2))) / (1 − exp(−2κ)). An ellipse counts as
 * the circle of the same area, which is exact in the plane; ellipses are small.
 * @param majorDeg semi-axes, degrees, above zero; a circle has twice the same
 * @param containment probability inside them, between 0 and 1
 */
export function gaussianRegion(majorDeg: number, minorDeg: number, containment: number): AnalyticRegion {
  const half = (deg: number): number => Math.sin((Math.min(deg, 180) * rad) / 2)
  const kappa = -Math.log1p(-containment) / (2 * half(majorDeg) * half(minorDeg))
  const whole = -Math.expm1(-2 * kappa)
  return {
    areaDeg2: (level) => 2 * Math.PI * (-Math.log1p(-level * whole) / kappa) * deg2PerSr,
    peakDensityPerSr: kappa / (2 * Math.PI * whole),
  }
}

/** The same probability everywhere inside an area (sr). */
export function uniformRegion(areaSr: number): AnalyticRegion {
  return { areaDeg2: (level) => level * areaSr * deg2PerSr, peakDensityPerSr: 1 / areaSr }
}
