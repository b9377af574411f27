import { sql } from 'kysely'
import type { Db } from '#platform/db/database.ts'
import type { Audience, EventRow, NewEvent } from './event.ts'

/** Place in the order of events: transaction, then id within it. Both int8 as decimal strings. */
export interface Position {
  xid: string
  id: string
}

export type PositionedEvent = EventRow & { xid: string }

export const eventChannel = 'urania_event'

const columns = sql`
  id::text as "id", xid::text as "xid", at as "at", kind as "kind", data as "data", audience as "audience",
  json_build_object('kind', subject_kind, 'id', subject_id) as "subject"`

// A row is final once its transaction is older than every running one: nothing can commit before it any more.
const final = sql`xid < pg_snapshot_xmin(pg_current_snapshot())`

/** A text[] literal as a JSON parameter, so that no driver setting decides how arrays travel. */
const texts = (values: readonly string[]) =>
  sql`(select coalesce(array_agg(v), '{}') from json_array_elements_text(${JSON.stringify(values)}::text::json) v)::text[]`

const after = (position: Position) => sql`(xid, id) > (${position.xid}::xid8, ${position.id}::bigint)`

export async function insertEvent(tx: Db, event: NewEvent): Promise<void> {
  await sql`
    with added as (
      insert into event (kind, subject_kind, subject_id, data, audience)
      values (${event.kind}, ${event.subject.kind}, ${event.subject.id},
        ${JSON.stringify(event.data ?? {})}::text::jsonb, ${texts(event.audience)})
      returning 1
    ) select pg_notify(${eventChannel}, '') from added`.execute(tx)
}

/** The last final event; before the first one when there is none. */
export async function lastPosition(db: Db): Promise<Position> {
  const { rows } = await sql<Position>`
    select xid::text as "xid", id::text as "id" from event where ${final} order by event.xid desc, event.id desc limit 1`.execute(
    db,
  )
  return rows[0] ?? { xid: '0', id: '0' }
}

/** Position of an event by its id; where it has been deleted, that of the newest one before it. */
export async function positionOf(db: Db, id: string): Promise<Position> {
  const { rows } = await sql<Position>`
    select xid::text as "xid", id::text as "id" from event
    where event.id <= ${id}::bigint order by event.id desc limit 1`.execute(db)
  return rows[0] ?? { xid: '0', id: '0' }
}

/** Final events after a position, in order; `held` says that more exist which are not final yet. */
export async function eventsAfter(
  db: Db,
  position: Position,
  filter: { viewer?: Audience; kinds?: readonly string[]; until?: Position; limit: number },
): Promise<PositionedEvent[]> {
  const { rows } = await sql<PositionedEvent>`
    select ${columns} from event
    where ${after(position)} and ${final}
    ${filter.until ? sql`and (xid, id) <= (${filter.until.xid}::xid8, ${filter.until.id}::bigint)` : sql``}
    ${filter.viewer ? sql`and audience && ${texts(filter.viewer)}` : sql``}
    ${filter.kinds ? sql`and kind = any(${texts(filter.kinds)})` : sql``}
    order by event.xid, event.id limit ${sql.raw(String(filter.limit))}`.execute(db)
  return rows
}

/** True while an event has been committed that a transaction still running might yet precede. */
export async function heldEvents(db: Db): Promise<boolean> {
  const { rows } = await sql<{ held: boolean }>`
    select exists (select from event where xid >= pg_snapshot_xmin(pg_current_snapshot())) as "held"`.execute(
    db,
  )
  return rows[0].held
}

export async function recentEvents(
  db: Db,
  viewer: Audience,
  filter: { kinds?: string[]; subject?: { kind: string; id: string }; before?: string; limit?: number },
): Promise<EventRow[]> {
  const limit = Math.max(1, Math.min(1_000, Math.floor(filter.limit ?? 50)))
  const { rows } = await sql<PositionedEvent>`
    select ${columns} from event
    where audience && ${texts(viewer)}
    ${filter.kinds ? sql`and kind = any(${texts(filter.kinds)})` : sql``}
    ${filter.subject ? sql`and subject_kind = ${filter.subject.kind} and subject_id = ${filter.subject.id}` : sql``}
    ${filter.before ? sql`and id < ${filter.before}::bigint` : sql``}
    order by event.id desc limit ${sql.raw(String(limit))}`.execute(db)
  return rows.map(withoutXid)
}

export function withoutXid({ xid: _, ...event }: PositionedEvent): EventRow {
  return event
}

/** Makes a listener known; a new one begins after everything that is there. */
export async function addListener(db: Db, name: string): Promise<void> {
  const { xid, id } = await lastPosition(db)
  await sql`
    insert into event_listener (name, xid, id) values (${name}, ${xid}::xid8, ${id}::bigint)
    on conflict (name) do nothing`.execute(db)
}

/** Locks a listener's position for this transaction; undefined while another process has it. */
export async function lockListener(
  tx: Db,
  name: string,
): Promise<(Position & { failures: number }) | undefined> {
  const { rows } = await sql<Position & { failures: number }>`
    select xid::text as "xid", id::text as "id", failures as "failures" from event_listener
    where name = ${name} for update skip locked`.execute(tx)
  return rows[0]
}

export async function moveListener(tx: Db, name: string, { xid, id }: Position): Promise<void> {
  await sql`
    update event_listener set xid = ${xid}::xid8, id = ${id}::bigint, failures = 0, problem = null, updated_at = now()
    where name = ${name}`.execute(tx)
}

/** Counts a failure at the event after the listener's position, unless somebody else moved it meanwhile. */
export async function failListener(db: Db, name: string, at: Position, problem: string): Promise<void> {
  await sql`
    update event_listener set failures = failures + 1, problem = ${problem}, updated_at = now()
    where name = ${name} and (xid, id) = (${at.xid}::xid8, ${at.id}::bigint)`.execute(db)
}

export async function buryEvent(tx: Db, listener: string, eventId: string, problem: string): Promise<void> {
  await sql`
    insert into event_dead_letter (listener, event_id, problem) values (${listener}, ${eventId}::bigint, ${problem})
    on conflict do nothing`.execute(tx)
}

/** Deletes what is older than the given time and behind every listener; returns how many rows. */
export async function deleteEvents(db: Db, before: Date, limit: number): Promise<number> {
  const { rows } = await sql`
    delete from event where id in (
      select id from event e where at < ${before.toISOString()}::timestamptz
      and not exists (select from event_listener l where (l.xid, l.id) < (e.xid, e.id))
      order by at limit ${sql.raw(String(limit))}
    ) returning 1`.execute(db)
  return rows.length
}

/**
 * After a restore into another server the transaction numbers of old events may lie in that server's future. A visible
 * row can't be from the future otherwise, so this is safe to ask at each start; old events are then ordered by id.
 */
export async function rebaseEvents(db: Db): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ foreign: boolean }>`
      select exists (select from event where xid >= pg_snapshot_xmax(pg_current_snapshot()))
        or exists (select from event_listener where xid >= pg_snapshot_xmax(pg_current_snapshot()))
        as "foreign"`.execute(tx)
    if (!rows[0].foreign) return false
    await sql`lock table event, event_listener in exclusive mode`.execute(tx)
    await sql`
      update event_listener l set xid = '1'::xid8,
        id = coalesce((select max(id) from event e where (e.xid, e.id) <= (l.xid, l.id)), 0)`.execute(tx)
    await sql`update event set xid = '1'::xid8`.execute(tx)
    return true
  })
}
