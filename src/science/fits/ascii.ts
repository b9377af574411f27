/** ASCII tables: columns of characters at fixed places of a line. Standard: FITS 4.0, §7.2. */
import { Problem } from '#problem.ts'
import type { ColumnForm, TableForm } from './columns.ts'
import { integerOf, numberOf, textOf, valueOf } from './header.ts'
import { hduLabel } from './hdu.ts'
import type { Hdu } from './hdu.ts'

interface AsciiColumn extends ColumnForm {
  /** Decimals that are meant where a number has no point. */
  readonly decimals: number
  /** TNULLn: the text for "no value". */
  readonly none?: string
}

export interface AsciiForm extends TableForm {
  readonly columns: readonly AsciiColumn[]
}

/** Whole numbers of fewer digits fit 32 bits. */
const longDigits = 10

/** Reads the layout of an ASCII table. Throws `fits.invalid` naming keyword and HDU. */
export function asciiFormOf(hdu: Hdu): AsciiForm {
  const { header, dataStart, dataLength } = hdu
  const label = hduLabel(hdu.index, hdu.name)
  if (hdu.shape.length !== 2 || hdu.bitpix !== 8) {
    throw new Problem(
      'fits.invalid',
      `${label} is an ASCII table whose BITPIX is not 8 or NAXIS not 2; the file is damaged.`,
      {
        keyword: 'NAXIS',
        hdu: hdu.index,
      },
    )
  }
  const [rowBytes, rows] = hdu.shape
  const columns: AsciiColumn[] = []
  for (let index = 0; index < integerOf(header, 'TFIELDS', label, { most: 999 }); index++) {
    const n = index + 1
    const text = textOf(header, `TFORM${n}`) ?? ''
    const parts = /^\s*([AIFED])(\d+)(?:\.(\d+))?\s*$/i.exec(text)
    const start = integerOf(header, `TBCOL${n}`, label, { least: 1 })
    const width = parts ? Number(parts[2]) : 0
    if (!parts || width === 0 || start - 1 + width > rowBytes) {
      throw new Problem(
        'fits.invalid',
        `${label} says TFORM${n} = '${text}' at TBCOL${n} = ${start}, which is no column of a line of ${rowBytes} characters; the file is damaged.`,
        { keyword: `TFORM${n}`, hdu: hdu.index },
      )
    }
    const letter = parts[1].toUpperCase()
    const unit = textOf(header, `TUNIT${n}`)?.trim()
    const none = valueOf(header, `TNULL${n}`)
    columns.push({
      index,
      name: (textOf(header, `TTYPE${n}`) ?? '').trim(),
      ...(unit ? { unit } : {}),
      kind: letter === 'A' ? 'A' : letter !== 'I' ? 'D' : width < longDigits ? 'J' : 'K',
      repeat: letter === 'A' ? width : 1,
      scale: numberOf(header, `TSCAL${n}`) ?? 1,
      zero: numberOf(header, `TZERO${n}`) ?? 0,
      offset: start - 1,
      bytes: width,
      decimals: Number(parts[3] ?? 0),
      ...(none === undefined ? {} : { none: String(none).trim() }),
    })
  }
  return {
    rows,
    rowBytes,
    columns,
    dataStart,
    heapStart: dataStart + dataLength,
    heapEnd: dataStart + dataLength,
    label,
  }
}

/** A number as Fortran reads it: exponents with D or without a letter, an implied point, blanks for zero. */
function numberIn(text: string, decimals: number): number {
  const parts = /^([+-]?)(\d*)(\.?)(\d*)(?:[ED]?([+-]?\d+))?$/.exec(text)
  if (!parts || parts[2] + parts[4] === '') return NaN
  const [, sign, whole, point, fraction, exponent] = parts
  const implied = point === '' ? decimals : 0
  return Number(`${sign}${whole || '0'}.${fraction || '0'}e${Number(exponent ?? 0) - implied}`)
}

/**
 * Values of a column from the bytes of `rows` whole lines. Numbers: 32- or 64-bit integers, or doubles; `nulls` marks
 * integers without a value, doubles are NaN there. Scaled columns are doubles. Throws `fits.invalid` for what is no number.
 */
export function asciiValues(
  { label, rowBytes }: AsciiForm,
  column: AsciiColumn,
  bytes: Uint8Array,
  rows: number,
  firstRow: number,
): { values: Int32Array | BigInt64Array | Float64Array | string[]; nulls?: Uint8Array } {
  const { offset, bytes: width, kind, decimals, none, scale, zero } = column
  const textAt = (row: number): string => {
    const start = row * rowBytes + offset
    return String.fromCharCode(...bytes.subarray(start, start + width))
  }
  if (kind === 'A') return { values: Array.from({ length: rows }, (_, row) => textAt(row).trimEnd()) }
  const scaled = scale !== 1 || Number(zero) !== 0
  const values =
    kind === 'D' || scaled
      ? new Float64Array(rows)
      : kind === 'J'
        ? new Int32Array(rows)
        : new BigInt64Array(rows)
  const nulls = new Uint8Array(rows)
  let some = false
  for (let row = 0; row < rows; row++) {
    const text = textAt(row).trim().toUpperCase()
    const absent = none !== undefined && text === none.toUpperCase()
    // A field of blanks is zero, unless blanks are what TNULL says.
    if (absent || text === '') {
      if (!absent) continue
      some = true
      nulls[row] = 1
      if (values instanceof Float64Array) values[row] = NaN
      continue
    }
    const squeezed = text.replaceAll(' ', '')
    const good = kind === 'D' ? undefined : /^[+-]?\d+$/.test(squeezed)
    const value = good === false ? NaN : numberIn(squeezed, decimals)
    if (Number.isNaN(value) && squeezed !== 'NAN') {
      throw new Problem(
        'fits.invalid',
        `${label}: row ${firstRow + row + 1} of column "${column.name}" holds '${text.slice(0, 40)}', which is no number; the file is damaged.`,
        { column: column.name, row: firstRow + row },
      )
    }
    if (values instanceof Float64Array) values[row] = value * scale + Number(zero)
    else if (values instanceof Int32Array) values[row] = value
    else values[row] = BigInt(squeezed.replace(/^\+/, ''))
  }
  return some && !(values instanceof Float64Array) ? { values, nulls } : { values }
}
