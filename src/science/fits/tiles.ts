/** Tiles of compressed images, decoded one after another. Standard: FITS 4.0, §10.1 to §10.4. */
import { Problem } from '#problem.ts'
import { plainCodec } from './codec.ts'
import type { Codec } from './codec.ts'
import { bytesOf } from './columns.ts'
import type { ColumnForm } from './columns.ts'
import { decodeInto, elementBytes, rawArray } from './elements.ts'
import type { ElementKind, NumberArray } from './elements.ts'
import { inflateExactly, inflatedLength } from './gzip.ts'
import { decodeHcompress } from './hcompress.ts'
import { decodePlio } from './plio.ts'
import type { TileScaling } from './quantise.ts'
import type { ByteRange, ReadPlan } from './source.ts'
import type { Tiling } from './tiling.ts'

/** Values of a tile as they come: integers of up to 32 bits, 64-bit integers, floats with NaN for what is blank. */
export type TileValues = Int32Array | BigInt64Array | Float32Array | Float64Array

/** Is given each tile that was asked for, in no particular order. `start` and `size` are in FITS order. */
export type TileSink = (
  values: TileValues,
  start: readonly number[],
  size: readonly number[],
  filled: number,
) => void

/** Ranges nearer than this are fetched as one, up to a length that bounds what is held at a time. */
const gapWorthKeeping = 65536
const longestRange = 8 * 2 ** 20

interface Piece extends ByteRange {
  readonly row: number
  readonly from: 'data' | 'gzipped' | 'plain'
  readonly elements: number
  readonly scaling?: TileScaling
}

interface Scratch {
  readonly codec: Codec
  /** The integers of the tile at hand, where it has 32 bits of them. */
  integers?: Int32Array
  doubles: Float64Array
  bytes: Uint8Array
  shuffled: Uint8Array
}

function damagedTile(tiling: Tiling, row: number, why: string): Problem {
  return new Problem(
    'fits.invalid',
    `${tiling.label}: tile ${row + 1} (ZCMPTYPE = '${tiling.method}') ${why}; the file is damaged.`,
    { keyword: 'ZCMPTYPE', hdu: tiling.hdu, tile: row },
  )
}

/** Rows of the table whose tiles touch the section, in order. */
function tilesTouched({ tile, counts }: Tiling, section: readonly (readonly [number, number])[]): number[] {
  let rows = [0]
  let stride = counts.reduce((product, each) => product * each, 1)
  for (let axis = counts.length - 1; axis >= 0; axis--) {
    stride /= counts[axis]
    const [start, end] = section[axis]
    const more: number[] = []
    for (const row of rows)
      for (let n = Math.floor(start / tile[axis]); n * tile[axis] < end; n++) more.push(row + n * stride)
    rows = more
  }
  return rows
}

/** Merges ranges in order into longer ones; `each` names the positions that fall into one. */
function* merged<T extends ByteRange>(ranges: readonly T[]): Generator<{ range: ByteRange; members: T[] }> {
  for (let first = 0; first < ranges.length;) {
    let last = first
    let end = ranges[first].end
    for (; last + 1 < ranges.length; last++) {
      const next = ranges[last + 1]
      if (next.start - end > gapWorthKeeping || Math.max(end, next.end) - ranges[first].start > longestRange)
        break
      end = Math.max(end, next.end)
    }
    yield { range: { start: ranges[first].start, end }, members: ranges.slice(first, last + 1) }
    first = last + 1
  }
}

function cellNumber(cell: ColumnForm | number, view: DataView, rowAt: number): number {
  if (typeof cell === 'number') return cell
  const at = rowAt + cell.offset
  if (cell.kind === 'D') return view.getFloat64(at)
  if (cell.kind === 'E') return view.getFloat32(at)
  if (cell.kind === 'J') return view.getInt32(at)
  return cell.kind === 'K' ? Number(view.getBigInt64(at)) : view.getInt16(at)
}

/** Where the bytes of one tile lie, and how its integers are scaled. */
function pieceOf(tiling: Tiling, row: number, view: DataView, rowAt: number): Piece {
  const { table } = tiling
  for (const from of ['data', 'gzipped', 'plain'] as const) {
    const column = tiling[from]
    if (!column || column.bytes === 0) continue
    const at = rowAt + column.offset
    const wide = column.descriptor === 'Q'
    const count = wide ? Number(view.getBigInt64(at)) : view.getInt32(at)
    const offset = wide ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4)
    if (count === 0) continue
    const start = table.heapStart + offset
    const end = start + bytesOf(column.kind, count)
    if (count < 0 || offset < 0 || end > table.heapEnd) {
      throw damagedTile(
        tiling,
        row,
        `points at ${count} elements from byte ${offset} of a heap of ${table.heapEnd - table.heapStart} bytes (column ${column.name})`,
      )
    }
    const piece = { row, from, start, end, elements: count }
    if (!tiling.quantised || from !== 'data') return piece
    const blank = tiling.blank === undefined ? undefined : cellNumber(tiling.blank, view, rowAt)
    const scaling: TileScaling = {
      scale: cellNumber(tiling.scale, view, rowAt),
      zero: cellNumber(tiling.zero, view, rowAt),
      ...(blank === undefined ? {} : { blank }),
      dither: tiling.dither,
      start: (((row + tiling.seed - 1) % 10000) + 10000) % 10000,
    }
    return { ...piece, scaling }
  }
  throw damagedTile(tiling, row, 'has no bytes in any column')
}

