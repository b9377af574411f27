/** From a file to a catalogue on disk: read once, mapped, indexed, sorted, cut. Nothing is named before it is whole. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import { quotedName } from '#science/adql/fragment.ts'
import { pixels29Of } from '#science/sky/index64.ts'
import type { ColumnFunction, Columns } from '#platform/columns/columns.ts'
import { createColumns } from '#platform/columns/duckdb.ts'
import { parquet } from '#platform/columns/sql.ts'
import { hpxColumn, type Catalogue, type ImportOptions } from './catalogue.ts'
import { mapColumns } from './mapping.ts'
import { selectParts } from './part-sql.ts'
import { openSource, type Source } from './source.ts'
import { finestOrder, writeHats } from './write-hats.ts'

export interface ImportContext {
  /** `catalogues` of the home folder. */
  readonly folder: string
  /** For what does not fit into memory. */
  readonly temporary: string
  /** Work folder and temporary names are made from it. */
  readonly id: string
  readonly signal?: AbortSignal | undefined
  /** Percent done and what is being done. */
  readonly progress: (percent: number, words: string) => void
  readonly log: (line: string) => void
  readonly version: string
  readonly now: () => Date
  /** Name that the file had where it came from. */
  readonly fileName?: string | undefined
  /** MB that the engine may take, default 1,024; what does not fit goes through the temporary folder. */
  readonly memoryMb?: number
}

export type Imported = Omit<Catalogue, 'importedBy' | 'importedAt'>

/** Order-29 NESTED pixel of a direction in degrees. */
export const healpix29: ColumnFunction = {
  name: 'healpix29',
  parameters: 2,
  call: (ra, dec) => pixels29Of(ra!, dec!),
}

/**
 * Reads a file into `<folder>/<name>/<version>`. On failure nothing is left.
 * @throws Problem catalogue.invalid, naming line and column where the file has them; table.*, fits.*
 */
export async function importCatalogue(
  file: string,
  options: ImportOptions,
  version: number,
  context: ImportContext,
): Promise<Imported> {
  const { folder, signal } = context
  let reached = -1
  let doing = ''
  // A file that is read anew because a column is text after all does not take back what was said.
  const progress: ImportContext['progress'] = (percent, words) => {
    if (percent <= reached && words === doing) return
    reached = Math.max(reached, percent)
    doing = words
    context.progress(reached, words)
  }
  const path = await realpath(file).catch((error: unknown) => {
    throw new Problem('catalogue.invalid', `There is no file ${file}.`, { file }, error)
  })
  const work = join(folder, `.import-${context.id}`)
  await rm(work, { recursive: true, force: true })
  await mkdir(work, { recursive: true })
  const columns = await createColumns({
    folders: [folder, dirname(path)],
    temporary: join(context.temporary, `import-${context.id}`),
    memoryMb: context.memoryMb ?? 1_024,
    functions: [healpix29],
  })
  try {
    const { size } = await stat(path)
    progress(0, 'looking at the file')
    const source = await openSource(path, options, {
      columns,
      work,
      signal,
      progress: (done, total) => progress(Math.round((25 * done) / total), 'reading the file'),
    })
    const looks = await numericLooking(columns, source)
    const looked = source.columns.map((column) =>
      looks.has(column.name) ? { ...column, type: 'number' as const } : column,
    )
    const { mapping, known, kind, notes } = mapColumns(looked, source.known, options)
    notes.forEach((note) => context.log(note))
    context.log(
      `${source.format}${known ? `, read as ${known.title}` : ''}: ${Object.entries(mapping)
        .map(
          ([part, { columns: from, unit }]) => `${part} from ${from.join(' or ')}${unit ? ` (${unit})` : ''}`,
        )
        .join(', ')}`,
    )
    const mapped = new Set(Object.entries(mapping).flatMap(([part, m]) => (part === 'name' ? [] : m.columns)))
    const typed = source.columns.map((column, i) => (mapped.has(column.name) ? looked[i]! : column))
    const selected = selectParts(typed, mapping)
    progress(25, 'reading the rows')
    const rows = join(work, 'indexed.parquet')
    const numeric = typed
      .filter(({ name, type }) => mapped.has(name) && type !== 'string')
      .map(({ name }) => name)
    const { count: staged, texts } = await stage(columns, source, selected.sql, numeric, rows, {
      ...context,
      progress,
    })
    const sha256 = await hashOf(path, signal, (bytes) =>
      progress(50 + Math.floor((5 * bytes) / Math.max(1, size)), 'adding up the file'),
    )
    const missing = await columns.rows(
      `select count(*) as n from ${parquet(rows)} where ${hpxColumn} is null`,
      {},
      signal,
    )
    const withoutPosition = Number(missing[0]!['n'])
    if (staged === withoutPosition)
      throw new Problem(
        'catalogue.invalid',
        `None of the ${staged} rows of ${basename(path)} has a position in ${mapping.ra!.columns.join(', ')} and ${mapping.dec!.columns.join(', ')}.`,
        { file },
      )
    if (withoutPosition > 0)
      context.log(`${withoutPosition} of ${staged} rows have no position and were left out`)
    const final = selectParts(
      typed.map((column) => (texts.has(column.name) ? { ...column, type: 'string' } : column)),
      mapping,
    )
    const title = options.title ?? known?.title ?? options.name
    const made = join(work, 'hats')
    const result = await writeHats(
      columns,
      {
        rows,
        columns: final.columns,
        name: options.name,
        title,
        rowsPerPartition: options.rowsPerPartition,
        folder: made,
        work,
        made: context.now(),
        version: context.version,
      },
      (part, words) => progress(55 + Math.round(44 * part), words),
      signal,
    )
    signal?.throwIfAborted()
    const place = join(options.name, String(version))
    await mkdir(join(folder, options.name), { recursive: true })
    // Left by an import that died between the folder and the row.
    await rm(join(folder, place), { recursive: true, force: true })
    await rename(made, join(folder, place))
    progress(99, 'writing the entry')
    return {
      name: options.name,
      title,
      kind,
      version,
      rows: result.rows,
      withoutPosition,
      partitions: result.partitions,
      bytes: result.bytes,
      columns: [...final.columns],
      coverage: { order: finestOrder, areaDeg2: result.areaDeg2 },
      source: { file: context.fileName ?? basename(path), format: source.format, bytes: size, sha256 },
      preset: known?.id ?? null,
      mapping,
      distance: selected.distance,
      licence: options.licence ?? null,
      citation: options.citation ?? known?.citation ?? null,
      path: place,
    }
  } finally {
    await columns.stop()
    await rm(work, { recursive: true, force: true })
    await rm(join(context.temporary, `import-${context.id}`), { recursive: true, force: true })
  }
}

