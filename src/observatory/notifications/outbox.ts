import { randomUUID } from 'node:crypto'
import type { Db } from '#platform/db/database.ts'
import { insertDeliveries, releaseHeld, type DeliveryRow, type NewDelivery } from './delivery-store.ts'
import { deliverKind, digestKind, escalateKind, remindKind } from './job-kinds.ts'
import type { Needs } from './kinds.ts'
import { insertMessage, type MessageRow, type NewMessage } from './message-store.ts'
import type { PlannedDelivery } from './plan-deliveries.ts'
import type { NamedRule } from './rule.ts'
import { acknowledgementOf, insertWatch } from './watch-store.ts'

/** What is collected just before a digest is due may be committed just after. */
const digestGraceMs = 10_000

type OutboxNeeds = Pick<Needs, 'jobs'>

/**
 * Writes a message and its deliveries, and the jobs that put them, all in the caller's transaction. Nothing happens when
 * the message is there already.
 */
export async function writeOutbox(
  needs: OutboxNeeds,
  tx: Db,
  message: NewMessage,
  planned: readonly PlannedDelivery[],
): Promise<MessageRow | undefined> {
  const row = await insertMessage(tx, message)
  if (!row) return undefined
  const thread = { kind: row.thread_kind, id: row.thread_id }
  const deliveries = await insertDeliveries(
    tx,
    planned.map((each): NewDelivery => ({ ...each, messageId: row.id, thread })),
  )
  for (const each of deliveries) {
    if (each.urgent && each.state === 'waiting' && each.target !== '' && each.channel_id !== null)
      await releaseHeld(tx, thread, each.channel_id, each.target)
  }
  await sendJobs(needs, tx, deliveries)
  return row
}

/** One job for each channel with something to put, and for each time at which something becomes due. */
async function sendJobs(needs: OutboxNeeds, tx: Db, deliveries: readonly DeliveryRow[]): Promise<void> {
  const due = new Map<string, Date | null>()
  const digests = new Map<string, { rule: string; until: Date }>()
  for (const each of deliveries) {
    if (each.state === 'waiting' && each.channel_id !== null) {
      const at = each.held ? each.not_before : null
      due.set(`${each.channel_id} ${at?.getTime() ?? ''}`, at)
    } else if (each.state === 'collecting' && each.rule !== null && each.digest_at !== null)
      digests.set(`${each.rule} ${each.digest_at.toISOString()}`, { rule: each.rule, until: each.digest_at })
  }
  for (const [key, at] of due) await wakeChannel(needs, tx, key.split(' ')[0]!, at)
  for (const [key, { rule, until }] of digests)
    await needs.jobs.send(
      tx,
      digestKind,
      { rule, until: until.toISOString() },
      {
        key,
        startAfter: new Date(until.getTime() + digestGraceMs),
        subject: { kind: 'notification_rule', id: rule },
      },
    )
}

/** Has a channel looked at: now, or (once for each second) at a time. */
export async function wakeChannel(
  needs: OutboxNeeds,
  tx: Db,
  channelId: string,
  at: Date | null = null,
): Promise<void> {
  const subject = { kind: 'notification_channel', id: channelId }
  if (at === null) {
    await needs.jobs.send(tx, deliverKind, { channelId }, { subject })
    return
  }
  const second = new Date(Math.ceil(at.getTime() / 1_000) * 1_000)
  const key = `${channelId} ${second.toISOString()}`
  await needs.jobs.send(tx, deliverKind, { channelId }, { subject, key, startAfter: second })
}

/** Begins to wait for an acknowledgement of a thread, once for each rule that asks for it. */
export async function startWatches(
  needs: OutboxNeeds,
  tx: Db,
  message: MessageRow,
  rules: readonly NamedRule[],
): Promise<void> {
  const thread = { kind: message.thread_kind, id: message.thread_id }
  const wanted = rules.filter((rule) => rule.remind !== null || rule.escalate !== null)
  if (wanted.length === 0 || message.role === 'end' || (await acknowledgementOf(tx, thread))) return
  for (const rule of wanted) {
    const watch = await insertWatch(tx, { id: randomUUID(), thread, rule: rule.name, messageId: message.id })
    if (!watch) continue
    if (rule.remind) await remindIn(needs, tx, watch.id, thread, rule.remind.everyMinutes)
    if (rule.escalate)
      await needs.jobs.send(
        tx,
        escalateKind,
        { watchId: watch.id },
        { subject: thread, startAfter: inMinutes(rule.escalate.afterMinutes) },
      )
  }
}

export async function remindIn(
  needs: OutboxNeeds,
  tx: Db,
  watchId: string,
  thread: { kind: string; id: string },
  minutes: number,
): Promise<void> {
  await needs.jobs.send(tx, remindKind, { watchId }, { subject: thread, startAfter: inMinutes(minutes) })
}

function inMinutes(minutes: number): Date {
  return new Date(Date.now() + minutes * 60_000)
}
