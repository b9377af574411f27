import { Problem } from '#problem.ts'
import { tableOf, type Table } from '#science/table/table.ts'

/** True for the first line of SExtractor's ASCII_HEAD: "#   1 NUMBER …". */
export const isAsciiHead = (start: string): boolean => /^#\s+1\s+[A-Za-z_]\w*/.test(start)

/** Numbers in columns under one line of comment each, as SExtractor writes them. @throws Problem table.invalid */
export function readAsciiHead(bytes: Uint8Array): Table {
  const lines = new TextDecoder('latin1').decode(bytes).split(/\r?\n/)
  const named = lines.flatMap((line) => {
    const [, place, name, rest = ''] = /^#\s+(\d+)\s+(\S+)(.*)$/.exec(line) ?? []
    if (place === undefined || name === undefined) return []
    const unit = /\[([^\]]+)\]\s*$/.exec(rest)?.[1]
    return [{ at: Number(place) - 1, name, ...(unit === undefined ? {} : { unit }) }]
  })
  const rows = lines.flatMap((line, i) => {
    const text = line.trim()
    if (text === '' || text.startsWith('#')) return []
    const numbers = text.split(/\s+/).map(Number)
    if (numbers.length <= named.at(-1)!.at || numbers.some(Number.isNaN))
      throw new Problem(
        'table.invalid',
        `Line ${i + 1} does not hold the ${named.at(-1)!.at + 1} numbers that the head of the catalogue names.`,
      )
    return [numbers]
  })
  // Of a column of several numbers the first is taken.
  return tableOf({
    columns: named.map(({ at, ...column }) => ({
      ...column,
      values: Float64Array.from(rows, (row) => row[at]!),
    })),
  })
}
