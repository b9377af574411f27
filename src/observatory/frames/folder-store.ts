import type { Insertable, Selectable } from 'kysely'
import type { Database, Db } from '#platform/db/database.ts'
import { json } from '#platform/db/json.ts'
import type { ScanCounts } from './tables.ts'

export type FolderRow = Selectable<Database['frame_folder']>

export async function listFolders(db: Db): Promise<FolderRow[]> {
  return db.selectFrom('frame_folder').selectAll().orderBy('path').execute()
}

export async function folderRow(db: Db, id: string): Promise<FolderRow | undefined> {
  return db.selectFrom('frame_folder').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Adds a folder, or gives the one of that path these settings. */
export async function putFolder(db: Db, row: Insertable<Database['frame_folder']>): Promise<FolderRow> {
  const { id: _, ...rest } = row
  return db
    .insertInto('frame_folder')
    .values(row)
    .onConflict((oc) => oc.column('path').doUpdateSet(rest))
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function setScan(
  db: Db,
  id: string,
  change: { job_id: string } | { counts: ScanCounts },
): Promise<void> {
  await db
    .updateTable('frame_folder')
    .set('job_id' in change ? change : { counts: json(change.counts), scanned_at: new Date() })
    .where('id', '=', id)
    .execute()
}

export async function deleteFolder(db: Db, id: string): Promise<void> {
  await db.deleteFrom('frame_folder').where('id', '=', id).execute()
}
