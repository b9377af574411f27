/** How an image is cut into compressed tiles: the Z keywords of its binary table. Standard: FITS 4.0, §10.1. */
import { Problem } from '#problem.ts'
import type { Card } from './card.ts'
import { findColumn, tableFormOf } from './columns.ts'
import type { ColumnForm, TableForm } from './columns.ts'
import { card, headerOf, integerOf, numberOf, textOf, valueOf } from './header.ts'
import type { Header } from './header.ts'
import { hduLabel } from './hdu.ts'
import type { Hdu } from './hdu.ts'
import type { Dither } from './quantise.ts'
import type { RiceBytes } from './rice.ts'

export type TileMethod = 'RICE_1' | 'GZIP_1' | 'GZIP_2' | 'PLIO_1' | 'HCOMPRESS_1' | 'NOCOMPRESS'

export interface Tiling {
  readonly label: string
  readonly hdu: number
  readonly table: TableForm
  /** Of the image, its tiles, and how many of them along each axis; FITS order. */
  readonly shape: readonly number[]
  readonly tile: readonly number[]
  readonly counts: readonly number[]
  readonly bitpix: number
  readonly method: TileMethod
  readonly bytepix: RiceBytes
  readonly blockSize: number
  readonly smooth: boolean
  /** Floats as scaled integers; the others are there bit by bit. */
  readonly quantised: boolean
  /** Added to PLIO_1's values, which are never negative, by those who pack unsigned 16-bit images. */
  readonly offset: number
  readonly dither: Dither
  readonly seed: number
  /** Columns with tiles: compressed, gzipped floats, as they are. */
  readonly data?: ColumnForm
  readonly gzipped?: ColumnForm
  readonly plain?: ColumnForm
  readonly scale: ColumnForm | number
  readonly zero: ColumnForm | number
  readonly blank: ColumnForm | number | undefined
}

const methods: Record<string, TileMethod> = {
  RICE_1: 'RICE_1',
  RICE_ONE: 'RICE_1',
  GZIP_1: 'GZIP_1',
  GZIP_2: 'GZIP_2',
  PLIO_1: 'PLIO_1',
  HCOMPRESS_1: 'HCOMPRESS_1',
  NOCOMPRESS: 'NOCOMPRESS',
}

const dithers: Record<string, Dither> = {
  NO_DITHER: 'none',
  NONE: 'none',
  SUBTRACTIVE_DITHER_1: 'one',
  SUBTRACTIVE_DITHER_2: 'two',
}

/** Images of more pixels than this must have compressed bytes in some proportion. */
const freePixels = 2 ** 25
const pixelsPerByte = 2048

function bad(hdu: Hdu, keyword: string, value: unknown, why: string): Problem {
  return new Problem(
    'fits.invalid',
    `${hduLabel(hdu.index, hdu.name)} says ${keyword} = ${String(value).slice(0, 40)}, ${why}.`,
    { keyword, hdu: hdu.index },
  )
}

function axesOf(hdu: Hdu): { bitpix: number; shape: number[] } {
  const where = hduLabel(hdu.index, hdu.name)
  const bitpix = integerOf(hdu.header, 'ZBITPIX', where, { least: -64, most: 64 })
  if (![8, 16, 32, 64, -32, -64].includes(bitpix))
    throw bad(hdu, 'ZBITPIX', bitpix, 'which FITS does not have; the file is damaged')
  const axes = integerOf(hdu.header, 'ZNAXIS', where, { most: 999 })
  const shape: number[] = []
  for (let n = 1; n <= axes; n++) shape.push(integerOf(hdu.header, `ZNAXIS${n}`, where, { most: 2 ** 40 }))
  return { bitpix, shape }
}

/** A parameter of the algorithm, given as ZNAMEn and ZVALn. */
function parameter(header: Header, name: string): number | undefined {
  for (let n = 1; n <= 99; n++) {
    const given = textOf(header, `ZNAME${n}`)
    if (given === undefined) return undefined
    if (given.trim().toUpperCase() !== name) continue
    // Astropy writes a switch that it was given as True as T.
    return valueOf(header, `ZVAL${n}`) === true ? 1 : numberOf(header, `ZVAL${n}`)
  }
  return undefined
}

