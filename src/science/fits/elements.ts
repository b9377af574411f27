/** Big-endian elements of FITS data ↔ typed arrays. Hosts of `science` are little-endian, as WebAssembly requires. */

/** Stored element types: unsigned byte, int16, int32, int64, float32, float64. */
export type ElementKind = 'B' | 'I' | 'J' | 'K' | 'E' | 'D'

export type NumberArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array

export const elementBytes: Record<ElementKind, number> = { B: 1, I: 2, J: 4, K: 8, E: 4, D: 8 }

/** Raw (unscaled) typed array of `length` zeros. */
export function rawArray(kind: ElementKind, length: number): NumberArray {
  if (kind === 'B') return new Uint8Array(length)
  if (kind === 'I') return new Int16Array(length)
  if (kind === 'J') return new Int32Array(length)
  if (kind === 'K') return new BigInt64Array(length)
  return kind === 'E' ? new Float32Array(length) : new Float64Array(length)
}

/**
 * Decodes `rows` groups of `repeat` elements; group n starts at byte `offset + n·stride` of `bytes`.
 * The result is written from `at` on into `out`, which has the raw type of `kind`.
 */
export function decodeInto(
  out: NumberArray,
  at: number,
  kind: ElementKind,
  bytes: Uint8Array,
  offset: number,
  stride: number,
  rows: number,
  repeat: number,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // Made once: most tables have one element in a cell, and a view for each would cost more than the element.
  const halves =
    kind === 'K' ? new Uint32Array(out.buffer, out.byteOffset, 2 * out.length) : new Uint32Array(0)
  let to = at
  if (repeat === 1 && rows > 1 && kind !== 'B' && kind !== 'K') {
    // Nearly all columns of tables: a loop for each kind, without a decision for each element.
    if (kind === 'D')
      for (let row = 0, from = offset; row < rows; row++, from += stride) out[to++] = view.getFloat64(from)
    else if (kind === 'E')
      for (let row = 0, from = offset; row < rows; row++, from += stride) out[to++] = view.getFloat32(from)
    else if (kind === 'J')
      for (let row = 0, from = offset; row < rows; row++, from += stride) out[to++] = view.getInt32(from)
    else for (let row = 0, from = offset; row < rows; row++, from += stride) out[to++] = view.getInt16(from)
    return
  }
  for (let row = 0; row < rows; row++) {
    let from = offset + row * stride
    if (kind === 'D') {
      const target = out as Float64Array
      for (let i = 0; i < repeat; i++, from += 8) target[to++] = view.getFloat64(from)
    } else if (kind === 'E') {
      const target = out as Float32Array
      for (let i = 0; i < repeat; i++, from += 4) target[to++] = view.getFloat32(from)
    } else if (kind === 'J') {
      const target = out as Int32Array
      for (let i = 0; i < repeat; i++, from += 4) target[to++] = view.getInt32(from)
    } else if (kind === 'I') {
      const target = out as Int16Array
      for (let i = 0; i < repeat; i++, from += 2) target[to++] = view.getInt16(from)
    } else if (kind === 'K') {
      for (let i = 0; i < repeat; i++, from += 8, to++) {
        halves[2 * to] = view.getUint32(from + 4)
        halves[2 * to + 1] = view.getUint32(from)
      }
    } else if (repeat > 64) {
      ;(out as Uint8Array).set(bytes.subarray(from, from + repeat), to)
      to += repeat
    } else {
      const target = out as Uint8Array
      for (let i = 0; i < repeat; i++) target[to++] = bytes[from++]
    }
  }
}

/** Stored type of a typed array, and the offset (TZERO, BZERO) that makes unsigned or signed values of it. */
export function storageOf(values: NumberArray): { kind: ElementKind; zero?: number | bigint } {
  if (values instanceof Uint8Array) return { kind: 'B' }
  if (values instanceof Int8Array) return { kind: 'B', zero: -128 }
  if (values instanceof Int16Array) return { kind: 'I' }
  if (values instanceof Uint16Array) return { kind: 'I', zero: 2 ** 15 }
  if (values instanceof Int32Array) return { kind: 'J' }
  if (values instanceof Uint32Array) return { kind: 'J', zero: 2 ** 31 }
  if (values instanceof BigInt64Array) return { kind: 'K' }
  if (values instanceof BigUint64Array) return { kind: 'K', zero: 2n ** 63n }
  return values instanceof Float32Array ? { kind: 'E' } : { kind: 'D' }
}

