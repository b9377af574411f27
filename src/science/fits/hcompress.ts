/**
 * HCOMPRESS_1: quantised coefficients of the H-transform, as bit planes in quadtrees. Standard: FITS 4.0, §10.4.4;
 * White, Postman & Lattanzi 1992. Smoothing as CFITSIO does it (White 1992).
 */
import { inverseH, inverseWideH } from './h-transform.ts'

interface Bits {
  readonly bytes: Uint8Array
  at: number
  /** Unread bits of the byte before `at`. */
  held: number
  bits: number
}

/** The next bits; zeros, and `at` beyond the end, where there are no more. */
function take(from: Bits, count: number): number {
  while (from.held < count) {
    from.bits = ((from.bits << 8) | (from.at < from.bytes.length ? from.bytes[from.at] : 0)) & 0xffffff
    from.at++
    from.held += 8
  }
  from.held -= count
  return (from.bits >>> from.held) & ((1 << count) - 1)
}

const fourBits = [3, 5, 10, 12, 15]
const fiveBits = [6, 7, 9, 11, 13]

/** Huffman code of the four bits of a node: 3 bits for single ones, 4 for pairs and all, 5 and 6 for the others. */
function node(from: Bits): number {
  const three = take(from, 3)
  if (three < 4) return 1 << three
  const four = (three << 1) | take(from, 1)
  if (four < 13) return fourBits[four - 8]
  const five = (four << 1) | take(from, 1)
  if (five < 31) return fiveBits[five - 26]
  return take(from, 1) === 0 ? 0 : 14
}

/** Spreads nodes of `nx` × `ny` quarters to bits, in place: from the end, as they take more room. */
function spread(nodes: Uint8Array, nx: number, ny: number): void {
  const rows = (nx + 1) >> 1
  const columns = (ny + 1) >> 1
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      const four = nodes[i * columns + j]
      const at = 2 * i * ny + 2 * j
      const right = 2 * j + 1 < ny
      const below = 2 * i + 1 < nx
      if (below && right) nodes[at + ny + 1] = four & 1
      if (below) nodes[at + ny] = (four >> 1) & 1
      if (right) nodes[at + 1] = (four >> 2) & 1
      nodes[at] = (four >> 3) & 1
    }
  }
}

/** Adds bit planes of one quadrant, `nx` × `ny` coefficients from `origin` on in rows of `stride`. */
function readQuadrant(
  from: Bits,
  out: Int32Array | Float64Array,
  origin: number,
  stride: number,
  nx: number,
  ny: number,
  planes: number,
): boolean {
  if (nx === 0 || ny === 0) return true
  const levels = Math.ceil(Math.log2(Math.max(nx, ny)))
  const rows = (nx + 1) >> 1
  const columns = (ny + 1) >> 1
  const nodes = new Uint8Array(Math.max(rows * columns, 1))
  for (let plane = planes - 1; plane >= 0; plane--) {
    if (from.at > from.bytes.length) return false
    const code = take(from, 4)
    if (code === 0) for (let i = 0; i < rows * columns; i++) nodes[i] = take(from, 4)
    else if (code !== 15) return false
    else {
      nodes[0] = node(from)
      let [wide, high] = [1, 1]
      for (let level = levels - 1; level > 0; level--) {
        // Each level has half of the next, rounded up.
        high = Math.ceil(nx / 2 ** level)
        wide = Math.ceil(ny / 2 ** level)
        spread(nodes, high, wide)
        for (let i = high * wide - 1; i >= 0; i--) if (nodes[i] !== 0) nodes[i] = node(from)
      }
    }
    const value = 2 ** plane
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const four = nodes[i * columns + j]
        if (four === 0) continue
        const at = origin + 2 * i * stride + 2 * j
        const right = 2 * j + 1 < ny
        if (four & 8) out[at] += value
        if (four & 4 && right) out[at + 1] += value
        if (2 * i + 1 >= nx) continue
        if (four & 2) out[at + stride] += value
        if (four & 1 && right) out[at + stride + 1] += value
      }
    }
  }
  return true
}

/**
 * Decodes a tile of `rows` × `columns` pixels; false where the bytes are no such tile.
 * The result is written to `out`, values beyond 32 bits wrapped.
 */
export function decodeHcompress(
  bytes: Uint8Array,
  rows: number,
  columns: number,
  smooth: boolean,
  out: Int32Array,
): boolean {
  if (bytes.length < 25 || bytes[0] !== 0xdd || bytes[1] !== 0x99) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getInt32(2) !== rows || view.getInt32(6) !== columns) return false
  const scale = view.getInt32(10)
  const sum = Number(view.getBigInt64(14))
  const planes = [...bytes.subarray(22, 25)]
  const deepest = Math.max(...planes)
  if (deepest > 52 || scale < 0) return false
  const unit = Math.max(scale, 1)
  // Sums of four coefficients, and what smoothing shifts, must not leave the integers they are worked in.
  const wide = Math.max(Math.abs(sum), 2 ** deepest) * unit * 64 >= 2 ** 31
  const count = rows * columns
  const work = wide ? new Float64Array(count) : out.subarray(0, count).fill(0)
  const from: Bits = { bytes, at: 25, held: 0, bits: 0 }
  const [top, left] = [(rows + 1) >> 1, (columns + 1) >> 1]
  const [bottom, right] = [rows >> 1, columns >> 1]
  const read =
    readQuadrant(from, work, 0, columns, top, left, planes[0]) &&
    readQuadrant(from, work, left, columns, top, right, planes[1]) &&
    readQuadrant(from, work, columns * top, columns, bottom, left, planes[1]) &&
    readQuadrant(from, work, columns * top + left, columns, bottom, right, planes[2])
  if (!read || take(from, 4) !== 0) return false
  // Signs follow from the next whole byte on.
  from.held = 0
  for (let i = 0; i < count; i++) if (work[i] !== 0 && take(from, 1) === 1) work[i] = -work[i]
  if (from.at > bytes.length) return false
  work[0] = sum
  if (unit > 1) for (let i = 0; i < count; i++) work[i] *= unit
  if (work instanceof Int32Array) inverseH(work, rows, columns, smooth ? scale : 0)
  else {
    inverseWideH(work, rows, columns, smooth ? scale : 0)
    for (let i = 0; i < count; i++) out[i] = work[i]
  }
  return true
}
