/**
 * RICE_1: differences of neighbouring pixels, in blocks that each choose how many low bits they write plainly.
 * Standard: FITS 4.0, §10.4.1; Rice, Yeh & Miller 1993.
 */

/** Bits that say the split of a block, the split that means "plain", for 1, 2 and 4 bytes to a pixel. */
const codes = {
  1: { choice: 3, plain: 6 },
  2: { choice: 4, plain: 14 },
  4: { choice: 5, plain: 25 },
} as const

export type RiceBytes = keyof typeof codes

/** The bits from bit `next` on at the top of a word, 25 of them at least; zeros beyond the end. */
function windowAt(view: DataView, next: number): number {
  const at = next >>> 3
  if (at + 4 <= view.byteLength) return view.getInt32(at) << (next & 7)
  let value = 0
  for (let i = at; i < at + 4; i++) value = (value << 8) | (i < view.byteLength ? view.getUint8(i) : 0)
  return value << (next & 7)
}

/**
 * Decodes `count` pixels of `bytepix` bytes into `out`: one byte unsigned, two and four signed.
 * False where the bytes end early.
 */
export function decodeRice(
  bytes: Uint8Array,
  bytepix: RiceBytes,
  blockSize: number,
  out: Int32Array,
  count: number,
): boolean {
  const { choice, plain } = codes[bytepix]
  const width = 8 * bytepix
  const unused = 32 - width
  if (bytes.length < bytepix) return count === 0
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let last = 0
  for (let at = 0; at < bytepix; at++) last = (last << 8) | bytes[at]
  // Bits are read from the four bytes that hold the next of them, so that at least 25 are there at a time.
  const bits = 8 * bytes.length
  const whole = bytes.length - 4
  let next = width
  for (let first = 0; first < count; first += blockSize) {
    const stop = Math.min(count, first + blockSize)
    const split = (windowAt(view, next) >>> (32 - choice)) - 1
    next += choice
    if (next > bits) return false
    if (split < 0) {
      out.fill(last, first, stop)
      continue
    }
    if (split === plain) {
      for (let i = first; i < stop; i++) {
        let code = 0
        for (let left = bytepix as number; left > 0; left--) {
          code = (code << 8) | (windowAt(view, next) >>> 24)
          next += 8
        }
        last = (last + ((code >>> 1) ^ -(code & 1))) | 0
        out[i] = last
      }
      if (next > bits) return false
      continue
    }
    const rest = 31 - split
    // With so many zeros or fewer a pixel's code lies in one window.
    const most = 24 - split
    for (let i = first; i < stop; i++) {
      const at = next >>> 3
      const bare = at <= whole ? view.getInt32(at) << (next & 7) : windowAt(view, next)
      let zeros = Math.clz32(bare)
      let code: number
      if (zeros <= most) {
        // In two shifts, as a shift by 32 is none.
        code = (zeros << split) | ((((bare << zeros) << 1) >>> 1) >>> rest)
        next += zeros + 1 + split
      } else {
        zeros = 0
        for (let more = bare; more >>> 7 === 0; more = windowAt(view, next)) {
          zeros += 25
          next += 25
          if (next > bits) return false
        }
        const lead = Math.clz32(windowAt(view, next))
        zeros += lead
        next += lead + 1
        code = zeros << split
        const high = Math.max(0, split - 16)
        if (high > 0) code |= (windowAt(view, next) >>> (32 - high)) << 16
        next += high
        if (split > high) code |= windowAt(view, next) >>> (32 - (split - high))
        next += split - high
      }
      last = (last + ((code >>> 1) ^ -(code & 1))) | 0
      out[i] = last
    }
    if (next > bits) return false
  }
  if (bytepix === 1) for (let i = 0; i < count; i++) out[i] &= 255
  else if (bytepix === 2) for (let i = 0; i < count; i++) out[i] = (out[i] << unused) >> unused
  return true
}

/**
 * Encodes `count` pixels from `values`. Each block takes the split that suits its mean difference, or is written plainly
 * where that would be longer.
 */
export function encodeRice(
  values: Int32Array,
  count: number,
  bytepix: RiceBytes,
  blockSize: number,
): Uint8Array {
  const { choice, plain } = codes[bytepix]
  const width = 8 * bytepix
  const unused = 32 - width
  // At worst every block is plain.
  const out = new Uint8Array(
    bytepix + Math.ceil((count * width + Math.ceil(count / blockSize) * choice) / 8) + 8,
  )
  const folded = new Uint32Array(blockSize)
  let at = 0
  for (; at < bytepix; at++) out[at] = values[0] >>> (width - 8 - 8 * at)
  let bits = 0
  let held = 0
  const put = (value: number, length: number): void => {
    // At most 24 bits at a time: the remainder of a byte waits in `bits`.
    bits = (bits << length) | value
    held += length
    while (held >= 8) {
      held -= 8
      out[at++] = bits >>> held
    }
    bits &= (1 << held) - 1
  }
  let last = values[0]
  for (let first = 0; first < count; first += blockSize) {
    const length = Math.min(blockSize, count - first)
    let sum = 0
    for (let i = 0; i < length; i++) {
      const value = values[first + i]
      // Differences wrap around within the pixel's width.
      const difference = ((value - last) << unused) >> unused
      last = value
      folded[i] = ((difference << 1) ^ (difference >> 31)) >>> 0
      sum += folded[i]
    }
    const mean = Math.max(0, (sum - Math.floor(length / 2) - 1) / length)
    let split = mean < 1 ? 0 : Math.min(plain, Math.floor(Math.log2(mean)))
    if (sum === 0) {
      put(0, choice)
      continue
    }
    let need = length * (split + 1)
    for (let i = 0; i < length; i++) need += folded[i] >>> split
    if (split >= plain || need >= length * width) split = plain
    put(split + 1, choice)
    for (let i = 0; i < length; i++) {
      const code = folded[i]
      if (split === plain) {
        if (width > 16) put(code >>> 16, 16)
        put(code & (width === 8 ? 255 : 65535), Math.min(width, 16))
        continue
      }
      let zeros = code >>> split
      for (; zeros >= 16; zeros -= 16) put(0, 16)
      put(1, zeros + 1)
      if (split > 16) put((code >>> 16) & ((1 << (split - 16)) - 1), split - 16)
      const low = Math.min(split, 16)
      if (low > 0) put(code & ((1 << low) - 1), low)
    }
  }
  if (held > 0) out[at++] = bits << (8 - held)
  return out.slice(0, at)
}
