import { nearest } from '#platform/config/nearest.ts'
import type { DefinitionProblem } from './telescope.ts'
import type { KeyPath } from './toml-lines.ts'

/** Collects what is wrong with a definition, each thing with its line. */
export interface Findings {
  readonly problems: DefinitionProblem[]
  /** `key` as one writes it: `limits.altitude_min_deg`. */
  wrong(path: KeyPath, text: string): void
}

export function createFindings(lineOf: (path: KeyPath) => number): Findings {
  const problems: DefinitionProblem[] = []
  return {
    problems,
    wrong(path, text) {
      problems.push({ line: lineOf(path), key: path.length === 0 ? null : shownPath(path), text })
    },
  }
}

function shownPath(path: KeyPath): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part + 1}]` : `${i === 0 ? '' : '.'}${shownKey(part)}`))
    .join('')
}

function shownKey(key: string): string {
  return /^[\w-]{1,60}$/.test(key) ? key : JSON.stringify(key.slice(0, 60))
}

/** A value as an error shows it. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (value instanceof Date) return 'a date'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a table'
  return String(value)
}

export interface NumberRule {
  min?: number
  max?: number
  /** Greater than this. */
  above?: number
  whole?: boolean
  /** `deg`, `s`: said in errors. */
  unit?: string
}

/** One table of a definition: reads its keys by type, and at the end refuses those that nobody asked for. */
export interface Keys {
  readonly path: KeyPath
  has(key: string): boolean
  raw(key: string): unknown
  number(key: string, rule?: NumberRule): number | undefined
  needNumber(key: string, rule?: NumberRule): number | undefined
  text(key: string, most?: number): string | undefined
  flag(key: string): boolean | undefined
  oneOf<T extends string>(key: string, allowed: readonly T[]): T | undefined
  list(key: string): readonly unknown[] | undefined
  texts(key: string, most: number): string[]
  table(key: string): Keys | undefined
  /** `[[key]]`. */
  tables(key: string): Keys[]
  wrong(key: string | null, text: string): void
  /** @param known names that may stand here besides those read, for instance in another shape */
  refuseOthers(advice?: Readonly<Record<string, string>>): void
}

/** Keys of a table that has been parsed. */
export function keysOf(data: Readonly<Record<string, unknown>>, path: KeyPath, findings: Findings): Keys {
  const asked = new Set<string>()
  const here = (key: string): KeyPath => [...path, key]
  const raw = (key: string): unknown => {
    asked.add(key)
    return Object.hasOwn(data, key) ? data[key] : undefined
  }
  const wrong = (key: string | null, text: string): void =>
    findings.wrong(key === null ? path : here(key), text)

  const keys: Keys = {
    path,
    has: (key) => raw(key) !== undefined,
    raw,
    wrong,
    number(key, rule = {}) {
      const value = raw(key)
      return value === undefined ? undefined : numberOf(value, here(key), rule, findings)
    },
    needNumber(key, rule) {
      if (raw(key) === undefined) wrong(key, 'is missing')
      return keys.number(key, rule)
    },
    text(key, most = 200) {
      const value = raw(key)
      if (value === undefined) return undefined
      return textOf(value, here(key), most, findings)
    },
    flag(key) {
      const value = raw(key)
      if (value === undefined || typeof value === 'boolean') return value
      wrong(key, `must be true or false, not ${shown(value)}`)
      return undefined
    },
    oneOf(key, allowed) {
      const value = raw(key)
      if (value === undefined) return undefined
      const found = allowed.find((each) => each === value)
      if (found !== undefined) return found
      const near = typeof value === 'string' ? nearest(value.slice(0, 40), allowed) : undefined
      wrong(
        key,
        `is ${shown(value)}; it must be one of ${allowed.join(', ')}${near ? `; did you mean ${near}?` : ''}`,
      )
      return undefined
    },
    list(key) {
      const value = raw(key)
      if (value === undefined || Array.isArray(value)) return value
      wrong(key, `must be a list in [ ], not ${shown(value)}`)
      return undefined
    },
    texts(key, most) {
      const list = keys.list(key) ?? []
      if (list.length > most) wrong(key, `holds ${list.length} entries; at most ${most} are read`)
      return list.slice(0, most).flatMap((each, i) => textOf(each, [...here(key), i], 500, findings) ?? [])
    },
    table(key) {
      const value = raw(key)
      if (value === undefined) return undefined
      if (isTable(value)) return keysOf(value, here(key), findings)
      wrong(
        key,
        Array.isArray(value)
          ? `must be one table: write [${key}], not [[${key}]] or a list`
          : `must be a table: write [${key}] on a line of its own, not ${shown(value)}`,
      )
      return undefined
    },
    tables(key) {
      const value = raw(key)
      if (value === undefined) return []
      if (!Array.isArray(value)) {
        wrong(key, `must be tables of that name: write [[${key}]] for each`)
        return []
      }
      return value.flatMap((each: unknown, i) => {
        if (isTable(each)) return [keysOf(each, [...here(key), i], findings)]
        findings.wrong([...here(key), i], `must be a table: write [[${key}]], not ${shown(each)}`)
        return []
      })
    },
    refuseOthers(advice = {}) {
      for (const key of Object.keys(data)) {
        if (asked.has(key)) continue
        const near = nearest(key.slice(0, 40), asked)
        wrong(
          key,
          Object.hasOwn(advice, key)
            ? advice[key]
            : `is not a key that is known here${near ? `; did you mean ${near}?` : `; known are ${[...asked].join(', ')}`}`,
        )
      }
    },
  }
  return keys
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

/** A finite number within its rule; otherwise what is wrong is noted and undefined comes back. */
export function numberOf(
  value: unknown,
  path: KeyPath,
  rule: NumberRule,
  findings: Findings,
): number | undefined {
  const { min, max, above, whole = false, unit = '' } = rule
  const units = unit === '' ? '' : ` ${unit}`
  if (typeof value !== 'number') {
    const hint = typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))
    findings.wrong(
      path,
      `must be a number${unit === '' ? '' : ` in ${unit}`}, not ${shown(value)}${hint ? '; leave the quotes out' : ''}`,
    )
    return undefined
  }
  if (!Number.isFinite(value)) findings.wrong(path, `is ${value}, which is no number to work with`)
  else if (whole && !Number.isInteger(value)) findings.wrong(path, `is ${value}; it must be a whole number`)
  else if (above !== undefined && value <= above)
    findings.wrong(path, `is ${value}${units}; it must be more than ${above}${units}`)
  else if (min !== undefined && value < min)
    findings.wrong(path, `is ${value}${units}; it can't be less than ${min}${units}`)
  else if (max !== undefined && value > max)
    findings.wrong(path, `is ${value}${units}; it can't be more than ${max}${units}`)
  else return value
  return undefined
}

function textOf(value: unknown, path: KeyPath, most: number, findings: Findings): string | undefined {
  if (typeof value !== 'string') findings.wrong(path, `must be text in quotes, not ${shown(value)}`)
  else if (value.trim() === '') findings.wrong(path, 'is empty')
  else if (value.length > most)
    findings.wrong(path, `is ${value.length} characters long; at most ${most} fit`)
  // Line breaks and other controls would break lists and messages that show it.
  else if (/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u.test(value))
    findings.wrong(path, 'holds a control character or a line break')
  else return value.trim().normalize('NFC')
  return undefined
}
