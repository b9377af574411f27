import { Problem } from '#problem.ts'

/** Limits of what is looked at; larger or deeper input is a mistake or an attack. */
export const maxNoticeBytes = 32 * 1024 * 1024
export const maxDepth = 64

/** Text of the bytes where they are UTF-8 (a byte-order mark is dropped), else null. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

/**
 * JSON object in `text`, or null where the text is no JSON object. Nesting deeper than `maxDepth` is refused before
 * anything is built.
 */
export function jsonObject(text: string): Record<string, unknown> | null {
  checkDepth(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Problem(
      'notice.unreadable',
      `The message looks like JSON but is broken: ${error instanceof Error ? short(error.message) : 'no reason given'}.`,
      {},
      error,
    )
  }
  return isRecord(value) ? value : null
}

function checkDepth(text: string): void {
  const marks = /["{}[\]]/g
  let depth = 0
  for (let mark = marks.exec(text); mark; mark = marks.exec(text)) {
    const c = mark[0]
    if (c === '"') {
      let end = text.indexOf('"', mark.index + 1)
      while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
      if (end < 0) return
      marks.lastIndex = end + 1
    } else if (c === '{' || c === '[') {
      if (++depth > maxDepth) {
        throw new Problem(
          'notice.unreadable',
          `The message nests JSON deeper than ${maxDepth} levels; no notice does.`,
          {
            maxDepth,
          },
        )
      }
    } else depth--
  }
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0
  while (text[at - 1 - slashes] === '\\') slashes++
  return slashes % 2 === 1
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A finite number, also where it was written as a string; otherwise null. */
export function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'string' || value.trim() === '') return null
  const n = Number(value)
  return Number.isFinite(n) ? n : null
}

/** Longer strings of a notice are cut: no name, address or word is so long. */
const maxString = 2000

/** A non-empty string (numbers are written out), cut at 2,000 characters; otherwise null. */
export function stringOf(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, maxString) : null
}

/** Strings of a string or a list of strings, at most 50. */
export function stringsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value.slice(0, 50) : [value]).map(stringOf).filter((s) => s !== null)
}

export function booleanOf(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value
  if (value === 1 || value === '1' || (typeof value === 'string' && /^true$/i.test(value))) return true
  if (value === 0 || value === '0' || (typeof value === 'string' && /^false$/i.test(value))) return false
  return null
}

/** Numbers of an object of numbers, at most 100; anything else in it is left out. */
export function numbersOf(value: unknown): Record<string, number> {
  if (!isRecord(value)) return {}
  const out: Record<string, number> = {}
  for (const [key, v] of Object.entries(value).slice(0, 100)) {
    const n = numberOf(v)
    if (n !== null) out[key.slice(0, 100)] = n
  }
  return out
}

const isoPattern =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/i

/**
 * UTC as ISO 8601 with `Z`, keeping the digits printed (to the microsecond), from any of the forms that notices use:
 * with or without `Z`, `T` or a blank, with an offset, which is taken out. Null where it is no date.
 */
export function isoUtc(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const m = isoPattern.exec(value.trim())
  if (!m) return null
  const [, year, month, day, hour, minute, second = '00', fraction = '', zone = 'Z'] = m
  const leap = second === '60'
  let ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${leap ? '59' : second}Z`)
  // Date.parse takes 30 February for 2 March; a date that does not come back as it went in is none.
  if (Number.isNaN(ms) || new Date(ms).getUTCDate() !== Number(day)) return null
  const offset = /^([+-])(\d{2}):?(\d{2})$/.exec(zone)
  if (offset) ms -= (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) * 60_000
  const base = new Date(ms).toISOString().slice(0, 19)
  const digits = fraction.slice(0, 6)
  return `${leap ? base.slice(0, 17) + '60' : base}${digits ? '.' + digits : ''}Z`
}

/** Milliseconds since 1970 of an `isoUtc` string (a leap second counts as the one before it). */
export function millisOf(iso: string): number {
  return Date.parse(iso.replace(':60', ':59'))
}

/**
 * Bytes of base64 text, strictly: a character that does not belong there is an error, not skipped.
 * `name` is the field, for the sentence.
 */
export function base64Bytes(text: string, name: string): Uint8Array<ArrayBuffer> {
  const clean = /\s/.test(text) ? text.replace(/\s+/g, '') : text
  const bad = /[^A-Za-z0-9+/=]/.exec(clean)
  if (bad) {
    throw new Problem(
      'notice.map_unreadable',
      `${name} is not base64: ${JSON.stringify(bad[0])} at character ${bad.index + 1} does not belong there.`,
      { field: name, at: bad.index },
    )
  }
  const padding = clean.indexOf('=')
  if (clean.length % 4 === 1 || (padding >= 0 && (padding < clean.length - 2 || clean.length % 4 !== 0))) {
    throw new Problem(
      'notice.map_unreadable',
      `${name} is not whole base64: ${clean.length} characters; it was cut.`,
      {
        field: name,
      },
    )
  }
  return new Uint8Array(Buffer.from(clean, 'base64'))
}

/** What a reader of maps says, with the map named; sentences that name it already stay. */
export function mapSentence(kind: 'map' | 'combined', message: string): string {
  if (/sky map/i.test(message)) return message
  return `The ${kind === 'combined' ? 'combined ' : ''}sky map cannot be used: ${message}`
}

/** First line, at most 160 characters. */
export function short(text: string): string {
  const line = text.split('\n', 1)[0]!
  return line.length > 160 ? line.slice(0, 157) + '…' : line
}

/** A copy for keeping: long strings cut, lists and depth bounded, so that it stays far below 64 kB. */
export function trimmed(value: unknown, depth = 0): unknown {
  if (typeof value === 'string')
    return value.length > 500 ? `${value.slice(0, 60)}… (${value.length} characters)` : value
  if (Array.isArray(value)) return depth > 6 ? '…' : value.slice(0, 50).map((v) => trimmed(v, depth + 1))
  if (isRecord(value)) {
    if (depth > 6) return '…'
    return Object.fromEntries(
      Object.entries(value)
        .slice(0, 120)
        .map(([k, v]) => [k.slice(0, 80), trimmed(v, depth + 1)]),
    )
  }
  return value
}

export const secondsPerYear = 365.25 * 86400

/** A rate in Hz from a value and its unit; null where the unit is no rate. */
export function rateHz(value: number, unit: string): number | null {
  const u = unit.trim().toLowerCase()
  if (u === '' || u === 'hz' || u === 's^-1' || u === '1/s') return value
  if (/^(yr|year)s?\^?-1$|^(1\/|per )(yr|year)$/.test(u)) return value / secondsPerYear
  if (/^(d|day)s?\^?-1$|^(1\/|per )(d|day)$/.test(u)) return value / 86400
  return null
}
