/** Text → words of ADQL 2.1. Bounded, and nothing it does not know goes on. */
import { Problem } from '#problem.ts'
import type { ProblemCode } from '#problem.ts'

export type TokenKind = 'word' | 'quoted' | 'number' | 'string' | 'sign' | 'end'

export interface Token {
  readonly kind: TokenKind
  /** As written; without the quotes, and with doubled ones undone, for strings and quoted names. */
  readonly text: string
  /** In capitals, for words. */
  readonly upper: string
  readonly at: number
}

/** Longest text, most words. A condition that a person or a page writes has a few hundred. */
export const textLimit = 100_000
export const tokenLimit = 10_000

/** "line 2, column 5" or "column 5". */
export function placeOf(text: string, at: number): { line: number; column: number; words: string } {
  const before = text.slice(0, at)
  const line = before.split('\n').length
  const column = at - (before.lastIndexOf('\n') + 1) + 1
  return { line, column, words: text.includes('\n') ? `line ${line}, column ${column}` : `column ${column}` }
}

/** A Problem that names the place and the word. `sentence` starts in lower case and has no full stop. */
export function faultAt(
  text: string,
  at: number,
  sentence: string,
  code: ProblemCode = 'adql.syntax',
  details: Record<string, unknown> = {},
): Problem {
  const { line, column, words } = placeOf(text, at)
  const place = words[0].toUpperCase() + words.slice(1)
  return new Problem(code, `${place}: ${sentence}.`, { line, column, ...details })
}

/** A word as shown in a sentence. */
export function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

/** Control characters (PostgreSQL refuses NUL, terminals obey the others) and halves of surrogate pairs. */
const forbidden = /(?![\t\n\r])\p{Cc}|\p{Cs}/u

const pattern =
  /(?<space>\s+)|(?<comment>--[^\n]*)|(?<number>0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<string>'(?:[^']|'')*')|(?<quoted>"(?:[^"]|"")+")|(?<sign><>|!=|<=|>=|\|\||[=<>+\-*/(),.])/y

/**
 * Words of a text, ended by one of kind 'end'. Comments are refused unless `comments` is true (statements of TAP clients
 * have them; a condition needs none). Throws `adql.syntax`, `adql.too_large`.
 */
export function tokensOf(text: string, { comments = false }: { comments?: boolean } = {}): Token[] {
  if (text.length > textLimit) {
    throw new Problem(
      'adql.too_large',
      `The condition has ${text.length} characters; at most ${textLimit} are taken.`,
      {
        length: text.length,
      },
    )
  }
  const bad = forbidden.exec(text)
  if (bad) {
    const code = bad[0].charCodeAt(0).toString(16).padStart(4, '0')
    throw faultAt(text, bad.index, `the character U+${code} is not allowed; leave it out`)
  }
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    const groups = found?.groups
    if (!found || !groups) throw faultAt(text, at, strangeCharacter(text, at))
    const [whole] = found
    if (groups['comment'] !== undefined && !comments)
      throw faultAt(text, at, 'comments (--) are not taken; put a blank between two minus signs')
    if (groups['space'] === undefined && groups['comment'] === undefined) {
      if (tokens.length >= tokenLimit)
        throw new Problem('adql.too_large', `The condition has more than ${tokenLimit} words.`)
      tokens.push(tokenOf(text, at, whole, groups))
    }
    at += whole.length
  }
  tokens.push({ kind: 'end', text: '', upper: '', at: text.length })
  return tokens
}

function strangeCharacter(text: string, at: number): string {
  const sign = String.fromCodePoint(text.codePointAt(at) ?? 0)
  if (sign === "'") return "a string that starts here has no closing quote (')"
  if (sign === '"') return 'a quoted name that starts here is empty or has no closing quote (")'
  if (sign === ';') return 'only one condition is taken; leave the ";" out'
  return `"${sign}" means nothing in ADQL`
}

function tokenOf(text: string, at: number, whole: string, groups: Record<string, string>): Token {
  if (groups['string'] !== undefined)
    return { kind: 'string', text: whole.slice(1, -1).replaceAll("''", "'"), upper: '', at }
  if (groups['quoted'] !== undefined)
    return { kind: 'quoted', text: whole.slice(1, -1).replaceAll('""', '"'), upper: '', at }
  if (groups['number'] !== undefined) {
    if (/[A-Za-z0-9_.]/.test(text[at + whole.length] ?? ''))
      throw faultAt(text, at, `"${shown(/^[\w.]+/.exec(text.slice(at))?.[0] ?? whole)}" is no number`)
    return { kind: 'number', text: whole, upper: '', at }
  }
  if (groups['word'] !== undefined) return { kind: 'word', text: whole, upper: whole.toUpperCase(), at }
  return { kind: 'sign', text: whole === '!=' ? '<>' : whole, upper: whole, at }
}
