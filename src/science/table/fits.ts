/**
 * FITS binary tables ↔ tables. Standard: FITS 4.0, §7.3 and §9 (time columns); TUCDn, TCOMMn and TXTYPn carry what FITS
 * itself has no keyword for. A blank text is null, as in astropy.
 */
import { Problem } from '#problem.ts'
import type { Card } from '#science/fits/card.ts'
import { tableFormOf } from '#science/fits/columns.ts'
import { openFits, openFitsSource } from '#science/fits/file.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import { card, numberOf, textOf, valueOf } from '#science/fits/header.ts'
import type { Header } from '#science/fits/header.ts'
import type { ByteSource } from '#science/fits/source.ts'
import { readTable, readTableFrom } from '#science/fits/table.ts'
import type { Column as FitsColumn } from '#science/fits/table.ts'
import { writeFits } from '#science/fits/write.ts'
import type { ColumnInput as FitsColumnInput } from '#science/fits/write.ts'
import { unusedValue } from './nulls.ts'
import { columnOf, numbersIn, tableOf, unitOf } from './table.ts'
import type { Column, ColumnType, CooSys, MetaValue, Table, TimeSys } from './table.ts'

export interface FitsTableOptions {
  /** Position or EXTNAME of the HDU; the first binary table where left out. */
  hdu?: number | string
}

const letters: Partial<Record<FitsColumn['kind'], ColumnType>> = {
  L: 'boolean',
  X: 'boolean',
  A: 'string',
  C: 'complex64',
  M: 'complex128',
}
const jdOfMjd = 2_400_000.5
const timeScales = new Set([
  'TAI',
  'TT',
  'TDB',
  'TCB',
  'TCG',
  'UTC',
  'UT1',
  'LOCAL',
  'GPS',
  'ET',
  'TDT',
  'IAT',
  'GMT',
])
/** Keywords that say how the file is laid out, or that have a place of their own in a table. */
const structural =
  /^(XTENSION|SIMPLE|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS|THEAP|EXTNAME|EXTEND|CHECKSUM|DATASUM|RADESYS|EQUINOX|TIMESYS|MJDREF[IF]?|LONGSTRN|T(FORM|TYPE|UNIT|DIM|NULL|SCAL|ZERO|UCD|COMM|XTYP|CTYP|CUNI|RPOS|DISP)\d+)$/

function timesysOf(header: Header, n: number, column: FitsColumn): TimeSys | undefined {
  const said = textOf(header, `TCTYP${n}`)?.trim().toUpperCase()
  const scale = said === 'TIME' ? (textOf(header, 'TIMESYS')?.trim().toUpperCase() ?? 'UTC') : said
  if (!scale || !timeScales.has(scale)) return undefined
  const refposition = textOf(header, `TRPOS${n}`)?.trim() ?? 'UNKNOWN'
  if (column.kind === 'A') return { id: `time_${scale.toLowerCase()}`, timescale: scale, refposition }
  const reference =
    numberOf(header, 'MJDREF') ?? (numberOf(header, 'MJDREFI') ?? 0) + (numberOf(header, 'MJDREFF') ?? 0)
  const timeorigin =
    reference === 0 ? 'MJD-origin' : reference === -jdOfMjd ? 'JD-origin' : reference + jdOfMjd
  return { id: `time_${scale.toLowerCase()}_${timeorigin}`, timescale: scale, timeorigin, refposition }
}

function fromFits(column: FitsColumn, header: Header, n: number): Column {
  const { values, repeat, shape, offsets, nulls } = column
  const type = letters[column.kind]
  const description = textOf(header, `TCOMM${n}`)?.trim()
  const ucd = textOf(header, `TUCD${n}`)?.trim()
  const xtype = textOf(header, `TXTYP${n}`)?.trim()
  const blank =
    Array.isArray(values) && values.includes('')
      ? Uint8Array.from(values, (each) => (each === '' ? 1 : 0))
      : undefined
  const fixed = offsets
    ? undefined
    : ((shape && [...shape].reverse()) ?? (repeat === 1 ? undefined : [repeat]))
  const per = column.kind === 'C' || column.kind === 'M' ? 2 : 1
  return columnOf({
    name: column.name || `col${n}`,
    values: values as Column['values'],
    ...(type ? { type } : {}),
    ...unitOf(column.unit),
    ...(ucd ? { ucd } : {}),
    ...(xtype ? { xtype } : {}),
    ...(description ? { description } : {}),
    ...(fixed ? { shape: fixed } : {}),
    ...(offsets ? { offsets: per === 2 ? offsets.map((each) => each / 2) : offsets } : {}),
    ...(nulls ? { nulls } : blank ? { nulls: blank } : {}),
  })
}

