/** Compressed binary tables: each column of a stretch of rows is one array of bytes. Standard: FITS 4.0, §10.3. */
import { Problem } from '#problem.ts'
import { bytesOf, tableFormOf } from './columns.ts'
import type { ColumnForm, TableForm } from './columns.ts'
import type { Card } from './card.ts'
import { inflateExactly, isGzip } from './gzip.ts'
import { card, headerOf, integerOf, textOf, valueOf } from './header.ts'
import { hduLabel } from './hdu.ts'
import type { Hdu } from './hdu.ts'
import { decodeRice } from './rice.ts'
import type { RiceBytes } from './rice.ts'
import type { ReadPlan } from './source.ts'

/** Tables of more bytes than this must have compressed bytes in some proportion. */
const freeBytes = 2 ** 27
const ratioLimit = 2048

const replaced =
  /^(BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS|THEAP|CHECKSUM|DATASUM|XTENSION|TFORM\d+|ZTABLE|ZTILELEN|ZNAXIS\d*|ZPCOUNT|ZTHEAP|ZFORM\d+|ZCTYP\d+|ZHECKSUM|ZDATASUM)$/

/**
 * The table that a binary table with ZTABLE = T holds, with the header it had. The other stays reachable as `stored`.
 * Throws `fits.invalid` naming HDU and keyword, `fits.too_large` where so much could not come from so few bytes.
 */
export function unpackedTable(hdu: Hdu): Hdu {
  const { header } = hdu
  const where = hduLabel(hdu.index, hdu.name)
  const rowBytes = integerOf(header, 'ZNAXIS1', where, { most: 2 ** 40 })
  const rows = integerOf(header, 'ZNAXIS2', where, { most: 2 ** 40 })
  const tileRows = integerOf(header, 'ZTILELEN', where, { least: rows > 0 ? 1 : 0, most: 2 ** 40 })
  const tiles = rows === 0 ? 0 : Math.ceil(rows / tileRows)
  if (rows > 0 && tiles !== hdu.shape[1]) {
    throw new Problem(
      'fits.invalid',
      `${where} says ZTILELEN = ${tileRows} and ZNAXIS2 = ${rows}, which are ${tiles} tiles, but has ${hdu.shape[1]} rows; the file is damaged.`,
      { keyword: 'ZTILELEN', hdu: hdu.index },
    )
  }
  if (rows * rowBytes > freeBytes && rows * rowBytes > ratioLimit * hdu.dataLength) {
    throw new Problem(
      'fits.too_large',
      `${where} claims ZNAXIS1 = ${rowBytes}, ZNAXIS2 = ${rows} from ${hdu.dataLength} bytes; it is damaged or made to do harm.`,
      { keyword: 'ZNAXIS2', hdu: hdu.index },
    )
  }
  const fields = integerOf(header, 'TFIELDS', where, { most: 999 })
  const cards: Card[] = [
    card('XTENSION', 'BINTABLE', 'binary table extension'),
    card('BITPIX', 8),
    card('NAXIS', 2),
    card('NAXIS1', rowBytes),
    card('NAXIS2', rows),
    card('PCOUNT', integerOf(header, 'ZPCOUNT', where, { fallback: 0 })),
    card('GCOUNT', 1),
    card('TFIELDS', fields),
  ]
  for (const each of header.cards) {
    const column = /^ZFORM(\d+)$/.exec(each.keyword)
    if (column) cards.push(card(`TFORM${column[1]}`, each.value, each.comment))
    else if (each.keyword === 'ZTHEAP') cards.push(card('THEAP', each.value, each.comment))
    else if (each.keyword === 'ZHECKSUM') cards.push(card('CHECKSUM', each.value, each.comment))
    else if (each.keyword === 'ZDATASUM') cards.push(card('DATASUM', each.value, each.comment))
    else if (!replaced.test(each.keyword)) cards.push(each)
  }
  return { ...hdu, header: headerOf(cards), shape: [rowBytes, rows], stored: hdu }
}

