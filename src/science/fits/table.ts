/** Tables as columns. Standard: FITS 4.0, §7.3; scaling as astropy does it (in double precision). */
import { Problem } from '#problem.ts'
import { asciiFormOf, asciiValues } from './ascii.ts'
import { bytesOf, findColumn, tableFormOf } from './columns.ts'
import type { ColumnForm, ColumnKind, TableForm } from './columns.ts'
import { decodeInto, flipSign, offsetExactly, rawArray } from './elements.ts'
import type { ElementKind, NumberArray } from './elements.ts'
import type { Hdu } from './hdu.ts'
import { planColumnBytes } from './packed-table.ts'
import type { ColumnBytes } from './packed-table.ts'
import { readFrom, readNow } from './source.ts'
import type { ByteSource, ReadPlan } from './source.ts'

export interface Column {
  readonly name: string
  readonly unit?: string
  readonly kind: ColumnKind
  /**
   * Elements in a cell. Values of row n are `values[n·repeat … (n+1)·repeat)`; complex numbers are two neighbours, so
   * 2·repeat. Text: strings in a cell.
   */
  readonly repeat: number
  /** TDIM in FITS order, for text without the axis of characters. */
  readonly shape?: readonly number[]
  /** L and X: 0 or 1. K: BigInt64Array. A: one string each, without trailing blanks. */
  readonly values: NumberArray | string[]
  /** Variable-length columns: row n holds `values[offsets[n] … offsets[n+1])`. */
  readonly offsets?: Float64Array
  /** 1 where an integer or logical has no value (TNULL, or neither T nor F). Scaled columns hold NaN there instead. */
  readonly nulls?: Uint8Array
}

export interface Table {
  readonly rows: number
  readonly columns: readonly Column[]
}

export interface TableOptions {
  /** Names or positions (from 0) of the columns wanted; all where left out. */
  columns?: readonly (string | number)[]
  /** Half-open range of rows. */
  rows?: readonly [start: number, end: number]
  /** Most bytes that arrays of variable length may take together: cells may share heap, so a small file can claim much. */
  maxHeapBytes?: number
}

const elementKind: Record<ColumnKind, ElementKind> = {
  L: 'B',
  X: 'B',
  A: 'B',
  B: 'B',
  I: 'I',
  J: 'J',
  K: 'K',
  E: 'E',
  D: 'D',
  C: 'E',
  M: 'D',
}

/** Text ends at the first NUL; trailing blanks are padding. */
function stringOf(bytes: Uint8Array, start: number, end: number): string {
  let stop = start
  while (stop < end && bytes[stop] !== 0) stop++
  while (stop > start && bytes[stop - 1] === 32) stop--
  let text = ''
  for (let i = start; i < stop; i++) text += String.fromCharCode(bytes[i])
  return text
}

function finish(raw: NumberArray, form: ColumnForm): Pick<Column, 'values' | 'nulls'> {
  const { kind, scale, zero } = form
  if (kind === 'L') {
    const nulls = new Uint8Array(raw.length)
    let some = false
    for (let i = 0; i < raw.length; i++) {
      const byte = Number(raw[i])
      if (byte !== 84 && byte !== 70) some = (nulls[i] = 1) === 1
      raw[i] = byte === 84 ? 1 : 0
    }
    return some ? { values: raw, nulls } : { values: raw }
  }
  const integers = kind === 'B' || kind === 'I' || kind === 'J' || kind === 'K'
  let nulls: Uint8Array | undefined
  if (integers && form.blank !== undefined) {
    const blank = kind === 'K' ? BigInt(form.blank) : Number(form.blank)
    nulls = new Uint8Array(raw.length)
    for (let i = 0; i < raw.length; i++) nulls[i] = raw[i] === blank ? 1 : 0
  }
  const withNulls = nulls ? { nulls } : {}
  if (scale === 1 && Number(zero) === 0) return { values: raw, ...withNulls }
  if (kind === 'X' || kind === 'A') return { values: raw }
  const flipped = integers && scale === 1 ? flipSign(raw, elementKind[kind], zero) : undefined
  if (flipped) return { values: flipped, ...withNulls }
  const exact = scale === 1 ? offsetExactly(raw, zero, form.blank) : undefined
  if (exact) return { values: exact, ...withNulls }
  const out = new Float64Array(raw.length)
  // The offset of a complex column is real: it goes to every other element.
  const step = kind === 'C' || kind === 'M' ? 2 : 1
  for (let i = 0; i < raw.length; i++) {
    out[i] = nulls?.[i] ? NaN : Number(raw[i]) * scale + (i % step === 0 ? Number(zero) : 0)
  }
  return { values: out }
}

