import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { listAudit } from '#observatory/people/audit-store.ts'
import { dataFile, testData } from '#test/data.ts'
import type { EventDetail, EventHistoryEntry, EventSummary } from './event.ts'
import type { NoticeDetail, NoticeReceipt, NoticeSummary } from './notice.ts'
import { expireTests } from './service.ts'
import { alertBench } from '#test/alerts.ts'

const bench = await alertBench()
const { take, json, request, platform } = bench
const file = (path: string) => new Uint8Array(readFileSync(dataFile('gw', ...path.split('/'))!))
const event = (name: string) => json<EventDetail>(`/events/${encodeURIComponent(name)}`)
const post = (path: string, body: unknown) =>
  json<EventDetail>(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })

/** A burst notice of the unified schema. */
const burst = (id: string, more: Record<string, unknown> = {}) => ({
  $schema: 'https://gcn.nasa.gov/schema/main/gcn/notices/svom/trigger.schema.json',
  instrument: 'ECLAIRs',
  alert_datetime: '2026-03-01T00:00:20Z',
  alert_type: 'initial',
  id: [id],
  trigger_time: '2026-03-01T00:00:00Z',
  ra: 10,
  dec: 20,
  ra_dec_error: 0.1,
  image_snr: 9,
  ...more,
})
const wave = (
  id: string,
  type: string,
  more: Record<string, unknown> = {},
  created = '2026-03-02T00:00:00Z',
) => ({
  alert_type: type,
  time_created: created,
  superevent_id: id,
  urls: { gracedb: `https://gracedb.ligo.org/superevents/${id}/view/` },
  event:
    type === 'RETRACTION'
      ? null
      : {
          significant: true,
          time: '2026-03-01T23:59:00Z',
          far: 1e-9,
          instruments: ['H1'],
          group: 'CBC',
          pipeline: 'gstlal',
          search: 'AllSky',
          properties: {},
          classification: { BNS: 0.9, Terrestrial: 0.1 },
          duration: null,
          central_frequency: null,
          skymap: null,
          ...more,
        },
  external_coinc: null,
})

