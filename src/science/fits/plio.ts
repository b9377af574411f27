/** PLIO_1: the line lists of IRAF's pixel masks, runs of values from 0 to 2^24 − 1. Standard: FITS 4.0, §10.4.3. */

/**
 * Decodes a line list of big-endian 16-bit words into `count` pixels; what the list does not reach is 0.
 * False where it is no line list.
 */
export function decodePlio(bytes: Uint8Array, out: Int32Array, count: number): boolean {
  out.fill(0, 0, count)
  const words = bytes.length >> 1
  const word = (n: number): number => ((bytes[2 * n] << 24) >> 16) | bytes[2 * n + 1]
  if (words < 3) return false
  // The older lists have three words of header; the others say how many, and their length in two words of 15 bits.
  const old = word(2) > 0
  if (!old && words < 5) return false
  const first = old ? 3 : word(1)
  const length = old ? word(2) : word(4) * 32768 + word(3)
  if (first < 3 || length > words) return false
  let at = 0
  let high = 1
  for (let n = first; n < length && at < count; n++) {
    const opcode = (word(n) >> 12) & 15
    const data = word(n) & 4095
    if (opcode === 0 || opcode === 4 || opcode === 5) {
      const end = Math.min(count, at + data)
      if (opcode === 4) out.fill(high, at, end)
      if (opcode === 5 && data > 0 && at + data <= count) out[at + data - 1] = high
      at = end
    } else if (opcode === 1) {
      if (++n >= length) return false
      high = (word(n) << 12) + data
    } else if (opcode === 2 || opcode === 6) high += data
    else if (opcode === 3 || opcode === 7) high -= data
    else return false
    if (opcode === 6 || opcode === 7) out[at++] = high
  }
  return true
}
