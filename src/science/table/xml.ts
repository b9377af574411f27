/**
 * XML of VOTable: the bodies that hold the data are cut out and read by column, what is left (a few kB of declarations)
 * goes through the XML parser. Document types, and with them every entity but the five of XML itself, are refused.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { Problem } from '#problem.ts'
import { lineOf } from './text-values.ts'

/** An element: attributes with `@`, text as `#text`, children by name without prefix, each a list. */
export type Element = Readonly<Record<string, unknown>>

export interface Body {
  readonly start: number
  readonly end: number
}

/** Longest XML without the data, deepest nesting. */
const skeletonLimit = 8_000_000
const depthLimit = 60

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  trimValues: true,
  isArray: (_name, _path, _leaf, isAttribute) => !isAttribute,
})

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Text with the entities of XML undone; others stay as they are. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(
    /&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));/g,
    (whole, name: string | undefined, ten: string | undefined, hex: string | undefined) => {
      if (name) return named[name]
      const code = ten === undefined ? Number.parseInt(hex ?? '', 16) : Number(ten)
      return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
        ? String.fromCodePoint(code)
        : whole
    },
  )
}

// Characters that XML 1.0 cannot carry in any spelling.
const unwritable = /(?![\t\n\r])\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu

export function encodeEntities(text: string): string {
  if (!/[&<>"\p{Cc}\p{Cs}\ufffe\uffff]/u.test(text)) return text
  return text
    .replace(unwritable, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;')
}

/** Children of that name. */
export function childrenOf(element: Element, name: string): Element[] {
  const list = element[name]
  if (!Array.isArray(list)) return []
  return list.map((each: unknown) =>
    typeof each === 'object' && each !== null ? (each as Element) : { '#text': each },
  )
}

export function attributeOf(element: Element, name: string): string | undefined {
  const value = element[`@${name}`]
  return typeof value === 'string' ? decodeEntities(value) : undefined
}

export function textIn(element: Element | undefined): string {
  const text = element?.['#text']
  return text === undefined
    ? ''
    : decodeEntities(Array.isArray(text) ? text.join('') : typeof text === 'string' ? text : '').trim()
}

const invalid = (
  line: number,
  sentence: string,
  code: 'table.invalid' | 'table.unsupported' = 'table.invalid',
) => new Problem(code, `Line ${line}: ${sentence}.`, { line })

/** Parses a VOTable's declarations; the bodies of TABLEDATA and STREAM are left as `#<number>` and listed. */
export function parseSkeleton(text: string): { root: Element; bodies: Body[] } {
  const bodies: Body[] = []
  let skeleton = ''
  let from = 0
  let depth = 0
  const jump = (end: string, at: number, what: string): number => {
    const found = text.indexOf(end, at)
    if (found < 0) throw invalid(lineOf(text, at), `${what} starts here and is never closed`)
    return found + end.length
  }
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at)) {
    if (text.startsWith('<!--', at)) at = jump('-->', at, 'a comment')
    else if (text.startsWith('<![CDATA[', at)) at = jump(']]>', at, 'a CDATA section')
    else if (text.startsWith('<?', at)) at = jump('?>', at, 'a processing instruction')
    else if (text.startsWith('<!', at))
      throw invalid(
        lineOf(text, at),
        'the XML has a document type; entities are not expanded and such a file is refused',
        'table.unsupported',
      )
    else {
      const end = jump('>', at, 'a tag')
      const tag = /^<(\/?)(?:[\w.-]+:)?([\w.-]+)/.exec(text.slice(at, Math.min(end, at + 200)))
      const empty = text.charCodeAt(end - 2) === 47
      depth += tag?.[1] ? -1 : empty ? 0 : 1
      if (depth > depthLimit)
        throw invalid(lineOf(text, at), `elements are nested more than ${depthLimit} deep`)
      if (tag && !tag[1] && !empty && (tag[2] === 'TABLEDATA' || tag[2] === 'STREAM')) {
        const stop = bodyEnd(text, end, tag[2])
        skeleton += `${text.slice(from, end)}#${bodies.length}`
        bodies.push({ start: end, end: stop })
        from = stop
        at = stop
      } else at = end
    }
    if (skeleton.length + at - from > skeletonLimit)
      throw new Problem(
        'table.too_large',
        `The VOTable has more than ${skeletonLimit / 1e6} million characters besides its data.`,
      )
  }
  skeleton += text.slice(from)
  const verdict = XMLValidator.validate(skeleton)
  if (verdict !== true) {
    const before = skeleton.split('\n').slice(0, verdict.err.line).join('\n').length
    throw invalid(
      lineOf(text, positionIn(before, skeleton, bodies)),
      `the XML is broken: ${verdict.err.msg.slice(0, 120).replace(/\.$/, '')}`,
    )
  }
  try {
    const document = parser.parse(skeleton) as Element
    const [root] = childrenOf(document, 'VOTABLE')
    if (root) return { root, bodies }
  } catch (error) {
    throw new Problem('table.invalid', 'The XML of the VOTable is broken.', {}, error)
  }
  throw invalid(1, 'this is XML but no VOTable: its root is not VOTABLE')
}

/** Position in the whole text of a position in the skeleton. */
function positionIn(at: number, skeleton: string, bodies: readonly Body[]): number {
  let shift = 0
  for (const [index, body] of bodies.entries()) {
    const mark = `#${index}`
    if (body.start - shift >= at) break
    shift += body.end - body.start - mark.length
  }
  return Math.max(0, Math.min(at, skeleton.length) + shift)
}

/** Where the end tag of a body starts; comments and CDATA in it may hold one that does not count. */
function bodyEnd(text: string, from: number, name: string): number {
  const pattern = new RegExp(`<!--|<!\\[CDATA\\[|</(?:[\\w.-]+:)?${name}\\s*>`, 'g')
  pattern.lastIndex = from
  for (let found = pattern.exec(text); found; found = pattern.exec(text)) {
    if (found[0].startsWith('</')) return found.index
    const close = text.indexOf(found[0] === '<!--' ? '-->' : ']]>', found.index)
    if (close < 0) break
    pattern.lastIndex = close + 3
  }
  throw invalid(lineOf(text, from), `the ${name} that starts here is never closed; the file is cut off`)
}

export interface Cells {
  readonly rows: number
  readonly starts: Uint32Array
  readonly ends: Uint32Array
}

/** Finds the cells of a TABLEDATA body. Throws `table.invalid` naming the line of a row with another number of cells. */
export function cellsOf(text: string, body: Body, width: number): Cells {
  let starts = new Uint32Array(1024)
  let ends = new Uint32Array(1024)
  let [count, rows, inRow, open] = [0, 0, -1, false]
  const fail = (at: number, sentence: string): never => {
    throw invalid(lineOf(text, at), sentence)
  }
  let at = body.start
  for (;;) {
    at = text.indexOf('<', at)
    if (at < 0 || at >= body.end) break
    if (text.startsWith('<!--', at)) {
      at = text.indexOf('-->', at) + 3
      continue
    }
    if (open && text.startsWith('<![CDATA[', at)) {
      at = text.indexOf(']]>', at) + 3
      continue
    }
    const close = text.indexOf('>', at) + 1
    if (close <= 0 || close > body.end) fail(at, 'a tag starts here and is never closed')
    const ending = text.charCodeAt(at + 1) === 47
    const tag = nameAt(text, ending ? at + 2 : at + 1)
    const empty = text.charCodeAt(close - 2) === 47
    if (tag === 'TD') {
      if (inRow < 0) fail(at, 'a TD stands outside of a TR')
      if (ending) {
        if (!open) fail(at, 'a </TD> has no <TD>')
        ends[count++] = at
        open = false
        inRow++
      } else {
        if (open) fail(at, 'a TD stands inside of another')
        if (count === starts.length) {
          const [a, b] = [new Uint32Array(2 * count), new Uint32Array(2 * count)]
          a.set(starts)
          b.set(ends)
          ;[starts, ends] = [a, b]
        }
        if (close - at > 4 && /\sencoding\s*=/.test(text.slice(at, close)))
          throw invalid(
            lineOf(text, at),
            'cells with an encoding of their own are not read',
            'table.unsupported',
          )
        starts[count] = close
        if (empty) {
          ends[count++] = close
          inRow++
        } else open = true
      }
    } else if (tag === 'TR' && !open) {
      if (ending || empty) {
        if (!empty && inRow < 0) fail(at, 'a </TR> has no <TR>')
        if ((empty ? 0 : inRow) !== width)
          fail(at, `the row has ${Math.max(0, inRow)} cells, the table ${width} fields`)
        rows++
        inRow = -1
      } else {
        if (inRow >= 0) fail(at, 'a TR stands inside of another')
        inRow = 0
      }
    } else fail(at, `<${ending ? '/' : ''}${tag}> has no place among the data`)
    at = close
  }
  if (inRow >= 0 || open) fail(body.end, 'the last row is not closed')
  return { rows, starts, ends }
}

function nameAt(text: string, at: number): string {
  if (text.charCodeAt(at) === 84 && (text.charCodeAt(at + 2) === 62 || text.charCodeAt(at + 2) === 47))
    return text.slice(at, at + 2)
  return /^(?:[\w.-]+:)?([\w.-]*)/.exec(text.slice(at, at + 80))?.[1] ?? ''
}

/** Text of a cell, entities undone, comments dropped, CDATA kept. */
export function cellText(text: string, start: number, end: number): string {
  const raw = text.slice(start, end)
  if (!raw.includes('<')) return decodeEntities(raw)
  return raw
    .split(/(<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>)/)
    .map((each) =>
      each.startsWith('<!--') ? '' : each.startsWith('<![CDATA[') ? each.slice(9, -3) : decodeEntities(each),
    )
    .join('')
}
