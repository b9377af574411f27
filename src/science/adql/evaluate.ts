/** Typed trees → functions of a row. Three-valued: null is "unknown", as in SQL. */
import { Problem } from '#problem.ts'
import { separation } from '#science/sky/vectors.ts'
import { mathFunctions } from './functions.ts'
import { insidePolygon } from './polygon.ts'
import type { SchemaColumn, Value } from './schema.ts'
import type { CompareSign } from './tree.ts'
import { edgeDegrees } from './typed.ts'
import type { Point, Typed } from './typed.ts'

export type Evaluate<Row> = (row: Row) => Value
/** Gives the reader of a column; made once per condition. */
export type Access<Row> = (column: SchemaColumn) => (row: Row) => Value

/** Text order by code points, which is the byte order of UTF-8 that SQL uses here. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x === y) continue
    // Surrogates stand for code points above all others but sort below U+E000 as units.
    const high = (c: number) => (c >= 0xd800 && c < 0xe000 ? c + 0x10000 : c)
    return high(x) - high(y)
  }
  return a.length - b.length
}

/** Capitals of ASCII to small letters, as lower() does under the collation "C". */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (some) => some.toLowerCase())
}

export function upperAscii(text: string): string {
  return text.replace(/[a-z]+/g, (some) => some.toUpperCase())
}

/** LIKE: `%` any text, `_` one character. Quadratic at worst, whatever the pattern. */
export function matchesLike(text: string, pattern: string): boolean {
  const [t, p] = [Array.from(text), Array.from(pattern)]
  let [i, j, star, resume] = [0, 0, -1, 0]
  while (i < t.length) {
    if (p[j] === '%') [star, resume, j] = [j, i, j + 1]
    else if (j < p.length && (p[j] === '_' || p[j] === t[i])) [i, j] = [i + 1, j + 1]
    else if (star >= 0) [i, j, resume] = [resume + 1, star + 1, resume + 1]
    else return false
  }
  while (p[j] === '%') j++
  return j === p.length
}

function holds(sign: CompareSign, order: number): boolean {
  switch (sign) {
    case '=':
      return order === 0
    case '<>':
      return order !== 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
  }
}

/** Order of two values of one type; integers are exact also between number and bigint. */
function orderOf(a: NonNullable<Value>, b: NonNullable<Value>): number {
  if (typeof a === 'string') return compareText(a, String(b))
  return a < b ? -1 : a > b ? 1 : 0
}

const finite = (value: number): Value => (Number.isFinite(value) ? value : null)

/** Value as a float; integers beyond 2⁵³ are rounded as the cast to float8 does. */
function plain(value: Value): number | null {
  return value === null ? null : typeof value === 'number' ? value : Number(value)
}

/** A value of a row as the column's type has it. Throws `adql.type` for what the column cannot hold. */
export function valueAs(column: Pick<SchemaColumn, 'name' | 'type'>, raw: unknown): Value {
  if (raw === null || raw === undefined) return null
  if (column.type === 'number') {
    if (typeof raw === 'number') return finite(raw)
    if (typeof raw === 'bigint') return Number(raw)
    if (typeof raw === 'string' && raw.trim() !== '') {
      const number = Number(raw)
      if (!Number.isNaN(number)) return finite(number)
      if (raw === 'NaN') return null
    }
  } else if (column.type === 'integer') {
    if (typeof raw === 'bigint' || (typeof raw === 'number' && Number.isInteger(raw))) return raw
    if (typeof raw === 'string' && /^\s*-?\d{1,19}\s*$/.test(raw)) return BigInt(raw)
  } else if (column.type === 'string') {
    if (typeof raw === 'string') return raw
  } else if (column.type === 'boolean') {
    if (typeof raw === 'boolean') return raw
  } else {
    if (raw instanceof Date) return finite(raw.getTime())
    const moment = typeof raw === 'string' ? momentOf(raw) : undefined
    if (moment !== undefined) return moment
  }
  throw new Problem('adql.type', `A row holds no ${column.type} in "${column.name}".`, {
    column: column.name,
  })
}

