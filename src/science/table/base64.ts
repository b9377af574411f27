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

/** Base64 of bytes, in lines of 76, given to `add` some thousand lines at a time. */
export function encodeBase64(bytes: Uint8Array, add: (text: string) => void): void {
  const letters = new TextEncoder().encode(alphabet)
  const decoder = new TextDecoder()
  const step = 57 * 8192
  const out = new Uint8Array((step / 57) * 77)
  for (let from = 0; from < bytes.length; from += step) {
    const end = Math.min(from + step, bytes.length)
    let to = 0
    for (let at = from; at < end; at += 57) {
      const stop = Math.min(at + 57, end)
      for (let i = at; i < stop; i += 3) {
        const left = stop - i
        const three = (bytes[i] << 16) | ((left > 1 ? bytes[i + 1] : 0) << 8) | (left > 2 ? bytes[i + 2] : 0)
        out[to++] = letters[three >> 18]
        out[to++] = letters[(three >> 12) & 63]
        out[to++] = left > 1 ? letters[(three >> 6) & 63] : 61
        out[to++] = left > 2 ? letters[three & 63] : 61
      }
      out[to++] = 10
    }
    add(decoder.decode(out.subarray(0, to)))
  }
}
