import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testApi } from '#test/api.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { coneRanges } from '#science/sky/cover.ts'
import { areaDeg2, contains, mocFromRanges } from '#science/sky/moc.ts'
import { mocFromFits } from '#science/sky/moc-fits.ts'
import { mocToAscii } from '#science/sky/moc-formats.ts'
import { separation } from '#science/sky/vectors.ts'
import { readEcsv } from '#science/table/ecsv.ts'
import { readVotable } from '#science/table/votable.ts'
import { system } from '#observatory/people/actor.ts'
import { room } from './module.ts'
import { galaxiesIn } from './service.ts'

const { platform, person, request, home } = await testApi({ rooms: [room], work: true })
const work = await mkdtemp(join(tmpdir(), 'urania-references-'))
afterAll(() => rm(work, { recursive: true, force: true }))
const operator = await person('operator')
const viewer = await person('viewer')

// Rows crowd around the poles, RA 0 and one cluster, so that cells are cut and edges are met.
const random = seededRandom(11)
const rows = Array.from({ length: 20_000 }, (_, i) => {
  const place = random.integer(10)
  const anywhere = (Math.asin(2 * random.uniform() - 1) * 180) / Math.PI
  const dec = place === 0 ? 90 - 2 * random.uniform() ** 2 : place === 1 ? random.uniform() - 90 : anywhere
  const ra = place === 2 ? (360 + random.normal()) % 360 : 360 * random.uniform()
  const mag = 12 + 6 * random.uniform()
  if (place === 3) return { i, mag, ra: 120 + random.normal(), dec: 33 + random.normal() }
  return { i, mag, ra, dec }
})
const csv = `name,ra,dec,distance [Mpc],mag_b [mag],note\n${rows
  .map(
    ({ ra, dec, i, mag }) =>
      `G${i},${ra},${dec},${i % 7 === 0 ? '' : 10 + (i % 500)},${mag},${i % 3 === 0 ? '' : '"a, b"'}`,
  )
  .join('\n')}\nnowhere,,,5,13,\n`

async function upload(who: typeof viewer, query: string, body: string) {
  const response = await request(`/api/v1/catalogues?${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${who.token}`, 'content-type': 'application/octet-stream' },
    body,
  })
  return {
    status: response.status,
    body: (await response.json()) as { jobId?: string; code?: string; detail?: string },
  }
}

interface Rows {
  items: Record<string, unknown>[]
  truncated: boolean
  filesRead: number
  files: number
}
async function asked(question: string): Promise<Rows> {
  const response = await viewer.get(`/api/v1/catalogues/crowd/query?limit=100000&columns=name&${question}`)
  expect(response.status).toBe(200)
  return (await response.json()) as Rows
}
const named = ({ items }: Rows): string[] => items.map((item) => String(item['name'])).toSorted()
const expected = (holds: (row: (typeof rows)[number]) => boolean): string[] =>
  rows
    .filter(holds)
    .map(({ i }) => `G${i}`)
    .toSorted()

beforeAll(async () => {
  const { status, body } = await upload(
    operator,
    'name=crowd&file=crowd.csv&title=A%20crowd&licence=CC0',
    csv,
  )
  expect(status).toBe(202)
  await platform.jobs.idle(['references.import'])
  const job = await platform.jobs.get(body.jobId!)
  expect(job?.problem ?? null).toBeNull()
  expect(job?.result).toMatchObject({ catalogue: 'crowd', version: 1, rows: 20_000, withoutPosition: 1 })
})

