import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { Problem } from '#problem.ts'
import { isRecord, maxDepth, short } from './text.ts'

/** An XML element: attributes with `@`, text as `#text`, children by name without their prefix. */
export type Element = Record<string, unknown>

/** Names that are lists even where there is one, so that readers need not ask. */
const lists = new Set([
  'Param',
  'Group',
  'EventIVORN',
  'Reference',
  'Inference',
  'Description',
  'ObservationLocation',
  'ObsDataLocation',
  'Name',
  'Concept',
])

/** Longest XML that is read, characters; the longest VOEvents have some ten thousand. */
const maxXml = 4_000_000

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  alwaysCreateTextNode: false,
  processEntities: true,
  htmlEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  isArray: (name, _path, _leaf, isAttribute) => !isAttribute && lists.has(name),
})

/**
 * The root element and its name. A document type is refused, and with it every entity that could expand; so is
 * nesting deeper than any notice has.
 */
export function parseXml(text: string): { name: string; root: Element } {
  if (text.length > maxXml) {
    throw new Problem(
      'notice.too_large',
      `The XML has ${(text.length / 1e6).toFixed(0)} million characters; a VOEvent has at most ${maxXml / 1e6} million.`,
    )
  }
  const doctype = /<!(DOCTYPE|ENTITY)/i.exec(text)
  if (doctype) {
    throw new Problem(
      'notice.unreadable',
      `The XML has a <!${doctype[1]!.toUpperCase()}> declaration; entities are not expanded and such a document is refused.`,
    )
  }
  checkNesting(text)
  const verdict = XMLValidator.validate(text)
  if (verdict !== true) {
    throw new Problem(
      'notice.unreadable',
      `The XML is broken at line ${verdict.err.line}: ${short(verdict.err.msg)}`,
      {
        line: verdict.err.line,
      },
    )
  }
  let document: unknown
  try {
    document = parser.parse(text)
  } catch (error) {
    throw new Problem(
      'notice.unreadable',
      `The XML is broken: ${short(error instanceof Error ? error.message : 'no reason given')}`,
      {},
      error,
    )
  }
  const [name, root] =
    Object.entries(isRecord(document) ? document : {}).find(([key]) => !key.startsWith('#')) ?? []
  if (!name || !isRecord(root))
    throw new Problem('notice.unreadable', 'The XML has no root element with content.')
  return { name, root }
}

function checkNesting(text: string): void {
  const tags = /<(\/?)[A-Za-z_][^<>]*?(\/?)>/g
  let depth = 0
  for (let tag = tags.exec(text); tag; tag = tags.exec(text)) {
    if (tag[1]) depth--
    else if (!tag[2] && ++depth > maxDepth) {
      throw new Problem(
        'notice.unreadable',
        `The XML nests deeper than ${maxDepth} levels; no notice does.`,
        { maxDepth },
      )
    }
  }
}

/** Child element of that name, an empty one where there is none. */
export function child(element: Element, ...path: string[]): Element {
  let at: Element = element
  for (const name of path) {
    const value = at[name]
    const one = Array.isArray(value) ? value[0] : value
    if (!isRecord(one)) return typeof one === 'string' ? { '#text': one } : {}
    at = one
  }
  return at
}

/** Children of that name, each as an element. */
export function children(element: Element, name: string): Element[] {
  const value = element[name]
  return (Array.isArray(value) ? value : value === undefined ? [] : [value]).map((v): Element =>
    isRecord(v) ? v : { '#text': String(v) },
  )
}

/** Text of an element, or of its child of that name; null where there is none. */
export function textIn(element: Element, name?: string): string | null {
  const value = name === undefined ? element['#text'] : child(element, name)['#text']
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : ''
  return text === '' ? null : text
}

/** Attribute of an element; null where absent or blank. */
export function attribute(element: Element, name: string): string | null {
  const value = element[`@${name}`]
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null
}
