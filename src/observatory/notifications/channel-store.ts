import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import { json } from '#platform/db/json.ts'
import type { Database, Db } from '#platform/db/database.ts'

export type ChannelRow = Selectable<Database['notification_channel']>

export async function listChannels(db: Db): Promise<ChannelRow[]> {
  return db.selectFrom('notification_channel').selectAll().orderBy('name').execute()
}

export async function channelNamed(db: Db, name: string): Promise<ChannelRow | undefined> {
  return db.selectFrom('notification_channel').selectAll().where('name', '=', name).executeTakeFirst()
}

export async function channelById(db: Db, id: string): Promise<ChannelRow | undefined> {
  return db.selectFrom('notification_channel').selectAll().where('id', '=', id).executeTakeFirst()
}

/** The channel, locked to the end of the transaction. */
export async function lockChannel(tx: Db, id: string): Promise<ChannelRow | undefined> {
  return tx.selectFrom('notification_channel').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

export interface ChannelValues {
  name: string
  kind: string
  settings: Record<string, unknown>
  sealed: Record<string, string>
  enabled: boolean
}

export async function insertChannel(tx: Db, id: string, values: ChannelValues): Promise<ChannelRow> {
  const { settings, sealed, ...rest } = values
  return tx
    .insertInto('notification_channel')
    .values({
      id,
      ...rest,
      settings: json(settings),
      sealed: json(sealed),
      failing_since: null,
      failing_why: null,
      retry_at: null,
      last_sent_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** New settings also make it try again at once. */
export async function updateChannel(tx: Db, id: string, values: ChannelValues): Promise<ChannelRow> {
  const { settings, sealed, ...rest } = values
  return tx
    .updateTable('notification_channel')
    .set({
      ...rest,
      settings: json(settings),
      sealed: json(sealed),
      retry_at: null,
      revision: sql`revision + 1`,
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function deleteChannel(tx: Db, id: string): Promise<void> {
  await tx.deleteFrom('notification_channel').where('id', '=', id).execute()
}

export async function setSent(tx: Db, id: string, at: Date): Promise<void> {
  await tx
    .updateTable('notification_channel')
    .set({ last_sent_at: at, failing_since: null, failing_why: null, failures: 0, retry_at: null })
    .where('id', '=', id)
    .execute()
}

/** Nothing is tried before that time, though it does not fail; null: at once. */
export async function setPaused(tx: Db, id: string, until: Date | null): Promise<void> {
  await tx.updateTable('notification_channel').set({ retry_at: until }).where('id', '=', id).execute()
}

export async function setFailing(
  tx: Db,
  id: string,
  failure: { since: Date; why: string; failures: number; retryAt: Date | null },
): Promise<void> {
  await tx
    .updateTable('notification_channel')
    .set({
      failing_since: failure.since,
      failing_why: failure.why,
      failures: failure.failures,
      retry_at: failure.retryAt,
    })
    .where('id', '=', id)
    .execute()
}