describe('a catalogue', () => {
  it('is shown with its columns, where it comes from and what it covers', async () => {
    const list = (await (await viewer.get('/api/v1/catalogues')).json()) as { items: { name: string }[] }
    expect(list.items.map((each) => each.name)).toEqual(['crowd'])
    const one = (await (await viewer.get('/api/v1/catalogues/crowd')).json()) as Record<string, never>
    expect(one).toMatchObject({
      title: 'A crowd',
      kind: 'galaxy',
      rows: 20_000,
      withoutPosition: 1,
      source: { file: 'crowd.csv', format: 'csv', bytes: Buffer.byteLength(csv) },
      licence: 'CC0',
      importedBy: 'operator',
      distance: 'file',
    })
    const moc = mocFromFits(
      new Uint8Array(await (await viewer.get('/api/v1/catalogues/crowd/coverage.fits')).arrayBuffer()),
    )
    expect(rows.every(({ ra, dec }) => contains(moc, ra, dec))).toBe(true)
    expect(areaDeg2(moc)).toBeCloseTo((one['coverage'] as { areaDeg2: number }).areaDeg2, 6)
    expect(await readdir(join(home, 'catalogues', '.incoming'))).toEqual([])
  })

  it.each([
    [120, 33, 0.5],
    [0, 90, 1],
    [77, -90, 0.3],
    [359.9, 2, 2.5],
    [10, 89.2, 1.5],
    [200, 0, 100],
    [rows[5]!.ra, rows[5]!.dec, 1e-6],
  ])('a cone about %f %f of %f° holds exactly the rows within it', async (ra, dec, radius) => {
    const found = await asked(`cone=${ra},${dec},${radius}`)
    expect(named(found)).toEqual(expected((row) => separation(row.ra, row.dec, ra, dec) <= radius))
    expect(found.items.length).toBeGreaterThan(0)
  })

  it.each([
    [350, 10, -20, 20],
    [0, 360, 88, 90],
    [100, 140, -90, -85],
    [119, 121, 32, 34],
  ])('a box from RA %d to %d, Dec %d to %d holds exactly the rows within it', async (a, b, south, north) => {
    const inRa = (ra: number): boolean => (b >= a ? ra >= a && ra <= b : ra >= a || ra <= b)
    const found = await asked(`box=${a},${b},${south},${north}`)
    expect(named(found)).toEqual(expected(({ ra, dec }) => inRa(ra) && dec >= south && dec <= north))
    expect(found.items.length).toBeGreaterThan(0)
  })

  it('a MOC of many cells holds exactly the rows within it, and few files are read', async () => {
    const moc = mocFromRanges(coneRanges(121, 33, 3, { order: 9 }), 9)
    const found = await asked(`moc=${encodeURIComponent(mocToAscii(moc))}`)
    expect(named(found)).toEqual(expected(({ ra, dec }) => contains(moc, ra, dec)))
    expect(found.items.length).toBeGreaterThan(100)
  })

  it('rows are chosen by conditions, sorted and cut', async () => {
    const response = await viewer.get(
      `/api/v1/catalogues/crowd/query?${new URLSearchParams({ where: 'distance < 100 and mag_b < 13 and note is not null', order: '-distance', limit: '5', columns: 'name,distance' })}`,
    )
    const { items, truncated } = (await response.json()) as Rows
    const best = rows.filter(({ i, mag }) => i % 7 !== 0 && 10 + (i % 500) < 100 && mag < 13 && i % 3 !== 0)
    expect(items.map((item) => item['distance'])).toEqual(
      best
        .map(({ i }) => 10 + (i % 500))
        .sort((a, b) => b - a)
        .slice(0, 5),
    )
    expect(truncated).toBe(true)
  })

  it('rows come in each format with their units', async () => {
    const get = async (format: string): Promise<Uint8Array> =>
      new Uint8Array(
        await (
          await viewer.get(`/api/v1/catalogues/crowd/query?cone=120,33,0.2&format=${format}`)
        ).arrayBuffer(),
      )
    const count = (await asked('cone=120,33,0.2')).items.length
    for (const table of [readEcsv(await get('ecsv')), readVotable(await get('votable'))]) {
      expect(table.rows).toBe(count)
      expect(table.columns.find((column) => column.name === 'distance')?.unit).toBe('Mpc')
    }
    expect(
      new TextDecoder()
        .decode(await get('csv'))
        .trim()
        .split('\n'),
    ).toHaveLength(count + 1)
    expect(new TextDecoder().decode((await get('parquet')).subarray(0, 4))).toBe('PAR1')
    expect(new TextDecoder().decode((await get('fits')).subarray(0, 6))).toBe('SIMPLE')
  })

  it('planning gets its galaxies in a region and a range of distances', async () => {
    const moc = mocFromRanges(coneRanges(120, 33, 2, { order: 8 }), 8)
    const found = await galaxiesIn(platform, system, 'crowd', moc.ranges, { distanceMpc: [50, 300] })
    const wanted = rows.filter(
      ({ i, ra, dec }) =>
        contains(moc, ra, dec) && i % 7 !== 0 && 10 + (i % 500) >= 50 && 10 + (i % 500) <= 300,
    )
    expect(found.names.toSorted()).toEqual(wanted.map(({ i }) => `G${i}`).toSorted())
    expect([...found.distanceMpc].every((each) => each >= 50 && each <= 300)).toBe(true)
    expect([...found.massSun].every(Number.isNaN)).toBe(true)
  })

  it('refuses what cannot be asked, in a sentence', async () => {
    const get = async (question: string) =>
      (await (await viewer.get(`/api/v1/catalogues/${question}`)).json()) as { code: string; detail: string }
    expect(await get('crowds')).toMatchObject({
      code: 'catalogue.unknown',
      detail: expect.stringMatching(/Did you mean crowd/),
    })
    expect((await get('crowd/query?cone=1,2')).code).toBe('catalogue.invalid')
    expect((await get('crowd/query?cone=1,2,3&box=1,2,3,4')).code).toBe('request.invalid')
    expect((await get(`crowd/query?where=${encodeURIComponent('magb < 3')}`)).detail).toMatch(/mag_b/)
    expect((await get('crowd/query?columns=nothing')).code).toBe('table.no_column')
  })

  it('only operators import and remove; a second import is the next version; a failed one leaves the first', async () => {
    expect((await upload(viewer, 'name=crowd&file=a.csv', csv)).body.code).toBe('access.forbidden')
    expect((await upload(operator, 'name=crowd&file=a.csv&map=foo', csv)).body.detail).toMatch(/maps nothing/)
    const bad = await upload(operator, 'name=crowd&file=a.csv', 'ra,dec\n1,2\n1,2\n1,2\n1,here\n')
    await platform.jobs.idle(['references.import'])
    expect((await platform.jobs.get(bad.body.jobId!))?.problem?.message).toMatch(/Line 5, column dec/)
    expect((await asked('cone=120,33,0.5')).items.length).toBeGreaterThan(0)
    await writeFile(join(work, 'x.csv'), csv)
    await upload(operator, 'name=crowd&file=x.csv', csv)
    await platform.jobs.idle(['references.import'])
    expect(await (await viewer.get('/api/v1/catalogues/crowd')).json()).toMatchObject({ version: 2 })
    expect(await readdir(join(home, 'catalogues', 'crowd'))).toEqual(['2'])
    expect((await viewer.send('DELETE', '/api/v1/catalogues/crowd')).status).toBe(403)
    expect((await operator.send('DELETE', '/api/v1/catalogues/crowd')).status).toBe(204)
    expect((await viewer.get('/api/v1/catalogues/crowd')).status).toBe(404)
    expect(await readdir(join(home, 'catalogues'))).not.toContain('crowd')
  })
})
