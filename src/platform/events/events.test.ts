import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { Client } from 'pg'
import { pino } from 'pino'
import { afterAll, afterEach, expect, it } from 'vitest'
import { connect } from '#platform/db/connect.ts'
import { testDatabase } from '#test/platform.ts'
import type { EventRow, NewEvent } from './event.ts'
import { createEvents } from './events.ts'
import type { EventService } from './events.ts'
import { createSignals, workerLockClass } from './signals.ts'
import { parseLastEventId, sseStream } from './sse.ts'
import { deleteEvents, lastPosition, rebaseEvents } from './store.ts'

const { db, url } = await testDatabase()
const log = pino({ level: 'silent' })
const signals = createSignals({ connection: { connectionString: url }, log })
await signals.start()
const started: EventService[] = []
afterEach(async () => {
  for (const events of started.splice(0)) await events.stop()
})
afterAll(() => signals.stop())

async function start(prepare?: (events: EventService) => void): Promise<EventService> {
  const events = createEvents({ db, signals, log })
  started.push(events)
  prepare?.(events)
  await events.start()
  return events
}

const event = (n: number, more: Partial<NewEvent> = {}): NewEvent => ({
  kind: 'test.happened',
  subject: { kind: 'thing', id: String(n) },
  data: { n },
  audience: ['everyone'],
  ...more,
})

/** The last event there is: a tail after it misses nothing, however late it subscribes. */
const here = async (): Promise<string> => (await lastPosition(db)).id

/** Collects from a tail until it has `count` events. */
async function collect(
  events: EventService,
  count: number,
  viewer = ['everyone'],
  after: string | null = null,
): Promise<EventRow[]> {
  const abort = new AbortController()
  const found: EventRow[] = []
  for await (const row of events.tail(viewer, after, abort.signal)) {
    found.push(row)
    if (found.length === count) break
  }
  return found
}

const numbers = (rows: EventRow[]): unknown[] => rows.map((row) => row.data['n'])

it('hands an event to viewers after commit, not after a rollback', async () => {
  const events = await start()
  const two = collect(events, 2, ['everyone'], await here())
  await events.append(db, event(1))
  await db
    .transaction()
    .execute(async (tx) => {
      await events.append(tx, event(99))
      throw new Error('no')
    })
    .catch(() => {})
  await events.append(db, event(2, { data: { n: 2, text: 'it\'s\n"quoted"' } }))
  const rows = await two
  expect(rows.map((row) => row.data)).toEqual([{ n: 1 }, { n: 2, text: 'it\'s\n"quoted"' }])
  expect(rows[0]).toMatchObject({
    kind: 'test.happened',
    subject: { kind: 'thing', id: '1' },
    at: expect.any(Date),
  })
})

it('shows an event only to those in its audience, live, on resume and in the list', async () => {
  const events = await start()
  await events.append(db, event(10, { audience: ['group:a', 'user:b'] }))
  await events.append(db, event(11, { audience: ['role:operator'] }))
  await events.append(db, event(12))
  const seen = async (viewer: string[]) => numbers(await events.recent(viewer, { limit: 3 }))
  expect(await seen(['everyone', 'user:b'])).toEqual([12, 10, 2])
  expect(await seen(['role:operator'])).toEqual([11])
  const first = (await events.recent(['everyone'], { limit: 100 })).at(-1)
  expect(numbers(await collect(events, 3, ['everyone', 'group:a'], first?.id ?? '0'))).toEqual([2, 10, 12])
  const live = collect(events, 1, ['user:c'], await here())
  await events.append(db, event(13))
  await events.append(db, event(14, { audience: ['user:c'] }))
  expect(numbers(await live)).toEqual([14])
})

