/** VOTable 1.1–1.5 → table. Standard: IVOA VOTable 1.5. */
import { Problem } from '#problem.ts'
import { decodeBase64 } from './base64.ts'
import type { Column, CooSys, Group, Info, MetaValue, Table, TimeSys } from './table.ts'
import { tableOf, textOfBytes } from './table.ts'
import { readBinary, readTableData } from './votable-data.ts'
import { fieldOf } from './votable-field.ts'
import type { Field } from './votable-field.ts'
import type { Body, Element } from './xml.ts'
import { attributeOf, cellsOf, childrenOf, parseSkeleton, textIn } from './xml.ts'

export interface VotableOptions {
  /** Position (from 0), name or ID of the table wanted; the first where left out. */
  table?: number | string
}

interface Found {
  element: Element
  /** RESOURCEs around it, and the VOTABLE, inner first. */
  around: Element[]
}

function tablesIn(element: Element, around: Element[] = []): Found[] {
  const here = [element, ...around]
  return [
    ...childrenOf(element, 'TABLE').map((each) => ({ element: each, around: here })),
    ...childrenOf(element, 'RESOURCE').flatMap((each) => tablesIn(each, here)),
  ]
}

function chosen(root: Element, which: number | string): Found {
  const all = tablesIn(root)
  const found =
    typeof which === 'number'
      ? all[which]
      : all.find(({ element }) => [attributeOf(element, 'name'), attributeOf(element, 'ID')].includes(which))
  if (found) return found
  const [error] = allOf([root, ...childrenOf(root, 'RESOURCE')], 'INFO').filter(
    (each) => attributeOf(each, 'name') === 'QUERY_STATUS' && attributeOf(each, 'value') === 'ERROR',
  )
  if (error)
    throw new Problem(
      'table.invalid',
      `The VOTable is the report of a failed query: ${textIn(error).slice(0, 300)}`,
    )
  throw new Problem('table.invalid', `The VOTable has ${all.length} tables, and none is ${which}.`, {
    table: which,
  })
}

const allOf = (elements: readonly Element[], name: string) =>
  elements.flatMap((each) => childrenOf(each, name))

function coosysOf(element: Element): CooSys[] {
  const id = attributeOf(element, 'ID')
  if (!id) return []
  const optional = ['epoch', 'equinox', 'refposition'].flatMap((key) => {
    const value = attributeOf(element, key)
    return value ? [[key, value]] : []
  })
  return [{ id, system: attributeOf(element, 'system') ?? 'UNKNOWN', ...Object.fromEntries(optional) }]
}

function timesysOf(element: Element): TimeSys[] {
  const id = attributeOf(element, 'ID')
  const origin = attributeOf(element, 'timeorigin')
  if (!id) return []
  const timeorigin = origin === undefined || /^(MJD|JD)-origin$/.test(origin) ? origin : Number(origin)
  return [
    {
      id,
      timescale: attributeOf(element, 'timescale') ?? 'UNKNOWN',
      refposition: attributeOf(element, 'refposition') ?? 'UNKNOWN',
      ...(timeorigin === undefined ? {} : { timeorigin: timeorigin as TimeSys['timeorigin'] }),
    },
  ]
}

function infoOf(element: Element): Info {
  const text = textIn(element)
  return {
    name: attributeOf(element, 'name') ?? '',
    value: attributeOf(element, 'value') ?? '',
    ...(text ? { text } : {}),
  }
}

function groupOf(element: Element, names: ReadonlyMap<string, string>): Group {
  const description = textIn(childrenOf(element, 'DESCRIPTION')[0])
  const groups = childrenOf(element, 'GROUP').map((each) => groupOf(each, names))
  const attributes = ['name', 'ucd', 'utype'].flatMap((key) => {
    const value = attributeOf(element, key)
    return value ? [[key, value]] : []
  })
  const columns = childrenOf(element, 'FIELDref').flatMap(
    (each) => names.get(attributeOf(each, 'ref') ?? '') ?? [],
  )
  return {
    ...Object.fromEntries(attributes),
    ...(description ? { description } : {}),
    columns,
    ...(groups.length > 0 ? { groups } : {}),
  }
}

