import { sql } from 'kysely'
import type { Insertable, Selectable } from 'kysely'
import { json } from '#platform/db/json.ts'
import type { Database, Db } from '#platform/db/database.ts'
import type { DeliveryState } from './delivery.ts'
import type { ProblemFacts } from './tables.ts'

export type DeliveryRow = Selectable<Database['notification_delivery']>

export interface NewDelivery {
  messageId: string
  channel: { id: string; name: string }
  target: string
  thread: { kind: string; id: string }
  rule: string | null
  headline: string | null
  watched: boolean
  urgent: boolean
  state: 'waiting' | 'collecting' | 'dropped'
  notBefore: Date
  held: boolean
  digestAt: Date | null
  problem: ProblemFacts | null
}

export async function insertDeliveries(tx: Db, deliveries: readonly NewDelivery[]): Promise<DeliveryRow[]> {
  if (deliveries.length === 0) return []
  const values = deliveries.map((each): Insertable<Database['notification_delivery']> => ({
    message_id: each.messageId,
    channel_id: each.channel.id,
    channel_name: each.channel.name,
    target: each.target,
    thread_kind: each.thread.kind,
    thread_id: each.thread.id,
    rule: each.rule,
    headline: each.headline,
    watched: each.watched,
    urgent: each.urgent,
    state: each.state,
    not_before: each.notBefore,
    held: each.held,
    digest_at: each.digestAt,
    problem: each.problem === null ? null : json(each.problem),
  }))
  const inserted: DeliveryRow[] = []
  // PostgreSQL takes 65,535 parameters at once.
  for (let i = 0; i < values.length; i += 1_000)
    inserted.push(
      ...(await tx
        .insertInto('notification_delivery')
        .values(values.slice(i, i + 1_000))
        .onConflict((conflict) => conflict.columns(['message_id', 'channel_id', 'target']).doNothing())
        .returningAll()
        .execute()),
    )
  return inserted
}

/** Seconds for which messages to people wait for files of what came before them in their thread. */
const fileWaitSeconds = 15
/** A channel of files that nothing was heard of for so long is not waited for. */
const silentSeconds = 3

const mine = (channelId: string) => sql`d.channel_id = ${channelId}::uuid and d.state = 'waiting'`

/**
 * Takes the next delivery of a channel whose turn it is: the oldest of its lane (channel, target, thread) and none of the
 * lane on its way; those tried least go first. The caller holds the channel's lock.
 * @param keeps keys of the kinds of channels that keep files, whose earlier deliveries `waits` for
 */