it('never misses an event that commits late with a smaller id', async () => {
  const events = await start()
  const tail = collect(events, 3, ['everyone'], await here())
  const written = Promise.withResolvers<void>()
  const commit = Promise.withResolvers<void>()
  const late = db.transaction().execute(async (tx) => {
    await events.append(tx, event(20))
    written.resolve()
    await commit.promise
  })
  await written.promise
  await events.append(db, event(21))
  await events.append(db, event(22))
  await sleep(100)
  commit.resolve()
  await late
  const rows = await tail
  expect(numbers(rows)).toEqual([20, 21, 22])
  // Resumed from the middle, the rest comes once.
  expect(numbers(await collect(events, 1, ['everyone'], rows[1].id))).toEqual([22])
})

it('orders by transaction where ids are handed out across it, and resumes there too', async () => {
  const events = await start()
  const tail = collect(events, 2, ['everyone'], await here())
  const early = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  // The first transaction has the smaller number, but the larger event id.
  const first = db.transaction().execute(async (tx) => {
    await sql`select pg_current_xact_id()`.execute(tx)
    early.resolve()
    await go.promise
    await events.append(tx, event(31))
  })
  await early.promise
  await events.append(db, event(32))
  go.resolve()
  await first
  const rows = await tail
  expect(numbers(rows)).toEqual([31, 32])
  expect(BigInt(rows[0].id)).toBeGreaterThan(BigInt(rows[1].id))
  expect(numbers(await collect(events, 1, ['everyone'], rows[0].id))).toEqual([32])
})

it('loses and doubles nothing under many concurrent writers', async () => {
  const events = await start()
  const count = 400
  const last = await here()
  const tails = [collect(events, count, ['everyone'], last), collect(events, count, ['everyone'], last)]
  await Promise.all(
    Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; i < count / 8; i++)
        await db.transaction().execute(async (tx) => {
          await events.append(tx, event(writer * 1_000 + i))
          if (i % 3 === 0) await sleep(2)
        })
    }),
  )
  for (const tail of tails) expect(new Set(numbers(await tail)).size).toBe(count)
})

it('calls a durable listener once per event in order, in one transaction with its position', async () => {
  const calls: unknown[] = []
  await db.executeQuery(sql`create table seen (n int primary key)`.compile(db))
  const register = (events: EventService): void =>
    events.listen('test.listener', ['test.kept'], async (row, tx) => {
      calls.push(row.data['n'])
      await sql`insert into seen values (${row.data['n']}::int)`.execute(tx)
    })
  const first = await start(register)
  await first.append(db, event(1, { kind: 'test.kept' }))
  await first.append(db, event(2))
  await first.append(db, event(3, { kind: 'test.kept' }))
  await first.settled()
  expect(calls).toEqual([1, 3])
  await first.stop()
  await first.append(db, event(4, { kind: 'test.kept' }))
  // Two processes with the same listener share one position.
  const [a] = [await start(register), await start(register)]
  for (let n = 5; n <= 60; n++) await a.append(db, event(n, { kind: 'test.kept' }))
  await a.settled()
  const { rows } = await sql<{ count: string }>`select count(*) as "count" from seen`.execute(db)
  expect(rows[0].count).toBe('59')
  expect(calls).toEqual(calls.toSorted((x, y) => Number(x) - Number(y)))
})

it('repeats for a listener that fails, without repeating the good events before', async () => {
  const calls: unknown[] = []
  let broken = true
  const events = await start((each) =>
    each.listen('test.fragile', ['test.fragile'], async (row) => {
      if (row.data['n'] === 2 && broken) {
        broken = false
        throw new Error('not yet')
      }
      calls.push(row.data['n'])
    }),
  )
  await db.transaction().execute(async (tx) => {
    for (const n of [1, 2, 3]) await events.append(tx, event(n, { kind: 'test.fragile' }))
  })
  await events.settled()
  // Once in the batch that was rolled back, and once for good.
  expect(calls).toEqual([1, 1, 2, 3])
})

