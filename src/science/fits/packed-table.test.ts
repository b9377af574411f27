import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { findHdu, openFits } from './file.ts'
import { card, textOf } from './header.ts'
import { readFrom } from './source.ts'
import { columnNamed, planTable, readTable } from './table.ts'
import type { Column } from './table.ts'
import { writeFits } from './write.ts'

const folder = resolve(import.meta.dirname, '../../../fixtures/imaging/fits')
const { tables } = JSON.parse(readFileSync(resolve(folder, 'expected.json'), 'utf8')) as {
  tables: Record<string, Record<string, unknown[]>>
}
const fixture = (name: string): Uint8Array =>
  openFits(new Uint8Array(readFileSync(resolve(folder, `${name}.fits.gz`)))).bytes

/** A column as the fixture writes it. */
function plain(column: Column): unknown[] {
  const { kind, offsets } = column
  const all = Array.from(column.values as ArrayLike<unknown>, (value) =>
    typeof value === 'bigint'
      ? value > 2n ** 53n || value < -(2n ** 53n)
        ? String(value)
        : Number(value)
      : Number.isNaN(value)
        ? null
        : value,
  )
  if (kind === 'C' || kind === 'M')
    return Array.from({ length: all.length / 2 }, (_, i) => [all[2 * i], all[2 * i + 1]])
  return offsets ? Array.from(offsets.subarray(1), (end, row) => all.slice(offsets[row], end)) : all
}

describe('tables as funpack and astropy read them', () => {
  for (const [name, wanted] of Object.entries(tables)) {
    const bytes = fixture(name)
    const hdu = openFits(bytes).hdus[1]
    it(name, () => {
      const table = readTable(bytes, hdu)
      expect(table.columns.map((column) => column.name)).toEqual(Object.keys(wanted))
      for (const [title, values] of Object.entries(wanted))
        expect(plain(columnNamed(table, title)), title).toEqual(values)
    })
    it(`${name}: some rows of some columns are those of the whole`, async () => {
      const names = Object.keys(wanted).filter((_, n) => n % 2 === 1)
      const [first, last] = [2, Math.min(31, hdu.shape[1])]
      const source = {
        byteLength: bytes.length,
        slice: (start: number, end: number) => bytes.slice(start, end),
      }
      const table = await readFrom(planTable(hdu, { columns: names, rows: [first, last] }), source)
      for (const column of table.columns) {
        const per = column.offsets ? 1 : wanted[column.name].length / hdu.shape[1]
        expect(plain(column), column.name).toEqual(wanted[column.name].slice(first * per, last * per))
      }
    })
  }

  it('headers are those of the table that was packed; the packed one stays reachable', () => {
    const hdu = findHdu(openFits(fixture('table')).hdus, 'CAT')
    expect([hdu.kind, hdu.shape[1], textOf(hdu.header, 'TFORM6'), textOf(hdu.header, 'OBJECT')]).toEqual([
      'table',
      57,
      '3D',
      'M 31',
    ])
    expect(hdu.stored?.shape[1]).toBe(1)
  })
})

describe('ASCII tables', () => {
  const line = (...texts: string[]): Uint8Array =>
    new TextEncoder().encode(texts.join('').padEnd(Math.ceil((20 * texts.length) / 2880) * 2880))
  function file(texts: string[], ...more: ReturnType<typeof card>[]): Uint8Array {
    const [empty] = [writeFits([{ kind: 'image', shape: [] }])]
    const cards = [
      ['XTENSION', "'TABLE   '"],
      ['BITPIX', '8'],
      ['NAXIS', '2'],
      ['NAXIS1', '20'],
      ['NAXIS2', String(texts.length)],
      ['PCOUNT', '0'],
      ['GCOUNT', '1'],
      ['TFIELDS', '2'],
      ['TFORM1', "'F10.2'"],
      ['TBCOL1', '1'],
      ['TFORM2', "'I10'"],
      ['TBCOL2', '11'],
      ...more.map((each) => [each.keyword, String(each.value)]),
    ]
    const text = [
      ...cards.map(([keyword, value]) => `${keyword.padEnd(8)}= ${value}`.padEnd(80)),
      'END'.padEnd(80),
    ].join('')
    return Buffer.concat([
      empty,
      new TextEncoder().encode(text.padEnd(2880)),
      line(...texts.map((each) => each.padEnd(20))),
    ])
  }

  it('numbers are read as Fortran would: implied points, D exponents, signs, blanks for zero', () => {
    const bytes = file([
      '      1234        42',
      '   1.5D-03-900000000',
      '    +12.E3          ',
      '     15-02        +7',
      '                   0',
    ])
    const { columns } = readTable(bytes, openFits(bytes).hdus[1])
    expect(Array.from(columns[0].values as Float64Array)).toEqual([12.34, 0.0015, 12000, 0.0015, 0])
    expect(Array.from(columns[1].values as BigInt64Array)).toEqual([42n, -900000000n, 0n, 7n, 0n])
  })

  it('what is no number, and columns outside the line, are told with HDU, row and keyword', () => {
    const bad = file(['      12x4        42'])
    const tries = [
      () => readTable(bad, openFits(bad).hdus[1]),
      () => {
        const bytes = file(['1'], card('TBCOL2', 12))
        const text = Buffer.from(bytes).toString('latin1').replace('TBCOL2  = 11', 'TBCOL2  = 12')
        const moved = new Uint8Array(Buffer.from(text, 'latin1'))
        return readTable(moved, openFits(moved).hdus[1])
      },
    ]
    const said = tries.map((attempt) => {
      try {
        attempt()
      } catch (error) {
        if (isProblem(error)) return error.message
      }
      return 'nothing'
    })
    expect(said[0]).toMatch(/HDU 1: row 1 .* '12X4'/)
    expect(said[1]).toMatch(/HDU 1 says TFORM2/)
  })
})

describe('damaged compressed tables', () => {
  const bytes = fixture('table-tiles')
  it('bytes of any kind end in values or in a Problem', () => {
    let seed = 5
    const random = (n: number): number => (seed = (seed * 48271) % 2147483647) % n
    const hdu = openFits(bytes).hdus[1]
    for (let round = 0; round < 150; round++) {
      const copy = bytes.slice()
      for (let n = 0; n < 1 + random(6); n++)
        copy[hdu.dataStart + random(round < 75 ? 2000 : hdu.dataLength)] = random(256)
      try {
        readTable(copy, hdu)
      } catch (error) {
        expect(isProblem(error), String(error)).toBe(true)
      }
    }
  })

  it('what it cannot hold is refused, with HDU and keyword', () => {
    const text = Buffer.from(bytes).toString('latin1')
    for (const [keyword, value] of [
      ['ZNAXIS2', '1000000000'],
      ['ZTILELEN', '0'],
      ['ZTILELEN', '3'],
      ['ZNAXIS1', '1000000000000'],
      ['ZCTYP2', "'LZMA'"],
      ['ZFORM1', "'Z'"],
    ]) {
      const at = text.indexOf(`${keyword.padEnd(8)}=`)
      const copy = bytes.slice()
      copy.set(new TextEncoder().encode(`${keyword.padEnd(8)}= ${value.padStart(20)}`.padEnd(80)), at)
      let message = 'nothing'
      try {
        readTable(copy, openFits(copy).hdus[1])
      } catch (error) {
        if (isProblem(error)) message = error.message
      }
      expect(message, keyword).toMatch(/HDU 1 \(CAT\).*(Z[A-Z]+\d?|TFORM1|NAXIS1)/)
    }
  })
})
