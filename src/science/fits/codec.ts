/**
 * The inner loops of reading pixels as float32: big-endian elements and tiles' integers scaled as astropy scales them, RICE_1,
 * dequantising. `plainCodec` is the reference; `science/kernels/bytes.ts` does the same faster on a workshop's memory.
 */
import { decodeInto, elementBytes, rawArray } from './elements.ts'
import type { ElementKind, NumberArray } from './elements.ts'
import { dequantise } from './quantise.ts'
import type { TileScaling } from './quantise.ts'
import { decodeRice } from './rice.ts'
import type { RiceBytes } from './rice.ts'
import { swap32 } from './swap.ts'

/** How stored values become physical ones: value · factor + shift, NaN where the value is blank. */
export interface Scale {
  /** Float32 arithmetic, which astropy chooses for pixels of at most two bytes and for float32; otherwise float64. */
  readonly single: boolean
  /** True where values are taken as they are. */
  readonly unscaled: boolean
  readonly factor: number
  /** −0 where nothing is added, so that a −0 stays one. */
  readonly shift: number
  /** Stored integer without a value. */
  readonly blank?: number | bigint
}

export interface Codec {
  /** Scratch for that many values; what was there is lost. */
  integers(count: number): Int32Array
  reals(count: number): Float32Array
  /** `count` big-endian elements of `kind` from byte `offset` of `bytes` on, to `out` from `to` on. */
  elements(
    bytes: Uint8Array,
    offset: number,
    kind: ElementKind,
    count: number,
    out: Float32Array,
    to: number,
    scale: Scale,
  ): void
  /** `count` decoded values from `from` on, to `out` from `to` on. */
  place(values: NumberArray, from: number, count: number, out: Float32Array, to: number, scale: Scale): void
  /** As `decodeRice`. */
  rice(bytes: Uint8Array, bytepix: RiceBytes, blockSize: number, out: Int32Array, count: number): boolean
  /** As `dequantise`. */
  dequantise(raw: Int32Array, out: Float32Array | Float64Array, count: number, scaling: TileScaling): void
  /**
   * Whether any of the first `count` values is a fill value: −1e30 and below, or raw (where given) of −2147483647 and below.
   * It may say yes where there is none.
   */
  mayFill(raw: Int32Array | undefined, values: Float32Array | Float64Array, count: number): boolean
}

/** Values scaled in plain loops. */
export function placePlain(
  values: NumberArray,
  from: number,
  count: number,
  out: Float32Array,
  to: number,
  { single, unscaled, factor, shift, blank }: Scale,
): void {
  if (unscaled && blank === undefined && !(values instanceof BigInt64Array)) {
    out.set(values.subarray(from, from + count) as Float32Array, to)
    return
  }
  if (values instanceof BigInt64Array) {
    // Compared as they are: neighbours of a large blank are equal to it once they are rounded.
    const nothing = blank === undefined ? undefined : BigInt(blank)
    for (let i = 0; i < count; i++) {
      const value = values[from + i]
      out[to + i] = value === nothing ? NaN : Number(value) * factor + shift
    }
    return
  }
  const nothing = blank === undefined ? NaN : Number(blank)
  if (single) {
    for (let i = 0; i < count; i++) {
      const value = Number(values[from + i])
      out[to + i] = value === nothing ? NaN : Math.fround(value * factor) + shift
    }
    return
  }
  for (let i = 0; i < count; i++) {
    const value = Number(values[from + i])
    out[to + i] = value === nothing ? NaN : value * factor + shift
  }
}

/** A codec in plain TypeScript, with scratch of its own. */
export function plainCodec(): Codec {
  let integers = new Int32Array(0)
  let reals = new Float32Array(0)
  let raw: NumberArray = new Uint8Array(0)
  let rawKind: ElementKind | undefined
  return {
    integers: (count) => (integers.length < count ? (integers = new Int32Array(count)) : integers),
    reals: (count) => (reals.length < count ? (reals = new Float32Array(count)) : reals),
    elements(bytes, offset, kind, count, out, to, scale) {
      if (kind === 'E' && scale.unscaled) {
        const target = new Uint8Array(out.buffer, out.byteOffset + 4 * to, 4 * count)
        target.set(bytes.subarray(offset, offset + elementBytes.E * count))
        swap32(new Uint32Array(out.buffer, target.byteOffset, count))
        return
      }
      if (rawKind !== kind || raw.length < count) {
        raw = rawArray(kind, count)
        rawKind = kind
      }
      decodeInto(raw, 0, kind, bytes, offset, 0, 1, count)
      placePlain(raw, 0, count, out, to, scale)
    },
    place: placePlain,
    rice: decodeRice,
    dequantise,
    mayFill: () => true,
  }
}
