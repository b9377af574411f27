import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { pino } from 'pino'
import { afterAll, expect, it } from 'vitest'
import { z } from 'zod'
import { Problem } from '#problem.ts'
import { connect } from '#platform/db/connect.ts'
import { createEvents } from '#platform/events/events.ts'
import { createSignals } from '#platform/events/signals.ts'
import { testDatabase } from '#test/platform.ts'
import { until } from '#test/until.ts'
import { failure } from './failure.ts'
import type { JobContext, JobHandler, JobKind } from './job.ts'
import { createJobs } from './jobs.ts'

const { db, url } = await testDatabase()
const log = pino({ level: 'silent' })
const anything = z.object({ n: z.number().optional() })
const runs = new Map<string, ((input: { n?: number }, context: JobContext) => unknown)[]>()

function kind(name: string, more: Partial<JobKind<typeof anything>> = {}): JobKind<typeof anything> {
  return {
    name: `test.${name}`,
    title: `Test ${name}`,
    input: anything,
    retry: { limit: 2, delaySeconds: 0.01 },
    ...more,
  }
}

const kinds = {
  add: kind('add'),
  fail: kind('fail'),
  never: kind('never'),
  done: kind('done'),
  wait: kind('wait', { concurrency: 20 }),
  slow: kind('slow', { timeoutSeconds: 0.2, retry: { limit: 0 } }),
  report: kind('report'),
  step: kind('step', { retry: { limit: 0 } }),
  many: kind('many', { concurrency: 4 }),
  hourly: kind('hourly', { routine: true, retry: { limit: 0 } }),
}

/** A process: its own signals, handlers that look up what to do by the kind's name. */
async function createProcess(work: boolean) {
  let cut = false
  const signals = createSignals({
    connection: () => ({ connectionString: cut ? 'postgres://nobody@127.0.0.1:1/nothing' : url }),
    log,
  })
  const events = createEvents({ db, signals, log })
  const jobs = createJobs({ db, signals, log, events })
  jobs.register(
    Object.values(kinds).map((each): JobHandler<typeof anything> => ({
      kind: each,
      run: async (input, context) => runs.get(each.name)?.[0]?.(input, context),
    })),
  )
  await signals.start()
  await events.start()
  await jobs.start({ work })
  return {
    jobs,
    events,
    /** As after a pulled cable: the connection ends and no new one can be made. */
    async cut() {
      cut = true
      await sql`select pg_terminate_backend(pid) from pg_locks
        where locktype = 'advisory' and objid = ${signals.worker}::int8::oid`.execute(db)
    },
    async stop() {
      await jobs.stop()
      await events.stop()
      await signals.stop()
    },
  }
}

function on(
  of: JobKind<typeof anything>,
  run: (input: { n?: number }, context: JobContext) => unknown,
): void {
  runs.set(of.name, [run])
}

const main = await createProcess(true)
const sender = await createProcess(false)
afterAll(async () => {
  await sender.stop()
  await main.stop()
})
const { jobs } = main

it('leaves routine work out of lists unless it failed or is asked for', async () => {
  let works = true
  on(kinds.hourly, () => {
    if (!works) throw failure(new Problem('request.invalid', 'It does not work today.'), 'never')
  })
  const good = await jobs.send(db, kinds.hourly, {})
  await jobs.idle([kinds.hourly.name])
  works = false
  const bad = await jobs.send(db, kinds.hourly, {})
  await jobs.idle([kinds.hourly.name])
  const seen = async (filter: Parameters<typeof jobs.list>[0]) =>
    (await jobs.list(filter)).map((job) => job.id).filter((id) => id === good || id === bad)
  expect(await seen({ limit: 100 })).toEqual([bad])
  expect(await seen({ limit: 100, routine: true })).toEqual([bad, good])
  expect(await seen({ limit: 100, kind: kinds.hourly.name })).toEqual([bad, good])
})

it('runs a job with its input and keeps result, subject and times', async () => {
  on(kinds.add, ({ n = 0 }) => ({ sum: n + 1 }))
  const id = await jobs.send(
    db,
    kinds.add,
    { n: 41 },
    { subject: { kind: 'notice', id: '7' }, requestedBy: 'ann' },
  )
  await jobs.idle([kinds.add.name])
  const row = await jobs.get(id)
  expect(row).toMatchObject({
    kind: 'test.add',
    title: 'Test add',
    state: 'done',
    result: { sum: 42 },
    subject: { kind: 'notice', id: '7' },
    requestedBy: 'ann',
    attempt: 1,
    problem: null,
  })
  expect(row?.finishedAt?.getTime()).toBeGreaterThanOrEqual(row?.startedAt?.getTime() ?? Infinity)
  expect(await jobs.list({ subject: { kind: 'notice', id: '7' } })).toEqual([row])
})

