import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Database, Db } from '#platform/db/database.ts'
import type { Audience } from '#platform/events/event.ts'

export type WatchRow = Selectable<Database['notification_watch']>
export type AcknowledgementRow = Selectable<Database['notification_acknowledgement']>

interface Thread {
  kind: string
  id: string
}

/** Begins to wait for an acknowledgement; undefined where this rule has done so for this thread before. */
export async function insertWatch(
  tx: Db,
  watch: { id: string; thread: Thread; rule: string; messageId: string },
): Promise<WatchRow | undefined> {
  return tx
    .insertInto('notification_watch')
    .values({
      id: watch.id,
      thread_kind: watch.thread.kind,
      thread_id: watch.thread.id,
      rule: watch.rule,
      message_id: watch.messageId,
      escalated_at: null,
      ended_at: null,
      ended_why: null,
    })
    .onConflict((conflict) => conflict.columns(['thread_kind', 'thread_id', 'rule']).doNothing())
    .returningAll()
    .executeTakeFirst()
}

export async function lockWatch(tx: Db, id: string): Promise<WatchRow | undefined> {
  return tx.selectFrom('notification_watch').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function setReminded(tx: Db, id: string): Promise<void> {
  await tx
    .updateTable('notification_watch')
    .set({ reminded: sql`reminded + 1` })
    .where('id', '=', id)
    .execute()
}

export async function setEscalated(tx: Db, id: string): Promise<void> {
  await tx.updateTable('notification_watch').set({ escalated_at: new Date() }).where('id', '=', id).execute()
}

export async function endWatches(tx: Db, thread: Thread, why: string): Promise<void> {
  await tx
    .updateTable('notification_watch')
    .set({ ended_at: new Date(), ended_why: why })
    .where('thread_kind', '=', thread.kind)
    .where('thread_id', '=', thread.id)
    .where('ended_at', 'is', null)
    .execute()
}

/** The first acknowledgement stays; undefined where there is one. */
export async function insertAcknowledgement(
  tx: Db,
  row: {
    thread: Thread & { name: string }
    personId: string | null
    name: string
    through: string
  },
): Promise<AcknowledgementRow | undefined> {
  return tx
    .insertInto('notification_acknowledgement')
    .values({
      thread_kind: row.thread.kind,
      thread_id: row.thread.id,
      thread_name: row.thread.name,
      person_id: row.personId,
      name: row.name,
      through: row.through,
    })
    .onConflict((conflict) => conflict.columns(['thread_kind', 'thread_id']).doNothing())
    .returningAll()
    .executeTakeFirst()
}

export async function acknowledgementOf(db: Db, thread: Thread): Promise<AcknowledgementRow | undefined> {
  return db
    .selectFrom('notification_acknowledgement')
    .selectAll()
    .where('thread_kind', '=', thread.kind)
    .where('thread_id', '=', thread.id)
    .executeTakeFirst()
}

export async function listAcknowledgements(
  db: Db,
  filter: {
    /** Who asks: threads of which some message reaches them; null: all. */
    viewer: Audience | null
    thread?: Thread | undefined
    before?: Date | undefined
    limit: number
  },
): Promise<AcknowledgementRow[]> {
  let query = db
    .selectFrom('notification_acknowledgement')
    .selectAll()
    .orderBy('at', 'desc')
    .limit(filter.limit)
  if (filter.thread)
    query = query.where('thread_kind', '=', filter.thread.kind).where('thread_id', '=', filter.thread.id)
  if (filter.before) query = query.where('at', '<', filter.before)
  if (filter.viewer)
    query = query.where(
      sql<boolean>`exists (select from notification_message m
        where m.thread_kind = notification_acknowledgement.thread_kind
        and m.thread_id = notification_acknowledgement.thread_id and m.audience && ${[...filter.viewer]}::text[])`,
    )
  return query.execute()
}
