import { sql } from 'kysely'
import { cleanText, json } from '#platform/db/json.ts'
import type { Db } from '#platform/db/database.ts'
import type { NoticeState } from './notice.ts'
import { isUuid, type ProblemFacts } from './tables.ts'
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
 * Rows of messages, one per content, and the id of each by hash. Content that is known already gets no second row, but
 * is counted where it is seen at a place of the stream (or handed in) for the first time.
 */
export async function insertNotices(tx: Db, rows: readonly NewReception[]): Promise<Map<string, string>> {
  // In one order, so that two processes that insert the same contents do not wait for each other crosswise.
  const distinct = [...new Map(rows.toReversed().map((r) => [r.sha256, r] as const)).values()].toSorted(
    (a, b) => (a.sha256 < b.sha256 ? -1 : 1),
  )
  const made = await tx
    .insertInto('alert_notice')
    .values(
      distinct.map((r) => ({
        id: r.id,
        sha256: r.sha256,
        byte_length: r.byteLength,
        topic: cleanText(r.topic),
        partition: r.partition,
        stream_offset: r.offset,
        received_at: r.at,
        title: `Notice from ${cleanText(r.topic)}`,
      })),
    )
    .onConflict((c) => c.column('sha256').doNothing())
    .returning(['id', 'sha256'])
    .execute()
  const ids = new Map(made.map((row) => [row.sha256, row.id]))
  const known = distinct.filter((r) => !ids.has(r.sha256)).map((r) => r.sha256)
  if (known.length > 0) {
    const old = await tx
      .selectFrom('alert_notice')
      .select(['id', 'sha256'])
      .where('sha256', 'in', known)
      .execute()
    for (const row of old) ids.set(row.sha256, row.id)
  }
  const places = rows.filter((r) => r.partition !== null && r.offset !== null)
  const newPlaces = new Set<string>()
  if (places.length > 0) {
    const noted = await tx
      .insertInto('alert_reception')
      .values(
        places.map((r) => ({
          topic: cleanText(r.topic),
          partition: r.partition!,
          stream_offset: r.offset!,
          notice_id: ids.get(r.sha256)!,
          received_at: r.at,
        })),
      )
      .onConflict((c) => c.doNothing())
      .returning(['topic', 'partition', 'stream_offset', 'notice_id'])
      .execute()
    for (const n of noted) newPlaces.add([n.topic, n.partition, n.stream_offset, n.notice_id].join('/'))
  }
  for (const r of rows) {
    const id = ids.get(r.sha256)!
    const place = [cleanText(r.topic), r.partition, r.offset, id].join('/')
    if (id === r.id || (r.offset !== null && !newPlaces.has(place))) continue
    await tx
      .updateTable('alert_notice')
      .set({ receptions: sql`receptions + 1` })
      .where('id', '=', id)
      .execute()
  }
  return ids
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

/** Notices of events received in a span of time, oldest first. */
export async function* noticesReceived(db: Db, since: Date, until: Date) {
  let after: { at: Date; id: string } = { at: since, id: '' }
  for (;;) {
    const rows = await db
      .selectFrom('alert_notice')
      .select(['id', 'event_id', 'received_at'])
      .where('event_id', 'is not', null)
      .where('state', '=', 'parsed')
      .where('received_at', '<', until)
      .where(sql<boolean>`(received_at, id::text) > (${after.at}, ${after.id})`)
      .orderBy('received_at')
      .orderBy(sql`id::text`)
      .limit(200)
      .execute()
    yield* rows
    const last = rows.at(-1)
    if (!last) return
    after = { at: last.received_at, id: last.id }
  }
}
