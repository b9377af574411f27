import { isProblem, Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { requireRole, requireScope } from '#observatory/people/rights.ts'
import { eventAsOf } from '#observatory/alerts/as-of.ts'
import { noticesReceived } from '#observatory/alerts/notice-store.ts'
import { configuredRules } from '#observatory/alerts/rule-service.ts'
import { telescopeFinder } from '#observatory/telescopes/service.ts'
import { galaxyMistakes } from './check-galaxies.ts'
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
  const telescopeOf = await telescopeFinder(platform, actor)
  for (const [i, { title, plan }] of rule.groups.entries()) {
    const group = title ?? `group ${i + 1}`
    const seen = new Set<string>()
    for (const asked of plan.telescopes) {
      if (seen.has(asked.telescope))
        mistakes.push(`Rule ${rule.name}, ${group}: telescope ${asked.telescope} is named twice.`)
      seen.add(asked.telescope)
      try {
        const telescope = telescopeOf(asked.telescope)
        for (const mistake of telescopeMistakes(asked, telescope))
          mistakes.push(`Rule ${rule.name}, ${group}: ${mistake}`)
      } catch (error) {
        if (!isProblem(error)) throw error
        mistakes.push(`Rule ${rule.name}, ${group}: ${error.message}`)
      }
    }
    // Whether maps will have distances is not known yet.
    if (plan.strategy === 'galaxies')
      for (const mistake of await galaxyMistakes(platform, actor, plan, false))
        mistakes.push(`Rule ${rule.name}, ${group}: ${mistake}`)
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
 * What rules would have planned at the notices received since a day, each event as it stood then; nothing is written.
 * Tests and mocks are looked at too: whether they are planned is for the condition to say.
 */
export async function replayPlanRules(
  platform: Pick<Platform, 'db' | 'log' | 'config'>,
  actor: Actor,
  rules: readonly Pick<PlanRuleInput, 'name' | 'condition' | 'groups' | 'onUpdate'>[],
  since = new Date(0),
): Promise<PlanReplay> {
  requireReader(actor)
  for (const rule of rules) {
    const mistake = conditionMistake(rule.condition)
    if (mistake !== null) throw new Problem('plan.invalid', `Rule ${rule.name}: ${mistake}`, {})
  }
  const assessedBy = configuredRules(platform)[0]!.name
  const events = new Set<string>()
  const matched = new Set<string>()
  const planned = new Map<string, string>()
  const plans: PlanReplay['plans'] = []
  let first: number | undefined
  for await (const notice of noticesReceived(platform.db, since, new Date())) {
    if (notice.event_id === null) continue
    const told = await eventAsOf(platform.db, notice.event_id, notice.id, assessedBy)
    if (!told) continue
    first ??= notice.received_at.getTime()
    events.add(notice.event_id)
    const { event } = told
    if (event.status !== 'active' || event.place.state !== 'ready') continue
    for (const rule of rules) {
      if (!matches(rule, event, platform)) continue
      matched.add(notice.event_id)
      const place = event.localizations.find((l) => l.id === event.place.localizationId)
      const map = place?.mapSha256 ?? place?.id ?? ''
      const key = `${rule.name} ${notice.event_id}`
      const before = planned.get(key)
      if (before !== undefined && (rule.onUpdate === 'ignore' || before === map)) continue
      planned.set(key, map)
      for (const [i, group] of rule.groups.entries())
        if (plans.length < 1_000)
          plans.push({
            rule: rule.name,
            group: group.title ?? `group ${i + 1}`,
            eventId: notice.event_id,
            eventName: event.name,
            noticeType: told.row.type ?? 'notice',
            at: notice.received_at.toISOString(),
            telescopes: group.plan.telescopes.map((t) => t.telescope),
            proposed: before !== undefined,
          })
    }
  }
  const began = since.getTime() > 0 ? since.getTime() : (first ?? Date.now())
  return {
    since: since.getTime() > 0 ? since.toISOString() : null,
    events: events.size,
    matched: matched.size,
    perWeek: matched.size / Math.max(1, (Date.now() - began) / (7 * 86_400_000)),
    plans,
  }
}