it('sends nothing when the transaction is rolled back', async () => {
  let id = ''
  await db
    .transaction()
    .execute(async (tx) => {
      id = await jobs.send(tx, kinds.add, {})
      throw new Error('no')
    })
    .catch(() => {})
  expect(await jobs.get(id)).toBeUndefined()
})

it('refuses input that the kind does not take, and kinds without a handler or with two', async () => {
  // @ts-expect-error n is a number
  await expect(jobs.send(db, kinds.add, { n: 'x' })).rejects.toMatchObject({ code: 'job.invalid_input' })
  await expect(jobs.send(db, kind('unknown'), {})).rejects.toMatchObject({ code: 'job.no_handler' })
  expect(() => jobs.register([{ kind: kinds.add, run: async () => {} }])).toThrow('Two handlers')
})

it('retries with growing pauses, then leaves a dead letter that a person can retry, with an event for operators', async () => {
  const attempts: number[] = []
  on(kinds.fail, (_, { attempt }) => {
    attempts.push(attempt)
    throw new Problem('net.unreachable', 'The far end is down.', { host: 'x' })
  })
  const id = await jobs.send(db, kinds.fail, {})
  await jobs.idle([kinds.fail.name])
  expect(attempts).toEqual([1, 2, 3])
  expect(await jobs.get(id)).toMatchObject({
    state: 'failed',
    problem: { code: 'net.unreachable', message: 'The far end is down.' },
  })
  const [event] = await main.events.recent(['role:operator'], { kinds: ['jobs.failed'] })
  expect(event).toMatchObject({ subject: { kind: 'job', id }, data: { code: 'net.unreachable' } })
  on(kinds.fail, () => 'fine')
  await jobs.retry(id)
  await jobs.idle([kinds.fail.name])
  expect(await jobs.get(id)).toMatchObject({ state: 'done', attempt: 1, problem: null, result: 'fine' })
  await expect(jobs.retry(id)).rejects.toMatchObject({ code: 'job.wrong_state' })
})

it('ends at once by `never` and successfully by `done`', async () => {
  on(kinds.never, () => {
    throw failure(new Problem('request.invalid', 'Bad bytes.'), 'never')
  })
  on(kinds.done, () => {
    throw failure(new Problem('request.conflict', 'It is there already.'), 'done')
  })
  const [a, b] = [await jobs.send(db, kinds.never, {}), await jobs.send(db, kinds.done, {})]
  await jobs.idle()
  expect(await jobs.get(a)).toMatchObject({
    state: 'failed',
    attempt: 1,
    problem: { code: 'request.invalid' },
  })
  expect(await jobs.get(b)).toMatchObject({ state: 'done', result: { alreadyDone: 'It is there already.' } })
})

it('is one job by its key while that is queued, running or done, and a new one after a failure', async () => {
  on(kinds.add, () => 1)
  on(kinds.never, () => {
    throw failure(new Problem('request.invalid', 'Bad bytes.'), 'never')
  })
  const first = await jobs.send(db, kinds.add, {}, { key: 'k' })
  expect(await sender.jobs.send(db, kinds.add, {}, { key: 'k' })).toBe(first)
  await jobs.idle()
  expect(await jobs.send(db, kinds.add, {}, { key: 'k' })).toBe(first)
  const failed = await jobs.send(db, kinds.never, {}, { key: 'k' })
  await jobs.idle()
  expect(await jobs.send(db, kinds.never, {}, { key: 'k' })).not.toBe(failed)
  await jobs.idle()
})

it('cancels a queued job, and a running one from another process without waiting for a poll', async () => {
  let reason: unknown
  on(kinds.wait, async (_, { signal }) => {
    await sleep(20_000, undefined, { signal }).finally(() => {
      reason = signal.reason
    })
  })
  const queued = await sender.jobs.send(db, kinds.wait, {}, { startAfter: new Date(Date.now() + 60_000) })
  await sender.jobs.cancel(queued)
  expect(await jobs.get(queued)).toMatchObject({ state: 'cancelled' })
  const id = await sender.jobs.send(db, kinds.wait, {})
  await until(async () => (await jobs.get(id))?.state === 'running', 'the job running')
  const began = performance.now()
  await sender.jobs.cancel(id)
  await until(async () => (await jobs.get(id))?.state === 'cancelled', 'the job cancelled')
  expect(performance.now() - began).toBeLessThan(5_000)
  expect(reason).toMatchObject({ code: 'job.cancelled' })
})

