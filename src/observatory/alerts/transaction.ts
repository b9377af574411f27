import type { Db } from '#platform/db/database.ts'

/** How often a transaction is tried. */
const tries = 4

/**
 * A transaction, begun anew where PostgreSQL broke it off because it and another waited for each other: a merge holds
 * events and wants notices, reading a notice holds the notice and wants events.
 */
export async function transaction<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  for (let left = tries - 1; ; left--) {
    try {
      return await db.transaction().execute(work)
    } catch (error) {
      if (left === 0 || !(error instanceof Error && 'code' in error && error.code === '40P01')) throw error
    }
  }
}