/** PARAMs as metadata: the value, with its unit where it has one. */
function paramsOf(elements: readonly Element[]): Record<string, MetaValue> {
  return Object.fromEntries(
    elements.map((each, index) => {
      const field = fieldOf(each, index)
      const value = attributeOf(each, 'value') ?? ''
      const integer =
        /^(short|int|unsignedByte|long)$/.test(field.datatype) && /^[+-]?\d{1,15}$/.test(value.trim())
      const float =
        /^(float|double)$/.test(field.datatype) && value.trim() !== '' && !Number.isNaN(Number(value))
      const plain = !field.shape && !field.variable && (integer || float) ? Number(value) : value
      const { unit } = field.described
      return [field.name, unit ? { value: plain, unit } : plain]
    }),
  )
}

function dataOf(text: string, element: Element, bodies: readonly Body[], fields: readonly Field[]): Column[] {
  const data = childrenOf(element, 'DATA')[0]
  const bodyOf = (holder: Element | undefined): Body | undefined => bodies[Number(textIn(holder).slice(1))]
  const rowsOf = childrenOf(data ?? {}, 'TABLEDATA')[0]
  if (!data || rowsOf) {
    const body = rowsOf && /^#\d+$/.test(textIn(rowsOf)) ? bodyOf(rowsOf) : undefined
    return readTableData(text, cellsOf(text, body ?? { start: 0, end: 0 }, fields.length), fields)
  }
  for (const name of ['BINARY', 'BINARY2']) {
    const [holder] = childrenOf(data, name)
    const stream = holder && childrenOf(holder, 'STREAM')[0]
    if (!stream) continue
    if (attributeOf(stream, 'href'))
      throw new Problem(
        'table.unsupported',
        'The data of the VOTable lie in another file, which is not fetched; save it with its data inside.',
      )
    const encoding = attributeOf(stream, 'encoding')
    if (encoding !== 'base64')
      throw new Problem(
        'table.unsupported',
        `The stream of the VOTable has the encoding "${encoding ?? 'none'}"; only base64 is read.`,
      )
    const body = bodyOf(stream)
    return readBinary(
      body ? decodeBase64(text, body.start, body.end) : new Uint8Array(0),
      fields,
      name === 'BINARY2',
    )
  }
  throw new Problem(
    'table.unsupported',
    'The VOTable keeps its data as FITS; open that part as a FITS table.',
  )
}

function uniqueNames(fields: readonly Field[]): Field[] {
  const seen = new Set<string>()
  return fields.map((field) => {
    let { name } = field
    for (let n = 2; seen.has(name); n++) name = `${field.name}_${n}`
    seen.add(name)
    return { ...field, name }
  })
}

/**
 * Reads one table of a VOTable. Throws `table.invalid` with the line, `table.unsupported` for document types, external
 * data and FITS inside, `table.too_large`.
 */
export function readVotable(input: Uint8Array | string, { table: which = 0 }: VotableOptions = {}): Table {
  const text = textOfBytes(input, 'VOTable')
  const { root, bodies } = parseSkeleton(text)
  const { element, around } = chosen(root, which)
  const fields = uniqueNames(childrenOf(element, 'FIELD').map(fieldOf))
  const columns = dataOf(text, element, bodies, fields)
  const names = new Map(fields.flatMap((each) => (each.id ? [[each.id, each.name] as const] : [])))
  const holders = [element, ...around]
  const coosys = allOf(holders, 'COOSYS').flatMap(coosysOf)
  const timesys = allOf(holders, 'TIMESYS').flatMap(timesysOf)
  const infos = allOf(holders, 'INFO').map(infoOf)
  const groups = childrenOf(element, 'GROUP').map((each) => groupOf(each, names))
  const meta = paramsOf(allOf(holders, 'PARAM'))
  const title = attributeOf(element, 'name')
  const description = [element, ...around]
    .map((each) => textIn(childrenOf(each, 'DESCRIPTION')[0]))
    .find(Boolean)
  return tableOf({
    columns,
    ...(title ? { title } : {}),
    ...(description ? { description } : {}),
    ...(coosys.length > 0 ? { coosys } : {}),
    ...(timesys.length > 0 ? { timesys } : {}),
    ...(infos.length > 0 ? { infos } : {}),
    ...(groups.length > 0 ? { groups } : {}),
    ...(Object.keys(meta).length > 0 ? { meta } : {}),
  })
}
