import { availableParallelism } from 'node:os'
import { z } from 'zod'
import type { JobKind } from '#platform/jobs/job.ts'
import { StepName } from './task.ts'

/** Background work of the tasks room: one job is one run over several steps; each is recorded as it ends. */
export const runKind = {
  name: 'tasks.run',
  title: 'Process a frame',
  input: z.object({ taskId: z.uuid(), steps: z.array(StepName).min(1) }),
  retry: { limit: 2, delaySeconds: 2 },
  timeoutSeconds: 14_400,
  // A step uses every core by itself.
  concurrency: Math.max(1, Math.floor(availableParallelism() / 2)),
} satisfies JobKind
