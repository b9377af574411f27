import type { Audience } from '#platform/events/event.ts'
import type { ChannelKind } from './channel.ts'
import type { ChannelRow } from './channel-store.ts'
import type { DeliveryRow, NewDelivery } from './delivery-store.ts'
import { nextDigest, quietUntil } from './quiet.ts'
import { addressOf, personOf, targetsOf, type Directory } from './recipients.ts'
import { valuesOf, type ReadyRule } from './rule-check.ts'
import type { NamedRule } from './rule.ts'
import { fillTemplate } from './template.ts'

/** What decides who hears of something: a bulletin, or a message made from one. */
export interface Told {
  kind: string
  role: 'start' | 'news' | 'end'
  rehearsal: boolean
  thread: { kind: string; id: string; name: string }
  values: Readonly<Record<string, number | string | boolean | Date | null>>
  audience: Audience
}

export type PlannedDelivery = Omit<NewDelivery, 'messageId' | 'thread'>

export interface PlanWorld {
  channels: readonly { row: ChannelRow; kind: ChannelKind }[]
  directory: Directory
}

/** Deliveries that rules ask for, one per channel and target however many rules ask: the soonest and most urgent way. */
export function planByRules(
  told: Told,
  rules: readonly ReadyRule[],
  world: PlanWorld,
  at: Date,
): PlannedDelivery[] {
  const planned = new Map<string, PlannedDelivery>()
  for (const { rule } of rules.filter((each) => each.holds(told))) {
    for (const each of planRoute(told, rule, rule, world, at)) {
      const key = `${each.channel.id} ${each.target}`
      const before = planned.get(key)
      planned.set(key, before ? joined(before, each) : each)
    }
  }
  return [...planned.values()]
}

/** What one rule, or its escalation, asks for. */
export function planRoute(
  told: Told,
  rule: NamedRule,
  route: { to: readonly string[]; through: readonly string[] | null },
  world: PlanWorld,
  at: Date,
): PlannedDelivery[] {
  const planned: PlannedDelivery[] = []
  const watched = told.role !== 'end' && (rule.remind !== null || rule.escalate !== null)
  const headline = rule.headline === null ? null : fillTemplate(rule.headline, valuesOf(told))
  for (const name of route.through ?? rule.through) {
    const channel = world.channels.find(({ row }) => row.name === name)
    if (!channel?.row.enabled) continue
    for (const target of targetsOf(route.to, channel.kind, world.directory, told.audience, at)) {
      if (isMuted(world.directory, target, name)) continue
      const base = { rule: rule.name, headline, watched, urgent: rule.urgent }
      planned.push(
        rule.digest === null
          ? { ...base, ...wayTo(channel, target, rule.urgent, world.directory, at) }
          : { ...base, ...wayTo(channel, target, true, world.directory, at), ...collecting(rule.digest, at) },
      )
    }
  }
  return planned
}

/** The opening of a thread goes only to lanes that have not heard of it: it is composed with each of its news. */
export function withoutTold(
  planned: readonly PlannedDelivery[],
  lanes: readonly Pick<DeliveryRow, 'channel_id' | 'target'>[],
): PlannedDelivery[] {
  const told = new Set(lanes.map((lane) => `${lane.channel_id} ${lane.target}`))
  return planned.filter((each) => !told.has(`${each.channel.id} ${each.target}`))
}

/** The end of a thread goes to each lane that heard of it, by the way it heard. */
export function planByTold(lanes: readonly DeliveryRow[], world: PlanWorld, at: Date): PlannedDelivery[] {
  return lanes.flatMap((lane) => {
    const channel = world.channels.find(({ row }) => row.id === lane.channel_id)
    if (!channel?.row.enabled) return []
    const base = { rule: lane.rule, headline: null, watched: false, urgent: lane.urgent }
    const way = wayTo(channel, lane.target, lane.urgent, world.directory, at)
    // What still waits for its digest gets its end there.
    const digest =
      lane.state === 'collecting' && way.state === 'waiting'
        ? { state: 'collecting' as const, digestAt: lane.digest_at }
        : {}
    return [{ ...base, ...way, ...digest }]
  })
}

/** A message of this room's own, as a reminder, to a lane. */
export function planLane(
  lane: { channelId: string; target: string; rule: string | null; urgent: boolean },
  world: PlanWorld,
  at: Date,
): PlannedDelivery[] {
  const channel = world.channels.find(({ row }) => row.id === lane.channelId)
  if (!channel?.row.enabled) return []
  const base = { rule: lane.rule, headline: null, watched: true, urgent: lane.urgent }
  return [{ ...base, ...wayTo(channel, lane.target, lane.urgent, world.directory, at) }]
}

function collecting(digest: string, at: Date): Pick<NewDelivery, 'digestAt'> & Partial<NewDelivery> {
  return { state: 'collecting', digestAt: nextDigest(digest, at) }
}

/** Channel, target and when: held back by quiet hours, dropped with the reason where there is no address. */
function wayTo(
  { row, kind }: PlanWorld['channels'][number],
  target: string,
  urgent: boolean,
  directory: Directory,
  at: Date,
): Pick<NewDelivery, 'channel' | 'target' | 'state' | 'notBefore' | 'held' | 'digestAt' | 'problem'> {
  const way: ReturnType<typeof wayTo> = {
    channel: { id: row.id, name: row.name },
    target,
    state: 'waiting',
    notBefore: at,
    held: false,
    digestAt: null,
    problem: null,
  }
  const id = personOf(target)
  if (id === null) return way
  const person = directory.people.get(id)
  const preferences = directory.preferences.get(id)
  if (!person || addressOf(kind, row.name, person, preferences) === null) {
    const message = person
      ? `${person.name} has no address on channel ${row.name}; it is entered under Notifications, Preferences.`
      : 'The account is closed or gone.'
    return { ...way, state: 'dropped', problem: { code: 'channel.invalid', message } }
  }
  // The inbox rings nowhere, so nobody is woken by it.
  if (urgent || kind.addresses === 'person' || !preferences?.quiet_from || !preferences.quiet_to) return way
  const until = quietUntil(
    { from: preferences.quiet_from, to: preferences.quiet_to, zone: preferences.zone },
    at,
  )
  return until === null ? way : { ...way, notBefore: until, held: true }
}

function isMuted(directory: Directory, target: string, channel: string): boolean {
  const id = personOf(target)
  return id !== null && (directory.preferences.get(id)?.muted.includes(channel) ?? false)
}

function joined(a: PlannedDelivery, b: PlannedDelivery): PlannedDelivery {
  const sooner = rank(b) < rank(a) ? b : a
  return {
    ...sooner,
    headline: a.headline ?? b.headline,
    watched: a.watched || b.watched,
    urgent: a.urgent || b.urgent,
  }
}

function rank({ state, held }: PlannedDelivery): number {
  return { waiting: held ? 1 : 0, collecting: 2, dropped: 3 }[state]
}
