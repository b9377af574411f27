// Big-endian elements of FITS files to float32, and the two inner loops of tile compression: RICE_1 and dequantising. The
// reference is `plainCodec` of src/science/fits/codec.ts, which says what the arguments are. Addresses are bytes.

const nothing: v128 = i32x4.splat(0x7fc00000)

/** The 16 bytes at `at`, those of each element turned around. */
function swapped16(at: usize): v128 {
  const a = v128.load(at)
  return v128.shuffle<u8>(a, a, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)
}

function swapped32(at: usize): v128 {
  const a = v128.load(at)
  return v128.shuffle<u8>(a, a, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)
}

function swapped64(at: usize): v128 {
  const a = v128.load(at)
  return v128.shuffle<u8>(a, a, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8)
}

/** `length` bytes as they stand: shared memory is copied byte by byte from outside. */
export function copy(from: usize, out: usize, length: i32): void {
  memory.copy(out, from, <usize>length)
}

/** Float32 as they stand, turned around; `from` may be `out`. */
export function swap(from: usize, out: usize, n: i32): void {
  let i: i32 = 0
  for (; i + 4 <= n; i += 4) v128.store(out + ((<usize>i) << 2), swapped32(from + ((<usize>i) << 2)))
  for (; i < n; i++) store<u32>(out + ((<usize>i) << 2), bswap<u32>(load<u32>(from + ((<usize>i) << 2))))
}

/** Float32 scaled in single precision. */
export function singles(from: usize, out: usize, n: i32, factor: f32, shift: f32): void {
  const k = f32x4.splat(factor)
  const s = f32x4.splat(shift)
  let i: i32 = 0
  for (; i + 4 <= n; i += 4) {
    const at = (<usize>i) << 2
    v128.store(out + at, f32x4.add(f32x4.mul(swapped32(from + at), k), s))
  }
  for (; i < n; i++) {
    const at = (<usize>i) << 2
    store<f32>(out + at, reinterpret<f32>(bswap<u32>(load<u32>(from + at))) * factor + shift)
  }
}

/** Float64 scaled in double precision. */
export function doubles(from: usize, out: usize, n: i32, factor: f64, shift: f64): void {
  const k = f64x2.splat(factor)
  const s = f64x2.splat(shift)
  let i: i32 = 0
  for (; i + 4 <= n; i += 4) {
    const at = from + ((<usize>i) << 3)
    const low = f32x4.demote_f64x2_zero(f64x2.add(f64x2.mul(swapped64(at), k), s))
    const high = f32x4.demote_f64x2_zero(f64x2.add(f64x2.mul(swapped64(at + 16), k), s))
    v128.store(out + ((<usize>i) << 2), v128.shuffle<u64>(low, high, 0, 2))
  }
  for (; i < n; i++) {
    const value = reinterpret<f64>(bswap<u64>(load<u64>(from + ((<usize>i) << 3))))
    store<f32>(out + ((<usize>i) << 2), <f32>(value * factor + shift))
  }
}

/** Four integers in single precision; where they are `blank` (and `blanks` is not 0), NaN. */
function single4(out: usize, raw: v128, k: v128, s: v128, blank: v128, blanks: i32): void {
  const value = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(raw), k), s)
  v128.store(out, blanks ? v128.bitselect(nothing, value, i32x4.eq(raw, blank)) : value)
}

function one(out: usize, raw: i32, factor: f32, shift: f32, blank: i32, blanks: i32): void {
  if (blanks && raw == blank) store<i32>(out, 0x7fc00000)
  else store<f32>(out, <f32>raw * factor + shift)
}

/** Unsigned bytes. */
export function octets(
  from: usize,
  out: usize,
  n: i32,
  factor: f32,
  shift: f32,
  blank: i32,
  blanks: i32,
): void {
  const k = f32x4.splat(factor)
  const s = f32x4.splat(shift)
  const b = i32x4.splat(blank)
  let i: i32 = 0
  for (; i + 8 <= n; i += 8) {
    const raw = i16x8.extend_low_i8x16_u(v128.load64_zero(from + <usize>i))
    const to = out + ((<usize>i) << 2)
    single4(to, i32x4.extend_low_i16x8_u(raw), k, s, b, blanks)
    single4(to + 16, i32x4.extend_high_i16x8_u(raw), k, s, b, blanks)
  }
  for (; i < n; i++)
    one(out + ((<usize>i) << 2), <i32>load<u8>(from + <usize>i), factor, shift, blank, blanks)
}

