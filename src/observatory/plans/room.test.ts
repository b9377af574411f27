import { XMLValidator } from 'fast-xml-parser'
import { beforeAll, describe, expect, it } from 'vitest'
import { listAudit } from '#observatory/people/audit-store.ts'
import { localOperator } from '#observatory/people/actor.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { base64 } from '#science/simulate/alerts.ts'
import { circleMap } from '#science/skymap/make.ts'
import { writeSkyMap } from '#science/skymap/write.ts'
import { planBench } from '#test/plans.ts'
import type { PlanComparison, PlanDetail, PlannedExposure, PlanSummary } from './plan.ts'
import type { PlanReplay, PlanRule } from './plan-rule.ts'

let actor: Actor = localOperator
const { platform, take, tell, heard, settled, request, json, post, plan } = await planBench({
  actor: () => actor,
})

// New Moon, and the region is up for hours in Chile and on La Réunion.
const night = { start: '2026-03-17T00:00:00Z', hours: 24 }
const tch = { telescope: 'tch' }
const tre = { telescope: 'TRE' }

/** A wave with a circular region of that radius (90 %). */
function wave(
  id: string,
  type: string,
  region: { ra: number; dec: number; radius: number } | null,
  minute: number,
) {
  const created = new Date(Date.parse('2026-03-16T22:00:00Z') + minute * 60_000).toISOString()
  return {
    alert_type: type,
    time_created: created,
    superevent_id: id,
    urls: { gracedb: `https://gracedb.ligo.org/superevents/${id}/view/` },
    event: region && {
      significant: true,
      time: '2026-03-16T21:58:00Z',
      far: 1e-12,
      instruments: ['H1', 'L1'],
      group: 'CBC',
      pipeline: 'gstlal',
      search: 'AllSky',
      properties: { HasNS: 1, HasRemnant: 1 },
      classification: { BNS: 0.98, Terrestrial: 0.02 },
      duration: null,
      central_frequency: null,
      skymap: base64(writeSkyMap(circleMap(region.ra, region.dec, region.radius, 0.9))),
    },
    external_coinc: null,
  }
}

const exposuresOf = async (id: string): Promise<PlannedExposure[]> =>
  (await json<{ items: PlannedExposure[] }>(`/plans/${id}/exposures`)).items
const kindsOf = async (id: string): Promise<string[]> =>
  (await platform.events.recent(['everyone'], { subject: { kind: 'plan', id }, limit: 50 }))
    .map((e) => e.kind)
    .toReversed()

beforeAll(() => take(wave('S260316b', 'INITIAL', { ra: 165, dec: -25, radius: 5 }, 0)))

