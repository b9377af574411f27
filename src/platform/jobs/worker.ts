import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { Problem } from '#problem.ts'
import type { Db } from '#platform/db/database.ts'
import type { Events } from '#platform/events/event.ts'
import type { Signals } from '#platform/events/signals.ts'
import { workerLockClass } from '#platform/events/signals.ts'
import type { Metrics } from '#platform/metrics/metrics.ts'
import { createLedger } from './ledger.ts'
import type { JobHandler } from './job.ts'
import type { Queue } from './queue.ts'
import { runJob } from './runner.ts'
import type { RunningJob } from './runner.ts'
import {
  cancelChannel,
  claimJobs,
  deleteFinished,
  dueKinds,
  jobChannel,
  releaseFollowers,
  runningOf,
  workersOf,
} from './store.ts'
import type { ClaimedJob, Ending } from './store.ts'

/**
 * Takes jobs and runs them. That a job is never run twice at once rests on an advisory lock which each process holds
 * while it lives (`Signals`): a process that loses its connection stops its jobs after `giveUpMs`; others take them over
 * when the lock has been free for `takeOverMs`. PostgreSQL frees the lock of a killed process at once.
 */
export interface Worker {
  start(): Promise<void>
  stop(): Promise<void>
  /** Looks for work now. */
  wake(): void
  /** Resolves when what has ended by now is written. */
  flush(): Promise<void>
}

const giveUpMs = 1_500
const takeOverMs = 2_500
const sweepMs = 1_000
const defaultConcurrency = 4
const mostLosses = 3
/** Jobs of a kind that take less than this are taken a few ahead, so that a slot never waits for the database. */
const shortMs = 100
/** Kinds that take jobs at the same moment, each on a connection of the pool that handlers need too. */
const mostTaking = 4

interface Lane {
  readonly handler: JobHandler
  readonly concurrency: number
  running: number
  taking: boolean
  /** Something came while this lane was busy. */
  again: boolean
  /** Smoothed duration of its jobs (ms). */
  typicalMs: number
  readonly ahead: ClaimedJob[]
}

