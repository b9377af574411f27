/** A file that is imported, as rows that SQL can read. Text and Parquet are read in place; FITS piece by piece. */
import { open, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Problem } from '#problem.ts'
import { quotedName } from '#science/adql/fragment.ts'
import type { ByteSource } from '#science/fits/source.ts'
import { readEcsv } from '#science/table/ecsv.ts'
import { openFitsTable, readFitsRows } from '#science/table/fits.ts'
import type { Table } from '#science/table/table.ts'
import { readVotable } from '#science/table/votable.ts'
import type { Columns } from '#platform/columns/columns.ts'
import { parquet, sqlText } from '#platform/columns/sql.ts'
import type { CatalogueColumn, ImportOptions } from './catalogue.ts'
import { knownCatalogues, type KnownCatalogue } from './known.ts'
import { batchOf, kindsOf } from './rows.ts'
import { sniff, type Format } from './sniff.ts'
import { distinct, layoutOf, nullWords, type TextLayout } from './text-layout.ts'

export interface SourceColumn extends CatalogueColumn {
  readonly sqlType: string
}

export interface Source {
  readonly format: Format
  readonly columns: readonly SourceColumn[]
  /** Known catalogue that its layout alone gives away. */
  readonly known: KnownCatalogue | undefined
  /** SQL for its rows. `types`: columns that are read as that, whatever they look like. */
  readonly from: (types: Readonly<Record<string, 'DOUBLE' | 'VARCHAR'>>) => string
}

export interface OpenContext {
  readonly columns: Columns
  /** Folder for what is written on the way. */
  readonly work: string
  readonly signal?: AbortSignal | undefined
  readonly progress: (done: number, total: number) => void
}

/** VOTable and ECSV headers are read whole. */
const largestVotable = 400 * 2 ** 20
const fitsRows = 20_000

/** @throws Problem catalogue.invalid, table.*, fits.* */
export async function openSource(
  file: string,
  options: Pick<ImportOptions, 'format' | 'delimiter' | 'preset'>,
  context: OpenContext,
): Promise<Source> {
  const { format, head } = await sniff(file, options.format)
  switch (format) {
    case 'parquet':
      return readable(context, format, undefined, () => `select * from ${parquet(file)}`)
    case 'fits':
      return fitsSource(file, context)
    case 'votable': {
      const { size } = await stat(file)
      if (size > largestVotable)
        throw new Problem(
          'catalogue.invalid',
          `${basename(file)} has ${Math.round(size / 2 ** 20)} MiB; a VOTable is read up to ${largestVotable / 2 ** 20} MiB. Convert it to Parquet or FITS, with STILTS say.`,
          { file },
        )
      const table = readVotable(await readFile(file))
      return tableSource('votable', table, [table][Symbol.iterator](), context)
    }
    case 'ecsv':
      return ecsvSource(file, head, context)
    default:
      return textSource(file, format, layoutOf(head, basename(file), options.delimiter), options, context)
  }
}

/** What DuckDB makes of a query, as columns of a catalogue; arrays and structures are left out. */
async function readable(
  { columns }: OpenContext,
  format: Format,
  known: KnownCatalogue | undefined,
  from: Source['from'],
  facts: ReadonlyMap<string, Partial<CatalogueColumn>> = new Map(),
): Promise<Source> {
  const described = (await columns.rows(`describe ${from({})}`)) as {
    column_name: string
    column_type: string
  }[]
  const found: SourceColumn[] = []
  for (const { column_name: name, column_type } of described) {
    const type = typeOf(column_type)
    if (type !== undefined) found.push({ name, type, sqlType: column_type, ...facts.get(name) })
  }
  return { format, known, columns: found, from }
}

function typeOf(sql: string): CatalogueColumn['type'] | undefined {
  if (sql === 'BOOLEAN') return 'boolean'
  if (/^(TINY|SMALL|BIG|UTINY|USMALL|U)?INT(EGER)?$/.test(sql)) return 'integer'
  if (/^(FLOAT|DOUBLE|DECIMAL|HUGEINT|UHUGEINT|UBIGINT)/.test(sql) && !sql.endsWith(']')) return 'number'
  if (/^(DATE|TIMESTAMP)/.test(sql) && !sql.endsWith(']')) return 'timestamp'
  return /^(VARCHAR|UUID|TIME|ENUM)/.test(sql) && !sql.endsWith(']') ? 'string' : undefined
}

function textSource(
  file: string,
  format: Format,
  layout: TextLayout,
  options: Pick<ImportOptions, 'preset'>,
  context: OpenContext,
): Promise<Source> {
  const known = layout.headerless ? headerlessOf(layout, options.preset) : undefined
  const names = known?.headerless ?? layout.names
  const facts = new Map(names.map((name, i) => [name, layout.units[i] ? { unit: layout.units[i] } : {}]))
  const nulls = `nullstr = [${nullWords.map(sqlText).join(', ')}]`
  const from: Source['from'] = layout.runs
    ? (types) => runsSql(file, layout, names, types)
    : (types) => {
        const given = Object.entries(types).map(([name, type]) => `${sqlText(name)}: ${sqlText(type)}`)
        return (
          `select * from read_csv(${sqlText(file)}, header = false, skip = ${layout.skip}, delim = ${sqlText(layout.delimiter)}, ` +
          `quote = ${layout.quoted ? `'"', escape = '"'` : "'', escape = ''"}, names = [${names.map(sqlText).join(', ')}], ${nulls}, ` +
          `sample_size = 100000, null_padding = false${layout.comments ? ", comment = '#'" : ''}` +
          `${given.length > 0 ? `, types = {${given.join(', ')}}` : ''})`
        )
      }
  return readable(context, format, known, from, facts)
}

