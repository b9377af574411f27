import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { z } from 'zod'
import { Problem } from '#problem.ts'
import type { Db } from '#platform/db/database.ts'
import type { Events } from '#platform/events/event.ts'
import type { Signals } from '#platform/events/signals.ts'
import type { Metrics } from '#platform/metrics/metrics.ts'
import { predecessorFailed, storedProblem } from './failure.ts'
import { createIdSource } from './id.ts'
import type { JobHandler, JobKind, Jobs, SendOptions } from './job.ts'
import { createQueue } from './queue.ts'
import {
  cancelFollowers,
  cancelQueued,
  failUnhandled,
  insertJob,
  jobById,
  jobByKey,
  listJobs,
  lockJob,
  logOfJob,
  releaseFollowers,
  requestCancel,
  requeueJob,
  unfinished,
  unfinishedKinds,
  withoutTicket,
} from './store.ts'
import { createWorker } from './worker.ts'

export interface JobService extends Jobs {
  /** Handlers of a room; before `start`. Two of one name are refused. */
  register(handlers: readonly JobHandler[]): void
  /** `work` true: this process also runs jobs. Before `start`, nothing can be sent. */
  start(options: { work: boolean }): Promise<void>
  /** Aborts what runs here and returns it to the queue. */
  stop(): Promise<void>
}

const inputLimit = 65_536

/**
 * Background work on PostgreSQL. Delivery is pg-boss's; state, progress, log and result are kept in our own tables.
 * @param options.events when given, a job that fails for good appends `jobs.failed` for operators.
 * @param options.retentionDays finished jobs are deleted after this (default 30), failed ones after three times as long.
 */
