import { sql } from 'kysely'
import type { Insertable, Selectable } from 'kysely'
import type { Database, Db } from '#platform/db/database.ts'
import { json } from '#platform/db/json.ts'
import './tables.ts'

export type UploadRow = Selectable<Database['frame_upload']>

export async function insertUpload(db: Db, row: Insertable<Database['frame_upload']>): Promise<void> {
  await db.insertInto('frame_upload').values(row).execute()
}

export async function uploadRow(db: Db, id: string): Promise<UploadRow | undefined> {
  return db.selectFrom('frame_upload').selectAll().where('id', '=', id).executeTakeFirst()
}

export async function touchUpload(db: Db, id: string): Promise<void> {
  await db.updateTable('frame_upload').set({ touched_at: new Date() }).where('id', '=', id).execute()
}

export async function finishUpload(
  db: Db,
  id: string,
  result: { sha256: string } | { problem: { code: string; message: string } },
): Promise<void> {
  await db
    .updateTable('frame_upload')
    .set(
      'sha256' in result
        ? { sha256: result.sha256, problem: null, touched_at: new Date() }
        : { problem: json(result.problem), touched_at: new Date() },
    )
    .where('id', '=', id)
    .execute()
}

export async function deleteUpload(db: Db, id: string): Promise<void> {
  await db.deleteFrom('frame_upload').where('id', '=', id).execute()
}

export async function uploadsBefore(db: Db, before: Date): Promise<UploadRow[]> {
  return db.selectFrom('frame_upload').selectAll().where('touched_at', '<', before).limit(1_000).execute()
}

export async function uploadsOf(db: Db, ownerId: string | null): Promise<UploadRow[]> {
  return db
    .selectFrom('frame_upload')
    .selectAll()
    .where(sql<boolean>`owner_id is not distinct from ${ownerId}`)
    .orderBy('created_at', 'desc')
    .limit(200)
    .execute()
}