/** Reads a binary or ASCII table, compressed or not. Throws as #science/fits does, and `table.invalid` where the file has none. */
export function readFitsTable(bytes: Uint8Array, { hdu: which }: FitsTableOptions = {}): Table {
  const file = openFits(bytes)
  const hdu = tableHdu(file.hdus, which)
  return fromHdu(hdu, readTable(file.bytes, hdu))
}

/** The table of a file that is read piece by piece; see `readFitsRows`. Throws as `readFitsTable`. */
export async function openFitsTable(
  source: ByteSource,
  { hdu: which }: FitsTableOptions = {},
): Promise<{ hdu: Hdu; rows: number }> {
  const hdu = tableHdu(await openFitsSource(source), which)
  return { hdu, rows: hdu.kind === 'ascii table' ? hdu.shape[1] : tableFormOf(hdu, { packed: true }).rows }
}

/** Some rows of such a table, as a table. */
export async function readFitsRows(
  source: ByteSource,
  hdu: Hdu,
  rows: readonly [start: number, end: number],
): Promise<Table> {
  return fromHdu(hdu, await readTableFrom(source, hdu, { rows }))
}

function tableHdu(hdus: readonly Hdu[], which: number | string | undefined): Hdu {
  const hdu =
    which === undefined
      ? hdus.find((each) => each.kind === 'table' || each.kind === 'ascii table')
      : hdus.find((each) => each.index === which || each.name.toUpperCase() === String(which).toUpperCase())
  if (hdu) return hdu
  throw new Problem(
    'table.invalid',
    `The FITS file has no table${which === undefined ? '' : ` "${which}"`}.`,
    { hdu: which },
  )
}

function fromHdu(hdu: Hdu, read: ReturnType<typeof readTable>): Table {
  const { header } = hdu
  const timesys: TimeSys[] = []
  const columns = read.columns.map((each, index) => {
    const column = fromFits(each, header, index + 1)
    const system = timesysOf(header, index + 1, each)
    if (!system) return column
    if (!timesys.some(({ id }) => id === system.id)) timesys.push(system)
    return { ...column, ref: system.id }
  })
  const frame = textOf(header, 'RADESYS')?.trim()
  const equinox = numberOf(header, 'EQUINOX')
  const coosys: CooSys[] = frame
    ? [{ id: 'sky', system: frame, ...(equinox ? { equinox: `J${equinox}` } : {}) }]
    : []
  const meta: Record<string, MetaValue> = {}
  for (const { keyword, commentary } of header.cards) {
    const value = commentary || structural.test(keyword) ? undefined : valueOf(header, keyword)
    if (
      typeof value === 'string' ||
      typeof value === 'number' ||
      typeof value === 'boolean' ||
      typeof value === 'bigint'
    )
      meta[keyword] = value
  }
  return tableOf({
    columns,
    ...(hdu.name ? { title: hdu.name } : {}),
    ...(coosys.length > 0 ? { coosys } : {}),
    ...(timesys.length > 0 ? { timesys } : {}),
    ...(Object.keys(meta).length > 0 ? { meta } : {}),
  })
}

function blanked(values: readonly string[], nulls: Uint8Array, nothing: string): string[] {
  return values.map((each, i) => (nulls[i] ? nothing : each))
}

/** Floats without value are NaN in FITS, which has no TNULL for them. */
function nanned({ values, nulls, type }: Column): Column['values'] {
  if (!(values instanceof Float32Array || values instanceof Float64Array)) return values
  const out = values.slice()
  const per = numbersIn(type)
  for (let i = 0; i < out.length; i++) if (nulls?.[Math.floor(i / per)]) out[i] = NaN
  return out
}

