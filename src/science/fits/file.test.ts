import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { findHdu, openFits, openFitsSource } from './file.ts'
import { deflate, inflate } from './gzip.ts'
import { card } from './header.ts'
import { readImage, readImageFrom } from './image.ts'
import type { ByteSource } from './source.ts'
import { readTable, readTableFrom } from './table.ts'
import { writeFits } from './write.ts'

const folder = resolve(import.meta.dirname, '../../../fixtures/fits')
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(resolve(folder, name)))

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

function lines(...cards: string[]): Uint8Array {
  const text = [...cards, 'END'].map((line) => line.padEnd(80)).join('')
  return new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 2880) * 2880))
}

function problemOf(action: () => unknown): { code: string; message: string } {
  try {
    action()
  } catch (error) {
    if (isProblem(error)) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('remote files', () => {
  const wide = writeFits([
    { kind: 'image', shape: [] },
    { kind: 'image', name: 'BIG', shape: [1000, 2000], data: new Int16Array(2_000_000).map((_, i) => i) },
    {
      kind: 'table',
      name: 'T',
      columns: [{ name: 'a', values: new Float64Array(100_000).map((_, i) => i) }],
    },
  ])

  it('finds HDUs from headers: one small fetch each', async () => {
    const source = counting(wide)
    const hdus = await openFitsSource(source)
    expect(hdus.map((hdu) => hdu.name)).toEqual(['', 'BIG', 'T'])
    expect(source.calls).toBe(3)
    expect(source.fetched).toBeLessThanOrEqual(3 * 11520)
  })

  it('fetches the rows of a section, the rows of a table, and no more', async () => {
    const source = counting(wide)
    const hdus = openFits(wide).hdus
    const section = [
      [10, 13],
      [5, 7],
    ] as const
    const image = await readImageFrom(source, findHdu(hdus, 'BIG'), section)
    expect(image.shape).toEqual([3, 2])
    expect([...image.data]).toEqual([5010, 5011, 5012, 6010, 6011, 6012])
    expect(source.calls).toBe(1)
    expect(source.fetched).toBe(2006)
    const table = await readTableFrom(source, findHdu(hdus, 't'), { rows: [50, 60] })
    expect([...(table.columns[0].values as Float64Array)]).toEqual([50, 51, 52, 53, 54, 55, 56, 57, 58, 59])
    expect(source.fetched).toBe(2006 + 80)
  })

  it('gives the same values as bytes in memory, heap included', async () => {
    const bytes = bytesOf('tables.fits')
    const { hdus } = openFits(bytes)
    for (const hdu of hdus.slice(1)) {
      expect(await readTableFrom(counting(bytes), hdu)).toEqual(readTable(bytes, hdu))
    }
  })

  it('sections of a cube agree with the whole', () => {
    const bytes = bytesOf('images.fits')
    const hdu = findHdu(openFits(bytes).hdus, 'cube')
    const whole = readImage(bytes, hdu)
    const part = readImage(bytes, hdu, [
      [1, 4],
      [0, 4],
      [1, 3],
    ])
    const want: number[] = []
    for (let z = 1; z < 3; z++)
      for (let y = 0; y < 4; y++)
        for (let x = 1; x < 4; x++) want.push(Number(whole.data[x + 5 * (y + 4 * z)]))
    expect([...part.data]).toEqual(want)
    expect(problemOf(() => readImage(bytes, hdu, [[0, 9]])).code).toBe('fits.invalid')
  })
})

describe('damaged and hostile files get one clear sentence', () => {
  const primary = [
    'SIMPLE  =                    T',
    'BITPIX  =                    8',
    'NAXIS   =                    0',
  ]
  const table = (changes: Record<string, string>): Uint8Array => {
    const cards = {
      XTENSION: "'BINTABLE'",
      BITPIX: '8',
      NAXIS: '2',
      NAXIS1: '8',
      NAXIS2: '2',
      PCOUNT: '0',
      GCOUNT: '1',
      TFIELDS: '1',
      TFORM1: "'1PE(9)'",
      EXTNAME: "'EVENTS'",
      ...changes,
    }
    const head = lines(...Object.entries(cards).map(([key, value]) => `${key.padEnd(8)}= ${value}`))
    const file = new Uint8Array(2880 + head.length + 2880)
    file.set(lines(...primary))
    file.set(head, 2880)
    return file
  }

  it.each([
    ['not FITS', new Uint8Array(5000), 'fits.invalid', /does not start with/],
    ['empty', new Uint8Array(0), 'fits.invalid', /it is empty/],
    ['no END', lines(...primary).slice(0, 240), 'fits.truncated', /HDU 0 has no END/],
    ['no BITPIX', lines(primary[0]), 'fits.invalid', /HDU 0 lacks the keyword BITPIX/],
    ['BITPIX 12', lines(primary[0], 'BITPIX  = 12', primary[2]), 'fits.invalid', /BITPIX = 12/],
    ['NAXIS2 negative', table({ NAXIS2: '-2' }), 'fits.invalid', /HDU 1 \(EVENTS\) says NAXIS2 = -2/],
    ['NAXIS2 fraction', table({ NAXIS2: '1.5' }), 'fits.invalid', /NAXIS2 = 1.5/],
    ['NAXIS2 beyond 2^53', table({ NAXIS2: '99999999999999999999' }), 'fits.invalid', /NAXIS2/],
    ['huge', table({ NAXIS2: '9007199254740991' }), 'fits.truncated', /HDU 1 \(EVENTS\) needs .* NAXIS2/],
    ['huge heap', table({ PCOUNT: '900719925474' }), 'fits.truncated', /PCOUNT = 900719925474/],
  ])('%s', (_, bytes, code, sentence) => {
    const problem = problemOf(() => openFits(bytes))
    expect(problem.code).toBe(code)
    expect(problem.message).toMatch(sentence)
  })

  it.each([
    ['TFORM', table({ TFORM1: "'9Z'" }), 'fits.invalid', /TFORM1 = '9Z'/],
    ['row width', table({ TFORM1: "'9D'" }), 'fits.invalid', /NAXIS1 = 8 bytes/],
    [
      'rows without bytes',
      table({ NAXIS1: '0', NAXIS2: '9007199254740991', TFORM1: "'0A'" }),
      'fits.invalid',
      /NAXIS1/,
    ],
    ['TFIELDS', table({ TFIELDS: '1000' }), 'fits.invalid', /TFIELDS/],
    ['ASCII table', table({ XTENSION: "'TABLE   '" }), 'fits.invalid', /HDU 1.*TBCOL1/],
  ])('table: %s', (_, bytes, code, sentence) => {
    const problem = problemOf(() => readTable(bytes, openFits(bytes).hdus[1]))
    expect(problem.code).toBe(code)
    expect(problem.message).toMatch(sentence)
  })

  it('descriptors that leave the heap, and cells that share it beyond the limit', () => {
    const outside = table({})
    new DataView(outside.buffer).setInt32(5760, 100)
    expect(problemOf(() => readTable(outside, openFits(outside).hdus[1])).message).toMatch(/row 1 of column/)
    const shared = table({ PCOUNT: '800', TFORM1: "'1PE(200)'" })
    for (const row of [0, 1]) new DataView(shared.buffer).setInt32(5760 + 8 * row, 200)
    const read = (maxHeapBytes: number) => () => readTable(shared, openFits(shared).hdus[1], { maxHeapBytes })
    expect(problemOf(read(1000)).code).toBe('fits.too_large')
    expect(read(2000)().rows).toBe(2)
  })

  it('any cut of a file is refused or leaves whole HDUs', () => {
    const bytes = bytesOf('tables.fits')
    for (let length = 0; length < bytes.length; length += 97) {
      const cut = bytes.slice(0, length)
      try {
        for (const hdu of openFits(cut).hdus) if (hdu.kind === 'table') readTable(cut, hdu)
      } catch (error) {
        expect(isProblem(error)).toBe(true)
      }
    }
  })

  it('ten thousand HDUs and one more are refused', () => {
    const block = (text: string) => new TextEncoder().encode(text.padEnd(2880))
    const card = (text: string) => text.padEnd(80)
    const first = block([card('SIMPLE  = T'), card('BITPIX  = 8'), card('NAXIS   = 0'), card('END')].join(''))
    const more = block(
      [card("XTENSION= 'IMAGE'"), card('BITPIX  = 8'), card('NAXIS   = 0'), card('END')].join(''),
    )
    const bytes = new Uint8Array(2880 * 10_001)
    bytes.set(first)
    for (let n = 1; n < 10_000; n++) bytes.set(more, 2880 * n)
    expect(openFits(bytes.subarray(0, 2880 * 10_000)).hdus).toHaveLength(10_000)
    bytes.set(more, 2880 * 10_000)
    expect(() => openFits(bytes)).toThrow('more than 10000 HDUs')
  })

  it('a header cut within its last block says so', () => {
    const empty = writeFits([])
    expect(problemOf(() => openFits(empty.slice(0, 2879)))).toEqual({
      code: 'fits.truncated',
      message: 'The header of HDU 0 ends within a block of 2880 bytes; the file is cut off.',
    })
  })

  it('64-bit integers with a fractional offset are scaled values', () => {
    const file = lines(
      'SIMPLE  =                    T',
      'BITPIX  =                   64',
      'NAXIS   =                    1',
      'NAXIS1  =                    1',
      'BZERO   =                  0.5',
    )
    const bytes = new Uint8Array(file.length + 2880)
    bytes.set(file)
    bytes[file.length + 7] = 3
    expect([...readImage(bytes, openFits(bytes).hdus[0]).data]).toEqual([3.5])
  })

  it('random damage to headers never throws anything but a Problem', () => {
    const bytes = bytesOf('tables.fits')
    let seed = 12345
    const random = (): number => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff
    for (let round = 0; round < 400; round++) {
      const hurt = bytes.slice()
      for (let k = 0; k < 4; k++) hurt[Math.floor(random() * 11520)] = 32 + Math.floor(random() * 95)
      try {
        for (const hdu of openFits(hurt).hdus) {
          if (hdu.kind === 'table') readTable(hurt, hdu)
          else if (hdu.kind === 'image') readImage(hurt, hdu)
        }
      } catch (error) {
        if (!isProblem(error)) throw error
      }
    }
  })

  it('gzip: bombs, cuts, changed bytes, zero padding', () => {
    const bomb = deflate(new Uint8Array(50_000_000))
    expect(problemOf(() => inflate(bomb, 1_000_000)).code).toBe('fits.too_large')
    const packed = deflate(bytesOf('tables.fits'))
    expect(problemOf(() => inflate(packed.subarray(0, packed.length - 20))).code).toBe('fits.invalid')
    const hurt = packed.slice()
    hurt[hurt.length - 6] ^= 1
    expect(problemOf(() => inflate(hurt)).message).toMatch(/checksum/)
    const padded = new Uint8Array(packed.length + 700)
    padded.set(packed)
    expect(inflate(padded)).toEqual(bytesOf('tables.fits'))
  })
})

describe('headers are written back as they came', () => {
  it('keeps order and text of cards that were read', () => {
    const bytes = bytesOf('header.fits')
    const { header } = openFits(bytes).hdus[0]
    const again = openFits(
      writeFits([
        { kind: 'image', shape: [4], data: new Int16Array(4), cards: [...header.cards, card('NEW', 1)] },
      ]),
    ).hdus[0].header
    const free = (cards: typeof header.cards) =>
      cards
        .map((each) => each.text)
        .filter((text) => !/^(SIMPLE|BITPIX|NAXIS|EXTEND|NEW|LONGSTRN|CHECKSUM|DATASUM)/.test(text!))
    expect(free(again.cards)).toEqual(free(header.cards))
  })
})
