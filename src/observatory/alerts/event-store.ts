import { sql } from 'kysely'
import { cleanText, json } from '#platform/db/json.ts'
import type { Db } from '#platform/db/database.ts'
import { aliasKey } from './aliases.ts'
import type { EventHistoryEntry, EventPlace, EventStatus, EventVerdict } from './event.ts'
import type { EventKind, EventRole, NoticeType } from './notice.ts'
import { isUuid } from './tables.ts'

export type EventRow = Awaited<ReturnType<typeof eventById>> & object

/** What an event is, derived from its notices. */
export interface EventFacts {
  name: string
  kind: EventKind
  role: EventRole
  status: EventStatus
  expiresAt: Date | null
  eventTime: string | null
  firstNoticeAt: Date
  lastNoticeAt: Date
  noticeCount: number
  latestType: NoticeType
  mission: string | null
  significant: boolean | null
  farHz: number | null
  classification: Record<string, number>
  place: EventPlace
  verdict: EventVerdict | null
}

/** Name of a name for looking it up. What is not the sky has names of its own, so that tests never join real events. */
export function lookupOf(name: string, role: EventRole): string {
  const space = role === 'observation' ? '' : role === 'simulated' ? 'simulated:' : 'test:'
  return space + aliasKey(cleanText(name))
}

