import { Problem } from '#problem.ts'
import { parseDeclination, parseDirection, parseRightAscension } from '#science/sky/angles.ts'
import { findSite } from '#science/sky/sites.ts'
import type { Source } from './dialect.ts'
import type { Cards } from './cards.ts'
import type { Facts, FrameSite } from './frame.ts'

/** Values as headers write them → values as they are kept. */

/** A value, or why what is there is none; neither where the header is silent. */
export interface Read<T> {
  value?: T
  /** Keyword and what had to be assumed. */
  from?: string
  why?: string
  doubts?: string[]
}

/** Words that headers write where they know nothing. */
const nothing =
  /^(|none|null|nan|n\/?a|unknown|undefined|undef|indef|not available|not set|-+|\?+|-?999(\.0*|9+(\.0*)?)?)$/i

export function isNothing(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    (typeof value === 'number' && !Number.isFinite(value)) ||
    ((typeof value === 'string' || typeof value === 'number') && nothing.test(String(value).trim()))
  )
}

export function textOf(cards: Cards, keyword: string): Read<string> {
  const value = cards.value(keyword)
  if (isNothing(value) || typeof value === 'boolean' || typeof value === 'object') return {}
  return { value: String(value).trim().replaceAll(/\s+/g, ' ').slice(0, 200) }
}

function numberOf(cards: Cards, keyword: string, label: string): Read<number> {
  const value = cards.value(keyword)
  if (isNothing(value)) return {}
  const number = cards.number(keyword)
  if (number !== undefined && Number.isFinite(number)) return { value: number }
  return { why: `${keyword} = ${JSON.stringify(String(value).slice(0, 40))} is no number for the ${label}.` }
}

const seconds: readonly (readonly [unit: RegExp, seconds: number])[] = [
  [/^(d|days?)$/i, 86_400],
  [/^(h|hrs?|hours?)$/i, 3600],
  [/^(min|mins|minutes?)$/i, 60],
  [/^(ms|msec|milli-?seconds?)$/i, 1e-3],
  [/^(us|usec|micro-?seconds?)$/i, 1e-6],
]

/** Seconds in the unit that a comment begins with in brackets, as FITS 4.0 has it (§4.3.2); 1 where it names none. */
export function secondsOf(cards: Cards, keyword: string): number {
  const unit = /^\s*[[(]\s*([a-z-]+)\s*[\])]/i.exec(cards.comment(keyword))?.[1] ?? ''
  return seconds.find(([words]) => words.test(unit))?.[1] ?? 1
}

/** A number of one or several keywords, within what can be. */
export function combined(
  cards: Cards,
  source: Source,
  label: string,
  least: number,
  most: number,
): Read<number> {
  const keywords = [source.keyword, ...(source.with ?? [])]
  const read = keywords.map((keyword) => numberOf(cards, keyword, label))
  const bad = read.find(({ why }) => why !== undefined)
  if (bad) return bad
  if (read.some(({ value }) => value === undefined)) return {}
  const values = read.map(({ value }) => value! * (source.factor ?? 1))
  const from = keywords.join(', ')
  const value = combine(values, source.combine)
  const [low, high, otherwise] = source.between ?? [least, most, `cannot be its ${label}`]
  if (value < least || value > most) return { why: `${from} = ${value} cannot be a ${label}.` }
  if (value < low || value > high) return { why: `${from} = ${value} ${otherwise}.` }
  if (source.combine === 'mean' && Math.max(...values) > 1.1 * Math.min(...values))
    return {
      why: `${keywords.map((keyword, i) => `${keyword} = ${values[i]}`).join(' and ')}: no one ${label}.`,
    }
  const doubts =
    values.length > 1 && source.combine !== 'product'
      ? [`The ${label} is the ${words[source.combine ?? 'mean']} of ${from} (${values.join(', ')}).`]
      : []
  return { value, from, doubts }
}

const words: Readonly<Record<string, string>> = { mean: 'mean', least: 'least', most: 'largest' }

