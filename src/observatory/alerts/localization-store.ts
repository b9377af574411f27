import { sql } from 'kysely'
import { json } from '#platform/db/json.ts'
import type { Db } from '#platform/db/database.ts'
import type { Region } from './formats/format.ts'
import type { LocalizationKind, LocalizationState, MapSummary } from './localization.ts'
import { isUuid, type ProblemFacts } from './tables.ts'

export interface NewLocalization {
  id: string
  noticeId: string
  eventId: string | null
  kind: LocalizationKind
  state: LocalizationState
  region: Region | null
  mapSha256: string | null
  mapByteLength: number | null
  sourceUrl: string | null
  containment: number | null
  containmentStated: boolean
  note: string | null
  summary: MapSummary | null
  problem: ProblemFacts | null
}

export type LocalizationRow = Awaited<ReturnType<typeof localizationById>> & object

export async function insertLocalizations(tx: Db, list: readonly NewLocalization[]): Promise<void> {
  if (list.length === 0) return
  await tx
    .insertInto('alert_localization')
    .values(
      list.map((l) => ({
        id: l.id,
        notice_id: l.noticeId,
        event_id: l.eventId,
        kind: l.kind,
        state: l.state,
        region: l.region === null ? null : json(l.region),
        map_sha256: l.mapSha256,
        map_byte_length: l.mapByteLength,
        source_url: l.sourceUrl,
        containment: l.containment,
        containment_stated: l.containmentStated,
        note: l.note,
        summary: l.summary === null ? null : json(l.summary),
        problem: l.problem === null ? null : json(l.problem),
      })),
    )
    .execute()
}

export async function localizationById(db: Db, id: string) {
  if (!isUuid(id)) return undefined
  return db.selectFrom('alert_localization').selectAll().where('id', '=', id).executeTakeFirst()
}

export async function localizationsOfEvent(db: Db, eventId: string): Promise<LocalizationRow[]> {
  return db
    .selectFrom('alert_localization')
    .selectAll()
    .where('event_id', '=', eventId)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
}

export async function localizationsOfNotice(db: Db, noticeId: string): Promise<LocalizationRow[]> {
  return db
    .selectFrom('alert_localization')
    .selectAll()
    .where('notice_id', '=', noticeId)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
}

export async function deleteLocalizationsOf(tx: Db, noticeId: string): Promise<void> {
  await tx.deleteFrom('alert_localization').where('notice_id', '=', noticeId).execute()
}

/** What fetching its map came to. */
export async function updateLocalization(
  tx: Db,
  id: string,
  facts: {
    state: LocalizationState
    mapSha256?: string
    mapByteLength?: number
    summary?: MapSummary
    note: string | null
    problem: ProblemFacts | null
  },
): Promise<void> {
  await tx
    .updateTable('alert_localization')
    .set({
      state: facts.state,
      note: facts.note,
      problem: facts.problem === null ? null : json(facts.problem),
      ...(facts.mapSha256 === undefined ? {} : { map_sha256: facts.mapSha256 }),
      ...(facts.mapByteLength === undefined ? {} : { map_byte_length: facts.mapByteLength }),
      ...(facts.summary === undefined ? {} : { summary: json(facts.summary) }),
    })
    .where('id', '=', id)
    .execute()
}

/** Marks one localization of an event as the one shown; `id` null: none. */
export async function setPreferred(tx: Db, eventId: string, id: string | null): Promise<void> {
  await tx
    .updateTable('alert_localization')
    .set({ preferred: sql<boolean>`id is not distinct from ${id}::uuid` })
    .where('event_id', '=', eventId)
    .where(sql<boolean>`preferred is distinct from (id is not distinct from ${id}::uuid)`)
    .execute()
}

export async function mapSummaryOf(db: Db, sha256: string) {
  return db.selectFrom('alert_map').selectAll().where('sha256', '=', sha256).executeTakeFirst()
}

export async function saveMapSummary(
  db: Db,
  sha256: string,
  byteLength: number,
  result: { summary: MapSummary | null; problem: ProblemFacts | null },
): Promise<void> {
  const summary = result.summary === null ? null : json(result.summary)
  const problem = result.problem === null ? null : json(result.problem)
  await db
    .insertInto('alert_map')
    .values({ sha256, byte_length: byteLength, summary, problem })
    .onConflict((c) => c.column('sha256').doUpdateSet({ summary, problem }))
    .execute()
}
