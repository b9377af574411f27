import { computeTask } from '#platform/compute/compute.ts'
import { createHighs } from '#platform/compute/highs.ts'
import type { Milp } from '#science/planning/model.ts'

/** Searches until its thread is ended, counting its reports into the shared memory. */
export const searchLong = computeTask(
  import.meta.url,
  'searchLong',
  async ({ milp, memory }: { milp: Milp; memory: SharedArrayBuffer }) => {
    const highs = await createHighs()
    const reports = new Int32Array(memory)
    return highs(milp, {
      seconds: 60,
      gapTarget: 0,
      onProgress: () => {
        Atomics.add(reports, 0, 1)
      },
    })
  },
)
