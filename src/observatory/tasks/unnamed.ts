import type { Platform } from '#platform/platform.ts'
import { stillNamed, type FileRow } from './task-store.ts'

/**
 * Removes from the storage what tasks no longer name, after the commit that let go of it. Only what steps made: a frame or a
 * template may be somebody else's too. What fails is left for `urania storage` to find, and never fails the request.
 */
export async function forget(
  platform: Pick<Platform, 'db' | 'storage' | 'log'>,
  files: readonly Pick<FileRow, 'step' | 'sha256'>[],
  unlessPutSince = new Date(),
): Promise<void> {
  const made = [...new Set(files.filter((file) => file.step !== null).map((file) => file.sha256))]
  if (made.length === 0) return
  try {
    const named = await stillNamed(platform.db, made)
    for (const sha256 of made)
      if (!named.has(sha256)) await platform.storage.remove(sha256, { unlessPutSince })
  } catch (error) {
    platform.log.warn({ err: error }, 'Bytes of deleted products could not be removed.')
  }
}
