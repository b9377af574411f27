import type { JobContext } from '#platform/jobs/job.ts'
import type { Platform } from '#platform/platform.ts'
import { deleteCompositions, deleteSilent, deleteThreadStates } from './forget-store.ts'
import { notificationsSection } from './sections.ts'

/** Messages deleted in one transaction. */
const batch = 1_000

/**
 * Deletes whole threads that have been silent for `keep_days`, so that an end always finds everybody who heard the
 * beginning of what is still spoken of. How many messages.
 */
export async function forgetThreads(
  { db, config }: Pick<Platform, 'db' | 'config'>,
  job: Pick<JobContext, 'signal'>,
): Promise<number> {
  const before = new Date(Date.now() - config.section(notificationsSection).keepDays * 86_400_000)
  let messages = 0
  for (let deleted = batch; deleted === batch; messages += deleted) {
    job.signal.throwIfAborted()
    deleted = await db.transaction().execute((tx) => deleteSilent(tx, before, batch))
  }
  await db.transaction().execute(async (tx) => {
    await deleteThreadStates(tx)
    await deleteCompositions(tx, before)
  })
  return messages
}
