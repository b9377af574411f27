import { sql } from 'kysely'
import type { Db } from '#platform/db/database.ts'
import type { NoticeState } from './notice.ts'
import { cleanText, isUuid, json, type ProblemFacts } from './tables.ts'
import { storedNotice, type StoredNotice } from './stored-notice.ts'
import type { ParsedNotice } from './formats/format.ts'

export interface NewReception {
  id: string
  sha256: string
  byteLength: number
  topic: string
  partition: number | null
  offset: string | null
  at: Date
}

/**
 * The row of a message: made once per content. `isNew`: not seen before; `again`: seen at a place of the stream (or by
 * POST) where it had not been seen.
 */
export async function insertNotice(tx: Db, r: NewReception): Promise<{ id: string; isNew: boolean }> {
  const made = await tx
    .insertInto('alert_notice')
    .values({
      id: r.id,
      sha256: r.sha256,
      byte_length: r.byteLength,
      topic: cleanText(r.topic),
      partition: r.partition,
      stream_offset: r.offset,
      received_at: r.at,
      title: `Notice from ${cleanText(r.topic)}`,
    })
    .onConflict((c) => c.column('sha256').doNothing())
    .returning('id')
    .executeTakeFirst()
  const id =
    made?.id ??
    (
      await tx
        .selectFrom('alert_notice')
        .select('id')
        .where('sha256', '=', r.sha256)
        .executeTakeFirstOrThrow()
    ).id
  let isNewPlace = true
  if (r.partition !== null && r.offset !== null) {
    const place = await tx
      .insertInto('alert_reception')
      .values({
        topic: cleanText(r.topic),
        partition: r.partition,
        stream_offset: r.offset,
        notice_id: id,
        received_at: r.at,
      })
      .onConflict((c) => c.doNothing())
      .returning('notice_id')
      .executeTakeFirst()
    isNewPlace = place !== undefined
  }
  if (!made && isNewPlace) {
    await tx
      .updateTable('alert_notice')
      .set({ receptions: sql`receptions + 1` })
      .where('id', '=', id)
      .execute()
  }
  return { id, isNew: made !== undefined }
}

export type NoticeRow = Awaited<ReturnType<typeof noticeById>> & object

export async function noticeById(db: Db, id: string) {
  if (!isUuid(id)) return undefined
  return db.selectFrom('alert_notice').selectAll().where('id', '=', id).executeTakeFirst()
}

/** As `noticeById`, holding the row until the end of the transaction. */
export async function lockNotice(tx: Db, id: string): Promise<NoticeRow | undefined> {
  return tx.selectFrom('alert_notice').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function noticesOfEvent(db: Db, eventId: string): Promise<NoticeRow[]> {
  return db.selectFrom('alert_notice').selectAll().where('event_id', '=', eventId).execute()
}

/** Writes what parsing found. */
export async function setParsed(
  tx: Db,
  id: string,
  parsed: ParsedNotice,
  facts: {
    state: NoticeState
    role: ParsedNotice['role']
    eventId: string | null
    problem: ProblemFacts | null
  },
): Promise<StoredNotice> {
  const stored = storedNotice(parsed)
  await tx
    .updateTable('alert_notice')
    .set({
      state: facts.state,
      format: parsed.format,
      type: parsed.type,
      kind: parsed.kind,
      role: facts.role,
      mission: stored.mission,
      instrument: stored.instrument,
      title: stored.title.slice(0, 300),
      sent_at: stored.createdAt === null ? null : new Date(stored.createdAt.replace(':60', ':59')),
      event_id: facts.eventId,
      parsed: json({ ...stored, role: facts.role }),
      problem: facts.problem === null ? null : json(facts.problem),
    })
    .where('id', '=', id)
    .execute()
  return { ...stored, role: facts.role }
}

export async function setDead(tx: Db, id: string, problem: ProblemFacts): Promise<void> {
  await tx
    .updateTable('alert_notice')
    .set({ state: 'dead', problem: json(problem), title: 'Unreadable notice' })
    .where('id', '=', id)
    .execute()
}

export async function setReceived(tx: Db, id: string): Promise<void> {
  await tx
    .updateTable('alert_notice')
    .set({ state: 'received', problem: null })
    .where('id', '=', id)
    .execute()
}

export async function setEventOf(
  tx: Db,
  noticeIds: readonly string[],
  eventId: string,
  pinned?: boolean,
): Promise<void> {
  if (noticeIds.length === 0) return
  await tx
    .updateTable('alert_notice')
    .set({ event_id: eventId, ...(pinned === undefined ? {} : { pinned }) })
    .where('id', 'in', [...noticeIds])
    .execute()
  await tx
    .updateTable('alert_localization')
    .set({ event_id: eventId })
    .where('notice_id', 'in', [...noticeIds])
    .execute()
  await tx
    .updateTable('alert_assessment')
    .set({ event_id: eventId })
    .where('notice_id', 'in', [...noticeIds])
    .execute()
  await tx
    .deleteFrom('alert_orphan')
    .where('notice_id', 'in', [...noticeIds])
    .execute()
}

export async function insertOrphan(tx: Db, noticeId: string, lookups: readonly string[]): Promise<void> {
  if (lookups.length === 0) return
  await tx
    .insertInto('alert_orphan')
    .values(lookups.map((lookup) => ({ lookup, notice_id: noticeId })))
    .onConflict((c) => c.doNothing())
    .execute()
}

/** Notices that waited for an event of one of these names. */
export async function orphansOf(tx: Db, lookups: readonly string[]): Promise<string[]> {
  if (lookups.length === 0) return []
  const rows = await tx
    .selectFrom('alert_orphan')
    .select('notice_id')
    .distinct()
    .where('lookup', 'in', [...lookups])
    .execute()
  return rows.map((row) => row.notice_id)
}

export interface NoticeFilter {
  eventId?: string | undefined
  state?: readonly NoticeState[] | undefined
  /** Only those with a problem, whichever state. */
  troubled?: boolean | undefined
  after?: readonly [string, string] | undefined
  limit: number
}

/** Newest first, with the name of their event. */
export async function listNotices(db: Db, filter: NoticeFilter) {
  let query = db
    .selectFrom('alert_notice as n')
    .leftJoin('alert_event as e', 'e.id', 'n.event_id')
    .selectAll('n')
    .select('e.name as event_name')
    .orderBy('n.received_at', 'desc')
    .orderBy('n.id', 'desc')
    .limit(filter.limit)
  if (filter.eventId !== undefined) query = query.where('n.event_id', '=', filter.eventId)
  if (filter.state) query = query.where('n.state', 'in', [...filter.state])
  if (filter.troubled) query = query.where('n.problem', 'is not', null)
  if (filter.after) {
    const [at, id] = filter.after
    query = query.where(sql<boolean>`(n.received_at, n.id) < (${at}::timestamptz, ${id}::uuid)`)
  }
  return query.execute()
}

/** Ids of notices whose parsing never ended, for a restart. */
export async function unparsedNotices(db: Db, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('alert_notice')
    .select('id')
    .where('state', '=', 'received')
    .orderBy('received_at')
    .limit(limit)
    .execute()
  return rows.map((row) => row.id)
}
