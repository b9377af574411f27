import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { dataFile } from '#test/data.ts'
import { writeFits } from '#science/fits/write.ts'
import { mocFromFits, mocToFits } from './moc-fits.ts'
import { mocFromAscii, mocFromJson, mocToAscii, mocToJson } from './moc-formats.ts'
import type { Moc } from './moc.ts'
import {
  areaDeg2,
  areaSr,
  cellCount,
  cells,
  contains,
  containsDirections,
  degrade,
  externalBorder,
  fullMoc,
  internalBorder,
  mocComplement,
  mocDifference,
  mocFromCells,
  mocFromDirections,
  mocFromRanges,
  mocFromUniq,
  mocIntersection,
  mocSymmetricDifference,
  mocUnion,
  uniqOfMoc,
} from './moc.ts'
import { covers, equalRanges, length29 } from './ranges.ts'

interface Digest {
  pixels: number
  sha256: string
}
const operations = {
  union: mocUnion,
  intersection: mocIntersection,
  difference: mocDifference,
  symmetricDifference: mocSymmetricDifference,
  complement: (a: Moc) => mocComplement(a),
}
type Operation = keyof typeof operations
const fixture = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../fixtures/sky/moc.json'), 'utf8'),
) as {
  order: number
  files: {
    file: string
    order: number
    ranges: number
    length29: string
    degraded: Digest
    external: Digest
    internal: Digest
  }[]
  pairs: { a: number; b: number; length29: Record<Operation, string>; degraded: Record<Operation, Digest> }[]
}
const file = (name: string): string | undefined => dataFile('gw', 'cds', ...name.split('/'))
const read = (name: string): Moc => mocFromFits(readFileSync(file(name)!))
const text = (name: string): string => readFileSync(file(name)!, 'utf8')
const someFile = file(fixture.files[0].file)

/** Quicker than toEqual on half a million bigints. */
function expectSame(a: Moc, b: Moc): void {
  expect(a.order).toBe(b.order)
  expect(equalRanges(a.ranges, b.ranges)).toBe(true)
}

/** One bit per pixel of the fixture's order, as numpy.packbits writes them. */
function digestOf(moc: Moc): Digest {
  const shift = BigInt(2 * (29 - fixture.order))
  const bits = new Uint8Array((12 * 4 ** fixture.order) / 8)
  let pixels = 0
  for (let e = 0; e < moc.ranges.length; e += 2) {
    const last = Number((moc.ranges[e + 1] - 1n) >> shift)
    for (let p = Number(moc.ranges[e] >> shift); p <= last; p++) {
      if (!(bits[p >> 3] & (128 >> (p & 7)))) pixels++
      bits[p >> 3] |= 128 >> (p & 7)
    }
  }
  return { pixels, sha256: createHash('sha256').update(bits).digest('hex') }
}

