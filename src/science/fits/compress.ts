/** Images written tile by tile: RICE_1 for integers and quantised floats, GZIP_2 for floats bit by bit. Standard: FITS 4.0, §10. */
import { Problem } from '#problem.ts'
import type { Card } from './card.ts'
import { encodeInto, elementBytes, storageOf } from './elements.ts'
import type { NumberArray } from './elements.ts'
import { deflate } from './gzip.ts'
import { card } from './header.ts'
import { quantise, tileNoise } from './quantise.ts'
import type { Dither } from './quantise.ts'
import { encodeRice } from './rice.ts'
import type { RiceBytes } from './rice.ts'
import type { ColumnInput, ImageInput, TableInput } from './write.ts'

export interface CompressOptions {
  /**
   * RICE_1 keeps integers as they are and rounds floats to steps below their noise; GZIP_2 keeps every bit. Integers of
   * 64 bits can only have GZIP_2. Left out: RICE_1 for integers of up to 32 bits, GZIP_2 for the others.
   */
  method?: 'RICE_1' | 'GZIP_2'
  /** Lengths of a tile in FITS order; a row where left out. */
  tile?: readonly number[]
  /** Floats under RICE_1: steps per standard deviation of a tile's noise (positive), or minus the step itself. 4 where left out. */
  quantise?: number
  /** Floats under RICE_1: 'two' keeps pixels of exactly 0. 'one' where left out. */
  dither?: Dither
  /** ZDITHER0, 1 … 10000: where in the random sequence the first tile starts. 1 where left out, so that equal images give equal bytes. */
  seed?: number
  /** The first image of its file, whose header then says SIMPLE when it is unpacked. */
  primary?: boolean
}

const bitpixOf = { B: 8, I: 16, J: 32, K: 64, E: -32, D: -64 } as const
const ditherNames = { none: 'NO_DITHER', one: 'SUBTRACTIVE_DITHER_1', two: 'SUBTRACTIVE_DITHER_2' } as const
const structural =
  /^(SIMPLE|XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|EXTEND|CHECKSUM|DATASUM|EXTNAME|ZBLANK|ZQUANTIZ|ZDITHER0)$/

/** Elements of a tile, in its own order, from the image. */
function gather(
  data: NumberArray,
  shape: readonly number[],
  start: readonly number[],
  size: readonly number[],
  out: NumberArray,
): void {
  const rows = size.reduce((product, each) => product * each, 1) / size[0]
  const index = start.map(() => 0)
  for (let row = 0; row < rows; row++) {
    let from = 0
    for (let axis = shape.length - 1; axis >= 0; axis--) from = from * shape[axis] + start[axis] + index[axis]
    ;(out as Float64Array).set(data.subarray(from, from + size[0]) as Float64Array, row * size[0])
    for (let axis = 1; axis < index.length && ++index[axis] === size[axis]; axis++) index[axis] = 0
  }
}

/** Big-endian bytes of `count` values, byte planes one after another, as one gzip member. */
function shuffledGzip(values: NumberArray, count: number, shuffle: boolean): Uint8Array {
  const size = elementBytes[storageOf(values).kind]
  const bytes = new Uint8Array(count * size)
  encodeInto(new DataView(bytes.buffer), 0, values, 0, count)
  if (!shuffle) return deflate(bytes)
  const planes = new Uint8Array(bytes.length)
  for (let plane = 0; plane < size; plane++)
    for (let i = 0; i < count; i++) planes[plane * count + i] = bytes[i * size + plane]
  return deflate(planes)
}

/** A column of byte arrays, one for each row; undefined where all are empty. */
function bytesColumn(name: string, cells: readonly (Uint8Array | undefined)[]): ColumnInput | undefined {
  if (cells.every((cell) => cell === undefined)) return undefined
  const offsets = new Float64Array(cells.length + 1)
  cells.forEach((cell, n) => (offsets[n + 1] = offsets[n] + (cell?.length ?? 0)))
  const values = new Uint8Array(offsets[cells.length])
  cells.forEach((cell, n) => cell && values.set(cell, offsets[n]))
  return { name, values, offsets }
}

function checkOptions(image: ImageInput, options: CompressOptions): { data: NumberArray; tile: number[] } {
  const { data, shape } = image
  const length = shape.reduce((product, each) => product * each, 1)
  if (!data || shape.length === 0 || length !== data.length || length === 0) {
    throw new Problem(
      'fits.invalid',
      `An image of shape ${shape.join(' × ') || 'without axes'} with ${data?.length ?? 0} pixels cannot be compressed.`,
    )
  }
  const tile = shape.map((axis, n) => Math.min(axis, options.tile?.[n] ?? (n === 0 ? axis : 1)))
  if (!tile.every((each) => Number.isInteger(each) && each > 0))
    throw new Problem('fits.invalid', `Tiles of ${tile.join(' × ')} pixels cannot be made.`, { tile })
  const seed = options.seed ?? 1
  if (!(Number.isInteger(seed) && seed >= 1 && seed <= 10000))
    throw new Problem('fits.invalid', `The dithering seed ${seed} is not between 1 and 10000.`, { seed })
  return { data, tile }
}

