import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Db } from '#platform/db/database.ts'
import type { Events } from '#platform/events/event.ts'
import type { Metrics } from '#platform/metrics/metrics.ts'
import { predecessorFailed, storedProblem } from './failure.ts'
import type { Queue } from './queue.ts'
import type { Reports } from './runner.ts'
import { cancelFollowers, endJobs, releaseFollowers, writeLog, writeProgress } from './store.ts'
import type { Ending, ProgressReport } from './store.ts'

/**
 * Writes what jobs report, many at a time: endings as soon as the previous write is through (so that a burst shares one
 * commit), progress and log lines twice a second and always before the ending of their job.
 */
export interface Ledger extends Reports {
  end(ending: Ending): void
  /** True while the ending of this job is not yet written. */
  pending(id: string): boolean
  /** Writes endings of `worker`'s jobs in this transaction. */
  write(tx: Db, endings: readonly Ending[], worker: number): Promise<void>
  flush(): Promise<void>
  start(): void
  stop(): Promise<void>
}

const reportMs = 500

export function createLedger(options: {
  db: Db
  log: Logger
  queue: Queue
  worker: number
  events?: Pick<Events, 'append'>
  metrics?: Metrics
  /** Called with the kind of a job that can start now. */
  onReady(kind: string): void
}): Ledger {
  const { db, log, queue } = options
  const finished = options.metrics?.counter('urania_jobs_finished_total', 'Jobs by how they ended.', [
    'kind',
    'state',
  ])
  let endings: Ending[] = []
  let reports = new Map<string, ProgressReport>()
  let lines: { id: string; at: string; text: string }[] = []
  const unwritten = new Set<string>()
  let writing: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let stopping = false

  async function write(tx: Db, batch: readonly Ending[], worker: number): Promise<void> {
    await queue.drop(tx, batch.length === 0 ? [] : await endAll(tx, batch, worker))
  }

  async function endAll(
    tx: Db,
    batch: readonly Ending[],
    worker: number,
  ): Promise<{ id: string; kind: string }[]> {
    const ended = await endJobs(tx, batch, worker)
    const again = ended.filter(({ state }) => state === 'queued' || state === 'retrying')
    if (again.length > 0) {
      await queue.drop(tx, again)
      await queue.put(tx, again)
    }
    const done = ended.filter(({ state }) => state === 'done').map(({ id }) => id)
    if (done.length > 0) await queue.put(tx, await followers(tx, done))
    for (const { id, kind, state, problem, subject } of ended) {
      if (state !== 'failed' && state !== 'cancelled') continue
      await cancelFollowers(tx, [id], predecessorFailed(id))
      if (state === 'failed')
        await options.events?.append(tx, {
          kind: 'jobs.failed',
          subject: { kind: 'job', id },
          data: { kind, code: problem?.code, message: problem?.message, about: subject },
          audience: ['role:operator'],
        })
    }
    for (const { kind, state } of ended) finished?.add(1, { kind, state })
    const kept = new Set(again.map(({ id }) => id))
    return ended.filter(({ id }) => !kept.has(id))
  }

  async function followers(tx: Db, done: readonly string[]) {
    const freed = await releaseFollowers(tx, done)
    for (const kind of new Set(freed.map((job) => job.kind))) woken.add(kind)
    return freed
  }
  let woken = new Set<string>()

  async function writeReports(tx: Db): Promise<() => void> {
    const [someReports, someLines] = [[...reports.values()], lines]
    reports = new Map()
    lines = []
    if (someReports.length > 0) await writeProgress(tx, someReports)
    if (someLines.length > 0) await writeLog(tx, someLines)
    return () => {
      for (const report of someReports) if (!reports.has(report.id)) reports.set(report.id, report)
      lines = [...someLines, ...lines]
    }
  }

  /** One transaction with everything there is; what could not be written is put back. */
  async function writeOnce(batch: Ending[]): Promise<void> {
    let undo: (() => void) | undefined
    woken = new Set()
    try {
      await db.transaction().execute(async (tx) => {
        undo = await writeReports(tx)
        await write(tx, batch, options.worker)
      })
    } catch (error) {
      undo?.()
      throw error
    }
    for (const { id } of batch) unwritten.delete(id)
    for (const { kind, state } of batch) if (state === 'queued') woken.add(kind)
    for (const kind of woken) options.onReady(kind)
  }

  async function drain(): Promise<void> {
    let pause = 50
    let alone = 0
    while (endings.length > 0 || ((stopping || dueNow()) && (reports.size > 0 || lines.length > 0))) {
      const batch = alone > 0 ? endings.splice(0, 1) : endings
      if (alone > 0) alone--
      else endings = []
      lastReport = performance.now()
      try {
        await writeOnce(batch)
        pause = 50
      } catch (error) {
        log.warn({ err: error, jobs: batch.length }, 'Writing how jobs ended failed; it is repeated.')
        if (isRefused(error)) {
          // PostgreSQL refuses something in it: find it by writing one at a time, then without what it carries.
          if (batch.length > 1) alone = batch.length
          else {
            lines = []
            reports.clear()
            for (const ending of batch) Object.assign(ending, withoutContent(ending, error))
          }
        }
        endings = [...batch, ...endings]
        await sleep(pause)
        pause = Math.min(pause * 2, 1_000)
        if (stopping && pause >= 1_000 && !isRefused(error)) {
          log.error(
            { jobs: endings.length },
            'The database is away; these jobs run again after the next start.',
          )
          return
        }
      }
    }
  }

  let lastReport = 0
  const dueNow = (): boolean => performance.now() - lastReport >= reportMs

  function kick(): void {
    if (writing) return
    writing = drain().finally(() => {
      writing = undefined
      if (endings.length > 0 && !stopping) kick()
    })
  }

  async function flush(): Promise<void> {
    while (writing) await writing
  }

  return {
    progress: (report) => reports.set(report.id, report),
    line: (id, text) => lines.push({ id, at: new Date().toISOString(), text: clean(text) }),
    end(ending) {
      unwritten.add(ending.id)
      endings.push(ending)
      kick()
    },
    pending: (id) => unwritten.has(id),
    write,
    flush,
    start() {
      stopping = false
      timer = setInterval(() => {
        if (reports.size > 0 || lines.length > 0) kick()
      }, reportMs)
    },
    async stop() {
      clearInterval(timer)
      stopping = true
      await flush()
      kick()
      await flush()
    },
  }
}

/** An error of the statement itself (class 22, 23: data; 54: limits), which would come again. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(22|23|54)/.test(String(error.code))
}

function withoutContent(ending: Ending, error: unknown): Partial<Ending> {
  const note = storedProblem(error)
  return ending.state === 'done'
    ? { result: { omitted: `The database refused the result: ${note.message}` } }
    : {
        problem: {
          code: ending.problem?.code ?? 'internal.error',
          message: 'The database refused the sentence of this failure.',
        },
      }
}

function clean(text: string): string {
  const whole = text.toWellFormed().replaceAll('\0', '�')
  return whole.length > 2_000 ? `${whole.slice(0, 2_000)}…` : whole
}
