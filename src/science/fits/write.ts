/** Writes FITS files: images and binary tables, with CHECKSUM and DATASUM. Standard: FITS 4.0. */
import { Problem } from '#problem.ts'
import { bytesOf } from './columns.ts'
import type { ColumnKind } from './columns.ts'
import { formatCard } from './card.ts'
import type { Card } from './card.ts'
import { onesSum, paddingOf, sealHeader } from './checksum.ts'
import { elementBytes, encodeInto, storageOf } from './elements.ts'
import type { ElementKind, NumberArray } from './elements.ts'
import { card, formatHeader } from './header.ts'

export interface ImageInput {
  readonly kind: 'image'
  readonly name?: string
  /** Lengths in FITS order; an empty list writes a HDU without data. */
  readonly shape: readonly number[]
  /** Unsigned and int8 arrays are written with the BZERO that FITS reserves for them. */
  readonly data?: NumberArray
  /** Further cards, in order; structural ones among them are left out. For raw scaled integers: BSCALE, BZERO, BLANK. */
  readonly cards?: readonly Card[]
}

/** A column to write; what `readTable` returns can be given back. */
export interface ColumnInput {
  readonly name: string
  readonly unit?: string
  readonly values: NumberArray | readonly string[]
  /** Where the array type does not tell: 'L', 'X', 'C', 'M', 'A'. */
  readonly kind?: ColumnKind
  /** Elements in a cell (strings, for text); 1 where left out. */
  readonly repeat?: number
  readonly shape?: readonly number[]
  /** Cells of variable length: row n holds `values[offsets[n] … offsets[n+1])`. */
  readonly offsets?: ArrayLike<number>
  /** 1 where there is no value; integers then need `blank`, the stored value for it (TNULL). */
  readonly nulls?: Uint8Array
  readonly blank?: number | bigint
  /** TSCAL and TZERO of raw values that are written as they are. */
  readonly scale?: number
  readonly zero?: number
}

export interface TableInput {
  readonly kind: 'table'
  readonly name?: string
  readonly columns: readonly ColumnInput[]
  readonly cards?: readonly Card[]
}

export type HduInput = ImageInput | TableInput

const structural =
  /^(SIMPLE|XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|GROUPS|EXTEND|TFIELDS|THEAP|END|CHECKSUM|DATASUM|T(FORM|TYPE|UNIT|DIM|NULL|SCAL|ZERO)\d+)$/

const bitpixOf: Record<ElementKind, number> = { B: 8, I: 16, J: 32, K: 64, E: -32, D: -64 }

function freeCards(cards: readonly Card[] | undefined, name: string | undefined): Card[] {
  const kept = (cards ?? []).filter((each) => !structural.test(each.keyword))
  const named = kept.some((each) => each.keyword === 'EXTNAME')
  return name && !named ? [card('EXTNAME', name), ...kept] : kept
}

function openingCards(first: boolean, kind: 'IMAGE' | 'BINTABLE'): Card[] {
  return first
    ? [card('SIMPLE', true, 'conforms to FITS standard')]
    : [card('XTENSION', kind, kind === 'IMAGE' ? 'image extension' : 'binary table extension')]
}

function imageParts(input: ImageInput, first: boolean): { cards: Card[]; data: Uint8Array } {
  const values = input.data ?? new Uint8Array(0)
  const length = input.shape.length === 0 ? 0 : input.shape.reduce((product, each) => product * each, 1)
  if (length !== values.length) {
    throw new Problem(
      'fits.invalid',
      `The image has ${values.length} pixels but the shape ${input.shape.join(' × ') || 'without axes'} asks for ${length}.`,
    )
  }
  const { kind, zero } = storageOf(values)
  const data = new Uint8Array(length * elementBytes[kind])
  encodeInto(new DataView(data.buffer), 0, values, 0, length)
  const cards = [
    ...openingCards(first, 'IMAGE'),
    card('BITPIX', bitpixOf[kind]),
    card('NAXIS', input.shape.length),
    ...input.shape.map((each, axis) => card(`NAXIS${axis + 1}`, each)),
    ...(first ? [card('EXTEND', true)] : [card('PCOUNT', 0), card('GCOUNT', 1)]),
    ...(zero === undefined ? [] : [card('BSCALE', 1), card('BZERO', zero)]),
    ...freeCards(input.cards, input.name).filter(
      (each) => zero === undefined || (each.keyword !== 'BSCALE' && each.keyword !== 'BZERO'),
    ),
  ]
  return { cards, data }
}

/** How one column is laid out. `width` is the characters of a string. */
interface Layout {
  readonly input: ColumnInput
  readonly kind: ColumnKind
  readonly zero?: number | bigint
  readonly rows: number
  readonly repeat: number
  readonly width: number
  readonly wide: boolean
  readonly bytes: number
  readonly most: number
}

/** Elements in a cell as TFORM counts them. */
function formCount({ kind, repeat, width }: Layout): number {
  return kind === 'A' ? repeat * width : repeat
}

