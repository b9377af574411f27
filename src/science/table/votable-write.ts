/** Table → VOTable 1.4 or 1.5. Standard: IVOA VOTable 1.5; units as VOUnits. */
import { Problem } from '#problem.ts'
import { encodeBase64 } from './base64.ts'
import { unusedValue } from './nulls.ts'
import { cellOf, createTextSink, isFloat, numbersIn } from './table.ts'
import type { Column, ColumnType, Group, MetaValue, Table } from './table.ts'
import { wordOf } from './text-values.ts'
import { datatypeBytes } from './votable-field.ts'
import type { Datatype } from './votable-field.ts'
import { encodeEntities } from './xml.ts'

export interface VotableWriteOptions {
  version?: '1.4' | '1.5'
  /** How rows are written: readable, or as bytes (a third of the size, every bit kept). */
  data?: 'tabledata' | 'binary2' | 'binary'
}

const datatypes: Readonly<Record<Exclude<ColumnType, 'string' | 'uint64'>, Datatype>> = {
  boolean: 'boolean',
  uint8: 'unsignedByte',
  // VOTable has no other unsigned types and no signed byte: the next wider one holds them.
  int8: 'short',
  int16: 'short',
  uint16: 'int',
  int32: 'int',
  uint32: 'long',
  int64: 'long',
  float32: 'float',
  float64: 'double',
  complex64: 'floatComplex',
  complex128: 'doubleComplex',
}

interface Written {
  readonly column: Column
  readonly datatype: Datatype
  readonly arraysize?: string
  /** Characters of each text where a cell holds several. */
  readonly width?: number
  readonly blank?: bigint
}

const ascii = /^[\x20-\x7e\t\n\r]*$/

function layoutOf(column: Column): Written {
  const { type, name, values, offsets, shape } = column
  const blank = unusedValue(column)
  const axes = [...(shape ?? [])].reverse()
  const rest = offsets ? [...axes, '*'] : axes
  if (type === 'string') {
    const texts = values as string[]
    const datatype = texts.every((each) => ascii.test(each)) ? 'char' : 'unicodeChar'
    if (rest.length === 0) return { column, datatype, arraysize: '*' }
    const width = texts.reduce((most, each) => Math.max(most, each.length), 1)
    return { column, datatype, width, arraysize: [width, ...rest].join('x') }
  }
  const extra = rest.length > 0 ? { arraysize: rest.join('x') } : {}
  if (type === 'uint64') {
    if ((values as BigUint64Array).some((each) => each >= 1n << 63n) || (blank ?? 0n) >= 1n << 63n)
      return tooWide(column)
    return { column, datatype: 'long', ...extra, ...(blank === undefined ? {} : { blank }) }
  }
  if (!Object.hasOwn(datatypes, type))
    throw new Problem('table.unsupported', `Column "${name}" has a type VOTable lacks.`)
  return { column, datatype: datatypes[type], ...extra, ...(blank === undefined ? {} : { blank }) }
}

function tooWide(column: Column): Written {
  if (column.nulls && !(column.values as BigUint64Array).some((each) => each >= 1n << 63n))
    return { ...layoutOf({ ...column, nulls: undefined }), column, blank: -1n }
  throw new Problem(
    'table.unsupported',
    `Column "${column.name}" holds integers beyond 2^63, which VOTable has no type for; write it as text.`,
    { column: column.name },
  )
}

