import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { checkSums } from './checksum.ts'
import { openFits } from './file.ts'
import { card, remark, textOf, valueOf } from './header.ts'
import { readImage } from './image.ts'
import { columnNamed, readTable } from './table.ts'
import type { Column } from './table.ts'
import { writeFits } from './write.ts'
import type { ColumnInput, HduInput } from './write.ts'

function works(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch (error) {
    // fitsverify without arguments ends with an exit code of its own; only a missing program has none.
    return (error as { status?: number | null }).status === 0
  }
}
const folder = mkdtempSync(join(tmpdir(), 'urania-fits-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const images: HduInput[] = [
  {
    kind: 'image',
    shape: [3],
    data: new Int16Array([1, -2, 3]),
    cards: [card('OBJECT', "O'Neil", 'a star')],
  },
  { kind: 'image', name: 'U8', shape: [2, 2], data: new Uint8Array([0, 1, 128, 255]) },
  { kind: 'image', name: 'I8', shape: [3], data: new Int8Array([0, -128, 127]) },
  { kind: 'image', name: 'U16', shape: [3], data: new Uint16Array([0, 32768, 65535]) },
  { kind: 'image', name: 'I32', shape: [2, 1], data: new Int32Array([-(2 ** 31), 2 ** 31 - 1]) },
  { kind: 'image', name: 'U32', shape: [2], data: new Uint32Array([0, 2 ** 32 - 1]) },
  { kind: 'image', name: 'I64', shape: [2], data: new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n]) },
  { kind: 'image', name: 'U64', shape: [2], data: new BigUint64Array([0n, 2n ** 64n - 1n]) },
  { kind: 'image', name: 'F32', shape: [3], data: new Float32Array([NaN, 1.5, -Infinity]) },
  { kind: 'image', name: 'F64', shape: [1, 1, 2], data: new Float64Array([5e-324, Math.PI]) },
]

const columns: ColumnInput[] = [
  { name: 'flag', kind: 'L', values: new Uint8Array([1, 0, 1]), nulls: new Uint8Array([0, 0, 1]) },
  { name: 'bits', kind: 'X', repeat: 11, values: new Uint8Array(33).map((_, i) => ((i * 7) % 3) & 1) },
  { name: 'byte', values: new Uint8Array([0, 1, 255]) },
  { name: 'sbyte', values: new Int8Array([0, -128, 127]) },
  {
    name: 'short',
    values: new Int16Array([1, -9, 3]),
    nulls: new Uint8Array([0, 1, 0]),
    blank: -9,
    unit: 'count',
  },
  { name: 'u16', values: new Uint16Array([0, 1, 65535]) },
  { name: 'int', repeat: 2, values: new Int32Array([1, 2, 3, 4, 5, 6]) },
  { name: 'u32', values: new Uint32Array([0, 1, 2 ** 32 - 1]) },
  { name: 'long', values: new BigInt64Array([0n, -(2n ** 63n), 2n ** 63n - 1n]) },
  { name: 'u64', values: new BigUint64Array([0n, 1n, 2n ** 64n - 1n]) },
  { name: 'text', values: ['a', '', "longer 'text'"] },
  { name: 'texts', kind: 'A', repeat: 2, values: ['ab', 'c', '', 'd', 'e', 'f'] },
  { name: 'float', values: new Float32Array([1.5, NaN, 3]), unit: 'mJy' },
  { name: 'grid', repeat: 6, shape: [3, 2], values: new Float64Array(18).map((_, i) => i / 7) },
  { name: 'c64', kind: 'C', values: new Float32Array([1, 2, 3, 4, 5, 6]) },
  { name: 'c128', kind: 'M', repeat: 2, values: new Float64Array(12).map((_, i) => -i) },
  { name: 'pd', values: new Float64Array([1, 2, 3]), offsets: new Float64Array([0, 2, 2, 3]) },
  { name: 'pu', values: new Uint16Array([9, 8, 7]), offsets: new Float64Array([0, 0, 0, 3]) },
  { name: 'pl', kind: 'L', values: new Uint8Array([1, 0, 1]), offsets: new Float64Array([0, 1, 1, 3]) },
  { name: 'pm', kind: 'M', values: new Float64Array([1, 2, 3, 4]), offsets: new Float64Array([0, 2, 4, 4]) },
  { name: 'pa', values: ['one', 'two', 'three'], offsets: new Float64Array([0, 1, 2, 3]) },
]
const table: HduInput = {
  kind: 'table',
  name: 'ALL',
  columns,
  cards: [
    card(
      'LONG',
      `${'x'.repeat(63)}'''''''${'z'.repeat(90)}`,
      'a comment of a string that goes on for long enough to need more',
    ),
    card('EXACT', 'y'.repeat(68)),
    card('ESO DET NAME', 'CCD', 'by HIERARCH'),
    card('SMALL', 1.5e-7),
    card('HUGE', 1e300),
    card('BIG', 2n ** 62n),
    card('PAIR', [1.5, -2]),
    card('NOTHING', null, 'no value'),
    remark('HISTORY', `made by a test ${'h'.repeat(80)}`),
  ],
}
const file = writeFits([...images, table, { kind: 'table', name: 'NONE', columns: [] }])

