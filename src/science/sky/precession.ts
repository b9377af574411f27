/**
 * IAU 2006 precession (Capitaine, Wallace & Chapront 2003; Hilton et al. 2006) by the Fukushima–Williams angles:
 * γ̄, φ̄, ψ̄ and the obliquity ε place the mean equator and equinox of date in the GCRS, frame bias included.
 */
import { multiply, radiansPerArcsec, rotationX, rotationZ, transpose } from './vectors.ts'
import type { Matrix } from './vectors.ts'

/** Julian centuries of TT since J2000.0. */
export function centuriesSinceJ2000(mjdTt: number): number {
  return (mjdTt - 51_544.5) / 36_525
}

function polynomial(t: number, ...coefficients: number[]): number {
  return coefficients.reduceRight((sum, coefficient) => sum * t + coefficient, 0)
}

/** Mean obliquity of the ecliptic, radians (IAU 2006). */
export function meanObliquityRad(mjdTt: number): number {
  const t = centuriesSinceJ2000(mjdTt)
  return (
    polynomial(t, 84381.406, -46.836769, -0.0001831, 0.0020034, -0.000000576, -0.0000000434) *
    radiansPerArcsec
  )
}

/** GCRS → equator and equinox of date: mean, or true where nutation in longitude and obliquity (radians) is given. */
export function biasPrecessionNutation(mjdTt: number, dpsiRad: number = 0, depsRad: number = 0): Matrix {
  const t = centuriesSinceJ2000(mjdTt)
  const gamma = polynomial(t, -0.052928, 10.556378, 0.4932044, -0.00031238, -0.000002788, 0.000000026)
  const phi = polynomial(t, 84381.412819, -46.811016, 0.0511268, 0.00053289, -0.00000044, -0.0000000176)
  const psi = polynomial(t, -0.041775, 5038.481484, 1.5584175, -0.00018522, -0.000026452, -0.0000000148)
  return multiply(
    rotationX(-(meanObliquityRad(mjdTt) + depsRad)),
    rotationZ(-(psi * radiansPerArcsec + dpsiRad)),
    rotationX(phi * radiansPerArcsec),
    rotationZ(gamma * radiansPerArcsec),
  )
}

/** Mean equator and equinox of J2000.0 → of date, without frame bias. */
export function precession(mjdTt: number): Matrix {
  return multiply(biasPrecessionNutation(mjdTt), transpose(biasPrecessionNutation(51_544.5)))
}