it('cancels with the transaction it is given: a rollback leaves a job waiting or running', async () => {
  on(kinds.wait, (_, { signal }) => sleep(20_000, undefined, { signal }))
  const queued = await sender.jobs.send(db, kinds.wait, {}, { startAfter: new Date(Date.now() + 60_000) })
  const id = await sender.jobs.send(db, kinds.wait, {})
  await until(async () => (await jobs.get(id))?.state === 'running', 'the job running')
  const back = db.transaction().execute(async (tx) => {
    await sender.jobs.cancel(queued, tx)
    await sender.jobs.cancel(id, tx)
    throw new Error('no')
  })
  await expect(back).rejects.toThrow('no')
  // Longer than the look that finds what a signal missed.
  await sleep(1_500)
  expect(await jobs.get(queued)).toMatchObject({ state: 'queued', problem: null })
  expect(await jobs.get(id)).toMatchObject({ state: 'running' })
  await db.transaction().execute(async (tx) => {
    await sender.jobs.cancel(queued, tx)
    await sender.jobs.cancel(id, tx)
    await sleep(300)
    expect(await jobs.get(id)).toMatchObject({ state: 'running' })
  })
  expect(await jobs.get(queued)).toMatchObject({ state: 'cancelled' })
  await until(async () => (await jobs.get(id))?.state === 'cancelled', 'the job cancelled')
})

it('ends a job that takes longer than its kind allows', async () => {
  on(kinds.slow, (_, { signal }) => sleep(10_000, undefined, { signal }))
  const id = await jobs.send(db, kinds.slow, {})
  await jobs.idle([kinds.slow.name])
  expect(await jobs.get(id)).toMatchObject({ state: 'failed', problem: { code: 'job.timed_out' } })
})

it('shows progress with rate and time left, and keeps the log in order', async () => {
  const go = Promise.withResolvers<void>()
  on(kinds.report, async (_, { progress, log: line }) => {
    for (let i = 1; i <= 5; i++) {
      progress(i * 10, 100, 'rows')
      line(`row ${i}\0`)
      await sleep(150)
    }
    await go.promise
    line('end')
  })
  const id = await jobs.send(db, kinds.report, {})
  const row = await until(async () => {
    const now = await jobs.get(id)
    return now?.progress?.done === 50 && now
  }, 'half of the rows')
  expect(row.progress).toMatchObject({ total: 100, unit: 'rows' })
  expect(row.progress?.perSecond).toBeGreaterThan(1)
  expect(row.progress?.etaSeconds).toBeCloseTo(50 / (row.progress?.perSecond ?? 0), 6)
  go.resolve()
  await jobs.idle([kinds.report.name])
  const lines = await jobs.logOf(id)
  expect(lines.map((line) => line.text)).toEqual(['row 1�', 'row 2�', 'row 3�', 'row 4�', 'row 5�', 'end'])
  expect((await jobs.logOf(id, lines[4].line)).map((line) => line.text)).toEqual(['end'])
})

it('runs a chain in order; a failure stops it and a retry takes it up where it stopped', async () => {
  const order: number[] = []
  let broken = true
  on(kinds.step, ({ n = 0 }) => {
    if (n === 2 && broken) throw new Problem('request.invalid', 'Step two is broken.')
    order.push(n)
  })
  const ids = await db.transaction().execute(async (tx) => {
    const first = await jobs.send(tx, kinds.step, { n: 1 })
    const second = await jobs.send(tx, kinds.step, { n: 2 }, { after: first })
    const third = await jobs.send(tx, kinds.step, { n: 3 }, { after: second })
    return [first, second, third]
  })
  await jobs.idle([kinds.step.name])
  expect(order).toEqual([1])
  expect(await jobs.get(ids[2])).toMatchObject({
    state: 'cancelled',
    problem: { code: 'job.predecessor_failed' },
  })
  broken = false
  await jobs.retry(ids[1])
  await jobs.idle([kinds.step.name])
  expect(order).toEqual([1, 2, 3])
})

it('waits until the given time, and takes higher priority first', async () => {
  const order: number[] = []
  on(kinds.many, ({ n = 0 }) => void order.push(n))
  const begin = new Date(Date.now() + 300)
  await db.transaction().execute(async (tx) => {
    for (let n = 0; n < 3; n++) await jobs.send(tx, kinds.many, { n }, { startAfter: begin, priority: n })
  })
  await sleep(100)
  expect(order).toEqual([])
  await jobs.idle([kinds.many.name])
  expect(Date.now()).toBeGreaterThanOrEqual(begin.getTime())
  expect(order.toSorted((a, b) => a - b)).toEqual([0, 1, 2])
})

