/** Reading what an address says, leniently: what makes no sense is as if it were not there. */

/** A text; numbers that look like one (`q=2024`) are text again. */
export function text(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function number(value: unknown): number | undefined {
  const read =
    typeof value === 'number' ? value : typeof value === 'string' && value !== '' ? Number(value) : NaN
  return Number.isFinite(read) ? read : undefined
}

export function flag(value: unknown): boolean | undefined {
  return value === true || value === 'true' || value === 1 ? true : undefined
}

export function choice<const T extends string>(value: unknown, among: readonly T[]): T | undefined {
  return among.find((one) => one === value)
}

/** The same without what is undefined, so that an address carries only what was chosen. */
export function without<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T
}
