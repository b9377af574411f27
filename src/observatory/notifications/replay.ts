import { Problem } from '#problem.ts'
import type { Actor } from '#observatory/people/actor.ts'
import type { Needs } from './kinds.ts'
import { planByRules, withoutTold } from './plan-deliveries.ts'
import { checkRule, readyRule, valuesOf, type ReadyRule } from './rule-check.ts'
import { requireRuleReader } from './rule-service.ts'
import type { NamedRule, ReplayReport } from './rule.ts'
import { fillTemplate } from './template.ts'
import { readRules, readWorld, type World } from './world.ts'

const mostBulletins = 50_000
const mostShown = 200

/**
 * What rules would have sent over past bulletins: nothing is written and nobody is told. Shifts count as they were, people
 * and their preferences as they are now.
 */
export async function replayNotifications(
  needs: Pick<Needs, 'db' | 'bulletins' | 'kinds'>,
  actor: Actor,
  request: {
    rules?: readonly string[] | undefined
    draft?: NamedRule | undefined
    since?: Date | undefined
    until?: Date | undefined
  },
  signal?: AbortSignal,
): Promise<ReplayReport> {
  requireRuleReader(actor)
  const until = request.until ?? new Date()
  const since = request.since ?? new Date(until.getTime() - 30 * 86_400_000)
  if (since >= until)
    throw new Problem('notification.invalid', 'The replay ends before it begins; exchange the two times.')
  const world = await readWorld(needs, needs.db)
  const rules = await wanted(needs, world, request)
  const report: ReplayReport = {
    since: since.toISOString(),
    until: until.toISOString(),
    bulletins: 0,
    byRule: [],
    byChannel: {},
    messages: [],
    complete: true,
  }
  const weeks = (until.getTime() - since.getTime()) / (7 * 86_400_000)
  const counts = new Map(
    rules.map(({ rule }) => [rule.name, { bulletins: 0, messages: 0, hours: new Map<string, number>() }]),
  )
  const told = new Map<string, Map<string, { channel_id: string; target: string }>>()
  for (const source of needs.bulletins) {
    for await (const bulletin of source.past(since, until)) {
      signal?.throwIfAborted()
      if (report.bulletins >= mostBulletins) {
        report.complete = false
        break
      }
      report.bulletins++
      const holding = rules.filter((rule) => rule.holds(bulletin))
      const thread = `${bulletin.thread.kind} ${bulletin.thread.id}`
      const lanes = told.get(thread) ?? new Map<string, { channel_id: string; target: string }>()
      const heard = [...lanes.values()]
      const opens = bulletin.role === 'start' ? heard : []
      for (const ready of holding) {
        const own = withoutTold(planByRules(bulletin, [ready], world, bulletin.at), opens)
        if (own.length === 0) continue
        const count = counts.get(ready.rule.name)!
        count.bulletins++
        count.messages += own.length
        const hour = bulletin.at.toISOString().slice(0, 13)
        count.hours.set(hour, (count.hours.get(hour) ?? 0) + own.length)
      }
      const planned = withoutTold(planByRules(bulletin, holding, world, bulletin.at), opens).filter(
        ({ state }) => state !== 'dropped',
      )
      const receivers = planned.map(({ channel, target }) => ({ name: channel.name, id: channel.id, target }))
      if (bulletin.role === 'end') {
        for (const lane of heard) {
          const known = receivers.some(({ id, target }) => id === lane.channel_id && target === lane.target)
          const row = world.channels.find((each) => each.row.id === lane.channel_id)?.row
          if (!known && row) receivers.push({ name: row.name, id: row.id, target: lane.target })
        }
      }
      if (receivers.length === 0) continue
      for (const { id, target } of receivers) lanes.set(`${id} ${target}`, { channel_id: id, target })
      told.set(thread, lanes)
      for (const { name } of receivers) report.byChannel[name] = (report.byChannel[name] ?? 0) + 1
      const first = holding.find(({ rule }) => rule.headline !== null)?.rule.headline
      report.messages.push({
        at: bulletin.at.toISOString(),
        kind: bulletin.kind,
        thread: bulletin.thread.name,
        headline: first ? fillTemplate(first, valuesOf(bulletin)) : bulletin.headline,
        rules: holding.map(({ rule }) => rule.name),
        channels: [...new Set(receivers.map(({ name }) => name))],
        addressees: [...new Set(receivers.map(({ target }) => shownTarget(target, world)))].slice(0, 50),
      })
      if (report.messages.length > 4 * mostShown) report.messages = lastOf(report.messages)
    }
  }
  report.messages = lastOf(report.messages)
  report.byRule = [...counts].map(([rule, { bulletins, messages, hours }]) => ({
    rule,
    bulletins,
    messages,
    perWeek: Number((messages / Math.max(weeks, 1 / 168)).toPrecision(3)),
    busiestHour: Math.max(0, ...hours.values()),
  }))
  return report
}

function lastOf(messages: ReplayReport['messages']): ReplayReport['messages'] {
  return messages.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).slice(-mostShown)
}

async function wanted(
  needs: Pick<Needs, 'db'>,
  world: World,
  { rules, draft }: { rules?: readonly string[] | undefined; draft?: NamedRule | undefined },
): Promise<ReadyRule[]> {
  if (draft) {
    checkRule(draft, world.forRules)
    return [readyRule({ ...draft, enabled: true }, world.forRules)]
  }
  const stored = await readRules(needs.db, world)
  if (!rules || rules.length === 0) return stored.filter(({ rule }) => rule.enabled)
  return rules.map((name) => {
    const found = stored.find(({ rule }) => rule.name === name)
    if (!found) throw new Problem('resource.not_found', `There is no rule ${JSON.stringify(name)}.`)
    return readyRule({ ...found.rule, enabled: true }, world.forRules)
  })
}

/** A target as people say it. */
function shownTarget(target: string, world: Pick<World, 'directory'>): string {
  if (target === '') return 'channel'
  if (target.startsWith('person:'))
    return world.directory.people.get(target.slice(7))?.name ?? 'somebody who is gone'
  if (target.startsWith('group:'))
    return world.directory.groups.get(target.slice(6))?.name ?? 'a group that is gone'
  return target
}
