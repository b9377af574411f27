import type { ColumnKind } from '#platform/columns/columns.ts'
import { cellSize, type Column } from '#science/table/table.ts'

/** Type that a column of a table gets; undefined for arrays and complex numbers, which are left out. */
export function kindsOf(column: Column): ColumnKind | undefined {
  if (column.offsets || cellSize(column) !== 1 || column.type.startsWith('complex')) return undefined
  switch (column.type) {
    case 'boolean':
      return 'BOOLEAN'
    case 'float32':
      return 'FLOAT'
    case 'float64':
    case 'uint64':
      return 'DOUBLE'
    case 'int64':
    case 'uint32':
      return 'BIGINT'
    case 'string':
      return 'VARCHAR'
    default:
      return 'INTEGER'
  }
}

/** Values of a column as the engine takes them. */
export function batchOf(column: Column, rows: number): (null | boolean | number | bigint | string)[] {
  const kind = kindsOf(column)
  const { values, nulls } = column
  return Array.from({ length: rows }, (_, i) => {
    if (nulls?.[i]) return null
    const value = values[i]!
    if (kind === 'BOOLEAN') return value !== 0
    if (kind === 'BIGINT') return typeof value === 'bigint' ? value : BigInt(value)
    if (kind === 'DOUBLE' || kind === 'FLOAT') {
      const number = Number(value)
      return Number.isNaN(number) ? null : number
    }
    return value
  })
}
