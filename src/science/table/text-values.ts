/** Fields of text tables → typed columns, and back. */
import { Problem } from '#problem.ts'
import { arrayOf, isFloat } from './table.ts'
import type { Column, ColumnType } from './table.ts'

/** Where the fields of a delimited text are; nothing is cut out before its column is read. */
export interface Fields {
  readonly text: string
  /** Half-open ranges, field after field. */
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** 1: in quotes; 2: in quotes with doubled ones inside. */
  readonly quoted: Uint8Array
  readonly rows: number
  readonly width: number
}

export interface FieldOptions {
  readonly delimiter: string
  /** Position where the first record starts. */
  readonly from: number
  /** What the file is, for sentences. */
  readonly what: string
  /** Lines starting so are skipped. */
  readonly comment?: string
}

/** Line number (from 1) of a position. */
export function lineOf(text: string, at: number): number {
  let line = 1
  for (let i = text.indexOf('\n'); i >= 0 && i < at; i = text.indexOf('\n', i + 1)) line++
  return line
}

/**
 * Finds the fields of a delimited text (RFC 4180; LF, CRLF or CR). The first record fixes the number of fields. Empty
 * lines are skipped. Throws `table.invalid` naming the line where a record has another number or a quote is not closed.
 */
export function fieldsOf(text: string, { delimiter, from, what, comment }: FieldOptions): Fields {
  const cut = delimiter.charCodeAt(0)
  let starts = new Uint32Array(1024)
  let ends = new Uint32Array(1024)
  let quoted = new Uint8Array(1024)
  let [count, width, rows, at, inRow] = [0, 0, 0, from, 0]
  const length = text.length
  const skipsBlanks = delimiter === ' '
  const stop = (sentence: string, where: number): never => {
    const line = lineOf(text, where)
    throw new Problem('table.invalid', `Line ${line}: ${sentence}.`, { line })
  }
  const endRow = (where: number) => {
    if (rows === 0) width = inRow
    else if (inRow !== width)
      stop(`the ${what} has ${inRow} ${inRow === 1 ? 'field' : 'fields'} here, the header ${width}`, where)
    rows++
    inRow = 0
  }
  while (at < length) {
    const first = text.charCodeAt(at)
    if (inRow === 0 && (first === 10 || first === 13)) {
      at++
      continue
    }
    if (inRow === 0 && comment !== undefined && text.startsWith(comment, at)) {
      const end = text.indexOf('\n', at)
      at = end < 0 ? length : end + 1
      continue
    }
    if (count === starts.length) {
      const more = <A extends Uint32Array | Uint8Array>(old: A, bigger: A): A => {
        bigger.set(old)
        return bigger
      }
      starts = more(starts, new Uint32Array(2 * count))
      ends = more(ends, new Uint32Array(2 * count))
      quoted = more(quoted, new Uint8Array(2 * count))
    }
    if (skipsBlanks) while (text.charCodeAt(at) === 32) at++
    if (text.charCodeAt(at) === 34) {
      const open = at
      let end = text.indexOf('"', at + 1)
      let doubled = false
      while (end >= 0 && text.charCodeAt(end + 1) === 34) {
        doubled = true
        end = text.indexOf('"', end + 2)
      }
      if (end < 0) stop('a quoted field starts here and is never closed', open)
      starts[count] = open + 1
      ends[count] = end
      quoted[count] = doubled ? 2 : 1
      at = end + 1
      const next = text.charCodeAt(at)
      if (at < length && next !== cut && next !== 10 && next !== 13)
        stop('text follows a closing quote; double the quotes inside a field', at)
    } else {
      let end = at
      for (let c = first; end < length; c = text.charCodeAt(++end))
        if (c === cut || c === 10 || c === 13) break
      starts[count] = at
      ends[count] = end
      at = end
    }
    count++
    inRow++
    if (at >= length) break
    const mark = text.charCodeAt(at)
    at++
    if (mark === cut) {
      if (skipsBlanks) {
        while (text.charCodeAt(at) === 32) at++
        const after = text.charCodeAt(at)
        if (after === 10 || after === 13 || at >= length) endRow(at)
      } else if (at >= length) {
        // A delimiter at the very end: one more field, empty.
        if (count === starts.length) return fieldsOf(`${text}\n`, { delimiter, from, what })
        starts[count] = ends[count] = at
        count++
        inRow++
      }
      continue
    }
    if (mark === 13 && text.charCodeAt(at) === 10) at++
    endRow(at - 1)
  }
  if (inRow > 0) endRow(length)
  return { text, starts, ends, quoted, rows, width }
}

export function fieldText({ text, starts, ends, quoted }: Fields, index: number): string {
  const raw = text.slice(starts[index], ends[index])
  return quoted[index] === 2 ? raw.replaceAll('""', '"') : raw
}

/** Line and column of a field, for sentences. */
export function placeOfField(
  { text, starts, quoted }: Fields,
  index: number,
): { line: number; column: number } {
  const at = starts[index] - (quoted[index] ? 1 : 0)
  const before = Math.max(text.lastIndexOf('\n', at - 1), text.lastIndexOf('\r', at - 1))
  return { line: lineOf(text, at), column: at - before }
}

