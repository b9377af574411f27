import { z } from 'zod'
import type { JobKind } from '#platform/jobs/job.ts'
import { ImportOptions } from './catalogue.ts'

/** Background work of the references room. */

export const importKind = {
  name: 'references.import',
  title: 'Import a reference catalogue',
  input: z.object({
    file: z.string(),
    /** As the person calls it; the file itself may be an upload. */
    fileName: z.string(),
    /** The file was sent here for this, and is removed after. */
    upload: z.boolean(),
    options: ImportOptions,
    by: z.string(),
  }),
  retry: { limit: 1, delaySeconds: 5 },
  timeoutSeconds: 12 * 3_600,
  concurrency: 1,
} satisfies JobKind
