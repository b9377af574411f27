/**
 * Distances from redshifts in the flat universe of Planck 2018 (A&A 641, A6, Table 2, last column): H₀ = 67.66 km/s/Mpc,
 * Ωm = 0.3111, radiation left out, which matters by less than 10⁻⁴ below z = 2.
 */

export const planck18 = { hubble: 67.66, matter: 0.3111 } as const

/** km/s. */
export const lightSpeed = 299_792.458

/** Nodes and weights on (0, 1) of 12-point Gauss–Legendre quadrature. */
export const quadrature: readonly (readonly [node: number, weight: number])[] = [
  [0.1252334085114689, 0.2491470458134028],
  [0.3678314989981802, 0.2334925365383548],
  [0.5873179542866175, 0.2031674267230659],
  [0.7699026741943047, 0.1600783285433462],
  [0.9041172563704749, 0.1069393259953184],
  [0.9815606342467192, 0.0471753363865118],
].flatMap(([x, w]) => [[(1 - x!) / 2, w! / 2] as const, [(1 + x!) / 2, w! / 2] as const])

/** Luminosity distance, Mpc, of a redshift; NaN for one that is not above zero. */
export function luminosityDistanceMpc(z: number): number {
  if (!(z > 0)) return Number.NaN
  const { hubble, matter } = planck18
  let sum = 0
  for (const [t, w] of quadrature) sum += w / Math.sqrt(matter * (1 + z * t) ** 3 + 1 - matter)
  return (1 + z) * ((lightSpeed / hubble) * z * sum)
}