export function createJobs(options: {
  db: Db
  signals: Signals
  log: Logger
  events?: Pick<Events, 'append'>
  metrics?: Metrics
  retentionDays?: number
}): JobService {
  const { db, log } = options
  const handlers = new Map<string, JobHandler>()
  const titles = new Map<string, string>()
  const routine = new Set<string>()
  const queue = createQueue({ db, log })
  const worker = createWorker({ ...options, queue, handlers })
  const nextId = createIdSource()
  let working = false

  function handled(kind: string): void {
    if (!handlers.has(kind))
      throw new Problem(
        'job.no_handler',
        `Nothing handles jobs of kind ${kind}; register its handler in the room that sends it.`,
        {
          kind,
        },
      )
  }

  async function send<T extends z.ZodType>(
    tx: Db,
    kind: JobKind<T>,
    input: z.input<T>,
    sendOptions: SendOptions = {},
  ): Promise<string> {
    // Job and queue entry are two rows: without a transaction of the caller's they get one of their own.
    if (!tx.isTransaction) return tx.transaction().execute((own) => send(own, kind, input, sendOptions))
    handled(kind.name)
    const { key, startAfter, priority = 0, subject, requestedBy, after } = sendOptions
    const parsed = kind.input.safeParse(input)
    if (!parsed.success)
      throw new Problem('job.invalid_input', `The input is not what jobs of kind ${kind.name} take.`, {
        issues: parsed.error.issues
          .slice(0, 20)
          .map(({ path, message }) => ({ path: path.map(String), message })),
      })
    const text = JSON.stringify(input) ?? 'null'
    if (text.length > inputLimit)
      throw new Problem(
        'job.too_large',
        `The input of a job of kind ${kind.name} has ${text.length} characters; put it into storage and send its hash.`,
        { limit: inputLimit },
      )
    let waiting = false
    if (after !== undefined) {
      const first = await jobById(tx, after, titles)
      if (!first) throw new Problem('resource.not_found', `There is no job ${after} to wait for.`)
      if (first.state === 'failed' || first.state === 'cancelled')
        throw new Problem(
          'job.predecessor_failed',
          `Job ${after} is ${first.state}; retry it before sending what follows it.`,
        )
      // It may become done before we commit; the worker's sweep then finds the follower.
      waiting = first.state !== 'done'
    }
    for (;;) {
      const id = await insertJob(tx, {
        id: nextId(),
        kind: kind.name,
        input: text,
        key: key ?? null,
        subject: subject ?? null,
        requestedBy: requestedBy ?? null,
        priority,
        startAfter: startAfter ?? null,
        after: after ?? null,
        waiting,
      })
      if (id !== undefined) {
        if (!waiting)
          await queue.put(tx, [{ id, kind: kind.name, priority, startAfter: startAfter ?? new Date(0) }])
        return id
      }
      const existing = await jobByKey(tx, kind.name, key ?? '')
      if (existing !== undefined) return existing
      // The one that held the key has just failed or been deleted: the key is free again.
    }
  }

  /** The job's row, locked; ids of another form are not found either. */
  async function locked(tx: Db, id: string) {
    const job = await lockJob(tx, id)
    if (!job) throw new Problem('resource.not_found', `There is no job ${id}.`)
    return job
  }

  /** Who runs the job hears of it by NOTIFY, which PostgreSQL sends at the commit. */
  async function cancel(tx: Db, id: string): Promise<void> {
    const job = await locked(tx, id)
    if (job.state === 'running') return requestCancel(tx, id)
    if (job.state !== 'queued' && job.state !== 'retrying')
      throw new Problem('job.wrong_state', `Job ${id} is already ${job.state}.`, { state: job.state })
    await cancelQueued(
      tx,
      id,
      storedProblem(new Problem('job.cancelled', 'The job was cancelled before it ran.')),
    )
    await queue.drop(tx, [{ id, kind: job.kind }])
    await cancelFollowers(tx, [id], predecessorFailed(id))
  }

  return {
    register(added) {
      for (const handler of added) {
        const { name, title } = handler.kind
        if (handlers.has(name))
          throw new Problem('job.duplicate_kind', `Two handlers are registered for jobs of kind ${name}.`, {
            kind: name,
          })
        handlers.set(name, handler)
        titles.set(name, title)
        if (handler.kind.routine) routine.add(name)
      }
    },
    async start({ work }) {
      await queue.start([...handlers.keys()])
      if (!work) return
      for (const kind of await unfinishedKinds(db)) {
        if (handlers.has(kind)) continue
        const sentence = `Nothing in this version handles jobs of kind ${kind}; retry them when their handler is back.`
        log.error({ kind }, sentence)
        await failUnhandled(db, kind, { code: 'job.no_handler', message: sentence })
      }
      await db.transaction().execute(async (tx) => {
        const lost = await withoutTicket(tx)
        if (lost.length === 0) return
        log.warn({ jobs: lost.length }, 'Queued jobs unknown to the queue are put into it again.')
        await queue.drop(tx, lost)
        await queue.put(tx, lost)
      })
      working = true
      await worker.start()
    },
    async stop() {
      if (working) await worker.stop()
      working = false
      await queue.stop()
    },
    send,
    cancel: (id, tx) => (tx ? cancel(tx, id) : db.transaction().execute((own) => cancel(own, id))),
    async retry(id) {
      await db.transaction().execute(async (tx) => {
        const job = await locked(tx, id)
        handled(job.kind)
        if (job.state !== 'failed' && job.state !== 'cancelled')
          throw new Problem(
            'job.wrong_state',
            `Job ${id} is ${job.state}; only a failed or cancelled one is retried.`,
            {
              state: job.state,
            },
          )
        const waiting = job.afterState !== null && job.afterState !== 'done'
        const ticket = await requeueJob(tx, id, waiting).catch((error: unknown) => {
          throw isKeyTaken(error)
            ? new Problem(
                'request.conflict',
                `Another job with the key of ${id} has taken its place.`,
                {},
                error,
              )
            : error
        })
        await queue.drop(tx, [ticket])
        if (!waiting) await queue.put(tx, [ticket])
      })
    },
    get: (id) => jobById(db, id, titles),
    list: (filter) => listJobs(db, filter, titles, [...routine]),
    logOf: (id, afterLine = 0) => logOfJob(db, id, afterLine),
    async idle(kinds) {
      let pause = 5
      for (;;) {
        await worker.flush()
        await db.transaction().execute(async (tx) => queue.put(tx, await releaseFollowers(tx, null)))
        if (!(await unfinished(db, kinds ?? null))) return
        worker.wake()
        await sleep(pause)
        pause = Math.min(pause * 1.5, 100)
      }
    },
  }
}

function isKeyTaken(error: unknown): boolean {
  return error instanceof Error && 'constraint' in error && error.constraint === 'job_key'
}
