import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { seededRandom } from '#science/simulate/random.ts'
import { pixel29Of } from '#science/sky/index64.ts'
import { luminosityDistanceMpc } from '#science/sky/cosmology.ts'
import { writeCsv } from '#science/table/csv.ts'
import { writeEcsv } from '#science/table/ecsv.ts'
import { writeFitsTable } from '#science/table/fits.ts'
import { tableOf } from '#science/table/table.ts'
import { writeVotable } from '#science/table/votable-write.ts'
import { createColumns } from '#platform/columns/duckdb.ts'
import { parquet } from '#platform/columns/sql.ts'
import { ImportOptions, type ImportInput } from './catalogue.ts'
import { partitionPath, readPartitions } from './hats.ts'
import { importCatalogue } from './import.ts'
import { partitionsOf } from './write-hats.ts'

const home = await mkdtemp(join(tmpdir(), 'urania-catalogues-'))
const folder = join(home, 'catalogues')
const reader = await createColumns({
  folders: [folder],
  temporary: join(home, 'tmp'),
  memoryMb: 256,
  threads: 2,
})
afterAll(async () => {
  await reader.stop()
  await rm(home, { recursive: true, force: true })
})

let count = 0
async function importBytes(bytes: string | Uint8Array, ending: string, options: Partial<ImportInput> = {}) {
  const id = `t${++count}`
  const file = join(home, `${id}.${ending}`)
  await writeFile(file, bytes)
  const lines: string[] = []
  const percents: number[] = []
  const made = await importCatalogue(file, ImportOptions.parse({ name: `cat${count}`, ...options }), 1, {
    folder,
    temporary: join(home, 'tmp'),
    id,
    progress: (percent) => void percents.push(percent),
    log: (line) => void lines.push(line),
    version: 'test',
    now: () => new Date('2026-11-21T12:00:00Z'),
    memoryMb: 256,
  })
  expect(percents).toEqual(percents.toSorted((a, b) => a - b))
  expect(percents.at(-1)).toBe(99)
  const partitions = await readPartitions(join(folder, made.path))
  const files = partitions.map((partition) => join(folder, made.path, partitionPath(partition)))
  const rows = await reader.rows(`select * from ${parquet(...files)} order by all`)
  rows.sort((a, b) => ((a['name'] as string) < (b['name'] as string) ? -1 : 1))
  return { made, rows, lines, partitions }
}

function sample(n: number) {
  const random = seededRandom(7)
  const ra = Float64Array.from({ length: n }, () => 360 * random.uniform())
  const dec = Float64Array.from({ length: n }, () => (Math.asin(2 * random.uniform() - 1) * 180) / Math.PI)
  return tableOf({
    columns: [
      { name: 'objname', values: Array.from(ra, (_, i) => `G${String(i).padStart(4, '0')}`) },
      { name: 'RAJ2000', values: ra, unit: 'deg', ucd: 'pos.eq.ra;meta.main' },
      { name: 'DEJ2000', values: dec, unit: 'deg', ucd: 'pos.eq.dec;meta.main' },
      { name: 'Dist', values: Float64Array.from(ra, () => 1000 * (5 + 200 * random.uniform())), unit: 'kpc' },
      { name: 'Bmag', values: Float64Array.from(ra, () => 10 + 8 * random.uniform()), unit: 'mag' },
      { name: 'flag', values: Array.from(ra, (_, i) => i % 2 === 0) },
      { name: 'number', values: Int32Array.from(ra, (_, i) => i - 3) },
    ],
  })
}