describe('a plan on request', () => {
  it('is one centred field where the region fits it, taken by every telescope asked', async () => {
    await take(wave('S260316a', 'INITIAL', { ra: 165, dec: -25, radius: 0.3 }, 0))
    const made = await plan({ event: 'S260316a', telescopes: [tch, tre], ...night, method: 'greedy' })
    expect(made).toMatchObject({
      state: 'ready',
      eventName: 'S260316a',
      telescopes: ['tch', 'tre'],
      version: 1,
    })
    const { result } = made
    expect(result!.fields).toBe(2)
    expect(result!.probability).toBeGreaterThan(0.95)
    expect(result!.bound).toBeGreaterThanOrEqual(result!.probability)
    expect(result!.shares.map((s) => s.exposures)).toEqual([1, 1])
    const [first] = await exposuresOf(made.id)
    expect(first!.ra).toBeCloseTo(165, 1)
    expect(first!.altitudeDeg).toBeGreaterThan(15)
    expect(await kindsOf(made.id)).toEqual(['plans.started', 'plans.products', 'plans.finished'])
    expect((await request(`/plans/${made.id}`, { headers: { 'if-none-match': 'x' } })).status).toBe(200)
  })

  it('tiles what is larger, says why fields were lost, and never counts sky twice', async () => {
    const made = await plan({
      event: 'S260316b',
      telescopes: [{ ...tch, maxFields: 6 }, { ...tre, maxFields: 2 }, { telescope: 'tca' }],
      ...night,
      method: 'greedy',
      seconds: 2,
    })
    const { result } = made
    expect(result!.shares.map((s) => s.telescope)).toEqual(['tch', 'tre', 'tca'])
    expect(result!.shares[0]!.fields).toBeLessThanOrEqual(6)
    expect(result!.probability).toBeLessThanOrEqual(
      result!.shares.reduce((p, s) => p + s.probability, 0) + 1e-9,
    )
    expect(result!.probability).toBeGreaterThan(0.4)
    expect(result!.gap).toBeCloseTo((result!.bound - result!.probability) / result!.bound, 6)
    expect(result!.unlimited).toBeGreaterThanOrEqual(result!.probability)
    const exposures = await exposuresOf(made.id)
    expect(exposures.at(-1)!.cumulativeProbability).toBeCloseTo(result!.probability, 9)
    expect(exposures.map((e) => e.start)).toEqual(exposures.map((e) => e.start).toSorted())
    expect(exposures.map((e) => e.number)).toEqual(exposures.map((_, i) => i + 1))
  })

  it('refuses what cannot be planned, every mistake in a sentence', async () => {
    const response = await request('/plans', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        event: 'S260316b',
        telescopes: [{ telescope: 'tchh' }, { ...tch, steps: [{ filter: 'q', exposureS: 30 }] }, tch],
        strategy: 'galaxies',
        without: ['no-such-plan'],
        observed: [{ ra: 1, dec: 1 }],
        start: '0001-01-01T00:00:00Z',
        edits: { drop: ['zz/1'], add: [{ telescope: 'nope', ra: 1, dec: 1 }] },
      }),
    })
    expect(response.status).toBe(422)
    const problem = (await response.json()) as { code: string; errors: { message: string }[] }
    expect(problem.code).toBe('plan.invalid')
    const text = problem.errors.map((e) => e.message).join('\n')
    for (const part of [
      /tchh.*did you mean/,
      /no filter "q"/,
      /named twice/,
      /catalogue/,
      /no-such-plan/,
      /pointing 1/,
      /0001-01-01 cannot be planned/,
      /zz\/1 names no telescope/,
      /nope is no telescope/,
    ])
      expect(text).toMatch(part)
    for (const edits of [
      { add: [{ telescope: 'tch', ra: 1, dec: 95 }] },
      { add: [{ telescope: 'tch', ra: 1, dec: 5, id: '=1+1' }] },
      { lock: [1] },
    ]) {
      const body = JSON.stringify({ event: 'S260316b', telescopes: [tch], edits })
      const headers = { 'content-type': 'application/json' }
      expect((await request('/plans', { method: 'POST', headers, body })).status).toBe(422)
    }
    expect((await request('/plans/none')).status).toBe(404)
    const nobody = await request('/plans', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ event: 'S999', telescopes: [tch] }),
    })
    expect(nobody.status).toBe(404)
  })

  it('leaves out sky that is planned or was observed', async () => {
    const ask = {
      event: 'S260316b',
      telescopes: [{ ...tch, maxFields: 5 }],
      ...night,
      method: 'greedy',
      seconds: 2,
    }
    await plan({ ...ask, telescopes: [{ telescope: 'atlas' }], visibility: false })
    const all = await plan(ask)
    const rest = await plan({ ...ask, without: ['event'] })
    expect(rest.result!.probability, 'a comparison takes no sky').toBeGreaterThan(0.01)
    const [a, b] = [await exposuresOf(all.id), await exposuresOf(rest.id)]
    expect(b.map((e) => e.field)).not.toContain(a[0]!.field)
    expect(rest.result!.notes.join(' ')).toContain('were taken out')
    const seen = await plan({ ...ask, observed: [{ ra: 165, dec: -25, radiusDeg: 8 }] })
    expect(seen.result!.probability).toBeLessThan(0.02)
  })

  it('needs somebody who may', async () => {
    actor = { ...localOperator, kind: 'person', userId: 'u', name: 'Vi', role: 'viewer', scopes: ['read'] }
    try {
      expect((await request('/plans')).status).toBe(200)
      const response = await request('/plans', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ event: 'S260316b', telescopes: [tch] }),
      })
      expect(response.status).toBe(403)
    } finally {
      actor = localOperator
    }
  })
})

