import { z } from 'zod'
import type { JobKind } from '#platform/jobs/job.ts'

/** Background work of the frames room. */

/** As whom a job adds frames: the one who asked for it. */
export const JobActor = z.object({
  userId: z.string().nullable(),
  name: z.string(),
  groups: z.array(z.string()),
  administrator: z.boolean(),
})

const Rights = z.object({ groups: z.array(z.string()), publicAt: z.string().nullable() })

export const productsKind = {
  name: 'frames.products',
  title: 'Thumbnail of a frame',
  input: z.object({ sha256: z.string() }),
  routine: true,
  retry: { limit: 2, delaySeconds: 5 },
  timeoutSeconds: 1_800,
  concurrency: 1,
} satisfies JobKind

export const folderKind = {
  name: 'frames.folder',
  title: 'Add the frames of a folder',
  input: z.object({
    path: z.string(),
    recursive: z.boolean(),
    copy: z.boolean(),
    folderId: z.string().nullable(),
    rights: Rights,
    by: JobActor,
  }),
  retry: { limit: 2, delaySeconds: 10 },
  timeoutSeconds: 24 * 3_600,
  concurrency: 1,
} satisfies JobKind

export const urlKind = {
  name: 'frames.url',
  title: 'Fetch a frame',
  input: z.object({ url: z.string(), rights: Rights, note: z.string().nullable(), by: JobActor }),
  retry: { limit: 2, delaySeconds: 5 },
  timeoutSeconds: 3_600,
  concurrency: 2,
} satisfies JobKind
