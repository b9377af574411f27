import type { JobHandler } from '#platform/jobs/job.ts'
import type { Platform } from '#platform/platform.ts'
import { runImport } from './import-service.ts'
import { importKind } from './job-kinds.ts'

/** Handlers of the room's background work. */
export function referenceJobs(platform: Platform): JobHandler[] {
  const run: JobHandler<typeof importKind.input> = {
    kind: importKind,
    run: (input, job) => runImport(platform, input, job, '1'),
  }
  return [run] as JobHandler[]
}
