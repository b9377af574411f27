import { sql } from 'kysely'
import type { Db } from '#platform/db/database.ts'

/**
 * Deletes messages of threads in which nothing was said since `before` and nothing waits, with their deliveries and inbox
 * entries. Acknowledgements stay: who took charge of what is told by nothing else. How many messages.
 */
export async function deleteSilent(tx: Db, before: Date, limit: number): Promise<number> {
  const result = await sql`
    delete from notification_message where id in (
      select m.id from notification_message m where m.at < ${before}
      and not exists (select from notification_message n
        where n.thread_kind = m.thread_kind and n.thread_id = m.thread_id and n.at >= ${before})
      and not exists (select from notification_delivery d
        where d.thread_kind = m.thread_kind and d.thread_id = m.thread_id
        and d.state in ('waiting', 'collecting', 'sending'))
      order by m.at limit ${limit})`.execute(tx)
  return Number(result.numAffectedRows ?? 0n)
}

/** Deletes what was kept of threads that have no message any more. */
export async function deleteThreadStates(tx: Db): Promise<void> {
  await sql`
    delete from notification_thread t where not exists (select from notification_message m
      where m.thread_kind = t.thread_kind and m.thread_id = t.thread_id)`.execute(tx)
}

/** Deletes the turns of events that had theirs. */
export async function deleteCompositions(tx: Db, before: Date): Promise<void> {
  await sql`delete from notification_composition where state in ('done', 'failed') and at < ${before}`.execute(
    tx,
  )
}