/**
 * Writes elements `start`…`end` of `values` big-endian to `view` at `offset`; unsigned types are stored with their
 * offset, which is a flip of the top bit.
 */
export function encodeInto(
  view: DataView,
  offset: number,
  values: NumberArray,
  start: number,
  end: number,
): void {
  let to = offset
  if (values instanceof Float64Array)
    for (let i = start; i < end; i++, to += 8) view.setFloat64(to, values[i])
  else if (values instanceof Float32Array)
    for (let i = start; i < end; i++, to += 4) view.setFloat32(to, values[i])
  else if (values instanceof Int16Array)
    for (let i = start; i < end; i++, to += 2) view.setInt16(to, values[i])
  else if (values instanceof Uint16Array)
    for (let i = start; i < end; i++, to += 2) view.setUint16(to, values[i] ^ 0x8000)
  else if (values instanceof Int32Array)
    for (let i = start; i < end; i++, to += 4) view.setInt32(to, values[i])
  else if (values instanceof Uint32Array)
    for (let i = start; i < end; i++, to += 4) view.setUint32(to, values[i] ^ 0x80000000)
  else if (values instanceof Uint8Array) for (let i = start; i < end; i++, to++) view.setUint8(to, values[i])
  else if (values instanceof Int8Array)
    for (let i = start; i < end; i++, to++) view.setUint8(to, values[i] ^ 0x80)
  else {
    const flip = values instanceof BigUint64Array ? 0x80000000 : 0
    const halves = new Uint32Array(values.buffer, values.byteOffset)
    for (let i = start; i < end; i++, to += 8) {
      view.setUint32(to, halves[2 * i + 1] ^ flip)
      view.setUint32(to + 4, halves[2 * i])
    }
  }
}

/**
 * 64-bit integers with a whole offset, to the last digit; undefined where the offset is not whole or a sum is beyond 64 bits.
 * `blank` is left out of account: what stands for no value may be anything.
 */
export function offsetExactly(
  raw: NumberArray,
  zero: number | bigint,
  blank?: number | bigint,
): BigInt64Array | undefined {
  if (!(raw instanceof BigInt64Array) || (typeof zero === 'number' && !Number.isInteger(zero)))
    return undefined
  const offset = BigInt(zero)
  const nothing = blank === undefined ? undefined : BigInt(blank)
  const out = new BigInt64Array(raw.length)
  for (let i = 0; i < raw.length; i++) {
    const value = raw[i] + offset
    if (raw[i] !== nothing && value !== BigInt.asIntN(64, value)) return undefined
    out[i] = value
  }
  return out
}

/**
 * Values of raw integers under an offset that FITS reserves for the missing signedness (uint16, uint32, uint64, int8);
 * undefined where `zero` is no such offset. The array is reused.
 */
export function flipSign(
  raw: NumberArray,
  kind: ElementKind,
  zero: number | bigint,
): NumberArray | undefined {
  if (kind === 'I' && zero === 2 ** 15) {
    const out = new Uint16Array(raw.buffer, raw.byteOffset, raw.length)
    for (let i = 0; i < out.length; i++) out[i] ^= 0x8000
    return out
  }
  if (kind === 'J' && zero === 2 ** 31) {
    const out = new Uint32Array(raw.buffer, raw.byteOffset, raw.length)
    for (let i = 0; i < out.length; i++) out[i] ^= 0x80000000
    return out
  }
  if (kind === 'K' && (zero === 2n ** 63n || zero === 2 ** 63)) {
    const halves = new Uint32Array(raw.buffer, raw.byteOffset, 2 * raw.length)
    for (let i = 1; i < halves.length; i += 2) halves[i] ^= 0x80000000
    return new BigUint64Array(raw.buffer, raw.byteOffset, raw.length)
  }
  if (kind === 'B' && zero === -128) {
    const out = new Int8Array(raw.buffer, raw.byteOffset, raw.length)
    for (let i = 0; i < out.length; i++) out[i] ^= 0x80
    return out
  }
  return undefined
}
