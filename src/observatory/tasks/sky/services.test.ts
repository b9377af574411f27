import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isProblem, type Problem } from '#problem.ts'
import { createColumns } from '#platform/columns/duckdb.ts'
import { createNet } from '#platform/net/client.ts'
import { tasksSection } from '#observatory/tasks/sections.ts'
import { atEnd } from '#test/platform.ts'
import { createSky, type SkySettings } from './create.ts'
import type { SkySources } from './sources.ts'

interface Asked {
  method: string
  path: string
  query: URLSearchParams
  body: string
}
interface Answer {
  status?: number
  body: string
}

const net = createNet()
atEnd(() => net.stop())

/** One server for all services, which answers as it is told, and the sky as the steps ask for it. */
async function skyWith(
  answer: (asked: Asked) => Answer,
  more: Partial<SkySettings> = {},
): Promise<{ sky: SkySources; asked: Asked[]; offline: () => Promise<SkySources> }> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://localhost')
      const one = { method: request.method ?? '', path: url.pathname, query: url.searchParams, body }
      asked.push({
        ...one,
        path: `${url.pathname}${url.pathname.startsWith('/sesame') ? decodeURIComponent(url.search) : ''}`,
      })
      const said = answer(one)
      response.writeHead(said.status ?? 200).end(said.body)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const folder = await mkdtemp(join(tmpdir(), 'urania-services-'))
  const columns = await createColumns({ folders: [folder], temporary: join(folder, 'temporary') })
  atEnd(async () => {
    await columns.stop()
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    await rm(folder, { recursive: true, force: true })
  })
  const defaults = Object.fromEntries(
    Object.entries(tasksSection.settings).map(([key, { schema }]) => [key, schema.parse(undefined)]),
  ) as unknown as SkySettings
  const make = (settings: Partial<SkySettings>): SkySources =>
    createSky({
      net,
      settings: {
        ...defaults,
        vizierUrl: `${base}/vizier`,
        sesameUrl: `${base}/sesame`,
        finkUrl: `${base}/fink`,
        skybotUrl: `${base}/skybot`,
        mpcUrl: `${base}/mpc`,
        ...more,
        ...settings,
      },
      cache: folder,
      columns,
      catalogues: () => Promise.resolve([]),
    })
  return { sky: make({}), asked, offline: () => Promise.resolve(make({ offline: true })) }
}

const lines: string[] = []
const options = { signal: new AbortController().signal, log: (line: string) => void lines.push(line) }
const refused = async (work: Promise<unknown>): Promise<Problem> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isProblem(error)) throw new Error(`No problem but ${String(error)}.`)
  return error
}