function combine(values: readonly number[], how: Source['combine']): number {
  if (how === 'least') return Math.min(...values)
  if (how === 'most') return Math.max(...values)
  if (how === 'product') return values.reduce((product, value) => product * value, 1)
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Right ascension and declination: degrees as numbers, or sexagesimal, where the first is hours. */
export function pairOf(cards: Cards, source: Source): Read<NonNullable<Facts['pointing']>> {
  const keywords = [source.keyword, source.with![0]!]
  const [ra, dec] = keywords.map((keyword) => cards.value(keyword))
  if (isNothing(ra) || isNothing(dec)) return {}
  const from = keywords.join(', ')
  const [x, y] = keywords.map((keyword) => cards.number(keyword))
  try {
    const plain = x !== undefined && y !== undefined
    const hours = plain && source.angle === 'hours' && typeof ra === 'string' && /[ :h]/.test(ra.trim())
    const found =
      plain && !hours
        ? { ra: x, dec: y }
        : x === undefined && y === undefined
          ? parseDirection(`${String(ra).trim()}, ${signed(String(dec))}`)
          : { ra: x ?? parseRightAscension(String(ra)), dec: y ?? parseDeclination(String(dec)) }
    if (found.ra < -180 || found.ra > 360 || Math.abs(found.dec) > 90)
      return { why: `${from} = ${found.ra}, ${found.dec} is no direction.` }
    return { value: { ra: found.ra < 0 ? found.ra + 360 : found.ra, dec: found.dec }, from }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return {
      why: `${from} = ${JSON.stringify(`${String(ra)}, ${String(dec)}`)} cannot be read as a direction.`,
    }
  }
}

/** A declination without a sign is one to the north; said so, it cannot be mistaken for a second right ascension. */
function signed(dec: string): string {
  return /^\s*[+\-−]/.test(dec) ? dec.trim() : `+${dec.trim()}`
}

/** `[1:2048,1:4096]`, from 1 and both ends included, as pixels from 0, within the image. */
export function sectionOf(
  cards: Cards,
  keyword: string,
  shape: readonly number[],
): Read<NonNullable<Facts['dataSection']>> {
  const value = cards.value(keyword)
  if (isNothing(value)) return {}
  const text = String(value).trim()
  const ends = /^\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]$/.exec(text)?.slice(1).map(Number)
  if (!ends) return { why: `${keyword} = "${text.slice(0, 40)}" is no section.` }
  const [xa, xb, ya, yb] = ends as [number, number, number, number]
  const section = {
    x0: Math.min(xa, xb) - 1,
    x1: Math.max(xa, xb),
    y0: Math.min(ya, yb) - 1,
    y1: Math.max(ya, yb),
  }
  const [width = 0, height = 0] = shape
  if (section.x0 < 0 || section.y0 < 0 || section.x1 > width || section.y1 > height)
    return { why: `${keyword} = "${text}" reaches beyond the image of ${width} × ${height} pixels.` }
  return { value: section }
}

/** A place on Earth by numbers, or by the name of a built-in one. */
export function siteOf(cards: Cards, { keyword, site }: Source): Read<FrameSite> {
  if (site === undefined) {
    const { value: name } = textOf(cards, keyword)
    if (name === undefined) return {}
    try {
      const { name: full, longitudeDeg, latitudeDeg, heightM } = findSite(name)
      return { value: { name: full, longitudeDeg, latitudeDeg, heightM } }
    } catch {
      return { why: `${keyword} = "${name.slice(0, 60)}" is no site that is known here.` }
    }
  }
  const keywords = [site.longitude, site.latitude, ...(site.height ? [site.height] : [])]
  const [longitude, latitude, height] = keywords.map((each) => degreesOf(cards, each))
  if (longitude === undefined || latitude === undefined) return {}
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 360)
    return { why: `${keywords.join(', ')} = ${longitude}, ${latitude} is no place on Earth.` }
  const name = ['SITE', 'SITENAME', 'OBSERVAT', 'ORIGIN'].flatMap(
    (each) => textOf(cards, each).value ?? [],
  )[0]
  const west = longitude > 0 && longitude <= 180 && /\bwest/i.test(cards.comment(site.longitude))
  const east = west ? -longitude : longitude > 180 ? longitude - 360 : longitude
  const doubts = west
    ? [`${site.longitude} = ${longitude} is taken as west of Greenwich, as its comment says.`]
    : []
  return {
    doubts,
    value: { name: name ?? null, longitudeDeg: east, latitudeDeg: latitude, heightM: height ?? null },
    from: keywords.join(', '),
  }
}

function degreesOf(cards: Cards, keyword: string): number | undefined {
  const number = cards.number(keyword)
  if (number !== undefined && Number.isFinite(number)) return number
  const text = textOf(cards, keyword).value
  const parts = /^([+-]?)(\d+)[ :d°]+(\d+)[ :m']+([\d.]+)/.exec(text ?? '')
  if (!parts) return undefined
  const degrees = Number(parts[2]) + Number(parts[3]) / 60 + Number(parts[4]) / 3600
  return parts[1] === '-' ? -degrees : degrees
}