/** Milliseconds since 1970, with µs as fraction, of an ISO 8601 text; UTC where it says nothing. */
export function momentOf(text: string): number | undefined {
  const parts =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/.exec(
      text.trim(),
    )
  if (!parts) return undefined
  const [, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = parts
  const offset =
    zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2) === zone.slice(1) ? '00' : zone.slice(-2)}`
  const whole = Date.parse(`${day}T${hour}:${minute}:${second}${offset}`)
  if (Number.isNaN(whole)) return undefined
  // Days beyond a month's end roll over in some parsers; ask the date back.
  const back = new Date(Date.parse(`${day}T00:00:00Z`))
  if (Number.isNaN(back.getTime()) || back.toISOString().slice(0, 10) !== day) return undefined
  return whole + Math.round(Number(`0${fraction || '.0'}`) * 1e6) / 1e3
}

/** Function of a row that gives the value of a typed tree; conditions give true, false or null. */
export function evaluator<Row>(typed: Typed, access: Access<Row>): Evaluate<Row> {
  const made = (each: Typed) => evaluator(each, access)
  const number = (each: Typed) => {
    const get = made(each)
    return (row: Row) => plain(get(row))
  }
  const place = ({ lon, lat }: Point) => ({ lon: number(lon), lat: number(lat) })
  switch (typed.op) {
    case 'literal': {
      const { value } = typed
      return () => value
    }
    case 'column':
      return access(typed.column)
    case 'negative': {
      const arg = made(typed.arg)
      return (row) => {
        const value = arg(row)
        return value === null ? null : typeof value === 'bigint' ? -value : -Number(value)
      }
    }
    case 'arithmetic': {
      const [left, right, { sign }] = [number(typed.left), number(typed.right), typed]
      return (row) => {
        const [a, b] = [left(row), right(row)]
        if (a === null || b === null) return null
        if (sign === '+') return finite(a + b)
        if (sign === '-') return finite(a - b)
        return sign === '*' ? finite(a * b) : b === 0 ? null : finite(a / b)
      }
    }
    case 'concat': {
      const [left, right] = [made(typed.left), made(typed.right)]
      return (row) => {
        const [a, b] = [left(row), right(row)]
        return a === null || b === null ? null : `${String(a)}${String(b)}`
      }
    }
    case 'math': {
      const { evaluate } = mathFunctions[typed.name]
      const [x = () => 0, y = () => 1] = typed.args.map(number)
      return (row) => {
        const [a, b] = [x(row), y(row)]
        if (a === null || b === null) return null
        const value = evaluate(a, b)
        return value === null ? null : finite(value)
      }
    }
    case 'letters': {
      const [arg, change] = [made(typed.arg), typed.name === 'lower' ? lowerAscii : upperAscii]
      return (row) => {
        const value = arg(row)
        return value === null ? null : change(String(value))
      }
    }
    case 'coalesce': {
      const asFloat = typed.type === 'number'
      const args = typed.args.map((each) => (asFloat ? number(each) : made(each)))
      return (row) => {
        for (const arg of args) {
          const value = arg(row)
          if (value !== null) return value
        }
        return null
      }
    }
    case 'scale': {
      const [arg, { factor }] = [number(typed.arg), typed]
      return (row) => {
        const value = arg(row)
        return value === null ? null : finite(value * factor)
      }
    }
    case 'distance': {
      const [a, b] = [place(typed.a), place(typed.b)]
      return (row) => {
        const [x, y, z, w] = [a.lon(row), a.lat(row), b.lon(row), b.lat(row)]
        return x === null || y === null || z === null || w === null ? null : separation(x, y, z, w)
      }
    }
    case 'flag': {
      const condition = made(typed.condition)
      return (row) => {
        const value = condition(row)
        return value === null ? null : value ? 1 : 0
      }
    }
    case 'own': {
      const { evaluate, name } = typed.fn
      if (!evaluate)
        throw new Problem('adql.unsupported', `${name} cannot be tested in memory; use it in a search.`)
      const args = typed.args.map(made)
      return (row) => {
        const values: NonNullable<Value>[] = []
        for (const arg of args) {
          const value = arg(row)
          if (value === null) return null
          values.push(value)
        }
        const value = evaluate(...values)
        return typeof value === 'number' ? finite(value) : value
      }
    }
    case 'aggregate':
      throw new Problem('adql.unsupported', `${typed.name} needs many rows; a filter sees one.`)
    case 'compare': {
      const asFloat = typed.mode === 'number'
      const [left, right, { sign }] = [
        asFloat ? number(typed.left) : made(typed.left),
        asFloat ? number(typed.right) : made(typed.right),
        typed,
      ]
      return (row) => {
        const [a, b] = [left(row), right(row)]
        return a === null || b === null ? null : holds(sign, orderOf(a, b))
      }
    }
    case 'in': {
      const asFloat = typed.mode === 'number'
      const value = asFloat ? number(typed.value) : made(typed.value)
      const list = typed.list.map((each) => (asFloat ? number(each) : made(each)))
      return (row) => {
        const wanted = value(row)
        if (wanted === null) return null
        let unknown = false
        for (const each of list) {
          const other = each(row)
          if (other === null) unknown = true
          else if (orderOf(wanted, other) === 0) return true
        }
        return unknown ? null : false
      }
    }
    case 'like': {
      const { anyCase } = typed
      const [value, pattern] = [made(typed.value), anyCase ? lowerAscii(typed.pattern) : typed.pattern]
      return (row) => {
        const text = value(row)
        return text === null ? null : matchesLike(anyCase ? lowerAscii(String(text)) : String(text), pattern)
      }
    }
    case 'null': {
      const value = made(typed.value)
      return (row) => value(row) === null
    }
    case 'not': {
      const arg = made(typed.arg)
      return (row) => {
        const value = arg(row)
        return value === null ? null : !value
      }
    }
    case 'and':
    case 'or': {
      const terms = typed.terms.map(made)
      const decisive = typed.op === 'or'
      return (row) => {
        let unknown = false
        for (const term of terms) {
          const value = term(row)
          if (value === decisive) return decisive
          if (value === null) unknown = true
        }
        return unknown ? null : !decisive
      }
    }
    case 'circle': {
      const [a, b, radius] = [place(typed.a), place(typed.b), number(typed.radius)]
      return (row) => {
        const [x, y, z, w, r] = [a.lon(row), a.lat(row), b.lon(row), b.lat(row), radius(row)]
        if (x === null || y === null || z === null || w === null || r === null) return null
        return separation(x, y, z, w) <= r + edgeDegrees
      }
    }
    case 'polygon': {
      const [{ lon, lat }, { polygon }] = [place(typed.point), typed]
      return (row) => {
        const [x, y] = [lon(row), lat(row)]
        return x === null || y === null ? null : insidePolygon(polygon, x, y)
      }
    }
  }
}

/** The number that a tree without columns always gives; undefined where it has columns, functions of a schema, or none. */
export function constantOf(typed: Typed): number | undefined {
  if (!isConstant(typed)) return undefined
  const value = plain(evaluator<undefined>(typed, () => () => null)(undefined))
  return value ?? undefined
}

function isConstant(typed: Typed): boolean {
  switch (typed.op) {
    case 'literal':
      return typeof typed.value === 'number' || typeof typed.value === 'bigint'
    case 'negative':
    case 'scale':
      return isConstant(typed.arg)
    case 'arithmetic':
      return isConstant(typed.left) && isConstant(typed.right)
    case 'math':
      return typed.args.every(isConstant)
    default:
      return false
  }
}
