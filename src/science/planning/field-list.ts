/** Lists of fields as text: `id ra dec` by line, in columns of white space or commas, more columns ignored. */
import { Problem } from '#problem.ts'
import { normalizeDegrees } from '#science/sky/angles.ts'
import type { Field } from './model.ts'

/** More fields than any survey has. */
const MOST = 2_000_000

/**
 * Fields of a list: identifier, right ascension and declination in degrees ICRS. A first line that names its columns is
 * understood (`id` or `field`, `ra`, `dec`, anywhere); lines that begin with # or % and empty ones are passed over; with
 * two columns only, the identifiers are the numbers of the fields from 1.
 * @throws Problem planning.bad_fields naming the line
 */
export function readFields(text: string): Field[] {
  const fields: Field[] = []
  const lineOf = new Map<string, number>()
  let columns: Columns | null = null
  const lines = text.split(/\r\n|\n|\r/)
  for (const [i, raw] of lines.entries()) {
    const line = raw.replace(/^\uFEFF/, '').trim()
    if (line === '' || line.startsWith('#') || line.startsWith('%')) continue
    const cells = line.includes(',') ? line.split(',').map(unquoted) : line.split(/\s+/)
    if (!columns) {
      columns = namedColumns(cells, i + 1)
      if (columns) continue
      columns = cells.length === 2 ? { ra: 0, dec: 1 } : { id: 0, ra: 1, dec: 2 }
    }
    const ra = degreesIn(cells, columns.ra, 'right ascension', i + 1)
    const dec = degreesIn(cells, columns.dec, 'declination', i + 1)
    const id = columns.id === undefined ? String(fields.length + 1) : (cells[columns.id] ?? '')
    if (id === '') throw bad(i + 1, 'has no identifier; the first column is one')
    if (ra < -360 || ra > 360) {
      throw bad(i + 1, `has right ascension ${ra}; it is in degrees, 0 to 360`)
    }
    if (dec < -90 || dec > 90) throw bad(i + 1, `has declination ${dec}; it is −90 to 90 degrees`)
    const before = lineOf.get(id)
    if (before !== undefined) {
      throw bad(i + 1, `names field ${id} again, as line ${before} did; each has a name of its own`)
    }
    lineOf.set(id, i + 1)
    fields.push({ id, ra: normalizeDegrees(ra), dec })
    if (fields.length > MOST) throw bad(i + 1, `is one too many: a list holds at most ${MOST} fields`)
  }
  if (fields.length === 0) {
    throw new Problem(
      'planning.bad_fields',
      'The list of fields is empty; give a line "id ra dec" for each field.',
    )
  }
  return fields
}

interface Columns {
  readonly id?: number
  readonly ra: number
  readonly dec: number
}

/** Where a header has what; null for a line of numbers. */
function namedColumns(cells: readonly string[], line: number): Columns | null {
  const names = cells.map((cell) => cell.toLowerCase())
  const ra = names.findIndex((name) => /^(ra|ra_?deg|raj2000|ra_center|right[ _]?ascension)$/.test(name))
  const dec = names.findIndex((name) => /^(dec|de|decl|dec_?deg|dej2000|dec_center|declination)$/.test(name))
  const id = names.findIndex((name) =>
    /^(id|name|field|field[_ ]?id|field[_ ]?name|tile|tile[_ ]?id)$/.test(name),
  )
  if (ra >= 0 && dec >= 0) return { ra, dec, ...(id >= 0 ? { id } : {}) }
  if (cells.slice(1).some((cell) => cell !== '' && Number.isFinite(Number(cell)))) return null
  throw bad(
    line,
    `is neither "id ra dec" nor a header with columns id, ra and dec: it reads ${cells.join(' ')}`,
  )
}

function degreesIn(cells: readonly string[], column: number, what: string, line: number): number {
  const cell = cells[column] ?? ''
  const value = Number(cell)
  if (cell === '' || !Number.isFinite(value)) {
    throw bad(
      line,
      cell === ''
        ? `ends before its ${what} in column ${column + 1}`
        : `has ${cell} for its ${what} in column ${column + 1}; a number of degrees is expected`,
    )
  }
  return value
}

function unquoted(cell: string): string {
  const text = cell.trim()
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).trim() : text
}

function bad(line: number, what: string): Problem {
  return new Problem('planning.bad_fields', `Line ${line} of the list of fields ${what}.`, { line })
}
