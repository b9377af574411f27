import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import type { Decision, ReplayReport, RuleSet } from './assessment.ts'
import { inOrder } from './derive.ts'
import { listEvents, type EventRow } from './event-store.ts'
import { ruleFacts } from './facts.ts'
import { localizationsOfEvent } from './localization-store.ts'
import { noticesOfEvent } from './notice-store.ts'
import { describeRules, type Rules } from './rule-file.ts'
import { evaluate, readRules, shippedRuleNames, shippedRules, withParameters } from './rules.ts'
import { alertsSection } from './sections.ts'
import { requireReader } from './service.ts'

type Config = Pick<Platform, 'config'>

/** Rule sets in use, the default first. A file name is looked for in the home folder. */
export function configuredRules({ config }: Config): Rules[] {
  return config.section(alertsSection).rules.map((name) => rulesNamed(config.home, name))
}

function rulesNamed(home: string, name: string): Rules {
  if ((shippedRuleNames as readonly string[]).includes(name)) return shippedRules(name)
  const path = isAbsolute(name) ? name : join(home, name)
  if (!existsSync(path)) {
    throw new Problem(
      'rules.unknown',
      `There is no rule set ${JSON.stringify(name)}: it is neither shipped (${shippedRuleNames.join(', ')}) nor a file in the home folder.`,
    )
  }
  return readRules(path, name)
}

/** Every rule set that can be named: those in use and those shipped. */
export function allRules(platform: Config): { rules: Rules; isDefault: boolean }[] {
  const used = configuredRules(platform)
  const others = shippedRuleNames.filter((name) => !used.some((r) => r.name === name)).map(shippedRules)
  return [...used, ...others].map((rules, i) => ({ rules, isDefault: i === 0 }))
}

export function ruleSets(platform: Config, actor: Actor): RuleSet[] {
  requireReader(actor)
  return allRules(platform).map(({ rules, isDefault }) => describeRules(rules, isDefault))
}

export function ruleSetNamed(platform: Config, name: string): Rules {
  const found = allRules(platform).find(({ rules }) => rules.name === name)
  if (!found)
    throw new Problem(
      'rules.unknown',
      `There is no rule set ${JSON.stringify(name)}; see /rules for those that there are.`,
    )
  return found.rules
}

/**
 * Runs a rule set over stored events without writing anything: how many of which decision it would have given, per
 * week, and where its last word differs from the stored one of the default rules.
 */
export async function replayRules(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  rules: Rules,
  options: {
    since?: Date | undefined
    parameters?: Record<string, number> | undefined
    test?: boolean | undefined
  } = {},
): Promise<ReplayReport> {
  requireReader(actor)
  const used = withParameters(rules, options.parameters ?? {})
  const report: ReplayReport = {
    rules: used.name,
    version: used.version,
    since: options.since?.toISOString() ?? null,
    events: 0,
    notices: 0,
    byDecision: {},
    byScore: {},
    perWeek: {},
    differences: [],
  }
  let first = Number.POSITIVE_INFINITY
  let after: readonly [string, string] | undefined
  for (;;) {
    const events = await listEvents(platform.db, {
      since: options.since,
      test: options.test ? 'all' : 'false',
      after,
      limit: 200,
    })
    for (const event of events) {
      const localizations = await localizationsOfEvent(platform.db, event.id)
      let last: { score: number; decision: Decision; reason: string } | undefined
      for (const { row, notice } of inOrder(await noticesOfEvent(platform.db, event.id))) {
        if (notice.makes !== 'event') continue
        report.notices++
        const verdict = evaluate(
          used,
          ruleFacts(
            notice,
            localizations.filter((l) => l.notice_id === row.id),
          ),
        )
        last = { score: verdict.score, decision: verdict.decision, reason: verdict.reasons[0] ?? '' }
      }
      if (!last) continue
      report.events++
      first = Math.min(first, momentOf(event).getTime())
      report.byDecision[last.decision] = (report.byDecision[last.decision] ?? 0) + 1
      report.byScore[last.score] = (report.byScore[last.score] ?? 0) + 1
      const before = event.verdict && { score: event.verdict.score, decision: event.verdict.decision }
      if (before?.score !== last.score || before.decision !== last.decision) {
        const { reason, ...now } = last
        if (report.differences.length < 500)
          report.differences.push({ eventId: event.id, eventName: event.name, before, after: now, reason })
      }
    }
    const end = events.at(-1)
    if (!end || events.length < 200) break
    after = [end.last_notice_at.toISOString(), end.id]
  }
  const began = Math.min(first, options.since?.getTime() ?? first)
  const weeks = Math.max(1, (Date.now() - began) / (7 * 86_400_000))
  for (const [decision, count] of Object.entries(report.byDecision))
    report.perWeek[decision] = Number((count / weeks).toPrecision(3))
  return report
}

/** When it happened in the sky: notices taken in from files were received long after. */
function momentOf(event: EventRow): Date {
  return event.event_time === null ? event.first_notice_at : new Date(event.event_time)
}
