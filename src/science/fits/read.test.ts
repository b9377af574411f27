import { readFileSync } from 'node:fs'
import { globSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dataFile } from '#test/data.ts'
import { checkSums } from './checksum.ts'
import { openFits } from './file.ts'
import { card, parseHeader, remarksOf, textOf, valueOf, valuesOf } from './header.ts'
import { readImage } from './image.ts'
import { columnNamed, readTable } from './table.ts'
import type { Column } from './table.ts'
import { writeFits } from './write.ts'

const folder = resolve(import.meta.dirname, '../../../fixtures/fits')

type Plain = number | string | boolean | null | [Plain, Plain]
interface ExpectedHdu {
  name: string
  shape?: number[]
  dtype?: string | null
  data?: Plain[]
  columns?: Record<string, (Plain | Plain[])[]>
}
interface Expected {
  files: Record<string, { hdus: ExpectedHdu[]; cards: [string, Plain, string][] }>
}
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)))

/** A value as the fixture writes it. */
function plain(value: unknown): Plain {
  if (typeof value === 'bigint')
    return value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : String(value)
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
  }
  if (Array.isArray(value)) return [plain(value[0]), plain(value[1])]
  return value as Plain
}

function cells(column: Column): Plain[] {
  const all = Array.from(column.values as ArrayLike<unknown>, plain)
  if (column.kind === 'C' || column.kind === 'M') {
    return Array.from({ length: all.length / 2 }, (_, i) => [all[2 * i], all[2 * i + 1]] as [Plain, Plain])
  }
  return column.kind === 'L' || column.kind === 'X' ? all.map(Boolean) : all
}

const dtypes: Record<string, string> = {
  uint8: 'Uint8Array',
  int8: 'Int8Array',
  int16: 'Int16Array',
  uint16: 'Uint16Array',
  int32: 'Int32Array',
  uint32: 'Uint32Array',
  int64: 'BigInt64Array',
  uint64: 'BigUint64Array',
  float32: 'Float32Array',
  float64: 'Float64Array',
}

describe('values are those astropy reads', () => {
  for (const [name, { hdus: want, cards }] of Object.entries(expected.files)) {
    const file = openFits(bytesOf(name))
    for (const [index, hdu] of want.entries()) {
      it(`${name}, HDU ${index} ${hdu.name}`, () => {
        expect(file.hdus).toHaveLength(want.length)
        if (hdu.columns) {
          const table = readTable(file.bytes, file.hdus[index])
          for (const [title, values] of Object.entries(hdu.columns)) {
            const column = columnNamed(table, title)
            if (column.offsets && column.kind !== 'A') {
              const perElement = column.kind === 'M' ? 2 : 1
              const got = cells(column)
              const ends = Array.from(column.offsets, (end) => end / perElement)
              expect(
                values.map((_, row) => got.slice(ends[row], ends[row + 1])),
                title,
              ).toEqual(values)
            } else expect(cells(column), title).toEqual(values)
          }
        } else {
          const image = readImage(file.bytes, file.hdus[index])
          expect(image.shape).toEqual(hdu.shape)
          // Where astropy rounds integers to doubles ours keep their last digit.
          const exact = image.data instanceof BigInt64Array && hdu.dtype?.startsWith('float')
          const values = exact
            ? Array.from(image.data as BigInt64Array, (value) =>
                value === image.blank ? NaN : Number(value),
              )
            : image.data
          expect(Array.from(values as ArrayLike<unknown>, plain)).toEqual(hdu.data)
          if (hdu.dtype && !exact) expect(image.data.constructor.name).toBe(dtypes[hdu.dtype])
        }
      })
    }
    it(`${name}, primary header`, () => {
      const got = file.hdus[0].header.cards
        .filter((each) => !['OPEN', 'CONTINUE', 'FREE'].includes(each.keyword))
        .map((each) =>
          each.commentary
            ? [each.keyword, each.comment, '']
            : [each.keyword, plain(each.value), each.comment],
        )
      expect(got).toEqual(cards.filter(([keyword]) => !['OPEN', 'CONTINUE', 'FREE'].includes(keyword)))
    })
  }
})

describe('headers', () => {
  it('looks up HIERARCH cards, duplicates, text and remarks', () => {
    const { header } = openFits(bytesOf('header.fits')).hdus[0]
    expect(valueOf(header, 'HIERARCH ESO DET CHIP1 NAME')).toBe('CCD-44')
    expect(valueOf(header, 'eso det chip1 name')).toBe('CCD-44')
    expect(textOf(header, 'INT')).toBeUndefined()
    expect(remarksOf(header, 'COMMENT')[0]).toBe('first comment')
    const odd = openFits(bytesOf('odd-header.fits')).hdus[0].header
    expect(valueOf(odd, 'DUP')).toBe(1)
    expect(valuesOf(odd, 'DUP')).toEqual([1, 2])
    expect(valueOf(odd, 'FREE')).toBe(42)
    expect(valueOf(odd, 'OPEN')).toBe('never closed')
  })
})

