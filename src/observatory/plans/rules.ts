import { isProblem } from '#problem.ts'
import type { Db } from '#platform/db/database.ts'
import type { EventRow as PlatformEvent } from '#platform/events/event.ts'
import type { Platform } from '#platform/platform.ts'
import { readCondition, rowTest } from '#science/adql/condition.ts'
import { system } from '#observatory/people/actor.ts'
import { localizationById } from '#observatory/alerts/localization-store.ts'
import { readEvent } from '#observatory/alerts/queries.ts'
import { alertSchema, alertValues } from '#observatory/alerts/values.ts'
import type { EventDetail } from '#observatory/alerts/event.ts'
import { checkRequest, type CheckedPlan } from './check.ts'
import type { PlanGroup, PlanRule } from './plan-rule.ts'
import { PlanRequest } from './plan.ts'
import { lockOpenPlans, movePlans, versionsOf, type PlanRow } from './plan-store.ts'
import { allRules, claimTrigger, plannedBefore, setTriggered } from './rule-store.ts'
import { audience, cancelJob, closeRow, startPlan } from './service.ts'
import { storeRequest } from './stored-request.ts'

/** What the room does by itself when alerts change. */

type Needs = Pick<Platform, 'db' | 'storage' | 'jobs' | 'events' | 'log'>

/** Durable: plans by rule, what a retraction closes, what a merge moves. */
export function planListeners(platform: Platform): void {
  platform.events.listen(
    'plans.alerts',
    ['alerts.event_changed', 'alerts.event_retracted', 'alerts.event_merged'],
    async (event, tx) => {
      if (event.kind === 'alerts.event_retracted') await closeAll(platform, tx, event)
      else if (event.kind === 'alerts.event_merged')
        await movePlans(tx, event.subject.id, String(event.data['into']))
      else await planByRule(platform, tx, event)
    },
  )
}

async function closeAll(platform: Needs, tx: Db, event: PlatformEvent): Promise<void> {
  const { name: told } = event.data
  const name = typeof told === 'string' ? told : 'The event'
  for (const row of await lockOpenPlans(tx, event.subject.id)) {
    await closeRow(platform, tx, row, `${name} was retracted`)
    if (row.state !== 'ready') await cancelJob(platform, row, tx)
  }
}

async function planByRule(platform: Needs, tx: Db, event: PlatformEvent): Promise<void> {
  const noticeId = event.data['noticeId']
  if (typeof noticeId !== 'string' || event.data['status'] !== 'active') return
  const rules = (await allRules(tx)).filter((rule) => rule.enabled)
  if (rules.length === 0) return
  const { detail } = await readEvent({ db: tx }, system, event.subject.id)
  if (detail.status !== 'active' || detail.place.state !== 'ready') return
  for (const rule of rules) {
    if (!matches(rule, detail, platform)) continue
    for (const [group, asked] of rule.groups.entries())
      await planGroup(platform, tx, { rule, group, asked, detail, noticeId })
  }
}

/** Whether a rule wants an event planned. A condition that cannot be read (any more) wants nothing, and is logged. */
export function matches(
  rule: Pick<PlanRule, 'name' | 'condition'>,
  detail: EventDetail,
  platform: Pick<Platform, 'log'>,
): boolean {
  try {
    return rowTest(readCondition(rule.condition, alertSchema))(alertValues(detail)) === true
  } catch (error) {
    if (!isProblem(error)) throw error
    platform.log.error({ err: error, rule: rule.name }, 'The condition of a plan rule cannot be used.')
    return false
  }
}

/** The request that a group makes for an event at a moment. */
function requestOf(group: PlanGroup, detail: Pick<EventDetail, 'id' | 'place'>, now: Date): PlanRequest {
  const { startDelayMinutes, ...template } = group.plan
  return PlanRequest.parse({
    ...template,
    event: detail.id,
    ...(detail.place.localizationId === null ? {} : { localizationId: detail.place.localizationId }),
    start: new Date(now.getTime() + startDelayMinutes * 60_000).toISOString(),
    title: template.title ?? (group.title && `${group.title}`),
  })
}

interface Trigger {
  rule: PlanRule
  group: number
  asked: PlanGroup
  detail: EventDetail
  noticeId: string
}

async function planGroup(platform: Needs, tx: Db, trigger: Trigger): Promise<void> {
  const { rule, group, asked, detail, noticeId } = trigger
  const key = { rule: rule.name, group, noticeId, eventId: detail.id }
  if (!(await claimTrigger(tx, key))) return
  let checked: CheckedPlan
  try {
    const now = new Date(Date.now() + rule.delayMinutes * 60_000)
    checked = await checkRequest({ db: tx }, system, requestOf(asked, detail, now), now)
  } catch (error) {
    if (!isProblem(error)) throw error
    await platform.events.append(tx, {
      kind: 'plans.failed',
      subject: { kind: 'plan_rule', id: rule.name },
      data: {
        eventId: detail.id,
        eventName: detail.name,
        role: detail.role,
        rule: rule.name,
        problem: error.message,
      },
      audience,
    })
    return
  }
  const before = await plannedBefore(tx, key)
  const origin = { requestedBy: 'urania', rule: rule.name, noticeId, delayMinutes: rule.delayMinutes }
  if (!before) {
    const stored = await storeRequest(platform, checked.request)
    const row = await startPlan(platform, tx, { ...checked, stored }, origin)
    return setTriggered(tx, key, row.id)
  }
  if (rule.onUpdate === 'ignore' || (await isSameMap(tx, before, checked))) return
  const stands = (await versionsOf(tx, before.series)).some((v) => v.state === 'ready' && !v.proposed)
  if (before.state === 'queued' || before.state === 'solving' || before.proposed) {
    await closeRow(platform, tx, before, 'a newer notice came')
    if (before.state !== 'ready') await cancelJob(platform, before, tx)
  }
  const stored = await storeRequest(platform, checked.request)
  const row = await startPlan(platform, tx, { ...checked, stored }, origin, { row: before, proposed: stands })
  await setTriggered(tx, key, row.id)
}

/** An update that leaves the map as it was changes no plan; one that failed is tried again. */
async function isSameMap(tx: Db, before: PlanRow, { localization }: CheckedPlan): Promise<boolean> {
  if (before.state === 'failed' || before.state === 'cancelled') return false
  if (before.localization_id === localization.id) return true
  const old = await localizationById(tx, before.localization_id)
  if (!old) return false
  if (old.map_sha256 !== null || localization.map_sha256 !== null)
    return old.map_sha256 === localization.map_sha256
  return JSON.stringify(old.region) === JSON.stringify(localization.region)
}
