/**
 * ECSV 1.0 (astropy APE 6): a YAML header in `# ` lines with unit, datatype, description and metadata, then CSV. Times
 * are astropy Time columns on its side and TIMESYS on ours. An empty field is null, and so is an empty text (`""`): that
 * is how astropy reads both.
 */
import { parseDocument } from 'yaml'
import { Problem } from '#problem.ts'
import { columnOf, createTextSink, tableOf, textOfBytes, unitOf } from './table.ts'
import type { Column, ColumnInput, ColumnType, MetaValue, Table, TimeSys } from './table.ts'
import { readJsonCells, writeJsonCell } from './json-cells.ts'
import { metaOf, recordOf, yamlOf } from './meta.ts'
import { fieldText, fieldsOf, quotedField, readFields, wordOf } from './text-values.ts'

const header = /^# ?%ECSV (\d+\.\d+)\s*$/
/** Longest YAML header, characters: real ones have some thousand. */
const headerLimit = 4_000_000
const typeNames: Readonly<Record<string, ColumnType>> = {
  bool: 'boolean',
  int8: 'int8',
  int16: 'int16',
  int32: 'int32',
  int64: 'int64',
  uint8: 'uint8',
  uint16: 'uint16',
  uint32: 'uint32',
  uint64: 'uint64',
  float16: 'float32',
  float32: 'float32',
  float64: 'float64',
  string: 'string',
}
const attributes = ['ucd', 'xtype', 'utype', 'ref'] as const

const invalid = (sentence: string, details: Record<string, unknown> = {}) =>
  new Problem('table.invalid', sentence, details)

