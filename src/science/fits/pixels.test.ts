import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { compressImage } from './compress.ts'
import type { NumberArray } from './elements.ts'
import { openFits, openFitsSource } from './file.ts'
import { card } from './header.ts'
import type { Hdu } from './hdu.ts'
import { readImage, readImageFrom } from './image.ts'
import { readPixelsInto, readPixelsIntoFrom } from './pixels.ts'
import type { ByteSource } from './source.ts'
import { readTable } from './table.ts'
import { writeFits } from './write.ts'

const folder = resolve(import.meta.dirname, '../../../fixtures/imaging/fits')
const fixture = (name: string): Uint8Array =>
  openFits(new Uint8Array(readFileSync(resolve(folder, `${name}.fits.gz`)))).bytes

function counting(bytes: Uint8Array): ByteSource & { calls: number; fetched: number } {
  return {
    byteLength: bytes.length,
    calls: 0,
    fetched: 0,
    slice(start, end) {
      this.calls++
      this.fetched += end - start
      return Promise.resolve(bytes.slice(start, end))
    },
  }
}

function problemOf(action: () => unknown): { code: string; message: string; details: object } {
  try {
    action()
  } catch (error) {
    if (isProblem(error)) return { code: error.code, message: error.message, details: error.details }
    throw error
  }
  throw new Error('nothing was thrown')
}

/** The section of a whole image, pixel by pixel. */
function cut(
  data: NumberArray,
  shape: readonly number[],
  section: readonly (readonly [number, number])[],
): unknown[] {
  const out: unknown[] = []
  const walk = (axis: number, base: number): void => {
    if (axis < 0) return void out.push(data[base])
    const stride = shape.slice(0, axis).reduce((a, b) => a * b, 1)
    for (let i = section[axis][0]; i < section[axis][1]; i++) walk(axis - 1, base + i * stride)
  }
  walk(shape.length - 1, 0)
  return out
}

describe('sections of compressed images', () => {
  it('are those of the whole image, for tiles of every form', () => {
    for (const name of [
      'rice-16-tiles',
      'gzip2-32-tiles',
      'hcompress-8-tiles',
      'rice-f32-tiles',
      'plio-8-tiles',
      'cube-rice',
      'line-rice',
      'mixed-rice-f32',
    ]) {
      const bytes = fixture(name)
      const hdu = openFits(bytes).hdus[1]
      const whole = readImage(bytes, hdu)
      let seed = 7
      const random = (n: number): number => (seed = (seed * 48271) % 2147483647) % n
      for (let round = 0; round < 12; round++) {
        const section = hdu.shape.map((length) => {
          const start = random(length)
          return [start, start + 1 + random(length - start)] as const
        })
        const part = readImage(bytes, hdu, section)
        expect(Array.from(part.data as ArrayLike<unknown>), `${name} ${JSON.stringify(section)}`).toEqual(
          cut(whole.data, hdu.shape, section),
        )
        const out = new Float32Array(part.data.length)
        readPixelsInto(bytes, hdu, out, { section, fills: 'keep' })
        expect(out).toEqual(Float32Array.from(part.data as Float32Array))
      }
    }
  })

  it('fetch the tiles they touch and no more', async () => {
    const data = new Int16Array(1000 * 800).map((_, i) => (i * 7919) % 3001)
    const file = writeFits([
      compressImage({ kind: 'image', name: 'SCI', shape: [1000, 800], data }, { tile: [100, 100] }),
    ])
    const source = counting(file)
    const hdu = (await openFitsSource(source))[1]
    expect(hdu.kind).toBe('image')
    source.calls = source.fetched = 0
    const { data: one } = await readImageFrom(source, hdu, [
      [150, 160],
      [320, 330],
    ])
    expect(one[0]).toBe(data[320 * 1000 + 150])
    // One row of the table (8 bytes of descriptor), one tile of about 15 kB.
    expect(source.calls).toBe(2)
    expect(source.fetched).toBeLessThan(20_000)
    source.calls = source.fetched = 0
    await readImageFrom(source, hdu, [
      [95, 105],
      [795, 800],
    ])
    expect(source.calls).toBe(2)
    expect(source.fetched).toBeLessThan(40_000)
    expect(file.length).toBeGreaterThan(1_000_000)
  })
})