function decodeBits(bytes: Uint8Array, offset: number, count: number, out: Uint8Array, at: number): void {
  for (let bit = 0; bit < count; bit++) out[at + bit] = (bytes[offset + (bit >> 3)] >> (7 - (bit & 7))) & 1
}

/** Decodes a fixed-length column from the bytes of `rows` whole rows. */
export function decodeColumn(form: ColumnForm, rowBytes: number, bytes: Uint8Array, rows: number): Column {
  const { name, kind, repeat, offset } = form
  const head = { name, kind, ...(form.unit ? { unit: form.unit } : {}) }
  if (kind === 'A') {
    const width = form.width ?? repeat
    const count = width > 0 ? Math.floor(repeat / width) : 1
    const values: string[] = []
    for (let row = 0; row < rows; row++) {
      for (let n = 0; n < count; n++) {
        const start = row * rowBytes + offset + n * width
        values.push(stringOf(bytes, start, start + width))
      }
    }
    const shape = form.shape?.slice(1)
    return { ...head, repeat: count, values, ...(shape?.length ? { shape } : {}) }
  }
  const shape = form.shape ? { shape: form.shape } : {}
  if (kind === 'X') {
    const values = new Uint8Array(rows * repeat)
    for (let row = 0; row < rows; row++)
      decodeBits(bytes, row * rowBytes + offset, repeat, values, row * repeat)
    return { ...head, repeat, values, ...shape }
  }
  const each = kind === 'C' || kind === 'M' ? 2 * repeat : repeat
  const raw = rawArray(elementKind[kind], rows * each)
  decodeInto(raw, 0, elementKind[kind], bytes, offset, rowBytes, rows, each)
  return { ...head, repeat, ...finish(raw, form), ...shape }
}

function* planHeapColumn(
  form: ColumnForm,
  table: TableForm,
  bytes: Uint8Array,
  rows: number,
  budget: { left: number },
): ReadPlan<Column> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const starts = new Float64Array(rows)
  const offsets = new Float64Array(rows + 1)
  const heapLength = table.heapEnd - table.heapStart
  let low = Infinity
  let high = 0
  for (let row = 0; row < rows; row++) {
    const at = row * table.rowBytes + form.offset
    const wide = form.descriptor === 'Q'
    const empty = form.bytes === 0
    const count = empty ? 0 : wide ? Number(view.getBigInt64(at)) : view.getInt32(at)
    const start = empty ? 0 : wide ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4)
    const size = bytesOf(form.kind, count)
    if (count < 0 || (count > 0 && (start < 0 || start + size > heapLength))) {
      throw new Problem(
        'fits.invalid',
        `${table.label}: row ${row + 1} of column "${form.name}" points at ${count} elements from byte ${start} of a heap of ${heapLength} bytes; the file is damaged.`,
        { column: form.name, row },
      )
    }
    budget.left -= size * (form.kind === 'X' ? 8 : 1)
    if (budget.left < 0) {
      throw new Problem(
        'fits.too_large',
        `${table.label}: the variable-length columns hold more than the limit set for them (at column "${form.name}", row ${row + 1}); read fewer rows or raise the limit.`,
        { column: form.name },
      )
    }
    offsets[row + 1] = offsets[row] + (form.kind === 'C' || form.kind === 'M' ? 2 * count : count)
    starts[row] = start
    if (count > 0) {
      low = Math.min(low, start)
      high = Math.max(high, start + size)
    }
  }
  const heap =
    high > 0 ? yield { start: table.heapStart + low, end: table.heapStart + high } : new Uint8Array(0)
  const head = {
    name: form.name,
    kind: form.kind,
    repeat: form.repeat,
    ...(form.unit ? { unit: form.unit } : {}),
  }
  if (form.kind === 'A') {
    const values: string[] = []
    for (let row = 0; row < rows; row++) {
      const start = starts[row] - low
      values.push(
        offsets[row + 1] > offsets[row] ? stringOf(heap, start, start + offsets[row + 1] - offsets[row]) : '',
      )
    }
    for (let row = 0; row <= rows; row++) offsets[row] = row
    return { ...head, values, offsets }
  }
  const raw = rawArray(elementKind[form.kind], offsets[rows])
  for (let row = 0; row < rows; row++) {
    const count = offsets[row + 1] - offsets[row]
    if (count === 0) continue
    if (form.kind === 'X') decodeBits(heap, starts[row] - low, count, raw as Uint8Array, offsets[row])
    else decodeInto(raw, offsets[row], elementKind[form.kind], heap, starts[row] - low, 0, 1, count)
  }
  return { ...head, ...finish(raw, form), offsets }
}

