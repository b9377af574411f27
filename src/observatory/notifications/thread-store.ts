import { json } from '#platform/db/json.ts'
import type { Db } from '#platform/db/database.ts'
import type { DeliveryRow } from './delivery-store.ts'

/** What the first message of a thread left behind on a channel, for those after it. */

export async function threadState(
  db: Db,
  lane: Pick<DeliveryRow, 'channel_id' | 'target' | 'thread_kind' | 'thread_id'>,
): Promise<Record<string, unknown> | null> {
  const row = await db
    .selectFrom('notification_thread')
    .select('state')
    .where('channel_id', '=', lane.channel_id!)
    .where('target', '=', lane.target)
    .where('thread_kind', '=', lane.thread_kind)
    .where('thread_id', '=', lane.thread_id)
    .executeTakeFirst()
  return row?.state ?? null
}

export async function keepThreadState(
  tx: Db,
  lane: Pick<DeliveryRow, 'channel_id' | 'target' | 'thread_kind' | 'thread_id'>,
  state: Record<string, unknown>,
): Promise<void> {
  await tx
    .insertInto('notification_thread')
    .values({
      channel_id: lane.channel_id!,
      target: lane.target,
      thread_kind: lane.thread_kind,
      thread_id: lane.thread_id,
      state: json(state),
    })
    .onConflict((conflict) =>
      conflict
        .columns(['channel_id', 'target', 'thread_kind', 'thread_id'])
        .doUpdateSet({ state: json(state) }),
    )
    .execute()
}