/** Scaled columns come back from reading with the type they were stored in but real values: those are written as real. */
function storedKind(asked: ColumnKind | undefined, stored: ElementKind | 'A'): ColumnKind {
  if (asked === undefined) return stored
  if (asked === 'C' && stored === 'D') return 'M'
  return 'BIJKED'.includes(asked) && stored !== 'A' ? stored : asked
}

function layoutOf(input: ColumnInput): Layout {
  const { values, offsets } = input
  const text = Array.isArray(values)
  const stored = text ? { kind: 'A' as const } : storageOf(values as NumberArray)
  const kind = storedKind(input.kind, stored.kind)
  const typed = kind === 'A' ? text : kind === 'L' || kind === 'X' ? values instanceof Uint8Array : !text
  if (!typed)
    throw new Problem(
      'fits.invalid',
      `Column "${input.name}" cannot be written as TFORM ${kind} from such values.`,
    )
  const zero =
    'zero' in stored && kind !== 'L' && kind !== 'X'
      ? (stored.zero as number | bigint | undefined)
      : undefined
  const repeat = input.repeat ?? 1
  const perElement = kind === 'C' || kind === 'M' ? 2 : 1
  const rows = offsets ? offsets.length - 1 : repeat === 0 ? 0 : values.length / repeat / perElement
  if (!Number.isInteger(rows)) {
    throw new Problem(
      'fits.invalid',
      `Column "${input.name}" has ${values.length} values, which is no multiple of its ${repeat} in a cell.`,
    )
  }
  let width = 0
  if (kind === 'A') for (const each of values as string[]) width = Math.max(width, each.length)
  let most = 0
  let wide = false
  if (offsets) {
    let heap = 0
    for (let row = 0; row < rows; row++) {
      const count =
        kind === 'A' ? (values as string[])[row].length : (offsets[row + 1] - offsets[row]) / perElement
      most = Math.max(most, count)
      heap += bytesOf(kind, count)
    }
    wide = heap > 2 ** 31 - 1
  }
  const layout = { input, kind, zero, rows, repeat, width: Math.max(width, 1), wide, bytes: 0, most }
  return { ...layout, bytes: offsets ? (wide ? 16 : 8) : bytesOf(kind, formCount(layout)) }
}

function columnCards(layout: Layout, n: number): Card[] {
  const { input, kind, most, wide, repeat, width } = layout
  const form = input.offsets ? `1${wide ? 'Q' : 'P'}${kind}(${most})` : `${formCount(layout)}${kind}`
  const shape = kind === 'A' && repeat > 1 ? [width, ...(input.shape ?? [repeat])] : input.shape
  const zero = layout.zero ?? input.zero
  return [
    card(`TTYPE${n}`, input.name),
    card(`TFORM${n}`, form),
    ...(input.unit ? [card(`TUNIT${n}`, input.unit)] : []),
    ...(shape && !input.offsets ? [card(`TDIM${n}`, `(${shape.join(',')})`)] : []),
    ...(input.scale !== undefined || layout.zero !== undefined ? [card(`TSCAL${n}`, input.scale ?? 1)] : []),
    ...(zero === undefined ? [] : [card(`TZERO${n}`, zero)]),
    ...(input.blank === undefined ? [] : [card(`TNULL${n}`, input.blank)]),
  ]
}

function encodeText(text: string, name: string, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 || code > 126) {
      throw new Problem(
        'fits.invalid',
        `Column "${name}" holds a character that FITS tables cannot carry (code ${code}); use plain ASCII.`,
      )
    }
    bytes[at + i] = code
  }
}

/** Encodes elements `start`…`end` (array positions; bits and strings likewise) of a column at byte `at`. */
function encodeCells(
  layout: Layout,
  start: number,
  end: number,
  bytes: Uint8Array,
  view: DataView,
  at: number,
): void {
  const { kind, input, width } = layout
  if (kind === 'A') {
    const texts = input.values as readonly string[]
    for (let i = start; i < end; i++) encodeText(texts[i], input.name, bytes, at + (i - start) * width)
    return
  }
  const values = input.values as NumberArray
  if (kind === 'X') {
    for (let i = start; i < end; i++)
      if (values[i]) bytes[at + ((i - start) >> 3)] |= 128 >> ((i - start) & 7)
  } else if (kind === 'L') {
    for (let i = start; i < end; i++) bytes[at + i - start] = input.nulls?.[i] ? 0 : values[i] ? 84 : 70
  } else {
    encodeInto(view, at, values, start, end)
    if (!input.nulls || input.blank === undefined) return
    const size = bytesOf(kind, 1)
    for (let i = start; i < end; i++)
      if (input.nulls[i]) encodeBlank(view, at + (i - start) * size, kind, input.blank)
  }
}