describe('files of other programs', () => {
  for (const expected of fixture.files) {
    it.skipIf(!file(expected.file))(
      `${expected.file}: cells, degraded form and borders equal brute force (needs shared test data)`,
      () => {
        const moc = read(expected.file)
        expect(moc.order).toBe(expected.order)
        expect(moc.ranges.length / 2).toBe(expected.ranges)
        expect(`${length29(moc.ranges)}`).toBe(expected.length29)
        const coarse = degrade(moc, fixture.order)
        expect(digestOf(coarse)).toEqual(expected.degraded)
        expect(digestOf(externalBorder(coarse))).toEqual(expected.external)
        expect(digestOf(internalBorder(coarse))).toEqual(expected.internal)
      },
    )
    it.skipIf(!file(expected.file))(
      `${expected.file}: every format gives back the same map (needs shared test data)`,
      () => {
        const moc = read(expected.file)
        expectSame(mocFromFits(mocToFits(moc)), moc)
        expectSame(mocFromFits(mocToFits(moc, 'range')), moc)
        expectSame(mocFromAscii(mocToAscii(moc)), moc)
        expectSame(mocFromJson(mocToJson(moc)), moc)
        expectSame(mocFromUniq(uniqOfMoc(moc), moc.order), moc)
      },
    )
  }

  for (const pair of fixture.pairs) {
    const [a, b] = [fixture.files[pair.a].file, fixture.files[pair.b].file]
    it.skipIf(!file(a) || !file(b))(
      `${a} with ${b}: set algebra equals brute force (needs shared test data)`,
      () => {
        const [m, n] = [read(a), read(b)]
        for (const [name, operation] of Object.entries(operations)) {
          const key = name as Operation
          expect(`${length29(operation(m, n).ranges)}`).toBe(pair.length29[key])
          const coarse = operation(degrade(m, fixture.order), degrade(n, fixture.order))
          expect(digestOf(coarse)).toEqual(pair.degraded[key])
        }
      },
    )
  }

  it.skipIf(!someFile)('the ASCII twin of SMOC.fits is met to the letter (needs shared test data)', () => {
    expect(mocToAscii(read('mocpy/SMOC.fits'))).toBe(text('mocpy/smoc.ascii.txt').trim())
    expect(mocFromAscii(text('mocpy/smoc.ascii.txt'))).toEqual(read('mocpy/SMOC.fits'))
  })

  it.skipIf(!someFile)(
    'GW190425 has 875 cells at order 8; its zero-filled rows are no cells (needs shared test data)',
    () => {
      const moc = read('moc-rust/GW190425.fits')
      expect(moc.order).toBe(8)
      expect(cellCount(moc)).toBe(875)
    },
  )

  it.skipIf(!someFile)(
    'results of the CDS command line: complement, folded ASCII (needs shared test data)',
    () => {
      const glimpse = mocFromJson(text('moc-rust/cli/glimpse.moc.json'))
      expectSame(mocFromJson(text('moc-rust/cli/glimpse_not.moc.json')), mocComplement(glimpse))
      // Made from another SDSS map than those at hand: it has to lie within GLIMPSE.
      const both = mocFromJson(text('moc-rust/cli/sdss_and_glimpse.moc.json'))
      expect(covers(glimpse.ranges, both.ranges)).toBe(true)
      for (const name of ['default', 'nosplit', 'rrd', 'strict', 'strict.nosplit', 'strict.rrd']) {
        const moc = mocFromAscii(text(`moc-rust/cli/gw190425z_skymap.${name}.expected.txt`))
        expect(moc.order).toBe(8)
        expectSame(mocFromAscii(mocToAscii(moc)), moc)
      }
      for (let n = 0; n < 10; n++) {
        const source = text(`moc-rust/cli/Bayestar.multiorder.expected.${n}.ascii`)
        const plain = (s: string): string => s.replace(/\s+/g, ' ').replace(/\/ /g, '/').trim()
        expect(plain(mocToAscii(mocFromAscii(source)))).toBe(plain(source))
      }
    },
  )

  it.skipIf(!someFile)('maps of time are refused by name (needs shared test data)', () => {
    for (const name of ['TMOC', 'STMOC']) {
      expect(() => read(`mocpy/${name}.fits`)).toThrow(/covers TIME/)
      const ascii = text(`mocpy/${name.toLowerCase()}.ascii.txt`)
      expect(() => mocFromAscii(ascii)).toThrow(/only space MOCs/)
    }
  })
})

