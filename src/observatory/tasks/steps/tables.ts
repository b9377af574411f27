import { readFile, rm } from 'node:fs/promises'
import { Problem } from '#problem.ts'
import { quotedName } from '#science/adql/fragment.ts'
import {
  columnOf,
  tableOf,
  type Column,
  type ColumnType,
  type MetaValue,
  type Table,
} from '#science/table/table.ts'
import type { ColumnKind, Columns } from '#platform/columns/columns.ts'
import { parquet } from '#platform/columns/sql.ts'

/** Tables as Parquet with their units. The footer also holds what astropy looks for, so that it reads units too. */

const kinds: Partial<Record<ColumnType, ColumnKind>> = {
  boolean: 'BOOLEAN',
  int32: 'INTEGER',
  uint32: 'BIGINT',
  uint8: 'INTEGER',
  int16: 'INTEGER',
  int64: 'BIGINT',
  float32: 'FLOAT',
  float64: 'DOUBLE',
  string: 'VARCHAR',
}

const numpyNames: Partial<Record<ColumnKind, string>> = {
  BOOLEAN: 'bool',
  INTEGER: 'int32',
  BIGINT: 'int64',
  FLOAT: 'float32',
  DOUBLE: 'float64',
  VARCHAR: 'string',
}

/** Key of the footer under which the columns are described. */
const described = 'urania_columns'
/** The one of astropy: the header of an ECSV file, which is YAML, of which JSON is a part. */
const forAstropy = 'table_meta_yaml'

interface Described {
  title?: string
  meta?: Record<string, MetaValue>
  columns: { name: string; type: ColumnType; unit?: string; ucd?: string; description?: string }[]
}

/** Writes a table; NaN stays NaN, what `nulls` marks is null. */
export async function writeTable(
  columns: Columns,
  path: string,
  table: Table,
  signal?: AbortSignal,
): Promise<void> {
  const fields = table.columns.map((column) => {
    const kind = kinds[column.type]
    if (kind === undefined)
      throw new Problem(
        'table.unsupported',
        `The column ${column.name} is ${column.type}, which is not written as Parquet here.`,
      )
    return { name: column.name, kind }
  })
  const bare = `${path}.bare`
  try {
    await columns.writeBatches(bare, fields, [table.columns.map(valuesOf)], signal)
    const about: Described = {
      ...(table.title === undefined ? {} : { title: table.title }),
      ...(table.meta === undefined ? {} : { meta: { ...table.meta } }),
      columns: table.columns.map(({ name, type, unit, ucd, description }) => ({
        name,
        type,
        ...(unit === undefined ? {} : { unit }),
        ...(ucd === undefined ? {} : { ucd }),
        ...(description === undefined ? {} : { description }),
      })),
    }
    const yaml = {
      datatype: fields.map(({ name, kind }, i) => {
        const { unit, description } = table.columns[i]!
        return {
          name,
          ...(unit === undefined ? {} : { unit: astropyUnit(unit) }),
          datatype: numpyNames[kind],
          ...(description === undefined ? {} : { description }),
        }
      }),
      meta: table.meta ?? {},
    }
    await columns.writeParquet(path, `select * from ${parquet(bare)}`, {}, signal, {
      metadata: { [described]: JSON.stringify(about), [forAstropy]: JSON.stringify(yaml) },
    })
  } finally {
    await rm(bare, { force: true })
  }
}

/** VOUnits that astropy knows under another name. */
function astropyUnit(unit: string): string {
  return unit === 'pix' ? 'pix' : unit
}

function valuesOf(column: Column): (null | boolean | number | bigint | string)[] {
  const { values, nulls, type } = column
  return Array.from({ length: values.length }, (_, i) => {
    if (nulls?.[i] === 1) return null
    const value = values[i]!
    if (type === 'boolean') return value === 1
    if (type === 'uint32') return BigInt(value as number)
    return value
  })
}

/** Reads a table that `writeTable` wrote, or any Parquet of plain columns. @throws Problem `task.missing` */
export async function readTable(columns: Columns, path: string, signal?: AbortSignal): Promise<Table> {
  const found = await readFile(path).catch(() => undefined)
  if (found === undefined)
    throw new Problem(
      'task.missing',
      `${path.split('/').at(-1)} is not there; run the step that makes it again.`,
    )
  const words = await columns.rows(
    `select decode(value) as value from parquet_kv_metadata(${sqlPath(path)}) where decode(key) = '${described}'`,
    {},
    signal,
  )
  const about =
    typeof words[0]?.['value'] === 'string' ? (JSON.parse(words[0]['value']) as Described) : undefined
  const values = await columns.columns(`select * from ${parquet(path)}`, {}, signal)
  const known = new Map(about?.columns.map((each) => [each.name, each]))
  return tableOf({
    ...(about?.title === undefined ? {} : { title: about.title }),
    ...(about?.meta === undefined ? {} : { meta: about.meta }),
    columns: Object.entries(values).map(([name, column]) => {
      const facts = known.get(name)
      const type = facts?.type ?? typeOf(column)
      const raw = Array.from(column as ArrayLike<unknown>)
      const nulls = raw.some((value) => value === null)
        ? Uint8Array.from(raw, (value) => (value === null ? 1 : 0))
        : undefined
      return columnOf({
        name,
        type,
        values: arrayFor(type, raw),
        ...(nulls ? { nulls } : {}),
        ...(facts?.unit === undefined ? {} : { unit: facts.unit }),
        ...(facts?.ucd === undefined ? {} : { ucd: facts.ucd }),
        ...(facts?.description === undefined ? {} : { description: facts.description }),
      })
    }),
  })
}

function sqlPath(path: string): string {
  return `'${path.replaceAll("'", "''")}'`
}

function typeOf(values: unknown): ColumnType {
  if (values instanceof Float64Array) return 'float64'
  if (values instanceof Float32Array) return 'float32'
  if (values instanceof Int32Array) return 'int32'
  if (values instanceof BigInt64Array) return 'int64'
  const first = (values as unknown[]).find((value) => value !== null)
  if (typeof first === 'number') return 'float64'
  if (typeof first === 'bigint') return 'int64'
  return typeof first === 'boolean' ? 'boolean' : 'string'
}

function arrayFor(type: ColumnType, raw: readonly unknown[]): Column['values'] {
  const number = (value: unknown): number => (value === null ? Number.NaN : Number(value))
  const whole = (value: unknown): number => (value === null ? 0 : Number(value))
  switch (type) {
    case 'float64':
      return Float64Array.from(raw, number)
    case 'float32':
      return Float32Array.from(raw, number)
    case 'int32':
    case 'int16':
      return Int32Array.from(raw, whole)
    case 'uint32':
      return Uint32Array.from(raw, whole)
    case 'uint8':
    case 'boolean':
      return Uint8Array.from(raw, whole)
    case 'int64':
      return BigInt64Array.from(raw, (value) => BigInt((value as bigint | null) ?? 0))
    default:
      return raw.map((value) => (typeof value === 'string' ? value : ''))
  }
}

/** A column of a table as numbers, NaN where there is none. @throws Problem `table.no_column` */
export function numbersOf(table: Table, name: string): Float64Array {
  const column = table.columns.find((each) => each.name === name)
  if (!column)
    throw new Problem('table.no_column', `The table has no column ${quotedName(name)}.`, { column: name })
  const out = new Float64Array(table.rows)
  for (let i = 0; i < out.length; i++)
    out[i] = column.nulls?.[i] === 1 ? Number.NaN : Number(column.values[i])
  return out
}

export function hasColumn(table: Table, name: string): boolean {
  return table.columns.some((each) => each.name === name)
}
