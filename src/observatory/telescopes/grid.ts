import { Problem } from '#problem.ts'
import type { Field } from '#science/planning/model.ts'
import { maxGridFields } from './grid-rule.ts'

/** A fixed field grid as a file: id, RA, Dec in degrees by line, separated by blanks, tabs, commas or semicolons. */

/** Largest grid file, bytes. */
export const maxGridBytes = 64 * 1024 * 1024
/** How many mistakes are named before reading stops. */
const mostNamed = 20

/**
 * Reads a grid. A first line of names says which columns are id, RA and Dec; without one they are the first three, or of
 * two columns RA and Dec, numbered from 1. Comments begin with # or %.
 * @throws Problem `telescope.invalid` with every mistake (the first 20) and its line in `details.problems`
 */
export function readGrid(bytes: Uint8Array, file: string): Field[] {
  const problems: { line: number | null; key: null; text: string }[] = []
  const fail = (line: number | null, text: string): void => void problems.push({ line, key: null, text })
  const text = new TextDecoder('utf-8').decode(bytes).replace(/^\uFEFF/, '')
  const fields: Field[] = []
  if (/[\0\uFFFD]/.test(text)) fail(null, 'it is not text; unpack it first if it is compressed')
  else {
    const seen = new Map<string, number>()
    let columns: Columns | undefined
    let number = 0
    for (const raw of text.split(/\r\n|[\r\n]/)) {
      number++
      const line = raw.trim()
      if (line === '' || line.startsWith('#') || line.startsWith('%')) continue
      const cells = cellsOf(line)
      if (columns === undefined) {
        const named = namedColumns(cells)
        if (named) {
          columns = named
          continue
        }
        columns = cells.length === 2 ? { id: -1, ra: 0, dec: 1 } : { id: 0, ra: 1, dec: 2 }
      }
      const field = fieldOf(cells, columns, fields.length + 1, (what) => fail(number, what))
      if (field) {
        const before = seen.get(field.id)
        if (before !== undefined) fail(number, `the field ${field.id} stands on line ${before} already`)
        seen.set(field.id, number)
        fields.push(field)
      }
      if (problems.length >= mostNamed) break
      if (fields.length > maxGridFields) {
        fail(number, `there are more than ${maxGridFields} fields`)
        break
      }
    }
    if (problems.length === 0 && fields.length === 0) fail(null, 'it holds no field')
  }
  if (problems.length === 0) return fields
  const [first] = problems
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  const place = first!.line === null ? file : `${file}:${first!.line}`
  throw new Problem('telescope.invalid', `${place}: ${first!.text}${more}.`, { problems, file })
}

interface Columns {
  id: number
  ra: number
  dec: number
}

/** Cells of a line; a comma or semicolon anywhere makes it a CSV line. */
function cellsOf(line: string): string[] {
  const separator = line.includes(',') ? ',' : line.includes(';') ? ';' : /\s+/
  return line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))
}

/** The columns that a line of names gives, or undefined where it is no such line. */
function namedColumns(cells: readonly string[]): Columns | undefined {
  const find = (pattern: RegExp): number => cells.findIndex((cell) => pattern.test(cell))
  const ra = find(/^_?ra(_?j?2000|_?deg)?( ?[[(].*)?$/i)
  const dec = find(/^_?de(c|cl)?(_?j?2000|_?deg)?( ?[[(].*)?$/i)
  if (ra < 0 || dec < 0) return undefined
  return { id: find(/^(field_?)?(id|name|field|number|num)$/i), ra, dec }
}

function fieldOf(
  cells: readonly string[],
  columns: Columns,
  running: number,
  fail: (what: string) => void,
): Field | undefined {
  const needed = Math.max(columns.id, columns.ra, columns.dec) + 1
  if (cells.length < needed) {
    fail(
      `holds ${cells.length} value${cells.length === 1 ? '' : 's'} where ${needed} are needed (id, RA, Dec)`,
    )
    return undefined
  }
  const id = columns.id < 0 ? String(running) : cells[columns.id]!.replace(/^(\d+)\.0*$/, '$1')
  const ra = degrees(cells[columns.ra]!)
  const dec = degrees(cells[columns.dec]!)
  if (!/^[\p{L}\p{N}_.+-]{1,40}$/u.test(id))
    fail(`the id ${JSON.stringify(id.slice(0, 40))} is no word of 1 to 40 letters, digits, _ . + -`)
  else if (!Number.isFinite(ra))
    fail(`the RA ${JSON.stringify(cells[columns.ra]!.slice(0, 40))} is no number of degrees`)
  else if (!Number.isFinite(dec))
    fail(`the Dec ${JSON.stringify(cells[columns.dec]!.slice(0, 40))} is no number of degrees`)
  else if (ra < -180 || ra > 360) fail(`the RA ${ra} lies outside 0 to 360 degrees`)
  else if (Math.abs(dec) > 90) fail(`the Dec ${dec} lies outside −90 to +90 degrees`)
  else return { id, ra: ra < 0 ? ra + 360 : ra === 360 ? 0 : ra, dec }
  return undefined
}

/** NaN for all that is not a plain decimal number. */
function degrees(cell: string): number {
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?$/i.test(cell) ? Number(cell) : Number.NaN
}

/** The grid as it is kept and given out. */
export function gridText(fields: readonly Field[]): string {
  return `id,ra,dec\n${fields.map(({ id, ra, dec }) => `${id},${ra},${dec}\n`).join('')}`
}
