import { randomUUID } from 'node:crypto'
import { isProblem, Problem } from '#problem.ts'
import type { Db } from '#platform/db/database.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { everyone } from '#observatory/people/rights.ts'
import { checkRequest, planRow, requirePlanner, type CheckedPlan } from './check.ts'
import { decodeDocument, type PlanDocument } from './document.ts'
import { solveKind } from './job-kinds.ts'
import type { PlanDetail, PlanEdits, PlanRequest } from './plan.ts'
import { nextState, openStates, requireResolvable } from './plan-states.ts'
import {
  insertPlan,
  lockPlan,
  lockSeries,
  nextVersion,
  updatePlan,
  versionsOf,
  type PlanRow,
} from './plan-store.ts'
import { storeRequest, withRequest, type StoredRequest } from './stored-request.ts'
import { planDetail } from './view.ts'

type Needs = Pick<Platform, 'db' | 'jobs' | 'events'>
type NeedsStorage = Needs & Pick<Platform, 'storage'>

export const audience = [everyone]

/** Who asked, and why: a person, or a rule at a notice. */
export interface Origin {
  requestedBy: string
  rule: string | null
  noticeId: string | null
  delayMinutes?: number
}

/**
 * Checks a request and, in one transaction, writes the plan, its job and the event `plans.started`.
 * @throws Problem `plan.invalid` with every mistake
 */
export async function requestPlan(
  platform: NeedsStorage,
  actor: Actor,
  request: PlanRequest,
): Promise<PlanRow> {
  requirePlanner(actor)
  if (request.edits && request.edits.lock.length > 0)
    throw new Problem(
      'plan.invalid',
      'A first version has no exposures that could stay; leave out `lock`.',
      {},
    )
  const checked = await checkRequest(platform, actor, request)
  const stored = await storeRequest(platform, checked.request)
  return platform.db.transaction().execute(async (tx) => {
    const plan = { ...checked, stored }
    const row = await startPlan(platform, tx, plan, {
      requestedBy: actor.name,
      rule: null,
      noticeId: checked.localization.notice_id,
    })
    await audit(tx, actor, 'plans.requested', { kind: 'plan', id: row.id }, null, {
      title: row.title,
      request: stored.told,
    })
    return row
  })
}

/** A plan, or with `parent` its next version, in the caller's transaction. */
export async function startPlan(
  platform: Pick<Platform, 'jobs' | 'events'>,
  tx: Db,
  checked: CheckedPlan & { stored: StoredRequest },
  origin: Origin,
  parent?: { row: PlanRow; proposed: boolean },
): Promise<PlanRow> {
  const { request, stored, event, localization, telescopes, start, end } = checked
  const id = randomUUID()
  const slugs = telescopes.map((t) => t.slug)
  const name = event?.name ?? `Localization ${localization.id.slice(0, 8)}`
  await insertPlan(tx, {
    id,
    series: parent?.row.series ?? id,
    version: parent ? await nextVersion(tx, parent.row.series) : 1,
    parent: parent?.row.id ?? null,
    title: request.title ?? parent?.row.title ?? `${name}: ${slugs.join(', ')}`.slice(0, 200),
    eventId: event?.id ?? null,
    eventName: event?.name ?? null,
    role: event?.role ?? 'observation',
    noticeId: origin.noticeId,
    localizationId: localization.id,
    request: stored.request,
    requestSha256: stored.sha256,
    start,
    end,
    telescopes: slugs,
    proposed: parent?.proposed ?? false,
    requestedBy: origin.requestedBy,
    rule: origin.rule,
  })
  const delay = origin.delayMinutes ?? 0
  const jobId = await platform.jobs.send(
    tx,
    solveKind,
    { planId: id },
    {
      subject: { kind: 'plan', id },
      requestedBy: origin.requestedBy,
      ...(delay > 0 ? { startAfter: new Date(Date.now() + delay * 60_000) } : {}),
    },
  )
  const queued = await updatePlan(tx, id, { jobId })
  await tell(platform, tx, 'plans.started', queued)
  return queued
}