export async function claimDelivery(
  tx: Db,
  channelId: string,
  by: string,
  options: { keeps: readonly string[]; waits: boolean },
): Promise<DeliveryRow | undefined> {
  const files = options.waits
    ? sql`and (d.created_at < now() - ${fileWaitSeconds} * interval '1 second' or not exists (
        select from notification_delivery f join notification_channel c on c.id = f.channel_id
        where f.thread_kind = d.thread_kind and f.thread_id = d.thread_id and f.message_id < d.message_id
        and f.state in ('waiting', 'sending') and c.enabled and c.failing_since is null
        and c.kind = any(${[...options.keeps]}::text[]) and not exists (
          select from notification_delivery s where s.channel_id = c.id and s.state = 'sending'
          and s.claimed_at < now() - ${silentSeconds} * interval '1 second')))`
    : sql``
  const { rows } = await sql<{ id: string }>`
    select d.id::text as "id" from notification_delivery d where ${mine(channelId)} and d.not_before <= now()
    and not exists (select from notification_delivery e
      where e.channel_id = d.channel_id and e.target = d.target and e.thread_kind = d.thread_kind
      and e.thread_id = d.thread_id and (e.state = 'sending' or (e.state = 'waiting' and e.id < d.id)))
    ${files}
    order by d.attempts, d.id limit 1 for update skip locked`.execute(tx)
  if (!rows[0]) return undefined
  return tx
    .updateTable('notification_delivery')
    .set({
      state: 'sending',
      claimed_by: by,
      claimed_at: new Date(),
      attempts: sql`attempts + 1`,
      first_attempt_at: sql`coalesce(first_attempt_at, now())`,
    })
    .where('id', '=', rows[0].id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/**
 * When the channel should be looked at again because a delivery becomes due by time alone.
 * @param keeps keys of the kinds of channels whose files it waits for; null: of none
 */
export async function nextDue(
  db: Db,
  channelId: string,
  keeps: readonly string[] | null,
  longestMs: number,
): Promise<Date | null> {
  const { rows } = await sql<{ at: Date | null }>`
    select min(t) as "at" from notification_delivery d, lateral (values (d.not_before),
      (case when ${keeps !== null} then d.created_at + ${fileWaitSeconds} * interval '1 second' end)) as v (t)
    where ${mine(channelId)} and t > now()
    union all select min(claimed_at) + ${longestMs} * interval '1 millisecond' from notification_delivery
    where channel_id = ${channelId}::uuid and state = 'sending'
    union all select min(s.claimed_at) + ${silentSeconds} * interval '1 second'
    from notification_delivery s join notification_channel c on c.id = s.channel_id
    where s.state = 'sending' and c.kind = any(${[...(keeps ?? [])]}::text[])
    and s.claimed_at > now() - ${silentSeconds} * interval '1 second'
    and exists (select from notification_delivery d where ${mine(channelId)}
      and d.thread_kind = s.thread_kind and d.thread_id = s.thread_id)
    order by "at" limit 1`.execute(db)
  return rows[0]!.at
}

/** Something was heard of a delivery on its way. */
export async function touchClaim(db: Db, id: string): Promise<void> {
  await db
    .updateTable('notification_delivery')
    .set({ claimed_at: new Date() })
    .where('id', '=', id)
    .where('state', '=', 'sending')
    .execute()
}

export async function sendingCount(db: Db, channelId: string): Promise<number> {
  const row = await db
    .selectFrom('notification_delivery')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where('channel_id', '=', channelId)
    .where('state', '=', 'sending')
    .executeTakeFirstOrThrow()
  return Number(row.n)
}

/**
 * Gives back what was on its way when the process that sent it died: this very job's, begun again, and what nobody has
 * ended for longer than any attempt may take. It may have gone out.
 */
export async function releaseClaims(
  tx: Db,
  channelId: string,
  by: string,
  longestMs: number,
): Promise<number> {
  const result = await tx
    .updateTable('notification_delivery')
    .set({ state: 'waiting', uncertain: true, claimed_by: null })
    .where('channel_id', '=', channelId)
    .where('state', '=', 'sending')
    .where((eb) =>
      eb.or([eb('claimed_by', '=', by), eb('claimed_at', '<', new Date(Date.now() - longestMs))]),
    )
    .executeTakeFirst()
  return Number(result.numUpdatedRows)
}

export async function setDelivered(
  tx: Db,
  id: string,
  sent: { receipt: string; url: string | null; at: Date },
): Promise<void> {
  await tx
    .updateTable('notification_delivery')
    .set({
      state: 'sent',
      receipt: sent.receipt,
      url: sent.url,
      sent_at: sent.at,
      problem: null,
      uncertain: false,
      held: false,
      claimed_by: null,
    })
    .where('id', '=', id)
    .execute()
}

export async function setUndelivered(
  tx: Db,
  id: string,
  change: {
    state: 'waiting' | 'dead'
    problem: ProblemFacts | null
    uncertain: boolean
    notBefore: Date
    attempts?: number
  },
): Promise<void> {
  await tx
    .updateTable('notification_delivery')
    .set({
      state: change.state,
      problem: change.problem === null ? null : json(change.problem),
      uncertain: change.uncertain,
      not_before: change.notBefore,
      claimed_by: null,
      ...(change.attempts === undefined ? {} : { attempts: change.attempts }),
    })
    .where('id', '=', id)
    .execute()
}

/** A dead or dropped delivery back to the start, as a person asked. */
export async function setRetried(tx: Db, id: string): Promise<void> {
  await tx
    .updateTable('notification_delivery')
    .set({
      state: 'waiting',
      attempts: 0,
      first_attempt_at: null,
      not_before: new Date(),
      held: false,
      problem: null,
    })
    .where('id', '=', id)
    .execute()
}

export async function lockDelivery(tx: Db, id: string): Promise<DeliveryRow | undefined> {
  return tx
    .selectFrom('notification_delivery')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
}

/** Who heard of a thread, or is about to: one row per lane, that of its latest delivery. */
export async function toldOf(db: Db, thread: { kind: string; id: string }): Promise<DeliveryRow[]> {
  return db
    .selectFrom('notification_delivery')
    .selectAll()
    .distinctOn(['channel_id', 'target'])
    .where('thread_kind', '=', thread.kind)
    .where('thread_id', '=', thread.id)
    .where('channel_id', 'is not', null)
    .where((eb) =>
      eb.or([
        eb('state', 'in', ['waiting', 'collecting', 'sending', 'sent', 'digested']),
        eb.and([eb('state', '=', 'dead'), eb('uncertain', '=', true)]),
      ]),
    )
    .orderBy('channel_id')
    .orderBy('target')
    .orderBy('urgent', 'desc')
    .orderBy('id', 'desc')
    .execute()
}

/** Lets go what waits for quiet hours in lanes that now get something urgent, so that all arrives in its order. */
export async function releaseHeld(
  tx: Db,
  thread: { kind: string; id: string },
  channelId: string,
  target: string,
): Promise<void> {
  await tx
    .updateTable('notification_delivery')
    .set({ held: false, not_before: new Date() })
    .where('thread_kind', '=', thread.kind)
    .where('thread_id', '=', thread.id)
    .where('channel_id', '=', channelId)
    .where('target', '=', target)
    .where('state', '=', 'waiting')
    .where('held', '=', true)
    .execute()
}

/** Lets go all that waits for a person's quiet hours; the channels that have it. */
export async function releasePerson(tx: Db, personId: string): Promise<string[]> {
  const rows = await tx
    .updateTable('notification_delivery')
    .set({ held: false, not_before: new Date() })
    .where('target', '=', `person:${personId}`)
    .where('state', '=', 'waiting')
    .where('held', '=', true)
    .where('channel_id', 'is not', null)
    .returning('channel_id')
    .execute()
  return [...new Set(rows.map((row) => row.channel_id!))]
}

/** Channels with something waiting, all or in one thread. */
export async function waitingChannels(db: Db, thread?: { kind: string; id: string }): Promise<string[]> {
  let query = db
    .selectFrom('notification_delivery')
    .select('channel_id')
    .distinct()
    .where('state', 'in', ['waiting', 'sending'])
    .where('channel_id', 'is not', null)
  if (thread) query = query.where('thread_kind', '=', thread.kind).where('thread_id', '=', thread.id)
  return (await query.execute()).map((row) => row.channel_id!)
}

export async function dropWaiting(tx: Db, channelId: string, problem: ProblemFacts): Promise<void> {
  await tx
    .updateTable('notification_delivery')
    .set({ state: 'dropped', problem: json(problem), claimed_by: null })
    .where('channel_id', '=', channelId)
    .where('state', 'in', ['waiting', 'collecting', 'sending'])
    .execute()
}

/** Deliveries collected for a digest until then, with what they say. */
export async function collected(tx: Db, rule: string, until: Date) {
  return tx
    .selectFrom('notification_delivery as d')
    .innerJoin('notification_message as m', 'm.id', 'd.message_id')
    .select([
      'd.id',
      'd.channel_id',
      'd.channel_name',
      'd.target',
      'd.urgent',
      'd.headline as override',
      'm.headline',
      'm.thread_name',
      'm.links',
      'm.rehearsal',
      'm.audience',
      'm.at',
    ])
    .where('d.rule', '=', rule)
    .where('d.state', '=', 'collecting')
    .where('d.digest_at', '<=', until)
    .orderBy('d.id')
    .execute()
}

export async function setDigested(tx: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await tx
    .updateTable('notification_delivery')
    .set({ state: 'digested', sent_at: new Date() })
    .where('id', 'in', [...ids])
    .execute()
}

export async function deliveriesById(db: Db, ids: readonly string[]): Promise<DeliveryRow[]> {
  if (ids.length === 0) return []
  return db
    .selectFrom('notification_delivery')
    .selectAll()
    .where('id', 'in', [...ids])
    .execute()
}

export interface DeliveryFilter {
  state?: DeliveryState | undefined
  channel?: string | undefined
  thread?: { kind: string; id: string } | undefined
  before?: string | undefined
  limit: number
}

/** The delivery log, newest first. */
export async function listDeliveries(db: Db, filter: DeliveryFilter) {
  let query = db
    .selectFrom('notification_delivery as d')
    .innerJoin('notification_message as m', 'm.id', 'd.message_id')
    .leftJoin('person as p', (join) => join.on(sql<boolean>`d.target = 'person:' || p.id`))
    .leftJoin('person_group as g', (join) => join.on(sql<boolean>`d.target = 'group:' || g.id`))
    .selectAll('d')
    .select([
      'm.kind',
      'm.form',
      'm.role',
      'm.thread_name',
      'm.headline as message_headline',
      'm.rehearsal',
      'p.name as person_name',
      'g.name as group_name',
    ])
    .orderBy('d.id', 'desc')
    .limit(filter.limit)
  if (filter.state) query = query.where('d.state', '=', filter.state)
  if (filter.channel !== undefined) query = query.where('d.channel_name', '=', filter.channel)
  if (filter.thread)
    query = query.where('d.thread_kind', '=', filter.thread.kind).where('d.thread_id', '=', filter.thread.id)
  if (filter.before !== undefined) query = query.where('d.id', '<', filter.before)
  return query.execute()
}
