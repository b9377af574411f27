import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tableOf, type ColumnInput, type Table } from '#science/table/table.ts'
import type { Columns } from '#platform/columns/columns.ts'
import { parquet } from '#platform/columns/sql.ts'
import type { CatalogueColumn } from '#observatory/references/catalogue.ts'
import { prepareQuery } from '#observatory/references/query.ts'
import type { Cone } from './sources.ts'

/** A reference catalogue of this observatory, as its files lie. */
export interface LocalCatalogue {
  readonly name: string
  readonly folder: string
  readonly columns: CatalogueColumn[]
}

/** Those below the folder of the catalogues, found by their files: the command line asks no database. */
export async function catalogueFolders(columns: Columns, root: string): Promise<LocalCatalogue[]> {
  const found: LocalCatalogue[] = []
  const visit = async (folder: string, name: string, depth: number): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    if (entries.some((entry) => entry.name === 'hats.properties')) {
      const properties = await readFile(join(folder, 'hats.properties'), 'utf8')
      const said = /^\s*obs_collection\s*=\s*(\S+)\s*$/m.exec(properties)?.[1]
      found.push({ name: said ?? name, folder, columns: await columnsIn(columns, folder) })
      return
    }
    if (depth === 0) return
    for (const entry of entries)
      if (entry.isDirectory() && !entry.name.startsWith('.'))
        await visit(join(folder, entry.name), depth === 2 ? entry.name : name, depth - 1)
  }
  await visit(root, '', 2)
  return found
}

async function columnsIn(columns: Columns, folder: string): Promise<CatalogueColumn[]> {
  const rows = await columns.rows(
    `describe select * from ${parquet(join(folder, 'dataset', '_common_metadata'))}`,
  )
  return rows
    .map((row) => ({ name: row['column_name'] as string, type: typeOf(row['column_type'] as string) }))
    .filter(({ name }) => name !== '_healpix_29')
}

function typeOf(sql: string): CatalogueColumn['type'] {
  if (/INT/.test(sql)) return 'integer'
  if (/DOUBLE|FLOAT|DECIMAL/.test(sql)) return 'number'
  if (/BOOL/.test(sql)) return 'boolean'
  return /TIME|DATE/.test(sql) ? 'timestamp' : 'string'
}

/** Rows of a catalogue in a cone. */
export async function localStars(
  columns: Columns,
  catalogue: LocalCatalogue,
  cone: Cone,
  signal: AbortSignal,
): Promise<Table> {
  const prepared = await prepareQuery(catalogue.folder, catalogue, {
    region: { shape: 'cone', ...cone },
  })
  const values = prepared.sql === null ? {} : await columns.columns(prepared.sql, prepared.parameters, signal)
  return tableOf({
    columns: prepared.columns.map((column): ColumnInput => {
      const { name, unit } = column
      const found = Array.from((values[name] ?? []) as ArrayLike<unknown>)
      const common = { name, ...(unit === undefined ? {} : { unit }) }
      return column.type === 'number' || column.type === 'integer'
        ? {
            ...common,
            type: 'float64',
            values: Float64Array.from(found, (value) => (value === null ? Number.NaN : Number(value))),
          }
        : {
            ...common,
            type: 'string',
            values: found.map((value) => (typeof value === 'string' ? value : '')),
          }
    }),
  })
}
