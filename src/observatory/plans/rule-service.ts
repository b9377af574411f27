import { Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { requireRole, requireScope } from '#observatory/people/rights.ts'
import { listEvents } from '#observatory/alerts/event-store.ts'
import { readEvent } from '#observatory/alerts/queries.ts'
import { telescopeBySlug } from '#observatory/telescopes/service.ts'
import { isProblem } from '#problem.ts'
import { requireReader, telescopeMistakes } from './check.ts'
import type { PlanReplay, PlanRule, PlanRuleInput } from './plan-rule.ts'
import { conditionMistake } from './rule-file.ts'
import { allRules, deleteRule, ruleNamed, saveRule } from './rule-store.ts'
import { matches } from './rules.ts'
import { audience } from './service.ts'

type Needs = Pick<Platform, 'db' | 'events'>

function requireRuler(actor: Actor): void {
  requireRole(actor, 'operator', 'changing plan rules')
  requireScope(actor, 'operate')
}

export async function planRules(platform: Pick<Platform, 'db'>, actor: Actor): Promise<PlanRule[]> {
  requireReader(actor)
  return allRules(platform.db)
}

/** @throws Problem `resource.not_found` */
export async function planRule(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  name: string,
): Promise<PlanRule> {
  requireReader(actor)
  const rule = await ruleNamed(platform.db, name)
  if (!rule)
    throw new Problem(
      'resource.not_found',
      `There is no plan rule ${JSON.stringify(name.slice(0, 80))} here.`,
    )
  return rule
}

/**
 * Writes a rule. @throws Problem `plan.invalid` for a condition that cannot be read, telescopes that are not here or cannot
 * do what is asked; `request.conflict` where the rule has changed since `revision` was read
 */
export async function putPlanRule(
  platform: Needs,
  actor: Actor,
  rule: PlanRuleInput,
  revision?: string,
): Promise<PlanRule> {
  requireRuler(actor)
  await checkRule(platform, actor, rule)
  return platform.db.transaction().execute(async (tx) => {
    const before = await ruleNamed(tx, rule.name)
    if (revision !== undefined && before?.revision !== revision)
      throw new Problem(
        'request.conflict',
        `The rule ${rule.name} was changed by somebody else; read it again.`,
        {
          revision: before?.revision ?? null,
        },
      )
    const after = await saveRule(tx, rule, actor.name)
    const subject = { kind: 'plan_rule', id: rule.name }
    await audit(tx, actor, before ? 'plans.rule_changed' : 'plans.rule_added', subject, before ?? null, after)
    await platform.events.append(tx, {
      kind: 'plans.rule_changed',
      subject,
      data: { enabled: after.enabled, by: actor.name },
      audience,
    })
    return after
  })
}

async function checkRule(platform: Pick<Platform, 'db'>, actor: Actor, rule: PlanRuleInput): Promise<void> {
  const mistakes: string[] = []
  const condition = conditionMistake(rule.condition)
  if (condition !== null) mistakes.push(`Rule ${rule.name}: ${condition}`)
  for (const [i, { title, plan }] of rule.groups.entries()) {
    const group = title ?? `group ${i + 1}`
    const seen = new Set<string>()
    for (const asked of plan.telescopes) {
      if (seen.has(asked.telescope))
        mistakes.push(`Rule ${rule.name}, ${group}: telescope ${asked.telescope} is named twice.`)
      seen.add(asked.telescope)
      try {
        const telescope = await telescopeBySlug(platform, actor, asked.telescope)
        for (const mistake of telescopeMistakes(asked, telescope))
          mistakes.push(`Rule ${rule.name}, ${group}: ${mistake}`)
      } catch (error) {
        if (!isProblem(error)) throw error
        mistakes.push(`Rule ${rule.name}, ${group}: ${error.message}`)
      }
    }
  }
  if (mistakes.length > 0)
    throw new Problem('plan.invalid', mistakes[0]!, {
      errors: mistakes.map((message) => ({ path: 'body', message, rule: 'plan_rule' })),
    })
}

export async function removePlanRule(platform: Needs, actor: Actor, name: string): Promise<void> {
  requireRuler(actor)
  const before = await planRule(platform, actor, name)
  await platform.db.transaction().execute(async (tx) => {
    if (!(await deleteRule(tx, name))) return
    const subject = { kind: 'plan_rule', id: name }
    await audit(tx, actor, 'plans.rule_removed', subject, before, null)
    await platform.events.append(tx, {
      kind: 'plans.rule_changed',
      subject,
      data: { removed: true, by: actor.name },
      audience,
    })
  })
}

/**
 * What rules would plan of the events heard of since a day, each as it stands now; nothing is written. Tests and mocks
 * are looked at too: whether they are planned is for the condition to say.
 */
export async function replayPlanRules(
  platform: Pick<Platform, 'db' | 'log'>,
  actor: Actor,
  rules: readonly Pick<PlanRuleInput, 'name' | 'condition' | 'groups'>[],
  since?: Date,
): Promise<PlanReplay> {
  requireReader(actor)
  for (const rule of rules) {
    const mistake = conditionMistake(rule.condition)
    if (mistake !== null) throw new Problem('plan.invalid', `Rule ${rule.name}: ${mistake}`, {})
  }
  const report: PlanReplay = {
    since: since?.toISOString() ?? null,
    events: 0,
    matched: 0,
    perWeek: 0,
    plans: [],
  }
  let earliest = Date.now()
  let after: readonly [string, string] | undefined
  for (;;) {
    const rows = await listEvents(platform.db, { since, test: 'all', after, limit: 200 })
    for (const row of rows) {
      report.events++
      earliest = Math.min(earliest, row.last_notice_at.getTime())
      const { detail } = await readEvent(platform, actor, row.id)
      if (detail.status !== 'active' || detail.place.state !== 'ready') continue
      const matching = rules.filter((rule) => matches(rule, detail, platform))
      if (matching.length > 0) report.matched++
      for (const rule of matching)
        for (const [i, group] of rule.groups.entries()) {
          if (report.plans.length >= 1_000) break
          report.plans.push({
            rule: rule.name,
            group: group.title ?? `group ${i + 1}`,
            eventId: row.id,
            eventName: row.name,
            noticeType: row.latest_type,
            at: row.last_notice_at.toISOString(),
            telescopes: group.plan.telescopes.map((t) => t.telescope),
          })
        }
    }
    const end = rows.at(-1)
    if (!end || rows.length < 200) break
    after = [end.last_notice_at.toISOString(), end.id]
  }
  const began = since?.getTime() ?? earliest
  report.perWeek = report.matched / Math.max(1, (Date.now() - began) / (7 * 86_400_000))
  return report
}