describe('what is written is read back', () => {
  const { hdus } = openFits(file)

  it('images of every type', () => {
    for (const [index, image] of images.entries()) {
      if (image.kind !== 'image') continue
      const back = readImage(file, hdus[index])
      expect(back.data).toEqual(image.data)
      expect(back.shape).toEqual(image.shape)
    }
  })

  it('columns of every type', () => {
    const back = readTable(file, hdus[images.length])
    expect(back.rows).toBe(3)
    for (const column of columns) {
      const found: Column = columnNamed(back, column.name)
      expect(found.values, column.name).toEqual(
        column.name === 'flag' ? new Uint8Array([1, 0, 0]) : column.values,
      )
      expect(found.unit).toBe(column.unit)
      if (column.nulls) expect(found.nulls).toEqual(column.nulls)
      if (column.offsets) expect(found.offsets).toEqual(column.offsets)
      if (column.shape) expect(found.shape).toEqual(column.shape)
    }
    // What the reader returns is what the writer takes.
    const again = writeFits([
      {
        kind: 'table',
        columns: back.columns.map((each) => ({ ...each, blank: each.name === 'short' ? -9 : undefined })),
      },
    ])
    expect(readTable(again, openFits(again).hdus[1]).columns).toEqual(back.columns)
  })

  it('scaled columns and cells without elements, as they were read', () => {
    const table = (columns: readonly ColumnInput[]): Uint8Array => writeFits([{ kind: 'table', columns }])
    const first = table([
      { name: 'scaled', values: Int16Array.of(1, 2), scale: 0.5, zero: 10 },
      { name: 'nothing', values: new Int32Array(0), repeat: 0 },
      { name: 'complex', kind: 'C', values: Float32Array.of(1, 2, 3, 4), scale: 2 },
    ])
    const columnsIn = (bytes: Uint8Array) => readTable(bytes, openFits(bytes).hdus[1]).columns
    const again = columnsIn(table(columnsIn(first)))
    expect(again.map(({ kind, values }) => [kind, [...values]])).toEqual([
      ['D', [10.5, 11]],
      ['J', []],
      ['M', [2, 4, 6, 8]],
    ])
  })

  it('cards of every type', () => {
    const { header } = hdus[images.length]
    const cards = table.cards ?? []
    for (const each of cards) {
      if (each.commentary) continue
      expect(valueOf(header, each.keyword), each.keyword).toEqual(each.value ?? undefined)
    }
    expect(header.first.get('LONG')?.comment.replaceAll(' ', '')).toBe(cards[0].comment.replaceAll(' ', ''))
    expect(textOf(hdus[0].header, 'OBJECT')).toBe("O'Neil")
  })

  it('sums are right and blocks are whole', () => {
    expect(file.length % 2880).toBe(0)
    for (const hdu of hdus) expect(checkSums(file, hdu)).toEqual({ datasum: 'right', checksum: 'right' })
  })
})