describe('from bytes to an event', () => {
  it('keeps bytes and row, reads them, and changes nothing when they come again', async () => {
    const message = burst('sb26030101')
    const [first] = await take(message)
    const [again] = await take(message)
    expect(again).toEqual({ ...first, duplicate: true })
    const shown = await event('SB26030101')
    expect(shown).toMatchObject({
      name: 'sb26030101',
      kind: 'grb',
      status: 'active',
      noticeCount: 1,
      mission: 'SVOM',
    })
    expect(shown.place).toMatchObject({ state: 'ready', ra: 10, dec: 20, errorDeg: 0.1 })
    expect(shown.place.area90Deg2).toBeCloseTo(Math.PI * 0.01, 5)
    expect(shown.verdict).toMatchObject({ rules: 'urania', decision: 'GO', score: 2 })
    expect(shown.notices[0]).toMatchObject({ receptions: 2, state: 'parsed' })
    expect(shown.assessments.map((a) => a.rules).toSorted()).toEqual(['grandma', 'urania'])
    const bytes = await request(`/notices/${first!.id}/bytes`)
    expect(await bytes.json()).toEqual(message)
  })

  it('answers with an entity tag and 304', async () => {
    const first = await request('/events/sb26030101')
    const etag = first.headers.get('etag')!
    const again = await request('/events/sb26030101', { headers: { 'if-none-match': etag } })
    expect(again.status).toBe(304)
  })

  it('says what changed, in the order of the senders, whatever order they came in', async () => {
    const late = burst('sb26030102', {
      alert_type: 'update',
      alert_datetime: '2026-03-01T00:05:00Z',
      ra_dec_error: 0.01,
    })
    await take(late, burst('sb26030102'))
    const shown = await event('sb26030102')
    expect(shown.notices.map((n) => n.type)).toEqual(['initial', 'update'])
    expect(shown.notices[1]!.changes.map((c) => c.field)).toEqual([
      'type',
      'area90Deg2',
      'area50Deg2',
      'errorDeg',
    ])
    expect(shown.place.errorDeg).toBe(0.01)
    const one = await json<NoticeDetail>(`/notices/${shown.notices[1]!.id}`)
    expect(one.changes).toEqual(shown.notices[1]!.changes)
  })

  it('retracts, and revives when the senders think again', async () => {
    await take(wave('S260301a', 'PRELIMINARY'))
    await take(wave('S260301a', 'RETRACTION', {}, '2026-03-02T01:00:00Z'))
    const gone = await event('S260301a')
    expect(gone).toMatchObject({ status: 'retracted', latestType: 'retraction', noticeCount: 2 })
    expect(gone.verdict).toMatchObject({ decision: 'RETRACTED', score: 0 })
    await take(wave('S260301a', 'UPDATE', {}, '2026-03-02T02:00:00Z'))
    expect(await event('S260301a')).toMatchObject({ status: 'active' })
    const history = await json<{ items: EventHistoryEntry[] }>('/events/S260301a/history')
    expect(history.items.map((h) => h.what)).toEqual(['created', 'notice', 'retracted', 'notice', 'revived'])
  })

  it('records a retraction of something unknown without making an event, and applies it when the event comes', async () => {
    const [receipt] = await take(wave('S260301b', 'RETRACTION', {}, '2026-03-02T03:00:00Z'))
    expect((await request('/events/S260301b')).status).toBe(404)
    expect(await json<NoticeDetail>(`/notices/${receipt!.id}`)).toMatchObject({
      state: 'parsed',
      eventId: null,
    })
    await take(wave('S260301b', 'PRELIMINARY'))
    expect(await event('S260301b')).toMatchObject({ status: 'retracted', noticeCount: 2 })
  })

  it('attaches circulars by name, also before the event, and learns the name from them', async () => {
    const circular = {
      circularId: 44001,
      subject: 'GRB 260301C: Fermi GBM',
      body: 'The Fermi GBM triggered on GRB 260301C (trigger 790000001.5 / 260301123).',
      submitter: 'x',
      createdOn: 1772400000000,
      eventId: 'GRB 260301C',
      format: 'text/plain',
    }
    await take(circular)
    const fermi = {
      ...burst('790000001'),
      $schema: 'https://gcn.nasa.gov/schema/main/gcn/notices/fermi/gbm/trigger.schema.json',
      instrument: 'GBM',
      ra: undefined,
      dec: undefined,
      ra_dec_error: undefined,
    }
    await take(fermi)
    const shown = await event('Fermi 790000001')
    expect(new Set(shown.notices.map((n) => n.type))).toEqual(new Set(['circular', 'initial']))
    expect(shown.place.state).toBe('none')
    // The name came with the circular that had waited.
    expect(shown.name).toBe('GRB 260301C')
    await take({ ...circular, circularId: 44002, body: `${circular.body} Second.` })
    // Sent again with an address in a library, and edited: of each the newest text is shown.
    await take({ ...circular, circularId: 44002, bibcode: '2026GCN.44002....1X' })
    await take({ ...circular, circularId: 44002, version: 2, body: 'Edited.' })
    const named = await event('GRB 260301C')
    expect(named).toMatchObject({ id: shown.id, name: 'GRB 260301C', noticeCount: 3 })
    expect(named.notices.find((n) => n.title.startsWith('Circular 44002'))!.body).toBe('Edited.')
    expect(named.aliases).toContain('bn260301123')
  })

  it('joins nothing because prose mentions it: another event, a trigger that a wave has not', async () => {
    const text = (circularId: number, subject: string, body = 'Nothing found.') => ({
      circularId,
      subject,
      body,
      createdOn: 1,
    })
    const fermi = (id: string, name: string, at: string) =>
      burst(id, { $schema: 'x/gcn/notices/fermi/gbm/x', event_name: name, trigger_time: at })
    await take(wave('S260305a', 'INITIAL'))
    await take(fermi('790000005', 'GRB 260305A', '2026-03-05T00:00:00Z'))
    await take(fermi('790000006', 'GRB 260305B', '2026-03-05T09:00:00Z'))
    const before = await Promise.all(['S260305a', 'GRB 260305A', 'GRB 260305B'].map(event))
    const quoted = 'The Fermi GBM trigger 790000005 is not related.'
    await take(text(1, 'LIGO/Virgo/KAGRA S260305a: no coincidence with GRB 260305A', quoted))
    await take(text(2, 'GRB  260305B and GRB 260305A: radio limits'))
    await take(text(3, 'GRB 260305A / GRB 260305B: one burst or two?'))
    await take(text(4, 'GRB 260305A = EP260305c: one burst'))
    const after = await Promise.all(['S260305a', 'GRB 260305A', 'GRB 260305B'].map(event))
    expect(after.map((e) => [e.id, e.kind, e.name])).toEqual(before.map((e) => [e.id, e.kind, e.name]))
    expect(after.map((e) => e.noticeCount)).toEqual([2, 3, 2])
    expect(after[0]!.aliases).toEqual(['S260305a'])
    expect((await event('EP260305c')).id).toBe(after[1]!.id)
  })
  it('goes on by the best place when later notices have none', async () => {
    const vo = (stream: string, more: string, sent: string) =>
      new TextEncoder().encode(
        `<VOEvent ivorn="ivo://nasa.gsfc.gcn/SWIFT#${stream}_1600001-1" role="observation"><Who><Date>${sent}</Date></Who><What><Param name="TrigID" value="1600001"/></What><WhereWhen><ObsDataLocation><ObservationLocation><AstroCoords coord_system_id="UTC-FK5-GEO"><Position2D unit="deg"><Value2><C1>10</C1><C2>20</C2></Value2><Error2Radius>${more}</Error2Radius></Position2D></AstroCoords></ObservationLocation></ObsDataLocation></WhereWhen></VOEvent>`,
      )
    await take(
      vo('BAT_GRB_Pos', '0.05', '2026-03-06T00:00:10'),
      vo('SC_Slew', '0', '2026-03-06T00:00:20'),
      vo('BAT_GRB_LC', '0', '2026-03-06T00:00:30'),
      vo('XRT_Pos_Nack', '0', '2026-03-06T00:02:00'),
    )
    expect(await event('Swift 1600001')).toMatchObject({
      noticeCount: 4,
      place: { errorDeg: 0.05 },
      verdict: { decision: 'GO', score: 3 },
    })
  })

  it('joins two events when a notice carries names of both', async () => {
    const swift = (id: string, names: string[]) =>
      burst(id, { $schema: 'x/gcn/notices/swift/x', event_name: names })
    await take(swift('1500001', []), burst('sb26030103', { event_name: ['GRB 260301D'] }))
    const before = await event('sb26030103')
    await take(swift('1500001', ['GRB 260301D']))
    const joined = await event('GRB 260301D')
    expect(joined.noticeCount).toBe(3)
    expect(joined.aliases).toEqual(expect.arrayContaining(['Swift 1500001', 'sb26030103']))
    // The id that went away goes on working.
    expect((await event(before.id)).id).toBe(joined.id)
  })
})

