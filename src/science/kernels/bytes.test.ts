import { readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { plainCodec } from '#science/fits/codec.ts'
import { compressImage } from '#science/fits/compress.ts'
import type { ElementKind } from '#science/fits/elements.ts'
import { openFits } from '#science/fits/file.ts'
import { readPixelsInto } from '#science/fits/pixels.ts'
import { encodeRice } from '#science/fits/rice.ts'
import { writeFits } from '#science/fits/write.ts'
import { readPixelsOnto } from '#science/image/tiles.ts'
import { workshopOf } from '#science/image/workshop.ts'
import type { Crew } from '#science/image/workshop.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { codecOf } from './bytes.ts'
import { createArena } from './arena.ts'

const bytes = new WebAssembly.Module(readFileSync(join(import.meta.dirname, 'bytes.wasm')))
const workshop = workshopOf(createArena(), { bytes })
const { arena } = workshop
const plain = plainCodec()
const random = seededRandom(5)

/** The bits of the values, so that a sign of zero counts, and all NaN are one. */
const bits = (values: Float32Array): string => {
  const copy = values.slice()
  for (let i = 0; i < copy.length; i++) if (Number.isNaN(copy[i])) copy[i] = NaN
  return Buffer.from(copy.buffer).toString('hex')
}

describe('elements', () => {
  const scales = [
    { factor: 1, shift: -0, unscaled: true },
    { factor: 1, shift: 32768, unscaled: false },
    { factor: 0.1, shift: -0, unscaled: false },
    { factor: -3.7e-5, shift: 12345.678, unscaled: false },
    { factor: 0, shift: 4, unscaled: false },
  ]
  for (const [kind, size] of [
    ['B', 1],
    ['I', 2],
    ['J', 4],
    ['K', 8],
    ['E', 4],
    ['D', 8],
  ] as [ElementKind, number][]) {
    it(`${kind}: the same bits for every scale, blank, place and length`, () => {
      for (const count of [0, 1, 3, 4, 17, 31, 500, size === 2 ? 70_000 : 33_000]) {
        const file = Uint8Array.from({ length: 5 + size * count }, () => random.integer(256))
        // −0, the least denormal, infinity, NaN; and a blank that is there.
        if (count > 16) file.set([0x80, 0, 0, 0, 0, 0, 0, 1, 0x7f, 0x80, 0, 0, 0x7f, 0xc0, 0, 0], 5)
        for (const given of count > 1000 ? scales.slice(0, 2) : scales) {
          for (const blank of size < 8 && !'ED'.includes(kind) ? [undefined, 7, -1, 2 ** 40] : [undefined]) {
            const single = kind === 'B' || kind === 'I' || kind === 'E'
            const factor = single ? Math.fround(given.factor) : given.factor
            const shift = single ? Math.fround(given.shift) : given.shift
            const scale = { ...given, factor, shift, single, ...(blank === undefined ? {} : { blank }) }
            arena.during(() => {
              const got = arena.float32(count + 3).fill(9)
              const want = new Float32Array(count + 3).fill(9)
              codecOf(workshop).elements(file, 5, kind, count, got, 2, scale)
              plain.elements(file, 5, kind, count, want, 2, scale)
              expect(bits(got), `${count} ${JSON.stringify(scale)}`).toBe(bits(want))
              if (kind === 'I' || kind === 'J') {
                const raw = arena.int32(count + 1)
                for (let i = 0; i <= count; i++) raw[i] = i % 5 ? random.integer(65536) - 32768 : 7
                codecOf(workshop).place(raw, 1, count, got, 0, scale)
                plain.place(raw, 1, count, want, 0, scale)
                expect(bits(got)).toBe(bits(want))
              }
            })
          }
        }
      }
    })
  }
})

describe('RICE_1', () => {
  const ramps: ((i: number) => number)[] = [
    () => 5,
    () => random.integer(30),
    (i) => (i % 97 === 0 ? 30_000 : random.integer(3)),
    (i) => (i % 64 < 32 ? 9 : random.integer(65536) - 32768),
    (i) => (random.integer(2 ** 31) - 2 ** 30) * (i & 1 ? 1 : -2),
  ]
  for (const bytepix of [1, 2, 4] as const) {
    it(`${bytepix} bytes to a pixel: the same pixels, and the same refusals of streams that are cut or changed`, () => {
      for (const [n, ramp] of ramps.entries()) {
        for (const [count, block] of [
          [1, 32],
          [33, 32],
          [2000, 32],
          [500, 17],
        ]) {
          const width = 8 * bytepix
          const values = Int32Array.from({ length: count }, (_, i) =>
            bytepix === 1 ? ramp(i) & 255 : (ramp(i) << (32 - width)) >> (32 - width),
          )
          const whole = encodeRice(values, count, bytepix, block)
          const tries = [whole, whole.slice(0, whole.length - 1), whole.slice(0, whole.length >> 1)]
          for (let k = 0; k < 20; k++) {
            const changed = whole.slice()
            changed[random.integer(changed.length)] ^= 1 << random.integer(8)
            tries.push(changed)
          }
          for (const [k, stream] of tries.entries()) {
            arena.during(() => {
              const got = arena.int32(count).fill(0)
              const want = new Int32Array(count)
              const good = codecOf(workshop).rice(stream, bytepix, block, got, count)
              expect(good, `ramp ${n}, ${count}, try ${k}`).toBe(
                plain.rice(stream, bytepix, block, want, count),
              )
              if (good) expect(got.join(), `ramp ${n}, ${count}, try ${k}`).toBe(want.join())
              if (k === 0) expect([...got]).toEqual([...values])
            })
          }
        }
      }
    })
  }
})

it('dequantising: the same bits with every dither, with blanks and exact zeros, over the end of the random sequence', () => {
  const count = 21_003
  arena.during(() => {
    const raw = arena.int32(count)
    for (let i = 0; i < count; i++)
      raw[i] = [-2147483648, -2147483646, random.integer(2 ** 31)][Math.min(2, i % 7)] - (i % 3)
    for (const dither of ['none', 'one', 'two'] as const) {
      for (const blank of [undefined, -2147483648]) {
        for (const start of [0, 9_999]) {
          const scaling = { scale: 0.37, zero: -812.25, dither, start, ...(blank ? { blank } : {}) }
          const got = arena.float32(count)
          const want = new Float32Array(count)
          codecOf(workshop).dequantise(raw, got, count, scaling)
          plain.dequantise(raw, want, count, scaling)
          expect(bits(got)).toBe(bits(want))
          const here = codecOf(workshop)
          expect(here.mayFill(undefined, got, count)).toBe(got.some((value) => value <= -1e30))
          expect(here.mayFill(raw, got, count)).toBe(true)
        }
      }
    }
  })
})

it('the files of every algorithm come out as with the plain codec', () => {
  const folder = resolve(import.meta.dirname, '../../../fixtures/imaging/fits')
  let seen = 0
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.fits.gz'))) {
    const file = openFits(new Uint8Array(readFileSync(join(folder, name))))
    for (const hdu of file.hdus.filter((each) => each.kind === 'image' && each.shape.length > 0)) {
      const count = hdu.shape.reduce((product, length) => product * length, 1)
      arena.during(() => {
        const got = arena.float32(count)
        const want = new Float32Array(count)
        const told = readPixelsInto(file.bytes, hdu, got, { codec: codecOf(workshop) })
        expect(told, name).toEqual(readPixelsInto(file.bytes, hdu, want))
        expect(bits(got), name).toBe(bits(want))
      })
      seen++
    }
  }
  expect(seen).toBeGreaterThan(90)
})