describe('versions', () => {
  it('drops, pins, locks and adds fields; the version before is closed, the two are compared', async () => {
    const first = await plan({
      event: 'S260316b',
      telescopes: [{ ...tch, maxFields: 6 }],
      ...night,
      method: 'greedy',
      seconds: 2,
    })
    const before = await exposuresOf(first.id)
    const dropped = before[1]!
    const kept = before[0]!
    const { id } = await post<PlanDetail>(`/plans/${first.id}/resolve`, {
      edits: {
        drop: [`tch/${dropped.field}`],
        lock: [kept.number],
        add: [{ telescope: 'tch', id: 'mine', ra: 167.3, dec: -26.1 }],
      },
      change: { title: 'Second thoughts' },
    })
    await settled()
    const second = await json<PlanDetail>(`/plans/${id}`)
    expect(second).toMatchObject({ state: 'ready', version: 2, parent: first.id, title: 'Second thoughts' })
    expect(second.request.method).toBe('greedy')
    const after = await exposuresOf(id)
    expect(after.map((e) => e.field)).not.toContain(dropped.field)
    expect(after.map((e) => e.field)).toContain('mine')
    const same = after.find((e) => e.field === kept.field && e.locked)
    expect(same!.start).toBe(kept.start)
    const old = await json<PlanDetail>(`/plans/${first.id}`)
    expect(old).toMatchObject({ state: 'closed', closedBecause: 'version 2 took over' })
    expect(old.versions.map((v) => v.state)).toEqual(['closed', 'ready'])
    const comparison = await json<PlanComparison>(`/plans/${first.id}/compare/${id}`)
    expect(comparison.onlyA).toContain(`tch/${dropped.field}`)
    expect(comparison.onlyB).toContain('tch/mine')
    const { a, b, shared, together } = comparison.probability
    expect(a).toBeCloseTo(first.result!.probability, 3)
    expect(together).toBeCloseTo(a + b - shared, 6)
    expect(comparison.text[0]).toMatch(/^It covers \d/)
    const refused = await request(`/plans/${first.id}/resolve`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect(refused.status).toBe(409)
    expect(((await refused.json()) as { detail: string }).detail).toContain('make a new plan')
  })

  it('is cancelled before it is finished, and closed only once', async () => {
    const ask = { event: 'S260316b', telescopes: [tch, tre], ...night, seconds: 60 }
    const running = await post<PlanDetail>('/plans', ask)
    const stopped = await post<PlanDetail>(`/plans/${running.id}/cancel`)
    expect(stopped.state).toBe('cancelled')
    await settled()
    expect(await json<PlanDetail>(`/plans/${running.id}`)).toMatchObject({ state: 'cancelled', result: null })
    expect((await request(`/plans/${running.id}/cancel`, { method: 'POST' })).status).toBe(409)
    expect((await request(`/plans/${running.id}/exposures`)).status).toBe(409)
    await post(`/plans/${running.id}/close`, { because: 'clouds' })
    expect(await json<PlanDetail>(`/plans/${running.id}`)).toMatchObject({
      state: 'closed',
      closedBecause: 'clouds',
    })
    const again = await request(`/plans/${running.id}/close`, { method: 'POST' })
    expect(again.status).toBe(409)
    const lines = await listAudit(platform.db, { subjectKind: 'plan', subjectId: running.id, limit: 10 })
    expect(lines.map((l) => l.action)).toEqual(['plans.closed', 'plans.cancelled', 'plans.requested'])
  })
})

describe('what a plan leaves the house as', () => {
  it('every export and every chart', async () => {
    const made = await plan({
      event: 'S260316b',
      telescopes: [
        { ...tch, maxFields: 3 },
        { ...tre, maxFields: 1 },
      ],
      ...night,
      method: 'greedy',
      seconds: 2,
    })
    const formats = [
      'csv',
      'ecsv',
      'json',
      'ds9',
      'moc-fits',
      'moc-json',
      'treasure-map',
      'galaxies',
      'circular',
    ]
    for (const format of formats) {
      const response = await request(`/plans/${made.id}/export/${format}`)
      expect(response.status, format).toBe(200)
      expect((await response.arrayBuffer()).byteLength, format).toBeGreaterThan(40)
      expect(response.headers.get('content-disposition')).toContain('S260316b')
    }
    expect((await request(`/plans/${made.id}/export/voevent`)).status).toBe(422)
    const xml = await (await request(`/plans/${made.id}/export/voevent?telescope=tre`)).text()
    expect(XMLValidator.validate(xml)).toBe(true)
    expect(xml).toContain('value="S260316b"')
    const tiles = await (await request(`/plans/${made.id}/export/tiles?telescope=tch`)).text()
    expect(tiles.split('\n')[1]).toBe('rank_id tile_id RA DEC Prob Timeobs')
    for (const chart of ['sky', 'timeline', 'altitude', 'coverage']) {
      const svg = await (await request(`/plans/${made.id}/charts/${chart}.svg`)).text()
      expect(svg).toMatch(/^<svg /)
      expect(svg).not.toContain('NaN')
      const png = new Uint8Array(
        await (await request(`/plans/${made.id}/charts/${chart}.png?width=400`)).arrayBuffer(),
      )
      expect([...png.subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47])
    }
  })
})

describe('rules', () => {
  const rule = {
    name: 'go',
    condition: "kind = 'gw' and role = 'observation' and p_bns > 0.5 and area_90 < 100",
    groups: [
      {
        title: 'Chile',
        plan: { telescopes: [{ ...tch, maxFields: 4 }], method: 'greedy', seconds: 1, hours: 24 },
      },
      { plan: { telescopes: [{ ...tre, maxFields: 1 }], method: 'greedy', seconds: 1, hours: 24 } },
    ],
  }
  const plansOf = async (event: string): Promise<PlanSummary[]> =>
    (await json<{ items: PlanSummary[] }>(`/plans?event=${event}`)).items.toReversed()

  it('are checked, written with an entity tag, and refused with reasons', async () => {
    const made = await post<PlanRule>('/plan-rules', rule)
    expect(made).toMatchObject({ name: 'go', enabled: true, onUpdate: 'propose' })
    const wrong = await request('/plan-rules/other', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...rule,
        name: undefined,
        condition: 'aera_90 < 3',
        groups: [{ plan: { telescopes: [{ telescope: 'nix' }] } }],
      }),
    })
    expect(wrong.status).toBe(422)
    const { errors } = (await wrong.json()) as { errors: { message: string }[] }
    expect(errors.map((e) => e.message).join()).toMatch(/area_90.*nix/)
    const stale = await request('/plan-rules/go', {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'if-match': '"old"' },
      body: JSON.stringify({ ...rule, name: undefined }),
    })
    expect(stale.status).toBe(409)
  })

  it('make one plan per group and notice, propose a new version for a new map, and close all at a retraction', async () => {
    const region = { ra: 165, dec: -25, radius: 4 }
    await take(wave('S260316c', 'PRELIMINARY', region, 0))
    const first = await plansOf('S260316c')
    expect(first.map((p) => [p.telescopes.join(), p.state, p.requestedBy])).toEqual([
      ['tch', 'ready', 'rule go'],
      ['tre', 'ready', 'rule go'],
    ])
    // The same map again changes nothing.
    await take(wave('S260316c', 'INITIAL', region, 5))
    expect(await plansOf('S260316c')).toHaveLength(2)
    await take(wave('S260316c', 'UPDATE', { ...region, ra: 168, radius: 3 }, 30))
    const all = await plansOf('S260316c')
    expect(all).toHaveLength(4)
    const proposed = all.filter((p) => p.proposed)
    expect(proposed.map((p) => [p.version, p.state])).toEqual([
      [2, 'ready'],
      [2, 'ready'],
    ])
    const kinds = await kindsOf(proposed[0]!.id)
    expect(kinds).toEqual(['plans.started', 'plans.products', 'plans.proposed'])
    const [told] = await platform.events.recent(['everyone'], { kinds: ['plans.proposed'], limit: 1 })
    expect((told!.data['changes'] as string[])[0]).toMatch(/^It covers/)
    const taken = await post<PlanDetail>(`/plans/${proposed[0]!.id}/take`)
    expect(taken.proposed).toBe(false)
    expect(taken.versions[0]!.state).toBe('closed')
    await take(wave('S260316c', 'RETRACTION', null, 60))
    const gone = await plansOf('S260316c')
    expect(gone.map((p) => p.state)).toEqual(['closed', 'closed', 'closed', 'closed'])
    expect(gone.at(-1)!.closedBecause).toBe('S260316c was retracted')
    expect(await kindsOf(proposed[0]!.id)).toContain('plans.closed')
  })

  it('leave mocks and what does not match alone', async () => {
    await take(wave('MS260316d', 'INITIAL', { ra: 165, dec: -25, radius: 4 }, 0))
    await take(wave('S260316e', 'INITIAL', { ra: 165, dec: -25, radius: 30 }, 0))
    expect(await plansOf('MS260316d')).toEqual([])
    expect(await plansOf('S260316e')).toEqual([])
  })

  it('wait where they are told to; a retraction meanwhile cancels what waits', async () => {
    const { name: _, ...late } = { ...rule, delayMinutes: 30, condition: "name = 'S260316f'" }
    await post('/plan-rules/late', late, 'PUT')
    await tell(wave('S260316f', 'PRELIMINARY', { ra: 165, dec: -25, radius: 12 }, 0))
    const waiting = await plansOf('S260316f')
    expect(waiting.map((p) => p.state)).toEqual(['queued', 'queued'])
    expect(Date.parse(waiting[0]!.start)).toBeGreaterThan(Date.now() + 20 * 60_000)
    await tell(wave('S260316f', 'RETRACTION', null, 9))
    await heard()
    expect((await plansOf('S260316f')).map((p) => p.state)).toEqual(['closed', 'closed'])
    expect((await platform.jobs.get(waiting[0]!.jobId!))!.state).toBe('cancelled')
    const removed = await request('/plan-rules/late', { method: 'DELETE' })
    expect(removed.status).toBe(204)
  })

  it('follow an event that is merged into another', async () => {
    await take(wave('S260316g', 'INITIAL', { ra: 165, dec: -25, radius: 2.4 }, 0))
    const before = await plansOf('S260316g')
    expect(before.length).toBe(2)
    await take(wave('S260316h', 'INITIAL', { ra: 165, dec: -25, radius: 20 }, 0))
    await post('/events/S260316h/merge', { other: 'S260316g' })
    await settled()
    const after = await plansOf('S260316h')
    expect(after.map((p) => p.id)).toEqual(expect.arrayContaining(before.map((p) => p.id)))
  })

  it('are replayed over past notices', async () => {
    const report = await post<PlanReplay>('/plan-rules/replay', { rules: ['go'] })
    const of = report.plans.filter((p) => p.eventName === 'S260316c')
    expect(of.map((p) => [p.group, p.noticeType, p.proposed])).toEqual([
      ['Chile', 'preliminary', false],
      ['group 2', 'preliminary', false],
      ['Chile', 'update', true],
      ['group 2', 'update', true],
    ])
    expect(report.plans.some((p) => p.eventName === 'MS260316d')).toBe(false)
  })
})

