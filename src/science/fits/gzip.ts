/** gzip (RFC 1952) on bytes: one or several members, checked by length and CRC-32, with a limit on what comes out. */
import { Gunzip, gzipSync, inflateSync, unzlibSync } from 'fflate'
import { Problem } from '#problem.ts'

/** What a compressed file may grow to unless the caller says otherwise: 1 GiB. */
export const defaultInflateLimit = 2 ** 30

/** Input is handed on in pieces this small, so that no single step can inflate to more than about 16 MB. */
const pieceLength = 16384

/** True when the bytes start as a gzip member with the deflate method. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length > 18 && bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8
}

let crcTable: Int32Array | undefined

function crcTables(): Int32Array {
  if (crcTable) return crcTable
  const table = new Int32Array(1024)
  for (let n = 0; n < 256; n++) {
    let c = n
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
    table[n] = c
  }
  for (let n = 256; n < 1024; n++) table[n] = (table[n - 256] >>> 8) ^ table[table[n - 256] & 255]
  crcTable = table
  return table
}

/** Running CRC-32 (polynomial 0xEDB88320), four bytes a step. */
function createCrc32(): { add(bytes: Uint8Array): void; take(): number } {
  const table = crcTables()
  let crc = -1
  return {
    add(bytes) {
      let c = crc
      const fours = bytes.length & ~3
      let i = 0
      for (; i < fours; i += 4) {
        c ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24)
        c =
          table[768 + (c & 255)] ^
          table[512 + ((c >>> 8) & 255)] ^
          table[256 + ((c >>> 16) & 255)] ^
          table[c >>> 24]
      }
      for (; i < bytes.length; i++) c = (c >>> 8) ^ table[(c ^ bytes[i]) & 255]
      crc = c
    },
    take() {
      const value = ~crc >>> 0
      crc = -1
      return value
    },
  }
}

function damaged(why: string, cause?: unknown): Problem {
  return new Problem('fits.invalid', `The gzip file is damaged: ${why}; fetch it again.`, {}, cause)
}

/**
 * Inflates `bytes` piece by piece into `consume`, which may return true to stop early (nothing after is checked).
 * Throws `fits.too_large` when more than `maxBytes` come out, `fits.invalid` for damaged or cut-off data.
 */
export function inflateInto(
  bytes: Uint8Array,
  consume: (piece: Uint8Array) => boolean | void,
  maxBytes = defaultInflateLimit,
): void {
  const crc = createCrc32()
  let total = 0
  let memberLength = 0
  let stopped = false
  const check = (end: number): void => {
    const view = new DataView(bytes.buffer, bytes.byteOffset + end - 8, 8)
    if (view.getUint32(4, true) !== memberLength % 2 ** 32)
      throw damaged('its length does not match what it says')
    if (view.getUint32(0, true) !== crc.take()) throw damaged('its checksum does not match')
    memberLength = 0
  }
  const stream = new Gunzip((piece) => {
    if (stopped) return
    total += piece.length
    memberLength += piece.length
    if (total > maxBytes) {
      throw new Problem(
        'fits.too_large',
        `The gzip file inflates to more than ${maxBytes} bytes, the limit set for it; raise the limit if that is meant.`,
        { maxBytes },
      )
    }
    crc.add(piece)
    if (consume(piece) === true) stopped = true
  })
  let members = 1
  stream.onmember = (offset) => {
    members++
    if (!stopped) check(offset)
  }
  let at = 0
  try {
    for (; at < bytes.length && !stopped; at += pieceLength) {
      stream.push(bytes.subarray(at, at + pieceLength), at + pieceLength >= bytes.length)
    }
  } catch (error) {
    if (error instanceof Problem) throw error
    // Tapes and some servers pad with zeros after the last member; anything else is damage.
    const tail = bytes.subarray(Math.min(at + pieceLength, bytes.length) - 1)
    const padded =
      memberLength > 0 && tail.every((byte) => byte === 0) && (error as Error).message.includes('gzip')
    if (!padded) throw damaged('it is cut off or holds bytes that are no gzip data', error)
    return
  }
  if (!stopped && members > 0) check(bytes.length)
}

/** Inflates whole files; limits and failures as for `inflateInto`. */
export function inflate(bytes: Uint8Array, maxBytes = defaultInflateLimit): Uint8Array {
  const pieces: Uint8Array[] = []
  let total = 0
  inflateInto(
    bytes,
    (piece) => {
      pieces.push(piece)
      total += piece.length
    },
    maxBytes,
  )
  const whole = new Uint8Array(total)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** The bytes as one gzip member; the same bytes give the same file (no time stamp). */
export function deflate(bytes: Uint8Array): Uint8Array {
  return gzipSync(bytes, { mtime: 0 })
}

/** Length that a gzip member of less than 4 GiB says it inflates to; undefined where the bytes are none. */
export function inflatedLength(bytes: Uint8Array): number | undefined {
  if (!isGzip(bytes)) return undefined
  return new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true)
}

/** First byte of the deflate stream of a gzip member; undefined where its header is cut off. */
function gzipHeaderEnd(bytes: Uint8Array): number | undefined {
  const flags = bytes[3]
  let at = 10
  if (flags & 4) at += 2 + (bytes[at] | (bytes[at + 1] << 8))
  for (const flag of [8, 16]) {
    if (!(flags & flag)) continue
    while (at < bytes.length && bytes[at] !== 0) at++
    at++
  }
  if (flags & 2) at += 2
  return at <= bytes.length - 8 ? at : undefined
}

/**
 * Inflates one small gzip member or zlib stream that must fill `out` exactly; false where it does not or is damaged.
 */
export function inflateExactly(bytes: Uint8Array, out: Uint8Array): boolean {
  try {
    if (!isGzip(bytes)) return unzlibSync(bytes, { out }).length === out.length
    const start = gzipHeaderEnd(bytes)
    if (start === undefined || inflatedLength(bytes) !== out.length) return false
    if (inflateSync(bytes.subarray(start, -8), { out }).length !== out.length) return false
  } catch {
    return false
  }
  const crc = createCrc32()
  crc.add(out)
  return new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 4).getUint32(0, true) === crc.take()
}