it('tiles shared out over a crew are the image, whatever their form', () => {
  const parts: number[] = []
  const crew: Crew = {
    hands: 3,
    each: (part, inputs, shop) => {
      parts.push(inputs.length)
      return inputs.map((input) => part.run(structuredClone(input), shop))
    },
  }
  const shared = workshopOf(arena, { bytes }, crew)
  const shape = [1031, 1019]
  const data = Int16Array.from({ length: shape[0] * shape[1] }, (_, i) => (i * 7919) % 3001)
  for (const tile of [
    [1031, 1],
    [1031, 1019],
    [100, 90],
  ]) {
    const file = writeFits([compressImage({ kind: 'image', shape, data }, { tile, primary: true })])
    const hdu = openFits(file).hdus[1]
    arena.during(() => {
      const out = arena.float32(data.length)
      const section = shape.map((length) => [0, length] as const)
      const fill = (into: Uint8Array, from: number): number => {
        const part = file.subarray(from, from + into.length)
        into.set(part)
        return part.length
      }
      readPixelsOnto(hdu, section, out, fill, shared)
      expect(out.every((value, i) => value === data[i])).toBe(true)
      expect(() => readPixelsOnto(hdu, section, out, () => 7, shared)).toThrow(/ends before its pixels/)
    })
  }
  expect(parts[0]).toBeGreaterThan(6)
})
