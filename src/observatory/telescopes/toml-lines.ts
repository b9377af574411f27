/**
 * Where in a TOML text each value stands. The parser tells no lines once a text is well formed; this walks the same text
 * again, and may trust it to be well formed.
 */

export type KeyPath = readonly (string | number)[]

/** Deeper than anything that is asked for; keys below it have the line of what is above them. */
const deepest = 8

/** Gives the line (from 1) of a path, or of the nearest thing around it that has one: what is missing altogether, line 1. */
export function linesOf(source: string): (path: KeyPath) => number {
  const lines = new Map<string, number>()
  const walk: Walk = { text: source, at: 0, line: 1, lines }
  let table: (string | number)[] = []
  const counts = new Map<string, number>()
  for (;;) {
    blank(walk, true)
    if (walk.at >= source.length) break
    if (source[walk.at] === '[') table = header(walk, counts)
    else pair(walk, table)
  }
  return (path) => {
    for (let n = Math.min(path.length, deepest); n > 0; n--) {
      const line = lines.get(keyOf(path.slice(0, n)))
      if (line !== undefined) return line
    }
    return 1
  }
}

interface Walk {
  text: string
  at: number
  line: number
  lines: Map<string, number>
}

function keyOf(path: KeyPath): string {
  return path.map(String).join('\n')
}

function mark(walk: Walk, path: KeyPath): void {
  if (path.length > deepest) return
  const key = keyOf(path)
  if (!walk.lines.has(key)) walk.lines.set(key, walk.line)
}

/** Steps over white space and comments, and over ends of lines where they may stand. */
function blank(walk: Walk, overLines: boolean): void {
  for (; walk.at < walk.text.length; walk.at++) {
    const c = walk.text[walk.at]
    if (c === '#') {
      const end = walk.text.indexOf('\n', walk.at)
      walk.at = (end < 0 ? walk.text.length : end) - 1
    } else if (c === '\n') {
      if (!overLines) return
      walk.line++
    } else if (c !== ' ' && c !== '\t' && c !== '\r' && c !== '\uFEFF') return
  }
}

function header(walk: Walk, counts: Map<string, number>): (string | number)[] {
  const many = walk.text[walk.at + 1] === '['
  walk.at += many ? 2 : 1
  const names = dotted(walk, ']').slice(0, deepest)
  walk.at += many ? 2 : 1
  // `[a.b]` after `[[a]]` speaks of the last a.
  const path: (string | number)[] = []
  for (const [i, name] of names.entries()) {
    path.push(name)
    const key = keyOf(path)
    if (many && i === names.length - 1) counts.set(key, (counts.get(key) ?? -1) + 1)
    const count = counts.get(key)
    mark(walk, path)
    if (count !== undefined) path.push(count)
  }
  mark(walk, path)
  return path
}

function pair(walk: Walk, table: KeyPath): void {
  let path: KeyPath = table
  const line = walk.line
  for (const name of dotted(walk, '=').slice(0, deepest)) {
    if (path.length > deepest) break
    path = [...path, name]
    if (!walk.lines.has(keyOf(path))) walk.lines.set(keyOf(path), line)
  }
  walk.at++
  blank(walk, false)
  value(walk, path)
}

/** Keys up to a closing character, which is not taken. */
function dotted(walk: Walk, until: string): string[] {
  const names: string[] = []
  while (walk.at < walk.text.length) {
    blank(walk, false)
    const c = walk.text[walk.at]!
    if (c === until) return names
    if (c === '.') walk.at++
    else if (c === '"' || c === "'") names.push(text(walk))
    else {
      const from = walk.at
      while (walk.at < walk.text.length && /[\w-]/.test(walk.text[walk.at]!)) walk.at++
      // Nothing that a bare key can hold: go on rather than stand still.
      if (walk.at === from) walk.at++
      names.push(walk.text.slice(from, walk.at))
    }
  }
  return names
}

function value(walk: Walk, path: KeyPath): void {
  mark(walk, path)
  const c = walk.text[walk.at]
  if (c === '[') {
    walk.at++
    for (let i = 0; walk.at < walk.text.length; i++) {
      blank(walk, true)
      if (walk.text[walk.at] === ']') break
      value(walk, path.length > deepest ? path : [...path, i])
      blank(walk, true)
      if (walk.text[walk.at] === ',') walk.at++
    }
    walk.at++
  } else if (c === '{') {
    walk.at++
    while (walk.at < walk.text.length) {
      blank(walk, true)
      if (walk.text[walk.at] === '}') break
      pair(walk, path)
      blank(walk, true)
      if (walk.text[walk.at] === ',') walk.at++
    }
    walk.at++
  } else if (c === '"' || c === "'") text(walk)
  else while (walk.at < walk.text.length && !',]}\n#'.includes(walk.text[walk.at]!)) walk.at++
}

/** A string. */
function text(walk: Walk): string {
  const quote = walk.text[walk.at]!
  const long = walk.text.startsWith(quote.repeat(3), walk.at)
  const end = long ? quote.repeat(3) : quote
  walk.at += end.length
  const from = walk.at
  while (walk.at < walk.text.length && !walk.text.startsWith(end, walk.at)) {
    if (quote === '"' && walk.text[walk.at] === '\\') walk.at++
    if (walk.text[walk.at] === '\n') walk.line++
    walk.at++
  }
  const written = walk.text.slice(from, walk.at)
  walk.at += end.length
  // Up to two more quotes may belong to the end of a long string.
  while (long && walk.text[walk.at] === quote) walk.at++
  return quote === '"' ? unescaped(written) : written
}

function unescaped(written: string): string {
  if (!written.includes('\\')) return written
  try {
    const value: unknown = JSON.parse(`"${written}"`)
    return typeof value === 'string' ? value : written
  } catch {
    // An escape that JSON does not know, in a key that nobody asks for.
    return written
  }
}