describe('SkyBoT', () => {
  const field = (id: string, name: string, type: string): string =>
    `<vot:FIELD ID="${id}" name="${name}" datatype="${type}"${type === 'char' ? ' arraysize="*"' : ''}/>`
  /** As the service answers: every tag with a prefix, sexagesimal columns, the degrees hidden. */
  const document = (rows: string): string =>
    `<?xml version="1.0" encoding="UTF-8" ?>\n<vot:VOTABLE version="1.3" xmlns:vot="http://www.ivoa.net/xml/VOTable/v1.3">
<vot:INFO ID="status" name="QUERY_STATUS" value="OK"/><vot:RESOURCE name="Skybot.ConeSearch"><vot:TABLE ID="SkybotConeSearch_results" nrows="1">
${field('num', 'Num', 'char')}${field('name', 'Name', 'char')}${field('ra', 'RA', 'char')}${field('de', 'DEC', 'char')}${field('magV', 'Mv', 'float')}${field('errpos', 'ErrPos', 'float')}${field('_raj2000', '_RAJ2000', 'double')}${field('_decj2000', '_DECJ2000', 'double')}
<vot:DATA><vot:TABLEDATA>${rows}</vot:TABLEDATA></vot:DATA></vot:TABLE></vot:RESOURCE></vot:VOTABLE>`
  const row = `<vot:TR><vot:TD>-</vot:TD><vot:TD>2014 UP224</vot:TD><vot:TD>05 25 5.8105</vot:TD><vot:TD>+04 31 3.866</vot:TD><vot:TD>22.1</vot:TD><vot:TD>0.070</vot:TD><vot:TD>81.274210256</vot:TD><vot:TD>4.51774062</vot:TD></vot:TR>`
  const cone = { ra: 81.2833, dec: -4.49278, radiusDeg: 0.2 }

  it('is asked by Julian date and degrees, read in degrees, and kept', async () => {
    const { sky, asked, offline } = await skyWith(() => ({ body: document(row) }))
    const found = await sky.movers(cone, 60_677, options)
    expect(found).toEqual({
      from: 'SkyBoT',
      movers: [
        {
          name: '2014 UP224',
          ra: expect.closeTo(81.274210256, 8) as number,
          dec: expect.closeTo(4.51774062, 8) as number,
          mag: expect.closeTo(22.1, 5) as number,
          errorArcsec: expect.closeTo(0.07, 5) as number,
        },
      ],
    })
    const [{ method, query }] = asked as [Asked]
    expect(method).toBe('GET')
    expect(Object.fromEntries(query)).toMatchObject({
      '-ep': '2460677.500000',
      '-ra': '81.283300',
      '-dec': '-4.492780',
      '-rd': '0.20000',
      '-mime': 'votable',
      '-loc': '500',
      '-refsys': 'EQJ2000',
    })
    expect(await (await offline()).movers(cone, 60_677, options)).toEqual(found)
    expect(asked).toHaveLength(1)
  })

  it('that knows nothing there is an empty sky', async () => {
    const { sky } = await skyWith(() => ({
      body: '<vot:VOTABLE><vot:INFO name="QUERY_STATUS" value="ERROR">No solar system object was found in the requested FOV</vot:INFO></vot:VOTABLE>',
    }))
    expect(await sky.movers(cone, 60_677, options)).toEqual({ from: 'SkyBoT', movers: [] })
  })

  it.each([
    ['a failure', { status: 500, body: '' }],
    [
      'an error',
      {
        body: '<vot:VOTABLE><vot:INFO name="QUERY_STATUS" value="ERROR">Ephemerides not yet computed</vot:INFO></vot:VOTABLE>',
      },
    ],
    ['a page', { body: '<html>Maintenance</html>' }],
    ['nothing', { body: '' }],
  ])('with %s leaves the question to the Minor Planet Center', async (_, skybot) => {
    const { sky, asked } = await skyWith(({ path }) =>
      path === '/skybot'
        ? skybot
        : {
            // As MPChecker answers, with a comet that has no magnitude.
            body: `<html>\n<body>\n<h1>MPChecker</h1>\nThe following objects, brighter than <i>V</i> = 25, were found in the  12.0-arcminute region around R.A. = 05 25 08.0, Decl. = -04 29 34 (J2000.0) on 2025 01 02.00 UT:\n <pre>
 Object designation         R.A.      Decl.     V       Offsets     Motion/hr   Orbit  <a href="https://www.minorplanetcenter.net/iau/info/FurtherObs.html">Further observations?</a>
                           h  m  s     &#176;  '  "        R.A.   Decl.  R.A.  Decl.        Comment (Elong/Decl/V at date 1)

   (208) Lacrimosa       23 56 01.9 -00 31 36  14.8  59.5W  31.6S    54+    24+   71o  None needed at this time.
    P/2011 S1 (Gibbs)    23 59 03.8 +01 28 26        14.1W  88.4N    22+     9+  cmt   (r =   7.35 AU)
         2008 HM2        22 17 34.1 -20 05 11  20.9  10.4W  18.2N    17-    10-    6o  None needed.
 </pre>\n<p><hr><p>\nNumber of objects checked =  819915`,
          },
    )
    const { movers, from } = await sky.movers(cone, 60_677.25, options)
    expect(from).toBe('the Minor Planet Center')
    expect(
      movers.map(({ name, ra, dec, mag }) => [name, Number(ra.toFixed(5)), Number(dec.toFixed(5)), mag]),
    ).toEqual([
      ['(208) Lacrimosa', 359.00792, -0.52667, 14.8],
      ['P/2011 S1 (Gibbs)', 359.76583, 1.47389, null],
      ['2008 HM2', 334.39208, -20.08639, 20.9],
    ])
    const { method, body } = asked.at(-1)!
    expect(method).toBe('POST')
    expect(Object.fromEntries(new URLSearchParams(body))).toMatchObject({
      year: '2025',
      month: '01',
      day: '02.25000',
      which: 'pos',
      ra: '05 25 07.99',
      decl: '-04 29 34.0',
      radius: '12',
      oc: '500',
      type: 'p',
    })
    expect(lines.at(-1)).toMatch(/^SkyBoT gave no answer .*Asking the Minor Planet Center/)
  })

  it('and the Minor Planet Center both silent are a failure that names both, no empty sky', async () => {
    const { sky } = await skyWith(({ path }) =>
      path === '/skybot'
        ? { status: 503, body: '' }
        : { body: '<html>Error from WebCS Script: Invalid data</html>' },
    )
    const { message } = await refused(sky.movers(cone, 60_677, options))
    expect(message).toMatch(/\/skybot answered 503\..*MPChecker did not answer with a list.*Invalid data/)
    const none = await skyWith(({ path }) =>
      path === '/skybot'
        ? { status: 503, body: '' }
        : { body: '<html>No known minor planets, brighter than <i>V</i> = 25.0, were found</html>' },
    )
    expect((await none.sky.movers(cone, 60_677, options)).movers).toEqual([])
  })

  it('is not asked for more sky than it answers for', async () => {
    const { sky, asked } = await skyWith(() => ({ body: '' }))
    expect((await refused(sky.movers({ ...cone, radiusDeg: 12 }, 60_677, options))).message).toMatch(
      /10° at most.*300′ at most/,
    )
    expect(asked).toEqual([])
  })
})

