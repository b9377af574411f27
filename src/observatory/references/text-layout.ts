/** How the lines of a text table are laid out: where the data begin, what is between fields, what the columns are called. */
import { Problem } from '#problem.ts'

export interface TextLayout {
  /** `runs`: any number of blanks. */
  readonly delimiter: string
  readonly runs: boolean
  readonly quoted: boolean
  /** Lines before the first row. */
  readonly skip: number
  /** Lines that begin with # between the rows. */
  readonly comments: boolean
  readonly names: readonly string[]
  readonly units: readonly (string | undefined)[]
  /** The file says no names; they are col1, col2, … or those of a known catalogue. */
  readonly headerless: boolean
  /** Rows of the beginning, for looking at. */
  readonly sample: readonly (readonly string[])[]
}

/** What stands for no value. */
export const nullWords = ['', 'null', 'NULL', 'Null', 'nan', 'NaN', 'NAN', 'None', 'N/A', '--'] as const

const isNumber = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text))
const isNull = (text: string): boolean => (nullWords as readonly string[]).includes(text.trim())

/** @throws Problem catalogue.invalid */
export function layoutOf(head: string, file: string, wanted?: string): TextLayout {
  const lines = head.replace(/^\ufeff/, '').split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  let first = 0
  while (first < lines.length && (lines[first]!.startsWith('#') || lines[first]!.trim() === '')) first++
  if (first >= lines.length)
    throw new Problem('catalogue.invalid', `${file} holds no row, only comments.`, { file })
  const rows = lines.slice(first, first + 200).filter((line) => !line.startsWith('#') && line.trim() !== '')
  const delimiter = wanted ?? delimiterOf(rows)
  const runs = delimiter === ' ' && rows.some((line) => / {2}|^ |\t/.test(line.replace(/\s+$/, '')))
  const fieldsOf = (line: string): string[] =>
    runs
      ? line.trim().split(/\s+/)
      : delimiter === ' '
        ? line.trimEnd().split(' ')
        : splitQuoted(line, delimiter)
  const fields = rows.map(fieldsOf)
  const width = fields[0]!.length
  const headed = fields[0]!.every((field) => !isNumber(field) && !isNull(field)) && fields.length > 1
  const comment = first > 0 ? commentNames(lines, first, width, fieldsOf) : undefined
  const base = {
    delimiter,
    runs,
    quoted: delimiter !== ' ',
    comments: rows.length < lines.slice(first, first + 200).length,
  }
  if (headed) {
    // VizieR writes units and a ruler below the names.
    const ruler = fields[2] !== undefined && /^[-\s]+$/.test(rows[2]!.replaceAll(delimiter, ''))
    const named = fields[0]!.map(nameAndUnit)
    return {
      ...base,
      skip: first + (ruler ? 3 : 1),
      names: distinct(named.map(({ name }) => name)),
      units: named.map(({ unit }, i) => unit ?? (ruler ? fields[1]![i]?.trim() || undefined : undefined)),
      headerless: false,
      sample: fields.slice(ruler ? 3 : 1),
    }
  }
  const named = comment?.map(nameAndUnit)
  return {
    ...base,
    skip: first,
    names: named ? distinct(named.map(({ name }) => name)) : fields[0]!.map((_, i) => `col${i + 1}`),
    units: named ? named.map(({ unit }) => unit) : fields[0]!.map(() => undefined),
    headerless: named === undefined,
    sample: fields,
  }
}

/** Names in the last comment before the rows, where there are as many words as columns. */
function commentNames(
  lines: readonly string[],
  first: number,
  width: number,
  fieldsOf: (line: string) => string[],
): string[] | undefined {
  for (let i = first - 1; i >= 0; i--) {
    if (!lines[i]!.startsWith('#')) continue
    const text = lines[i]!.replace(/^#+\s*/, '')
    const words = fieldsOf(text)
    return words.length === width && words.every((word) => !isNumber(word)) ? words : undefined
  }
  return undefined
}

function delimiterOf(rows: readonly string[]): string {
  for (const candidate of [',', '\t', ';', '|']) {
    const counts = rows.slice(0, 50).map((line) => splitQuoted(line, candidate).length)
    if (counts[0]! > 1 && counts.every((count) => count === counts[0])) return candidate
  }
  const first = rows[0] ?? ''
  return (
    [',', '\t', ';', '|'].find((candidate) => first.includes(candidate) && !/\S\s+\S+\s+\S/.test(first)) ??
    ' '
  )
}

function splitQuoted(line: string, delimiter: string): string[] {
  const fields: string[] = []
  let field = ''
  let inside = false
  for (let i = 0; i < line.length; i++) {
    const letter = line[i]!
    if (letter === '"') {
      if (inside && line[i + 1] === '"') {
        field += '"'
        i++
      } else inside = !inside
    } else if (letter === delimiter && !inside) {
      fields.push(field)
      field = ''
    } else field += letter
  }
  return [...fields, field]
}

function nameAndUnit(text: string): { name: string; unit?: string } {
  const match = /^\s*(.*?)\s*[[(]([^\])]*)[\])]\s*$/.exec(text)
  return match && match[1] !== '' ? { name: match[1]!, unit: match[2]! } : { name: text.trim() }
}

/** Names that differ also where capitals do not count. */
export function distinct(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name, i) => {
    const base = name === '' ? `col${i + 1}` : name
    let unique = base
    for (let n = 2; taken.has(unique.toLowerCase()); n++) unique = `${base}_${n}`
    taken.add(unique.toLowerCase())
    return unique
  })
}