/** Appends an event about a plan; what listeners and pages need of it goes along. */
export async function tell(
  platform: Pick<Platform, 'events'>,
  tx: Db,
  kind: `plans.${string}`,
  row: PlanRow,
  more: Record<string, unknown> = {},
): Promise<void> {
  await platform.events.append(tx, {
    kind,
    subject: { kind: 'plan', id: row.id },
    data: {
      eventId: row.event_id,
      eventName: row.event_name,
      role: row.role,
      title: row.title,
      state: row.state,
      version: row.version,
      telescopes: row.telescopes,
      rule: row.rule,
      requestedBy: row.requested_by,
      probability: row.result?.probability ?? null,
      ...more,
    },
    audience,
  })
}

export async function readPlan(
  platform: Pick<Platform, 'db' | 'storage'>,
  actor: Actor,
  id: string,
): Promise<PlanDetail> {
  const row = await withRequest(platform, await planRow(platform, actor, id))
  return planDetail(row, await versionsOf(platform.db, row.series))
}

/** Exposures and telescopes of a finished plan. @throws Problem `plan.wrong_state` while there are none. */
export async function readDocument(
  platform: Pick<Platform, 'db' | 'storage'>,
  actor: Actor,
  id: string,
): Promise<{ row: PlanRow; document: PlanDocument }> {
  const row = await planRow(platform, actor, id)
  return { row, document: await documentOf(platform, row) }
}

export async function documentOf(platform: Pick<Platform, 'storage'>, row: PlanRow): Promise<PlanDocument> {
  if (row.document_sha256 === null) {
    const why = row.problem ? `: ${row.problem.message}` : ''
    throw new Problem('plan.wrong_state', `The plan is ${row.state} and has no exposures${why}`, {
      state: row.state,
    })
  }
  return decodeDocument(await platform.storage.get(row.document_sha256))
}

/**
 * Cancels a plan that is not finished: its thread ends at once. With `keep` it ends with the best plan found so far, and
 * becomes ready.
 */
export async function cancelPlan(
  platform: Needs,
  actor: Actor,
  id: string,
  { keep = false }: { keep?: boolean } = {},
): Promise<PlanRow> {
  requirePlanner(actor)
  await planRow(platform, actor, id)
  const row = await platform.db.transaction().execute(async (tx) => {
    const before = (await lockPlan(tx, id))!
    const state = nextState(before.state, 'cancel')
    const subject = { kind: 'plan', id }
    if (keep && before.state === 'solving') {
      await audit(tx, actor, 'plans.stop_requested', subject, null, null)
      return updatePlan(tx, id, { stopRequested: true })
    }
    await audit(tx, actor, 'plans.cancelled', subject, { state: before.state }, { state })
    const after = await updatePlan(tx, id, { state, finished: true })
    await tell(platform, tx, 'plans.cancelled', after, { by: actor.name })
    return after
  })
  if (row.state === 'cancelled') await cancelJob(platform, row)
  return row
}

/**
 * Cancels the job of a plan that is not wanted any more; one that has just ended is none. The queue takes a job at the same
 * moment now and then, and PostgreSQL breaks one of the two off: it is asked again, but not
 * in a transaction of the caller's, which is broken off with it and repeated by whoever began it.
 */
export async function cancelJob(platform: Pick<Platform, 'jobs'>, row: PlanRow, tx?: Db): Promise<void> {
  if (row.job_id === null) return
  for (let left = 3; ; left--) {
    try {
      return await platform.jobs.cancel(row.job_id, tx)
    } catch (error) {
      if (isProblem(error, 'job.wrong_state') || isProblem(error, 'resource.not_found')) return
      const deadlock = error instanceof Error && 'code' in error && error.code === '40P01'
      if (!deadlock || tx || left === 0) throw error
    }
  }
}

/** Puts a plan away for good; one that is being solved is cancelled. */
export async function closePlan(
  platform: Needs,
  actor: Actor,
  id: string,
  because?: string,
): Promise<PlanRow> {
  requirePlanner(actor)
  await planRow(platform, actor, id)
  const reason = because?.trim() || `closed by ${actor.name}`
  const { before, after } = await platform.db.transaction().execute(async (tx) => {
    const locked = (await lockPlan(tx, id))!
    const closed = await closeRow(platform, tx, locked, reason)
    await audit(tx, actor, 'plans.closed', { kind: 'plan', id }, { state: locked.state }, { reason })
    return { before: locked, after: closed }
  })
  if (before.state === 'queued' || before.state === 'solving') await cancelJob(platform, before)
  return after
}

