import { sql } from 'kysely'
import { json } from '#platform/db/json.ts'
import type { Db } from '#platform/db/database.ts'
import type { PlanRequest, PlanResult, PlanState } from './plan.ts'
import { openStates } from './plan-states.ts'
import type { PlanTable } from './tables.ts'

export type PlanRow = Awaited<ReturnType<typeof planById>> & object

export interface NewPlan {
  id: string
  series: string
  version: number
  parent: string | null
  title: string
  eventId: string | null
  eventName: string | null
  role: PlanTable['role']
  noticeId: string | null
  localizationId: string
  request: PlanRequest
  requestSha256: string | null
  start: Date
  end: Date
  telescopes: readonly string[]
  proposed: boolean
  requestedBy: string
  rule: string | null
}

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export async function insertPlan(tx: Db, plan: NewPlan): Promise<PlanRow> {
  return tx
    .insertInto('plan')
    .values({
      id: plan.id,
      series: plan.series,
      version: plan.version,
      parent: plan.parent,
      state: 'queued',
      title: plan.title,
      event_id: plan.eventId,
      event_name: plan.eventName,
      role: plan.role,
      notice_id: plan.noticeId,
      localization_id: plan.localizationId,
      request: json(plan.request),
      request_sha256: plan.requestSha256,
      start_at: plan.start,
      end_at: plan.end,
      telescopes: [...plan.telescopes],
      proposed: plan.proposed,
      requested_by: plan.requestedBy,
      rule: plan.rule,
      // now() is that of the transaction, in which a rule makes several plans.
      created_at: new Date(),
      document_sha256: null,
      job_id: null,
      closed_because: null,
      finished_at: null,
      closed_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function planById(db: Db, id: string) {
  if (!uuidPattern.test(id)) return undefined
  return db.selectFrom('plan').selectAll().where('id', '=', id).executeTakeFirst()
}

export async function lockPlan(tx: Db, id: string): Promise<PlanRow | undefined> {
  if (!uuidPattern.test(id)) return undefined
  return tx.selectFrom('plan').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

/**
 * Locks the versions of a plan together. Who locks rows of several versions, or one and then writes the next, does this
 * before the first of them: else two wait for each other.
 */
export async function lockSeries(tx: Db, series: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('plan ' || ${series}::text, 0))`.execute(tx)
}

/** The same for every plan of an event. */
async function lockSeriesOf(tx: Db, eventId: string): Promise<void> {
  const rows = await tx
    .selectFrom('plan')
    .select('series')
    .distinct()
    .where('event_id', '=', eventId)
    .orderBy('series')
    .execute()
  for (const { series } of rows) await lockSeries(tx, series)
}

/** One version number at a time is given out. */
export async function nextVersion(tx: Db, series: string): Promise<number> {
  await lockSeries(tx, series)
  const { last } = await tx
    .selectFrom('plan')
    .select((eb) => eb.fn.max('version').as('last'))
    .where('series', '=', series)
    .executeTakeFirstOrThrow()
  return Number(last ?? 0) + 1
}

export async function versionsOf(db: Db, series: string): Promise<PlanRow[]> {
  return db.selectFrom('plan').selectAll().where('series', '=', series).orderBy('version').execute()
}

export interface PlanChange {
  state?: PlanState
  result?: PlanResult
  documentSha256?: string
  documentBytes?: number
  problem?: { code: string; message: string } | null
  closedBecause?: string
  jobId?: string
  proposed?: boolean
  stopRequested?: boolean
  eventId?: string
  start?: Date
  end?: Date
  finished?: boolean
}

export async function updatePlan(tx: Db, id: string, change: PlanChange): Promise<PlanRow> {
  return tx
    .updateTable('plan')
    .set({
      revision: sql`revision + 1`,
      ...(change.state === undefined ? {} : { state: change.state }),
      ...(change.result === undefined ? {} : { result: json(change.result) }),
      ...(change.documentSha256 === undefined ? {} : { document_sha256: change.documentSha256 }),
      ...(change.documentBytes === undefined ? {} : { document_bytes: change.documentBytes }),
      ...(change.problem === undefined
        ? {}
        : { problem: change.problem === null ? null : json(change.problem) }),
      ...(change.closedBecause === undefined
        ? {}
        : { closed_because: change.closedBecause, closed_at: new Date() }),
      ...(change.jobId === undefined ? {} : { job_id: change.jobId }),
      ...(change.proposed === undefined ? {} : { proposed: change.proposed }),
      ...(change.stopRequested === undefined ? {} : { stop_requested: change.stopRequested }),
      ...(change.eventId === undefined ? {} : { event_id: change.eventId }),
      ...(change.start === undefined ? {} : { start_at: change.start }),
      ...(change.end === undefined ? {} : { end_at: change.end }),
      ...(change.finished ? { finished_at: new Date() } : {}),
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function stopRequested(db: Db, id: string): Promise<boolean> {
  const row = await db.selectFrom('plan').select('stop_requested').where('id', '=', id).executeTakeFirst()
  return row?.stop_requested ?? false
}

export interface PlanFilter {
  eventId?: string | undefined
  states?: readonly PlanState[] | undefined
  telescope?: string | undefined
  test?: 'false' | 'true' | 'all' | undefined
  since?: Date | undefined
  until?: Date | undefined
  /** Creation time and id of the last row of the page before. */
  after?: readonly [string, string] | undefined
  limit: number
}

/** Plans, newest first. */
export async function listPlans(db: Db, f: PlanFilter): Promise<PlanRow[]> {
  let query = db
    .selectFrom('plan')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(f.limit)
  if (f.eventId) query = query.where('event_id', '=', f.eventId)
  if (f.states && f.states.length > 0) query = query.where('state', 'in', [...f.states])
  if (f.telescope) query = query.where(sql<boolean>`${f.telescope} = any (telescopes)`)
  if (f.test === 'false') query = query.where('role', 'in', ['observation', 'simulated'])
  if (f.test === 'true') query = query.where('role', 'in', ['test', 'mock'])
  if (f.since) query = query.where('created_at', '>=', f.since)
  if (f.until) query = query.where('created_at', '<', f.until)
  if (f.after) {
    const [at, id] = f.after
    query = query.where(sql<boolean>`(created_at, id) < (${at}::timestamptz, ${id}::uuid)`)
  }
  return query.execute()
}

/** Plans of an event that are not put away, oldest first, locked. */
export async function lockOpenPlans(tx: Db, eventId: string): Promise<PlanRow[]> {
  await lockSeriesOf(tx, eventId)
  return tx
    .selectFrom('plan')
    .selectAll()
    .where('event_id', '=', eventId)
    .where('state', 'in', [...openStates])
    .orderBy('created_at')
    .forUpdate()
    .execute()
}

export async function movePlans(tx: Db, from: string, to: string): Promise<void> {
  await lockSeriesOf(tx, from)
  await tx.updateTable('plan').set({ event_id: to }).where('event_id', '=', from).execute()
  await tx.updateTable('plan_trigger').set({ event_id: to }).where('event_id', '=', from).execute()
}
