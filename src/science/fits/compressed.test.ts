import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { NumberArray } from './elements.ts'
import { openFits } from './file.ts'
import { readImage } from './image.ts'
import { valueOf } from './header.ts'

const folder = resolve(import.meta.dirname, '../../../fixtures/imaging/fits')
interface Expected {
  shape: number[]
  dtype: string
  pixels: string
  scaled?: string
  scaledType?: string
  sample: (number | null)[]
  keywords: Record<string, number | string>
}
const { images } = JSON.parse(readFileSync(resolve(folder, 'expected.json'), 'utf8')) as {
  images: Record<string, Expected>
}
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(resolve(folder, `${name}.fits.gz`)))

const arrays: Record<string, string> = {
  uint8: 'Uint8Array',
  int16: 'Int16Array',
  uint16: 'Uint16Array',
  int32: 'Int32Array',
  uint32: 'Uint32Array',
  float32: 'Float32Array',
  float64: 'Float64Array',
}

/** SHA-256 of the values' bytes, NaN being the quiet one throughout. */
function hashOf(data: NumberArray): string {
  if (data instanceof Float32Array || data instanceof Float64Array)
    for (let i = 0; i < data.length; i++) if (Number.isNaN(data[i])) data[i] = NaN
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex')
}

it('smoothing that was asked for with T instead of 1 is done', () => {
  const bytes = bytesOf('astropy-hcompress-smooth16')
  const text = openFits(bytes).bytes
  const header = Buffer.from(text).toString('latin1')
  const at = header.indexOf('SMOOTH')
  const value = header.indexOf('=', at) + 20
  expect(header.slice(value, value + 2)).toBe(' 1')
  text[value + 1] = 'T'.charCodeAt(0)
  const { hdus } = openFits(text)
  expect(hashOf(readImage(text, hdus[1]).data)).toBe(images['astropy-hcompress-smooth16'].pixels)
})

it('what lossy H-compression brings beyond the range of 8 bits ends at its limits', () => {
  const { bytes, hdus } = openFits(bytesOf('hcompress-16-scale2'))
  const whole = readImage(bytes, hdus[1]).data as Int16Array
  expect(whole.some((value) => value < 0 || value > 255)).toBe(true)
  const at = Buffer.from(bytes).indexOf('ZBITPIX =')
  bytes.set(Buffer.from(' 8'), at + 28)
  const { hdus: narrow } = openFits(bytes)
  expect(readImage(bytes, narrow[1]).data).toEqual(
    Uint8Array.from(whole, (value) => Math.min(Math.max(value, 0), 255)),
  )
})

describe('pixels are those of CFITSIO and astropy, bit for bit', () => {
  for (const [name, expected] of Object.entries(images)) {
    it(name, () => {
      const { bytes, hdus } = openFits(bytesOf(name))
      expect(hdus).toHaveLength(2)
      const hdu = hdus[1]
      expect(hdu.kind).toBe('image')
      expect(hdu.shape).toEqual(expected.shape)
      for (const [keyword, value] of Object.entries(expected.keywords))
        expect(valueOf(hdu.header, keyword), keyword).toBe(value)
      const { data } = readImage(bytes, hdu)
      expect(data.constructor.name).toBe(arrays[expected.scaledType ?? expected.dtype])
      const sample = Array.from(data.subarray(0, 6) as ArrayLike<number>, (value) =>
        Number.isNaN(value) ? null : value,
      )
      expect(sample).toEqual(expected.sample)
      expect(hashOf(data)).toBe(expected.scaled ?? expected.pixels)
    })
  }
})