/** Closes a locked row and tells of it. */
export async function closeRow(
  platform: Pick<Platform, 'events'>,
  tx: Db,
  row: PlanRow,
  reason: string,
): Promise<PlanRow> {
  const state = nextState(row.state, 'close')
  const closed = await updatePlan(tx, row.id, {
    state,
    closedBecause: reason,
    finished: row.finished_at === null,
  })
  await tell(platform, tx, 'plans.closed', closed, { because: reason, before: row.state })
  return closed
}

/**
 * The next version: the same request with these edits, and with what else is named changed. The version before is
 * closed when the new one is ready.
 */
export async function resolvePlan(
  platform: NeedsStorage,
  actor: Actor,
  id: string,
  edits: PlanEdits,
  change: Partial<Omit<PlanRequest, 'event' | 'localizationId' | 'edits'>> = {},
): Promise<PlanRow> {
  requirePlanner(actor)
  const found = await planRow(platform, actor, id)
  requireResolvable(found.state)
  const row = await withRequest(platform, found)
  const request: PlanRequest = {
    ...row.request,
    start: row.start_at.toISOString(),
    ...change,
    ...(row.event_id === null ? {} : { event: row.event_id }),
    localizationId: row.localization_id,
    edits,
  }
  const checked = await checkRequest(platform, actor, request)
  await checkLocks(platform, row, edits)
  const stored = await storeRequest(platform, checked.request)
  return platform.db.transaction().execute(async (tx) => {
    await lockSeries(tx, row.series)
    const parent = (await lockPlan(tx, id))!
    requireResolvable(parent.state)
    const origin = { requestedBy: actor.name, rule: parent.rule, noticeId: parent.notice_id }
    const plan = { ...checked, stored }
    const made = await startPlan(platform, tx, plan, origin, { row: parent, proposed: false })
    const after = stored.sha256 === null ? { edits, change } : { request: stored.told }
    await audit(tx, actor, 'plans.resolved', { kind: 'plan', id: made.id }, { parent: id }, after)
    return made
  })
}

async function checkLocks(
  platform: Pick<Platform, 'storage'>,
  parent: PlanRow,
  edits: PlanEdits,
): Promise<void> {
  if (edits.lock.length === 0) return
  const numbers = new Set((await documentOf(platform, parent)).exposures.map((e) => e.number))
  const mistakes = edits.lock
    .filter((number) => !numbers.has(number))
    .slice(0, 100)
    .map((number) => `The plan has no exposure ${number} that could stay.`)
  if (mistakes.length > 0)
    throw new Problem('plan.invalid', mistakes[0]!, {
      errors: mistakes.map((message) => ({ path: 'body.edits', message, rule: 'plan' })),
    })
}

/** Takes a proposed version: it stands alone, the other open versions are closed. */
export async function takeProposal(platform: Needs, actor: Actor, id: string): Promise<PlanRow> {
  requirePlanner(actor)
  const { series } = await planRow(platform, actor, id)
  const { taken, ended } = await platform.db.transaction().execute(async (tx) => {
    await lockSeries(tx, series)
    const row = (await lockPlan(tx, id))!
    if (row.state !== 'ready')
      throw new Problem('plan.wrong_state', `Only a ready plan can be taken; this one is ${row.state}.`, {
        state: row.state,
      })
    const others: PlanRow[] = []
    for (const { id: other } of await versionsOf(tx, series)) {
      const version = other === id ? undefined : await lockPlan(tx, other)
      if (!version || !openStates.includes(version.state)) continue
      others.push(version)
      await closeRow(platform, tx, version, `version ${row.version} was taken by ${actor.name}`)
    }
    await audit(tx, actor, 'plans.taken', { kind: 'plan', id }, { proposed: row.proposed }, null)
    return { taken: await updatePlan(tx, id, { proposed: false }), ended: others }
  })
  for (const row of ended) if (row.state !== 'ready') await cancelJob(platform, row)
  return taken
}