describe('a map', () => {
  const moc = mocFromCells([3, 3, 4, 4, 4, 5, 5], [3, 10, 16, 17, 18, 19, 20])

  it('keeps cells, order and area', () => {
    expect(moc.order).toBe(5)
    expect(cells(moc).map(({ order, ipix }) => [order, [...ipix].map(Number)])).toEqual([
      [3, [3, 10]],
      [4, [16, 17, 18]],
      [5, [19, 20]],
    ])
    expect(areaSr(moc)).toBeCloseTo((4 * Math.PI * (2 * 16 + 3 * 4 + 2)) / 12 / 4 ** 5, 15)
    expect(areaDeg2(fullMoc(0))).toBeCloseTo(41252.96124941927, 9)
  })

  it('merges four sisters, wherever they come from', () => {
    expect(mocToAscii(mocFromCells([2, 2, 2, 2], [7, 4, 6, 5]))).toBe('1/1 2/')
    expect(mocToAscii(mocFromAscii('2/4-7,5 s3/16'))).toBe('1/1 3/')
  })

  it('finds directions at both poles and on both sides of the wrap', () => {
    const cap = mocFromDirections(
      Float64Array.of(0, 123, 360, 359.999999),
      Float64Array.of(90, -90, 0, 10),
      12,
    )
    expect(contains(cap, 77, 90)).toBe(true)
    expect(contains(cap, 123, -90)).toBe(true)
    expect(contains(cap, 0, 0)).toBe(true)
    const asked = [Float64Array.of(359.999999, 180), Float64Array.of(10, 0)] as const
    expect([...containsDirections(cap, ...asked)]).toEqual([1, 0])
  })

  it('has a border of 8 pixels around a pixel, 7 where three base faces meet', () => {
    expect(length29(externalBorder(mocFromCells([1], [0])).ranges) >> 56n).toBe(8n)
    expect(length29(externalBorder(mocFromCells([1], [1])).ranges) >> 56n).toBe(7n)
    expect(internalBorder(moc).ranges).toEqual(internalBorder(mocFromRanges(moc.ranges, 5)).ranges)
    expect(externalBorder(fullMoc(29)).ranges.length).toBe(0)
    expect(internalBorder(mocComplement(fullMoc(29))).ranges.length).toBe(0)
  })

  it.each([
    ['J', Uint32Array.of(7, 21, 164)],
    ['K', BigUint64Array.of(7n, 21n, 164n)],
  ])('reads unsigned uniq numbers (TFORM %s with TZERO)', (_, values) => {
    const bytes = writeFits([{ kind: 'table', columns: [{ name: 'UNIQ', values }] }])
    expect(mocToAscii(mocFromFits(bytes))).toBe('0/3 1/5 2/100')
  })

  it('keeps order-29 cells with all their digits in JSON and ASCII', () => {
    const last = 12n * 4n ** 29n - 1n
    const fine = mocFromRanges(BigInt64Array.of(5n, 6n, last, last + 1n))
    expect(mocToJson(fine)).toBe(`{"29":[5,${last}]}`)
    expect(mocFromJson(mocToJson(fine))).toEqual(fine)
    expect(mocFromAscii(mocToAscii(fine))).toEqual(fine)
  })

  it('says what is wrong with a text', () => {
    expect(() => mocFromAscii('5/4 x')).toThrow(/"x" does not belong/)
    expect(() => mocFromAscii('4 5')).toThrow(/before the first order/)
    expect(() => mocFromAscii('0/12')).toThrow(/Cell 0\/12 does not exist/)
    expect(() => mocFromAscii('29/3458764513820540928')).toThrow(/ends at 3458764513820540927/)
    expect(() => mocFromJson('{"0":[1.5]}')).toThrow(/1\.5, no pixel/)
    expect(() => mocFromJson('{"t":{"5":[1]}}')).toThrow(/only space MOCs/)
    expect(() => mocFromJson('[1')).toThrow(/not JSON/)
    try {
      mocFromAscii('31/1')
      expect.unreachable()
    } catch (error) {
      expect(isProblem(error, 'moc.dimension')).toBe(true)
    }
  })

  it('is empty when the text is', () => {
    expect(mocFromAscii('7/').ranges.length).toBe(0)
    expect(mocFromAscii('7/').order).toBe(7)
    expect(mocFromJson('{"7":[]}')).toEqual(mocFromAscii('7/'))
    expect(mocToAscii(mocFromAscii('7/'))).toBe('7/')
  })
})
