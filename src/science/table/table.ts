/** The one table: columns as typed arrays with unit, meaning and null mask. Readers and writers are beside it. */
import type { NumberArray } from '#science/fits/elements.ts'
import { Problem } from '#problem.ts'
import { voUnitOf } from './units.ts'

export type { NumberArray } from '#science/fits/elements.ts'

/** What an element is. 64-bit integers are BigInt64Array or BigUint64Array, never floats. */
export type ColumnType =
  | 'boolean'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'float32'
  | 'float64'
  | 'complex64'
  | 'complex128'
  | 'string'

export type MetaValue =
  string | number | bigint | boolean | null | readonly MetaValue[] | { readonly [key: string]: MetaValue }

export interface Column {
  readonly name: string
  readonly type: ColumnType
  /** VOUnits. */
  readonly unit?: string
  readonly ucd?: string
  readonly description?: string
  /** VOTable's name for the meaning of a value: timestamp, point, circle, polygon, … */
  readonly xtype?: string
  readonly utype?: string
  /** Id of the COOSYS or TIMESYS the column is in. */
  readonly ref?: string
  /** Elements of a cell, first axis varying slowest (as numpy prints it); scalars where left out. */
  readonly shape?: readonly number[]
  /** Cells of any length: row n holds elements `offsets[n] … offsets[n+1]`. */
  readonly offsets?: Float64Array
  /** Elements, row after row. Booleans are 0 and 1; complex numbers two neighbours. */
  readonly values: NumberArray | string[]
  /** One per element, 1 where there is no value. */
  readonly nulls?: Uint8Array
  readonly meta?: Readonly<Record<string, MetaValue>>
}

export interface CooSys {
  readonly id: string
  /** ICRS, FK5, … */
  readonly system: string
  readonly epoch?: string
  readonly equinox?: string
  readonly refposition?: string
}

export interface TimeSys {
  readonly id: string
  /** TT, TAI, UTC, TDB, … */
  readonly timescale: string
  /** Julian date of zero, or MJD-origin, JD-origin; left out for ISO 8601 text. */
  readonly timeorigin?: number | 'MJD-origin' | 'JD-origin'
  readonly refposition: string
}

export interface Info {
  readonly name: string
  readonly value: string
  readonly text?: string
}

export interface Group {
  readonly name?: string
  readonly ucd?: string
  readonly utype?: string
  readonly description?: string
  /** Names of its columns. */
  readonly columns: readonly string[]
  readonly groups?: readonly Group[]
}

export interface Table {
  readonly rows: number
  readonly columns: readonly Column[]
  readonly title?: string
  readonly description?: string
  readonly coosys?: readonly CooSys[]
  readonly timesys?: readonly TimeSys[]
  readonly infos?: readonly Info[]
  readonly groups?: readonly Group[]
  readonly meta?: Readonly<Record<string, MetaValue>>
}

const arrays = {
  boolean: Uint8Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
  complex64: Float32Array,
  complex128: Float64Array,
} as const

/** Array of `elements` zeros (or empty strings) of a type. */
export function arrayOf(type: ColumnType, elements: number): NumberArray | string[] {
  if (type === 'string') return Array.from({ length: elements }, () => '')
  return new arrays[type](elements * numbersIn(type))
}

/** Array positions that one element takes. */
export function numbersIn(type: ColumnType): 1 | 2 {
  return type === 'complex64' || type === 'complex128' ? 2 : 1
}

export const isFloat = (type: ColumnType): boolean => /^(float|complex)/.test(type)
export const isInteger = (type: ColumnType): boolean => /^u?int/.test(type)

/** Elements in each cell of a column of fixed shape. */
export function cellSize({ shape }: Pick<Column, 'shape'>): number {
  return shape ? shape.reduce((product, each) => product * each, 1) : 1
}

/** First element of row `n`, and of the row after it. */
export function cellOf(column: Column, n: number): [start: number, end: number] {
  if (column.offsets) return [column.offsets[n], column.offsets[n + 1]]
  const size = cellSize(column)
  return [n * size, (n + 1) * size]
}

export interface ColumnInput extends Omit<Partial<Column>, 'type' | 'values'> {
  readonly name: string
  readonly values: NumberArray | readonly string[] | readonly boolean[]
  /** Where the array does not tell: boolean or complex. */
  readonly type?: ColumnType
}

function typeOfArray(values: ColumnInput['values']): ColumnType {
  if (Array.isArray(values)) return typeof values[0] === 'boolean' ? 'boolean' : 'string'
  for (const [type, constructor] of Object.entries(arrays))
    if (type !== 'boolean' && values instanceof constructor) return type as ColumnType
  return 'float64'
}

