import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeVotable } from '#science/table/votable-write.ts'
import { tableOf, type ColumnInput } from '#science/table/table.ts'
import { separation } from '#science/sky/vectors.ts'
import { atEnd } from './platform.ts'

/** A star of the fake VizieR: magnitudes of Pan-STARRS bands. */
export interface FakeStar {
  ra: number
  dec: number
  g: number
  r: number
  i: number
}

export interface SkyServices {
  /** Settings that point a platform here. */
  env: Record<string, string>
  /** What was asked, in order: "vizier II/349/ps1 …". */
  asked: string[]
  /** What was asked wrongly. */
  faults: string[]
  /** Answers 503 while true. */
  down: boolean
}

/** The services of astronomy on loopback: VizieR with these stars, Sesame with these names, SkyBoT with these planets. They check what they are sent. */
export async function startSkyServices(sky: {
  stars: readonly FakeStar[]
  names?: Readonly<Record<string, readonly [number, number]>>
  movers?: readonly { name: string; ra: number; dec: number; mag: number }[]
}): Promise<SkyServices> {
  const state: SkyServices = { env: {}, asked: [], faults: [], down: false }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    state.asked.push(`${url.pathname} ${decodeURIComponent(url.search)}`)
    if (state.down) {
      response.writeHead(503).end()
      return
    }
    const send = (type: string, body: string | Uint8Array): void =>
      void response.writeHead(200, { 'content-type': type }).end(body)
    if (url.pathname === '/vizier') send('text/xml', vizier(url.searchParams))
    else if (url.pathname.startsWith('/sesame/-ox'))
      send('text/xml', sesame(decodeURIComponent(url.search.slice(1))))
    else if (url.pathname === '/fink/api/v1/resolver') send('application/json', '[]')
    else if (url.pathname === '/skybot') send('text/xml', skybot(url.searchParams))
    // No survey has been here.
    else if (url.pathname === '/hips2fits') response.writeHead(404).end()
    else {
      state.faults.push(`unknown address ${url.pathname}`)
      response.writeHead(404).end()
    }
  })

  function vizier(query: URLSearchParams): Uint8Array {
    const source = query.get('-source')
    const [ra, dec] = (query.get('-c') ?? '').trim().split(/\s+/).map(Number)
    const radius = Number(query.get('-c.rd'))
    if (source !== 'II/349/ps1') state.faults.push(`source ${source ?? 'none'}`)
    if (ra === undefined || dec === undefined || !Number.isFinite(ra + dec + radius) || radius <= 0)
      state.faults.push(`cone ${query.get('-c')} ${query.get('-c.rd')}`)
    const limit = /^<([\d.]+)$/.exec(query.get('rmag') ?? '')?.[1]
    if (limit === undefined) state.faults.push('no limit of rmag')
    const found = sky.stars.filter(
      (star) => separation(ra!, dec!, star.ra, star.dec) <= radius && star.r < Number(limit ?? 99),
    )
    const f = (name: string, pick: (star: FakeStar) => number, unit: string): ColumnInput => ({
      name,
      unit,
      values: Float64Array.from(found, pick),
    })
    return writeVotable(
      tableOf({
        columns: [
          f('RAJ2000', (star) => star.ra, 'deg'),
          f('DEJ2000', (star) => star.dec, 'deg'),
          f('gmag', (star) => star.g, 'mag'),
          f('e_gmag', () => 0.005, 'mag'),
          f('rmag', (star) => star.r, 'mag'),
          f('e_rmag', () => 0.005, 'mag'),
          f('imag', (star) => star.i, 'mag'),
          f('e_imag', () => 0.005, 'mag'),
          f('zmag', (star) => star.i - 0.1, 'mag'),
          f('e_zmag', () => 0.005, 'mag'),
        ],
      }),
    )
  }

  function sesame(name: string): string {
    const place = sky.names?.[name]
    const answer = place
      ? `<Resolver name="S=Simbad"><jradeg>${place[0]}</jradeg><jdedeg>${place[1]}</jdedeg></Resolver>`
      : '<INFO>Zero (0) answers</INFO>'
    return `<?xml version="1.0"?><Sesame><Target><name>${name}</name>${answer}</Target></Sesame>`
  }

  function skybot(query: URLSearchParams): Uint8Array {
    for (const key of ['-ep', '-ra', '-dec', '-rd', '-loc', '-from', '-mime'])
      if (!query.has(key)) state.faults.push(`skybot without ${key}`)
    const epoch = Number(query.get('-ep'))
    if (!(epoch > 2.4e6 && epoch < 2.6e6)) state.faults.push(`skybot at ${epoch}`)
    const found = sky.movers ?? []
    return writeVotable(
      tableOf({
        columns: [
          { name: 'Name', values: found.map(({ name }) => name) },
          { name: 'RA', unit: 'deg', values: Float64Array.from(found, ({ ra }) => ra) },
          { name: 'DEC', unit: 'deg', values: Float64Array.from(found, ({ dec }) => dec) },
          { name: 'Mv', unit: 'mag', values: Float64Array.from(found, ({ mag }) => mag) },
        ],
      }),
    )
  }

  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  state.env = {
    URANIA_TASKS_VIZIER_URL: `${base}/vizier`,
    URANIA_TASKS_SESAME_URL: `${base}/sesame`,
    URANIA_TASKS_FINK_URL: `${base}/fink`,
    URANIA_TASKS_SKYBOT_URL: `${base}/skybot`,
    URANIA_TASKS_HIPS_URLS: `${base}/hips2fits`,
  }
  atEnd(async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  })
  return state
}
