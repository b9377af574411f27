/** CHECKSUM and DATASUM. Convention: FITS 4.0, Appendix J (Seaman, Pence & Rots). */
import { blockLength, textOf } from './header.ts'
import type { Hdu } from './hdu.ts'
import { afterHdu } from './hdu.ts'

/** Ones'-complement sum of the bytes as big-endian 32-bit words, added to `sum`. A last part of a word is filled with zeros. */
export function onesSum(bytes: Uint8Array, sum = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const words = bytes.length >> 2
  let total = sum
  // Sums of 2^20 words of 32 bits stay exact in a double; carries are folded after each stretch.
  for (let at = 0; at < words;) {
    const stop = Math.min(words, at + 2 ** 20)
    for (; at < stop; at++) total += view.getUint32(4 * at)
    while (total >= 2 ** 32) total = (total % 2 ** 32) + Math.floor(total / 2 ** 32)
  }
  const rest = bytes.length & 3
  for (let i = 0; i < rest; i++) total += bytes[4 * words + i] * 2 ** (24 - 8 * i)
  while (total >= 2 ** 32) total = (total % 2 ** 32) + Math.floor(total / 2 ** 32)
  return total
}

/** The 16 characters that stand for the complement of `sum` in a CHECKSUM card. */
function encodeSum(sum: number): string {
  const complement = ~sum >>> 0
  const letters = new Uint8Array(16)
  for (let byte = 0; byte < 4; byte++) {
    const value = (complement >>> (24 - 8 * byte)) & 255
    const parts = [(value >> 2) + (value & 3) + 48, (value >> 2) + 48, (value >> 2) + 48, (value >> 2) + 48]
    // Punctuation between digits, capitals and small letters is stepped over by moving two letters apart.
    const bad = (letter: number): boolean => (letter >= 58 && letter <= 64) || (letter >= 91 && letter <= 96)
    while (parts.some(bad)) {
      for (const pair of [0, 2]) {
        if (bad(parts[pair]) || bad(parts[pair + 1])) {
          parts[pair]++
          parts[pair + 1]--
        }
      }
    }
    for (let i = 0; i < 4; i++) letters[4 * i + byte] = parts[i]
  }
  // The value starts in column 12, so the sixteen letters are turned by one place to fall on word borders.
  return String.fromCharCode(letters[15], ...letters.subarray(0, 15))
}

export interface SumCheck {
  readonly datasum: 'right' | 'wrong' | 'absent'
  readonly checksum: 'right' | 'wrong' | 'absent'
}

/** Compares a HDU with its CHECKSUM and DATASUM cards. */
export function checkSums(bytes: Uint8Array, hdu: Hdu): SumCheck {
  const { header } = hdu.stored ?? hdu
  const said = textOf(header, 'DATASUM')?.trim()
  const data = onesSum(bytes.subarray(hdu.dataStart, Math.min(afterHdu(hdu), bytes.length)))
  const whole = onesSum(bytes.subarray(hdu.headerStart, hdu.dataStart), data)
  const letters = textOf(header, 'CHECKSUM')?.trim()
  return {
    datasum: said ? (Number(said) === data ? 'right' : 'wrong') : 'absent',
    // The sum of a HDU that contains its complement is all ones, or zero where everything is.
    checksum: letters ? (whole === 0xffffffff || whole === 0 ? 'right' : 'wrong') : 'absent',
  }
}

/**
 * Header bytes whose CHECKSUM card holds sixteen zeros, completed so that the HDU sums to all ones.
 * `dataSum` is the sum of the padded data.
 */
export function sealHeader(header: Uint8Array, dataSum: number): void {
  for (let at = 0; at < header.length; at += 80) {
    if (String.fromCharCode(...header.subarray(at, at + 12)) !== "CHECKSUM= '0") continue
    const text = encodeSum(onesSum(header, dataSum))
    for (let i = 0; i < 16; i++) header[at + 11 + i] = text.charCodeAt(i)
    return
  }
}

/** Bytes of padding that complete a block. */
export function paddingOf(length: number): number {
  return (blockLength - (length % blockLength)) % blockLength
}