describe('tests and mocks', () => {
  it('are hidden from lists, never join real events, and expire with their bytes unless kept', async () => {
    await take(
      burst('sb26030104'),
      burst('sb26030104', { alert_tense: 'test' }),
      wave('MS260301c', 'PRELIMINARY'),
    )
    const real = await event('sb26030104')
    expect(real).toMatchObject({ role: 'observation', noticeCount: 1 })
    const names = async (test: string) =>
      (await json<{ items: EventSummary[] }>(`/events?test=${test}&limit=500`)).items.map(
        (e) => `${e.name} ${e.role}`,
      )
    expect(await names('false')).not.toContain('MS260301c mock')
    expect(await names('true')).toEqual(expect.arrayContaining(['MS260301c mock', 'sb26030104 test']))
    const mock = await event('MS260301c')
    expect(mock.verdict).toMatchObject({ decision: 'NO' })
    await request(`/events/${mock.id}`, {
      method: 'PATCH',
      body: '{"kept":true}',
      headers: { 'content-type': 'application/json' },
    })
    const { notices } = (await json<{ items: EventSummary[] }>('/events?test=true')).items.find(
      (e) => e.name === 'sb26030104',
    )
      ? await event((await json<{ items: EventSummary[] }>('/events?test=true&q=sb26030104')).items[0]!.id)
      : { notices: [] }
    const sha256 = notices[0]!.sha256
    expect(await platform.storage.size(sha256)).toBeGreaterThan(0)
    expect(await expireTests(platform, new Date(Date.now() + 31 * 86_400_000))).toBe(1)
    expect(await platform.storage.size(sha256)).toBeUndefined()
    expect(await names('true')).toEqual(['MS260301c mock'])
    expect((await event('sb26030104')).noticeCount).toBe(1)
  })
})

