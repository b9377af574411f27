import { readFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, extname, join, resolve } from 'node:path'
import { Problem } from '#problem.ts'
import type { Columns } from '#platform/columns/columns.ts'
import { writeWhole } from '#platform/files/whole.ts'
import { isAsciiHead, readAsciiHead } from './ascii-head.ts'
import type { Table } from '#science/table/table.ts'

/** Tables as files of the usual kinds, by their endings. */

export const tableEndings = ['.fits', '.cat', '.vot', '.xml', '.ecsv', '.csv', '.parquet', '.reg'] as const

/** @throws Problem table.*, `command.usage` */
export async function readTableFile(path: string): Promise<Table> {
  if (extname(path).toLowerCase() === '.parquet')
    return withColumns(dirname(resolve(path)), async (columns) =>
      (await import('./steps/tables.ts')).readTable(columns, resolve(path)),
    )
  const bytes = new Uint8Array(
    await readFile(path).catch((error: unknown) => {
      throw new Problem('command.usage', `There is no file ${path}.`, {}, error)
    }),
  )
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 400))
  if (start.startsWith('SIMPLE') || (bytes[0] === 0x1f && bytes[1] === 0x8b))
    return (await import('#science/table/fits.ts')).readFitsTable(bytes, ldac(bytes))
  if (/<VOTABLE/i.test(start)) return (await import('#science/table/votable.ts')).readVotable(bytes)
  if (start.startsWith('# %ECSV')) return (await import('#science/table/ecsv.ts')).readEcsv(bytes)
  if (isAsciiHead(start)) return readAsciiHead(bytes)
  return (await import('#science/table/csv.ts')).readCsv(bytes)
}

/** SExtractor's FITS_LDAC puts the header of the picture, as a table, before the objects. */
function ldac(bytes: Uint8Array): { hdu?: string } {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 2 ** 20)).includes(
    "EXTNAME = 'LDAC_IMHEAD'",
  )
    ? { hdu: 'LDAC_OBJECTS' }
    : {}
}

/** Bytes of a table in a format by ending; of Parquet `writeTable` writes the file itself. @throws Problem `command.usage` */
export async function tableBytes(table: Table, ending: string): Promise<Uint8Array> {
  switch (ending.toLowerCase()) {
    case '.fits':
      return (await import('#science/table/fits.ts')).writeFitsTable(table)
    case '.vot':
    case '.xml':
      return (await import('#science/table/votable-write.ts')).writeVotable(table)
    case '.ecsv':
      return (await import('#science/table/ecsv.ts')).writeEcsv(table)
    case '.csv':
      return (await import('#science/table/csv.ts')).writeCsv(table)
    case '.cat':
      return asciiHead(table)
    default:
      throw new Problem(
        'command.usage',
        `Tables are written as ${tableEndings.join(', ')}, not ${ending || 'a file without an ending'}.`,
      )
  }
}

/** @throws Problem `command.usage` */
export async function writeTableFile(path: string, table: Table): Promise<void> {
  const ending = extname(path)
  if (ending.toLowerCase() === '.parquet')
    return withColumns(dirname(resolve(path)), async (columns) =>
      (await import('./steps/tables.ts')).writeTable(columns, resolve(path), table),
    )
  await writeWhole(path, await tableBytes(table, ending))
}

async function withColumns<T>(folder: string, use: (columns: Columns) => Promise<T>): Promise<T> {
  const { createColumns } = await import('#platform/columns/duckdb.ts')
  const temporary = await mkdtemp(join(tmpdir(), 'urania-table-'))
  const columns = await createColumns({ folders: [folder], temporary })
  try {
    return await use(columns)
  } finally {
    await columns.stop()
    await rm(temporary, { recursive: true, force: true })
  }
}

/** SExtractor's ASCII_HEAD: a line of comment for each column, then numbers in columns. */
function asciiHead(table: Table): Uint8Array {
  const head = table.columns.map(({ name, unit, description }, i) =>
    `# ${String(i + 1).padStart(3)} ${name.padEnd(22)} ${(description ?? '').padEnd(58)} ${unit ? `[${unit}]` : ''}`.trimEnd(),
  )
  const lines = Array.from({ length: table.rows }, (_, row) =>
    table.columns
      .map(({ values, type }) => {
        const value = values[row]!
        const text =
          typeof value === 'number'
            ? /^u?int/.test(type)
              ? String(value)
              : Number.isFinite(value)
                ? String(Number(value.toPrecision(10)))
                : '99'
            : String(value)
        return text.padStart(14)
      })
      .join(' '),
  )
  return new TextEncoder().encode(`${[...head, ...lines].join('\n')}\n`)
}
