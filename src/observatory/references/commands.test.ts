import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Invocation } from '#platform/terminal/command.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { coneRanges } from '#science/sky/cover.ts'
import { contains, mocFromRanges } from '#science/sky/moc.ts'
import { mocToAscii } from '#science/sky/moc-formats.ts'
import { offsetBy, separation } from '#science/sky/vectors.ts'
import { readVotable } from '#science/table/votable.ts'
import { testPlatform } from '#test/platform.ts'
import { catalogueCommands } from './commands.ts'
import { room } from './module.ts'

const platform = await testPlatform({ rooms: [room] })
const work = await mkdtemp(join(tmpdir(), 'urania-catalogue-commands-'))
afterAll(() => rm(work, { recursive: true, force: true }))

async function run(line: string, flags: Invocation['flags'] = {}) {
  const words = line.split(' ')
  const command = catalogueCommands.find((c) => c.words.every((word, i) => words[i] === word))!
  const [lines, notes]: string[][] = [[], []]
  let document: unknown
  await command.run({
    args: words.slice(command.words.length),
    flags,
    json: flags['json'] === true,
    out: (text = '') => void lines!.push(text),
    note: (text: string) => void notes!.push(text),
    document: (value: unknown, human: () => void) => {
      document = value
      if (flags['json'] !== true) human()
    },
    signal: new AbortController().signal,
    progress: () => ({ update: () => {}, finish: () => {} }),
    platform: async () => platform,
  } as unknown as Invocation)
  return { text: lines!.join('\n'), notes: notes!.join('\n'), document }
}

const random = seededRandom(3)
const rows = Array.from({ length: 300 }, (_, i) => {
  const [ra, dec] = offsetBy(359.9, 10, 360 * random.uniform(), 5 * random.uniform())
  return { id: `G${i}`, ra, dec, kpc: 1000 * (10 + 90 * random.uniform()) }
})
const file = join(work, 'mine.csv')
const ids = (document: unknown): string[] =>
  (document as { items: { name: string }[] }).items.map((item) => item.name).toSorted()
const expected = (holds: (row: (typeof rows)[number]) => boolean): string[] =>
  rows
    .filter(holds)
    .map(({ id }) => id)
    .toSorted()

beforeAll(async () => {
  const lines = rows.map(({ id, ra, dec, kpc }) => `${id},${ra},${dec},${kpc}`)
  await writeFile(file, `id,RAJ2000,DEJ2000,d\n${lines.join('\n')}\n,,,5\n`)
  expect((await run('catalogues list')).text).toMatch(/^None yet.*catalogues import FILE --name NAME/)
  const { text, notes } = await run(`catalogues import ${file}`, {
    name: 'mine',
    title: 'Mine',
    licence: 'CC0',
    map: ['name=id', 'distance=d:kpc'],
  })
  expect(text).toMatch(/^Mine {2}\(mine, galaxy, version 1\)/)
  expect(text).toMatch(/^rows +300, and 1 in the file without a position/m)
  expect(notes).toMatch(/distance from d \(kpc\)/)
})

it('lists and shows what was imported', async () => {
  const list = await run('catalogues list')
  expect(list.text).toMatch(/mine +Mine +galaxy +300/)
  expect((list.document as { items: unknown[] }).items).toHaveLength(1)
  const { text, document } = await run('catalogues show mine')
  for (const part of [/^source +mine\.csv \(csv, \d+ bytes\), SHA-256 [0-9a-f]{64}/m, /^distance +d, kpc/m])
    expect(text).toMatch(part)
  expect(document).toMatchObject({
    name: 'mine',
    licence: 'CC0',
    withoutPosition: 1,
    importedBy: 'local operator',
  })
})