describe('people', () => {
  it('merge and split with history', async () => {
    await take(burst('sb26030105'), burst('sb26030106', { ra: 11 }))
    const [a, b] = [await event('sb26030105'), await event('sb26030106')]
    const merged = await post(`/events/${a.id}/merge`, { other: 'sb26030106' })
    expect(merged).toMatchObject({ id: a.id, noticeCount: 2 })
    expect((await event('sb26030106')).id).toBe(a.id)
    const split = await post(`/events/${a.id}/split`, { notices: [b.notices[0]!.id] })
    expect(split).toMatchObject({ name: 'sb26030106', noticeCount: 1 })
    expect(await event('sb26030105')).toMatchObject({ noticeCount: 1, aliases: ['sb26030105'] })
    expect((await event('sb26030106')).id).toBe(split.id)
    const history = await json<{ items: EventHistoryEntry[] }>(`/events/${a.id}/history`)
    expect(history.items.map((h) => h.what)).toEqual(['created', 'merged', 'split'])
    const refused = await request(`/events/${a.id}/merge`, {
      method: 'POST',
      body: JSON.stringify({ other: a.id }),
      headers: { 'content-type': 'application/json' },
    })
    expect(refused.status).toBe(409)
    const log = await listAudit(platform.db, { subjectKind: 'event', limit: 10 })
    const acts = log.filter((entry) => [a.id, b.id].includes(entry.subject_id)).map((entry) => entry.action)
    expect(acts).toEqual(['alerts.event_split', 'alerts.event_merged'])
    expect(log.every((entry) => entry.actor_name !== '')).toBe(true)
  })
})

describe('what cannot be read', () => {
  it.each([
    ['entities', '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><VOEvent>&a;</VOEvent>', /DOCTYPE/],
    ['deep JSON', '{"a":'.repeat(70) + '1' + '}'.repeat(70), /deeper/],
    ['nothing known', '{"hello":1}', /no notice of a known format/],
    ['NUL in strings', '{"hello\\u0000":"\\u0000"}', /no notice/],
  ])('%s becomes a dead letter with its reason', async (_what, message, sentence) => {
    const [receipt] = await take(message)
    const notice = await json<NoticeDetail>(`/notices/${receipt!.id}`)
    expect(notice.state).toBe('dead')
    expect(notice.problem!.message).toMatch(sentence)
    const dead = await json<{ items: NoticeSummary[] }>('/notices?state=dead')
    expect(dead.items.map((n) => n.id)).toContain(receipt!.id)
  })
  it('keeps what an alert says although its map is broken', async () => {
    const [receipt] = await take(wave('S260301d', 'PRELIMINARY', { skymap: 'not base64!' }))
    expect(await json<NoticeDetail>(`/notices/${receipt!.id}`)).toMatchObject({
      state: 'dead',
      problem: { message: expect.stringMatching(/not base64/) },
    })
    expect(await event('S260301d')).toMatchObject({
      place: { state: 'failed' },
      classification: { BNS: 0.9 },
    })
  })
  it('takes NUL and halves of surrogate pairs in what it keeps', async () => {
    await take(burst('sb26030107', { additional_info: 'a\u0000b\ud800c', odd: { '\u0000': '\ud800' } }))
    expect((await event('sb26030107')).notices[0]!.body).toMatch(/^ab/)
  })
  it('takes 100 MB in, says that no notice is so large, and refuses more than 128 MiB', async () => {
    const body = new Uint8Array(100_000_000).fill(0x20)
    const answer = await request('/notices', { method: 'POST', body })
    expect(answer.status).toBe(202)
    const { id } = (await answer.json()) as NoticeReceipt
    await bench.settled()
    expect(await json<NoticeDetail>(`/notices/${id}`)).toMatchObject({
      state: 'dead',
      problem: { code: 'notice.too_large', message: 'The message is 95 MiB; a notice is at most 32 MiB.' },
    })
    const more = await request('/notices', { method: 'POST', body: new Uint8Array(129 * 1024 * 1024) })
    expect(more.status).toBe(413)
  })
  it('can be read again', async () => {
    const { items } = await json<{ items: NoticeSummary[] }>('/notices?state=dead&limit=1')
    const answer = await request(`/notices/${items[0]!.id}/retry`, { method: 'POST' })
    expect(answer.status).toBe(202)
    await bench.settled()
    expect((await json<NoticeDetail>(`/notices/${items[0]!.id}`)).state).toBe('dead')
  })
})

