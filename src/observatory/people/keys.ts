import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** Random texts that prove something: tokens, links, ids. Only their hashes are stored. */

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const tokenShape = /^ura_([0-9A-Za-z]{36})([0-9A-Za-z]{6})$/

/** Letters and digits drawn evenly. */
export function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      // 248 is the largest multiple of 62 in a byte: what lies above would favour the first letters.
      if (byte < 248 && text.length < length) text += alphabet[byte % 62]
    }
  }
  return text
}

/** `ura_`, 36 random characters (214 bits), and 6 of a checksum by which scanners tell a real one from a look-alike. */
export function newToken(): string {
  const body = randomText(36)
  return `ura_${body}${checksum(body)}`
}

/** True for a text of our making, known or not. */
export function looksLikeToken(text: string): boolean {
  const match = tokenShape.exec(text)
  return match !== null && checksum(match[1]) === match[2]
}

function checksum(body: string): string {
  let value = crc32(body)
  let text = ''
  for (let i = 0; i < 6; i++) {
    text = alphabet[value % 62] + text
    value = Math.floor(value / 62)
  }
  return text
}

export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