it('asks for rows in a cone, a box and a MOC, with conditions, sorted and cut', async () => {
  const json = true
  const cone = await run('catalogues query mine', { cone: '0,10,2', limit: '1000', json })
  expect(ids(cone.document)).toEqual(expected(({ ra, dec }) => separation(ra, dec, 0, 10) <= 2))
  const box = await run('catalogues query mine', { box: '359,1,9,11', limit: '1000', json })
  expect(ids(box.document)).toEqual(
    expected(({ ra, dec }) => (ra >= 359 || ra <= 1) && dec >= 9 && dec <= 11),
  )
  const moc = mocFromRanges(coneRanges(1, 11, 2, { order: 8 }), 8)
  const mocFile = join(work, 'region.txt')
  await writeFile(mocFile, mocToAscii(moc))
  const within = await run('catalogues query mine', { moc: mocFile, limit: '1000', json })
  expect(ids(within.document)).toEqual(expected(({ ra, dec }) => contains(moc, ra, dec)))
  expect(ids(within.document).length).toBeGreaterThan(10)
  const far = await run('catalogues query mine', {
    where: 'distance > 50',
    order: '-distance',
    limit: '3',
    columns: 'name,distance',
  })
  const farthest = rows.toSorted((a, b) => b.kpc - a.kpc).slice(0, 3)
  expect(far.text.split('\n')[0]).toMatch(/name +distance \(Mpc\)/)
  expect(
    far.text
      .split('\n')
      .slice(-3)
      .map((line) => line.trim().split(/\s+/)[0]),
  ).toEqual(farthest.map(({ id }) => id))
  expect(far.notes).toMatch(/^3 rows \(there are more\), from \d+ of \d+ files$/)
  expect(far.text).not.toContain('_healpix')
})

it('answers with no row where none lies', async () => {
  const { document, notes } = await run('catalogues query mine', { cone: '100,-60,1', json: true })
  expect(ids(document)).toEqual([])
  expect((await run('catalogues query mine', { where: 'distance < 0' })).notes).toMatch(/^0 rows/)
  expect(notes).toBe('')
})

it('writes files by their ending', async () => {
  const to = join(work, 'rows.vot')
  const { text } = await run('catalogues query mine', { to })
  expect(text).toMatch(/rows\.vot: 300 rows, from/)
  expect(readVotable(await readFile(to)).rows).toBe(300)
  const parquet = join(work, 'rows.parquet')
  await run('catalogues query mine', { to: parquet, cone: '0,10,1' })
  expect((await readFile(parquet)).subarray(0, 4).toString()).toBe('PAR1')
  const csv = await run('catalogues query mine', { format: 'csv', columns: 'name', limit: '2' })
  expect(csv.text.split('\n')).toHaveLength(3)
})

it.each([
  ['catalogues import', { name: 'x' }, /which file/],
  [`catalogues import ${file}`, {}, /--name NAME/],
  [`catalogues import ${file}`, { name: 'No Name' }, /--name: small letters/],
  [`catalogues import ${file}`, { name: 'x', map: ['nothing'] }, /maps nothing/],
  [`catalogues import ${file}`, { name: 'x', preset: 'glade9' }, /glade9/],
  [`catalogues import ${file}.none`, { name: 'x' }, /no file/],
  ['catalogues show mina', {}, /Did you mean mine\? There is mine; "urania catalogues import/],
  ['catalogues query mine', { cone: '1,2' }, /cone/i],
  ['catalogues query mine', { cone: '1,2,3', box: '1,2,3,4' }, /one region/],
  ['catalogues query mine', { where: 'dist < 3' }, /dist/],
  ['catalogues query mine', { limit: '0' }, /--limit/],
  ['catalogues query mine', { to: 'rows.xls' }, /not xls/],
  ['catalogues query mine', { moc: 'none.fits' }, /none\.fits/],
  ['catalogues remove none', {}, /no catalogue "none"/],
])('%s %j is refused with the remedy', async (line, flags, message) => {
  await expect(run(line, flags as Invocation['flags'])).rejects.toThrow(message)
})

it('removes one', async () => {
  await run(`catalogues import ${file}`, { name: 'other', map: ['name=id'] })
  expect((await run('catalogues remove other')).text).toBe('other is removed')
  expect((await run('catalogues list')).text).not.toContain('other')
  await expect(run('catalogues show other')).rejects.toThrow(/no catalogue "other"/)
})