/**
 * The tiling of a compressed image, from the binary table that holds it (`hdu.stored`).
 * Throws `fits.invalid` naming HDU and keyword, `fits.unsupported` for other algorithms, `fits.too_large` where the
 * image could not come from so few bytes.
 */
export function tilingOf(hdu: Hdu): Tiling {
  const { header } = hdu
  const label = hduLabel(hdu.index, hdu.name)
  const { bitpix, shape } = axesOf(hdu)
  const table = tableFormOf(hdu)
  const said = (textOf(header, 'ZCMPTYPE') ?? '').trim().toUpperCase()
  const method = methods[said]
  if (!method) {
    throw new Problem(
      'fits.unsupported',
      `${label} is compressed with ZCMPTYPE = '${said.slice(0, 40)}', which is not read; unpack it with the program that made it.`,
      { keyword: 'ZCMPTYPE', hdu: hdu.index },
    )
  }
  const tile = shape.map((axis, n) =>
    integerOf(header, `ZTILE${n + 1}`, label, {
      fallback: n === 0 ? axis : 1,
      least: axis === 0 ? 0 : 1,
      most: 2 ** 40,
    }),
  )
  const counts = shape.map((axis, n) => Math.ceil(axis / tile[n]) || 0)
  const tiles = shape.length === 0 ? 0 : counts.reduce((product, each) => product * each, 1)
  if (tiles !== table.rows) {
    throw bad(
      hdu,
      'ZTILE1',
      tile.join(' × '),
      `which cuts ${shape.map((axis, n) => `ZNAXIS${n + 1} = ${axis}`).join(', ')} into ${tiles} tiles, but its table has ${table.rows} rows; the file is damaged`,
    )
  }
  const pixels = shape.reduce((product, each) => product * each, 1)
  if (pixels > freePixels && pixels > pixelsPerByte * hdu.dataLength) {
    throw new Problem(
      'fits.too_large',
      `${label} claims ${shape.map((axis, n) => `ZNAXIS${n + 1} = ${axis}`).join(', ')} from ${hdu.dataLength} bytes, more than ${pixelsPerByte} pixels to a byte; it is damaged or made to do harm.`,
      { keyword: 'ZNAXIS1', hdu: hdu.index, pixels, bytes: hdu.dataLength },
    )
  }
  const bytepix =
    parameter(header, 'BYTEPIX') ?? (method === 'RICE_1' && bitpix > 0 ? Math.min(bitpix / 8, 4) : 4)
  if (method === 'RICE_1' && bytepix !== 1 && bytepix !== 2 && bytepix !== 4)
    throw bad(hdu, 'ZVALn of BYTEPIX', bytepix, 'where 1, 2 or 4 bytes are read')
  const blockSize = parameter(header, 'BLOCKSIZE') ?? 32
  if (!(Number.isInteger(blockSize) && blockSize > 0 && blockSize <= 2 ** 16))
    throw bad(hdu, 'ZVALn of BLOCKSIZE', blockSize, 'which is no block of pixels')
  if (method === 'HCOMPRESS_1' && tile.some((axis, n) => n > 1 && axis > 1 && shape[n] > 1))
    throw bad(hdu, 'ZTILE3', tile[2], 'but HCOMPRESS_1 compresses tiles of two axes')
  const quantisation = (textOf(header, 'ZQUANTIZ') ?? 'NO_DITHER').trim().toUpperCase()
  const dither = dithers[quantisation]
  if (bitpix < 0 && !dither) throw bad(hdu, 'ZQUANTIZ', `'${quantisation}'`, 'a dithering that is not known')
  const scale = findColumn(table, 'ZSCALE') ?? numberOf(header, 'ZSCALE')
  const data = findColumn(table, 'COMPRESSED_DATA')
  const gzipped = findColumn(table, 'GZIP_COMPRESSED_DATA')
  const plain = findColumn(table, 'UNCOMPRESSED_DATA')
  for (const column of [data, gzipped, plain]) {
    if (column && !column.descriptor)
      throw bad(hdu, `TFORM${column.index + 1}`, column.kind, 'but tiles are arrays of variable length')
  }
  if (tiles > 0 && !data && !gzipped && !plain) {
    throw new Problem(
      'fits.invalid',
      `${label} is a compressed image (ZIMAGE = T) without a column COMPRESSED_DATA; the file is damaged.`,
      { keyword: 'TTYPE1', hdu: hdu.index },
    )
  }
  return {
    label,
    hdu: hdu.index,
    table,
    shape,
    tile,
    counts,
    bitpix,
    method,
    bytepix: bytepix as RiceBytes,
    blockSize,
    smooth: (parameter(header, 'SMOOTH') ?? 0) !== 0,
    quantised: bitpix < 0 && scale !== undefined && quantisation !== 'NONE',
    offset: method === 'PLIO_1' && bitpix === 16 && numberOf(header, 'BZERO') === 32768 ? -32768 : 0,
    dither: dither ?? 'none',
    seed: integerOf(header, 'ZDITHER0', label, { fallback: 1, least: -(2 ** 31), most: 2 ** 31 }),
    ...(data ? { data } : {}),
    ...(gzipped ? { gzipped } : {}),
    ...(plain ? { plain } : {}),
    scale: scale ?? 1,
    zero: findColumn(table, 'ZZERO') ?? numberOf(header, 'ZZERO') ?? 0,
    blank: findColumn(table, 'ZBLANK') ?? numberOf(header, 'ZBLANK'),
  }
}

