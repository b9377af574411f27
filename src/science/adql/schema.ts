/** What a condition may name: columns with type, unit and meaning, and functions; nothing else reaches SQL. */
import type { Fragment } from './fragment.ts'
import type { Name } from './tree.ts'

export type Dialect = 'postgres' | 'duckdb'

/**
 * integer: 64-bit, compared exactly; number: 64-bit float; timestamp: UTC moments (timestamptz in PostgreSQL, TIMESTAMP
 * in DuckDB; `Date` or ISO 8601 text in rows).
 */
export type ValueType = 'integer' | 'number' | 'string' | 'boolean' | 'timestamp'

/** What a function of a schema gets and gives in memory. Timestamps are milliseconds since 1970. */
export type Value = number | bigint | string | boolean | null

export interface SchemaColumn {
  readonly name: string
  readonly type: ValueType
  /** VOUnits. */
  readonly unit?: string
  readonly ucd?: string
  readonly description?: string
  /** SQL expression behind the column, trusted; `"name"` where left out. */
  readonly sql?: string
  /** The stored column may hold NaN or infinities, which count as no value. Costs the use of a plain index. */
  readonly nan?: boolean
}

export interface SchemaFunction {
  readonly name: string
  readonly parameters: readonly { readonly name: string; readonly type: ValueType; readonly unit?: string }[]
  readonly type: ValueType
  readonly unit?: string
  readonly description?: string
  /** SQL of a call; left out where the function only tests rows in memory. */
  readonly sql?: (args: readonly Fragment[], dialect: Dialect) => Fragment
  /** The value in memory; not called where an argument has no value. Left out where only SQL knows it. */
  readonly evaluate?: (...args: Exclude<Value, null>[]) => Value
}

export interface Schema {
  /** Name of the table, for statements and for `table.column`. */
  readonly name?: string
  /** SQL of the table, trusted; `"name"` where left out. */
  readonly sql?: string
  readonly columns: readonly SchemaColumn[]
  readonly functions?: readonly SchemaFunction[]
  /**
   * Names of the columns that place a row on the sky (ICRS degrees), and the SQL of its order-29 NESTED pixel; regions
   * around them then become scans of that index.
   */
  readonly position?: { readonly ra: string; readonly dec: string; readonly hpx: string }
}

/** Whether a written name means `candidate`: capitals count only in quotes. */
export function names({ text, exact }: Name, candidate: string): boolean {
  return exact ? text === candidate : text.toLowerCase() === candidate.toLowerCase()
}

/** The candidate that looks most like `word`, if any looks like it at all. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = word.toLowerCase().slice(0, 64)
  let best: string | undefined
  let least = Math.max(2, Math.ceil(wanted.length / 3)) + 0.5
  for (const candidate of candidates) {
    const other = candidate.toLowerCase()
    const inside =
      Math.min(wanted.length, other.length) >= 3 && (other.includes(wanted) || wanted.includes(other))
    const steps = inside
      ? Math.min(2.4, Math.abs(other.length - wanted.length) / 4 + 0.5)
      : edits(wanted, other)
    if (steps < least) [best, least] = [candidate, steps]
  }
  return best
}

/** Single-letter changes between two words (Levenshtein). */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const below = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      below.push(Math.min(row[j] + 1, below[j - 1] + 1, row[j - 1] + same))
    }
    row = below
  }
  return row[b.length]
}
