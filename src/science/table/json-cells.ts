/** Array cells of ECSV: JSON in a field; null for an element without value. */
import { Problem } from '#problem.ts'
import { arrayOf, cellOf, isFloat } from './table.ts'
import type { Column, ColumnInput, ColumnType } from './table.ts'
import { fieldText, placeOfField, putWord } from './text-values.ts'
import type { Fields } from './text-values.ts'

/** A JSON array as flat words; integers keep every digit, which JSON.parse would lose. */
function wordsOf(text: string): (string | null)[] | undefined {
  const out: (string | null)[] = []
  const tokens = /\s*(?:([[\],])|"((?:[^"\\]|\\.)*)"|([^\s[\],"]+))/y
  let depth = 0
  while (tokens.lastIndex < text.length) {
    const found = tokens.exec(text)
    if (!found) return text.slice(tokens.lastIndex).trim() === '' || depth === 0 ? out : undefined
    if (found[1] === '[') depth++
    else if (found[1] === ']') depth--
    else if (found[2] !== undefined) out.push(JSON.parse(`"${found[2]}"`) as string)
    else if (found[3] !== undefined) out.push(found[3] === 'null' ? null : found[3])
  }
  return depth === 0 ? out : undefined
}

/** Reads one column of arrays: of a fixed shape, or of any length. Throws `table.invalid` with line and column. */
export function readJsonCells(
  fields: Fields,
  column: number,
  type: ColumnType,
  shape: readonly number[] | undefined,
  name: string,
): Omit<ColumnInput, 'name'> {
  const rows = fields.rows - 1
  const size = shape?.reduce((product, each) => product * each, 1)
  const offsets = new Float64Array(rows + 1)
  const cells: (string | null)[][] = []
  const fail = (row: number, why: string): never => {
    const place = placeOfField(fields, (row + 1) * fields.width + column)
    throw new Problem('table.invalid', `Line ${place.line}, column ${place.column}: "${name}" ${why}.`, {
      ...place,
      name,
    })
  }
  for (let row = 0; row < rows; row++) {
    const text = fieldText(fields, (row + 1) * fields.width + column)
    let words: (string | null)[] | undefined
    try {
      words = text === '' ? Array.from({ length: size ?? 0 }, () => null) : wordsOf(text)
    } catch {
      words = undefined
    }
    if (!words) return fail(row, 'holds no JSON array')
    if (size !== undefined && words.length !== size)
      fail(row, `has ${words.length} elements, ${size} are declared`)
    cells.push(words)
    offsets[row + 1] = offsets[row] + words.length
  }
  const values = arrayOf(type, offsets[rows])
  const nulls = new Uint8Array(offsets[rows])
  for (const [row, words] of cells.entries()) {
    for (const [i, word] of words.entries()) {
      const at = offsets[row] + i
      if (word === null) {
        nulls[at] = 1
        if (isFloat(type)) values[at] = NaN
      } else if (!putWord(values, type, at, word))
        fail(row, `holds "${word.slice(0, 40)}", which is no ${type}`)
    }
  }
  return { type, values, nulls, ...(shape ? { shape } : { offsets }) }
}

function elementText(column: Column, index: number): string {
  const { values, type, nulls } = column
  if (nulls?.[index]) return 'null'
  const value = values[index]
  if (type === 'string') return JSON.stringify(value)
  if (type === 'boolean') return value ? 'true' : 'false'
  if (typeof value !== 'number' || Number.isFinite(value)) {
    // A float keeps its point, as Python prints it; -0 its sign.
    return Object.is(value, -0) ? '-0.0' : String(value)
  }
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}

/** The cell of a row as JSON, nested by the column's shape. */
export function writeJsonCell(column: Column, row: number): string {
  const [start, end] = cellOf(column, row)
  const nest = (from: number, to: number, shape: readonly number[]): string => {
    const parts: string[] = []
    if (shape.length <= 1) for (let i = from; i < to; i++) parts.push(elementText(column, i))
    else {
      const step = (to - from) / shape[0]
      for (let i = 0; i < shape[0]; i++)
        parts.push(nest(from + i * step, from + (i + 1) * step, shape.slice(1)))
    }
    return `[${parts.join(',')}]`
  }
  return nest(start, end, column.offsets ? [] : (column.shape ?? []))
}