describe('importing', () => {
  const table = sample(500)
  const ra = table.columns[1]!.values as Float64Array
  const dec = table.columns[2]!.values as Float64Array
  const kpc = table.columns[3]!.values as Float64Array

  it.each([
    ['csv', writeCsv(table)],
    ['csv.gz', gzipSync(writeCsv(table))],
    ['ecsv', writeEcsv(table)],
    ['fits', writeFitsTable(table)],
    ['vot', writeVotable(table)],
  ])('reads %s: every row once, at its pixel, with its units', async (ending, bytes) => {
    const { made, rows } = await importBytes(bytes, ending, { rowsPerPartition: 1_000 })
    expect(rows).toHaveLength(500)
    expect(made).toMatchObject({ rows: 500, withoutPosition: 0, kind: 'galaxy', distance: 'file' })
    expect(made.columns.find((column) => column.name === 'flag')?.type).toBe('boolean')
    rows.forEach((row, i) => {
      expect(row['name']).toBe(`G${String(i).padStart(4, '0')}`)
      expect(row['ra']).toBe(ra[i])
      expect(row['dec']).toBe(dec[i])
      expect(row['_healpix_29']).toBe(pixel29Of(ra[i]!, dec[i]!))
      expect(row['distance']).toBeCloseTo(kpc[i]! / 1000, 9)
      expect(row['Dist']).toBe(kpc[i])
      expect(row['flag']).toBe(i % 2 === 0)
      expect(Number(row['number'])).toBe(i - 3)
    })
    expect(await readdir(folder)).not.toContainEqual(expect.stringContaining('.import'))
  })

  it('reads Parquet', async () => {
    const file = join(folder, 'source.parquet')
    await reader.writeParquet(
      file,
      `select 'a' || i as name, i * 10.5 as ra, i * 1.5::decimal(9, 2) as dec, 0.01 * (i + 1) as z, [i] as list from range(10) t(i)`,
    )
    const { made, rows } = await importBytes(await readFile(file), 'parquet')
    expect(rows.map((row) => row['dec'])).toEqual([0, 1.5, 3, 4.5, 6, 7.5, 9, 10.5, 12, 13.5])
    expect(made.distance).toBe('redshift')
    expect(made.columns.map((column) => column.name)).toEqual([
      'name',
      'ra',
      'dec',
      'distance',
      'redshift',
      'z',
    ])
    expect(rows[4]!['distance']).toBeCloseTo(luminosityDistanceMpc(0.05), 6)
    await rm(file)
  })

  it('reads GLADE+ by its layout: no header, null for nothing, masses in 10¹⁰ solar masses', async () => {
    const row = (n: number, over: Record<number, string> = {}): string =>
      Array.from({ length: 40 }, (_, i) => over[i + 1] ?? (i === 0 ? String(n) : 'null')).join(' ')
    const text = [
      row(1, {
        2: '43495',
        3: 'NGC4736',
        8: 'G',
        9: '192.723',
        10: '41.1194',
        11: '8.5',
        28: '0.001',
        33: '4.39',
        36: '3.1',
      }),
      row(2, { 5: '12345678+1234567', 8: 'G', 9: '188.5', 10: '-12.5', 29: '0.02', 19: '11.25' }),
      row(3, { 7: '001111.11+000000.1', 8: 'Q', 9: '2.75', 10: '0.5', 28: 'null' }),
      row(4, { 2: '99', 8: 'G', 9: 'null', 10: '0.5' }),
    ].join('\n')
    const { made, rows } = await importBytes(`${text}\n`, 'txt')
    expect(made).toMatchObject({
      preset: 'gladeplus',
      title: 'GLADE+',
      rows: 3,
      withoutPosition: 1,
      distance: 'file, else redshift',
    })
    const byName = Object.fromEntries(rows.map((each) => [each['name'] as string, each]))
    expect(Object.keys(byName).toSorted()).toEqual(['001111.11+000000.1', '12345678+1234567', 'NGC4736'])
    expect(byName['NGC4736']).toMatchObject({ distance: 4.39, mag_b: 8.5, mass: 3.1e10, redshift: 0.001 })
    expect(byName['12345678+1234567']!['distance']).toBeCloseTo(luminosityDistanceMpc(0.02), 6)
    expect(byName['001111.11+000000.1']!['distance']).toBeNull()
  })

  it('reads text in columns with any number of blanks, and names in a comment', async () => {
    const { rows, made } = await importBytes(
      '# name  ra   dec  cz\nA   10.5   -3   3000\nBC  359.9   +4   null\n',
      'dat',
      {
        map: { redshift: { columns: ['cz'], unit: 'km/s' } },
      },
    )
    expect(rows[0]).toMatchObject({ name: 'A', ra: 10.5, dec: -3 })
    expect(rows[0]!['redshift']).toBeCloseTo(0.010007, 6)
    expect(made.rows).toBe(2)
  })

  it('reads sexagesimal positions, logarithms of masses, distance moduli, columns by number, RA outside 0–360', async () => {
    const first = await importBytes(
      'name,ra,dec,m,mu\nA,12:30:00,-10 30 00,10.5,30\nB,00h00m36s,+00d30m00s,9,35\n',
      'csv',
      {
        map: {
          mass: { columns: ['m'], unit: 'log(solMass)' },
          distance: { columns: ['mu'], unit: 'mag' },
        },
      },
    )
    expect(first.rows.map((row) => [row['ra'], row['dec']])).toEqual([
      [187.5, -10.5],
      [0.15, 0.5],
    ])
    expect(first.rows[0]!['mass']).toBeCloseTo(10 ** 10.5, -3)
    expect(first.rows[0]!['distance']).toBeCloseTo(10, 9)
    const second = await importBytes('1 -10 20\n2 370 -20\n', 'txt', {
      map: { name: { columns: ['1'] }, ra: { columns: ['2'] }, dec: { columns: ['3'] } },
    })
    expect(second.rows.map((row) => row['ra'])).toEqual([350, 10])
  })

  it('makes text of a column that turns out to be none, and says so', async () => {
    const lines = Array.from(
      { length: 150_000 },
      (_, i) => `${i % 360},${(i % 180) - 90},${i === 149_000 ? 'none known' : i}`,
    )
    const { made, lines: log } = await importBytes(`ra,dec,count\n${lines.join('\n')}\n`, 'csv')
    expect(made.rows).toBe(150_000)
    expect(made.columns.find((column) => column.name === 'count')!.type).toBe('string')
    expect(log.join('\n')).toContain('count is read as text')
  })
})

