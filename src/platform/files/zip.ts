import { crc32 } from 'node:zlib'
import { Problem } from '#problem.ts'

/** A file of an archive. */
export interface ZipEntry {
  readonly name: string
  readonly modified: Date
  readonly byteLength: number
  bytes(this: void): AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>
}

interface Written {
  readonly name: Uint8Array
  readonly modified: number
  readonly byteLength: number
  readonly crc: number
  readonly offset: number
}

/** What does not fit into 32 or 16 bits stands in a ZIP64 record, and this in its old place. */
const most32 = 0xffff_ffff
const most16 = 0xffff

/**
 * Files as one ZIP, stored and not packed, chunk by chunk as they are asked for. ZIP64 records where an entry, the archive or
 * the count of entries is too large for the old ones (PKWARE's APPNOTE 6.3, §4.3 to §4.5). Times are UTC.
 * @throws Problem `storage.corrupt` for an entry that has not the bytes it was announced with
 */
export async function* zipOf(entries: Iterable<ZipEntry>): AsyncGenerator<Uint8Array, void> {
  const written: Written[] = []
  let offset = 0
  for (const { name, modified, byteLength, bytes } of entries) {
    const called = new TextEncoder().encode(name)
    const stamp = dosTime(modified)
    const start = offset
    const head = localHeader(called, stamp, byteLength)
    offset += head.length
    yield head
    let [crc, length] = [0, 0]
    for await (const chunk of await bytes()) {
      crc = crc32(chunk, crc)
      length += chunk.byteLength
      if (length > byteLength) break
      yield chunk
    }
    if (length !== byteLength)
      throw new Problem(
        'storage.corrupt',
        `${name} was to have ${byteLength} bytes, and has ${length > byteLength ? 'more' : length}.`,
        { file: name },
      )
    const tail = descriptor(crc, byteLength)
    offset += byteLength + tail.length
    yield tail
    written.push({ name: called, modified: stamp, byteLength, crc, offset: start })
  }
  const directory = offset
  for (const entry of written) {
    const record = centralRecord(entry)
    offset += record.length
    yield record
  }
  yield endRecords(written.length, directory, offset - directory)
}

/** Values with their widths in bytes, little-endian, and what follows them. */
function packed(fields: readonly (readonly [width: 2 | 4 | 8, value: number])[], ...rest: Uint8Array[]) {
  const length = fields.reduce((sum, [width]) => sum + width, 0)
  const bytes = new Uint8Array(length + rest.reduce((sum, part) => sum + part.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(at, value, true)
    else if (width === 4) view.setUint32(at, value, true)
    else view.setBigUint64(at, BigInt(value), true)
    at += width
  }
  for (const part of rest) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Sizes and sum follow the bytes (bit 3), names are UTF-8 (bit 11). */
const flags = 0x0808

function localHeader(name: Uint8Array, modified: number, byteLength: number): Uint8Array {
  const large = byteLength >= most32
  const size = large ? most32 : 0
  // Its presence says that the sizes after the bytes have 8 bytes each.
  const extra = large
    ? packed([
        [2, 1],
        [2, 16],
        [8, 0],
        [8, 0],
      ])
    : new Uint8Array()
  return packed(
    [
      [4, 0x04034b50],
      [2, large ? 45 : 20],
      [2, flags],
      [2, 0],
      [4, modified],
      [4, 0],
      [4, size],
      [4, size],
      [2, name.length],
      [2, extra.length],
    ],
    name,
    extra,
  )
}

function descriptor(crc: number, byteLength: number): Uint8Array {
  const width = byteLength >= most32 ? 8 : 4
  return packed([
    [4, 0x08074b50],
    [4, crc],
    [width, byteLength],
    [width, byteLength],
  ])
}

function centralRecord({ name, modified, byteLength, crc, offset }: Written): Uint8Array {
  const large = [
    ...(byteLength >= most32 ? [byteLength, byteLength] : []),
    ...(offset >= most32 ? [offset] : []),
  ]
  const extra =
    large.length > 0
      ? packed([[2, 1], [2, 8 * large.length], ...large.map((value) => [8, value] as const)])
      : new Uint8Array()
  const [size, version] = [Math.min(byteLength, most32), large.length > 0 ? 45 : 20]
  return packed(
    [
      [4, 0x02014b50],
      [2, version],
      [2, version],
      [2, flags],
      [2, 0],
      [4, modified],
      [4, crc],
      [4, size],
      [4, size],
      [2, name.length],
      [2, extra.length],
      [2, 0],
      [2, 0],
      [2, 0],
      [4, 0],
      [4, Math.min(offset, most32)],
    ],
    name,
    extra,
  )
}

function endRecords(count: number, directory: number, length: number): Uint8Array {
  const some = Math.min(count, most16)
  const end = packed([
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, some],
    [2, some],
    [4, Math.min(length, most32)],
    [4, Math.min(directory, most32)],
    [2, 0],
  ])
  if (count < most16 && directory < most32 && length < most32) return end
  return packed(
    [
      [4, 0x06064b50],
      [8, 44],
      [2, 45],
      [2, 45],
      [4, 0],
      [4, 0],
      [8, count],
      [8, count],
      [8, length],
      [8, directory],
      [4, 0x07064b50],
      [4, 0],
      [8, directory + length],
      [4, 1],
    ],
    end,
  )
}

/** Time and date of MS-DOS in one 32-bit word, to 2 s, from 1980 on. */
function dosTime(time: Date): number {
  const year = Math.min(127, Math.max(0, time.getUTCFullYear() - 1980))
  const date = (year << 9) | ((time.getUTCMonth() + 1) << 5) | time.getUTCDate()
  const clock = (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5) | (time.getUTCSeconds() >> 1)
  return ((date << 16) | clock) >>> 0
}
