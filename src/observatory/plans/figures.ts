import type { Aim, PlanResult } from './plan.ts'

/** Figures as messages and texts of plans write them. */

/** `41.3 %`. */
export function percent(probability: number, decimals = 1): string {
  return `${(100 * probability).toFixed(decimals)} %`
}

/** What shares of a plan are of, to stand behind a figure. */
export function ofWhat(aim: Aim | null): string {
  return aim === 'galaxies' ? "of the galaxies' weight" : "of the map's probability"
}

/** `66.4 % of the weight of 412 galaxies; 12.3 % of the map's probability`, or the latter alone. */
export function coveredText(
  {
    aim,
    probability,
    skyProbability,
    galaxies,
  }: Pick<PlanResult, 'aim' | 'probability' | 'skyProbability' | 'galaxies'>,
  decimals = 1,
): string {
  if (aim !== 'galaxies') return `${percent(probability, decimals)} ${ofWhat(aim)}`
  const weight = `${percent(probability, decimals)} of the weight of ${galaxies} ${galaxies === 1 ? 'galaxy' : 'galaxies'}`
  return `${weight}; ${percent(skyProbability, decimals)} ${ofWhat('sky')}`
}

/** Three digits, never an exponent. */
export function figure(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3, useGrouping: false })
}

/** `2026-11-21 20:25`, UTC. */
export function minute(at: Date): string {
  return at.toISOString().slice(0, 16).replace('T', ' ')
}

/** `one, two and three`. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