export async function eventById(db: Db, id: string) {
  if (!isUuid(id)) return undefined
  return db.selectFrom('alert_event').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Id of the event that an id or any of its names means; merged ones lead to what took them in. */
export async function resolveEventId(db: Db, idOrAlias: string): Promise<string | undefined> {
  if (isUuid(idOrAlias)) {
    const row = await db
      .selectFrom('alert_event')
      .select(['id', 'merged_into'])
      .where('id', '=', idOrAlias)
      .executeTakeFirst()
    return row?.merged_into ? resolveEventId(db, row.merged_into) : row?.id
  }
  const lookups = (['observation', 'simulated', 'test'] as const).map((role) => lookupOf(idOrAlias, role))
  const rows = await db
    .selectFrom('alert_alias as a')
    .innerJoin('alert_event as e', 'e.id', 'a.event_id')
    .select(['a.lookup', 'a.event_id', 'a.joins', 'e.last_notice_at'])
    .where('a.lookup', 'in', lookups)
    .execute()
  const rank = (row: (typeof rows)[number]): number => lookups.indexOf(row.lookup) * 2 + (row.joins ? 0 : 1)
  const [best] = rows.toSorted(
    (a, b) => rank(a) - rank(b) || b.last_notice_at.getTime() - a.last_notice_at.getTime(),
  )
  return best?.event_id
}

/** Two notices of the same name are worked on one after the other: an advisory lock per name, in one order. */
export async function lockNames(tx: Db, lookups: readonly string[]): Promise<void> {
  if (lookups.length === 0) return
  const names = [...new Set(lookups)].map((lookup) => `alerts:${lookup}`).toSorted()
  await sql`
    select pg_advisory_xact_lock(hashtextextended(name, 0))
    from (select name from unnest(${names}::text[]) as n (name) order by name) as sorted`.execute(tx)
}

export async function lockEvent(tx: Db, id: string): Promise<EventRow | undefined> {
  return tx.selectFrom('alert_event').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

/** Ids of the events that these names join to, by name, in the order given. */
export async function eventsJoinedBy(tx: Db, lookups: readonly string[]): Promise<Map<string, string>> {
  if (lookups.length === 0) return new Map()
  const rows = await tx
    .selectFrom('alert_alias')
    .select(['lookup', 'event_id'])
    .where('lookup', 'in', [...lookups])
    .where('joins', '=', true)
    .execute()
  const of = new Map(rows.map((row) => [row.lookup, row.event_id]))
  return new Map([...new Set(lookups)].flatMap((l) => (of.has(l) ? [[l, of.get(l)!] as const] : [])))
}

const emptyPlace: EventPlace = {
  localizationId: null,
  state: 'none',
  ra: null,
  dec: null,
  errorDeg: null,
  area50Deg2: null,
  area90Deg2: null,
  distanceMeanMpc: null,
  distanceStdMpc: null,
  combined: false,
}

/** A new event with what its first notice says; `setFacts` follows in the same transaction. */
export async function insertEvent(
  tx: Db,
  e: { id: string; name: string; kind: EventKind; role: EventRole; type: NoticeType; at: Date },
): Promise<void> {
  await tx
    .insertInto('alert_event')
    .values({
      id: e.id,
      name: cleanText(e.name),
      kind: e.kind,
      role: e.role,
      latest_type: e.type,
      first_notice_at: e.at,
      last_notice_at: e.at,
      classification: json({}),
      place: json(emptyPlace),
      expires_at: null,
      event_time: null,
      event_at: null,
      mission: null,
      significant: null,
      far_hz: null,
      merged_into: null,
    })
    .execute()
}

/** Writes what the notices make of the event; its revision goes up. */
export async function setFacts(tx: Db, id: string, f: EventFacts): Promise<EventRow> {
  return tx
    .updateTable('alert_event')
    .set({
      name: cleanText(f.name),
      kind: f.kind,
      role: f.role,
      status: f.status,
      expires_at: f.expiresAt,
      event_time: f.eventTime,
      event_at: f.eventTime === null ? null : new Date(f.eventTime.replace(':60', ':59')),
      first_notice_at: f.firstNoticeAt,
      last_notice_at: f.lastNoticeAt,
      notice_count: f.noticeCount,
      latest_type: f.latestType,
      mission: f.mission,
      significant: f.significant,
      far_hz: f.farHz,
      classification: json(f.classification),
      place: json(f.place),
      verdict: f.verdict === null ? null : json(f.verdict),
      revision: sql`revision + 1`,
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function setKept(tx: Db, id: string, kept: boolean): Promise<EventRow> {
  return tx
    .updateTable('alert_event')
    .set({ kept, revision: sql`revision + 1` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export interface NewAlias {
  name: string
  source: string
  joins: boolean
}

/** Adds names; one that already joins elsewhere is kept without joining. */
export async function addAliases(
  tx: Db,
  eventId: string,
  role: EventRole,
  names: readonly NewAlias[],
): Promise<void> {
  const rows = new Map<
    string,
    { lookup: string; event_id: string; name: string; source: string; joins: boolean }
  >()
  for (const { name, source, joins } of names) {
    const lookup = lookupOf(name, role)
    const row = {
      lookup,
      event_id: eventId,
      name: cleanText(name).slice(0, 300),
      source: cleanText(source),
      joins,
    }
    if (lookup.length <= 400 && row.name !== '' && !rows.has(lookup)) rows.set(lookup, row)
  }
  if (rows.size === 0) return
  const wanted = [...rows.values()].toSorted((a, b) => (a.lookup < b.lookup ? -1 : 1))
  const insert = (list: typeof wanted) =>
    tx
      .insertInto('alert_alias')
      .values(list)
      .onConflict((c) => c.doNothing())
      .returning('lookup')
      .execute()
  const added = new Set((await insert(wanted)).map((row) => row.lookup))
  const refused = wanted.filter((row) => row.joins && !added.has(row.lookup))
  if (refused.length > 0) await insert(refused.map((row) => ({ ...row, joins: false })))
}

export async function aliasesOf(db: Db, eventId: string) {
  return db
    .selectFrom('alert_alias')
    .selectAll()
    .where('event_id', '=', eventId)
    .orderBy('since')
    .orderBy('joins', 'desc')
    .orderBy('name')
    .execute()
}

export async function aliasesOfEvents(db: Db, eventIds: readonly string[]) {
  if (eventIds.length === 0) return []
  return db
    .selectFrom('alert_alias')
    .selectAll()
    .where('event_id', 'in', [...eventIds])
    .orderBy('since')
    .orderBy('joins', 'desc')
    .orderBy('name')
    .execute()
}

/** Everything that `from` has becomes part of `to`. */
export async function moveAll(tx: Db, from: string, to: string): Promise<void> {
  await tx.updateTable('alert_notice').set({ event_id: to }).where('event_id', '=', from).execute()
  await tx
    .updateTable('alert_localization')
    .set({ event_id: to, preferred: false })
    .where('event_id', '=', from)
    .execute()
  await tx.updateTable('alert_assessment').set({ event_id: to }).where('event_id', '=', from).execute()
  const names = await aliasesOf(tx, from)
  await tx.deleteFrom('alert_alias').where('event_id', '=', from).execute()
  if (names.length > 0) {
    await tx
      .insertInto('alert_alias')
      .values(names.map((row) => ({ ...row, event_id: to })))
      .onConflict((c) => c.doNothing())
      .execute()
  }
  await tx
    .updateTable('alert_event')
    .set({ merged_into: to, notice_count: 0, revision: sql`revision + 1` })
    .where('id', '=', from)
    .execute()
  await tx.updateTable('alert_event').set({ merged_into: to }).where('merged_into', '=', from).execute()
}

export async function moveAliases(
  tx: Db,
  from: string,
  to: string,
  lookups: readonly string[],
): Promise<void> {
  if (lookups.length === 0) return
  await tx
    .updateTable('alert_alias')
    .set({ event_id: to })
    .where('event_id', '=', from)
    .where('lookup', 'in', [...lookups])
    .execute()
}

export async function addHistory(
  tx: Db,
  eventId: string,
  by: string,
  what: EventHistoryEntry['what'],
  text: string,
  data: Record<string, unknown> = {},
): Promise<void> {
  await tx
    .insertInto('alert_history')
    .values({ event_id: eventId, by, what, text: cleanText(text), data: json(data) })
    .execute()
}

export async function historyOf(db: Db, eventId: string) {
  return db.selectFrom('alert_history').selectAll().where('event_id', '=', eventId).orderBy('id').execute()
}

export interface EventFilter {
  kinds?: readonly EventKind[] | undefined
  status?: EventStatus | undefined
  /** `false` (default): without tests and mocks. `true`: them alone. `all`: everything. */
  test?: 'false' | 'true' | 'all' | undefined
  /** Part of any name. */
  q?: string | undefined
  since?: Date | undefined
  until?: Date | undefined
  decision?: string | undefined
  after?: readonly [string, string] | undefined
  limit: number
}

/** Events by their last notice, newest first. */
export async function listEvents(db: Db, f: EventFilter): Promise<EventRow[]> {
  let query = db
    .selectFrom('alert_event as e')
    .selectAll('e')
    .where('e.merged_into', 'is', null)
    .orderBy('e.last_notice_at', 'desc')
    .orderBy('e.id', 'desc')
    .limit(f.limit)
  if (f.kinds && f.kinds.length > 0) query = query.where('e.kind', 'in', [...f.kinds])
  if (f.status) query = query.where('e.status', '=', f.status)
  if ((f.test ?? 'false') === 'false') query = query.where('e.role', 'in', ['observation', 'simulated'])
  if (f.test === 'true') query = query.where('e.role', 'in', ['test', 'mock'])
  if (f.since) query = query.where('e.last_notice_at', '>=', f.since)
  if (f.until) query = query.where('e.last_notice_at', '<', f.until)
  if (f.decision) query = query.where(sql<boolean>`e.verdict->>'decision' = ${f.decision}`)
  if (f.q && f.q.trim() !== '') {
    const part = `%${aliasKey(cleanText(f.q)).replace(/[\\%_]/g, '\\$&')}%`
    query = query.where((eb) =>
      eb.exists(
        eb
          .selectFrom('alert_alias as a')
          .select('a.lookup')
          .whereRef('a.event_id', '=', 'e.id')
          .where('a.lookup', 'like', part),
      ),
    )
  }
  if (f.after) {
    const [at, id] = f.after
    query = query.where(sql<boolean>`(e.last_notice_at, e.id) < (${at}::timestamptz, ${id}::uuid)`)
  }
  return query.execute()
}

/** Tests and mocks whose time is over. */
export async function expiredEvents(db: Db, now: Date, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('alert_event')
    .select('id')
    .where('expires_at', '<=', now)
    .where('kept', '=', false)
    .where('role', 'in', ['test', 'mock'])
    .orderBy('expires_at')
    .limit(limit)
    .execute()
  return rows.map((row) => row.id)
}

/** Removes an event with its notices; the hashes of bytes that it named. */
export async function deleteEvent(tx: Db, id: string): Promise<string[]> {
  const maps = await tx
    .selectFrom('alert_localization')
    .select('map_sha256 as sha256')
    .distinct()
    .where('event_id', '=', id)
    .where('map_sha256', 'is not', null)
    .execute()
  const notices = await tx.deleteFrom('alert_notice').where('event_id', '=', id).returning('sha256').execute()
  await tx.deleteFrom('alert_event').where('id', '=', id).execute()
  return [...notices, ...maps].map((row) => row.sha256!)
}

/** Removes tests and mocks that never found an event (retractions, messages kept as other); hashes of their bytes. */
export async function deleteLoneTests(tx: Db, before: Date): Promise<string[]> {
  const rows = await tx
    .deleteFrom('alert_notice')
    .where('event_id', 'is', null)
    .where('role', 'in', ['test', 'mock'])
    .where('received_at', '<', before)
    .returning('sha256')
    .execute()
  return rows.map((row) => row.sha256)
}

/** Of these hashes those that no row names any more; the summaries of such maps go with them. */
export async function unnamedBytes(db: Db, hashes: readonly string[]): Promise<string[]> {
  if (hashes.length === 0) return []
  const list = sql.join([...hashes])
  const { rows } = await sql<{ sha256: string }>`
    select sha256 as "sha256" from alert_notice where sha256 in (${list})
    union select map_sha256 from alert_localization where map_sha256 in (${list})`.execute(db)
  const named = new Set(rows.map((row) => row.sha256))
  const free = [...new Set(hashes)].filter((hash) => !named.has(hash))
  if (free.length > 0) await db.deleteFrom('alert_map').where('sha256', 'in', free).execute()
  return free
}

export type AliasRow = Awaited<ReturnType<typeof aliasesOf>>[number]