describe('pixels into an array that is there', () => {
  it('are those of readImage as float32, plain or compressed, from bytes or in strips', async () => {
    const shape = [331, 101]
    const data = Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.fround(i * 0.37 - 1e5))
    data[5] = NaN
    const stored: NumberArray[] = [
      data,
      new Int16Array(data.length).map((_, i) => ((i * 31) % 60000) - 30000),
      new Uint16Array(data.length).map((_, i) => i),
      new Int32Array(data.length).map((_, i) => i * 1777 - 2 ** 30),
      new Float64Array(data),
      new Uint8Array(data.length).map((_, i) => i),
    ]
    const cards = [card('BSCALE', 0.25), card('BZERO', 3), card('BLANK', 7)]
    for (const values of stored) {
      for (const part of [
        { kind: 'image' as const, shape, data: values },
        compressImage({ kind: 'image', shape, data: values }, { primary: true, tile: [331, 100] }),
        { kind: 'image' as const, shape, data: values, cards },
      ]) {
        const file = writeFits([part])
        const { bytes, hdus } = openFits(file)
        const hdu = hdus.at(-1)!
        const image = readImage(bytes, hdu)
        const want = Float32Array.from(image.data as Float32Array, (value) =>
          value === image.blank ? NaN : value,
        )
        const memory = new SharedArrayBuffer(64 + 4 * data.length)
        const out = new Float32Array(memory, 64, data.length)
        expect(readPixelsInto(bytes, hdu, out)).toEqual({ shape, filled: 0 })
        expect(Buffer.compare(Buffer.from(memory, 64), Buffer.from(want.buffer))).toBe(0)
        out.fill(0)
        const source = counting(file)
        await readPixelsIntoFrom(source, hdu, out)
        expect(Buffer.compare(Buffer.from(memory, 64), Buffer.from(want.buffer))).toBe(0)
      }
    }
    const long = new Float32Array(1100 * 1000).map((_, i) => i)
    const whole = new Float32Array(long.length)
    const strips = counting(writeFits([{ kind: 'image', shape: [1100, 1000], data: long }]))
    await readPixelsIntoFrom(strips, (await openFitsSource(strips))[0], whole)
    expect(Buffer.compare(Buffer.from(whole.buffer), Buffer.from(long.buffer))).toBe(0)
    expect(strips.calls).toBe(3)
    const { bytes, hdus } = openFits(writeFits([{ kind: 'image', shape, data }]))
    expect(problemOf(() => readPixelsInto(bytes, hdus[0], new Float32Array(5))).code).toBe('fits.too_large')
  })

  it('fill values of compressed floats become NaN and are counted, unless they are to be kept', () => {
    const data = new Float32Array(600).map((_, i) => 100 + ((i * 37) % 11))
    data[3] = data[77] = -1e30
    data[90] = -3.4e38
    data[91] = NaN
    const table = compressImage({ kind: 'image', shape: [30, 20], data }, { method: 'GZIP_2' })
    const { bytes, hdus } = openFits(writeFits([table]))
    const out = new Float32Array(600)
    expect(readPixelsInto(bytes, hdus[1], out).filled).toBe(3)
    expect([out[3], out[77], out[90], out[91], out[4]]).toEqual([NaN, NaN, NaN, NaN, data[4]])
    expect(readPixelsInto(bytes, hdus[1], out, { fills: 'keep' }).filled).toBe(0)
    expect(out[3]).toBe(Math.fround(-1e30))
  })

  it('quantised NaN of a writer that left ZBLANK out is such a fill value', () => {
    const whole = openFits(fixture('rice-f32-dither1'))
    const { data } = readImage(whole.bytes, whole.hdus[1])
    const nulls = Array.from(data.keys()).filter((i) => Number.isNaN(data[i]))
    expect(nulls.length).toBeGreaterThan(0)
    whole.bytes.set(Buffer.from('ZNULL   ='), Buffer.from(whole.bytes).indexOf('ZBLANK  ='))
    const { bytes, hdus } = openFits(whole.bytes)
    const out = new Float32Array(data.length)
    expect(readPixelsInto(bytes, hdus[1], out).filled).toBe(nulls.length)
    expect(nulls.every((i) => Number.isNaN(out[i]))).toBe(true)
    expect(readPixelsInto(bytes, hdus[1], out, { fills: 'keep' }).filled).toBe(0)
    expect(nulls.every((i) => Number.isFinite(out[i]))).toBe(true)
  })
})

