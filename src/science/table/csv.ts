/** CSV: RFC 4180, UTF-8, one header row; types by what the fields are. A unit stands in brackets: `flux [uJy]`. */
import { Problem } from '#problem.ts'
import { cellSize, columnOf, createTextSink, tableOf, textOfBytes } from './table.ts'
import type { Column, Table } from './table.ts'
import { fieldText, fieldsOf, inferType, quotedField, readFields, wordOf } from './text-values.ts'
import { parseUnit } from './units.ts'

export interface CsvOptions {
  /** One character; a comma where left out. */
  delimiter?: string
}

export interface CsvWriteOptions extends CsvOptions {
  /** Units in the header as `name [unit]` (default), or names alone. */
  units?: boolean
}

function delimiterOf({ delimiter = ',' }: CsvOptions): string {
  if (delimiter.length === 1 && !/["\r\n]/.test(delimiter)) return delimiter
  throw new Problem('table.invalid', `The delimiter "${delimiter}" is not one character; use , ; | or a tab.`)
}

/** Name and unit of a header field: `flux [uJy]`, where what is in brackets is a unit. */
function headerOf(field: string): { name: string; unit?: string } {
  const parts = /^(.*\S)\s*\[([^[\]]*)\]$/.exec(field.trim())
  if (!parts) return { name: field.trim() }
  try {
    parseUnit(parts[2])
    return { name: parts[1], unit: parts[2] }
  } catch {
    return { name: field.trim() }
  }
}

/**
 * Reads CSV. Integers become int32 or int64, what no int64 or float64 keeps exactly stays text; an empty field is null,
 * an empty text is `""`. Throws `table.invalid` naming line and column.
 */
export function readCsv(input: Uint8Array | string, options: CsvOptions = {}): Table {
  const text = textOfBytes(input, 'CSV')
  const fields = fieldsOf(text, { delimiter: delimiterOf(options), from: 0, what: 'CSV' })
  if (fields.rows === 0)
    throw new Problem('table.invalid', 'The CSV is empty; its first line must name the columns.')
  const columns: Column[] = []
  for (let index = 0; index < fields.width; index++) {
    const { name, unit } = headerOf(fieldText(fields, index))
    const type = inferType(fields, index)
    const read = readFields(fields, index, type, { what: 'CSV', name })
    columns.push(columnOf({ name, type, ...(unit ? { unit } : {}), ...read }))
  }
  return tableOf({ columns })
}

/** Throws where a column has cells that one field of text cannot hold plainly. */
function scalarOnly(column: Column): void {
  if (!column.offsets && cellSize(column) === 1 && !column.type.startsWith('complex')) return
  throw new Problem(
    'table.unsupported',
    `Column "${column.name}" holds arrays, which CSV has no form for; write ECSV or VOTable, or leave it out.`,
    { column: column.name },
  )
}

/** Writes CSV as UTF-8 with CRLF line ends. Nulls are empty fields. Throws `table.unsupported` for array columns. */
export function writeCsv(table: Table, options: CsvWriteOptions = {}): Uint8Array {
  const delimiter = delimiterOf(options)
  table.columns.forEach(scalarOnly)
  const sink = createTextSink()
  const names = table.columns.map(({ name, unit }) =>
    quotedField(unit && options.units !== false ? `${name} [${unit}]` : name, delimiter),
  )
  sink.add(`${names.join(delimiter)}\r\n`)
  writeRows(table, delimiter, '\r\n', sink)
  return sink.bytes()
}

/** Writes rows of scalars, for CSV. */
function writeRows(table: Table, delimiter: string, end: string, sink: { add(text: string): void }): void {
  const { columns } = table
  for (let row = 0; row < table.rows; row++) {
    let line = ''
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]
      if (i > 0) line += delimiter
      if (column.nulls?.[row]) continue
      line +=
        column.type === 'string' ? quotedField(column.values[row] as string, delimiter) : wordOf(column, row)
    }
    // One empty field would be an empty line, which readers skip.
    sink.add((line === '' ? '""' : line) + end)
  }
}
