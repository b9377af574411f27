import { sql } from 'kysely'
import type { Insertable, Selectable } from 'kysely'
import type { Database, Db } from '#platform/db/database.ts'
import type { Audience } from '#platform/events/event.ts'
import type { ChannelMessage } from './channel.ts'
import { clipped, json, texts } from './tables.ts'

export type MessageRow = Selectable<Database['notification_message']>

/** What a channel says, without what differs between its receivers. */
export interface NewMessage extends Pick<
  ChannelMessage,
  | 'form'
  | 'kind'
  | 'role'
  | 'thread'
  | 'headline'
  | 'text'
  | 'facts'
  | 'links'
  | 'folders'
  | 'actions'
  | 'rehearsal'
> {
  eventId: string | null
  item: number | null
  pictures: ChannelMessage['pictures']
  files: ChannelMessage['files']
  values: Readonly<Record<string, unknown>>
  audience: Audience
  at: Date
}

/** Inserts a message; undefined when this bulletin of this event is there already. */
export async function insertMessage(tx: Db, message: NewMessage): Promise<MessageRow | undefined> {
  const values: Insertable<Database['notification_message']> = {
    event_id: message.eventId,
    item: message.item,
    form: message.form,
    kind: message.kind,
    role: message.role,
    thread_kind: message.thread.kind,
    thread_id: message.thread.id,
    thread_name: clipped(message.thread.name, 300),
    thread_group: clipped(message.thread.group, 60),
    headline: clipped(message.headline, 300),
    body: clipped(message.text, 8_000),
    facts: json(
      message.facts
        .slice(0, 100)
        .map(({ label, value }) => ({ label: clipped(label, 100), value: clipped(value, 400) })),
    ),
    links: json(
      message.links
        .slice(0, 50)
        .map(({ label, url }) => ({ label: clipped(label, 100), url: clipped(url, 1_000) })),
    ),
    pictures: json(message.pictures.slice(0, 20)),
    files: json(message.files.slice(0, 200)),
    folders: json(message.folders.slice(0, 200)),
    actions: json(message.actions.slice(0, 20)),
    rehearsal: message.rehearsal,
    values: json(message.values),
    audience: texts(message.audience),
    at: message.at,
  }
  return tx
    .insertInto('notification_message')
    .values(values)
    .onConflict((conflict) => conflict.columns(['event_id', 'item']).doNothing())
    .returningAll()
    .executeTakeFirst()
}

export async function messageById(db: Db, id: string): Promise<MessageRow | undefined> {
  return db.selectFrom('notification_message').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Remembers that an event is to be composed, behind all before it. */
export async function addComposition(tx: Db, eventId: string): Promise<void> {
  await tx
    .insertInto('notification_composition')
    .values({ event_id: eventId })
    .onConflict((conflict) => conflict.column('event_id').doNothing())
    .execute()
}

export async function setComposition(db: Db, eventId: string, state: 'failed' | 'done'): Promise<void> {
  await db
    .updateTable('notification_composition')
    .set({ state })
    .where('event_id', '=', eventId)
    .where('state', '<>', 'done')
    .execute()
}

export async function isComposed(db: Db, eventId: string): Promise<boolean> {
  const row = await db
    .selectFrom('notification_composition')
    .select('state')
    .where('event_id', '=', eventId)
    .executeTakeFirst()
  return row?.state === 'done'
}

/** True while an event before this one is being composed for the first time. */
export async function earlierPending(db: Db, eventId: string): Promise<boolean> {
  const { rows } = await sql<{ pending: boolean }>`
    select exists (select from notification_composition where state = 'pending'
      and seq < (select seq from notification_composition where event_id = ${eventId}::bigint)) as "pending"`.execute(
    db,
  )
  return rows[0]!.pending
}

/** The latest message of a thread that came from a room, as people see it now. */
export async function latestOfThread(
  db: Db,
  thread: { kind: string; id: string },
): Promise<MessageRow | undefined> {
  return db
    .selectFrom('notification_message')
    .selectAll()
    .where('thread_kind', '=', thread.kind)
    .where('thread_id', '=', thread.id)
    .where('form', '=', 'news')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}