describe('damaged and hostile compressed images', () => {
  const file = fixture('rice-16-tiles')
  const text = Buffer.from(file).toString('latin1')
  /** The file with a card's value replaced. */
  function withCard(keyword: string, value: string, from = file): Uint8Array {
    const at = text.indexOf(`${keyword.padEnd(8)}=`)
    expect(at).toBeGreaterThan(0)
    const copy = from.slice()
    copy.set(new TextEncoder().encode(`${keyword.padEnd(8)}= ${value.padStart(20)}`.padEnd(80)), at)
    return copy
  }
  const read = (bytes: Uint8Array) => {
    const { hdus } = openFits(bytes)
    return readImage(bytes, hdus[1])
  }

  it('a Problem names HDU and keyword', () => {
    const tries: [string, string, string][] = [
      ['ZNAXIS1', '1000000000', 'fits.invalid'],
      ['ZNAXIS2', '-3', 'fits.invalid'],
      ['ZNAXIS', '1000', 'fits.invalid'],
      ['ZTILE1', '0', 'fits.invalid'],
      ['ZTILE2', '3', 'fits.invalid'],
      ['ZBITPIX', '17', 'fits.invalid'],
      ['ZCMPTYPE', "'LZMA_1  '", 'fits.unsupported'],
      ['ZVAL1', '0', 'fits.invalid'],
      ['ZVAL2', '3', 'fits.invalid'],
    ]
    for (const [keyword, value, code] of tries) {
      const problem = problemOf(() => read(withCard(keyword, value)))
      expect(problem.code, keyword).toBe(code)
      expect(problem.message, keyword).toContain('HDU 1')
      expect(problem.message, keyword).toMatch(/Z[A-Z]+\d?/)
    }
  })

  it('10⁹ pixels in a few kB are refused before memory is taken', () => {
    const claim = ['ZNAXIS1', 'ZNAXIS2', 'ZTILE1', 'ZTILE2'].reduce(
      (bytes, keyword, n) => withCard(keyword, n < 2 ? '90000' : '30000', bytes),
      file,
    )
    const problem = problemOf(() => read(claim))
    expect(problem.code).toBe('fits.too_large')
    expect(problem.message).toMatch(/HDU 1.*ZNAXIS1 = 90000/)
    const small = withCard('ZNAXIS1', '17', withCard('ZNAXIS2', '63'))
    expect(['fits.invalid']).toContain(problemOf(() => read(small)).code)
  })

  it('descriptors that lie and heaps that are cut are told by tile', () => {
    const hdu = openFits(file).hdus[1]
    for (const [at, value] of [
      [0, 2 ** 30],
      [0, -5],
      [4, 2 ** 30],
      [4, -1],
      [0, 3],
    ]) {
      const copy = file.slice()
      new DataView(copy.buffer).setInt32(hdu.dataStart + 8 * 2 + at, value)
      const problem = problemOf(() => read(copy))
      expect(problem.code).toBe('fits.invalid')
      expect(problem.message).toMatch(/HDU 1.*tile 3 .*RICE_1/)
    }
    expect(problemOf(() => read(file.slice(0, hdu.dataStart + 40))).code).toBe('fits.truncated')
  })

  it('bytes of any kind in any algorithm end in pixels or in a Problem', () => {
    let seed = 99
    const random = (n: number): number => (seed = (seed * 48271) % 2147483647) % n
    for (const name of [
      'rice-8',
      'rice-f32-dither1',
      'gzip1-16',
      'gzip2-f64-lossless',
      'hcompress-16-whole',
      'hcompress-16-scale-40',
      'plio-16',
      'none-16',
      'mixed-rice-f32',
    ]) {
      const bytes = fixture(name)
      const { hdus } = openFits(bytes)
      const { dataStart, dataLength } = hdus[1]
      for (let round = 0; round < 60; round++) {
        const copy = bytes.slice()
        for (let n = 0; n < 1 + random(8); n++) copy[dataStart + random(dataLength)] = random(256)
        try {
          readImage(copy, hdus[1])
        } catch (error) {
          expect(isProblem(error), `${name}: ${String(error)}`).toBe(true)
        }
      }
    }
  })

  it('the table behind the image stays readable', () => {
    const { bytes, hdus } = openFits(file)
    const table = hdus[1].stored as Hdu
    expect(table.kind).toBe('table')
    expect(readTable(bytes, table).columns.map((column) => column.name)).toContain('COMPRESSED_DATA')
  })
})
