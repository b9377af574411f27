import { Problem } from '#problem.ts'
import { writeCsv } from '#science/table/csv.ts'
import { writeEcsv } from '#science/table/ecsv.ts'
import { writeFitsTable } from '#science/table/fits.ts'
import { tableOf, type ColumnInput, type Table } from '#science/table/table.ts'
import { writeVotable } from '#science/table/votable-write.ts'
import type { ColumnValue } from '#platform/columns/columns.ts'
import type { CatalogueColumn } from './catalogue.ts'
import type { Answer } from './service.ts'

/** Rows of an answer in the formats that people ask for. */

export const answerFormats = ['json', 'csv', 'ecsv', 'votable', 'fits', 'parquet'] as const
export type AnswerFormat = (typeof answerFormats)[number]

export const answerTypes: Record<AnswerFormat, { contentType: string; ending: string }> = {
  json: { contentType: 'application/json', ending: 'json' },
  csv: { contentType: 'text/csv; charset=utf-8', ending: 'csv' },
  ecsv: { contentType: 'text/csv; charset=utf-8', ending: 'ecsv' },
  votable: { contentType: 'application/x-votable+xml', ending: 'vot' },
  fits: { contentType: 'application/fits', ending: 'fits' },
  parquet: { contentType: 'application/vnd.apache.parquet', ending: 'parquet' },
}

/** What JSON can say of a value: whole numbers beyond 2⁵³ as text. */
export function plainValue(value: ColumnValue): null | boolean | number | string {
  if (value === null || value === undefined) return null
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? JSON.stringify(value) : value
}

/** Rows as objects. */
export function itemsOf({
  columns,
  values,
  rows,
}: Answer): Record<string, null | boolean | number | string>[] {
  return Array.from({ length: rows }, (_, i) =>
    Object.fromEntries(columns.map(({ name }) => [name, plainValue(values[name]![i]!)])),
  )
}

function columnOf(column: CatalogueColumn, values: ArrayLike<unknown>, rows: number): ColumnInput {
  const { type, name, unit, ucd, description } = column
  const facts = {
    name,
    ...(unit ? { unit } : {}),
    ...(ucd ? { ucd } : {}),
    ...(description ? { description } : {}),
  }
  const nulls = Uint8Array.from({ length: rows }, (_, i) =>
    values[i] === null || values[i] === undefined ? 1 : 0,
  )
  const some = nulls.some((each) => each === 1) ? { nulls } : {}
  switch (type) {
    case 'number':
      return {
        ...facts,
        values: Float64Array.from({ length: rows }, (_, i) => (nulls[i] ? Number.NaN : Number(values[i]))),
        ...some,
      }
    case 'integer':
      return {
        ...facts,
        values: BigInt64Array.from({ length: rows }, (_, i) =>
          nulls[i] ? 0n : BigInt(values[i] as number | bigint),
        ),
        ...some,
      }
    case 'boolean':
      return {
        ...facts,
        type: 'boolean',
        values: Uint8Array.from({ length: rows }, (_, i) => (values[i] === true ? 1 : 0)),
        ...some,
      }
    default:
      return {
        ...facts,
        values: Array.from({ length: rows }, (_, i) =>
          nulls[i] ? '' : String(plainValue(values[i] as ColumnValue)),
        ),
        ...(type === 'timestamp' ? { xtype: 'timestamp' } : {}),
        ...some,
      }
  }
}

export function tableOfAnswer({ catalogue, columns, values, rows }: Answer): Table {
  return tableOf({
    title: catalogue.name,
    description: catalogue.title,
    columns: columns.map((column) => columnOf(column, values[column.name]!, rows)),
    meta: {
      catalogue: `${catalogue.name} version ${catalogue.version}`,
      ...(catalogue.citation ? { citation: catalogue.citation } : {}),
    },
  })
}

/** Bytes in one of the formats that need no engine. */
export function answerBytes(
  answer: Answer,
  format: Exclude<AnswerFormat, 'parquet'>,
): Uint8Array<ArrayBuffer> {
  switch (format) {
    case 'csv':
      return new Uint8Array(writeCsv(tableOfAnswer(answer)))
    case 'ecsv':
      return new Uint8Array(writeEcsv(tableOfAnswer(answer)))
    case 'votable':
      return new Uint8Array(writeVotable(tableOfAnswer(answer)))
    case 'fits':
      return new Uint8Array(writeFitsTable(tableOfAnswer(answer)))
    case 'json':
      return new Uint8Array(new TextEncoder().encode(JSON.stringify(jsonOf(answer))))
    default:
      throw new Problem('request.invalid', 'There is no such format.')
  }
}

export function jsonOf(answer: Answer) {
  const { catalogue, columns, truncated, files, of } = answer
  return {
    catalogue: catalogue.name,
    version: catalogue.version,
    columns: [...columns],
    items: itemsOf(answer),
    truncated,
    filesRead: files,
    files: of,
  }
}
