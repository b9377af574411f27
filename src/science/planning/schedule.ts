/**
 * Timelines for the fields: real slews, readouts, filter changes, windows and cadence. Starts made by greedy insertion
 * are improved by large-neighbourhood search; what no schedule can exceed is bounded beside it.
 */
import { priceBound, programmeBound, relax } from './bound.ts'
import { frontLoad } from './front-load.ts'
import { makeInstance } from './instance.ts'
import type { MilpSolver, PlanningProblem, Schedule, Selection, SolveOptions } from './model.ts'
import { emptyRoutes } from './routes.ts'
import { createSearch } from './search.ts'
import { unionWeight } from './union.ts'

/** Relative gap at which the search ends unless told otherwise. */
const GAP_TARGET = 0.001
/** Looked at the clock every so many rounds. */
const CLOCK_EVERY = 8
/** Parts of the time until the bound is worked on, and until then. */
const BEFORE_BOUND = 0.3
const WITH_BOUND = 0.55
/** For the order at the end, s, and the most of the whole time that is kept for it. */
const ORDER_SECONDS = 0.3
const ORDER_SHARE = 0.2
/** Regions of sky beyond which the time is better spent on the search than on the integer programme. */
const MOST_REGIONS = 8000

/**
 * The best schedule found in `options.seconds`: every visit inside a window, slews, readouts and filter changes between
 * visits, cadence, pinned fields before all others and locked exposures where they are. Never worse than plain greedy
 * insertion. In the end what weighs most is put first where that costs nothing. The same seed gives the same schedule unless time cuts the search short. The bound holds for every schedule.
 */
export function schedulePlan(
  problem: PlanningProblem,
  selection: Pick<Selection, 'chosen' | 'bound'>,
  solver: MilpSolver | null,
  options: SolveOptions,
): Schedule {
  const began = options.now()
  const seconds = () => (options.now() - began) / 1000
  const gapTarget = options.gapTarget ?? GAP_TARGET
  const instance = makeInstance(problem)
  const routes = emptyRoutes(instance)
  const search = createSearch(routes, options.seed ?? 1)
  const searchSeconds = options.seconds - Math.min(ORDER_SECONDS, ORDER_SHARE * options.seconds)
  const trail: { seconds: number; objective: number; bound: number }[] = []
  let bound = selection.bound
  let stopped = false
  let lastTold = -Infinity
  const tell = (stage: string, force = false) => {
    if (!force && seconds() - lastTold < 0.3) return
    lastTold = seconds()
    const objective = search.weight()
    trail.push({ seconds: seconds(), objective, bound: Math.max(bound, objective) })
    if (options.onProgress?.({ stage, objective, bound, seconds: seconds() }) === true) stopped = true
  }
  const isDone = () => stopped || search.weight() >= bound * (1 - gapTarget)
  /** Rounds until `until`, or until `patience` of them brought nothing. */
  const improve = (patience: number, until: number) => {
    for (let round = 0, fruitless = 0; !isDone() && fruitless < patience; round++, fruitless++) {
      if (round % CLOCK_EVERY === 0) {
        if (seconds() > until) return
        tell('schedule')
      }
      if (search.step()) fruitless = 0
    }
  }

  search.start(selection.chosen)
  tell('schedule', true)
  const visits = instance.node.candidate.length
  const relaxation = isDone() ? null : relax(instance)
  if (relaxation) bound = Math.min(bound, priceBound(relaxation, search.weight()))
  if (options.method === 'greedy') improve(Math.min(100 + 2 * visits, 600), searchSeconds)
  else if (relaxation && seconds() < searchSeconds) {
    const patience = 400 + 40 * visits
    improve(patience / 4, BEFORE_BOUND * searchSeconds)
    if (solver && !isDone() && relaxation.weight.length <= MOST_REGIONS) {
      const found = programmeBound(relaxation, solver, {
        seconds: WITH_BOUND * searchSeconds - seconds(),
        gapTarget,
        known: { objective: search.weight(), fields: search.fields() },
        now: options.now,
        onProgress: (sofar) => {
          bound = Math.min(bound, sofar)
          tell('bound')
          return stopped
        },
      })
      bound = Math.min(bound, found.bound)
      if (!isDone()) search.start(found.chosen)
    }
    improve(patience, searchSeconds)
  }

  const inTime = !stopped && seconds() < searchSeconds
  const { exposures: anyOrder, fields } = search.finish()
  const exposures = frontLoad(routes, anyOrder, { seconds: ORDER_SECONDS, now: options.now })
  const objective = unionWeight(problem.coverage, instance.regions, fields)
  // Sums of the same weights in another order.
  const proven = bound < objective * (1 + 1e-8) ? objective : bound
  const gap = proven > 0 ? (proven - objective) / proven : 0
  trail.push({ seconds: seconds(), objective, bound: proven })
  return {
    exposures,
    objective,
    bound: proven,
    gap,
    status: gap <= gapTarget ? 'optimal' : inTime ? 'heuristic' : 'time limit',
    seconds: seconds(),
    trail,
  }
}
