import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'

/** A value for a jsonb column. What jsonb cannot hold (NUL, halves of surrogate pairs) is taken out of strings. */
export function json(value: unknown): RawBuilder<unknown> {
  return sql`${jsonText(value)}::text::jsonb`
}

/** The same as text. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, v: unknown) => {
    if (typeof v === 'string') return cleanText(v)
    if (typeof v !== 'object' || v === null || Array.isArray(v)) return v
    const dirty = Object.keys(v).some((key) => cleanText(key) !== key)
    return dirty
      ? Object.fromEntries(Object.entries(v).map(([key, each]) => [cleanText(key), each as unknown]))
      : v
  })
}

/** Text that PostgreSQL takes. */
export function cleanText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '')
}