/**
 * The binary table that holds an image in compressed tiles, to be given to `writeFits`; `openFits` shows it as the image.
 * Tiles of floats without noise, of too wide a range, or with NaN are gzipped as they are.
 * Throws `fits.invalid` for shapes that do not match, `fits.unsupported` for RICE_1 on 64-bit integers.
 */
export function compressImage(image: ImageInput, options: CompressOptions = {}): TableInput {
  const { data, tile } = checkOptions(image, options)
  const { shape } = image
  const { kind, zero } = storageOf(data)
  const bitpix = bitpixOf[kind]
  const floats = kind === 'E' || kind === 'D'
  const method = options.method ?? (floats || kind === 'K' ? 'GZIP_2' : 'RICE_1')
  if (method === 'RICE_1' && kind === 'K')
    throw new Problem('fits.unsupported', 'RICE_1 does not compress 64-bit integers; choose GZIP_2.')
  const quantised = method === 'RICE_1' && floats
  const { dither = 'one', seed = 1, quantise: level = 4 } = options
  const counts = shape.map((axis, n) => Math.ceil(axis / tile[n]))
  const tiles = counts.reduce((product, each) => product * each, 1)
  const room = tile.reduce((product, each) => product * each, 1)
  const part = new (data.constructor as { new (length: number): NumberArray })(room)
  const integers = new Int32Array(room)
  const cells: (Uint8Array | undefined)[] = []
  const gzipped: (Uint8Array | undefined)[] = []
  const scales = new Float64Array(tiles)
  const zeros = new Float64Array(tiles)
  for (let row = 0; row < tiles; row++) {
    let rest = row
    const start = counts.map((count, axis) => {
      const at = (rest % count) * tile[axis]
      rest = Math.floor(rest / count)
      return at
    })
    const size = start.map((at, axis) => Math.min(tile[axis], shape[axis] - at))
    const count = size.reduce((product, each) => product * each, 1)
    gather(data, shape, start, size, part)
    if (method === 'GZIP_2') {
      cells.push(shuffledGzip(part, count, true))
      continue
    }
    const bytepix: RiceBytes = kind === 'B' ? 1 : kind === 'I' ? 2 : 4
    if (!floats) {
      for (let i = 0; i < count; i++) integers[i] = Number(part[i]) - Number(zero ?? 0)
      cells.push(encodeRice(integers, count, bytepix, 32))
      continue
    }
    const values = part as Float32Array | Float64Array
    const step = level > 0 ? tileNoise(values, 0, count, size[0]) / level : -level
    const scaling = quantise(values, 0, count, integers, { step, dither, start: (row + seed - 1) % 10000 })
    cells.push(scaling && encodeRice(integers, count, 4, 32))
    gzipped.push(scaling ? undefined : shuffledGzip(part, count, false))
    scales[row] = scaling?.scale ?? 1
    zeros[row] = scaling?.zero ?? 0
  }
  const columns = [
    bytesColumn('COMPRESSED_DATA', cells) ?? {
      name: 'COMPRESSED_DATA',
      values: new Uint8Array(0),
      offsets: new Float64Array(tiles + 1),
    },
    ...(quantised
      ? [
          bytesColumn('GZIP_COMPRESSED_DATA', gzipped),
          { name: 'ZSCALE', values: scales },
          { name: 'ZZERO', values: zeros },
        ]
      : []),
  ].filter((column) => column !== undefined)
  const bytepix = floats ? 4 : kind === 'B' ? 1 : kind === 'I' ? 2 : 4
  const own = (image.cards ?? []).filter(
    (each) =>
      !structural.test(each.keyword) &&
      (zero === undefined || (each.keyword !== 'BSCALE' && each.keyword !== 'BZERO')),
  )
  const name = image.name ?? image.cards?.find((each) => each.keyword === 'EXTNAME')?.value
  const cards: Card[] = [
    ...(typeof name === 'string' && name !== '' ? [card('EXTNAME', name)] : []),
    card('ZIMAGE', true, 'extension contains compressed image'),
    ...(options.primary
      ? [card('ZSIMPLE', true, 'conforms to FITS standard')]
      : [card('ZTENSION', 'IMAGE   ', 'image extension')]),
    card('ZBITPIX', bitpix, 'data type of the image'),
    card('ZNAXIS', shape.length, 'axes of the image'),
    ...shape.map((axis, n) => card(`ZNAXIS${n + 1}`, axis)),
    ...(options.primary ? [card('ZEXTEND', true)] : [card('ZPCOUNT', 0), card('ZGCOUNT', 1)]),
    ...tile.map((axis, n) => card(`ZTILE${n + 1}`, axis, 'length of a tile')),
    card('ZCMPTYPE', method, 'compression algorithm'),
    ...(method === 'RICE_1'
      ? [
          card('ZNAME1', 'BLOCKSIZE', 'pixels in a block'),
          card('ZVAL1', 32),
          card('ZNAME2', 'BYTEPIX', 'bytes of a pixel'),
          card('ZVAL2', bytepix),
        ]
      : []),
    ...(floats
      ? [card('ZQUANTIZ', quantised ? ditherNames[dither] : 'NONE', 'how floats became integers')]
      : []),
    ...(quantised && dither !== 'none' ? [card('ZDITHER0', seed, 'where the random sequence starts')] : []),
    ...(zero === undefined ? [] : [card('BSCALE', 1), card('BZERO', zero)]),
    ...own,
  ]
  return { kind: 'table', columns, cards }
}
