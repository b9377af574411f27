import { simulateAlerts } from '#science/simulate/alerts.ts'
import { computeTask } from '#platform/compute/compute.ts'

/** One night's simulated alerts, made in a worker thread: five sky maps take a second. */
export const sequenceTask = computeTask(
  import.meta.url,
  'sequenceTask',
  (input: { seed: number; startMs: number; letters: string }) =>
    simulateAlerts(input.seed, new Date(input.startMs), input.letters),
)