describe('VizieR', () => {
  const document = (rows: string, info = ''): string =>
    `<?xml version="1.0"?><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE ID="yCat_2349" name="II/349"><TABLE ID="II_349_ps1" name="II/349/ps1"><FIELD name="RAJ2000" ucd="pos.eq.ra" datatype="double" unit="deg"/><FIELD name="DEJ2000" datatype="double" unit="deg"/><FIELD name="rmag" datatype="float" unit="mag"/><DATA><TABLEDATA>${rows}</TABLEDATA></DATA></TABLE>${info}</RESOURCE></VOTABLE>`
  const cone = { ra: 150.0012, dec: -2.2013, radiusDeg: 0.2 }
  const stars = { ...options, limit: 20, mjd: null }

  it('is asked for a cone that frames of the field share, with the limit on the depth column; empty is no failure', async () => {
    const { sky, asked, offline } = await skyWith(() => ({
      body: document('<TR><TD>150</TD><TD>-2.2</TD><TD>17.5</TD></TR>'),
    }))
    const { table, from } = await sky.stars('Pan-STARRS1', cone, stars)
    expect(from).toBe('II/349/ps1 of VizieR')
    expect(table.rows).toBe(1)
    const [{ query }] = asked as [Asked]
    const [ra, dec] = (query.get('-c') ?? '').split(' ').map(Number)
    expect(Object.fromEntries(query)).toMatchObject({
      '-source': 'II/349/ps1',
      '-c.eq': 'J2000',
      rmag: '<20',
      '-out.all': '1',
    })
    const shift = Math.hypot(ra! - cone.ra, dec! - cone.dec)
    expect(Number(query.get('-c.rd'))).toBeGreaterThan(cone.radiusDeg + shift)
    // Another frame of the field, a little beside.
    await (await offline()).stars('ps1', { ra: 150.0016, dec: -2.2017, radiusDeg: 0.2003 }, stars)
    expect(asked).toHaveLength(1)
    const empty = await skyWith(() => ({
      body: '<?xml version="1.0"?><VOTABLE version="1.4"><INFO ID="Ref" name="-ref" value="VIZ"/></VOTABLE>',
    }))
    expect((await empty.sky.stars('ps1', cone, stars)).table.rows).toBe(0)
  })

  it.each([
    ['a failure', { status: 500, body: '' }, /answered 500.*urania catalogues import FILE --name ps1/],
    [
      'an error',
      {
        body: '<VOTABLE><INFO ID="Errors" value="****unknown catalogue">****No Catalogue found</INFO></VOTABLE>',
      },
      /VizieR refused.*No Catalogue found/,
    ],
    ['a page', { body: '<html>Bad gateway</html>' }, /did not answer with a table/],
    [
      'more rows than it gives',
      { body: document('', '<INFO name="QUERY_STATUS" value="OVERFLOW"/>') },
      /more than 500,000 rows.*cat_limit/,
    ],
    ['half a table', { body: document('').slice(0, 250) }, /ends in the middle; try again later/],
  ])('with %s ends in a sentence and is not kept', async (_, answer, sentence) => {
    let now: Answer = answer
    const { sky } = await skyWith(() => now)
    expect((await refused(sky.stars('ps1', cone, stars))).message).toMatch(sentence)
    now = { body: document('') }
    expect((await sky.stars('ps1', cone, stars)).table.rows).toBe(0)
  })

  it('is not asked offline, which is said with what to do', async () => {
    const { asked, offline } = await skyWith(() => ({ body: document('') }))
    expect((await refused((await offline()).stars('ps1', cone, stars))).message).toMatch(
      /set to be offline.*catalogues import/,
    )
    expect(asked).toEqual([])
  })
})

