import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { base64 } from '#science/simulate/alerts.ts'
import { circleMap } from '#science/skymap/make.ts'
import { writeSkyMap } from '#science/skymap/write.ts'
import { planBench } from '#test/plans.ts'
import type { PlanDetail } from './plan.ts'

const { platform, take, json, post, plan } = await planBench()

/** Bytes of the request in the row of a plan, and of what the audit log says of it. */
async function sizes(id: string): Promise<{ row: number; hash: string | null; audit: number; told: string }> {
  const { rows } = await sql<{ row: number; hash: string | null; audit: number; told: string }>`
    select octet_length(plan.request::text) as "row", plan.request_sha256 as "hash",
      octet_length(line."after"::text) as "audit", line."after"::text as "told"
    from plan join audit line on line.subject_kind = 'plan' and line.subject_id = plan.id::text
    where plan.id = ${id}::uuid and line.action in ('plans.requested', 'plans.resolved')`.execute(platform.db)
  return rows[0]!
}

it(
  'keeps 20,000 pointings out of the row; detail, solver, export and next version see them all',
  { timeout: 120_000 },
  async () => {
    await take({
      alert_type: 'INITIAL',
      time_created: '2026-03-16T22:00:00Z',
      superevent_id: 'S260316b',
      urls: { gracedb: 'https://gracedb.ligo.org/superevents/S260316b/view/' },
      event: {
        significant: true,
        time: '2026-03-16T21:58:00Z',
        far: 1e-12,
        instruments: ['H1', 'L1'],
        group: 'CBC',
        pipeline: 'gstlal',
        search: 'AllSky',
        properties: { HasNS: 1 },
        classification: { BNS: 0.98, Terrestrial: 0.02 },
        duration: null,
        central_frequency: null,
        skymap: base64(writeSkyMap(circleMap(165, -25, 5, 0.9))),
      },
      external_coinc: null,
    })
    const ask = {
      event: 'S260316b',
      telescopes: [{ telescope: 'tch', maxFields: 3 }],
      start: '2026-03-17T00:00:00Z',
      method: 'greedy',
      seconds: 2,
    }
    const small = await plan({ ...ask, observed: [{ ra: 345, dec: 25, radiusDeg: 1 }] })
    expect(await sizes(small.id)).toMatchObject({ hash: null, told: expect.stringContaining('345') })
    expect(small.result!.probability).toBeGreaterThan(0.1)

    // All but the last lie where the map is empty; the last takes the region.
    const observed: { ra: number; dec: number; radiusDeg: number }[] = Array.from(
      { length: 20_000 },
      (_, i) => ({
        ra: 340 + (i % 100) / 10,
        dec: 20 + Math.floor(i / 100) / 20,
        radiusDeg: 1,
      }),
    )
    observed[19_999] = { ra: 165, dec: -25, radiusDeg: 8 }
    const made = await plan({ ...ask, observed })
    expect(made.problem).toBeNull()
    expect(made.request.observed).toEqual(observed)
    expect(made.result!.probability).toBeLessThan(0.02)
    const kept = await sizes(made.id)
    expect(kept.row).toBeLessThan(2_000)
    expect(kept.audit).toBeLessThan(1_000)
    expect(kept.told).toContain(kept.hash)
    expect(kept.told).toContain('20000')

    const add = [{ telescope: 'tch', id: 'mine', ra: 167.3, dec: -26.1 }]
    const { id } = await post<PlanDetail>(`/plans/${made.id}/resolve`, { edits: { add } })
    await post(`/plans/${id}/cancel`)
    const next = await json<PlanDetail>(`/plans/${id}`)
    expect(next).toMatchObject({ version: 2, request: { edits: { add } } })
    expect(next.request.observed).toEqual(observed)
    const exported = await json<{ request: PlanDetail['request'] }>(`/plans/${made.id}/export/json`)
    expect(exported.request.observed).toHaveLength(20_000)
    const again = await sizes(id)
    expect(again.row).toBeLessThan(2_000)
    expect(again.told).toContain(again.hash)
    expect(again.hash).not.toBe(kept.hash)
  },
)
