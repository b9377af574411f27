import { Problem } from '#problem.ts'
import { closest } from '#science/adql/schema.ts'

type Value = number | string | boolean | Date | null | undefined

type Piece = { text: string } | { name: string; at: number }

/** Most characters of a filled-in headline. */
const most = 300

/**
 * Text with `{names}`; `{{` and `}}` are braces. @throws Problem `notification.invalid` naming line and column, for braces
 * that do not close and names that are not among `names`.
 */
export function checkTemplate(template: string, names: readonly string[]): void {
  for (const piece of pieces(template)) {
    if ('text' in piece || names.includes(piece.name)) continue
    const near = closest(piece.name, names)
    const remedy = near
      ? `did you mean {${near}}?`
      : `there are ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}`
    throw fault(template, piece.at, `there is no value {${piece.name}}; ${remedy}`)
  }
}

/** Fills in: numbers to 4 significant digits, times in UTC to the second, `unknown` for what has no value. */
export function fillTemplate(template: string, values: Readonly<Record<string, Value>>): string {
  const filled = pieces(template)
    .map((piece) => ('text' in piece ? piece.text : shown(values[piece.name])))
    .join('')
    .replace(/\s+/g, ' ')
    .trim()
  return filled.length <= most ? filled : `${filled.slice(0, most - 1).toWellFormed()}…`
}

function shown(value: Value): string {
  if (value === null || value === undefined) return 'unknown'
  if (value instanceof Date) return value.toISOString().replace(/\.\d+Z$/, 'Z')
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return Number.isFinite(value) ? significant(value) : 'unknown'
  return value.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{3}Z$/, '$1Z')
}

function significant(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value)
  if (Math.abs(value) >= 1_000)
    return Math.round(value) < 1e15 ? String(Math.round(value)) : value.toPrecision(4)
  return String(Number(value.toPrecision(4)))
}

function pieces(template: string): Piece[] {
  const found: Piece[] = []
  let text = ''
  let at = 0
  while (at < template.length) {
    const two = template.slice(at, at + 2)
    if (two === '{{' || two === '}}') {
      text += two[0]
      at += 2
    } else if (template[at] === '{') {
      const name = /^\{\s*([A-Za-z_]\w*)\s*\}/.exec(template.slice(at))
      if (!name)
        throw fault(template, at, 'after "{" comes a name and "}"; a brace itself is written twice, {{')
      found.push({ text }, { name: name[1]!, at })
      text = ''
      at += name[0].length
    } else if (template[at] === '}') {
      throw fault(template, at, 'there is a "}" without "{"; a brace itself is written twice, }}')
    } else {
      text += template[at]
      at++
    }
  }
  found.push({ text })
  return found
}

function fault(template: string, at: number, sentence: string): Problem {
  const before = template.slice(0, at)
  const line = before.split('\n').length
  const column = at - before.lastIndexOf('\n')
  return new Problem(
    'notification.invalid',
    `Line ${line}, column ${column} of the headline: ${sentence}`.replace(/([^.?])$/, '$1.'),
    { line, column },
  )
}