const kinds: Record<number, ElementKind> = { 8: 'B', 16: 'I', 32: 'J', 64: 'K', [-32]: 'E', [-64]: 'D' }
const integersOf: Record<number, ElementKind> = { 1: 'B', 2: 'I', 4: 'J', 8: 'K' }

/** Byte planes of a tile put back to elements. */
function unshuffle(from: Uint8Array, to: Uint8Array, size: number): void {
  const count = from.length / size
  for (let plane = 0; plane < size; plane++)
    for (let i = 0, at = plane, n = plane * count; i < count; i++, at += size, n++) to[at] = from[n]
}

/** Values of big-endian elements; integers of up to 32 bits widened. */
function elementsOf(kind: ElementKind, bytes: Uint8Array, count: number): TileValues {
  const raw = rawArray(kind, count)
  decodeInto(raw, 0, kind, bytes, 0, 0, 1, count)
  return raw instanceof Uint8Array || raw instanceof Int16Array ? Int32Array.from(raw) : (raw as TileValues)
}

/** Bytes of a tile without their compression, shuffling taken back. */
function inflated(
  tiling: Tiling,
  piece: Piece,
  bytes: Uint8Array,
  count: number,
  scratch: Scratch,
): Uint8Array {
  const stored = tiling.method === 'NOCOMPRESS' && piece.from === 'data'
  const length = stored ? bytes.length : (inflatedLength(bytes) ?? count * elementBytes[kinds[tiling.bitpix]])
  if (![1, 2, 4, 8].includes(length / count))
    throw damagedTile(tiling, piece.row, `holds ${length} bytes for ${count} pixels`)
  if (stored) return bytes
  if (scratch.bytes.length < length) {
    scratch.bytes = new Uint8Array(length)
    scratch.shuffled = new Uint8Array(length)
  }
  const out = scratch.bytes.subarray(0, length)
  if (!inflateExactly(bytes, out))
    throw damagedTile(tiling, piece.row, 'is no gzip data of the length that it says')
  if (tiling.method !== 'GZIP_2' || piece.from !== 'data') return out
  const whole = scratch.shuffled.subarray(0, length)
  unshuffle(out, whole, length / count)
  return whole
}

function clip(values: Int32Array, count: number, bitpix: 8 | 16): void {
  const [least, most] = bitpix === 8 ? [0, 255] : [-32768, 32767]
  for (let i = 0; i < count; i++) values[i] = Math.min(Math.max(values[i], least), most)
}

function decodeTile(
  tiling: Tiling,
  piece: Piece,
  bytes: Uint8Array,
  size: readonly number[],
  scratch: Scratch,
): TileValues {
  const { bitpix, method } = tiling
  const count = size.reduce((product, each) => product * each, 1)
  const floats = bitpix < 0
  if (piece.from === 'plain') {
    const { kind } = tiling.plain!
    if (piece.elements !== count || !'BIJKED'.includes(kind))
      throw damagedTile(tiling, piece.row, `holds ${piece.elements} elements (${kind}) for ${count} pixels`)
    return elementsOf(kind as ElementKind, bytes, count)
  }
  let raw: TileValues
  if (method === 'GZIP_1' || method === 'GZIP_2' || method === 'NOCOMPRESS' || piece.from === 'gzipped') {
    const whole = inflated(tiling, piece, bytes, count, scratch)
    const width = whole.length / count
    const lossless = floats && !piece.scaling
    if (lossless && width < 4)
      throw damagedTile(
        tiling,
        piece.row,
        `holds ${whole.length} bytes for ${count} pixels of ZBITPIX = ${bitpix}`,
      )
    raw = elementsOf(lossless ? (width === 4 ? 'E' : 'D') : integersOf[width], whole, count)
  } else {
    raw = scratch.codec.integers(count).subarray(0, count)
    const done =
      method === 'RICE_1'
        ? scratch.codec.rice(bytes, tiling.bytepix, tiling.blockSize, raw, count)
        : method === 'PLIO_1'
          ? decodePlio(bytes, raw, count)
          : decodeHcompress(bytes, count / (size[0] || 1), size[0] ?? 1, tiling.smooth, raw)
    if (!done) throw damagedTile(tiling, piece.row, `cannot be decoded from its ${bytes.length} bytes`)
    if (tiling.offset !== 0) for (let i = 0; i < count; i++) raw[i] += tiling.offset
    // Lossy: what was at the end of the range may come out beyond it, and must not come round at the other end.
    if (method === 'HCOMPRESS_1' && (bitpix === 8 || bitpix === 16)) clip(raw, count, bitpix)
  }
  if (!piece.scaling) return raw
  if (!(raw instanceof Int32Array))
    throw damagedTile(tiling, piece.row, 'holds scaled integers of more than 32 bits')
  scratch.integers = raw
  if (bitpix === -64 && scratch.doubles.length < count) scratch.doubles = new Float64Array(count)
  const reals = (bitpix === -32 ? scratch.codec.reals(count) : scratch.doubles).subarray(0, count)
  scratch.codec.dequantise(raw, reals, count, piece.scaling)
  return reals
}