describe('what cannot be written is refused', () => {
  it.each<[string, () => unknown]>([
    ['NaN in a card', () => writeFits([{ kind: 'image', shape: [], cards: [card('A', NaN)] }])],
    ['a line break in a card', () => writeFits([{ kind: 'image', shape: [], cards: [card('A', 'x\ny')] }])],
    [
      'a long word as keyword',
      () => writeFits([{ kind: 'image', shape: [], cards: [card('A'.repeat(70), 1)] }]),
    ],
    ['a wrong shape', () => writeFits([{ kind: 'image', shape: [2], data: new Int16Array(3) }])],
    [
      'columns of unlike length',
      () => writeFits([{ kind: 'table', columns: [columns[0], { name: 'x', values: ['a'] }] }]),
    ],
    ['text that is not ASCII', () => writeFits([{ kind: 'table', columns: [{ name: 'x', values: ['é'] }] }])],
  ])('%s', (_, action) => {
    let seen: unknown
    try {
      action()
    } catch (error) {
      seen = error
    }
    expect(isProblem(seen, 'fits.invalid')).toBe(true)
  })
})

const hasVerify = works('which', 'fitsverify')
const python = ['/usr/bin/python3', 'python3'].find((each) => works(each, '-c', 'import astropy'))

describe('other programs', () => {
  it.skipIf(!hasVerify)(
    'fitsverify finds no error, and no warning but of the card without a value (needs fitsverify)',
    () => {
      const path = join(folder, 'all.fits')
      writeFileSync(path, file)
      const report = execFileSync('sh', ['-c', 'fitsverify "$0" || true', path], { encoding: 'utf8' })
      expect(report).toMatch(/found 1 warning\(s\) and 0 error\(s\)/)
    },
  )

  it.skipIf(!python)('astropy reads the same values, sums checked (needs astropy)', () => {
    const path = join(folder, 'astropy.fits')
    writeFileSync(path, file)
    const script = `
import json, sys, warnings
warnings.simplefilter("error")
from astropy.io import fits
with fits.open(sys.argv[1], checksum=True) as h:
    h.verify("exception")
    t = h["ALL"]
    print(json.dumps({
        "u64": [str(v) for v in h["U64"].data], "i8": h["I8"].data.tolist(), "u16": t.data["u16"].tolist(),
        "long": [str(v) for v in t.data["long"]], "u64col": [str(v) for v in t.data["u64"]],
        "text": t.data["text"].tolist(), "texts": t.data["texts"].tolist(), "bits": t.data["bits"].astype(int).ravel().tolist(),
        "pd": [v.tolist() for v in t.data["pd"]],
        "c64": [[v.real, v.imag] for v in t.data["c64"].astype(complex)], "sbyte": t.data["sbyte"].tolist(), "sum": h["ALL"].verify_checksum(),
        "grid": t.data["grid"].shape, "exact": t.header["EXACT"], "long1": len(t.header["LONG"]), "hier": t.header["ESO DET NAME"],
    }))`
    const said = JSON.parse(execFileSync(python!, ['-c', script, path], { encoding: 'utf8' })) as Record<
      string,
      unknown
    >
    expect(said).toMatchObject({
      u64: ['0', String(2n ** 64n - 1n)],
      i8: [0, -128, 127],
      u16: [0, 1, 65535],
      long: ['0', String(-(2n ** 63n)), String(2n ** 63n - 1n)],
      text: ['a', '', "longer 'text'"],
      texts: [
        ['ab', 'c'],
        ['', 'd'],
        ['e', 'f'],
      ],
      bits: [...(columns[1].values as Uint8Array)],
      pd: [[1, 2], [], [3]],
      c64: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      sbyte: [0, -128, 127],
      grid: [3, 2, 3],
      exact: 'y'.repeat(68),
      hier: 'CCD',
    })
  })
})