it('streams to many viewers within milliseconds of the commit', async () => {
  const events = await start()
  const latency: number[] = []
  const last = await here()
  const tails = Array.from({ length: 10 }, async () => {
    const abort = new AbortController()
    let left = 20
    for await (const row of events.tail(['everyone'], last, abort.signal)) {
      latency.push(performance.timeOrigin + performance.now() - Number(row.data['t']))
      if (--left === 0) break
    }
  })
  await sleep(100)
  for (let i = 0; i < 20; i++) {
    await events.append(db, event(i, { data: { t: performance.timeOrigin + performance.now() } }))
    await sleep(10)
  }
  await Promise.all(tails)
  latency.sort((a, b) => a - b)
  process.stdout.write(
    `events: append to viewer p50 ${latency[100].toFixed(1)} ms, p95 ${latency[190].toFixed(1)} ms\n`,
  )
  expect(latency[100]).toBeLessThan(5_000)
})

it('comes back after the connection for notifications was cut', async () => {
  const events = await start()
  const tail = collect(events, 2, ['everyone'], await here())
  await events.append(db, event(1))
  await sql`select pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and objid = ${signals.worker}::int8::oid`.execute(db)
  await events.append(db, event(2))
  expect(numbers(await tail)).toEqual([1, 2])
})

it('takes its lock from a connection of its own that the server still believes in', async () => {
  const lone = createSignals({ connection: { connectionString: url }, log })
  const zombie = new Client({ connectionString: url })
  zombie.on('error', () => {})
  await zombie.connect()
  await zombie.query('select pg_advisory_lock($1, $2)', [workerLockClass, lone.worker])
  await lone.start()
  expect(lone.connected).toBe(true)
  await lone.stop()
  await zombie.end().catch(() => {})
})

it('writes server-sent events with ids, resumes from the last one and keeps silent lines alive', async () => {
  const events = await start()
  const abort = new AbortController()
  const read = async (last: string | null, until: RegExp): Promise<string> => {
    const reader = sseStream(events, ['everyone'], last, abort.signal, 40)
      .pipeThrough(new TextDecoderStream())
      .getReader()
    let text = ''
    while (!until.test(text)) {
      const { value, done } = await reader.read()
      if (done) break
      text += value
    }
    await reader.cancel()
    return text
  }
  const live = read(await here(), /"n":2[^]*still here/)
  await events.append(db, event(1))
  await events.append(db, event(2))
  const text = await live
  expect(text).toMatch(/^: here\nretry: 2000\n\n/)
  const [, id] = /id: (\d+)\nevent: test\.happened\ndata: (\{.*"n":1.*\})\n\n/.exec(text) ?? []
  const again = await read(parseLastEventId(id), /"n":2/)
  expect(again).not.toContain('"n":1')
  expect(parseLastEventId('1; drop')).toBeNull()
})

it('deletes what is old and seen by every listener, and stands a restore from another server', async () => {
  const events = await start((each) => each.listen('test.slow', ['test.never'], async () => {}))
  await sql`insert into event (xid, at, kind, subject_kind, subject_id, audience)
    values ('999999999999', now(), 'test.foreign', 'thing', '1', '{everyone}')`.execute(db)
  await events.stop()
  expect(await rebaseEvents(db)).toBe(true)
  expect(await rebaseEvents(db)).toBe(false)
  const again = await start()
  const all = await again.recent(['everyone'], { limit: 1_000 })
  const read = await collect(again, all.length - 1, ['everyone'], all.at(-1)?.id ?? '0')
  expect(read.map((row) => row.id)).toEqual(
    all
      .map((row) => row.id)
      .toReversed()
      .slice(1),
  )
  const other = connect(url, { max: 1 })
  expect(await deleteEvents(other.db, new Date(Date.now() - 86_400_000), 100)).toBe(0)
  await sql`update event_listener set xid = '1', id = ${all[0].id}::bigint`.execute(other.db)
  expect(await deleteEvents(other.db, new Date(Date.now() + 1_000), 10_000)).toBeGreaterThan(400)
  await other.close()
})
