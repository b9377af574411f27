import { json } from '#platform/db/json.ts'
import type { Db } from '#platform/db/database.ts'

export interface PreferenceRow {
  person_id: string
  zone: string
  quiet_from: string | null
  quiet_to: string | null
  muted: string[]
  addresses: Record<string, string>
}

export async function preferencesOf(db: Db, personId: string): Promise<PreferenceRow | undefined> {
  return db
    .selectFrom('notification_preference')
    .selectAll()
    .where('person_id', '=', personId)
    .executeTakeFirst()
}

export async function allPreferences(db: Db): Promise<Map<string, PreferenceRow>> {
  const rows = await db.selectFrom('notification_preference').selectAll().execute()
  return new Map(rows.map((row) => [row.person_id, row]))
}

export async function putPreferences(tx: Db, row: PreferenceRow): Promise<void> {
  const { person_id, addresses, ...values } = row
  const change = { ...values, addresses: json(addresses), updated_at: new Date() }
  await tx
    .insertInto('notification_preference')
    .values({ person_id, ...change })
    .onConflict((conflict) => conflict.column('person_id').doUpdateSet(change))
    .execute()
}
