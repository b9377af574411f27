/** PNG (W3C, second edition): grey, palette and colour pictures of 8 bits. */
import { zlibSync } from 'fflate'

/** One byte per pixel, rows from the top; `palette` holds r, g, b, a of each value. */
export interface IndexedPicture {
  readonly width: number
  readonly height: number
  readonly values: Uint8Array
  readonly palette: Uint8Array
}

/** Four bytes per pixel, r, g, b, a, rows from the top. */
export interface ColourPicture {
  readonly width: number
  readonly height: number
  readonly rgba: Uint8Array
}

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

function crcTable(): Uint32Array {
  const table = new Uint32Array(256)
  for (let n = 0; n < 256; n++) {
    let c = n
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
    table[n] = c >>> 0
  }
  return table
}

function chunkWriter(): (name: string, data: Uint8Array) => Uint8Array {
  const table = crcTable()
  return (name, data) => {
    const bytes = new Uint8Array(12 + data.length)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, data.length)
    for (let i = 0; i < 4; i++) bytes[4 + i] = name.charCodeAt(i)
    bytes.set(data, 8)
    let crc = 0xffffffff
    for (let i = 4; i < bytes.length - 4; i++) crc = table[(crc ^ bytes[i]) & 255] ^ (crc >>> 8)
    view.setUint32(bytes.length - 4, (crc ^ 0xffffffff) >>> 0)
    return bytes
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function head(width: number, height: number, type: 2 | 3 | 6): Uint8Array {
  const data = new Uint8Array(13)
  const view = new DataView(data.buffer)
  view.setUint32(0, width)
  view.setUint32(4, height)
  data.set([8, type, 0, 0, 0], 8)
  return data
}

/** Rows, each after the number of its filter: 0, none. Pictures of noise gain nothing by the others. */
function rowsOf(pixels: Uint8Array, stride: number, height: number): Uint8Array {
  const raw = new Uint8Array((stride + 1) * height)
  for (let y = 0; y < height; y++)
    raw.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1)
  return raw
}

/** A picture of at most 256 colours. */
export function indexedPng({ width, height, values, palette }: IndexedPicture): Uint8Array<ArrayBuffer> {
  const chunk = chunkWriter()
  const colours = palette.length / 4
  const rgb = new Uint8Array(3 * colours)
  const alpha = new Uint8Array(colours)
  for (let i = 0; i < colours; i++) {
    rgb.set(palette.subarray(4 * i, 4 * i + 3), 3 * i)
    alpha[i] = palette[4 * i + 3]
  }
  return joined([
    signature,
    chunk('IHDR', head(width, height, 3)),
    chunk('PLTE', rgb),
    ...(alpha.some((each) => each < 255) ? [chunk('tRNS', alpha)] : []),
    chunk('IDAT', zlibSync(rowsOf(values, width, height), { level: 6 })),
    chunk('IEND', new Uint8Array(0)),
  ])
}

/** A picture of any colours. */
export function colourPng({ width, height, rgba }: ColourPicture): Uint8Array<ArrayBuffer> {
  const chunk = chunkWriter()
  return joined([
    signature,
    chunk('IHDR', head(width, height, 6)),
    chunk('IDAT', zlibSync(rowsOf(rgba, 4 * width, height), { level: 6 })),
    chunk('IEND', new Uint8Array(0)),
  ])
}