/** True where a binary table holds a compressed one. */
export function isPackedTable(hdu: Hdu): boolean {
  return hdu.kind === 'table' && valueOf(hdu.header, 'ZTABLE') === true
}

const riceBytes: Partial<Record<ColumnForm['kind'], RiceBytes>> = { B: 1, I: 2, J: 4 }
/** Elements whose bytes GZIP_2 puts apart; fpack leaves those of complex numbers together. */
const elementSize: Partial<Record<ColumnForm['kind'], number>> = { I: 2, J: 4, E: 4, K: 8, D: 8 }

function damaged(form: TableForm, column: ColumnForm, tile: number, why: string): Problem {
  return new Problem(
    'fits.invalid',
    `${form.label}: tile ${tile + 1} of column "${column.name}" (ZCTYP${column.index + 1}) ${why}; the file is damaged.`,
    { keyword: `ZCTYP${column.index + 1}`, column: column.name },
  )
}

/** Undoes the compression of `length` bytes of a column's elements; false where they are damaged. */
function unpack(bytes: Uint8Array, method: string, kind: ColumnForm['kind'], out: Uint8Array): boolean {
  const pixel = riceBytes[kind]
  if (method === 'NOCOMPRESS' || method === '') {
    if (bytes.length !== out.length) return false
    out.set(bytes)
    return true
  }
  if (method === 'RICE_1' && pixel) {
    const count = out.length / pixel
    const values = new Int32Array(count)
    if (!decodeRice(bytes, pixel, 32, values, count)) return false
    for (let i = 0, at = 0; i < count; i++)
      for (let byte = pixel - 1; byte >= 0; byte--) out[at++] = values[i] >>> (8 * byte)
    return true
  }
  const size = elementSize[kind]
  if (method !== 'GZIP_2' || size === undefined) return inflateExactly(bytes, out)
  const planes = new Uint8Array(out.length)
  if (!inflateExactly(bytes, planes)) return false
  const count = out.length / size
  for (let plane = 0; plane < size; plane++)
    for (let i = 0; i < count; i++) out[i * size + plane] = planes[plane * count + i]
  return true
}

/** Bytes of one column: its cells one after another, and the heap its descriptors then point into. */
export interface ColumnBytes {
  readonly cells: Uint8Array
  readonly heap: Uint8Array
}

/**
 * Plan that unpacks rows `first` … `last` of some columns. Arrays of variable length are packed one by one; their cells
 * come back with descriptors into a heap of their own, of `maxHeapBytes` at most.
 */
