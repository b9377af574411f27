import type { JobHandler } from '#platform/jobs/job.ts'
import type { Platform } from '#platform/platform.ts'
import type { Service } from '#platform/room.ts'
import { runKind } from './job-kinds.ts'
import { sweepTables } from './measurements.ts'
import { reconcileAll } from './reconcile.ts'
import { runTask } from './run-task.ts'
import { sweepScratch } from './work-folder.ts'

/** Handlers of the room's background work. */
export function taskJobs(platform: Platform): JobHandler[] {
  const run: JobHandler<typeof runKind.input> = {
    kind: runKind,
    run: (input, job) => runTask(platform, input, job),
  }
  return [run] as JobHandler[]
}

/** Puts right what runs left that died with their process: folders, and tasks that still say they run. */
export function taskServices(platform: Platform): Service[] {
  let timer: NodeJS.Timeout | undefined
  const sweep = (): void =>
    void sweepScratch(platform)
      .then(() => sweepTables(platform))
      .then(() => reconcileAll(platform))
      .catch((error: unknown) =>
        platform.log.warn({ err: error }, 'What dead runs left could not be put right.'),
      )
  return [
    {
      name: 'tasks.scratch',
      role: 'worker',
      start() {
        sweep()
        timer = setInterval(sweep, 20_000)
        timer.unref()
        return Promise.resolve()
      },
      stop() {
        clearInterval(timer)
        return Promise.resolve()
      },
    },
  ]
}