function toFits(column: Column): FitsColumnInput {
  const { name, unit, type, values, shape, offsets, nulls } = column
  const kind = type === 'boolean' ? 'L' : type === 'complex64' ? 'C' : type === 'complex128' ? 'M' : undefined
  const blank = unusedValue(column)
  // TNULL is the stored number, before the offset that makes it unsigned.
  const offset: Partial<Record<ColumnType, bigint>> = {
    int8: -128n,
    uint16: 2n ** 15n,
    uint32: 2n ** 31n,
    uint64: 2n ** 63n,
  }
  const stored = blank === undefined ? undefined : blank - (offset[type] ?? 0n)
  const held = !nulls ? values : type === 'string' ? blanked(values as string[], nulls, '') : nanned(column)
  const repeat = shape?.reduce((product, each) => product * each, 1)
  return {
    name,
    values: held,
    ...(unit ? { unit } : {}),
    ...(kind ? { kind } : {}),
    ...(repeat !== undefined && !offsets ? { repeat } : {}),
    ...(shape && shape.length > 1 && !offsets ? { shape: [...shape].reverse() } : {}),
    ...(offsets ? { offsets: numbersIn(type) === 2 ? offsets.map((each) => 2 * each) : offsets } : {}),
    ...(nulls && type !== 'string' && !type.startsWith('float') && !type.startsWith('complex')
      ? { nulls }
      : {}),
    ...(stored === undefined
      ? {}
      : { blank: type === 'int64' || type === 'uint64' ? stored : Number(stored) }),
  }
}

function timeCards(table: Table): Card[] {
  const cards: Card[] = []
  let reference: number | undefined
  for (const [index, column] of table.columns.entries()) {
    const system = table.timesys?.find((each) => each.id === column.ref)
    if (!system || !timeScales.has(system.timescale.toUpperCase())) continue
    const { timeorigin: origin } = system
    const mine =
      origin === 'MJD-origin'
        ? 0
        : origin === 'JD-origin'
          ? -jdOfMjd
          : origin === undefined
            ? undefined
            : origin - jdOfMjd
    // One reference serves a whole HDU; a column with another keeps its values and unit, but no time keywords.
    if (mine !== undefined && reference !== undefined && mine !== reference) continue
    if (mine !== undefined && reference === undefined) {
      reference = mine
      cards.push(card('MJDREF', mine, 'MJD of time zero'))
    }
    cards.push(card(`TCTYP${index + 1}`, system.timescale.toUpperCase(), 'time scale'))
    if (mine !== undefined && column.unit) cards.push(card(`TCUNI${index + 1}`, column.unit))
    if (system.refposition !== 'UNKNOWN') cards.push(card(`TRPOS${index + 1}`, system.refposition))
  }
  return cards
}

/** Writes a FITS file with one binary table. Nested metadata is left out; so is what FITS has no word for (groups, infos). */
export function writeFitsTable(table: Table): Uint8Array {
  const { columns, coosys = [], meta = {}, title } = table
  const cards: Card[] = []
  for (const [index, { ucd, description, xtype }] of columns.entries()) {
    if (ucd) cards.push(card(`TUCD${index + 1}`, ucd))
    if (description) cards.push(card(`TCOMM${index + 1}`, plainText(description)))
    if (xtype) cards.push(card(`TXTYP${index + 1}`, xtype))
  }
  const [frame] = coosys
  if (frame) {
    cards.push(card('RADESYS', frame.system))
    const equinox = Number(frame.equinox?.replace(/^J/, ''))
    if (equinox > 0) cards.push(card('EQUINOX', equinox))
  }
  cards.push(...timeCards(table))
  for (const [keyword, value] of Object.entries(meta)) {
    const name = keyword.toUpperCase()
    if (!/^[A-Z0-9_-]{1,8}$/.test(name) || structural.test(name)) continue
    if (typeof value === 'string') cards.push(card(name, plainText(value)))
    else if (
      typeof value === 'boolean' ||
      typeof value === 'bigint' ||
      (typeof value === 'number' && Number.isFinite(value))
    )
      cards.push(card(name, value))
  }
  return writeFits([
    { kind: 'table', columns: columns.map(toFits), cards, ...(title ? { name: plainText(title) } : {}) },
  ])
}

/** Header text is ASCII; other letters become their plain forms or "?". */
function plainText(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/\s+/g, ' ')
    .replace(/[^\x20-\x7e]/g, '?')
}