/** Signed 16-bit integers. */
export function shorts(
  from: usize,
  out: usize,
  n: i32,
  factor: f32,
  shift: f32,
  blank: i32,
  blanks: i32,
): void {
  const k = f32x4.splat(factor)
  const s = f32x4.splat(shift)
  const b = i32x4.splat(blank)
  let i: i32 = 0
  for (; i + 8 <= n; i += 8) {
    const raw = swapped16(from + ((<usize>i) << 1))
    const to = out + ((<usize>i) << 2)
    single4(to, i32x4.extend_low_i16x8_s(raw), k, s, b, blanks)
    single4(to + 16, i32x4.extend_high_i16x8_s(raw), k, s, b, blanks)
  }
  for (; i < n; i++) {
    const raw = <i32>(<i16>bswap<u16>(load<u16>(from + ((<usize>i) << 1))))
    one(out + ((<usize>i) << 2), raw, factor, shift, blank, blanks)
  }
}

/** 32-bit integers of this machine's order that were 8 or 16 bits in the file: single precision. */
export function narrow(
  from: usize,
  out: usize,
  n: i32,
  factor: f32,
  shift: f32,
  blank: i32,
  blanks: i32,
): void {
  const k = f32x4.splat(factor)
  const s = f32x4.splat(shift)
  const b = i32x4.splat(blank)
  let i: i32 = 0
  for (; i + 4 <= n; i += 4) {
    const at = (<usize>i) << 2
    single4(out + at, v128.load(from + at), k, s, b, blanks)
  }
  for (; i < n; i++) {
    const at = (<usize>i) << 2
    one(out + at, load<i32>(from + at), factor, shift, blank, blanks)
  }
}

/** 32-bit integers in double precision, of the file's order where `big` is not 0, or else of this machine's. */
export function wide(
  from: usize,
  out: usize,
  n: i32,
  big: i32,
  factor: f64,
  shift: f64,
  blank: i32,
  blanks: i32,
): void {
  const k = f64x2.splat(factor)
  const s = f64x2.splat(shift)
  const b = i32x4.splat(blank)
  let i: i32 = 0
  for (; i + 4 <= n; i += 4) {
    const at = (<usize>i) << 2
    const raw = big ? swapped32(from + at) : v128.load(from + at)
    const rest = v128.shuffle<u64>(raw, raw, 1, 1)
    const low = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(raw), k), s)
    const high = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(rest), k), s)
    const value = v128.shuffle<u64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2)
    v128.store(out + at, blanks ? v128.bitselect(nothing, value, i32x4.eq(raw, b)) : value)
  }
  for (; i < n; i++) {
    const at = (<usize>i) << 2
    const word = load<u32>(from + at)
    const raw = <i32>(big ? bswap<u32>(word) : word)
    if (blanks && raw == blank) store<i32>(out + at, 0x7fc00000)
    else store<f32>(out + at, <f32>(<f64>raw * factor + shift))
  }
}

/**
 * Quantised pixels to float32: (raw − dither + 0.5)·scale + zero in double precision, without the middle where `sequence`
 * is 0. `blank` becomes NaN where `blanks` is not 0, `exact` becomes 0 where `exacts` is not 0.
 */
export function dequantise(
  raw: usize,
  out: usize,
  n: i32,
  sequence: usize,
  scale: f64,
  zero: f64,
  blank: i32,
  blanks: i32,
  exact: i32,
  exacts: i32,
): void {
  const k = f64x2.splat(scale)
  const z = f64x2.splat(zero)
  const half = f64x2.splat(0.5)
  const b = i32x4.splat(blank)
  const e = i32x4.splat(exact)
  let i: i32 = 0
  for (; i + 4 <= n; i += 4) {
    const at = (<usize>i) << 2
    const v = v128.load(raw + at)
    let low = f64x2.convert_low_i32x4_s(v)
    let high = f64x2.convert_low_i32x4_s(v128.shuffle<u64>(v, v, 1, 1))
    if (sequence) {
      const r = v128.load(sequence + at)
      low = f64x2.add(f64x2.sub(low, f64x2.promote_low_f32x4(r)), half)
      high = f64x2.add(f64x2.sub(high, f64x2.promote_low_f32x4(v128.shuffle<u64>(r, r, 1, 1))), half)
    }
    let value = v128.shuffle<u64>(
      f32x4.demote_f64x2_zero(f64x2.add(f64x2.mul(low, k), z)),
      f32x4.demote_f64x2_zero(f64x2.add(f64x2.mul(high, k), z)),
      0,
      2,
    )
    if (exacts) value = v128.andnot(value, i32x4.eq(v, e))
    if (blanks) value = v128.bitselect(nothing, value, i32x4.eq(v, b))
    v128.store(out + at, value)
  }
  for (; i < n; i++) {
    const at = (<usize>i) << 2
    const v = load<i32>(raw + at)
    let value = <f64>v
    if (sequence) value = value - <f64>load<f32>(sequence + at) + 0.5
    if (blanks && v == blank) store<i32>(out + at, 0x7fc00000)
    else if (exacts && v == exact) store<f32>(out + at, 0)
    else store<f32>(out + at, <f32>(value * scale + zero))
  }
}