const integer = /^[+-]?\d+$/
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/
const notFinite = /^([+-]?inf(inity)?|nan)$/i
const limits: Partial<Record<ColumnType, readonly [bigint, bigint]>> = {
  int8: [-128n, 127n],
  uint8: [0n, 255n],
  int16: [-32_768n, 32_767n],
  uint16: [0n, 65_535n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
}

/** A number as text tables write it; undefined where it is none. */
export function numberOf(word: string): number | undefined {
  const value = Number(word)
  if (!Number.isNaN(value)) return /^[+-]?0[xXoObB]|^$|^\s+$/.test(word) ? undefined : value
  const text = word.trim()
  if (!notFinite.test(text)) return undefined
  return /nan/i.test(text) ? NaN : text.startsWith('-') ? -Infinity : Infinity
}

/** Puts a word into element `index` of an array of that type; false where it does not fit the type. */
export function putWord(values: Column['values'], type: ColumnType, index: number, word: string): boolean {
  if (type === 'string') {
    values[index] = word
    return true
  }
  if (type === 'boolean') {
    const truth = /^(true|t|1)$/i.test(word) ? 1 : /^(false|f|0)$/i.test(word) ? 0 : undefined
    if (truth === undefined) return false
    values[index] = truth
    return true
  }
  if (isFloat(type)) {
    const value = numberOf(word)
    if (value === undefined) return false
    values[index] = value
    return true
  }
  const trimmed = word.trim()
  if (!integer.test(trimmed)) return false
  const [least, most] = limits[type] ?? [0n, 0n]
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    const value = BigInt(trimmed.replace('+', ''))
    if (value < least || value > most) return false
    values[index] = value
  } else {
    const value = Number(trimmed)
    if (value < Number(least) || value > Number(most)) return false
    values[index] = value
  }
  return true
}

/** The narrowest type that keeps every field of a column as it was written. */
export function inferType(fields: Fields, column: number): ColumnType {
  const { rows, width, starts, ends, quoted, text } = fields
  const [safe, wide] = [2n ** 53n, limits.int64 as readonly [bigint, bigint]]
  let [integers, numbers, truths, some, big, small] = [true, true, true, false, false, true]
  for (let row = 1; row < rows && (numbers || truths); row++) {
    const index = row * width + column
    if (starts[index] === ends[index]) {
      if (quoted[index]) return 'string'
      continue
    }
    const word = text.slice(starts[index], ends[index])
    some = true
    truths &&= /^(true|false)$/i.test(word)
    if (!numbers) continue
    if (integer.test(word)) {
      // 007 and +5 are names or dates, whose signs would be lost.
      if (/^([+-]?0\d|\+)/.test(word)) return 'string'
      if (word.length > 9) {
        const value = BigInt(word)
        if (value < wide[0] || value > wide[1]) return 'string'
        small = false
        if (value > safe || value < -safe) big = true
      }
    } else {
      integers = false
      numbers = decimal.test(word) || notFinite.test(word)
    }
  }
  if (!some) return 'string'
  if (truths) return 'boolean'
  if (!numbers) return 'string'
  if (!integers) return big ? 'string' : 'float64'
  return small ? 'int32' : 'int64'
}

/** Reads one column of scalars; empty fields are null (for text, unless in quotes and `emptyText`). */
export function readFields(
  fields: Fields,
  column: number,
  type: ColumnType,
  { what, name, emptyText = true }: { what: string; name: string; emptyText?: boolean },
): { values: Column['values']; nulls?: Uint8Array } {
  const { rows, width, starts, ends, quoted } = fields
  const values = arrayOf(type, rows - 1)
  let nulls: Uint8Array | undefined
  for (let row = 1; row < rows; row++) {
    const index = row * width + column
    if (starts[index] === ends[index] && !(quoted[index] && type === 'string' && emptyText)) {
      nulls ??= new Uint8Array(rows - 1)
      nulls[row - 1] = 1
      if (isFloat(type)) values[row - 1] = NaN
    } else if (!putWord(values, type, row - 1, fieldText(fields, index))) {
      const { line, column: at } = placeOfField(fields, index)
      const word = fieldText(fields, index).slice(0, 40)
      throw new Problem(
        'table.invalid',
        `Line ${line}, column ${at}: "${word}" in "${name}" of the ${what} is no ${type}.`,
        { line, column: at, name },
      )
    }
  }
  return { values, ...(nulls ? { nulls } : {}) }
}

/** The shortest text that reads back as the same value. */
export function wordOf(column: Column, index: number): string {
  const { values, type } = column
  const value = values[index]
  if (type === 'boolean') return value ? 'True' : 'False'
  if (typeof value !== 'number') return String(value)
  if (Number.isFinite(value)) {
    if (Object.is(value, -0)) return '-0.0'
    return type === 'float32' || type === 'complex64' ? shortFloat(value) : String(value)
  }
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
}

/** Fewest digits that give the same 32-bit float. */
function shortFloat(value: number): string {
  for (const digits of [6, 7, 8]) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return String(short)
  }
  return String(Number(value.toPrecision(9)))
}

/** A field in quotes where its text needs them. */
export function quotedField(word: string, delimiter: string): string {
  const needs =
    word === '' ||
    /["\r\n]/.test(word) ||
    word.includes(delimiter) ||
    word.startsWith('#') ||
    /^\s|\s$/.test(word)
  return needs ? `"${word.replaceAll('"', '""')}"` : word
}
