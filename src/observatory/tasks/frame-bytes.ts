import { Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { taskRowsWithFrame } from './task-store.ts'

/** The frame that a task is made of, where the actor may see it. @throws Problem `resource.not_found` */
export async function frameFor(
  platform: Pick<Platform, 'db' | 'storage'>,
  actor: Actor,
  sha256: string,
): Promise<{ sha256: string; name: string; byteLength: number }> {
  const byteLength = /^[0-9a-f]{64}$/.test(sha256) ? await platform.storage.size(sha256) : undefined
  const [row] = byteLength === undefined ? [] : await taskRowsWithFrame(platform.db, actor, sha256)
  if (byteLength === undefined || !row)
    throw new Problem(
      'resource.not_found',
      `There is no frame ${sha256.slice(0, 80)} here, or it is not yours to see; upload it.`,
    )
  return { sha256, name: row.original_name, byteLength }
}