it('keeps a job whose result the database refuses', async () => {
  on(kinds.add, () => ({ text: '\ud800' }))
  const id = await jobs.send(db, kinds.add, {})
  await jobs.idle([kinds.add.name])
  expect(await jobs.get(id)).toMatchObject({ state: 'done' })
})

it('on stop returns running work to the queue, where the next process finds it', async () => {
  const attempts: number[] = []
  on(kinds.wait, async (_, { signal, attempt }) => {
    attempts.push(attempt)
    if (attempts.length === 1) await sleep(20_000, undefined, { signal })
  })
  await main.jobs.stop()
  const other = await createProcess(true)
  const id = await other.jobs.send(db, kinds.wait, {})
  await until(async () => (await other.jobs.get(id))?.state === 'running', 'the job running')
  await other.stop()
  await main.jobs.start({ work: true })
  await jobs.idle([kinds.wait.name])
  expect(attempts).toEqual([1, 1])
  expect(await jobs.get(id)).toMatchObject({ state: 'done', attempt: 1 })
})

it('takes up the work of a process whose connection died, not before it has given up, and never both at once', async () => {
  let now = 0
  let most = 0
  const began: number[] = []
  on(kinds.wait, async (_, { signal }) => {
    began.push(performance.now())
    most = Math.max(most, ++now)
    try {
      if (began.length === 1) await sleep(20_000, undefined, { signal })
    } finally {
      now--
    }
  })
  await main.jobs.stop()
  const other = await createProcess(true)
  const id = await other.jobs.send(db, kinds.wait, {})
  await until(async () => (await other.jobs.get(id))?.state === 'running', 'the job running')
  await other.cut()
  const cut = performance.now()
  await main.jobs.start({ work: true })
  await until(() => began.length === 2, 'the second run')
  expect(performance.now() - cut).toBeGreaterThan(2_000)
  expect(performance.now() - cut).toBeLessThan(20_000)
  await jobs.idle([kinds.wait.name])
  expect(await jobs.get(id)).toMatchObject({ state: 'done' })
  await other.stop()
  expect(most).toBe(1)
})

it('starts with many more kinds than connections', async () => {
  const small = connect(url, { max: 2 })
  const signals = createSignals({ connection: { connectionString: url }, log })
  const many = createJobs({ db: small.db, signals, log })
  many.register(Array.from({ length: 12 }, (_, i) => ({ kind: kind(`small.${i}`), run: async () => i })))
  await signals.start()
  const began = performance.now()
  await many.start({ work: true })
  const id = await many.send(small.db, kind('small.11'), {})
  await many.idle(['test.small.11'])
  expect(await many.get(id)).toMatchObject({ state: 'done', result: 11 })
  await many.stop()
  await signals.stop()
  await small.close()
  expect(performance.now() - began).toBeLessThan(20_000)
})

it('job to worker within a few milliseconds, hundreds of small jobs per second', async () => {
  const latency: number[] = []
  on(kinds.many, ({ n = 0 }) => void latency.push(performance.timeOrigin + performance.now() - n))
  const sending: number[] = []
  for (let i = 0; i < 30; i++) {
    const began = performance.timeOrigin + performance.now()
    await db.transaction().execute((tx) => jobs.send(tx, kinds.many, { n: began }))
    sending.push(performance.timeOrigin + performance.now() - began)
    await sleep(10)
  }
  await jobs.idle([kinds.many.name])
  latency.sort((a, b) => a - b)
  sending.sort((a, b) => a - b)
  const began = performance.now()
  const count = 600
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      for (let i = 0; i < count / 6; i++)
        await db.transaction().execute((tx) => jobs.send(tx, kinds.many, {}))
    }),
  )
  await jobs.idle([kinds.many.name])
  const rate = (count / (performance.now() - began)) * 1_000
  process.stdout.write(
    `jobs: begin of the sending transaction (itself ${sending[15].toFixed(1)} ms) to handler p50 ${latency[15].toFixed(1)} ms, p90 ${latency[27].toFixed(1)} ms; ${rate.toFixed(0)} jobs/s sent and worked\n`,
  )
  expect(latency[15]).toBeLessThan(2_000)
  expect(rate).toBeGreaterThan(20)
})
