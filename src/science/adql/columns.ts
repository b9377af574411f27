/** Conditions on tables in memory. */
import { cellSize, isInteger } from '#science/table/table.ts'
import type { Column, Table } from '#science/table/table.ts'
import type { Condition } from './condition.ts'
import { truth } from './condition.ts'
import { evaluator, momentOf } from './evaluate.ts'
import type { Schema, SchemaColumn, Value, ValueType } from './schema.ts'

function typeOf(column: Column): ValueType | undefined {
  if (column.offsets || cellSize(column) !== 1 || column.type.startsWith('complex')) return undefined
  if (column.type === 'boolean') return 'boolean'
  if (column.type === 'string') return column.xtype === 'timestamp' ? 'timestamp' : 'string'
  return isInteger(column.type) ? 'integer' : 'number'
}

/** The columns of a table that a condition can name: all but arrays and complex numbers. */
export function schemaOf(table: Table): Schema {
  const columns: SchemaColumn[] = []
  for (const column of table.columns) {
    const { name, unit, ucd, description } = column
    const type = typeOf(column)
    if (type === undefined) continue
    columns.push({
      name,
      type,
      ...(unit ? { unit } : {}),
      ...(ucd ? { ucd } : {}),
      ...(description ? { description } : {}),
    })
  }
  return { columns }
}

function readerOf(column: Column, type: ValueType): (row: number) => Value {
  const { values, nulls } = column
  const at = (row: number): Value => {
    const value = values[row]
    if (typeof value === 'number') {
      if (type === 'boolean') return value !== 0
      return Number.isFinite(value) ? value : null
    }
    return type === 'timestamp' && typeof value === 'string' ? (momentOf(value) ?? null) : value
  }
  return nulls ? (row) => (nulls[row] ? null : at(row)) : at
}

/** 1 for each row of the table that a condition (read against `schemaOf(table)`) holds for. */
export function tableMask({ typed }: Condition, table: Table): Uint8Array {
  const byName = new Map(table.columns.map((each) => [each.name, each]))
  const test = evaluator<number>(typed, (column) => {
    const found = byName.get(column.name)
    return found ? readerOf(found, column.type) : () => null
  })
  const mask = new Uint8Array(table.rows)
  for (let row = 0; row < table.rows; row++) mask[row] = truth(test(row)) === true ? 1 : 0
  return mask
}
