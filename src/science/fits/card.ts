/**
 * One header card: 80 characters, or several where a long string goes on over CONTINUE.
 * Standard: FITS 4.0, §4 (keyword records, fixed and free format) and §4.2.1.2 (long strings); HIERARCH is ESO's.
 */
import { Problem } from '#problem.ts'

/** Value of a card. Integers beyond 2^53 are bigint, complex values are pairs, `null` is a card without a value. */
export type CardValue = string | number | bigint | boolean | readonly [number, number] | null

export interface Card {
  /** Upper case; for HIERARCH cards the words after HIERARCH, separated by one blank. */
  readonly keyword: string
  readonly value: CardValue
  /** Comment after the slash; for COMMENT, HISTORY and blank cards the whole text. */
  readonly comment: string
  /** True for cards without a value indicator (COMMENT, HISTORY, blank, END-less oddities). */
  readonly commentary: boolean
  /** The 80·n characters this card was read from; written back unchanged. */
  readonly text?: string
}

const cardLength = 80
const commentaryNames = new Set(['COMMENT', 'HISTORY', ''])
const integerForm = /^[+-]?\d+$/
const realForm = /^[+-]?(\d+\.?\d*|\.\d+)([EDed][+-]?\d+)?$/

function numberOf(text: string): number | bigint | undefined {
  if (integerForm.test(text)) {
    const value = Number(text)
    return Number.isSafeInteger(value) ? value : BigInt(text.replace(/^\+/, ''))
  }
  return realForm.test(text) ? Number(text.replace(/[Dd]/, 'E')) : undefined
}

/**
 * A quoted string starting at `text[0] === "'"`: its characters as they stand, quotes doubled, and what follows it.
 * Some writers part a doubled quote between a card and its CONTINUE, so a single quote before other text than a
 * blank or slash belongs to the string as long as the string ends properly after it.
 */
function quoted(text: string): { raw: string; rest: string } {
  let strict = -1
  for (let at = text.indexOf("'", 1); at >= 0; at = text.indexOf("'", at + 1)) {
    if (text[at + 1] === "'") at++
    else if (/^[ /]?$/.test(text[at + 1] ?? '')) return { raw: text.slice(1, at), rest: text.slice(at + 1) }
    else if (strict < 0) strict = at
  }
  if (strict < 0) return { raw: text.slice(1).replace(/' *$/, ''), rest: '' }
  return { raw: text.slice(1, strict), rest: text.slice(strict + 1) }
}

/** The value of a string's characters: quotes no longer doubled, trailing blanks dropped. */
function unquoted(raw: string): string {
  return raw.replaceAll("''", "'").trimEnd()
}

function afterSlash(rest: string): string {
  const slash = rest.indexOf('/')
  return slash < 0 ? '' : rest.slice(slash + 1).trim()
}

function valueAndComment(text: string): { value: CardValue; comment: string } {
  const body = text.trimStart()
  if (body.startsWith("'")) {
    const { raw, rest } = quoted(body)
    return { value: unquoted(raw), comment: afterSlash(rest) }
  }
  const slash = body.indexOf('/')
  const word = (slash < 0 ? body : body.slice(0, slash)).trim()
  const comment = slash < 0 ? '' : body.slice(slash + 1).trim()
  if (word === '') return { value: null, comment }
  if (word === 'T' || word === 't') return { value: true, comment }
  if (word === 'F' || word === 'f') return { value: false, comment }
  const pair = /^\(([^,]+),([^)]+)\)$/.exec(word)
  if (pair) {
    const [re, im] = [numberOf(pair[1].trim()), numberOf(pair[2].trim())]
    if (re !== undefined && im !== undefined) return { value: [Number(re), Number(im)], comment }
  }
  // A word that is no FITS value (NaN, an unquoted name) is kept as text rather than lost.
  return { value: numberOf(word) ?? word, comment }
}

/**
 * Parses the card whose 80 characters are `lines[at]`, with the CONTINUE cards that follow it.
 * Returns the card and how many lines it took. Never throws: what is no value is kept as text.
 */
export function parseCard(lines: readonly string[], at: number): { card: Card; lines: number } {
  const line = lines[at]
  const name = line.slice(0, 8).trimEnd().toUpperCase()
  if (name === 'HIERARCH') {
    const equals = line.indexOf('=')
    if (equals > 8) {
      const keyword = line.slice(8, equals).trim().replace(/\s+/g, ' ').toUpperCase()
      return continued(lines, at, keyword, line.slice(equals + 1))
    }
  }
  if (!commentaryNames.has(name) && name !== 'CONTINUE') {
    if (line[8] === '=') return continued(lines, at, name, line.slice(9))
    // Short keywords written without padding ("EXP= 3") are common in hand-made headers.
    const early = line.slice(0, 8).indexOf('=')
    if (early > 0)
      return continued(lines, at, line.slice(0, early).trim().toUpperCase(), line.slice(early + 1))
  }
  const text = line.slice(8).trimEnd()
  return { card: { keyword: name, value: null, comment: text, commentary: true, text: line }, lines: 1 }
}

function continued(
  lines: readonly string[],
  at: number,
  keyword: string,
  body: string,
): { card: Card; lines: number } {
  const first = valueAndComment(body)
  if (typeof first.value !== 'string' || !first.value.endsWith('&')) {
    return { card: { keyword, ...first, commentary: false, text: lines[at] }, lines: 1 }
  }
  let value = quoted(body.trimStart()).raw.trimEnd()
  const comments = first.comment ? [first.comment] : []
  let count = 1
  while (value.endsWith('&') && lines[at + count]?.startsWith('CONTINUE')) {
    const more = lines[at + count].slice(8).trimStart()
    if (!more.startsWith("'")) break
    const { raw, rest } = quoted(more)
    value = value.slice(0, -1) + raw.trimEnd()
    const comment = afterSlash(rest)
    if (comment) comments.push(comment)
    count++
  }
  const text = lines.slice(at, at + count).join('')
  return {
    card: { keyword, value: unquoted(value), comment: comments.join(' '), commentary: false, text },
    lines: count,
  }
}

function checkText(keyword: string, text: string): void {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 || code > 126) {
      throw new Problem(
        'fits.invalid',
        `The text for header keyword ${keyword} holds a character that FITS headers cannot carry (code ${code}); use plain ASCII.`,
        { keyword, code },
      )
    }
  }
}