function encodeBlank(view: DataView, at: number, kind: ColumnKind, blank: number | bigint): void {
  if (kind === 'K') view.setBigInt64(at, BigInt(blank))
  else if (kind === 'J') view.setInt32(at, Number(blank))
  else if (kind === 'I') view.setInt16(at, Number(blank))
  else view.setUint8(at, Number(blank))
}

function tableParts(input: TableInput): { cards: Card[]; data: Uint8Array } {
  const layouts = input.columns.map(layoutOf)
  // Cells without elements take as many rows as the other columns have.
  const counted = layouts.filter((each) => each.input.offsets || each.repeat > 0)
  const rows = counted.length > 0 ? counted[0].rows : 0
  const odd = counted.find((each) => each.rows !== rows)
  if (odd) {
    throw new Problem(
      'fits.invalid',
      `Column "${odd.input.name}" has ${odd.rows} rows where "${counted[0].input.name}" has ${rows}; all columns of a table need the same.`,
    )
  }
  const rowBytes = layouts.reduce((sum, each) => sum + each.bytes, 0)
  let heapBytes = 0
  for (const { input: column, kind, rows: count } of layouts) {
    for (let row = 0; column.offsets && row < count; row++) heapBytes += cellBytes(column, kind, row)
  }
  const data = new Uint8Array(rows * rowBytes + heapBytes)
  const view = new DataView(data.buffer)
  let offset = 0
  let heap = 0
  for (const layout of layouts) {
    const { input: column, kind, repeat } = layout
    const perRow = kind === 'C' || kind === 'M' ? 2 * repeat : repeat
    for (let row = 0; row < rows; row++) {
      const at = row * rowBytes + offset
      if (!column.offsets) {
        if (kind === 'A') data.fill(0, at, at + layout.bytes)
        encodeCells(layout, row * perRow, (row + 1) * perRow, data, view, at)
        continue
      }
      const bytes = cellBytes(column, kind, row)
      const count =
        kind === 'A'
          ? bytes
          : (column.offsets[row + 1] - column.offsets[row]) / (kind === 'C' || kind === 'M' ? 2 : 1)
      if (layout.wide) {
        view.setBigInt64(at, BigInt(count))
        view.setBigInt64(at + 8, BigInt(heap))
      } else {
        view.setInt32(at, count)
        view.setInt32(at + 4, heap)
      }
      const end = kind === 'A' ? row + 1 : column.offsets[row + 1]
      encodeCells(layout, kind === 'A' ? row : column.offsets[row], end, data, view, rows * rowBytes + heap)
      heap += bytes
    }
    offset += layout.bytes
  }
  const cards = [
    ...openingCards(false, 'BINTABLE'),
    card('BITPIX', 8),
    card('NAXIS', 2),
    card('NAXIS1', rowBytes, 'bytes in a row'),
    card('NAXIS2', rows, 'rows'),
    card('PCOUNT', heapBytes, 'bytes of heap'),
    card('GCOUNT', 1),
    card('TFIELDS', layouts.length, 'columns'),
    ...layouts.flatMap((each, index) => columnCards(each, index + 1)),
    ...freeCards(input.cards, input.name),
  ]
  return { cards, data }
}

function cellBytes(column: ColumnInput, kind: ColumnKind, row: number): number {
  if (kind === 'A') return (column.values as readonly string[])[row].length
  const offsets = column.offsets as ArrayLike<number>
  return bytesOf(kind, (offsets[row + 1] - offsets[row]) / (kind === 'C' || kind === 'M' ? 2 : 1))
}

/**
 * Writes a FITS file with CHECKSUM and DATASUM in each HDU. Where the first part is a table, an empty primary HDU goes
 * before it. Throws `fits.invalid` for shapes that do not match and text that is not ASCII.
 */
export function writeFits(parts: readonly HduInput[]): Uint8Array {
  const all: readonly HduInput[] =
    parts[0]?.kind === 'image' ? parts : [{ kind: 'image', shape: [] }, ...parts]
  const pieces: Uint8Array[] = []
  for (const [index, part] of all.entries()) {
    const { cards, data } = part.kind === 'image' ? imageParts(part, index === 0) : tableParts(part)
    const sum = onesSum(data)
    const goesOn = cards.some((each) => !each.commentary && formatCard(each).length > 80)
    const told = cards.some((each) => each.keyword === 'LONGSTRN')
    const header = formatHeader([
      ...cards,
      ...(goesOn && !told ? [card('LONGSTRN', 'OGIP 1.0', 'long strings go on over CONTINUE')] : []),
      card('CHECKSUM', '0'.repeat(16), 'HDU checksum'),
      card('DATASUM', String(sum), 'data checksum'),
    ])
    sealHeader(header, sum)
    pieces.push(header, data, new Uint8Array(paddingOf(data.length)))
  }
  const file = new Uint8Array(pieces.reduce((total, each) => total + each.length, 0))
  let at = 0
  for (const piece of pieces) {
    file.set(piece, at)
    at += piece.length
  }
  return file
}