const attributes = (facts: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${encodeEntities(value ?? '')}"`)
    .join('')

function fieldXml(written: Written, id: string): string {
  const { column, datatype, arraysize, blank } = written
  const { name, unit, ucd, utype, xtype, ref, description } = column
  const head = attributes({ ID: id, name, datatype, arraysize, unit, ucd, utype, xtype, ref })
  const inside =
    (description ? `<DESCRIPTION>${encodeEntities(description)}</DESCRIPTION>` : '') +
    (blank === undefined ? '' : `<VALUES null="${blank}"/>`)
  return inside ? `<FIELD${head}>${inside}</FIELD>\n` : `<FIELD${head}/>\n`
}

/** Ids of the fields: their names as far as XML allows, since astropy names columns by them. */
function idsOf({ columns, coosys = [], timesys = [] }: Table): Map<string, string> {
  const taken = new Set([...coosys, ...timesys].map((each) => each.id))
  const ids = new Map<string, string>()
  for (const { name } of columns) {
    const plain = name.replace(/[^\w.-]/g, '_').replace(/^(?![A-Za-z_])/, '_')
    let id = plain
    for (let n = 2; taken.has(id); n++) id = `${plain}_${n}`
    taken.add(id)
    ids.set(name, id)
  }
  return ids
}

function groupXml(group: Group, ids: ReadonlyMap<string, string>): string {
  const { name, ucd, utype, description, columns, groups = [] } = group
  const refs = columns.flatMap((each) => {
    const id = ids.get(each)
    return id ? [`<FIELDref ref="${id}"/>`] : []
  })
  const inside = groups.map((each) => groupXml(each, ids)).join('')
  const text = description ? `<DESCRIPTION>${encodeEntities(description)}</DESCRIPTION>` : ''
  return `<GROUP${attributes({ name, ucd, utype })}>${text}${refs.join('')}${inside}</GROUP>\n`
}

function paramXml(name: string, value: MetaValue): string {
  if (
    value !== null &&
    typeof value === 'object' &&
    'value' in value &&
    'unit' in value &&
    typeof value['value'] === 'number' &&
    typeof value['unit'] === 'string'
  )
    return `<PARAM${attributes({ name, datatype: 'double', unit: value['unit'], value: String(value['value']) })}/>\n`
  if (typeof value === 'number' && Number.isFinite(value)) {
    const datatype = Number.isSafeInteger(value) ? 'long' : 'double'
    return `<PARAM${attributes({ name, datatype, value: String(value) })}/>\n`
  }
  const text =
    typeof value === 'string'
      ? value
      : JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))
  return `<PARAM${attributes({ name, datatype: ascii.test(text) ? 'char' : 'unicodeChar', arraysize: '*', value: text })}/>\n`
}

/** Text of one cell of TABLEDATA. */
function cellWord({ column, blank, width, datatype }: Written, row: number): string {
  const { nulls, values, type } = column
  const word = (i: number): string => {
    if (nulls?.[i]) return blank === undefined ? (type === 'boolean' ? '?' : 'NaN') : String(blank)
    if (type === 'boolean') return values[i] ? 'T' : 'F'
    if (numbersIn(type) === 2) return `${wordAt(column, 2 * i)} ${wordAt(column, 2 * i + 1)}`
    return wordAt(column, i)
  }
  if (!column.shape && !column.offsets) {
    if (nulls?.[row]) return ''
    return type === 'string' ? encodeEntities(values[row] as string) : word(row)
  }
  const [start, end] = cellOf(column, row)
  const words: string[] = []
  for (let i = start; i < end; i++)
    words.push(type === 'string' ? encodeEntities((values[i] as string).padEnd(width ?? 0)) : word(i))
  return words.join(datatype === 'char' || datatype === 'unicodeChar' ? '' : ' ')
}