/** A finite number as FITS writes it: integers plainly, reals with a decimal point and exponent E. */
function formatNumber(keyword: string, value: number): string {
  if (!Number.isFinite(value)) {
    throw new Problem(
      'fits.invalid',
      `Header keyword ${keyword} cannot hold ${value}: FITS has no such value; leave the keyword out.`,
      { keyword },
    )
  }
  const text = (Object.is(value, -0) ? '-0.0' : String(value)).toUpperCase()
  if (Number.isInteger(value) && !text.includes('E')) return text
  if (!text.includes('E')) return text
  const [mantissa, exponent] = text.split('E')
  const sign = exponent.startsWith('-') ? '-' : '+'
  const digits = exponent.replace(/^[+-]/, '').padStart(2, '0')
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${sign}${digits}`
}

function formatPlain(keyword: string, value: Exclude<CardValue, string>): string {
  if (value === null) return ''
  if (typeof value === 'boolean') return value ? 'T' : 'F'
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return formatNumber(keyword, value)
  return `(${formatNumber(keyword, value[0])}, ${formatNumber(keyword, value[1])})`
}

/** `KEYWORD = ` or `HIERARCH A B = `: what precedes the value. */
function indicator(keyword: string): string {
  if (/^[A-Z0-9_-]{1,8}$/.test(keyword)) return `${keyword.padEnd(8)}= `
  if (/^[!-<>-~]+( [!-<>-~]+)*$/.test(keyword) && keyword.length <= 60) return `HIERARCH ${keyword} = `
  throw new Problem(
    'fits.invalid',
    `Header keyword "${keyword}" cannot be written: use letters, digits, - and _, at most 8 characters, or words for HIERARCH.`,
    { keyword },
  )
}

function longString(head: string, value: string, comment: string): string {
  const escaped = value.replaceAll("'", "''")
  let text = ''
  let at = 0
  let lead = head
  while (at < escaped.length || at === 0) {
    // 80 characters less both quotes and the ampersand.
    let take = Math.min(escaped.length - at, cardLength - lead.length - 3)
    // A doubled quote must not be parted between two cards.
    let quotes = 0
    while (quotes < take && escaped[at + take - 1 - quotes] === "'") quotes++
    if (quotes % 2 === 1) take--
    const last = at + take >= escaped.length
    const piece = `${lead}'${escaped.slice(at, at + take)}${last && !comment ? '' : '&'}'`
    text += piece.padEnd(cardLength)
    at += take
    lead = 'CONTINUE  '
    if (last) break
  }
  for (let from = 0; comment && from < comment.length; from += 60) {
    const last = from + 60 >= comment.length
    text += `CONTINUE  '${last ? '' : '&'}' / ${comment.slice(from, from + 60)}`.padEnd(cardLength)
  }
  return text
}

/** The 80·n characters of a card; a card that was read keeps its own. Long strings go on over CONTINUE. */
export function formatCard(card: Card): string {
  if (card.text !== undefined) return card.text
  const { keyword, value, comment } = card
  checkText(keyword, comment)
  if (card.commentary) {
    let text = ''
    for (let from = 0; from === 0 || from < comment.length; from += 72) {
      text += (keyword.padEnd(8) + comment.slice(from, from + 72)).padEnd(cardLength)
    }
    return text
  }
  const head = indicator(keyword)
  const tail = comment ? ` / ${comment}` : ''
  if (typeof value === 'string') {
    checkText(keyword, value)
    const word = `'${value.replaceAll("'", "''").padEnd(8)}'`
    if (head.length + word.length > cardLength) return longString(head, value, comment)
    const short = (head + word).padEnd(comment ? 30 : 0)
    if ((short + tail).length <= cardLength) return (short + tail).padEnd(cardLength)
    // The comment of a short string is cut, as every FITS writer does; the value never is.
    return (short + tail).slice(0, cardLength)
  }
  const plain = formatPlain(keyword, value)
  const line = head.length === 10 ? head + plain.padStart(20) : head + plain
  if (line.length > cardLength) {
    throw new Problem('fits.invalid', `Header keyword "${keyword}" is too long for its value; shorten it.`, {
      keyword,
    })
  }
  return (line + tail).slice(0, cardLength).padEnd(cardLength)
}
