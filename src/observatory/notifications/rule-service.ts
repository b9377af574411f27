import { Problem } from '#problem.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { requireRole, requireScope } from '#observatory/people/rights.ts'
import type { Needs } from './kinds.ts'
import { checkRule, readyRule } from './rule-check.ts'
import { parseRuleFile, ruleFileOf } from './rule-file.ts'
import type { NamedRule, NotificationRule } from './rule.ts'
import { deleteRule, listRules, putRule, ruleNamed, type RuleRow } from './rule-store.ts'
import { readWorld, type World } from './world.ts'

type RuleNeeds = Pick<Needs, 'db' | 'bulletins' | 'kinds'>

export function requireRuleReader(actor: Actor): void {
  requireRole(actor, 'member', 'seeing rules')
}

function requireOperator(actor: Actor): void {
  requireRole(actor, 'operator', 'changing rules')
  requireScope(actor, 'operate')
}

export async function readNotificationRules(needs: RuleNeeds, actor: Actor): Promise<NotificationRule[]> {
  requireRuleReader(actor)
  const world = await readWorld(needs, needs.db)
  return (await listRules(needs.db)).map((row) => shownRule(row, world))
}

export async function readNotificationRule(
  needs: RuleNeeds,
  actor: Actor,
  name: string,
): Promise<{ row: RuleRow; shown: NotificationRule }> {
  requireRuleReader(actor)
  const row = await ruleNamed(needs.db, name)
  if (!row) throw noRule(name)
  return { row, shown: shownRule(row, await readWorld(needs, needs.db)) }
}

/** Makes rules or takes the place of those of their names: all or none. @throws Problem `notification.invalid` */
export async function saveRules(
  needs: RuleNeeds,
  actor: Actor,
  rules: readonly NamedRule[],
  how: { mustBeNew?: boolean; mustExist?: boolean } = {},
): Promise<NotificationRule[]> {
  requireOperator(actor)
  const world = await readWorld(needs, needs.db)
  for (const rule of rules) checkRule(rule, world.forRules)
  return needs.db.transaction().execute(async (tx) => {
    const saved: NotificationRule[] = []
    for (const rule of rules) {
      const before = await ruleNamed(tx, rule.name)
      if (before && how.mustBeNew)
        throw new Problem('request.conflict', `There is a rule ${rule.name} already; change that one.`)
      if (!before && how.mustExist) throw noRule(rule.name)
      await putRule(tx, rule, actor.name)
      const subject = { kind: 'notification_rule', id: rule.name }
      await audit(tx, actor, 'notifications.rule_saved', subject, before?.rule ?? null, rule)
      saved.push(shownRule((await ruleNamed(tx, rule.name))!, world))
    }
    return saved
  })
}

/** Rules of a TOML file. @throws Problem `notification.invalid` with file, line and reason; then none is saved */
export async function importRules(
  needs: RuleNeeds,
  actor: Actor,
  source: string,
  file: string,
): Promise<NotificationRule[]> {
  requireOperator(actor)
  const world = await readWorld(needs, needs.db)
  return saveRules(
    needs,
    actor,
    parseRuleFile(source, file, (rule) => checkRule(rule, world.forRules)),
  )
}

export async function exportRules(needs: Pick<Needs, 'db'>, actor: Actor): Promise<string> {
  requireRuleReader(actor)
  return ruleFileOf((await listRules(needs.db)).map(({ rule }) => rule))
}

export async function removeRule(needs: Pick<Needs, 'db'>, actor: Actor, name: string): Promise<void> {
  requireOperator(actor)
  await needs.db.transaction().execute(async (tx) => {
    const before = await ruleNamed(tx, name)
    if (!before || !(await deleteRule(tx, name))) throw noRule(name)
    await audit(
      tx,
      actor,
      'notifications.rule_removed',
      { kind: 'notification_rule', id: name },
      before.rule,
      null,
    )
  })
}

function noRule(name: string): Problem {
  return new Problem('resource.not_found', `There is no rule ${JSON.stringify(name.slice(0, 60))}.`)
}

function shownRule(row: RuleRow, world: World): NotificationRule {
  return {
    ...row.rule,
    problem: readyRule(row.rule, world.forRules).problem,
    updatedBy: row.updatedBy,
    updatedAt: row.updatedAt.toISOString(),
  }
}
