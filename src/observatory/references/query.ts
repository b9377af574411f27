import { join } from 'node:path'
import { Problem } from '#problem.ts'
import { conditionSql, readCondition } from '#science/adql/condition.ts'
import { numbered, quotedName } from '#science/adql/fragment.ts'
import type { Schema } from '#science/adql/schema.ts'
import type { Parameters } from '#platform/columns/columns.ts'
import { parquet } from '#platform/columns/sql.ts'
import { hpxColumn, type Catalogue, type CatalogueColumn } from './catalogue.ts'
import { partitionPath, readPartitions, touched } from './hats.ts'
import { exactSql, joinSql, rangesOf, scanSql, type Region } from './region.ts'

/** A question to a catalogue. */
export interface Question {
  readonly region: Region
  /** ADQL search condition on its columns. */
  readonly where?: string | undefined
  /** Default: all but the index. */
  readonly columns?: readonly string[] | undefined
  readonly limit?: number | undefined
  /** Column, `-` before it for the largest first; default: as they lie, along the sky. */
  readonly order?: string | undefined
}

export interface Prepared {
  /** Null where no file of the catalogue can hold a row. */
  readonly sql: string | null
  readonly parameters: Parameters
  readonly columns: readonly CatalogueColumn[]
  /** Files that are read, of how many. */
  readonly files: number
  readonly of: number
}

/** What a condition on the catalogue may name. */
export function schemaOf({ columns }: Pick<Catalogue, 'columns'>): Schema {
  return {
    columns: columns.map((column) => ({ ...column, ...(column.type === 'number' ? { nan: true } : {}) })),
    position: { ra: 'ra', dec: 'dec', hpx: hpxColumn },
  }
}

/** The question as SQL on those files alone that share sky with it. @throws Problem adql.*, table.no_column */
export async function prepareQuery(
  folder: string,
  catalogue: Pick<Catalogue, 'columns' | 'name'>,
  { region, where, columns, limit, order }: Question,
): Promise<Prepared> {
  const chosen = columns?.map((name) => columnNamed(catalogue, name)) ?? catalogue.columns
  const condition = where?.trim()
    ? numbered(conditionSql(readCondition(where, schemaOf(catalogue)), 'duckdb'))
    : { text: 'true', values: [] }
  const partitions = await readPartitions(folder)
  const files = touched(partitions, rangesOf(region))
  const counts = { columns: chosen, files: files.length, of: partitions.length }
  if (files.length === 0) return { sql: null, parameters: {}, ...counts }
  const parameters: Parameters = Object.fromEntries(
    condition.values.map((value, i) => [String(i + 1), value]),
  )
  const names = chosen.map(({ name }) => `c.${quotedName(name)}`).join(', ')
  const from = `(select * from ${parquet(...files.map((file) => join(folder, partitionPath(file))))} where ${scanSql(region)}) c`
  const member = region.shape === 'moc' ? `${hpxColumn} < r.range_end` : exactSql(region)
  const by = order === undefined ? `c.${hpxColumn}` : orderSql(catalogue, order)
  const sql =
    `select ${names} from ${from} ${joinSql(region)} where ${member} and ${condition.text}` +
    ` order by ${by}${limit === undefined ? '' : ` limit ${Math.floor(limit)}`}`
  return { sql, parameters, ...counts }
}

function orderSql(catalogue: Pick<Catalogue, 'columns' | 'name'>, order: string): string {
  const down = order.startsWith('-')
  const { name } = columnNamed(catalogue, down ? order.slice(1) : order)
  return `c.${quotedName(name)} ${down ? 'desc' : 'asc'} nulls last, c.${hpxColumn}`
}

function columnNamed(
  { columns, name }: Pick<Catalogue, 'columns' | 'name'>,
  wanted: string,
): CatalogueColumn {
  const found =
    columns.find((column) => column.name === wanted) ??
    columns.find((column) => column.name.toLowerCase() === wanted.toLowerCase())
  if (found) return found
  throw new Problem(
    'table.no_column',
    `The catalogue ${name} has no column "${wanted}"; it has ${columns
      .slice(0, 30)
      .map((column) => column.name)
      .join(', ')}${columns.length > 30 ? ' …' : ''}.`,
    { column: wanted },
  )
}