describe('the door of HTTP', () => {
  it('takes no empty notice', async () => {
    const answer = await request('/notices', { method: 'POST', body: '' })
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'request.malformed' }])
  })
  it('answers a POST when the notice is durable', async () => {
    const body = JSON.stringify(burst('sb26030108'))
    const answer = await request('/notices?topic=gcn.notices.svom', { method: 'POST', body })
    expect(answer.status).toBe(202)
    const receipt = (await answer.json()) as NoticeReceipt
    expect(receipt.duplicate).toBe(false)
    expect(answer.headers.get('location')).toBe(`/api/v1/notices/${receipt.id}`)
    expect(await platform.storage.size(receipt.sha256)).toBe(body.length)
    await bench.settled()
    expect((await event('sb26030108')).notices[0]!.topic).toBe('gcn.notices.svom')
  })
  it('pages lists', async () => {
    const first = await json<{ items: EventSummary[]; next: string }>('/events?limit=2')
    const second = await json<{ items: EventSummary[] }>(
      `/events?limit=2&cursor=${encodeURIComponent(first.next)}`,
    )
    expect(first.items).toHaveLength(2)
    expect(second.items.map((e) => e.id)).not.toContain(first.items[1]!.id)
    expect(
      (await json<{ items: EventSummary[] }>('/events?kind=gw&q=260301a')).items.map((e) => e.name),
    ).toEqual(['S260301a'])
  })
  it('serves map, MOC, contours and levels of a circle', async () => {
    const { place } = await event('sb26030101')
    const at = `/localizations/${place.localizationId}`
    const fits = await request(`${at}/map.fits`)
    expect(new TextDecoder().decode((await fits.bytes()).subarray(0, 6))).toBe('SIMPLE')
    const moc = await json<Record<string, number[]>>(`${at}/moc?level=0.9&format=json`)
    expect(Object.keys(moc).length).toBeGreaterThan(0)
    const contours = await json<{ features: unknown[] }>(`${at}/contours?levels=0.5,0.9`)
    expect(contours.features).toHaveLength(2)
    const level = await json<{ level: number }>(`${at}/level?ra=10&dec=20.1`)
    expect(level.level).toBeGreaterThan(0.87)
    expect(level.level).toBeLessThan(0.93)
  })
  it('lists and replays rules', async () => {
    const { items } = await json<{ items: { name: string; isDefault: boolean }[] }>('/rules')
    expect(items.map((r) => [r.name, r.isDefault])).toEqual([
      ['urania', true],
      ['grandma', false],
    ])
    const source =
      'name = "all"\nversion = "1"\ntitle = "All"\n[[rule]]\nname = "all"\nscore = 1\ndecision = "LOOK"\nreason = "Everything."\n'
    const report = (await post('/rules/replay', { source })) as unknown as {
      events: number
      byDecision: Record<string, number>
    }
    expect(report.byDecision).toEqual({ LOOK: report.events })
    const broken = await request('/rules/replay', {
      method: 'POST',
      body: JSON.stringify({ source: `${source}x` }),
      headers: { 'content-type': 'application/json' },
    })
    expect(await broken.json()).toMatchObject({
      code: 'rules.invalid',
      detail: expect.stringMatching(/^rules\.toml:9/),
    })
  })
})

