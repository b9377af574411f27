import avro from 'avsc'
import { inflateSync } from 'fflate'
import { Problem } from '#problem.ts'
import { isRecord } from './text.ts'

/**
 * Avro 1.11, as far as alerts use it: object container files (codec null or deflate) and single messages (with the
 * two-byte marker and fingerprint, with the five-byte registry header, or bare) of a schema known beforehand.
 */

const magic = [0x4f, 0x62, 0x6a, 0x01]

export function isAvroContainer(bytes: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte)
}

/** Records of a container file. `maxRecords` bounds what is built. Throws `notice.unreadable`. */
export function readAvroContainer(bytes: Uint8Array, maxRecords = 2): Record<string, unknown>[] {
  const reader = cursor(bytes)
  reader.skip(4)
  const meta = readMeta(reader)
  const codec = meta.get('avro.codec') ? new TextDecoder().decode(meta.get('avro.codec')) : 'null'
  if (codec !== 'null' && codec !== 'deflate') {
    throw new Problem(
      'notice.unreadable',
      `The Avro file is compressed with ${codec}; null and deflate are read.`,
    )
  }
  const type = schemaType(meta.get('avro.schema'))
  const sync = reader.take(16)
  const records: Record<string, unknown>[] = []
  while (!reader.atEnd() && records.length < maxRecords) {
    const count = reader.long()
    let block = reader.take(reader.long())
    if (codec === 'deflate') block = inflated(block)
    const end = reader.take(16)
    if (!end.every((byte, i) => byte === sync[i])) throw cut('a block does not end where it says')
    let at = 0
    for (let i = 0; i < count && records.length < maxRecords; i++) {
      const { value, offset } = decode(type, block, at)
      if (!isRecord(value)) throw cut('it holds something other than records')
      records.push(plain(value))
      at = offset
    }
  }
  return records
}

/** One message of `schema`; undefined where the bytes are not one. */
export function readAvroMessage(bytes: Uint8Array, schema: object): Record<string, unknown> | undefined {
  const type = avro.Type.forSchema(schema as avro.Schema)
  const marked = bytes[0] === 0xc3 && bytes[1] === 0x01
  for (const start of marked ? [10] : bytes[0] === 0 ? [5, 0] : [0]) {
    try {
      const { value, offset } = decode(type, bytes, start)
      if (offset === bytes.length && isRecord(value)) return plain(value)
    } catch {
      // Not at this offset; the next one is tried.
    }
  }
  return undefined
}

function decode(type: avro.Type, bytes: Uint8Array, at: number): { value: unknown; offset: number } {
  let result: { value: unknown; offset: number }
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    result = type.decode(buffer, at) as { value: unknown; offset: number }
  } catch (error) {
    throw cut('a record does not fit its schema', error)
  }
  if (result.offset < 0) throw cut('it ends inside a record')
  return result
}

function schemaType(bytes: Uint8Array | undefined): avro.Type {
  if (!bytes) throw cut('it has no schema')
  if (bytes.length > 256 * 1024) throw cut('its schema is over 256 kB')
  try {
    return avro.Type.forSchema(JSON.parse(new TextDecoder().decode(bytes)) as avro.Schema)
  } catch (error) {
    throw cut('its schema is not one', error)
  }
}

function readMeta(reader: Cursor): Map<string, Uint8Array> {
  const meta = new Map<string, Uint8Array>()
  for (let count = reader.long(); count !== 0; count = reader.long()) {
    if (count < 0) reader.long()
    if (Math.abs(count) > 1000) throw cut('its header is senseless')
    for (let i = 0; i < Math.abs(count); i++) {
      const key = new TextDecoder().decode(reader.take(reader.long()))
      meta.set(key, reader.take(reader.long()))
    }
  }
  return meta
}

interface Cursor {
  long(): number
  take(length: number): Uint8Array
  skip(length: number): void
  atEnd(): boolean
}

function cursor(bytes: Uint8Array): Cursor {
  let at = 0
  const take = (length: number): Uint8Array => {
    if (length < 0 || at + length > bytes.length) throw cut('it is cut short')
    at += length
    return bytes.subarray(at - length, at)
  }
  return {
    take,
    skip: (length) => void take(length),
    atEnd: () => at >= bytes.length,
    // Zig-zag variable-length integer; sizes of a notice fit a double.
    long() {
      let value = 0
      let scale = 1
      for (let i = 0; i < 8; i++) {
        const byte = take(1)[0]!
        value += (byte & 0x7f) * scale
        scale *= 128
        if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
      }
      throw cut('a length in it is senseless')
    },
  }
}

function inflated(block: Uint8Array): Uint8Array {
  try {
    return inflateSync(block, { out: new Uint8Array(Math.min(block.length * 1100 + 1024, 64 * 1024 * 1024)) })
  } catch (error) {
    throw cut('a compressed block is broken', error)
  }
}

/** avsc wraps branches of named unions in objects of its own and bytes in Buffer; here they become plain. */
function plain(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, plainValue(value)]))
}

function plainValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map(plainValue)
  if (isRecord(value)) {
    const keys = Object.keys(value)
    const inner = value[keys[0]!]
    if (
      keys.length === 1 &&
      (keys[0]!.includes('.') || keys[0] === 'bytes') &&
      (isRecord(inner) || inner instanceof Uint8Array)
    ) {
      return plainValue(inner)
    }
    return plain(value)
  }
  return value
}

function cut(why: string, cause?: unknown): Problem {
  return new Problem('notice.unreadable', `The Avro file cannot be read: ${why}.`, {}, cause)
}
