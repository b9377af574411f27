import type { Insertable, Selectable } from 'kysely'
import type { Database, Db } from '#platform/db/database.ts'

export type ShiftRow = Selectable<Database['notification_shift']>
export type NewShiftRow = Insertable<Database['notification_shift']>

export async function listShifts(db: Db): Promise<ShiftRow[]> {
  return db.selectFrom('notification_shift').selectAll().orderBy('starts').orderBy('id').execute()
}

export async function shiftById(db: Db, id: string): Promise<ShiftRow | undefined> {
  return db.selectFrom('notification_shift').selectAll().where('id', '=', id).executeTakeFirst()
}

export async function insertShifts(tx: Db, rows: readonly NewShiftRow[]): Promise<void> {
  for (let i = 0; i < rows.length; i += 500)
    await tx
      .insertInto('notification_shift')
      .values(rows.slice(i, i + 500))
      .execute()
}

export async function updateShift(tx: Db, { id, ...row }: NewShiftRow): Promise<void> {
  await tx.updateTable('notification_shift').set(row).where('id', '=', id).execute()
}

export async function deleteShift(tx: Db, id: string): Promise<boolean> {
  const result = await tx.deleteFrom('notification_shift').where('id', '=', id).executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** Removes what an earlier import of a calendar brought; how many shifts. */
export async function deleteCalendar(tx: Db, calendar: string): Promise<number> {
  const result = await tx.deleteFrom('notification_shift').where('calendar', '=', calendar).executeTakeFirst()
  return Number(result.numDeletedRows)
}
