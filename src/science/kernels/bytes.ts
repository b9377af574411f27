/** Reading of FITS pixels in WebAssembly SIMD; `plainCodec` in `science/fits/codec.ts` is the reference and the stand-in. */
import { placePlain, plainCodec } from '#science/fits/codec.ts'
import type { Codec } from '#science/fits/codec.ts'
import { elementBytes } from '#science/fits/elements.ts'
import type { ElementKind } from '#science/fits/elements.ts'
import { decodeRice } from '#science/fits/rice.ts'
import { dequantise, ditherSequence, exactZero, stretches } from '#science/fits/quantise.ts'
import type { Workshop } from '#science/image/workshop.ts'

type Narrow = (
  from: number,
  out: number,
  n: number,
  factor: number,
  shift: number,
  blank: number,
  blanks: number,
) => void

interface Exports {
  copy(from: number, out: number, length: number): void
  swap(from: number, out: number, n: number): void
  singles(from: number, out: number, n: number, factor: number, shift: number): void
  doubles(from: number, out: number, n: number, factor: number, shift: number): void
  octets: Narrow
  shorts: Narrow
  narrow: Narrow
  wide(
    from: number,
    out: number,
    n: number,
    big: number,
    factor: number,
    shift: number,
    blank: number,
    blanks: number,
  ): void
  dequantise(
    raw: number,
    out: number,
    n: number,
    sequence: number,
    scale: number,
    zero: number,
    blank: number,
    blanks: number,
    exact: number,
    exacts: number,
  ): void
  fills(raw: number, values: number, n: number): number
  rice(from: number, length: number, bytepix: number, blockSize: number, out: number, count: number): number
}

/** Bytes that are brought to the arena at a time, so that they are still in the cache when they are turned around. */
const pieceBytes = 2 ** 17

/** The stored integer for "no value" as the kernels compare it: 32 bits, if it is one of them at all. */
function blankWord(blank: number | bigint | undefined): [word: number, there: 0 | 1] {
  const word = Number(blank ?? NaN)
  return word === (word | 0) ? [word, 1] : [0, 0]
}

/**
 * The codec that the workshop can do best. Its scratch is taken from the arena when it is needed: make it and use it within
 * one `arena.during`.
 */
export function codecOf(workshop: Workshop): Codec {
  const module = workshop.modules.bytes
  if (!module) return plainCodec()
  const { arena } = workshop
  const { kernel, sequence } = workshop.once('bytes', () => {
    const instance = new WebAssembly.Instance(module, { env: { memory: arena.memory } })
    const dither = ditherSequence()
    const copy = arena.float32(dither.length)
    copy.set(dither)
    return { kernel: instance.exports as unknown as Exports, sequence: copy.byteOffset }
  })
  const plain = plainCodec()
  let integers: Int32Array = new Int32Array(0)
  let reals: Float32Array = new Float32Array(0)
  let input: Uint8Array = new Uint8Array(0)
  const room = (count: number): Uint8Array =>
    input.length < count ? (input = arena.uint8(Math.max(count, pieceBytes))) : input
  return {
    integers: (count) => (integers.length < count ? (integers = arena.int32(count)) : integers),
    reals: (count) => (reals.length < count ? (reals = arena.float32(count)) : reals),
    elements(bytes, offset, kind, count, out, to, scale) {
      if (kind === 'K' || !arena.holds(out)) {
        plain.elements(bytes, offset, kind, count, out, to, scale)
        return
      }
      const size = elementBytes[kind]
      const step = pieceBytes / size
      for (let done = 0; done < count; done += step) {
        const n = Math.min(step, count - done)
        const part = bytes.subarray(offset + size * done, offset + size * (done + n))
        const target = out.byteOffset + 4 * (to + done)
        if (kind === 'E' && scale.unscaled) {
          new Uint8Array(out.buffer, target, 4 * n).set(part)
          kernel.swap(target, target, n)
          continue
        }
        const from = room(part.length)
        from.set(part)
        scaled(kind, from.byteOffset, target, n, scale.factor, scale.shift, scale.blank)
      }
    },
    place(values, from, count, out, to, scale) {
      if (values instanceof Float32Array && scale.unscaled && arena.holds(values) && arena.holds(out)) {
        kernel.copy(values.byteOffset + 4 * from, out.byteOffset + 4 * to, 4 * count)
        return
      }
      if (!(values instanceof Int32Array && arena.holds(values) && arena.holds(out))) {
        placePlain(values, from, count, out, to, scale)
        return
      }
      const [blank, blanks] = blankWord(scale.blank)
      const [at, target] = [values.byteOffset + 4 * from, out.byteOffset + 4 * to]
      if (scale.single) kernel.narrow(at, target, count, scale.factor, scale.shift, blank, blanks)
      else kernel.wide(at, target, count, 0, scale.factor, scale.shift, blank, blanks)
    },
    rice(bytes, bytepix, blockSize, out, count) {
      if (!arena.holds(out)) return decodeRice(bytes, bytepix, blockSize, out, count)
      // The kernel looks up to four bytes beyond the end, where it must find zeros.
      const from = room(bytes.length + 8)
      from.set(bytes)
      from.fill(0, bytes.length, bytes.length + 8)
      return kernel.rice(from.byteOffset, bytes.length, bytepix, blockSize, out.byteOffset, count) !== 0
    },
    dequantise(raw, out, count, scaling) {
      if (!(out instanceof Float32Array && arena.holds(raw) && arena.holds(out))) {
        dequantise(raw, out, count, scaling)
        return
      }
      const { scale, zero, dither } = scaling
      const [blank, blanks] = blankWord(scaling.blank)
      const exacts = dither === 'two' ? 1 : 0
      const run = (first: number, end: number, numbers: number): void => {
        const [at, target] = [raw.byteOffset + 4 * first, out.byteOffset + 4 * first]
        kernel.dequantise(at, target, end - first, numbers, scale, zero, blank, blanks, exactZero, exacts)
      }
      if (dither === 'none') run(0, count, 0)
      else stretches(count, scaling.start, (first, end, at) => run(first, end, sequence + 4 * at))
    },
    mayFill(raw, values, count) {
      if (!(values instanceof Float32Array && arena.holds(values) && (!raw || arena.holds(raw)))) return true
      return kernel.fills(raw?.byteOffset ?? 0, values.byteOffset, count) !== 0
    },
  }

  function scaled(
    kind: Exclude<ElementKind, 'K'>,
    from: number,
    out: number,
    n: number,
    factor: number,
    shift: number,
    given: number | bigint | undefined,
  ): void {
    const [blank, blanks] = blankWord(given)
    if (kind === 'B') kernel.octets(from, out, n, factor, shift, blank, blanks)
    else if (kind === 'I') kernel.shorts(from, out, n, factor, shift, blank, blanks)
    else if (kind === 'J') kernel.wide(from, out, n, 1, factor, shift, blank, blanks)
    else if (kind === 'E') kernel.singles(from, out, n, factor, shift)
    else kernel.doubles(from, out, n, factor, shift)
  }
}