export function* planColumnBytes(
  hdu: Hdu,
  wanted: readonly ColumnForm[],
  [first, last]: readonly [first: number, last: number],
  maxHeapBytes: number,
): ReadPlan<ColumnBytes[]> {
  const stored = tableFormOf(hdu.stored!)
  const { header } = hdu.stored!
  const tileRows = integerOf(header, 'ZTILELEN', stored.label)
  const results = wanted.map((form) => ({
    cells: new Uint8Array((last - first) * form.bytes),
    heaps: [] as Uint8Array[],
    heapLength: 0,
  }))
  let heapLeft = maxHeapBytes
  function* cell(start: number, end: number, column: ColumnForm, tile: number): ReadPlan<Uint8Array> {
    if (start < 0 || end < start || stored.heapStart + end > stored.heapEnd) {
      throw damaged(
        stored,
        column,
        tile,
        `points at ${end - start} bytes from byte ${start} of a heap of ${stored.heapEnd - stored.heapStart} bytes`,
      )
    }
    return end === start
      ? new Uint8Array(0)
      : yield { start: stored.heapStart + start, end: stored.heapStart + end }
  }
  const firstTile = tileRows === 0 ? 0 : Math.floor(first / tileRows)
  for (let tile = firstTile; tile * tileRows < last; tile++) {
    const top = tile * tileRows
    const rows = Math.min(tileRows, hdu.shape[1] - top)
    const at = stored.dataStart + tile * stored.rowBytes
    const row = yield { start: at, end: at + stored.rowBytes }
    const view = new DataView(row.buffer, row.byteOffset, row.byteLength)
    for (const [n, form] of wanted.entries()) {
      const column = stored.columns[form.index]
      if (form.bytes === 0) continue
      if (!column?.descriptor) throw damaged(stored, form, tile, 'is no array of variable length')
      const wide = column.descriptor === 'Q'
      const length = wide ? Number(view.getBigInt64(column.offset)) : view.getInt32(column.offset)
      const start = wide ? Number(view.getBigInt64(column.offset + 8)) : view.getInt32(column.offset + 4)
      const method = (textOf(header, `ZCTYP${form.index + 1}`) ?? 'GZIP_2').trim().toUpperCase()
      if (!/^(RICE_1|GZIP_1|GZIP_2|NOCOMPRESS)$/.test(method))
        throw damaged(stored, form, tile, `is compressed by '${method}', which tables are not`)
      const packed = yield* cell(start, start + length, form, tile)
      const from = Math.max(first, top)
      const to = Math.min(last, top + rows)
      const result = results[n]
      if (!form.descriptor) {
        const all = new Uint8Array(rows * form.bytes)
        if (!unpack(packed, method, form.kind, all))
          throw damaged(stored, form, tile, `cannot be unpacked from its ${packed.length} bytes`)
        result.cells.set(
          all.subarray((from - top) * form.bytes, (to - top) * form.bytes),
          (from - first) * form.bytes,
        )
        continue
      }
      // The descriptors it had, then those of the packed arrays, in one gzip member.
      const all = new Uint8Array(rows * (form.bytes + 16))
      if (!unpack(packed, 'GZIP_1', 'B', all))
        throw damaged(
          stored,
          form,
          tile,
          `has descriptors that cannot be unpacked from ${packed.length} bytes`,
        )
      const descriptors = new DataView(all.buffer)
      const cells = new DataView(result.cells.buffer)
      const narrow = form.descriptor === 'P'
      for (let r = from - top; r < to - top; r++) {
        const own = r * form.bytes
        const count = narrow ? descriptors.getInt32(own) : Number(descriptors.getBigInt64(own))
        const there = rows * form.bytes + 16 * r
        const size = Number(descriptors.getBigInt64(there))
        const begin = Number(descriptors.getBigInt64(there + 8))
        const bytes = bytesOf(form.kind, count)
        heapLeft -= bytes * (form.kind === 'X' ? 8 : 1)
        if (count < 0 || size < 0 || bytes > Math.max(64, size) * ratioLimit)
          throw damaged(stored, form, tile, `row ${top + r + 1} claims ${count} elements from ${size} bytes`)
        if (heapLeft < 0) {
          throw new Problem(
            'fits.too_large',
            `${stored.label}: the variable-length columns hold more than the limit set for them (at column "${form.name}", row ${top + r + 1}); read fewer rows or raise the limit.`,
            { column: form.name },
          )
        }
        const to8 = (top + r - first) * form.bytes
        if (narrow) {
          cells.setInt32(to8, count)
          cells.setInt32(to8 + 4, result.heapLength)
        } else {
          cells.setBigInt64(to8, BigInt(count))
          cells.setBigInt64(to8 + 8, BigInt(result.heapLength))
        }
        if (count === 0) continue
        const array = yield* cell(begin, begin + size, form, tile)
        const out = new Uint8Array(bytes)
        // What packing would not make smaller is there as it is.
        const asIs = size === bytes && !(method !== 'RICE_1' && isGzip(array))
        if (!unpack(array, asIs ? 'NOCOMPRESS' : method, form.kind, out))
          throw damaged(stored, form, tile, `row ${top + r + 1} cannot be unpacked from its ${size} bytes`)
        result.heaps.push(out)
        result.heapLength += bytes
      }
    }
  }
  return results.map(({ cells, heaps, heapLength }) => {
    const heap = new Uint8Array(heapLength)
    let at = 0
    for (const part of heaps) {
      heap.set(part, at)
      at += part.length
    }
    return { cells, heap }
  })
}
