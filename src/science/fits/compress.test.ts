import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { compressImage } from './compress.ts'
import type { CompressOptions } from './compress.ts'
import type { NumberArray } from './elements.ts'
import { openFits } from './file.ts'
import { card, numberOf, textOf } from './header.ts'
import { readImage } from './image.ts'
import { writeFits } from './write.ts'

const folder = mkdtempSync(join(tmpdir(), 'urania-compress-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
function works(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch (error) {
    return ((error as { status?: number | null }).status ?? null) !== null
  }
}

/** Noise, stars and edges of the range, from a small generator of its own. */
function sample<A extends NumberArray>(out: A, shape: number[], spread: number, level: number): A {
  let seed = 12345
  const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647
  for (let i = 0; i < out.length; i++) {
    const noise = random() + random() + random() - 1.5
    const star = i % 97 === 0 ? 40 * spread : 0
    const value = level + spread * noise + star + (i % shape[0]) * 0.01 * spread
    out[i] = (out instanceof BigInt64Array ? BigInt(Math.round(value)) : value) as never
  }
  return out
}

const shape = [41, 23]
const count = shape[0] * shape[1]
const reals = sample(new Float32Array(count), shape, 9, 300)
reals[50] = NaN
reals.fill(NaN, 82, 123)
reals.fill(0, 130, 140)
// A row without noise, and one of a range that integers cannot hold.
reals.fill(7.25, 205, 246)
reals[250] = 3e37
const cases: Record<string, { data: NumberArray; options?: CompressOptions }> = {
  uint8: { data: sample(new Uint8Array(count), shape, 3, 60) },
  int8: { data: sample(new Int8Array(count), shape, 1, -20) },
  int16: { data: sample(new Int16Array(count), shape, 30, -900) },
  uint16: { data: sample(new Uint16Array(count), shape, 300, 33000), options: { tile: [17, 5] } },
  int32: { data: sample(new Int32Array(count), shape, 4e4, 1e6) },
  uint32: { data: sample(new Uint32Array(count), shape, 4e6, 3e9) },
  extreme: { data: new Int32Array(count).map((_, i) => [-(2 ** 31), 2 ** 31 - 1, 0, 1][((i * i) % 7) & 3]) },
  int16gzip: { data: sample(new Int16Array(count), shape, 30, -900), options: { method: 'GZIP_2' } },
  float32gzip: { data: reals },
  float64gzip: { data: Float64Array.from(reals), options: { tile: [20, 6] } },
  float32one: { data: reals, options: { method: 'RICE_1', seed: 9995 } },
  float32two: { data: reals, options: { method: 'RICE_1', dither: 'two', tile: [41, 4] } },
  float32none: { data: reals, options: { method: 'RICE_1', dither: 'none', quantise: 16 } },
  float64one: { data: Float64Array.from(reals), options: { method: 'RICE_1', quantise: -0.5 } },
}

function written(name: string, primary = false): Uint8Array {
  const { data, options } = cases[name]
  const cards = [card('OBJECT', 'M 31'), card('FILTER', 'r')]
  const table = compressImage(
    { kind: 'image', shape, data: data.slice() as NumberArray, cards },
    { ...options, primary },
  )
  return writeFits([table])
}

function plain(data: NumberArray): (number | string)[] {
  return Array.from(data as ArrayLike<number | bigint>, (value) =>
    typeof value === 'bigint' || Number.isNaN(value) ? String(value) : value,
  )
}

describe('compressed images written', () => {
  for (const [name, { data, options }] of Object.entries(cases)) {
    it(`${name} comes back`, () => {
      const { bytes, hdus } = openFits(written(name))
      const hdu = hdus[1]
      expect([hdu.kind, hdu.shape, textOf(hdu.header, 'OBJECT')]).toEqual(['image', shape, 'M 31'])
      const { data: got } = readImage(bytes, hdu)
      expect(got.constructor).toBe(data.constructor)
      const rounded =
        (data instanceof Float32Array || data instanceof Float64Array) && options?.method === 'RICE_1'
      if (!rounded) return expect(plain(got)).toEqual(plain(data))
      for (let i = 0; i < count; i++) {
        if (Number.isNaN(data[i])) expect(got[i], String(i)).toBeNaN()
        // A step is a quarter of the noise (sigma 4.5) or finer; rounding and single precision are half of it.
        else if (i < 205) expect(Math.abs(Number(got[i]) - Number(data[i])), String(i)).toBeLessThan(1.2)
        else if (i < 287 && options.quantise === undefined && !options.tile) expect(got[i]).toBe(data[i])
      }
      if (options.dither === 'two') expect(got.subarray(130, 140)).toEqual(new Float32Array(10))
    })
  }

  it('is the same each time', () => {
    expect(written('float32one')).toEqual(written('float32one'))
    expect(numberOf(openFits(written('float32one')).hdus[1].stored!.header, 'ZDITHER0')).toBe(9995)
  })

  it('makes noise that is no larger: mean error below 2 % of a step', () => {
    const data = sample(new Float32Array(300 * 100), [300, 100], 9, 300)
    const { bytes, hdus } = openFits(
      writeFits([compressImage({ kind: 'image', shape: [300, 100], data }, { method: 'RICE_1' })]),
    )
    const got = readImage(bytes, hdus[1]).data as Float32Array
    const mean = got.reduce((sum, value, i) => sum + value - data[i], 0) / data.length
    expect(Math.abs(mean)).toBeLessThan(0.02 * 1.125)
    expect(bytes.length).toBeLessThan(data.byteLength / 3)
  })

  it('refuses what cannot be', () => {
    const tries = [
      () => compressImage({ kind: 'image', shape: [2, 2], data: new Int16Array(3) }),
      () => compressImage({ kind: 'image', shape: [4], data: new Int16Array(4) }, { tile: [0] }),
      () => compressImage({ kind: 'image', shape: [4], data: new Int16Array(4) }, { seed: 0 }),
      () => compressImage({ kind: 'image', shape: [2], data: new BigInt64Array(2) }, { method: 'RICE_1' }),
    ]
    for (const attempt of tries) {
      let thrown: unknown
      try {
        attempt()
      } catch (error) {
        thrown = error
      }
      expect(isProblem(thrown)).toBe(true)
    }
  })
})

const python = works('/usr/bin/python3', '-c', 'import astropy') ? '/usr/bin/python3' : undefined
describe('others read what was written', () => {
  it.skipIf(!works('fitsverify', '-h'))('fitsverify finds nothing (needs fitsverify)', () => {
    for (const name of Object.keys(cases)) {
      const path = join(folder, `${name}-v.fits`)
      writeFileSync(path, written(name))
      const said = execFileSync('fitsverify', ['-q', path], { encoding: 'utf8' })
      expect(said, name).toContain('verification OK')
    }
  })

  it.skipIf(!works('funpack', '-H') || !python)(
    'funpack and astropy see the same pixels (needs funpack, astropy)',
    () => {
      const script = `
import sys, warnings, numpy as np
warnings.simplefilter("ignore")
from astropy.io import fits
for path in sys.argv[1:]:
    ours = np.fromfile(path + ".raw", dtype=open(path + ".type").read())
    with fits.open(path + ".unpacked") as h: funpack = next(x for x in h if x.data is not None).data
    with fits.open(path, checksum=True) as h: astropy = h[1].data
    assert funpack.shape == astropy.shape == (23, 41), path
    assert np.array_equal(funpack.ravel(), ours, equal_nan=ours.dtype.kind == "f"), path + " funpack"
    assert np.array_equal(astropy.ravel(), ours, equal_nan=ours.dtype.kind == "f"), path + " astropy"
print("same")
`
      const types: Record<string, string> = {
        Uint8Array: 'u1',
        Int8Array: 'i1',
        Int16Array: '<i2',
        Uint16Array: '<u2',
        Int32Array: '<i4',
        Uint32Array: '<u4',
        Float32Array: '<f4',
        Float64Array: '<f8',
      }
      const paths: string[] = []
      for (const name of Object.keys(cases)) {
        const path = join(folder, `${name}.fits`)
        const file = written(name, true)
        const { bytes, hdus } = openFits(file)
        const { data } = readImage(bytes, hdus[1])
        writeFileSync(path, file)
        writeFileSync(`${path}.raw`, new Uint8Array(data.buffer))
        writeFileSync(`${path}.type`, types[data.constructor.name])
        execFileSync('funpack', ['-O', `${path}.unpacked`, path])
        paths.push(path)
      }
      expect(execFileSync(python!, ['-c', script, ...paths], { encoding: 'utf8' })).toContain('same')
    },
  )
})
