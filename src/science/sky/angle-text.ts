/** How angles are read from text: numbers with units → fields → one value. Used by angles.ts. */
import { Problem } from '#problem.ts'

export type AngleUnit = 'hours' | 'degrees'
/** One angle as written: `unit` undefined where the text names none. */
export interface Reading {
  value: number
  fields: number
  unit: AngleUnit | undefined
  colons: boolean
  text: string
}
export interface Token {
  sign: '' | '+' | '-'
  digits: string
  unit: string
  /** What stands between this number and the one before. */
  gap: '' | ' ' | ':' | ','
  start: number
  end: number
}

const number = /([+-]?)\s*(\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)/iy
const unitName =
  /\s*(hours?|hrs?|degrees?|degs?|radians?|rad|arcminutes?|arcmins?|arcseconds?|arcsecs?|mas|minutes?|mins?|seconds?|secs?|''|[hdmsʰᵈᵐˢ°º'"])(?![a-z])/iy
export const minusSigns = /[‐‑‒–—―−﹣－]/g
const unitOf: Record<string, string> = {
  ʰ: 'h',
  ᵈ: 'd',
  ᵐ: 'm',
  ˢ: 's',
  '°': 'd',
  º: 'd',
  "''": '"',
}

/** The numbers of a text with their signs, units and what stands between them. */
export function tokenize(text: string, original: string = text): Token[] {
  const plain = text
    .normalize('NFC')
    .replaceAll(minusSigns, '-')
    .replaceAll(/[′’‘ʹ]/g, "'")
    .replaceAll(/[″”“ʺ]/g, '"')
    .replaceAll(/[\u00a0\u2000-\u200b\u202f\u3000]/g, ' ')
    .replaceAll(/(?<![a-z])(?:ra|r\.a\.|α|dec|decl|δ)\s*[:=]?(?![a-z])/gi, ' ')
  const tokens: Token[] = []
  let at = 0
  let gap: Token['gap'] = ''
  while (true) {
    const space = /[\s,;:]*/y
    space.lastIndex = at
    const between = space.exec(plain)![0]
    at += between.length
    if (at >= plain.length) break
    if (tokens.length > 0)
      gap = /[,;]/.test(between) ? ',' : between.includes(':') ? ':' : between === '' ? '' : ' '
    number.lastIndex = at
    const match = number.exec(plain)
    const colons = between.split(':').length - 1
    if (!match || colons > 1 || (colons === 1 && (tokens.length === 0 || /[,;]/.test(between))))
      throw unreadable(original, plain.slice(match ? at - between.length : at).trim())
    const start = at
    at = number.lastIndex
    unitName.lastIndex = at
    const unit = unitName.exec(plain)
    if (unit) at = unitName.lastIndex
    const raw = unit?.[1].toLowerCase() ?? ''
    tokens.push({
      sign: match[1] as Token['sign'],
      digits: match[2],
      unit: unitOf[raw] ?? shortUnit(raw),
      gap,
      start,
      end: at,
    })
  }
  if (tokens.length === 0) throw unreadable(original, original.trim())
  return tokens
}

/** `hours` → h, `deg` → d, `arcmin` → ', `arcsec` → ", `min` → m, `sec` → s; mas and rad stay. */
function shortUnit(name: string): string {
  if (name === 'mas') return 'mas'
  if (name.startsWith('rad')) return 'rad'
  if (name.startsWith('arcm')) return "'"
  if (name.startsWith('arcs')) return '"'
  return name.slice(0, 1)
}

/** Where right ascension ends: a comma, a second h or d, a sign, a space between colon groups, or the middle. */
export function splitDirection(tokens: Token[], text: string): [Token[], Token[]] {
  const cut = (at: number): [Token[], Token[]] => [tokens.slice(0, at), tokens.slice(at)]
  const comma = tokens.filter((token) => token.gap === ',')
  if (comma.length === 1) return cut(tokens.indexOf(comma[0]))
  const heads = tokens.flatMap((token, i) => (i > 0 && (token.unit === 'h' || token.unit === 'd') ? [i] : []))
  if (heads.length > 0 && (tokens[0].unit === 'h' || tokens[0].unit === 'd') && heads.length === 1)
    return cut(heads[0])
  const signs = tokens.flatMap((token, i) => (i > 0 && token.sign !== '' ? [i] : []))
  if (signs.length === 1) return cut(signs[0])
  if (heads.length === 1 && signs.length === 0) return cut(heads[0])
  if (tokens.some((token) => token.gap === ':')) {
    const spaces = tokens.flatMap((token, i) => (i > 0 && token.gap === ' ' ? [i] : []))
    if (spaces.length === 1) return cut(spaces[0])
  }
  const count = tokens.length
  if (signs.length === 0 && (count === 2 || count === 6)) return cut(count / 2)
  throw new Problem(
    signs.length === 0 && count === 4 ? 'angle.ambiguous' : 'angle.unreadable',
    `Cannot tell where right ascension ends and declination begins in "${text.trim()}"; separate them by a comma, or sign the declination.`,
    { text },
  )
}

/** One angle from its tokens. */
export function readAngle(tokens: Token[], whole: string): Reading {
  const plain = tokens.map(
    (token) => (token.gap === ':' ? ':' : token.gap) + token.sign + token.digits + token.unit,
  )
  const text = plain.join('').trim()
  const fail = () => unreadable(whole, text)
  if (tokens.length > 3 || tokens.slice(1).some((token) => token.sign !== '' || token.gap === ','))
    throw fail()
  const colons = tokens.some((token) => token.gap === ':')
  if (colons && tokens.some((token) => token.unit !== '')) throw fail()
  const values = tokens.map((token) => Number(token.digits))
  const sign = tokens[0].sign === '-' ? -1 : 1
  const first = tokens[0].unit
  if (tokens.length === 1) {
    const factor = singleUnits[first]
    if (factor === undefined) throw fail()
    const unit = first === 'h' ? 'hours' : first === '' ? undefined : 'degrees'
    return { value: sign * values[0] * factor, fields: 1, unit, colons, text }
  }
  // All but the last field are whole numbers; units, where written, run downwards from h or d.
  if (tokens.slice(0, -1).some((token) => !/^\d+$/.test(token.digits))) throw fail()
  if (first !== '' && first !== 'h' && first !== 'd') throw fail()
  const allowed = [[first], ['m', "'"], ['s', '"']]
  const named = tokens.every(
    (token, i) =>
      i === 0 ||
      (first !== '' && (token.unit === '' ? i === tokens.length - 1 : allowed[i].includes(token.unit))),
  )
  if (first !== '' && !named) throw fail()
  if (first === '' && tokens.some((token) => token.unit !== '')) throw fail()
  const reading = sexagesimalValue(values, text, whole)
  const unit = first === 'h' ? 'hours' : first === 'd' ? 'degrees' : undefined
  return { ...reading, value: sign * reading.value, unit, colons }
}

const singleUnits: Record<string, number> = {
  '': 1,
  h: 1,
  d: 1,
  "'": 1 / 60,
  '"': 1 / 3600,
  mas: 1 / 3_600_000,
  rad: 180 / Math.PI,
}

/** Two or three fields, checked. */
export function sexagesimalValue(values: number[], text: string, whole: string): Reading {
  const [head, minutes, seconds = 0] = values
  if (minutes >= 60 || seconds >= 60)
    throw new Problem(
      'angle.out_of_range',
      `"${text}" in "${whole.trim()}" has ${minutes >= 60 ? `${minutes} minutes` : `${seconds} seconds`}; they must be less than 60.`,
      { text: whole, part: text },
    )
  // One division keeps the value correctly rounded to the last bit but one.
  const value = (head * 3600 + minutes * 60 + seconds) / 3600
  return { value, fields: values.length, unit: undefined, colons: false, text }
}

function unreadable(whole: string, part: string): Problem {
  const where = part === whole.trim() ? `"${part}"` : `"${part}" in "${whole.trim()}"`
  return new Problem(
    'angle.unreadable',
    `Cannot read ${where} as an angle; forms such as 12.5 -33.1, 12h34m56.7s +01d02m03s or 12:34:56.7 +01:02:03 are understood.`,
    { text: whole, part },
  )
}