export function createWorker(options: {
  db: Db
  signals: Signals
  log: Logger
  queue: Queue
  handlers: ReadonlyMap<string, JobHandler>
  events?: Pick<Events, 'append'>
  metrics?: Metrics
  retentionDays?: number
}): Worker {
  const { db, signals, log, queue, handlers, metrics } = options
  const ledger = createLedger({ ...options, worker: signals.worker, onReady: wakeKind })
  const lanes = new Map<string, Lane>()
  const running = new Map<string, RunningJob>()
  const taking = new Set<Promise<void>>()
  const missing = new Map<number, number>()
  const offs: (() => void)[] = []
  const seconds = metrics?.histogram(
    'urania_job_duration_seconds',
    'Time that handlers of jobs took.',
    [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 60, 600],
    ['kind'],
  )
  const runningGauge = metrics?.gauge('urania_jobs_running', 'Jobs running in this process.', ['kind'])
  let stop = new AbortController()
  let sweeping: Promise<void> | undefined
  let cleaning: Promise<void> | undefined
  let giveUp: NodeJS.Timeout | undefined
  /** A claim may have been committed without our hearing of it. */
  let doubtful = false

  function wakeKind(kind: string): void {
    const lane = lanes.get(kind)
    if (!lane) return
    if (lane.taking) {
      lane.again = true
      return
    }
    lane.taking = true
    const done = take(lane).finally(() => {
      lane.taking = false
      taking.delete(done)
      if (lane.again && room(lane) > 0 && ready()) {
        lane.again = false
        wakeKind(kind)
      }
    })
    taking.add(done)
  }

  const turns: (() => void)[] = []
  let taken = 0
  async function inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (taken >= mostTaking) await new Promise<void>((resolve) => turns.push(resolve))
    else taken++
    try {
      return await run()
    } finally {
      const next = turns.shift()
      if (next) next()
      else taken--
    }
  }

  const ready = (): boolean => !stop.signal.aborted && signals.connected

  function room(lane: Lane): number {
    const ahead = lane.typicalMs < shortMs ? lane.concurrency * 2 : 0
    return lane.concurrency + ahead - lane.running - lane.ahead.length
  }

  async function take(lane: Lane): Promise<void> {
    const kind = lane.handler.kind.name
    for (;;) {
      const limit = Math.min(room(lane), 50)
      if (!ready()) return
      if (limit <= 0) {
        lane.again = true
        return
      }
      lane.again = false
      let claimed
      try {
        claimed = await inTurn(() =>
          db.transaction().execute(async (tx) => {
            const ids = await queue.take(tx, kind, limit)
            if (ids.length === 0) return { taken: 0, jobs: [] }
            const jobs = await claimJobs(tx, ids, signals.worker)
            const known = new Set(jobs.map((job) => job.id))
            const gone = ids.filter((id) => !known.has(id))
            await queue.drop(
              tx,
              gone.map((id) => ({ id, kind })),
            )
            return { taken: ids.length, jobs }
          }),
        )
      } catch (error) {
        doubtful = true
        log.warn({ err: error, kind }, 'Taking jobs failed; it is repeated within a second.')
        return
      }
      // pg-boss returns them in no order; our ids carry the time.
      for (const job of claimed.jobs.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
        if (lane.running < lane.concurrency) begin(lane, job)
        else {
          lane.ahead.push(job)
          running.set(job.id, notBegun(lane, job))
        }
      }
      if (claimed.taken < limit && !lane.again) return
    }
  }

  function begin(lane: Lane, job: ClaimedJob): void {
    const { kind } = job
    const began = performance.now()
    const { running: handle, ended } = runJob(lane.handler, job, ledger, log)
    running.set(job.id, handle)
    lane.running++
    runningGauge?.set(lane.running, { kind })
    void ended.then((ending) => {
      const took = performance.now() - began
      lane.running--
      lane.typicalMs = lane.typicalMs * 0.8 + took * 0.2
      seconds?.observe(took / 1_000, { kind })
      runningGauge?.set(lane.running, { kind })
      end(ending)
      const next = lane.ahead.shift()
      if (next) begin(lane, next)
      // A few at a time, so that taking jobs is not one transaction each.
      if (lane.again && room(lane) >= Math.min(lane.concurrency, 8)) wakeKind(kind)
    })
  }

  function end(ending: Ending): void {
    running.delete(ending.id)
    ledger.end(ending)
  }

  /** A job taken ahead of its turn ends without having begun. */
  function notBegun(lane: Lane, job: ClaimedJob): RunningJob {
    const leave = (part: Pick<Ending, 'state' | 'problem' | 'uncounted'>): void => {
      const at = lane.ahead.indexOf(job)
      if (at < 0) return
      lane.ahead.splice(at, 1)
      end({
        id: job.id,
        kind: job.kind,
        attempt: job.attempt,
        result: null,
        delaySeconds: 0,
        lost: false,
        ...part,
      })
    }
    return {
      cancel: () =>
        leave({
          state: 'cancelled',
          problem: { code: 'job.cancelled', message: 'The job was cancelled before it ran.' },
          uncounted: false,
        }),
      giveBack: () => leave({ state: 'queued', problem: null, uncounted: true }),
    }
  }

  async function sweep(): Promise<void> {
    if (!signals.connected) {
      missing.clear()
      return
    }
    const { kinds, cancelled } = await dueKinds(db, [...lanes.keys()], signals.worker)
    for (const kind of kinds) wakeKind(kind)
    for (const id of cancelled) running.get(id)?.cancel()
    await db.transaction().execute(async (tx) => {
      const freed = await releaseFollowers(tx, null)
      await queue.put(tx, freed)
    })
    await takeOver()
    if (doubtful && taking.size === 0) {
      const known = new Set(running.keys())
      await release(signals.worker, (id) => !known.has(id) && !running.has(id) && !ledger.pending(id))
      doubtful = false
    }
  }

  /** Returns to the queue what ran in processes that died. */
  async function takeOver(): Promise<void> {
    const now = performance.now()
    const workers = await workersOf(db, workerLockClass)
    const dead = new Set(
      workers.filter(({ worker, alive }) => !alive && worker !== signals.worker).map((w) => w.worker),
    )
    for (const worker of missing.keys()) if (!dead.has(worker)) missing.delete(worker)
    for (const worker of dead) {
      const since = missing.get(worker)
      if (since === undefined) missing.set(worker, now)
      else if (now - since >= takeOverMs) {
        await release(worker, () => true)
        missing.delete(worker)
      }
    }
  }

  async function release(worker: number, which: (id: string) => boolean): Promise<void> {
    const kinds = await db.transaction().execute(async (tx) => {
      const jobs = (await runningOf(tx, worker)).filter((job) => which(job.id))
      if (jobs.length === 0) return []
      log.warn({ jobs: jobs.length, worker }, 'Jobs of a process that died are put back into the queue.')
      await ledger.write(
        tx,
        jobs.map((job) => {
          const state = job.cancelRequested ? 'cancelled' : job.losses >= mostLosses ? 'failed' : 'queued'
          const died = `The process that ran the job died ${job.losses + 1} times; see its log before retrying.`
          return {
            ...job,
            state,
            problem:
              state === 'failed'
                ? { code: 'job.worker_lost', message: died }
                : state === 'cancelled'
                  ? { code: 'job.cancelled', message: 'The job was cancelled; its process had died.' }
                  : null,
            result: null,
            delaySeconds: 0,
            uncounted: state === 'queued',
            lost: true,
          }
        }),
        worker,
      )
      return jobs.map((job) => job.kind)
    })
    for (const kind of new Set(kinds)) wakeKind(kind)
  }

  async function every(ms: number, task: string, run: () => Promise<void>): Promise<void> {
    while (!stop.signal.aborted) {
      await run().catch((error: unknown) => log.warn({ err: error }, `${task} failed; it is repeated.`))
      await sleep(ms, undefined, { signal: stop.signal }).catch(() => {})
    }
  }

  async function clean(): Promise<void> {
    const days = options.retentionDays ?? 30
    const before = new Date(Date.now() - days * 86_400_000)
    const failedBefore = new Date(Date.now() - 3 * days * 86_400_000)
    while (!stop.signal.aborted && (await deleteFinished(db, before, failedBefore, 2_000)) === 2_000)
      await sleep(100)
  }

  const wakeAll = (): void => {
    for (const kind of lanes.keys()) wakeKind(kind)
  }

  return {
    wake: wakeAll,
    flush: () => ledger.flush(),
    async start() {
      stop = new AbortController()
      for (const [kind, handler] of handlers) {
        lanes.set(kind, {
          handler,
          concurrency: handler.kind.concurrency ?? defaultConcurrency,
          running: 0,
          taking: false,
          again: false,
          typicalMs: shortMs,
          ahead: [],
        })
      }
      ledger.start()
      offs.push(
        signals.on(jobChannel, wakeKind),
        signals.on(cancelChannel, (id) => running.get(id)?.cancel()),
        signals.onLost(() => {
          giveUp = setTimeout(() => {
            const problem = new Problem(
              'database.unavailable',
              'The database was away; the job is run again.',
            )
            doubtful = true
            for (const job of [...running.values()].toReversed()) job.giveBack(problem)
          }, giveUpMs)
        }),
        signals.onConnect(() => {
          clearTimeout(giveUp)
          wakeAll()
        }),
      )
      sweeping = every(sweepMs, 'Looking after jobs', sweep)
      cleaning = every(3_600_000, 'Deleting old jobs', clean)
      wakeAll()
    },
    async stop() {
      stop.abort()
      clearTimeout(giveUp)
      for (const off of offs.splice(0)) off()
      await sweeping
      await cleaning
      await Promise.all(taking)
      const problem = new Problem('job.stopping', 'The program stops; the job is run again when it starts.')
      for (const job of [...running.values()].toReversed()) job.giveBack(problem)
      while (running.size > 0) await sleep(5)
      await ledger.stop()
      lanes.clear()
    },
  }
}
