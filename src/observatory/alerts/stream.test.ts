import { expect, it } from 'vitest'
import { alertBench } from '#test/alerts.ts'
import { gcnHandler, gcnStream } from './stream.ts'
import { shownStatus } from './stream-status.ts'
import { saveStreamStatus } from './stream-store.ts'

const bench = await alertBench({ env: { URANIA_GCN_BROKERS: '127.0.0.1:1' } })
const handle = gcnHandler(bench.platform)
const signal = new AbortController().signal
const message = (offset: number, value: string, topic = 'gcn.notices.svom') => ({
  topic,
  partition: 0,
  offset: BigInt(offset),
  key: null,
  timestamp: new Date(),
  value: new TextEncoder().encode(value),
})
const notice = (id: string) =>
  JSON.stringify({
    mission: 'SVOM',
    id,
    trigger_time: '2026-05-01T00:00:00Z',
    alert_datetime: '2026-05-01T00:00:01Z',
  })
const count = async () => {
  const rows = await bench.platform.db
    .selectFrom('alert_notice')
    .select(['state', 'receptions', 'title', 'stream_offset', 'event_id'])
    .orderBy('received_at')
    .execute()
  return rows
}

it('stores a batch, poison and all, and a replay changes nothing', async () => {
  const batch = [
    message(0, notice('sb26050101')),
    message(1, '{poison'),
    message(2, notice('sb26050102')),
    message(7, '{}', 'gcn.heartbeat'),
  ]
  await handle(batch, signal)
  await bench.settled()
  const first = await count()
  expect(
    first.map((r) => [r.state, r.receptions]).toSorted((a, b) => String(a[0]).localeCompare(String(b[0]))),
  ).toEqual([
    ['dead', 1],
    ['parsed', 1],
    ['parsed', 1],
  ])
  await handle(batch, signal)
  await handle(batch.slice(1), signal)
  await bench.settled()
  expect(await count()).toEqual(first)
})

it('takes another message at a place of the stream that a cluster without memory gives out again', async () => {
  await handle([message(0, notice('sb26050103'))], signal)
  await bench.settled()
  const rows = await count()
  expect(rows).toHaveLength(4)
  expect(rows.filter((r) => r.stream_offset === '0')).toHaveLength(2)
})

it('counts the same message at another place as heard again, within one batch too', async () => {
  await handle([message(20, notice('sb26050104')), message(21, notice('sb26050104'))], signal)
  await handle([message(22, notice('sb26050104'))], signal)
  const rows = await count()
  expect(rows.at(-1)).toMatchObject({ receptions: 3 })
})

it('shows its state to other processes', async () => {
  const stream = (await gcnStream(bench.platform))!
  await saveStreamStatus(bench.platform.db, shownStatus(stream.status()))
  const answer = await bench.json<{ configured: boolean; items: { name: string; state: string }[] }>(
    '/streams',
  )
  expect(answer).toMatchObject({ configured: true, items: [{ name: 'gcn', state: 'stopped' }] })
})