/** A column; the type follows from the array. Units are spelled the VOUnits way where they can be read. */
export function columnOf({ values, type, ...rest }: ColumnInput): Column {
  const held =
    Array.isArray(values) && typeof values[0] === 'boolean'
      ? Uint8Array.from(values, (each) => (each ? 1 : 0))
      : (values as NumberArray | string[])
  const { unit, nulls, ...others } = rest
  const cleaned = unit === undefined ? undefined : voUnitOf(unit)
  return {
    ...others,
    type: type ?? typeOfArray(values),
    ...(cleaned ? { unit: cleaned } : {}),
    values: held,
    // A mask of zeros says nothing and would cost every writer a look.
    ...(nulls?.includes(1) ? { nulls } : {}),
  }
}

/** Column attributes from a unit as a file has it: VOUnits, and the magnitude system that VOUnits leaves out. */
export function unitOf(text: string | undefined): { unit?: string; meta?: Record<string, MetaValue> } {
  if (!text?.trim()) return {}
  const unit = voUnitOf(text)
  const system = /mag\((AB|Vega|ST)\)/i.exec(text)?.[1]
  return { ...(unit ? { unit } : {}), ...(system ? { meta: { magsys: system } } : {}) }
}

export type TableParts = Omit<Table, 'rows' | 'columns'> & { columns: readonly (Column | ColumnInput)[] }

function rowsOf(column: Column): number {
  if (column.offsets) return column.offsets.length - 1
  return column.values.length / numbersIn(column.type) / cellSize(column)
}

/** A table of columns, checked: names there and different, lengths equal. Throws `table.invalid` naming the column. */
export function tableOf({ columns, ...rest }: TableParts): Table {
  const made = columns.map((each) => columnOf(each))
  const seen = new Set<string>()
  const rows = made[0] ? rowsOf(made[0]) : 0
  for (const [index, column] of made.entries()) {
    const { name } = column
    if (name === '')
      throw new Problem('table.invalid', `Column ${index + 1} has no name; give every column one.`)
    if (seen.has(name))
      throw new Problem('table.invalid', `Two columns are called "${name}"; rename one.`, { column: name })
    seen.add(name)
    if (rowsOf(column) !== rows || !Number.isInteger(rows)) {
      throw new Problem(
        'table.invalid',
        `Column "${name}" has ${rowsOf(column)} rows where "${made[0].name}" has ${rows}; all need the same.`,
        { column: name },
      )
    }
    if (column.nulls && column.nulls.length * numbersIn(column.type) !== column.values.length)
      throw new Problem(
        'table.invalid',
        `The null mask of "${name}" has ${column.nulls.length} entries; one per element is needed.`,
        { column: name },
      )
  }
  return { ...rest, rows, columns: made }
}

/** The column of that name; exact case first, then any case. Throws `table.no_column`. */
export function columnNamed(table: Table, name: string): Column {
  const lower = name.toLowerCase()
  const found =
    table.columns.find((each) => each.name === name) ??
    table.columns.find((each) => each.name.toLowerCase() === lower)
  if (found) return found
  throw new Problem(
    'table.no_column',
    `The table has no column "${name}"; it has ${table.columns.map((each) => each.name).join(', ')}.`,
    { column: name },
  )
}

/** Line of the first byte sequence that is no UTF-8. */
function brokenLine(bytes: Uint8Array): number {
  let line = 1
  let following = 0
  for (const byte of bytes) {
    if (following > 0 && byte >> 6 !== 2) break
    if (following > 0) following--
    else if (byte >= 0x80) {
      following = byte >= 0xc2 && byte < 0xe0 ? 1 : byte >> 4 === 14 ? 2 : byte >= 0xf0 && byte < 0xf5 ? 3 : 0
      if (following === 0) break
    } else if (byte === 10) line++
  }
  return line
}

/** Text of bytes that must be UTF-8, without a byte-order mark. Throws `table.invalid` naming `what`. */
export function textOfBytes(bytes: Uint8Array | string, what: string): string {
  if (typeof bytes === 'string') return bytes.startsWith('\ufeff') ? bytes.slice(1) : bytes
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (error instanceof RangeError)
      throw new Problem('table.too_large', `The ${what} of ${bytes.length} bytes is too long for one text.`)
    const line = brokenLine(bytes)
    throw new Problem('table.invalid', `Line ${line}: the ${what} is not UTF-8; save it as UTF-8.`, { line })
  }
}

/** Collects text and gives it as UTF-8 bytes, in pieces, so that no string grows beyond what the host allows. */
export function createTextSink(): { add(text: string): void; bytes(): Uint8Array } {
  const encoder = new TextEncoder()
  const chunks: Uint8Array[] = []
  let pending: string[] = []
  let length = 0
  const flush = () => {
    if (pending.length > 0) chunks.push(encoder.encode(pending.join('')))
    pending = []
    length = 0
  }
  return {
    add(text) {
      pending.push(text)
      length += text.length
      if (length > 1 << 20) flush()
    },
    bytes() {
      flush()
      const out = new Uint8Array(chunks.reduce((sum, each) => sum + each.length, 0))
      let at = 0
      for (const each of chunks) {
        out.set(each, at)
        at += each.length
      }
      return out
    },
  }
}