/** Whether any of n pixels is a fill value: raw of −2147483647 and below (where `raw` is not 0), value of −1e30 and below. */
export function fills(raw: usize, values: usize, n: i32): i32 {
  const least = i32x4.splat(-2147483647)
  const low = f32x4.splat(-1e30)
  let found = i32x4.splat(0)
  let i: i32 = 0
  for (; i + 4 <= n; i += 4) {
    const at = (<usize>i) << 2
    found = v128.or(found, f32x4.le(v128.load(values + at), low))
    if (raw) found = v128.or(found, i32x4.le_s(v128.load(raw + at), least))
  }
  if (v128.any_true(found)) return 1
  for (; i < n; i++) {
    const at = (<usize>i) << 2
    if (load<f32>(values + at) <= <f32>-1e30 || (raw && load<i32>(raw + at) <= -2147483647)) return 1
  }
  return 0
}

/**
 * RICE_1: `count` pixels of `bytepix` bytes from the `length` bytes at `from`; 0 where they end early.
 * Bits wait at the top of a word of 64, at least 33 of them wherever a code begins.
 */
export function rice(from: usize, length: i32, bytepix: i32, blockSize: i32, out: usize, count: i32): i32 {
  if (length < bytepix) return count == 0 ? 1 : 0
  const choice: u64 = bytepix == 1 ? 3 : bytepix == 2 ? 4 : 5
  const plain: i32 = bytepix == 1 ? 6 : bytepix == 2 ? 14 : 25
  const width: u64 = u64(8 * bytepix)
  const end = from + <usize>length
  let last: i32 = 0
  let at = from
  for (; at < from + <usize>bytepix; at++) last = (last << 8) | (<i32>load<u8>(at))
  let bits: u64 = 0
  let have: i32 = 0
  for (let first: i32 = 0; first < count; first += blockSize) {
    const stop = min(count, first + blockSize)
    while (have <= 32) {
      if (at < end) bits |= (<u64>bswap<u32>(load<u32>(at))) << u64(32 - have)
      at += 4
      have += 32
    }
    const split = <i32>(bits >> (64 - choice)) - 1
    bits <<= choice
    have -= <i32>choice
    let to = out + ((<usize>first) << 2)
    const finish = out + ((<usize>stop) << 2)
    if (split < 0) {
      for (; to < finish; to += 4) store<i32>(to, last)
    } else if (split == plain) {
      for (; to < finish; to += 4) {
        if (have <= 32) {
          if (at < end) bits |= (<u64>bswap<u32>(load<u32>(at))) << u64(32 - have)
          at += 4
          have += 32
        }
        const code = <u32>(bits >> (64 - width))
        bits <<= width
        have -= <i32>width
        last += <i32>((code >> 1) ^ (0 - (code & 1)))
        store<i32>(to, last)
      }
    } else {
      const rest = u64(63 - split)
      for (; to < finish; to += 4) {
        if (have <= 32) {
          if (at < end) bits |= (<u64>bswap<u32>(load<u32>(at))) << u64(32 - have)
          at += 4
          have += 32
        }
        const zeros = <i32>clz<u64>(bits)
        const used = zeros + split + 1
        let code: u32
        if (used <= have) {
          const tail = (bits << (<u64>zeros)) << 1
          code = ((<u32>zeros) << split) | (<u32>((tail >> 1) >> rest))
          bits = tail << (<u64>split)
          have -= used
        } else {
          let many: u32 = 0
          let lead = zeros
          while (lead >= have) {
            many += <u32>have
            have = 0
            bits = 0
            if (at >= end) return 0
            bits = (<u64>bswap<u32>(load<u32>(at))) << 32
            at += 4
            have = 32
            lead = <i32>clz<u64>(bits)
          }
          many += <u32>lead
          bits = (bits << (<u64>lead)) << 1
          have -= lead + 1
          if (have <= 32) {
            if (at < end) bits |= (<u64>bswap<u32>(load<u32>(at))) << u64(32 - have)
            at += 4
            have += 32
          }
          code = (many << split) | (<u32>((bits >> 1) >> rest))
          bits <<= <u64>split
          have -= split
        }
        last += <i32>((code >> 1) ^ (0 - (code & 1)))
        store<i32>(to, last)
      }
    }
    if (<i64>(at - from) * 8 - have > <i64>length * 8) return 0
  }
  if (bytepix == 4) return 1
  const up = bytepix == 1 ? 24 : 16
  let i: i32 = 0
  for (; i + 4 <= count; i += 4) {
    const to = out + ((<usize>i) << 2)
    const v = i32x4.shl(v128.load(to), up)
    v128.store(to, bytepix == 1 ? i32x4.shr_u(v, up) : i32x4.shr_s(v, up))
  }
  for (; i < count; i++) {
    const to = out + ((<usize>i) << 2)
    const v = load<i32>(to) << up
    store<i32>(to, bytepix == 1 ? <i32>((<u32>v) >> up) : v >> up)
  }
  return 1
}
