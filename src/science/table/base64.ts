/** Base64 without the host's help: pure science has neither atob nor Buffer. */
import { Problem } from '#problem.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

function decodingTable(): Int8Array {
  const table = new Int8Array(128).fill(-1)
  for (let i = 0; i < 64; i++) table[alphabet.charCodeAt(i)] = i
  // White space is skipped.
  for (const blank of [9, 10, 13, 32]) table[blank] = -2
  return table
}

/** Bytes of base64 in `text[start, end)`. Throws `table.invalid` for what is no base64. */
export function decodeBase64(text: string, start = 0, end = text.length): Uint8Array {
  const table = decodingTable()
  const out = new Uint8Array(Math.ceil(((end - start) * 3) / 4))
  let [length, bits, held] = [0, 0, 0]
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code === 61) break
    const value = code < 128 ? table[code] : -1
    if (value === -2) continue
    if (value < 0) throw new Problem('table.invalid', `The stream is not base64: it holds "${text[i]}".`)
    held = ((held << 6) | value) & 0xffffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[length++] = (held >> bits) & 255
    }
  }
  return out.subarray(0, length)
}

/** Base64 of bytes, in lines of 76. */
export function encodeBase64(bytes: Uint8Array, add: (text: string) => void): void {
  for (let at = 0; at < bytes.length; at += 57) {
    let line = ''
    for (let i = at; i < Math.min(at + 57, bytes.length); i += 3) {
      const left = bytes.length - i
      const three = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
      line += alphabet[three >> 18] + alphabet[(three >> 12) & 63]
      line += (left > 1 ? alphabet[(three >> 6) & 63] : '=') + (left > 2 ? alphabet[three & 63] : '=')
    }
    add(`${line}\n`)
  }
}
