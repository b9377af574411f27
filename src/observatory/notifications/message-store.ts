import { sql } from 'kysely'
import type { Insertable, Selectable } from 'kysely'
import { json } from '#platform/db/json.ts'
import type { Bulletin } from '#platform/bulletin.ts'
import type { Database, Db } from '#platform/db/database.ts'
import type { Audience } from '#platform/events/event.ts'
import type { ChannelMessage } from './channel.ts'
import { clipped, texts } from './tables.ts'

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

/** A bulletin whose attachments are in storage. */
export type PreparedBulletin = Omit<Bulletin, 'pictures' | 'files'> &
  Pick<ChannelMessage, 'pictures' | 'files'> & {
    /** When the event happened, ISO 8601. */
    at: string
  }

export type CompositionState = 'pending' | 'prepared' | 'failed' | 'done'

export async function compositionState(db: Db, eventId: string): Promise<CompositionState | undefined> {
  const row = await db
    .selectFrom('notification_composition')
    .select('state')
    .where('event_id', '=', eventId)
    .executeTakeFirst()
  return row?.state
}

export async function setComposition(
  db: Db,
  eventId: string,
  state: CompositionState,
  from: readonly CompositionState[],
): Promise<boolean> {
  const result = await db
    .updateTable('notification_composition')
    .set({ state })
    .where('event_id', '=', eventId)
    .where('state', 'in', [...from])
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Keeps what was composed until its turn. */
export async function keepPrepared(
  tx: Db,
  eventId: string,
  bulletins: readonly PreparedBulletin[],
): Promise<void> {
  if (!(await setComposition(tx, eventId, 'prepared', ['pending', 'failed']))) return
  for (const [item, content] of bulletins.entries())
    await tx
      .insertInto('notification_prepared')
      .values({ event_id: eventId, item, content: json(content) })
      .execute()
}

/**
 * The event whose turn it is, if it is prepared, with the turn itself: one process at a time, to the end of the transaction.
 * Those that failed hold nobody up, nor those whose job is over without a word: cancelled, or lost with its process once too
 * often.
 */
export async function nextPrepared(tx: Db, jobKind: string): Promise<string | undefined> {
  await sql`select pg_advisory_xact_lock(hashtextextended('urania.notifications', 0))`.execute(tx)
  const { rows } = await sql<{ eventId: string; state: string }>`
    select c.event_id::text as "eventId", c.state as "state" from notification_composition c
    where c.state = 'prepared' or (c.state = 'pending' and exists (select from job j
      where j.kind = ${jobKind} and j.key = c.event_id::text and j.state in ('queued', 'running', 'retrying')))
    order by c.seq limit 1`.execute(tx)
  return rows[0]?.state === 'prepared' ? rows[0].eventId : undefined
}

/** Takes out what was composed of an event. */
export async function takePrepared(tx: Db, eventId: string): Promise<PreparedBulletin[]> {
  const rows = await tx
    .deleteFrom('notification_prepared')
    .where('event_id', '=', eventId)
    .returning(['item', 'content'])
    .execute()
  return rows.toSorted((a, b) => a.item - b.item).map(({ content }) => content)
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
