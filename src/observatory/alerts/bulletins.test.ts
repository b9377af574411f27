import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readCondition, rowTest } from '#science/adql/condition.ts'
import type { Bulletin } from '#platform/bulletin.ts'
import { alertBench } from '#test/alerts.ts'
import { dataFile } from '#test/data.ts'
import { alertSchema } from './values.ts'

const initial = dataFile('gw/grandma-gcn/notices/S241102br-initial.json')
const preliminary = dataFile('gw/grandma-gcn/notices/S241102br-preliminary.json')

const { platform, take } = await alertBench()
const [source] = platform.bulletins

async function told(): Promise<Bulletin[]> {
  const rows = await platform.events.recent(['everyone'], { kinds: ['alerts.event_changed'], limit: 50 })
  const out: Bulletin[] = []
  for (const row of rows.toReversed()) out.push(...(await source.compose(row)))
  return out
}

const retraction = {
  alert_type: 'RETRACTION',
  time_created: '2024-11-03T10:00:00Z',
  superevent_id: 'S241102br',
  urls: { gracedb: 'https://gracedb.ligo.org/superevents/S241102br/view/' },
  event: null,
  external_coinc: null,
}

it.skipIf(!initial || !preliminary)(
  'an event is told from its first notice to its retraction, each as things stood then (needs shared test data)',
  async () => {
    for (const message of [readFileSync(preliminary!), readFileSync(initial!), retraction])
      await take(message)
    const bulletins = await told()
    expect(bulletins.map((b) => [b.kind, b.role])).toEqual([
      ['alerts.event', 'start'],
      ['alerts.notice', 'news'],
      ['alerts.event', 'start'],
      ['alerts.notice', 'news'],
      ['alerts.retraction', 'end'],
    ])
    const [, first, , second, end] = bulletins
    expect(first.headline).toBe('🟡 S241102br: alert N°1 – PRELIMINARY')
    expect(second.headline).toBe('🟢 S241102br: alert N°2 – INITIAL')
    const fact = (b: Bulletin, label: string) => b.facts.find((f) => f.label === label)?.value
    expect(fact(first, '90 % and 50 % area')).toBe('165.3 deg², 31.94 deg²')
    expect(fact(second, '90 % and 50 % area')).toBe('44.88 deg², 10.7 deg²')
    expect(fact(second, 'Classes')).toMatch(/^BBH \d/)
    expect(fact(second, 'Changed')).toContain('90 % area 165')
    // The first is told as it was although the event is retracted by now.
    expect(first.values).toMatchObject({ status: 'active', notice_type: 'preliminary', notices: 1 })
    expect(end.values).toMatchObject({ status: 'retracted', decision: 'RETRACTED' })
    expect(rowTest(readCondition("kind = 'gw' and area_90 < 100", alertSchema))(second.values)).toBe(true)
    expect(rowTest(readCondition("kind = 'gw' and area_90 < 100", alertSchema))(first.values)).toBe(false)
    for (const b of bulletins)
      expect(b.thread).toMatchObject({ kind: 'event', name: 'S241102br', group: 'GW' })
    expect(new TextDecoder('latin1').decode((await second.pictures[0].bytes()).subarray(1, 4))).toBe('PNG')
    expect(second.files.map((f) => f.path)).toEqual([
      'NOTICES/02_INITIAL/notice.json',
      'NOTICES/02_INITIAL/map.multiorder.fits',
    ])
    expect(await second.files[0].bytes()).toEqual(new Uint8Array(readFileSync(initial!)))
    const past = [] as Bulletin[]
    for await (const b of source.past(new Date(0), new Date(Date.now() + 1_000))) past.push(b)
    expect(past.map((b) => b.headline)).toEqual(bulletins.map((b) => b.headline))
  },
)