/**
 * Values that a writer left where NaN belongs: what it quantised NaN to without saying so (no ZBLANK), and floats of
 * −1e30 and below. They become NaN; returns how many there were.
 */
function fillsToNan(values: TileValues, piece: Piece, scratch: Scratch): number {
  if (!(values instanceof Float32Array || values instanceof Float64Array)) return 0
  const { scaling } = piece
  // Most tiles cannot hold such a value: they are not looked through.
  if (scaling && scaling.blank !== undefined && scaling.zero - 2 ** 31 * Math.abs(scaling.scale) > -1e30)
    return 0
  const raw = scaling && scaling.blank === undefined ? scratch.integers : undefined
  if (!scratch.codec.mayFill(raw, values, values.length)) return 0
  let filled = 0
  for (let i = 0; i < values.length; i++) {
    if (values[i] <= -1e30 || (raw !== undefined && raw[i] <= -2147483647)) {
      values[i] = NaN
      filled++
    }
  }
  return filled
}

/**
 * Plan that fetches and decodes the tiles which touch the section, and hands each to `sink`. The values are scratch:
 * they are other ones after the call. `fills` turns fill values to NaN and counts them.
 */
export function* planTiles(
  tiling: Tiling,
  section: readonly (readonly [start: number, end: number])[],
  sink: TileSink,
  fills = false,
  codec = plainCodec(),
): ReadPlan<void> {
  const { table, tile, counts, shape } = tiling
  const scratch: Scratch = {
    codec,
    doubles: new Float64Array(0),
    bytes: new Uint8Array(0),
    shuffled: new Uint8Array(0),
  }
  const rows = tilesTouched(tiling, section).map((row) => {
    const start = table.dataStart + row * table.rowBytes
    return { row, start, end: start + table.rowBytes }
  })
  for (const { range, members } of merged(rows)) {
    const bytes = yield range
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const pieces = members
      .map(({ row, start }) => pieceOf(tiling, row, view, start - range.start))
      .sort((a, b) => a.start - b.start)
    for (const heap of merged(pieces)) {
      const cells = yield heap.range
      for (const piece of heap.members) {
        const start: number[] = []
        let rest = piece.row
        for (let axis = 0; axis < counts.length; axis++) {
          start.push((rest % counts[axis]) * tile[axis])
          rest = Math.floor(rest / counts[axis])
        }
        const size = start.map((at, axis) => Math.min(tile[axis], shape[axis] - at))
        const own = cells.subarray(piece.start - heap.range.start, piece.end - heap.range.start)
        const values = decodeTile(tiling, piece, own, size, scratch)
        sink(values, start, size, fills ? fillsToNan(values, piece, scratch) : 0)
      }
    }
  }
}

/**
 * Calls `copy(from, to, length)` for the runs of pixels that a tile and a section share: positions in the tile's values
 * and in an array of the section.
 */
export function eachRun(
  start: readonly number[],
  size: readonly number[],
  section: readonly (readonly [start: number, end: number])[],
  copy: (from: number, to: number, length: number) => void,
): void {
  const first = start.map((at, axis) => Math.max(at, section[axis][0]))
  const last = start.map((at, axis) => Math.min(at + size[axis], section[axis][1]))
  const length = last[0] - first[0]
  const index = [...first]
  for (;;) {
    let from = 0
    let to = 0
    for (let axis = index.length - 1; axis >= 0; axis--) {
      from = from * size[axis] + index[axis] - start[axis]
      to = to * (section[axis][1] - section[axis][0]) + index[axis] - section[axis][0]
    }
    copy(from, to, length)
    let axis = 1
    for (; axis < index.length && ++index[axis] === last[axis]; axis++) index[axis] = first[axis]
    if (axis >= index.length) return
  }
}

/** A raw array (as stored, by BITPIX) that takes tiles' values. */
export function copyRun(
  out: NumberArray,
  to: number,
  values: TileValues,
  from: number,
  length: number,
): void {
  const part = values.subarray(from, from + length)
  if (out instanceof BigInt64Array === part instanceof BigInt64Array) {
    ;(out as Float64Array).set(part as unknown as Float64Array, to)
    return
  }
  for (let i = 0; i < length; i++)
    out[to + i] = (out instanceof BigInt64Array ? BigInt(part[i]) : Number(part[i])) as never
}