describe('strings over CONTINUE', () => {
  const read = (...cards: string[]) =>
    parseHeader(new TextEncoder().encode(cards.map((line) => line.padEnd(80)).join(''))).cards[0].value

  it('join a doubled quote that the writer parted between two cards', () => {
    expect(read(`A       = '${'a'.repeat(66)}'&'`, `CONTINUE  ''${'b'.repeat(9)}' / c`)).toBe(
      `${'a'.repeat(66)}'${'b'.repeat(9)}`,
    )
    expect(read(`A       = '${"'".repeat(67)}&'`, `CONTINUE  '${"'".repeat(53)}'`)).toBe("'".repeat(60))
  })

  it('end at the first quote where nothing closes them properly', () => {
    expect(read("A       = 'abc'def")).toBe('abc')
    expect(read("A       = 'abc")).toBe('abc')
  })
})

describe('gzip', () => {
  it('reads several members as one file', () => {
    expect(openFits(bytesOf('images.fits.gz')).bytes).toEqual(bytesOf('images.fits'))
  })
})

describe('checksums', () => {
  it('agrees with those astropy wrote, and sees one changed byte', () => {
    const bytes = bytesOf('images.fits')
    const { hdus } = openFits(bytes)
    for (const hdu of hdus) expect(checkSums(bytes, hdu)).toEqual({ datasum: 'right', checksum: 'right' })
    bytes[hdus[3].dataStart + 1] ^= 4
    expect(checkSums(bytes, hdus[3])).toEqual({ datasum: 'wrong', checksum: 'wrong' })
    expect(checkSums(bytesOf('header.fits'), openFits(bytesOf('header.fits')).hdus[0]).checksum).toBe(
      'absent',
    )
  })
})

describe('shared files', () => {
  const root = dataFile('gw')
  it.skipIf(!root)('every FITS file of the alert data parses (needs shared test data)', () => {
    const names = globSync('**/*.fits*', { cwd: root }).filter((name) => !name.includes('slim'))
    expect(names.length).toBeGreaterThan(15)
    for (const name of names) {
      const { bytes, hdus } = openFits(new Uint8Array(readFileSync(join(root!, name))))
      expect(hdus.length, name).toBe(2)
      expect(readTable(bytes, hdus[1]).columns.length, name).toBeGreaterThan(0)
    }
  })
})

describe('integers of 64 bits', () => {
  const values = BigInt64Array.of(2n ** 53n + 1n, -(2n ** 62n) - 7n, 0n, 5n)
  const written = (cards: ReturnType<typeof card>[], data = values): Uint8Array =>
    writeFits([{ kind: 'image', shape: [data.length], data, cards }])
  const read = (file: Uint8Array) => readImage(file, openFits(file).hdus[0])

  it('keep their last digit under a whole offset and beside blanks, and are doubles where a double holds them all', () => {
    expect(read(written([card('BZERO', 3)])).data).toEqual(values.map((value) => value + 3n))
    expect(read(written([card('BLANK', 5)]))).toMatchObject({ data: values, blank: 5n })
    expect(read(written([card('BLANK', 5), card('BZERO', -2)]))).toMatchObject({
      data: values.map((value) => value - 2n),
      blank: 3n,
    })
    expect(read(written([card('BLANK', 5)], BigInt64Array.of(1n, 5n, 2n))).data).toEqual(
      Float64Array.of(1, NaN, 2),
    )
    expect(read(written([card('BSCALE', 2)])).data).toEqual(
      Float64Array.from(values, (value) => 2 * Number(value)),
    )
    // A sum that 64 bits cannot hold.
    const most = BigInt64Array.of(2n ** 63n - 1n)
    expect(read(written([card('BZERO', 1)], most)).data).toEqual(Float64Array.of(2 ** 63))
  })

  it('of tables do so as well', () => {
    const file = writeFits([{ kind: 'table', columns: [{ name: 'ID', values, unit: 'X' }] }])
    const at = Buffer.from(file).indexOf('TUNIT1  =')
    file.set(new TextEncoder().encode('TZERO1  =                    3'.padEnd(80)), at)
    const [column] = readTable(file, openFits(file).hdus[1]).columns
    expect(column.values).toEqual(values.map((value) => value + 3n))
  })
})

it('what is no FITS file is refused by what it is', () => {
  const bytes = (text: string): Uint8Array => Uint8Array.from(text.padEnd(4000), (c) => c.charCodeAt(0))
  const tries: [string, RegExp][] = [
    ['BZh91AY&SY', /packed with bzip2; unpack it first/],
    ['PK\x03\x04', /packed with zip/],
    ['\xfd7zXZ\0', /packed with xz/],
    ['<!DOCTYPE html>', /a web page/],
    ['hello', /does not start with "SIMPLE {2}="/],
  ]
  for (const [text, words] of tries) expect(() => openFits(bytes(text)), text).toThrow(words)
  expect(() => openFits(new Uint8Array(0))).toThrow(/it is empty/)
})
