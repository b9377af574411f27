import { computeTask } from '#platform/compute/compute.ts'
import { mapOf } from '#observatory/alerts/map-input.ts'
import { Problem } from '#problem.ts'
import { coveredWeight } from '#science/planning/coverage.ts'
import type { MilpSolver, PlanningProblem, Schedule, Selection } from '#science/planning/model.ts'
import { selectFields } from '#science/planning/selection.ts'
import { solvePlan } from '#science/planning/solve.ts'
import { violations } from '#science/planning/violations.ts'
import { prepare } from './prepare.ts'
import { reportOf } from './report.ts'
import type { SolveInput, SolveOutput } from './solve-input.ts'
import { progressWriter } from './solve-progress.ts'

/** Solves a plan in a worker thread: everything heavy happens here, and the thread's memory goes with it. */
export const solveTask = computeTask(import.meta.url, 'solveTask', solveRequest)

export async function solveRequest(input: SolveInput): Promise<SolveOutput> {
  const began = performance.now()
  const elapsed = (): number => (performance.now() - began) / 1000
  const progress = progressWriter(input.progress)
  progress.write({ stage: 'reading the map', done: 0.01 })
  const map = mapOf(input.map)
  const prepared = prepare(map, input, progress)
  const { problem } = prepared
  progress.write({ stage: 'solving', done: 0.15, seconds: elapsed() })
  let solution: { selection: Selection; schedule: Schedule } = nothing(elapsed())
  let stopped = false
  let solver: MilpSolver | null = null
  if (problem.candidates.length > 0) {
    // A plan that needs no proof does not wait for the solver to load.
    solver =
      input.method === 'exact' ? await (await import('#platform/compute/highs.ts')).createHighs() : null
    solution = solvePlan(problem, solver, {
      seconds: input.seconds,
      method: input.method,
      now: () => performance.now(),
      onProgress({ stage, objective, bound, seconds }) {
        const part = Math.min(1, seconds / input.seconds)
        progress.write({ stage, done: 0.15 + 0.8 * part, objective, bound, seconds: elapsed() })
        stopped ||= progress.stop
        return stopped
      },
    })
    progress.write({ stage: 'checking', done: 0.97 })
    const broken = violations(problem, solution.schedule)
    if (broken.length > 0)
      throw new Problem(
        'planning.unsolved',
        `The plan that was found breaks a constraint and is not given out: ${broken[0]}`,
        { violations: broken.slice(0, 20) },
      )
  }
  const output = reportOf(map, input, prepared, solution, {
    unlimited: unlimitedOf(prepared.unlimited, solver, input.seconds, solution.schedule.objective),
    seconds: elapsed(),
    stopped,
  })
  progress.write({ stage: 'done', done: 1, seconds: elapsed() })
  return output
}

/**
 * What the same telescopes would cover if every field could be taken: all of them, or where their number is limited the best
 * choice that is found in a few seconds.
 */
function unlimitedOf(
  problem: PlanningProblem,
  solver: MilpSolver | null,
  seconds: number,
  reached: number,
): number {
  if (problem.tasks.every((task) => task.maxFields === undefined))
    return Math.max(reached, coveredWeight(problem.coverage, problem.candidates.keys()))
  const options = { seconds: Math.min(5, seconds / 10), gapTarget: 0.005, now: () => performance.now() }
  const { objective } = selectFields(problem, solver, { ...options, method: solver ? 'exact' : 'greedy' })
  return Math.max(reached, objective)
}

function nothing(seconds: number): { selection: Selection; schedule: Schedule } {
  const empty = { objective: 0, bound: 0, gap: 0, status: 'infeasible', seconds } as const
  return { selection: { ...empty, chosen: [] }, schedule: { ...empty, exposures: [], trail: [] } }
}
