/** Order of bytes, for whole arrays at a time. */

/** Turns the bytes of each 32-bit word around, in place. */
export function swap32(words: Uint32Array): void {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    words[i] = (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
  }
}
