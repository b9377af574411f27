import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import { localOperator } from '#observatory/people/actor.ts'
import { alertBench } from '#test/alerts.ts'
import type { EventDetail } from './event.ts'
import { fetchSuperevent } from './gracedb.ts'

const alert = (id: string, type: string, far: number) =>
  JSON.stringify({
    alert_type: type,
    time_created: `2026-04-0${['PRELIMINARY', 'INITIAL', 'UPDATE'].indexOf(type) + 1}T00:00:00Z`,
    superevent_id: id,
    urls: {},
    event: { significant: true, time: '2026-04-01T00:00:00Z', far, instruments: ['H1'], group: 'CBC', pipeline: 'gstlal', search: 'AllSky', properties: {}, classification: { BBH: 1 }, duration: null, central_frequency: null, skymap: null },
    external_coinc: null,
  }) // prettier-ignore

/** What a GraceDB on loopback answers, by path. */
const pages: Record<string, string> = {
  'superevents/S260401a/files/': JSON.stringify({
    'S260401a-preliminary.json': 'x',
    'S260401a-preliminary.json,0': 'x',
    'S260401a-preliminary.json,1': 'x',
    'S260401a-1-Preliminary.xml,0': 'x',
    'S260401a-initial.json,0': 'x',
    'bayestar.multiorder.fits,0': 'x',
  }),
  'superevents/S260401a/files/S260401a-preliminary.json,0': alert('S260401a', 'PRELIMINARY', 1e-9),
  'superevents/S260401a/files/S260401a-preliminary.json,1': alert('S260401a', 'PRELIMINARY', 1e-10),
  'superevents/S260401a/files/S260401a-initial.json,0': alert('S260401a', 'INITIAL', 1e-11),
  'superevents/S260401b/files/': JSON.stringify({ 'p_astro.json': 'x', 'em_bright.json': 'x' }),
  'superevents/S260401b/files/p_astro.json': JSON.stringify({ BNS: 0.97, Terrestrial: 0.03 }),
  'superevents/S260401b/files/em_bright.json': JSON.stringify({ HasNS: 1, HasRemnant: 0.9 }),
  'superevents/S260401b/': JSON.stringify({
    superevent_id: 'S260401b',
    t_0: 1459123218.5,
    far: 2e-12,
    labels: ['ADVOK', 'SIGNIF_LOCKED'],
    preferred_event_data: { group: 'CBC', pipeline: 'pycbc', search: 'AllSky', instruments: 'H1,L1' },
  }),
}
const server = createServer((req, res) => {
  const page = pages[decodeURIComponent(req.url!.slice('/api/'.length))]
  if (page === undefined) res.writeHead(404).end('{}')
  else res.end(page)
})
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
afterAll(() => void server.close())
const gracedb = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`
const bench = await alertBench({ env: { URANIA_ALERTS_GRACEDB_URL: gracedb } })

it('takes in every version of every alert that is missing, once', async () => {
  const first = await fetchSuperevent(bench.platform, localOperator, 'S260401a')
  expect(first.reconstructed).toBe(false)
  expect(first.receipts.map((r) => [r.file, r.duplicate])).toEqual([
    ['S260401a-initial.json,0', false],
    ['S260401a-preliminary.json,0', false],
    ['S260401a-preliminary.json,1', false],
  ])
  const again = await fetchSuperevent(bench.platform, localOperator, 'S260401a')
  expect(again.receipts.every((r) => r.duplicate)).toBe(true)
  await bench.settled()
  const event = await bench.json<EventDetail>('/events/S260401a')
  expect(event).toMatchObject({ noticeCount: 3, farHz: 1e-11, latestType: 'initial' })
})

it('puts a notice together from the record where no alert is kept', async () => {
  const fetched = await fetchSuperevent(bench.platform, localOperator, 'S260401b')
  expect(fetched).toMatchObject({ reconstructed: true })
  await bench.settled()
  const event = await bench.json<EventDetail>('/events/S260401b')
  expect(event).toMatchObject({
    // 1459123218.5 s of GPS time are 18 leap seconds ahead of UTC.
    eventTime: '2026-04-02T00:00:00.500Z',
    significant: true,
    classification: { BNS: 0.97, Terrestrial: 0.03 },
    properties: { HasNS: 1, HasRemnant: 0.9 },
    instruments: ['H1', 'L1'],
  })
  expect(event.notices[0]!.unknownFields).toMatchObject({ reconstructed_from: 'GraceDB record' })
})

it('says what is missing', async () => {
  await expect(fetchSuperevent(bench.platform, localOperator, 'S260401c')).rejects.toThrow(/404/)
  await expect(fetchSuperevent(bench.platform, localOperator, 'nonsense')).rejects.toThrow(/no superevent/)
})
