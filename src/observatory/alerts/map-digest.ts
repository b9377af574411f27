import { isProblem } from '#problem.ts'
import { computeTask } from '#platform/compute/compute.ts'
import { digestMap } from './digest.ts'
import type { MapSummary } from './localization.ts'
import type { ProblemFacts } from './tables.ts'

/** A map's numbers, made in a worker thread; a map that is none comes back as the sentence that says why. */
export const digestTask = computeTask(
  import.meta.url,
  'digestTask',
  (bytes: Uint8Array): { summary: MapSummary | null; problem: ProblemFacts | null } => {
    try {
      return { summary: digestMap(bytes), problem: null }
    } catch (error) {
      if (isProblem(error)) return { summary: null, problem: { code: error.code, message: error.message } }
      throw error
    }
  },
)