describe.skipIf(!testData)('real notices (needs shared test data)', () => {
  const mapServer = createServer((req, res) => {
    if (req.url === '/map.fits') res.end(file('lvk-userguide/bayestar.multiorder.fits'))
    else res.writeHead(404).end()
  })
  afterAll(() => void mapServer.close())

  it('S241102br: three notices, one event, differences, scores', async () => {
    await take(
      file('grandma-gcn/notices/S241102br-update.json'),
      file('grandma-gcn/notices/S241102br-preliminary.json'),
      file('grandma-gcn/notices/S241102br-initial.json'),
    )
    const shown = await event('S241102br')
    expect(shown.notices.map((n) => n.type)).toEqual(['preliminary', 'initial', 'update'])
    expect(shown.place.area90Deg2).toBeCloseTo(28.3709, 4)
    expect(shown.place.distanceMeanMpc).toBeCloseTo(364.148, 3)
    expect(shown.notices[1]!.changes.map((c) => c.text)).toContain('90 % area 165.3 → 44.88 deg²')
    expect(shown.verdict).toMatchObject({ decision: 'GO', score: 2 })
    const { localizationId } = shown.place
    const map = await request(`/localizations/${localizationId}/map.fits`)
    expect((await map.bytes()).length).toBeGreaterThan(700_000)
    const ranged = await request(`/localizations/${localizationId}/map.fits`, {
      headers: { range: 'bytes=0-5' },
    })
    expect([ranged.status, await ranged.text()]).toEqual([206, 'SIMPLE'])
  })

  it('S250720j: the combined map is the one that counts', async () => {
    await take(file('grandma-gcn/notices/S250720j-preliminary.json'))
    const shown = await event('S250720j')
    expect(shown.place).toMatchObject({ combined: true })
    expect(shown.place.area90Deg2).toBeCloseTo(160.6698, 4)
    expect(shown.verdict).toMatchObject({ decision: 'GO', score: 4 })
    expect(Object.fromEntries(shown.localizations.map((l) => [l.kind, l.preferred]))).toEqual({
      combined: true,
      map: false,
    })
  })

  it('fetches a map given by address; until then the event says so', async () => {
    await new Promise<void>((done) => mapServer.listen(0, '127.0.0.1', done))
    const at = `http://127.0.0.1:${(mapServer.address() as AddressInfo).port}`
    const xml = readFileSync(dataFile('gw', 'skyportal', 'GW190425_initial.xml')!, 'utf8')
    await take(xml.replace(/value="[^"]*bayestar.fits.gz"/, `value="${at}/map.fits"`))
    await expect.poll(async () => (await event('S190425z')).place.state, { timeout: 20_000 }).toBe('ready')
    const shown = await event('S190425z')
    expect(shown.place.area90Deg2).toBeCloseTo(30.9799, 4)
    expect(shown.notices[0]!.significant).toBeNull()
    const missing = file('skyportal/GRB180116A_Fermi_GBM_Gnd_Pos.xml')
    await take(new TextDecoder().decode(missing).replace(/http:[^"]*\.fits"/, `${at}/none.fits"`))
    await expect
      .poll(
        async () => (await event('Fermi 537755817')).localizations.find((l) => l.kind === 'map')?.problem,
        { timeout: 20_000 },
      )
      .toBeTruthy()
    const waiting = await event('Fermi 537755817')
    expect(waiting.localizations.find((l) => l.kind === 'map')).toMatchObject({
      state: 'waiting',
      note: expect.stringMatching(/^map not yet fetched/),
    })
    expect(waiting.place).toMatchObject({ state: 'waiting', errorDeg: 11.19 })
  }, 60_000)

  it('keeps SNEWS, GRANDMA and GraceDB messages as other', async () => {
    const receipts = await take(
      file('gwcelery/snews_gcn.xml'),
      file('gwcelery/igwn_alert_superevent_creation.json'),
      file('old_gwemopt/voevents/OT_newVO.xml'),
    )
    for (const { id } of receipts)
      expect(await json<NoticeDetail>(`/notices/${id}`)).toMatchObject({
        state: 'other',
        eventId: null,
        problem: null,
      })
  })
})
