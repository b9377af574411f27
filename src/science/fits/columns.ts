/** Columns of a binary table as their header cards declare them. Standard: FITS 4.0, §7.3. */
import { Problem } from '#problem.ts'
import { integerOf, numberOf, textOf, valueOf } from './header.ts'
import { hduLabel } from './hdu.ts'
import type { Hdu } from './hdu.ts'

/** Element types of TFORM: logical, bit, byte, int16, int32, int64, text, float32, float64, complex64, complex128. */
export type ColumnKind = 'L' | 'X' | 'B' | 'I' | 'J' | 'K' | 'A' | 'E' | 'D' | 'C' | 'M'

export interface ColumnForm {
  /** From 0. */
  readonly index: number
  readonly name: string
  readonly unit?: string
  readonly kind: ColumnKind
  /** Elements in a cell; for text, characters; for variable-length columns, the most that a cell holds (0: not said). */
  readonly repeat: number
  /** P or Q: cells hold a descriptor (32 or 64 bits) of an array in the heap. */
  readonly descriptor?: 'P' | 'Q'
  /** Characters of each string where a text cell holds several. */
  readonly width?: number
  /** TDIM in FITS order: the first axis varies fastest. */
  readonly shape?: readonly number[]
  readonly scale: number
  readonly zero: number | bigint
  /** TNULL: the stored value that means "no value". */
  readonly blank?: number | bigint
  /** First byte of the cell in its row, and bytes in the row. */
  readonly offset: number
  readonly bytes: number
}

export interface TableForm {
  readonly rows: number
  readonly rowBytes: number
  readonly columns: readonly ColumnForm[]
  /** Where rows and heap lie, as file positions. */
  readonly dataStart: number
  readonly heapStart: number
  readonly heapEnd: number
  readonly label: string
}

const kindBytes: Record<ColumnKind, number> = {
  L: 1,
  X: 0,
  B: 1,
  I: 2,
  J: 4,
  K: 8,
  A: 1,
  E: 4,
  D: 8,
  C: 8,
  M: 16,
}

/** Bytes that `count` elements take (bits are packed eight to a byte). */
export function bytesOf(kind: ColumnKind, count: number): number {
  return kind === 'X' ? Math.ceil(count / 8) : kindBytes[kind] * count
}

function shapeOf(hdu: Hdu, keyword: string, repeat: number): number[] | undefined {
  const text = textOf(hdu.header, keyword)
  const inside = text === undefined ? undefined : /^\s*\(([\d\s,]+)\)\s*$/.exec(text)
  if (!inside) return undefined
  const shape = inside[1].split(',').map(Number)
  // A TDIM that does not match the column is ignored, as the standard asks.
  return shape.reduce((product, each) => product * each, 1) <= repeat ? shape : undefined
}

function columnOf(hdu: Hdu, index: number, offset: number, where: string): ColumnForm {
  const n = index + 1
  const text = textOf(hdu.header, `TFORM${n}`)
  const parts = text === undefined ? null : /^\s*(\d*)\s*([LXBIJKAEDCMPQ])(.*?)\s*$/i.exec(text)
  if (!parts) {
    throw new Problem(
      'fits.invalid',
      `${where} says TFORM${n} = ${text === undefined ? 'nothing' : `'${text}'`}, which is no column format; the file is damaged.`,
      { keyword: `TFORM${n}`, hdu: hdu.index },
    )
  }
  const letter = parts[2].toUpperCase()
  const declared = parts[1] === '' ? 1 : Number(parts[1])
  const name = (textOf(hdu.header, `TTYPE${n}`) ?? '').trim()
  const unit = textOf(hdu.header, `TUNIT${n}`)?.trim()
  const blank = valueOf(hdu.header, `TNULL${n}`)
  const zero = valueOf(hdu.header, `TZERO${n}`)
  const common = {
    index,
    name,
    ...(unit ? { unit } : {}),
    scale: numberOf(hdu.header, `TSCAL${n}`) ?? 1,
    zero: typeof zero === 'bigint' ? zero : (numberOf(hdu.header, `TZERO${n}`) ?? 0),
    ...(typeof blank === 'number' || typeof blank === 'bigint' ? { blank } : {}),
    offset,
  }
  if (letter === 'P' || letter === 'Q') {
    const inner = /^([LXBIJKAEDCM])\s*(?:\((\d+)\))?/i.exec(parts[3].trim())
    if (!inner || declared > 1) {
      throw new Problem(
        'fits.invalid',
        `${where} says TFORM${n} = '${text}', which is no variable-length column; write it as 1${letter}t(most) with one type letter t.`,
        { keyword: `TFORM${n}`, hdu: hdu.index },
      )
    }
    const repeat = inner[2] === undefined ? 0 : Number(inner[2])
    const bytes = declared * (letter === 'P' ? 8 : 16)
    return { ...common, kind: inner[1].toUpperCase() as ColumnKind, repeat, descriptor: letter, bytes }
  }
  const kind = letter as ColumnKind
  const shape = shapeOf(hdu, `TDIM${n}`, declared)
  const packed = kind === 'A' ? /^(\d+)/.exec(parts[3]) : null
  const width = kind === 'A' ? (shape?.[0] ?? (packed ? Number(packed[1]) : undefined)) : undefined
  return {
    ...common,
    kind,
    repeat: declared,
    ...(shape ? { shape } : {}),
    ...(width ? { width } : {}),
    bytes: bytesOf(kind, declared),
  }
}

/**
 * Reads the layout of a binary table. Throws `fits.invalid` naming keyword and HDU, and `fits.unsupported` for a compressed
 * table unless its layout before it was packed is what is asked for: rows of that do not lie in the file.
 */
export function tableFormOf(hdu: Hdu, { packed = false } = {}): TableForm {
  const label = hduLabel(hdu.index, hdu.name)
  if (hdu.stored && hdu.kind === 'table' && !packed) {
    throw new Problem(
      'fits.unsupported',
      `${label} is a compressed table (ZTABLE = T), which is not read here; unpack it with funpack.`,
      { keyword: 'ZTABLE', hdu: hdu.index },
    )
  }
  if (hdu.kind !== 'table' || hdu.shape.length !== 2) {
    throw new Problem('fits.invalid', `${label} is no binary table.`, { hdu: hdu.index })
  }
  const [rowBytes, rows] = hdu.shape
  const count = integerOf(hdu.header, 'TFIELDS', label, { most: 999 })
  const columns: ColumnForm[] = []
  let offset = 0
  for (let index = 0; index < count; index++) {
    const column = columnOf(hdu, index, offset, label)
    columns.push(column)
    offset += column.bytes
  }
  if (offset !== rowBytes || (rowBytes === 0 && rows > 0)) {
    throw new Problem(
      'fits.invalid',
      `${label} says NAXIS1 = ${rowBytes} bytes a row, but its ${count} columns take ${offset} (${rows} rows); the file is damaged.`,
      { keyword: 'NAXIS1', hdu: hdu.index },
    )
  }
  const theap = integerOf(hdu.header, 'THEAP', label, { fallback: rowBytes * rows })
  const { dataStart } = hdu
  return {
    rows,
    rowBytes,
    columns,
    dataStart,
    heapStart: dataStart + theap,
    heapEnd: dataStart + hdu.dataLength,
    label,
  }
}

/** The column of that name; exact case first, then any case, as TTYPE is compared without it. */
export function findColumn(form: TableForm, name: string): ColumnForm | undefined {
  const upper = name.toUpperCase()
  return (
    form.columns.find((each) => each.name === name) ??
    form.columns.find((each) => each.name.toUpperCase() === upper)
  )
}