it('tells it all as bulletins of the event: started, files, finished with what it covers and pictures', async () => {
  const source = platform.bulletins.find((s) => 'plans.finished' in s.kinds)!
  const rows = await platform.events.recent(['everyone'], { kinds: [...source.events], limit: 200 })
  const [made] = (await json<{ items: PlanSummary[] }>('/plans?event=S260316b&state=ready')).items
  const own = rows.toReversed().filter((r) => r.subject.id === made!.id)
  const told = (await Promise.all(own.map((r) => source.compose(r)))).flat()
  expect(told.map((b) => b.kind)).toEqual(['plans.started', 'plans.products', 'plans.finished'])
  expect(new Set(told.map((b) => b.thread.name))).toEqual(new Set(['S260316b']))
  const files = told[1]!.files.map((f) => f.path)
  const id = made!.id.replaceAll('-', '')
  expect(files).toContain(`GWEMOPT/INITIAL_${id}/TILING_TCH_TRE/tiles_TCH.txt`)
  expect(files.filter((f) => f.startsWith('VOEVENTS/'))).toHaveLength(2)
  expect(told[2]!.headline).toMatch(/covers \d/)
  expect(told[2]!.pictures[0]!.name).toBe('coverage.png')
  expect((await told[2]!.pictures[0]!.bytes()).byteLength).toBeGreaterThan(1000)
  expect(told[2]!.facts.map((f) => f.label)).toEqual(
    expect.arrayContaining(['Covered', 'At most', 'TCH', 'TRE']),
  )
  for (const name of source.schema.columns.map((c) => c.name)) expect(told[2]!.values).toHaveProperty(name)
  const past: string[] = []
  for await (const b of source.past(new Date(Date.now() - 3_600_000), new Date())) past.push(b.kind)
  expect(past.filter((k) => k === 'plans.closed').length).toBeGreaterThan(3)
  expect(
    await source.act!('plans.close', made!.id, { userId: null, name: 'Nobody' }).catch(
      (e: Error) => e.message,
    ),
  ).toMatch(/no account/)
})
