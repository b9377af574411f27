import { PgBoss, fromKysely } from 'pg-boss'
import type { Logger } from 'pino'
import type { Db } from '#platform/db/database.ts'
import type { Ticket } from './store.ts'

/**
 * Delivery of jobs by pg-boss: who may start which job, and not before when. One entry per job that is queued or
 * running, under the job's own id; it is deleted when the job ends, and made anew for a retry. What people see of a job
 * is kept in our table, written in the same transactions.
 */
export interface Queue {
  start(kinds: readonly string[]): Promise<void>
  stop(): Promise<void>
  put(tx: Db, tickets: readonly Ticket[]): Promise<void>
  /** Takes up to `limit` jobs of a kind: highest priority first, then oldest. */
  take(tx: Db, kind: string, limit: number): Promise<string[]>
  drop(tx: Db, jobs: readonly { id: string; kind: string }[]): Promise<void>
}

// pg-boss gives up on entries after these; ours end by other means (time-outs, and the lock of a living process).
const tenYears = 315_360_000
const oneDay = 86_400
const nobody = '00000000-0000-0000-0000-000000000000'

export function createQueue(options: { db: Db; log: Logger }): Queue {
  const { db, log } = options
  let boss: PgBoss | undefined

  function running(): PgBoss {
    if (!boss) throw new Error('The jobs must be started before anything is sent.')
    return boss
  }

  return {
    async start(kinds) {
      const next = new PgBoss({
        db: fromKysely(db),
        schema: 'pgboss',
        supervise: false,
        schedule: false,
        bamIntervalSeconds: 3_600,
      })
      next.on('error', (error) => log.error({ err: error }, 'The job queue reports an error.'))
      next.on('warning', (warning) => log.warn({ warning }, 'The job queue warns.'))
      await next.start()
      const known = new Set((await next.getQueues()).map((queue) => queue.name))
      for (const kind of kinds) {
        if (!known.has(kind)) {
          await next.createQueue(kind, {
            retryLimit: 0,
            retentionSeconds: tenYears,
            expireInSeconds: oneDay,
            deleteAfterSeconds: 1,
          })
        }
      }
      // pg-boss looks a queue up on a connection of its own when it meets it first. Within a transaction of ours that would
      // be a second connection held by one task, and enough such tasks would wait for each other until the pool gives up.
      for (const kind of kinds) await next.deleteJob(kind, nobody)
      boss = next
    },
    async stop() {
      await boss?.stop({ close: false, graceful: false })
      boss = undefined
    },
    async put(tx, tickets) {
      for (const [kind, group] of Map.groupBy(tickets, (ticket) => ticket.kind)) {
        const entries = group.map(({ id, priority, startAfter }) => ({
          id,
          priority,
          startAfter: startAfter.toISOString(),
        }))
        await running().insert(kind, entries, { db: fromKysely(tx) })
      }
    },
    async take(tx, kind, limit) {
      const jobs = await running().fetch(kind, { batchSize: limit, db: fromKysely(tx) })
      return jobs.map((job) => job.id)
    },
    async drop(tx, jobs) {
      for (const [kind, group] of Map.groupBy(jobs, (job) => job.kind)) {
        await running().deleteJob(
          kind,
          group.map((job) => job.id),
          { db: fromKysely(tx) },
        )
      }
    },
  }
}
