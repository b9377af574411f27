/** Airmass by named formula. Headers of one survey use several, so the name goes wherever the number goes. */
import { radiansPerDegree } from './vectors.ts'

export type AirmassFormula =
  'plane-parallel' | 'hardie1962' | 'kasten-young1989' | 'gueymard1993' | 'pickering2002'

/**
 * Airmass at an apparent altitude in degrees; +Infinity below the horizon.
 *
 * * `plane-parallel`: sec z; 1 % high at 80° from the zenith.
 * * `hardie1962`: polynomial in sec z − 1 (Hardie 1962); for z < 85°, not monotonic near the horizon, where it is held
 *   at its value for z = 85°.
 * * `kasten-young1989`: Kasten & Young 1989, Applied Optics 28, 4735; 37.9 at the horizon.
 * * `gueymard1993`: Gueymard 1993, Solar Energy 51, 121.
 * * `pickering2002`: Pickering 2002, DIO 12, 1; 38.7 at the horizon.
 */
export function airmass(altitudeDeg: number, formula: AirmassFormula = 'pickering2002'): number {
  if (!(altitudeDeg >= 0)) return Number.isNaN(altitudeDeg) ? Number.NaN : Infinity
  const sine = Math.sin(altitudeDeg * radiansPerDegree)
  const z = 90 - altitudeDeg
  switch (formula) {
    case 'plane-parallel':
      return altitudeDeg === 0 ? Infinity : 1 / sine
    case 'hardie1962': {
      const x = 1 / Math.sin(Math.max(altitudeDeg, 5) * radiansPerDegree) - 1
      return 1 + x * (1 - 0.0018167 - x * (0.002875 + x * 0.0008083))
    }
    case 'kasten-young1989':
      return 1 / (sine + 0.50572 * (altitudeDeg + 6.07995) ** -1.6364)
    case 'gueymard1993':
      return 1 / (sine + 0.00176759 * z * (94.37515 - z) ** -1.21563)
    case 'pickering2002':
      return 1 / Math.sin((altitudeDeg + 244 / (165 + 47 * altitudeDeg ** 1.1)) * radiansPerDegree)
  }
}

/** Apparent altitude in degrees at which the airmass has a value ≥ 1 (90 at 1; 0 where it is never so large). */
export function altitudeOfAirmass(value: number, formula: AirmassFormula = 'pickering2002'): number {
  if (!(value > airmass(90, formula))) return 90
  let low = formula === 'hardie1962' ? 5 : 0
  let high = 90
  if (value >= airmass(low, formula)) return low
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (airmass(middle, formula) > value) low = middle
    else high = middle
  }
  return (low + high) / 2
}
