/** FITS headers: the cards of one HDU in their order, looked up by keyword. Standard: FITS 4.0, §3.3 and §4. */
import { Problem } from '#problem.ts'
import { formatCard, parseCard } from './card.ts'
import type { Card, CardValue } from './card.ts'

export const blockLength = 2880

export interface Header {
  readonly cards: readonly Card[]
  /** First card of each keyword: where a keyword is repeated the first counts, as in astropy. */
  readonly first: ReadonlyMap<string, Card>
}

/** A header made of cards; their order is kept. */
export function headerOf(cards: readonly Card[]): Header {
  const first = new Map<string, Card>()
  for (const card of cards) if (!first.has(card.keyword)) first.set(card.keyword, card)
  return { cards, first }
}

/** A new card with a value. */
export function card(keyword: string, value: CardValue, comment = ''): Card {
  return { keyword: keyword.toUpperCase(), value, comment, commentary: false }
}

/** A COMMENT, HISTORY or blank card. */
export function remark(keyword: 'COMMENT' | 'HISTORY' | '', text: string): Card {
  return { keyword, value: null, comment: text, commentary: true }
}

/** Text of header bytes, one character per byte. */
export function asciiOf(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return text
}

/** Position of the END card in header bytes that start a HDU, or -1 where it is not among them. */
export function endOfCards(bytes: Uint8Array, from = 0): number {
  for (let at = from; at + 80 <= bytes.length; at += 80) {
    if (bytes[at] !== 69 || bytes[at + 1] !== 78 || bytes[at + 2] !== 68) continue
    let blank = true
    for (let i = 3; i < 80 && blank; i++) blank = bytes[at + i] === 32 || bytes[at + i] === 0
    if (blank) return at
  }
  return -1
}

/** Parses the cards in `bytes`, which ends before the END card. */
export function parseHeader(bytes: Uint8Array): Header {
  const text = asciiOf(bytes)
  const lines: string[] = []
  for (let at = 0; at < text.length; at += 80) lines.push(text.slice(at, at + 80).padEnd(80))
  const cards: Card[] = []
  for (let at = 0; at < lines.length;) {
    const read = parseCard(lines, at)
    cards.push(read.card)
    at += read.lines
  }
  return headerOf(cards)
}

/** The header as bytes: cards, END, blanks to a multiple of 2880. */
export function formatHeader(cards: readonly Card[]): Uint8Array {
  let text = ''
  for (const each of cards) text += formatCard(each)
  text += 'END'.padEnd(80)
  text = text.padEnd(Math.ceil(text.length / blockLength) * blockLength)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** Value of a keyword; undefined where the keyword is absent or has no value. */
export function valueOf(header: Header, keyword: string): Exclude<CardValue, null> | undefined {
  const found = header.first.get(keyword.toUpperCase().replace(/^HIERARCH /, ''))
  return found?.value ?? undefined
}

/** Every value of a keyword that is repeated, in order. */
export function valuesOf(header: Header, keyword: string): CardValue[] {
  const name = keyword.toUpperCase()
  return header.cards.filter((each) => each.keyword === name && !each.commentary).map((each) => each.value)
}

/** Lines of COMMENT, HISTORY or blank cards. */
export function remarksOf(header: Header, keyword: 'COMMENT' | 'HISTORY' | ''): string[] {
  return header.cards
    .filter((each) => each.commentary && each.keyword === keyword)
    .map((each) => each.comment)
}

/** Text of a keyword; numbers and logicals are not text. */
export function textOf(header: Header, keyword: string): string | undefined {
  const value = valueOf(header, keyword)
  return typeof value === 'string' ? value : undefined
}

/** Number of a keyword; a number written as text ('12.5') counts, as real headers hold such. */
export function numberOf(header: Header, keyword: string): number | undefined {
  const value = valueOf(header, keyword)
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'string' && value.trim() !== '') {
    const number = Number(value.replace(/[Dd]/, 'E'))
    return Number.isNaN(number) ? undefined : number
  }
  return undefined
}

/**
 * Integer of a structural keyword, or `fallback` where it is absent.
 * Throws `fits.invalid`, naming keyword and HDU, when absent without fallback, not an integer, or outside the limits.
 */
export function integerOf(
  header: Header,
  keyword: string,
  where: string,
  {
    fallback,
    least = 0,
    most = Number.MAX_SAFE_INTEGER,
  }: { fallback?: number; least?: number; most?: number } = {},
): number {
  const value = valueOf(header, keyword)
  if (value === undefined && fallback !== undefined) return fallback
  if (value === undefined) {
    throw new Problem(
      'fits.invalid',
      `${where} lacks the keyword ${keyword}, which FITS requires; the file is damaged.`,
      {
        keyword,
      },
    )
  }
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw new Problem(
      'fits.invalid',
      `${where} says ${keyword} = ${String(value).slice(0, 40)}, which is not a whole number between ${least} and ${most}; the file is damaged.`,
      { keyword },
    )
  }
  return value
}