describe('refusing', () => {
  it.each([
    ['an empty file', '', 'csv', {}, /is empty/],
    ['HDF5', '\x89HDF\r\n\x1a\n', 'hdf5', {}, /HDF5.*to_parquet/],
    ['no position', 'a,b\n1,2\n', 'csv', {}, /No column for ra.*--map ra=COLUMN/],
    [
      'a column that is not there',
      'ra,dec\n1,2\n',
      'csv',
      { map: { mass: { columns: ['m'] } } },
      /no column "m", wanted for mass/,
    ],
    [
      'a unit that is none of its part',
      'ra,dec,d\n1,2,3\n',
      'csv',
      { map: { distance: { columns: ['d'], unit: 's' } } },
      /distance cannot be had/,
    ],
    [
      'a word where a number is',
      `ra,dec\n${'1,2\n'.repeat(5)}1,two\n`,
      'csv',
      {},
      /Line 7, column dec.*"two"/,
    ],
    [
      'a line too short',
      `name ra  dec\nA  1  2\nB  1  2\nC  5\n`,
      'txt',
      {},
      /Line 4: 2 fields where there should be 3/,
    ],
    ['a word in columns', `name ra  dec\nA  1  2\nB  1  x2\n`, 'txt', {}, /Line 3: column dec holds "x2"/],
    [
      'no row with a position',
      'ra,dec\nnull,null\nnull,null\n',
      'csv',
      { map: { ra: { columns: ['ra'] } } },
      /None of the 2 rows/,
    ],
    ['a preset that it is not', 'ra,dec\n1,2\n', 'csv', { preset: 'nedlvs' }, /not laid out as NED/],
    [
      'a FITS file without a table',
      new Uint8Array(writeFitsTable(sample(2)).slice(0, 2880)),
      'fits',
      {},
      /table/,
    ],
  ])('%s, in one sentence, and leaves nothing', async (_, bytes, ending, options, sentence) => {
    await expect(
      importBytes(
        typeof bytes === 'string' && bytes.startsWith('\x89') ? Buffer.from(bytes, 'latin1') : bytes,
        ending,
        options,
      ),
    ).rejects.toThrow(sentence)
    const left = await readdir(folder)
    expect(left).not.toContain(`cat${count}`)
    expect(left.filter((name) => name.startsWith('.import'))).toEqual([])
  })

  it('stops when it is cancelled, and leaves nothing', async () => {
    const abort = new AbortController()
    const file = join(home, 'long.csv')
    await writeFile(
      file,
      `ra,dec\n${Array.from({ length: 200_000 }, (_, i) => `${i % 360},${(i % 181) - 90}`).join('\n')}\n`,
    )
    const running = importCatalogue(file, ImportOptions.parse({ name: 'long' }), 1, {
      folder,
      temporary: join(home, 'tmp'),
      id: 'long',
      signal: abort.signal,
      progress: (percent) => percent >= 50 && abort.abort(new Error('cancelled')),
      log: () => {},
      version: 'test',
      now: () => new Date(),
    })
    await expect(running).rejects.toThrow('cancelled')
    expect(await readdir(folder)).not.toContain('.import-long')
    expect(await readdir(folder)).not.toContain('long')
  })
})

it('cuts cells until none holds more than the threshold, and leaves out none', () => {
  const random = seededRandom(3)
  const all = new Map<number, number>()
  for (let i = 0; i < 20_000; i++) {
    const pixel = Math.floor(12 * 4 ** 8 * random.uniform() ** 3)
    all.set(pixel, (all.get(pixel) ?? 0) + 1)
  }
  const pixels = [...all.keys()].sort((a, b) => a - b)
  const found = partitionsOf(
    pixels,
    pixels.map((pixel) => all.get(pixel)!),
    100,
  )
  expect(found.reduce((sum, each) => sum + each.rows, 0)).toBe(20_000)
  let end = 0
  for (const { order, pixel, rows } of found) {
    expect(pixel * 4 ** (8 - order)).toBeGreaterThanOrEqual(end)
    end = (pixel + 1) * 4 ** (8 - order)
    if (order < 8) expect(rows).toBeLessThanOrEqual(100)
  }
})