const ofTable =
  /^(SIMPLE|XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|EXTEND|TFIELDS|THEAP|CHECKSUM|DATASUM|T(TYPE|FORM|UNIT|DIM|NULL|SCAL|ZERO|DISP)\d+)$/
const ofImage =
  /^Z(IMAGE|SIMPLE|TENSION|EXTEND|BLOCKED|PCOUNT|GCOUNT|BITPIX|NAXIS\d*|TILE\d+|CMPTYPE|NAME\d+|VAL\d+|QUANTIZ|DITHER0|MASKCMP|SCALE|ZERO|BLANK|HECKSUM|DATASUM)$/

/**
 * The image that a binary table with ZIMAGE = T holds: its shape, and the header it had before it was compressed.
 * The table stays reachable as `stored`. Throws `fits.invalid` naming HDU and keyword.
 */
export function unpackedImage(hdu: Hdu): Hdu {
  const { header } = hdu
  const { bitpix, shape } = axesOf(hdu)
  const primary = valueOf(header, 'ZSIMPLE') !== undefined
  const comment = (keyword: string): string => header.first.get(keyword)?.comment ?? ''
  const cards: Card[] = [
    primary
      ? card('SIMPLE', valueOf(header, 'ZSIMPLE') ?? true, comment('ZSIMPLE'))
      : card('XTENSION', (textOf(header, 'ZTENSION') ?? 'IMAGE').padEnd(8), comment('ZTENSION')),
    card('BITPIX', bitpix, comment('ZBITPIX')),
    card('NAXIS', shape.length, comment('ZNAXIS')),
    ...shape.map((axis, n) => card(`NAXIS${n + 1}`, axis, comment(`ZNAXIS${n + 1}`))),
  ]
  if (primary) cards.push(card('EXTEND', valueOf(header, 'ZEXTEND') ?? true, comment('ZEXTEND')))
  else {
    cards.push(card('PCOUNT', valueOf(header, 'ZPCOUNT') ?? 0, comment('ZPCOUNT')))
    cards.push(card('GCOUNT', valueOf(header, 'ZGCOUNT') ?? 1, comment('ZGCOUNT')))
  }
  // CFITSIO names the table so where the image had no name.
  const named = hdu.name !== 'COMPRESSED_IMAGE'
  for (const each of header.cards) {
    if (ofTable.test(each.keyword) || (each.keyword === 'EXTNAME' && !named)) continue
    if (!ofImage.test(each.keyword)) cards.push(each)
    else if (each.keyword === 'ZHECKSUM') cards.push(card('CHECKSUM', each.value, each.comment))
    else if (each.keyword === 'ZDATASUM') cards.push(card('DATASUM', each.value, each.comment))
    else if (each.keyword === 'ZBLANK' && bitpix > 0 && !header.first.has('BLANK'))
      cards.push(card('BLANK', each.value, each.comment))
  }
  return {
    ...hdu,
    kind: 'image',
    name: named ? hdu.name : '',
    header: headerOf(cards),
    bitpix,
    shape,
    stored: hdu,
  }
}
