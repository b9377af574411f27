import { json } from '#platform/db/json.ts'
import type { Db } from '#platform/db/database.ts'
import type { StoredStreamStatus } from './stream-status.ts'

export async function saveStreamStatus(db: Db, status: StoredStreamStatus): Promise<void> {
  const row = { status: json(status), updated_at: new Date() }
  await db
    .insertInto('alert_stream')
    .values({ name: status.name, ...row })
    .onConflict((c) => c.column('name').doUpdateSet(row))
    .execute()
}

export async function streamStatuses(db: Db) {
  return db.selectFrom('alert_stream').selectAll().orderBy('name').execute()
}
