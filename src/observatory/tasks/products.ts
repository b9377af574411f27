import { Zip, ZipPassThrough } from 'fflate'
import { Problem } from '#problem.ts'
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
  return new ReadableStream<Uint8Array>({
    async start(controller) {
      const archive = new Zip((error, chunk, final) => {
        if (error) return controller.error(error)
        if (chunk.length > 0) controller.enqueue(chunk)
        if (final) controller.close()
      })
      try {
        for (const file of files) {
          const entry = new ZipPassThrough(file.name)
          entry.mtime = file.made_at
          archive.add(entry)
          for await (const chunk of await namedBytes(platform, file.sha256)) {
            while ((controller.desiredSize ?? 1) < -(64 << 20))
              await new Promise((resolve) => setTimeout(resolve, 20))
            entry.push(chunk)
          }
          entry.push(new Uint8Array(0), true)
        }
        archive.end()
      } catch (error) {
        controller.error(error)
      }
    },
  })
}
