import { randomFillSync } from 'node:crypto'

/** A source of UUIDs version 7 (RFC 9562): ordered by time, and from one source strictly ascending. */
export function createIdSource(now: () => number = Date.now): () => string {
  const bytes = new Uint8Array(16)
  let last = 0n
  return () => {
    randomFillSync(bytes)
    // Milliseconds, then 12 bits that start at random below half and count up, carrying into the time when exhausted.
    const stamp = (BigInt(now()) << 12n) | BigInt(((bytes[6] & 0x07) << 8) | bytes[7])
    last = stamp > last ? stamp : last + 1n
    const time = last >> 12n
    for (let i = 0; i < 6; i++) bytes[i] = Number((time >> BigInt(40 - 8 * i)) & 0xffn)
    bytes[6] = 0x70 | Number((last >> 8n) & 0x0fn)
    bytes[7] = Number(last & 0xffn)
    bytes[8] = 0x80 | (bytes[8] & 0x3f)
    const hex = Buffer.from(bytes).toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }
}