/** The header's YAML, and where the data start. */
function splitHeader(text: string): { yaml: string; from: number } {
  const lines: string[] = []
  let at = 0
  while (text.startsWith('#', at)) {
    const end = text.indexOf('\n', at)
    const line = text.slice(at, end < 0 ? text.length : end).replace(/\r$/, '')
    if (at === 0) {
      const version = header.exec(line)
      if (!version) throw invalid('Line 1: an ECSV starts with "# %ECSV 1.0".', { line: 1 })
      if (!version[1].startsWith('1.') && !version[1].startsWith('0.'))
        throw new Problem(
          'table.unsupported',
          `Line 1: ECSV ${version[1]} is not known; write version 1.0.`,
          { line: 1 },
        )
      lines.push('')
    } else lines.push(line.replace(/^# ?/, ''))
    at = end < 0 ? text.length : end + 1
    if (at > headerLimit)
      throw new Problem('table.too_large', `The ECSV header is longer than ${headerLimit} characters.`)
  }
  if (lines.length === 0) throw invalid('Line 1: an ECSV starts with "# %ECSV 1.0".', { line: 1 })
  return { yaml: lines.join('\n'), from: at }
}

function parseHeader(yaml: string): Record<string, unknown> {
  const document = parseDocument(yaml, {
    version: '1.1',
    intAsBigInt: true,
    // Timestamps stay the text that they were.
    customTags: (tags) => [
      ...tags.filter((each) => typeof each === 'string' || !/timestamp/.test(each.tag)),
      'omap',
    ],
    logLevel: 'silent',
  })
  const [error] = document.errors
  if (error) {
    const line = error.linePos?.[0].line ?? 1
    throw invalid(
      `Line ${line}, column ${(error.linePos?.[0].col ?? 1) + 2}: the YAML header is broken: ${error.message.split('\n')[0].replace(/ at line.*$/, '')}.`,
      { line },
    )
  }
  try {
    return recordOf(document.toJS({ maxAliasCount: 100 }))
  } catch (error_) {
    throw new Problem(
      'table.invalid',
      'The YAML header refers to itself too often; write its values out.',
      {},
      error_,
    )
  }
}

interface Declared {
  name: string
  datatype: string
  subtype?: string
  extra: Record<string, unknown>
}

function declaredColumns(head: Record<string, unknown>): Declared[] {
  const list = head['datatype']
  if (!Array.isArray(list)) throw invalid('The ECSV header has no list "datatype" of its columns.')
  return list.map((each: unknown, index) => {
    const { name, datatype, subtype, ...extra } = recordOf(each)
    if (typeof name !== 'string' || typeof datatype !== 'string')
      throw invalid(`Column ${index + 1} of the ECSV header needs a name and a datatype.`)
    return { name, datatype, extra, ...(typeof subtype === 'string' ? { subtype } : {}) }
  })
}

/** Reads ECSV. Throws `table.invalid` with line (and column), `table.unsupported` for datatypes without a column type here. */
export function readEcsv(input: Uint8Array | string): Table {
  const text = textOfBytes(input, 'ECSV')
  const { yaml, from } = splitHeader(text)
  const head = parseHeader(yaml)
  const delimiter = head['delimiter'] === ',' ? ',' : ' '
  const declared = declaredColumns(head)
  const fields = fieldsOf(text, { delimiter, from, what: 'ECSV', comment: '#' })
  if (fields.rows === 0) throw invalid('The ECSV has a header but no line with the names of its columns.')
  const found = Array.from({ length: fields.width }, (_, i) => fieldText(fields, i))
  if (found.join('\n') !== declared.map((each) => each.name).join('\n'))
    throw invalid(
      `The ECSV header declares the columns ${declared.map((each) => each.name).join(', ')}, its data have ${found.join(', ')}.`,
    )
  const inputs = declared.map((each, index): ColumnInput => {
    const { name, datatype, subtype, extra } = each
    const read = { what: 'ECSV', name, emptyText: false }
    const type = Object.hasOwn(typeNames, datatype) ? typeNames[datatype] : undefined
    if (!type)
      throw new Problem(
        'table.unsupported',
        `Column "${name}" has the datatype ${datatype.slice(0, 40)}, which is not read; use bool, intN, uintN, floatN or string.`,
        { column: name },
      )
    const described = describe(extra)
    if (!subtype) return { name, type, ...described, ...readFields(fields, index, type, read) }
    const cells = readFields(fields, index, 'string', read)
    if (subtype === 'json') return { name, type: 'string', ...described, xtype: 'json', ...cells }
    const parts = /^(\w+)\[([\d,\s]+|null)\]$/.exec(subtype)
    const inner = parts && Object.hasOwn(typeNames, parts[1]) ? typeNames[parts[1]] : undefined
    if (!parts || !inner)
      throw new Problem(
        'table.unsupported',
        `Column "${name}" has the subtype ${subtype.slice(0, 40)}, which is not read; use json or a type with its shape, as in float64[2].`,
        { column: name },
      )
    const shape = parts[2] === 'null' ? undefined : parts[2].split(',').map(Number)
    return { name, ...described, ...readJsonCells(fields, index, inner, shape, name) }
  })
  const { serialized, ...meta } = metaParts(head['meta'])
  return assemble(inputs, serialized, meta)
}

function describe(extra: Record<string, unknown>): Partial<ColumnInput> {
  const own = recordOf(extra['meta'])
  const unit = unitOf(typeof extra['unit'] === 'string' ? extra['unit'] : undefined)
  const known = Object.fromEntries(
    attributes.flatMap((key) => (typeof own[key] === 'string' ? [[key, own[key]]] : [])),
  )
  const rest = Object.fromEntries(Object.entries(own).filter(([key]) => !(key in known)))
  const meta = { ...unit.meta, ...(metaOf(rest) as Record<string, MetaValue>) }
  return {
    ...(unit.unit ? { unit: unit.unit } : {}),
    ...(typeof extra['description'] === 'string' ? { description: extra['description'] } : {}),
    ...known,
    ...(Object.keys(meta).length > 0 ? { meta } : {}),
  }
}

interface MetaParts {
  meta: Record<string, MetaValue>
  serialized: Record<string, unknown>
  table: Partial<Table>
}

function metaParts(raw: unknown): MetaParts {
  const { __serialized_columns__: serialized, urania, ...rest } = recordOf(raw)
  return {
    meta: metaOf(rest) as Record<string, MetaValue>,
    serialized: recordOf(serialized),
    // What we wrote is ours; anything odd in it only costs those facts.
    table: metaOf(recordOf(urania)) as Partial<Table>,
  }
}

/** Masks and times that astropy spread over columns are put together again. */
function assemble(
  inputs: readonly ColumnInput[],
  serialized: Record<string, unknown>,
  { meta, table }: Pick<MetaParts, 'meta' | 'table'>,
): Table {
  const columns = new Map(inputs.map((each) => [each.name, each]))
  const timesys: TimeSys[] = [...(Array.isArray(table.timesys) ? (table.timesys as TimeSys[]) : [])]
  for (const [name, raw] of Object.entries(serialized)) {
    const facts = recordOf(raw)
    const kind = String(facts['__class__'])
    const partOf = (key: string) => columns.get(String(recordOf(facts[key])['name']))
    if (kind.endsWith('MaskedColumn')) {
      const [data, mask] = [partOf('data'), partOf('mask')]
      if (!data || !(mask?.values instanceof Uint8Array)) continue
      columns.delete(mask.name)
      columns.set(data.name, { ...data, name, nulls: mask.values })
    } else if (kind.endsWith('Time')) {
      const value = partOf('value')
      const [format, scale] = [String(facts['format']), facts['scale']]
      const origin = format === 'mjd' ? 'MJD-origin' : format === 'jd' ? 'JD-origin' : undefined
      const iso = format === 'isot' || format === 'iso' || format === 'fits'
      if (!value || typeof scale !== 'string' || (!origin && !iso)) continue
      const id = `time_${scale}${origin ? `_${format}` : ''}`
      const own = timesys.some((each) => each.id === value.ref)
      if (!own && !timesys.some((each) => each.id === id))
        timesys.push({
          id,
          timescale: scale.toUpperCase(),
          refposition: 'UNKNOWN',
          ...(origin ? { timeorigin: origin } : {}),
        })
      columns.set(value.name, {
        ...value,
        ref: own ? value.ref : id,
        ...(origin ? { unit: 'd' } : { xtype: 'timestamp' }),
      })
    }
  }
  const { coosys, infos, groups, title, description } = table
  return tableOf({
    columns: [...columns.values()].map(columnOf),
    ...(title ? { title } : {}),
    ...(description ? { description } : {}),
    ...(coosys ? { coosys } : {}),
    ...(timesys.length > 0 ? { timesys } : {}),
    ...(infos ? { infos } : {}),
    ...(groups ? { groups } : {}),
    ...(Object.keys(meta).length > 0 ? { meta } : {}),
  })
}

function declaration(column: Column, isTime: boolean): Record<string, MetaValue> {
  const { name, type, unit, description, shape, offsets, meta } = column
  if (type.startsWith('complex'))
    throw new Problem(
      'table.unsupported',
      `Column "${name}" is complex, which ECSV here has no form for; write VOTable or FITS.`,
      { column: name },
    )
  const plain = type === 'boolean' ? 'bool' : type
  const subtype = offsets
    ? `${plain}[null]`
    : shape
      ? `${plain}[${shape.join(',')}]`
      : column.xtype === 'json' && type === 'string'
        ? 'json'
        : undefined
  const own: Record<string, MetaValue> = { ...meta }
  for (const key of attributes)
    if (column[key] !== undefined && !(key === 'xtype' && subtype === 'json')) own[key] = column[key]
  return {
    name,
    // astropy's Time has its unit from its format and refuses another.
    ...(unit && !isTime ? { unit } : {}),
    datatype: subtype ? 'string' : plain,
    ...(subtype ? { subtype } : {}),
    ...(description ? { description } : {}),
    ...(Object.keys(own).length > 0 ? { meta: own } : {}),
  }
}

const timeScales = new Set(['tai', 'tcb', 'tcg', 'tdb', 'tt', 'ut1', 'utc', 'local'])

/** The astropy format of a column that astropy should make a Time of. */
function timeFormat(column: Column, system: TimeSys | undefined): 'mjd' | 'jd' | 'isot' | undefined {
  if (!system || !timeScales.has(system.timescale.toLowerCase()) || column.offsets || column.shape)
    return undefined
  if (column.type === 'string') return column.nulls ? undefined : 'isot'
  if (column.type !== 'float64' || column.unit !== 'd') return undefined
  if (system.timeorigin === 'MJD-origin') return 'mjd'
  return system.timeorigin === 'JD-origin' ? 'jd' : undefined
}

function serializedTime(name: string, format: string, system: TimeSys): string {
  const scale = system.timescale.toLowerCase()
  return `${yamlOf(name)}: {__class__: astropy.time.core.Time, format: ${format}, in_subfmt: '*', out_subfmt: '*', precision: 3, scale: ${scale}, value: !astropy.table.SerializedColumn {name: ${yamlOf(name)}}}`
}

/** Writes ECSV 1.0 with commas. Throws `table.unsupported` for complex columns. */
export function writeEcsv(table: Table): Uint8Array {
  const { columns, title, description, coosys, timesys, infos, groups, meta = {} } = table
  const sink = createTextSink()
  const own: Record<string, unknown> = { title, description, coosys, timesys, infos, groups }
  const kept = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
  const entries = Object.entries(meta).map(([key, value]) => `${yamlOf(key)}: ${yamlOf(value)}`)
  if (Object.keys(kept).length > 0) entries.push(`urania: ${yamlOf(kept as unknown as MetaValue)}`)
  const times: string[] = []
  const declared = columns.map((each) => {
    const system = timesys?.find(({ id }) => id === each.ref)
    const format = timeFormat(each, system)
    if (system && format) times.push(serializedTime(each.name, format, system))
    return declaration(each, format !== undefined)
  })
  if (times.length > 0) entries.push(`__serialized_columns__: {${times.join(', ')}}`)
  const lines = [
    '%ECSV 1.0',
    '---',
    "delimiter: ','",
    'datatype:',
    ...declared.map((each) => `- ${yamlOf(each)}`),
    ...(entries.length > 0 ? ['meta: !!omap', ...entries.map((each) => `- {${each}}`)] : []),
    'schema: astropy-2.0',
  ]
  for (const line of lines) sink.add(`# ${line}\n`)
  sink.add(`${columns.map((each) => quotedField(each.name, ',')).join(',')}\n`)
  for (let row = 0; row < table.rows; row++) {
    let line = ''
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]
      if (i > 0) line += ','
      if (column.shape || column.offsets) line += quotedField(writeJsonCell(column, row), ',')
      else if (!column.nulls?.[row])
        line +=
          column.type === 'string' ? quotedField(column.values[row] as string, ',') : wordOf(column, row)
    }
    sink.add(`${line === '' ? '""' : line}\n`)
  }
  return sink.bytes()
}