/** Columns of text that are numbers but for some words: if they are wanted, the words are what is wrong. */
async function numericLooking(columns: Columns, source: Source): Promise<Set<string>> {
  const texts = source.columns.filter((column) => column.type === 'string')
  if (texts.length === 0) return new Set()
  const each = texts.map(
    ({ name }, i) =>
      `count(try_cast(${quotedName(name)} as double)) as n${i}, count(${quotedName(name)}) as t${i}`,
  )
  const [counts] = await columns.rows(`select ${each.join(', ')} from (${source.from({})} limit 5000)`)
  return new Set(
    texts.filter((_, i) => 2 * Number(counts![`n${i}`]) >= Number(counts![`t${i}`])).map(({ name }) => name),
  )
}

/** Columns that are read as text after all because a later row is not what the first looked like. */
const mostRetries = 8

/** One pass over the file. A value that breaks the type of a column that nobody asked for makes that column text. */
async function stage(
  columns: Columns,
  source: Source,
  sql: (from: string) => string,
  numeric: readonly string[],
  rows: string,
  context: ImportContext,
): Promise<{ count: number; texts: Set<string> }> {
  const types: Record<string, 'DOUBLE' | 'VARCHAR'> = {}
  for (const name of numeric) types[name] = 'DOUBLE'
  for (let attempt = 0; ; attempt++) {
    try {
      const written = await columns.writeParquet(rows, sql(source.from(types)), {}, context.signal, {
        progress: (part) => context.progress(25 + Math.round(24 * part), 'reading the rows'),
      })
      const texts = Object.keys(types).filter((name) => types[name] === 'VARCHAR')
      return { count: written.rows, texts: new Set(texts) }
    } catch (error) {
      const broken = brokenOf(error)
      if (!broken) throw error
      const { column } = broken
      if (column === undefined || types[column] !== undefined || attempt >= mostRetries) throw broken.problem
      types[column] = 'VARCHAR'
      context.log(`${broken.reason}; the column ${column} is read as text`)
    }
  }
}

/** What a failed read says of line, column and reason. */
function brokenOf(error: unknown): { problem: Problem; column?: string; reason: string } | undefined {
  if (!isProblem(error, 'columns.query_failed')) return undefined
  const message = String(error.details['message'])
  const own = /(Line \d+: [^\n]*)/.exec(message)?.[1]
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1]
  if (own === undefined && line === undefined && !/Conversion Error/.test(message)) return undefined
  const column = /converting column "((?:[^"]|"")*)"/.exec(message)?.[1]
  const why =
    /(Could not convert string "[^\n]*?" to '?\w+'?)/.exec(message)?.[1] ??
    /(Expected Number of Columns: \d+ Found: \d+)/.exec(message)?.[1] ??
    /Conversion Error: ([^\n]*)/.exec(message)?.[1] ??
    message.split('\n')[0]!
  const reason =
    own ??
    (line === undefined ? why : `Line ${line}${column === undefined ? '' : `, column ${column}`}: ${why}`)
  const problem = new Problem(
    'catalogue.invalid',
    `${reason}. Mend the file, or map other columns.`,
    {
      ...(line === undefined ? {} : { line: Number(line) }),
      ...(column === undefined ? {} : { column }),
      reason: why,
    },
    error,
  )
  return { problem, reason, ...(column === undefined ? {} : { column }) }
}

async function hashOf(
  path: string,
  signal: AbortSignal | undefined,
  read: (bytes: number) => void,
): Promise<string> {
  const hash = createHash('sha256')
  let bytes = 0
  const stream = createReadStream(path, { highWaterMark: 1 << 20, ...(signal ? { signal } : {}) })
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      read(bytes)
      hash.update(chunk)
      bytes += chunk.byteLength
    }
  } catch (error) {
    throw signal?.aborted ? signal.reason : error
  }
  return hash.digest('hex')
}