/** A column that was packed, from its own bytes and heap. */
function unpackedColumn(
  form: ColumnForm,
  table: TableForm,
  { cells, heap }: ColumnBytes,
  rows: number,
  budget: { left: number },
): Column {
  const alone = { ...form, offset: 0 }
  if (!form.descriptor) return decodeColumn(alone, form.bytes, cells, rows)
  const own = { ...table, rowBytes: form.bytes, heapStart: 0, heapEnd: heap.length }
  return readNow(planHeapColumn(alone, own, cells, rows, budget), heap)
}

/**
 * Plan of a table read: one range for the rows wanted, one for each variable-length column's part of the heap; of
 * compressed tables, the tiles of the columns wanted. ASCII tables are read as well: text as 'A', whole numbers as 'J'
 * or 'K' by their width, others as 'D'.
 */
export function* planTable(hdu: Hdu, options: TableOptions = {}): ReadPlan<Table> {
  const lines = hdu.kind === 'ascii table' ? asciiFormOf(hdu) : undefined
  const table = lines ?? tableFormOf(hdu, { packed: true })
  const wanted = (options.columns ?? table.columns.map((each) => each.index)).map((which) => {
    const found = typeof which === 'number' ? table.columns[which] : findColumn(table, which)
    if (found) return found
    throw new Problem(
      'fits.not_found',
      `${table.label} has no column "${which}"; it has ${table.columns.map((each) => each.name).join(', ')}.`,
      { column: which },
    )
  })
  const [first, last] = options.rows ?? [0, table.rows]
  if (!(first >= 0 && first <= last && last <= table.rows)) {
    throw new Problem(
      'fits.invalid',
      `${table.label} has ${table.rows} rows; rows ${first} to ${last} are not in it.`,
    )
  }
  const rows = last - first
  const maxHeapBytes = options.maxHeapBytes ?? 2 ** 30
  if (hdu.stored && !lines) {
    const parts = yield* planColumnBytes(hdu, wanted, [first, last], maxHeapBytes)
    const budget = { left: maxHeapBytes }
    return { rows, columns: wanted.map((form, n) => unpackedColumn(form, table, parts[n], rows, budget)) }
  }
  const start = table.dataStart + first * table.rowBytes
  const bytes =
    rows > 0 && wanted.length > 0 ? yield { start, end: start + rows * table.rowBytes } : new Uint8Array(0)
  if (lines) {
    const columns = wanted.map(({ index }): Column => {
      const column = lines.columns[index]
      const { name, unit, kind } = column
      const read = asciiValues(lines, column, bytes, rows, first)
      const scaled = read.values instanceof Float64Array
      return { name, ...(unit ? { unit } : {}), kind: scaled ? 'D' : kind, repeat: 1, ...read }
    })
    return { rows, columns }
  }
  const budget = { left: maxHeapBytes }
  const columns: Column[] = []
  for (const form of wanted) {
    columns.push(
      form.descriptor
        ? yield* planHeapColumn(form, table, bytes, rows, budget)
        : decodeColumn(form, table.rowBytes, bytes, rows),
    )
  }
  return { rows, columns }
}

/** Reads a binary table (or some columns and rows of it) from the bytes of its file. */
export function readTable(bytes: Uint8Array, hdu: Hdu, options?: TableOptions): Table {
  return readNow(planTable(hdu, options), bytes)
}

/** Reads a binary table from a source, fetching only the rows wanted and their part of the heap. */
export function readTableFrom(source: ByteSource, hdu: Hdu, options?: TableOptions): Promise<Table> {
  return readFrom(planTable(hdu, options), source)
}

/** The column of that name (exact case first, then any case). Throws `fits.not_found`. */
export function columnNamed(table: Table, name: string): Column {
  const upper = name.toUpperCase()
  const found =
    table.columns.find((each) => each.name === name) ??
    table.columns.find((each) => each.name.toUpperCase() === upper)
  if (found) return found
  throw new Problem(
    'fits.not_found',
    `The table has no column "${name}"; it has ${table.columns.map((each) => each.name).join(', ')}.`,
    { column: name },
  )
}

/** Values of a numeric column as plain numbers; 64-bit integers are rounded beyond 2^53. Throws `fits.invalid` for text. */
export function plainValues({ name, values }: Column): Float64Array {
  if (values instanceof Float64Array) return values
  if (Array.isArray(values))
    throw new Problem('fits.invalid', `Column "${name}" holds text where numbers are expected.`)
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    const out = new Float64Array(values.length)
    for (let i = 0; i < out.length; i++) out[i] = Number(values[i])
    return out
  }
  return new Float64Array(values)
}