describe('names', () => {
  const known = (name: string, ra: number): string =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<Sesame xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Target option="SNV"><name>${name}</name><Resolver name="S=Simbad (CDS, via client/server)"><otype>AGN</otype><jradeg>${ra}</jradeg><jdedeg>+41.26875</jdedeg></Resolver></Target></Sesame>`
  const unknown =
    '<?xml version="1.0"?><Sesame><Target option="SNV"><name>x</name><INFO>*** Nothing found ***</INFO></Target></Sesame>'

  it('come from SIMBAD, NED and VizieR by Sesame, and are kept', async () => {
    const { sky, asked, offline } = await skyWith(() => ({ body: known('M 31', 10.684708) }))
    const found = await sky.resolve('M 31', options)
    expect(found).toEqual({ name: 'M 31', ra: 10.684708, dec: 41.26875, by: 'Sesame (Simbad)' })
    expect(asked.map(({ path }) => path)).toEqual(['/sesame/-ox/SNV?M 31'])
    expect(await (await offline()).resolve('M 31', options)).toEqual(found)
  })

  it('of the TNS come from Fink: the very name, not one that begins alike; what is unknown today is asked again', async () => {
    let rows = [{ 'd:fullname': 'SN 2026abcd', 'd:ra': 1, 'd:declination': 2 }]
    const { sky, asked } = await skyWith(({ path }) =>
      path.startsWith('/sesame') ? { body: unknown } : { body: JSON.stringify(rows) },
    )
    expect(await sky.resolve('AT2026abc', options)).toBeNull()
    rows = [...rows, { 'd:fullname': 'AT 2026abc', 'd:ra': 150.5, 'd:declination': -2.5 }]
    expect(await sky.resolve('AT2026abc', options)).toEqual({
      name: 'AT2026abc',
      ra: 150.5,
      dec: -2.5,
      by: 'TNS (Fink)',
    })
    expect(JSON.parse(asked.at(-1)!.body)).toMatchObject({ resolver: 'tns', name: 'AT 2026abc' })
  })

  it('that nobody could be asked for are a failure, not unknown', async () => {
    for (const answer of [{ status: 503, body: '' }, { body: '<html>Proxy login</html>' }]) {
      const { sky } = await skyWith(() => answer)
      expect((await refused(sky.resolve('M 31', options))).message).toMatch(
        /coordinates instead of a name\.$/,
      )
    }
    const half = await skyWith(({ path }) =>
      path.startsWith('/sesame') ? { status: 503, body: '' } : { body: '[]' },
    )
    expect((await refused(half.sky.resolve('M 31', options))).code).toBe('net.status')
  })
})