/** NaN and infinities as VOTable spells them. */
function wordAt(column: Column, i: number): string {
  const value = column.values[i]
  if (typeof value !== 'number' || Number.isFinite(value)) return wordOf(column, i)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

/** Bytes that grow. */
function createByteSink() {
  let bytes = new Uint8Array(1 << 16)
  let view = new DataView(bytes.buffer)
  let length = 0
  return {
    room(count: number): number {
      if (length + count > bytes.length) {
        const more = new Uint8Array(2 * (length + count))
        more.set(bytes)
        bytes = more
        view = new DataView(more.buffer)
      }
      const at = length
      length += count
      return at
    },
    view: () => view,
    bytes: () => bytes.subarray(0, length),
  }
}

function binaryOf(written: readonly Written[], rows: number, masked: boolean): Uint8Array {
  const sink = createByteSink()
  const encoder = new TextEncoder()
  const text = (word: string, datatype: Datatype, width: number | undefined): void => {
    if (datatype === 'char') {
      const bytes = encoder.encode(word)
      const size = width ?? bytes.length
      if (width === undefined) putInt(size)
      const at = sink.room(size)
      for (let i = 0; i < Math.min(size, bytes.length); i++) sink.view().setUint8(at + i, bytes[i])
      return
    }
    const size = width ?? word.length
    if (width === undefined) putInt(size)
    const at = sink.room(2 * size)
    for (let i = 0; i < Math.min(size, word.length); i++)
      sink.view().setUint16(at + 2 * i, word.charCodeAt(i))
  }
  const putInt = (value: number) => sink.view().setInt32(sink.room(4), value)
  const element = ({ column, datatype, blank }: Written, i: number): void => {
    const { values, nulls, type } = column
    const at = sink.room(datatypeBytes[datatype])
    const view = sink.view()
    const raw = nulls?.[i] ? (blank ?? (isFloat(type) ? NaN : 0)) : values[numbersIn(type) * i]
    if (datatype === 'boolean') view.setUint8(at, nulls?.[i] ? 63 : raw ? 84 : 70)
    else if (datatype === 'unsignedByte') view.setUint8(at, Number(raw))
    else if (datatype === 'short') view.setInt16(at, Number(raw))
    else if (datatype === 'int') view.setInt32(at, Number(raw))
    else if (datatype === 'long') view.setBigInt64(at, BigInt(raw))
    else if (datatype === 'float') view.setFloat32(at, Number(raw))
    else if (datatype === 'double') view.setFloat64(at, Number(raw))
    else {
      const im = nulls?.[i] ? NaN : Number(values[2 * i + 1])
      if (datatype === 'floatComplex') {
        view.setFloat32(at, Number(raw))
        view.setFloat32(at + 4, im)
      } else {
        view.setFloat64(at, Number(raw))
        view.setFloat64(at + 8, im)
      }
    }
  }
  for (let row = 0; row < rows; row++) {
    if (masked) {
      const at = sink.room(Math.ceil(written.length / 8))
      for (let i = 0; i < Math.ceil(written.length / 8); i++) sink.view().setUint8(at + i, 0)
      for (const [index, { column }] of written.entries()) {
        const [start, end] = cellOf(column, row)
        let gone = column.nulls !== undefined && end > start
        for (let i = start; i < end && gone; i++) gone = column.nulls?.[i] === 1
        if (gone)
          sink
            .view()
            .setUint8(at + (index >> 3), sink.view().getUint8(at + (index >> 3)) | (128 >> (index & 7)))
      }
    }
    for (const each of written) {
      const { column, datatype, width } = each
      const [start, end] = cellOf(column, row)
      if (column.offsets) putInt((end - start) * (width ?? 1))
      for (let i = start; i < end; i++)
        if (column.type === 'string') text(column.values[i] as string, datatype, width)
        else element(each, i)
    }
  }
  return sink.bytes()
}

/** Writes a table as VOTable. Throws `table.unsupported` for integers beyond 2⁶³. */
export function writeVotable(
  table: Table,
  { version = '1.4', data = 'tabledata' }: VotableWriteOptions = {},
): Uint8Array {
  const {
    columns,
    rows,
    title,
    description,
    coosys = [],
    timesys = [],
    infos = [],
    groups = [],
    meta = {},
  } = table
  const written = columns.map(layoutOf)
  const ids = idsOf(table)
  const sink = createTextSink()
  sink.add(
    `<?xml version="1.0" encoding="UTF-8"?>\n<VOTABLE version="${version}" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n<RESOURCE type="results">\n`,
  )
  for (const { id, system, epoch, equinox, refposition } of coosys)
    sink.add(
      `<COOSYS${attributes({ ID: id, system, epoch, equinox, ...(version === '1.4' ? {} : { refposition }) })}/>\n`,
    )
  for (const { id, timescale, timeorigin, refposition } of timesys)
    sink.add(
      `<TIMESYS${attributes({ ID: id, timeorigin: timeorigin === undefined ? undefined : String(timeorigin), timescale, refposition })}/>\n`,
    )
  for (const { name, value, text } of infos)
    sink.add(
      text
        ? `<INFO${attributes({ name, value })}>${encodeEntities(text)}</INFO>\n`
        : `<INFO${attributes({ name, value })}/>\n`,
    )
  sink.add(`<TABLE${attributes({ name: title, nrows: String(rows) })}>\n`)
  if (description) sink.add(`<DESCRIPTION>${encodeEntities(description)}</DESCRIPTION>\n`)
  for (const [name, value] of Object.entries(meta)) sink.add(paramXml(name, value))
  for (const each of written) sink.add(fieldXml(each, ids.get(each.column.name) ?? ''))
  for (const group of groups) sink.add(groupXml(group, ids))
  if (data === 'tabledata') {
    sink.add('<DATA><TABLEDATA>\n')
    for (let row = 0; row < rows; row++) {
      let line = '<TR>'
      for (const each of written) line += `<TD>${cellWord(each, row)}</TD>`
      sink.add(`${line}</TR>\n`)
    }
    sink.add('</TABLEDATA></DATA>\n')
  } else {
    const name = data === 'binary' ? 'BINARY' : 'BINARY2'
    sink.add(`<DATA><${name}><STREAM encoding="base64">\n`)
    encodeBase64(binaryOf(written, rows, data === 'binary2'), (text) => sink.add(text))
    sink.add(`</STREAM></${name}></DATA>\n`)
  }
  sink.add('</TABLE>\n</RESOURCE>\n</VOTABLE>\n')
  return sink.bytes()
}
