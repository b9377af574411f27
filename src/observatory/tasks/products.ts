import { Problem } from '#problem.ts'
import { zipOf } from '#platform/files/zip.ts'
import { readable } from '#platform/http/bytes.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { namedBytes } from './frame-bytes.ts'
import { taskRow } from './access.ts'
import { fileOf, filesOf, type FileRow, type TaskRow } from './task-store.ts'

/** One file of a task, where the actor may see the task. @throws Problem `resource.not_found` */
export async function taskFile(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  id: string,
  name: string,
): Promise<{ row: TaskRow; file: FileRow }> {
  const row = await taskRow(platform, actor, id)
  const file = await fileOf(platform.db, row.id, name)
  if (file) return { row, file }
  const names = (await filesOf(platform.db, row.id)).map((each) => each.name)
  throw new Problem(
    'resource.not_found',
    `The task has no file ${name.slice(0, 100)}; it has ${names.slice(0, 30).join(', ') || 'none'}.`,
    {
      file: name.slice(0, 100),
    },
  )
}

/** Files as one ZIP, stored and not packed: FITS and Parquet hardly shrink. */
export function zipped(
  platform: Pick<Platform, 'db' | 'storage' | 'config'>,
  files: readonly FileRow[],
): ReadableStream<Uint8Array> {
  return readable(
    zipOf(
      files.map(({ name, made_at: modified, byte_length, sha256 }) => ({
        name,
        modified,
        byteLength: Number(byte_length),
        bytes: () => namedBytes(platform, sha256),
      })),
    ),
  )
}
