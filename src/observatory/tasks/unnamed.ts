import type { Platform } from '#platform/platform.ts'
import { unnamedObjects } from '#observatory/frames/store.ts'
import { stillNamed, type FileRow } from './task-store.ts'

type Needs = Pick<Platform, 'db' | 'storage' | 'log'>

/**
 * Removes from the storage what tasks no longer name, after the commit that let go of it. Only what steps made: a frame or a
 * template may be somebody else's too.
 */
export async function forget(
  platform: Needs,
  files: readonly Pick<FileRow, 'step' | 'sha256'>[],
  unlessPutSince = new Date(),
): Promise<void> {
  const made = files.filter((file) => file.step !== null).map((file) => file.sha256)
  await removeUnnamed(platform, made, unlessPutSince)
}

/** Removes those that no task and no frame names. What fails stays and is logged; it never fails the request. */
export async function removeUnnamed(
  platform: Needs,
  hashes: readonly string[],
  unlessPutSince = new Date(),
): Promise<void> {
  if (hashes.length === 0) return
  try {
    const free = await unnamedObjects(platform.db, [...new Set(hashes)])
    const named = await stillNamed(platform.db, free)
    for (const sha256 of free)
      if (!named.has(sha256)) await platform.storage.remove(sha256, { unlessPutSince })
  } catch (error) {
    platform.log.warn({ err: error }, 'Bytes that no task names any more could not be removed.')
  }
}
