import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { readCsv, writeCsv } from './csv.ts'
import { readEcsv, writeEcsv } from './ecsv.ts'
import { readFitsTable, writeFitsTable } from './fits.ts'
import { cellOf, columnNamed, tableOf } from './table.ts'
import type { Column, Table } from './table.ts'
import { conversionFactor } from './units.ts'
import { readVotable } from './votable.ts'
import { writeVotable } from './votable-write.ts'

const python = ['/usr/bin/python3', 'python3'].find((command) => {
  try {
    execFileSync(command, ['-c', 'import astropy.table, yaml'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})
const folder = mkdtempSync(join(tmpdir(), 'urania-table-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fixture = (name: string) =>
  new Uint8Array(readFileSync(join(import.meta.dirname, '../../../fixtures/table', name)))
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const whole = tableOf({
  title: 'sources of tonight',
  coosys: [{ id: 'sky', system: 'ICRS' }],
  timesys: [{ id: 'ts', timescale: 'TDB', timeorigin: 'MJD-origin', refposition: 'BARYCENTER' }],
  infos: [{ name: 'QUERY_STATUS', value: 'OK', text: 'all <of> them' }],
  groups: [{ name: 'photometry', columns: ['flux', 'err'], groups: [{ name: 'inner', columns: ['err'] }] }],
  meta: { seeing: 1.25, night: '2026-11-21', exposure: { value: 30, unit: 's' } },
  columns: [
    {
      name: 'id',
      values: BigInt64Array.of(9007199254740993n, -5n, 7n),
      nulls: Uint8Array.of(0, 0, 1),
      ucd: 'meta.id;meta.main',
    },
    {
      name: 'flux',
      values: Float64Array.of(1.5, NaN, -3e-300),
      unit: 'uJy',
      description: 'total, "peak" <&>',
    },
    { name: 'err', values: Float32Array.of(0.1, 2, Infinity), unit: 'erg s-1 cm-2' },
    { name: 'rate', values: Float64Array.of(1, NaN, 3), nulls: Uint8Array.of(0, 1, 0), unit: 'mas/yr' },
    { name: 'counts', values: Int16Array.of(0, -2, 3), nulls: Uint8Array.of(1, 0, 0), unit: 'ct' },
    { name: 'flags', values: Uint8Array.of(0, 255, 3), nulls: Uint8Array.of(1, 0, 0) },
    { name: 'name', values: ['a,b <&>', 'o\'neil "x"', 'plain'] },
    { name: 'note', values: ['first', '', 'third'], nulls: Uint8Array.of(0, 1, 0) },
    { name: 'ok', values: [true, false, true] },
    { name: 'mjd', values: Float64Array.of(58000.5, 58001.25, 60000), unit: 'd', ref: 'ts' },
    { name: 'box', values: Int32Array.from({ length: 12 }, (_, i) => i - 3), shape: [2, 2], unit: 'pix' },
    { name: 'lists', values: Float64Array.of(1, 2, 3.5), offsets: Float64Array.of(0, 2, 2, 3), unit: 'mag' },
  ],
})
const scalars: Table = { ...whole, columns: whole.columns.filter((each) => !each.shape && !each.offsets) }

/** Elements with null where there is no value: NaN counts, as FITS and VOTable cannot tell the two apart. */
function told(column: Column, rows: number): unknown[] {
  return Array.from({ length: rows }, (_, row) => {
    const [start, end] = cellOf(column, row)
    const cell = Array.from({ length: end - start }, (__, i) => {
      const value = column.values[start + i]
      return column.nulls?.[start + i] || Number.isNaN(value) ? null : value
    })
    const values =
      column.type === 'boolean' ? cell.map((value) => (value === null ? null : Boolean(value))) : cell
    return column.shape || column.offsets ? values : values[0]
  })
}

function expectSame(back: Table, table: Table, keys: readonly (keyof Column)[]): void {
  expect(back.columns.map((each) => each.name)).toEqual(table.columns.map((each) => each.name))
  for (const column of table.columns) {
    const other = columnNamed(back, column.name)
    expect(told(other, back.rows), column.name).toEqual(told(column, table.rows))
    for (const key of keys) expect(other[key], `${key} of ${column.name}`).toEqual(column[key])
  }
}

describe('what is written is read again', () => {
  it('CSV keeps values, ids beyond 2⁵³ and units', () => {
    // Text has no float32: 0.1 comes back as the float64 of that name.
    const table = { ...scalars, columns: scalars.columns.filter((each) => each.type !== 'float32') }
    const back = readCsv(writeCsv(table))
    expectSame(back, table, ['unit'])
    expect(columnNamed(back, 'id').type).toBe('int64')
  })
  it('ECSV keeps values, types, units, masks, times, metadata', () => {
    const back = readEcsv(writeEcsv(whole))
    expectSame(back, whole, ['unit', 'type', 'ucd', 'description', 'ref', 'shape', 'offsets'])
    expect({ ...back, columns: 0 }).toEqual({ ...whole, columns: 0 })
  })
  it.each(['tabledata', 'binary2', 'binary'] as const)(
    'VOTable %s keeps values, types, units, masks, times, groups, infos',
    (data) => {
      for (const version of ['1.4', '1.5'] as const) {
        const back = readVotable(writeVotable(whole, { data, version }))
        // BINARY has no null text: '' comes back.
        const kept =
          data === 'binary'
            ? { ...whole, columns: whole.columns.filter((each) => each.name !== 'note') }
            : whole
        expectSame(
          {
            ...back,
            columns: back.columns.filter((each) => kept.columns.some(({ name }) => name === each.name)),
          },
          kept,
          ['unit', 'type', 'ucd', 'description', 'ref', 'shape', 'offsets'],
        )
        expect({ ...back, columns: 0 }).toEqual({ ...whole, columns: 0 })
      }
    },
  )
  it('FITS keeps values, types, units, masks, times', () => {
    const back = readFitsTable(writeFitsTable(whole))
    expectSame(back, whole, ['unit', 'type', 'ucd', 'description', 'shape', 'offsets'])
    expect(back.timesys).toMatchObject([
      { timescale: 'TDB', timeorigin: 'MJD-origin', refposition: 'BARYCENTER' },
    ])
    expect(columnNamed(back, 'mjd').ref).toBe(back.timesys?.[0].id)
    expect(back.coosys).toEqual(whole.coosys)
  })
  it('a table without rows and one without columns', () => {
    const none = tableOf({ columns: [{ name: 'a', values: new Float64Array(0), unit: 'm' }] })
    for (const back of [
      readCsv(writeCsv(none)),
      readEcsv(writeEcsv(none)),
      readVotable(writeVotable(none)),
      readVotable(writeVotable(none, { data: 'binary2' })),
      readFitsTable(writeFitsTable(none)),
    ])
      expect([back.rows, back.columns[0].name, back.columns[0].unit]).toEqual([0, 'a', 'm'])
  })
})

describe('what astropy writes is read', () => {
  const facts = JSON.parse(text(fixture('table.json'))) as {
    units: Record<string, string>
    values: Record<string, unknown[]>
  }
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain)
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
    return value
  }
  const nested = (values: unknown): unknown =>
    Array.isArray(values) ? values.flat(3) : values === 'nan' ? null : values
  it.each([
    ['astropy.ecsv', readEcsv],
    ['astropy-quantities.ecsv', readEcsv],
    ['astropy-tabledata.vot', readVotable],
    ['astropy-binary.vot', readVotable],
    ['astropy-binary2.vot', readVotable],
    ['astropy.fits', readFitsTable],
  ] as [string, (bytes: Uint8Array) => Table][])('%s', (name, read) => {
    const table = read(fixture(name))
    for (const [column, values] of Object.entries(facts.values)) {
      const found = columnNamed(table, column)
      expect(told(found, table.rows).map(plain), column).toEqual(
        values.map((each) =>
          found.type === 'float32' && typeof each === 'number' ? Math.fround(each) : nested(each),
        ),
      )
      if (facts.units[column]) expect(conversionFactor(found.unit ?? '', facts.units[column]), column).toBe(1)
    }
    expect(columnNamed(table, 'id').type).toBe('int64')
    if (!name.endsWith('.fits')) {
      const system = table.timesys?.find((each) => each.id === columnNamed(table, 'mjd').ref)
      expect(system).toMatchObject({ timescale: 'TDB', timeorigin: 'MJD-origin' })
    }
  })
})

describe('astropy reads what is written', () => {
  const script = `
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from astropy import units as u
from astropy.table import Table
kind, path = sys.argv[1:]
t = Table.read(path, format=kind, **({"astropy_native": True} if kind == "fits" else {}))
def one(v):
    if v is np.ma.masked: return None
    if isinstance(v, (np.ndarray, list, np.ma.MaskedArray)): return [one(x) for x in v]
    if isinstance(v, (bool, np.bool_)): return bool(v)
    if isinstance(v, (int, np.integer)): return str(int(v)) if abs(int(v)) > 2**53 else int(v)
    if isinstance(v, (float, np.floating)): return None if np.isnan(v) else float(v) if np.isfinite(v) else str(float(v))
    if isinstance(v, bytes): return v.decode()
    return str(v)
out = {"values": {}, "units": {}, "scale": None}
for name in t.colnames:
    c = t[name]
    if hasattr(c, "scale"):
        out["scale"] = c.scale
        out["values"][name] = [float(x) for x in c.mjd]
    else:
        out["values"][name] = [one(x) for x in c]
        if c.unit: out["units"][name] = c.unit.to_string("vounit")
if kind == "votable":
    from astropy.io.votable import parse
    v = parse(path)
    out["systems"] = [[s.timescale, str(s.timeorigin), s.refposition] for s in v.resources[0].time_systems]
print(json.dumps(out))
`
  interface Told {
    values: Record<string, unknown[]>
    units: Record<string, string>
    scale: string | null
    systems?: string[][]
  }
  const byAstropy = (kind: string, bytes: Uint8Array): Told => {
    const path = join(folder, `table.${kind}`)
    writeFileSync(path, bytes)
    return JSON.parse(execFileSync(python ?? '', ['-c', script, kind, path], { encoding: 'utf8' })) as Told
  }
  const expected = (column: Column): unknown[] =>
    told(column, whole.rows).map(function each(value): unknown {
      if (Array.isArray(value)) return value.map(each)
      if (typeof value === 'bigint')
        return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
      if (value === Infinity) return 'inf'
      return value
    })
  it.skipIf(!python).each([
    ['ascii.ecsv', writeEcsv(whole)],
    ['votable', writeVotable(whole)],
    ['votable', writeVotable(whole, { data: 'binary2' })],
    ['fits', writeFitsTable(whole)],
  ])('%s: values, masks, units, times (needs astropy)', (kind, bytes) => {
    const found = byAstropy(kind, bytes)
    for (const column of whole.columns) {
      const values = (found.values[column.name] ?? []).map((each) =>
        column.shape && Array.isArray(each) ? each.flat() : each,
      )
      // astropy does not mask a text that VOTable leaves empty.
      const lenient = column.name === 'note' ? values.map((each) => (each === '' ? null : each)) : values
      expect(lenient, column.name).toEqual(expected(column))
      if (column.unit && column.name !== 'mjd') expect(found.units[column.name], column.name).toBeDefined()
    }
    expect(found.units['flux']).toBe('uJy')
    if (kind === 'votable') expect(found.systems).toEqual([['TDB', 'MJD-origin', 'BARYCENTER']])
    else expect(found.scale).toBe('tdb')
  })
})

describe('CSV', () => {
  const types = (csv: string) =>
    Object.fromEntries(readCsv(csv).columns.map((each) => [each.name, each.type]))
  it('takes the narrowest type that loses nothing', () => {
    expect(
      types(
        'a,b,c,d,e,f,g,h,i\n1,9007199254740993,99999999999999999999,1.5,007,true,,1e5,12:30\n2,3,4,nan,8,False,,-inf,5\n',
      ),
    ).toEqual({
      a: 'int32',
      b: 'int64',
      c: 'string',
      d: 'float64',
      e: 'string',
      f: 'boolean',
      g: 'string',
      h: 'float64',
      i: 'string',
    })
    expect(types('a\n1.5\n9007199254740993\n')).toEqual({ a: 'string' })
  })
  it('reads quotes, line ends within them, CRLF, CR, a byte-order mark, other delimiters', () => {
    const table = readCsv('\ufeffa;"b;""x"""\r\n"1\r\n2";3\r\n\r\n"";4', { delimiter: ';' })
    expect(table.columns.map((each) => each.name)).toEqual(['a', 'b;"x"'])
    expect(table.columns[0].values).toEqual(['1\r\n2', ''])
    expect(readCsv('a,b\r1,2\r3,\r').columns[1].nulls).toEqual(Uint8Array.of(0, 1))
    expect(readCsv('a,b\n1,').columns[1].nulls).toEqual(Uint8Array.of(1))
  })
  it.each([
    ['a,b\n1\n', 'Line 2: the CSV has 1 field here, the header 2.'],
    ['a,b\n1,"x\n', 'Line 2: a quoted field starts here and is never closed.'],
    ['a\n"x"y\n', 'Line 2: text follows a closing quote; double the quotes inside a field.'],
    ['', 'The CSV is empty; its first line must name the columns.'],
    ['a,a\n1,2', 'Two columns are called "a"; rename one.'],
  ])('%j is refused', (csv, message) => {
    expect(() => readCsv(csv)).toThrow(message)
  })
  it('bytes that are not UTF-8 are refused with their line', () => {
    expect(() => readCsv(Uint8Array.of(97, 10, 49, 10, 0xff, 10))).toThrow('Line 3: the CSV is not UTF-8')
  })
  it('array columns are refused', () => {
    expect(() => writeCsv(whole)).toThrow('Column "box" holds arrays')
  })
})

describe('broken and hostile files are refused with one sentence', () => {
  const vot = (inside: string, fields = '<FIELD name="a" datatype="int"/>') =>
    `<?xml version="1.0"?>\n<VOTABLE version="1.4"><RESOURCE><TABLE>\n${fields}<DATA>${inside}</DATA></TABLE></RESOURCE></VOTABLE>`
  const ecsv = (head: string, body: string) => `# %ECSV 1.0\n# ---\n${head}\n${body}`
  it.each<[string, () => unknown]>([
    ['a document type', () => readVotable(`<!DOCTYPE x [<!ENTITY a "b">]>${vot('')}`)],
    ['a document type inside', () => readVotable(vot('<!DOCTYPE x>'))],
    ['no VOTable', () => readVotable('<html></html>')],
    ['no XML', () => readVotable('SIMPLE')],
    ['a cut file', () => readVotable(vot('<TABLEDATA><TR><TD>1</TD></TR></TABLEDATA>').slice(0, 150))],
    [
      'Line 3: the row has 2 cells',
      () => readVotable(vot('<TABLEDATA><TR><TD>1</TD><TD>2</TD></TR></TABLEDATA>')),
    ],
    ['Line 3, column', () => readVotable(vot('<TABLEDATA><TR><TD>x</TD></TR></TABLEDATA>'))],
    [
      'a value beyond the type',
      () => readVotable(vot('<TABLEDATA><TR><TD>3000000000</TD></TR></TABLEDATA>')),
    ],
    ['deep elements', () => readVotable(`<VOTABLE>${'<RESOURCE>'.repeat(100_000)}`)],
    [
      'data elsewhere',
      () => readVotable(vot('<BINARY2><STREAM href="http://x/y" encoding="base64"/></BINARY2>')),
    ],
    ['a stream cut off', () => readVotable(vot('<BINARY><STREAM encoding="base64">AAAA</STREAM></BINARY>'))],
    ['no base64', () => readVotable(vot('<BINARY><STREAM encoding="base64">A*A</STREAM></BINARY>'))],
    [
      'a length beyond the stream',
      () =>
        readVotable(
          vot(
            '<BINARY><STREAM encoding="base64">f////w==</STREAM></BINARY>',
            '<FIELD name="a" datatype="int" arraysize="*"/>',
          ),
        ),
    ],
    [
      'a huge cell',
      () =>
        readVotable(
          vot(
            '<TABLEDATA><TR><TD/></TR></TABLEDATA>',
            '<FIELD name="a" datatype="int" arraysize="99999999x9999999"/>',
          ),
        ),
    ],
    ['an unknown datatype', () => readVotable(vot('', '<FIELD name="a" datatype="constructor"/>'))],
    ['no ECSV', () => readEcsv('a,b\n1,2\n')],
    ['broken YAML', () => readEcsv(ecsv('# datatype: [', 'a\n1\n'))],
    [
      'laughs',
      () =>
        readEcsv(
          ecsv(
            `# a: &a [x,x,x,x,x,x,x,x,x]\n# b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n# c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n# d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n# e: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n# datatype: []`,
            'a\n1\n',
          ),
        ),
    ],
    ['an ECSV type', () => readEcsv(ecsv('# datatype:\n# - {name: a, datatype: complex128}', 'a\n1\n'))],
    [
      'an ECSV subtype',
      () => readEcsv(ecsv("# datatype:\n# - {name: a, datatype: string, subtype: 'object'}", 'a\n1\n')),
    ],
    ['an ECSV value', () => readEcsv(ecsv('# datatype:\n# - {name: a, datatype: int8}', 'a\n1\n300\n'))],
    ['other columns', () => readEcsv(ecsv('# datatype:\n# - {name: a, datatype: int8}', 'b\n1\n'))],
    ['no FITS table', () => readFitsTable(new Uint8Array(3000))],
  ])('%s', (name, read) => {
    let error: unknown
    try {
      read()
    } catch (caught) {
      error = caught
    }
    expect(isProblem(error), String(error)).toBe(true)
    const { message } = error as Error
    expect(message).not.toContain('\n')
    if (name.startsWith('Line')) expect(message).toContain(name)
  })

  it('an ECSV value out of range is named with line and column', () => {
    expect(() => readEcsv(ecsv('# datatype:\n# - {name: a, datatype: int8}', 'a\n1\n300\n'))).toThrow(
      'Line 7, column 1: "300" in "a" of the ECSV is no int8.',
    )
  })

  it('entities, CDATA and comments in cells are text', () => {
    const table = readVotable(
      vot(
        '<TABLEDATA><TR><TD>a &lt;&#38;&#x263A; <![CDATA[<TD>&amp;]]><!-- x --></TD></TR></TABLEDATA>',
        '<FIELD name="a" datatype="unicodeChar" arraysize="*"/>',
      ),
    )
    expect(table.columns[0].values).toEqual(['a <&☺ <TD>&amp;'])
  })
})
