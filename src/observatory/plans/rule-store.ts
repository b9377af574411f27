import { sql } from 'kysely'
import { json } from '#platform/db/json.ts'
import type { Db } from '#platform/db/database.ts'
import type { PlanRule, PlanRuleInput } from './plan-rule.ts'
import { lockSeries, type PlanRow } from './plan-store.ts'

export async function allRules(db: Db): Promise<PlanRule[]> {
  const rows = await db.selectFrom('plan_rule').selectAll().orderBy('name').execute()
  return rows.map(shown)
}

export async function ruleNamed(db: Db, name: string): Promise<PlanRule | undefined> {
  const row = await db.selectFrom('plan_rule').selectAll().where('name', '=', name).executeTakeFirst()
  return row && shown(row)
}

function shown(row: {
  name: string
  title: string
  enabled: boolean
  condition: string
  groups: PlanRule['groups']
  delay_minutes: number
  on_update: PlanRule['onUpdate']
  revision: string
  changed_at: Date
  changed_by: string
}): PlanRule {
  return {
    name: row.name,
    title: row.title,
    enabled: row.enabled,
    condition: row.condition,
    groups: row.groups,
    delayMinutes: row.delay_minutes,
    onUpdate: row.on_update,
    changedAt: row.changed_at.toISOString(),
    changedBy: row.changed_by,
    revision: row.revision,
  }
}

/** Writes a rule, new or over the one of its name. */
export async function saveRule(tx: Db, rule: PlanRuleInput, by: string): Promise<PlanRule> {
  const values = {
    title: rule.title,
    enabled: rule.enabled,
    condition: rule.condition,
    groups: json(rule.groups),
    delay_minutes: rule.delayMinutes,
    on_update: rule.onUpdate,
    changed_at: new Date(),
    changed_by: by,
  }
  const row = await tx
    .insertInto('plan_rule')
    .values({ name: rule.name, ...values })
    .onConflict((c) => c.column('name').doUpdateSet({ ...values, revision: sql`plan_rule.revision + 1` }))
    .returningAll()
    .executeTakeFirstOrThrow()
  return shown(row)
}

export async function deleteRule(tx: Db, name: string): Promise<boolean> {
  const row = await tx.deleteFrom('plan_rule').where('name', '=', name).returning('name').executeTakeFirst()
  return row !== undefined
}

/** Claims (rule, group, notice); false where it was claimed before. */
export async function claimTrigger(
  tx: Db,
  trigger: { rule: string; group: number; noticeId: string; eventId: string },
): Promise<boolean> {
  const row = await tx
    .insertInto('plan_trigger')
    .values({
      rule: trigger.rule,
      group_number: trigger.group,
      notice_id: trigger.noticeId,
      event_id: trigger.eventId,
      plan_id: null,
    })
    .onConflict((c) => c.doNothing())
    .returning('rule')
    .executeTakeFirst()
  return row !== undefined
}

export async function setTriggered(
  tx: Db,
  trigger: { rule: string; group: number; noticeId: string },
  planId: string,
): Promise<void> {
  await tx
    .updateTable('plan_trigger')
    .set({ plan_id: planId })
    .where('rule', '=', trigger.rule)
    .where('group_number', '=', trigger.group)
    .where('notice_id', '=', trigger.noticeId)
    .execute()
}

/** The newest version of the plan that this rule made for this group and event, if it is not put away. */
export async function plannedBefore(
  tx: Db,
  trigger: { rule: string; group: number; eventId: string },
): Promise<PlanRow | undefined> {
  const made = await tx
    .selectFrom('plan_trigger as t')
    .innerJoin('plan as p', 'p.id', 't.plan_id')
    .select('p.series')
    .distinct()
    .where('t.rule', '=', trigger.rule)
    .where('t.group_number', '=', trigger.group)
    .where('t.event_id', '=', trigger.eventId)
    .orderBy('p.series')
    .execute()
  if (made.length === 0) return undefined
  for (const { series } of made) await lockSeries(tx, series)
  return tx
    .selectFrom('plan')
    .selectAll('plan')
    .where(
      'series',
      'in',
      made.map((each) => each.series),
    )
    .where('state', '<>', 'closed')
    .orderBy('created_at', 'desc')
    .orderBy('version', 'desc')
    .limit(1)
    .forUpdate('plan')
    .executeTakeFirst()
}