/** Columns with any number of blanks between: lines are read whole and cut. */
function runsSql(
  file: string,
  layout: TextLayout,
  names: readonly string[],
  types: Readonly<Record<string, 'DOUBLE' | 'VARCHAR'>>,
): string {
  const width = names.length
  const words = `[${nullWords.map(sqlText).join(', ')}]`
  const each = names.map((name, i) => {
    const looks = layout.sample.every((row) => {
      const field = row[i] ?? ''
      return (nullWords as readonly string[]).includes(field) || Number.isFinite(Number(field))
    })
    const field = `case when fields[${i + 1}] not in ${words} then fields[${i + 1}] end`
    const type = types[name] ?? (looks ? 'DOUBLE' : 'VARCHAR')
    return type === 'DOUBLE'
      ? `case when fields[${i + 1}] in ${words} then null else coalesce(try_cast(fields[${i + 1}] as double), error(format('Line {}: column {} holds "{}", which is no number', line, ${sqlText(name)}, fields[${i + 1}]))) end as ${quotedName(name)}`
      : `${field} as ${quotedName(name)}`
  })
  const lines =
    `select row_number() over () + ${layout.skip} as line, regexp_split_to_array(trim(text), '\\s+') as fields from ` +
    `read_csv(${sqlText(file)}, header = false, skip = ${layout.skip}, columns = {'text': 'VARCHAR'}, delim = chr(1), quote = '', escape = '', ` +
    `auto_detect = false, null_padding = false) where text is not null and trim(text) <> '' and not starts_with(text, '#')`
  return `select ${each.join(', ')} from (select line, case when len(fields) = ${width} then fields else error(format('Line {}: {} fields where there should be ${width}', line, len(fields))) end as fields from (${lines}))`
}

function headerlessOf(layout: TextLayout, preset: string | undefined): KnownCatalogue | undefined {
  return knownCatalogues.find(
    (known) =>
      known.headerless?.length === layout.names.length &&
      (preset === undefined || preset === known.id) &&
      layout.sample.every((row) =>
        (known.marks ?? []).every(({ column, pattern }) => pattern.test(row[column] ?? '')),
      ),
  )
}

/** The header says types and units; the rows are CSV. */
async function ecsvSource(file: string, head: string, context: OpenContext): Promise<Source> {
  const lines = head.split(/\r?\n/)
  const at = lines.findIndex((line) => !line.startsWith('#') && line.trim() !== '')
  if (at < 0)
    throw new Problem('catalogue.invalid', `${basename(file)} has an ECSV header and no rows.`, { file })
  const table = readEcsv(`${lines.slice(0, at + 1).join('\n')}\n`)
  const delimiter = /^# delimiter: ','/m.test(head) || /delimiter: ['"]?,/.test(head) ? ',' : ' '
  const kinds = new Map(table.columns.map((column) => [column.name, kindsOf(column)]))
  const facts = new Map(table.columns.map((column) => [column.name, factsOf(column)]))
  const from: Source['from'] = (types) => {
    const given = table.columns.map(
      ({ name }) => `${sqlText(name)}: ${sqlText(types[name] ?? kinds.get(name) ?? 'VARCHAR')}`,
    )
    return `select * from read_csv(${sqlText(file)}, header = false, skip = ${at + 1}, delim = ${sqlText(delimiter)}, quote = '"', escape = '"', columns = {${given.join(', ')}}, nullstr = ['', 'nan'], auto_detect = false)`
  }
  return readable(context, 'ecsv', undefined, from, facts)
}

async function fitsSource(file: string, context: OpenContext): Promise<Source> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    const bytes: ByteSource = {
      byteLength: size,
      async slice(start, end) {
        const { buffer, bytesRead } = await handle.read(new Uint8Array(end - start), 0, end - start, start)
        return buffer.subarray(0, bytesRead)
      },
    }
    const { hdu, rows } = await openFitsTable(bytes)
    const head = await readFitsRows(bytes, hdu, [0, 0])
    const parts = async function* (): AsyncGenerator<Table> {
      for (let from = 0; from < rows; from += fitsRows) {
        context.progress(from, rows)
        yield await readFitsRows(bytes, hdu, [from, Math.min(rows, from + fitsRows)])
      }
    }
    return await tableSource('fits', head, parts(), context)
  } finally {
    await handle.close()
  }
}

/** Tables in memory, written as Parquet so that SQL can read them. */
async function tableSource(
  format: Format,
  head: Table,
  parts: AsyncGenerator<Table> | ArrayIterator<Table>,
  context: OpenContext,
): Promise<Source> {
  const wanted = head.columns.filter((column) => kindsOf(column) !== undefined)
  const names = distinct(wanted.map((column) => column.name))
  const columns = wanted.map((column, i) => ({ name: names[i]!, kind: kindsOf(column)! }))
  const file = join(context.work, 'rows.parquet')
  const batches = async function* () {
    for await (const table of parts)
      yield wanted.map(({ name }) =>
        batchOf(
          table.columns.find((column) => column.name === name)!,
          table.rows,
        ),
      )
  }
  await context.columns.writeBatches(file, columns, batches(), context.signal)
  const facts = new Map(wanted.map((column, i) => [names[i]!, factsOf(column)]))
  return readable(context, format, undefined, () => `select * from ${parquet(file)}`, facts)
}

function factsOf({ unit, ucd, description, xtype }: Table['columns'][number]): Partial<CatalogueColumn> {
  return {
    ...(unit ? { unit } : {}),
    ...(ucd ? { ucd } : {}),
    ...(description ? { description: description.slice(0, 500) } : {}),
    ...(xtype === 'timestamp' ? { type: 'string' as const } : {}),
  }
}
