/** Figures as messages and texts of plans write them. */

/** `41.3 %`. */
export function percent(probability: number, decimals = 1): string {
  return `${(100 * probability).toFixed(decimals)} %`
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
