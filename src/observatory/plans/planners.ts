import type { Compute } from '#platform/compute/compute.ts'
import { createCompute, type ComputeService } from '#platform/compute/pool.ts'

/** Threads for planning, apart from those that everybody else waits for: a plan may take minutes. */
export interface Planners {
  take(): Compute
  /** Back after use; one that is not kept ends at once, one that is kept serves the next plan without starting anew. */
  give(planner: Compute, options: { keep: boolean }): Promise<void>
}

/** An idle thread ends after this time. */
const idleMs = 60_000

export function createPlanners(): Planners {
  const all = new Map<Compute, ComputeService>()
  let idle: { planner: ComputeService; timer: NodeJS.Timeout } | undefined

  return {
    take() {
      if (idle) {
        clearTimeout(idle.timer)
        const { planner } = idle
        idle = undefined
        return planner
      }
      const planner = createCompute({ threads: 1 })
      all.set(planner, planner)
      return planner
    },
    async give(given, { keep }) {
      const planner = all.get(given)
      if (!planner) return
      if (!keep || idle) {
        all.delete(given)
        return planner.stop()
      }
      const timer = setTimeout(() => {
        idle = undefined
        all.delete(planner)
        void planner.stop()
      }, idleMs)
      // Neither the thread nor its timer keeps a program from ending.
      timer.unref()
      idle = { planner, timer }
    },
  }
}
