import { significant } from '#interface/web/pieces/format.ts'

/** A value of a row, with as many digits as make sense to look at. */
export function cellText(value: null | boolean | number | string | undefined, name: string): string {
  if (value === null || value === undefined) return '–'
  if (typeof value !== 'number') return String(value)
  if (Number.isInteger(value)) return String(value)
  return name === 'ra' || name === 'dec' ? value.toFixed(5) : significant(value, 5)
}
