import { availableParallelism } from 'node:os'
import { z } from 'zod'
import type { JobKind } from '#platform/jobs/job.ts'

/** Background work of the plans room. */

export const solveKind = {
  name: 'plans.solve',
  title: 'Make an observing plan',
  input: z.object({ planId: z.uuid() }),
  retry: { limit: 2, delaySeconds: 2 },
  timeoutSeconds: 7_200,
  // Each has a thread of its own for minutes; notices that come in meanwhile want one too.
  concurrency: Math.max(1, Math.min(4, availableParallelism() - 1)),
} satisfies JobKind
