import type { Db } from '#platform/db/database.ts'
import type { Needs } from './kinds.ts'
import { latestOfThread, messageById, type MessageRow } from './message-store.ts'
import { remindIn, writeOutbox } from './outbox.ts'
import { planRoute, type PlannedDelivery, type Told } from './plan-deliveries.ts'
import type { NamedRule } from './rule.ts'
import { ruleNamed } from './rule-store.ts'
import { acknowledgementOf, lockWatch, setEscalated, setReminded, type WatchRow } from './watch-store.ts'
import { readWorld, type World } from './world.ts'

type WatchNeeds = Pick<Needs, 'db' | 'jobs' | 'bulletins' | 'kinds'>

/** Reminds those whom the rule means now of a thread that nobody acknowledged, and sees to the next time. */
export async function remind(needs: WatchNeeds, watchId: string): Promise<string> {
  const world = await readWorld(needs, needs.db)
  return needs.db.transaction().execute(async (tx) => {
    const open = await openWatch(tx, watchId)
    if (typeof open === 'string') return open
    const { watch, rule, message } = open
    if (!rule.remind || watch.reminded >= rule.remind.atMost) return 'reminded often enough'
    const number = watch.reminded + 1
    const told = toldOf(message)
    const now = new Date()
    const planned = planRoute(told, rule, rule, world, now)
    if (watch.escalated_at !== null && rule.escalate)
      planned.push(...planRoute(told, rule, rule.escalate, world, now))
    const minutes = Math.round((now.getTime() - watch.started_at.getTime()) / 60_000)
    const headline = `Reminder ${number} of ${rule.remind.atMost}: ${headlineOf(message, planned)}`
    const text = `Nobody has acknowledged it for ${minutes} min.`
    await send(needs, tx, message, headline, text, planned, world)
    await setReminded(tx, watch.id)
    if (number < rule.remind.atMost)
      await remindIn(needs, tx, watch.id, told.thread, rule.remind.everyMinutes)
    return `reminder ${number}`
  })
}

/** Tells others of a thread that nobody acknowledged in time. */
export async function escalate(needs: WatchNeeds, watchId: string): Promise<string> {
  const world = await readWorld(needs, needs.db)
  return needs.db.transaction().execute(async (tx) => {
    const open = await openWatch(tx, watchId)
    if (typeof open === 'string') return open
    const { watch, rule, message } = open
    if (!rule.escalate || watch.escalated_at !== null) return 'escalated already'
    const planned = planRoute(toldOf(message), rule, rule.escalate, world, new Date())
    const headline = `Not acknowledged: ${headlineOf(message, planned)}`
    const text = `Nobody has acknowledged it for ${rule.escalate.afterMinutes} min.`
    await send(needs, tx, message, headline, text, planned, world)
    await setEscalated(tx, watch.id)
    return `escalated to ${planned.length}`
  })
}

/** The watch with its rule and the thread's latest message; otherwise why there is nothing to do. */
async function openWatch(
  tx: Db,
  id: string,
): Promise<{ watch: WatchRow; rule: NamedRule; message: MessageRow } | string> {
  const watch = await lockWatch(tx, id)
  if (!watch) return 'gone'
  if (watch.ended_at !== null) return `ended: ${watch.ended_why}`
  const thread = { kind: watch.thread_kind, id: watch.thread_id }
  if (await acknowledgementOf(tx, thread)) return 'acknowledged'
  const rule = (await ruleNamed(tx, watch.rule))?.rule
  if (!rule?.enabled) return 'the rule is gone or switched off'
  const message = (await latestOfThread(tx, thread)) ?? (await messageById(tx, watch.message_id))
  return message ? { watch, rule, message } : 'the message is gone'
}

function toldOf(message: MessageRow): Told {
  return {
    kind: message.kind,
    role: message.role,
    rehearsal: message.rehearsal,
    thread: { kind: message.thread_kind, id: message.thread_id, name: message.thread_name },
    values: message.values as Told['values'],
    audience: message.audience,
  }
}

function headlineOf(message: MessageRow, planned: readonly PlannedDelivery[]): string {
  return planned.find((each) => each.headline !== null)?.headline ?? message.headline
}

/** Channels that keep files have it already. */
async function send(
  needs: WatchNeeds,
  tx: Db,
  message: MessageRow,
  headline: string,
  text: string,
  planned: readonly PlannedDelivery[],
  world: World,
): Promise<void> {
  const files = new Set(
    world.channels.filter(({ kind }) => kind.reaches === 'files').map(({ row }) => row.id),
  )
  const { thread: named, ...rest } = toldOf(message)
  const thread = { ...named, group: message.thread_group }
  await writeOutbox(
    needs,
    tx,
    {
      ...rest,
      thread,
      form: 'reminder',
      role: 'news',
      eventId: null,
      item: null,
      headline,
      text,
      facts: message.facts,
      links: message.links,
      actions: message.actions,
      pictures: [],
      files: [],
      folders: [],
      at: new Date(),
    },
    planned
      .filter((each) => !files.has(each.channel.id))
      .map((each) => ({ ...each, watched: true, headline: null })),
  )
}
