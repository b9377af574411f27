import { Problem } from '#problem.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { requireRole, requireScope } from '#observatory/people/rights.ts'
import { setPaused } from './channel-store.ts'
import type { Delivery } from './delivery.ts'
import { listDeliveries, lockDelivery, setRetried, type DeliveryFilter } from './delivery-store.ts'
import type { Needs } from './kinds.ts'
import { wakeChannel } from './outbox.ts'

export type DeliveryListing = Awaited<ReturnType<typeof listDeliveries>>[number]

export async function readDeliveries(
  needs: Pick<Needs, 'db'>,
  actor: Actor,
  filter: DeliveryFilter,
): Promise<DeliveryListing[]> {
  requireRole(actor, 'operator', 'seeing the delivery log')
  return listDeliveries(needs.db, filter)
}

/** Puts a dead letter back at its place in the queue. */
export async function retryDelivery(
  needs: Pick<Needs, 'db' | 'jobs'>,
  actor: Actor,
  id: string,
): Promise<void> {
  requireRole(actor, 'operator', 'retrying a delivery')
  requireScope(actor, 'operate')
  await needs.db.transaction().execute(async (tx) => {
    const delivery = /^\d{1,18}$/.test(id) ? await lockDelivery(tx, id) : undefined
    if (!delivery)
      throw new Problem('resource.not_found', `There is no delivery ${JSON.stringify(id.slice(0, 40))}.`)
    if (delivery.state !== 'dead' && delivery.state !== 'dropped')
      throw new Problem(
        'request.conflict',
        `Delivery ${id} is ${delivery.state}; only a dead or dropped one is retried.`,
        { state: delivery.state },
      )
    if (delivery.channel_id === null)
      throw new Problem('request.conflict', `Channel ${delivery.channel_name} of delivery ${id} is gone.`)
    await setRetried(tx, id)
    await setPaused(tx, delivery.channel_id, null)
    const { state, problem } = delivery
    await audit(
      tx,
      actor,
      'notifications.delivery_retried',
      { kind: 'notification_delivery', id },
      { state, problem },
      { state: 'waiting' },
    )
    await wakeChannel(needs, tx, delivery.channel_id)
  })
}

export function shownDelivery(row: DeliveryListing): Delivery {
  const colon = row.target.indexOf(':')
  const kind = row.target === '' ? 'channel' : colon < 0 ? 'everyone' : row.target.slice(0, colon)
  return {
    id: row.id,
    key: row.key,
    channel: row.channel_name,
    target: {
      kind: kind as Delivery['target']['kind'],
      id: colon < 0 ? null : row.target.slice(colon + 1),
      name: row.person_name ?? row.group_name,
    },
    kind: row.kind,
    form: row.form,
    role: row.role,
    thread: { kind: row.thread_kind, id: row.thread_id, name: row.thread_name },
    headline: row.headline ?? row.message_headline,
    rehearsal: row.rehearsal,
    rule: row.rule,
    urgent: row.urgent,
    state: row.state,
    attempts: row.attempts,
    uncertain: row.uncertain,
    notBefore:
      row.state === 'waiting' ? row.not_before.toISOString() : (row.digest_at?.toISOString() ?? null),
    problem: row.problem && { code: row.problem.code, message: row.problem.message },
    receipt: row.receipt,
    url: row.url,
    createdAt: row.created_at.toISOString(),
    sentAt: row.sent_at?.toISOString() ?? null,
  }
}
