/**
 * Which fields to take: maximum coverage, each part of the sky counted once, within the counts and the hours of every
 * telescope. What is said of the hours is true of every schedule, whatever its order and slews, so that the bound holds
 * for schedules too.
 */
import { createCapacities } from './capacity.ts'
import type { Capacities, CapacityRow } from './capacity.ts'
import { coverMilp, coverModel, startOf } from './cover-model.ts'
import type { CoverModel, Fixing } from './cover-model.ts'
import { createGains } from './gains.ts'
import { improve } from './greedy.ts'
import { lagrangianBound } from './lagrange.ts'
import type { MilpSolver, PlanningProblem, Selection, SolveOptions, SolveStatus } from './model.ts'
import { createTimetable } from './timetable.ts'
import type { Timetable } from './timetable.ts'
import { fieldRegions, unionWeight } from './union.ts'

/** Regions with a row of their own; beyond so many a linear programme takes minutes. */
const mostRows = 8000
const coarseRows = 1000
const tiny = 1e-9

/**
 * Chooses fields. Greedy choice and exchange begin; then, with a solver, a linear programme bounds what is possible,
 * a search near its answer improves the choice, whatever cannot be in a better choice is left out by its reduced cost,
 * and branch and bound closes the rest. Without a solver (or by `method: 'greedy'`) the bound is Lagrangian.
 *
 * Pinned and locked candidates are taken as given: the bound holds for choices that contain those of them that fit.
 * @returns the best choice found when time ends, candidates ascending; `optimal` within `gapTarget`, or in truth.
 */
export function selectFields(
  problem: PlanningProblem,
  solver: MilpSolver | null,
  options: SolveOptions,
): Selection {
  const search = createSearch(problem, options)
  const exact = solver !== null && options.method !== 'greedy'
  search.begin(exact ? 0.2 : 0.8)
  search.relax(exact ? 0.1 : 1)
  if (exact) search.solve(solver)
  return search.selection(exact)
}

function createSearch(problem: PlanningProblem, options: SolveOptions) {
  const began = options.now()
  const seconds = (): number => (options.now() - began) / 1000
  const gapTarget = options.gapTarget ?? 0.001
  const timetable = createTimetable(problem)
  const capacities = createCapacities(problem, timetable)
  const regions = fieldRegions(problem.coverage)
  let chosen: readonly number[] = []
  let objective = 0
  let bound = unionWeight(problem.coverage, regions, timetable.able.flat())
  let stopped = false
  let reported = -Infinity

  /** Tells where things stand, at most ten times a second; whether to stop. */
  const ended = (until = options.seconds): boolean => {
    if (seconds() - reported >= 0.1) {
      reported = seconds()
      const state = { stage: 'selection', objective, bound: Math.max(bound, objective), seconds: reported }
      if (options.onProgress?.(state) === true) stopped = true
    }
    return stopped || seconds() > until
  }
  const better = (choice: readonly number[]): void => {
    const weight = unionWeight(problem.coverage, regions, choice)
    if (weight <= objective && chosen.length > 0) return
    chosen = choice.toSorted((a, b) => a - b)
    objective = weight
  }
  const closer = (value: number): void => {
    bound = Math.min(bound, value)
  }
  const done = (): boolean => bound - objective <= gapTarget * bound || ended()

  const gains = createGains(problem.coverage)
  const kept = new Set<number>()
  let model: CoverModel | undefined

  return {
    /** A choice to begin with. */
    begin(share: number) {
      const until = share * options.seconds
      better(improve(problem, timetable, gains, { seed: options.seed, stop: () => ended(until) }))
      for (const c of keptOf(problem, timetable, chosen)) kept.add(c)
      const free = timetable.able.flat().filter((c) => !kept.has(c))
      const negligible = Math.min(1e-4, gapTarget / 10) * objective
      model = coverModel(problem.coverage, free, kept, mostRows, negligible)
      closer(model.constant + model.folded + sum(model.own) + sum(model.weight))
    },

    relax(share: number) {
      const until = seconds() + share * (options.seconds - seconds())
      const most = capacities.mostFields.map(
        (n, t) => n - [...kept].filter((c) => problem.candidates[c].telescope === t).length,
      )
      const telescopeOf = (c: number): number => problem.candidates[c].telescope
      closer(lagrangianBound(model!, telescopeOf, most, objective, (value) => (closer(value), ended(until))))
    },

    solve(solver: MilpSolver) {
      if (done() || model!.fields.length === 0) return
      const left = (): number => options.seconds - seconds()
      const constant = model!.constant + model!.folded
      const watch = (lower: number) => (state: { bound: number }) => {
        if (lower < Infinity) closer(Math.max(state.bound + constant, lower))
        return ended()
      }
      // Which rows of capacity matter is found out on a coarse copy, where a round takes a moment.
      const coarse = coverModel(problem.coverage, [...model!.fields], kept, coarseRows)
      const scout = createSteps(problem, coarse, capacities, kept, solver, [])
      const rough =
        model!.weight.length > 2 * coarseRows ? scout.relaxed(() => 0.2 * left(), watch(Infinity)) : null
      if (rough) {
        closer(rough.bound + coarse.constant + coarse.folded)
        better(scout.near(rough, chosen, 0.15 * left(), 0.002, watch(Infinity)))
        if (done()) return
      }
      const steps = createSteps(problem, model!, capacities, kept, solver, scout.found())
      const relaxed = steps.relaxed(() => 0.8 * left(), watch(Infinity))
      if (!relaxed) return
      closer(relaxed.bound + constant)
      if (done()) return
      // The solver sees what is open only: the same difference is a larger part of that.
      const share = (): number =>
        Math.min(
          0.5,
          Math.max(1e-5, (0.9 * gapTarget * bound - model!.folded) / Math.max(bound - constant, tiny)),
        )
      better(steps.near(relaxed, chosen, left() / 4, share(), watch(Infinity)))
      better(
        improve(problem, timetable, createGains(problem.coverage), {
          start: chosen,
          effort: 2e7,
          stop: done,
        }),
      )
      if (done()) return
      const fixed = steps.fixing(relaxed, objective - constant)
      while (!done()) {
        // Choices left out by the fixing cannot beat the one known.
        const known = objective
        const result = steps.exact(fixed, chosen, left(), share(), watch(known))
        closer(Math.max(result.bound + constant, known))
        if (result.choice) better(result.choice)
        if (!result.again) return
      }
    },

    selection(exact: boolean): Selection {
      const limit = Math.max(bound, objective)
      const gap = limit > 0 ? (limit - objective) / limit : 0
      const cut = exact && (stopped || seconds() > 0.98 * options.seconds)
      const status: SolveStatus = gap <= gapTarget + tiny ? 'optimal' : cut ? 'time limit' : 'heuristic'
      return { chosen, objective, bound: limit, gap, status, seconds: seconds() }
    },
  }
}

/** What is in whatever is chosen: locked and pinned fields that fit, and all fields of telescopes with time for all. */
function keptOf(
  problem: PlanningProblem,
  { hours, able, fits, locked }: Timetable,
  chosen: readonly number[],
) {
  const held = new Set([...locked, ...(problem.pinned ?? [])])
  const all = able.filter((list, t) => list.length <= hours[t].maxFields && fits(t, list))
  return [...chosen.filter((c) => held.has(c)), ...all.flat()]
}

function sum(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0)
}

interface Relaxed {
  readonly values: Float64Array
  readonly bound: number
  readonly reducedCosts: Float64Array
}

function keyOf({ telescope, most, candidates }: CapacityRow): string {
  return `${telescope} ${most} ${candidates.join()}`
}

type Watch = (state: { bound: number }) => boolean

/** The steps that need the solver. Values here leave out what the model holds constant. */
function createSteps(
  problem: PlanningProblem,
  model: CoverModel,
  capacities: Capacities,
  kept: ReadonlySet<number>,
  solver: MilpSolver,
  known: readonly CapacityRow[],
) {
  const fields = model.fields.length
  const rows: CapacityRow[] = problem.tasks.map((_, telescope) => {
    const candidates = [...model.fields, ...kept].filter((c) => problem.candidates[c].telescope === telescope)
    return { telescope, candidates, visits: candidates.map(() => 1), most: capacities.mostFields[telescope] }
  })
  rows.push(...known)
  const keys = new Set(known.map(keyOf))
  /** Adds the rows that these values break; false where there are none. */
  const separate = (values: Float64Array, most: number): boolean => {
    const broken = capacities
      .broken((c) => (kept.has(c) ? 1 : model.place[c] < 0 ? 0 : values[model.place[c]]), most)
      .filter((row) => {
        const key = keyOf(row)
        return !keys.has(key) && keys.add(key)
      })
    rows.push(...broken)
    return broken.length > 0
  }
  const choiceOf = (values: Float64Array): number[] => [
    ...kept,
    ...Array.from(model.fields).filter((_, i) => values[i] > 0.5),
  ]

  return {
    /** Rows of capacity beyond those of whole nights. */
    found: () => rows.slice(problem.tasks.length),

    /** The linear programme with all rows of capacity that matter; null where it could not be solved in time. */
    relaxed(left: () => number, onProgress: Watch): Relaxed | null {
      let last: Relaxed | null = null
      for (let round = 0; round < 12 && left() > 0; round++) {
        const milp = coverMilp(model, rows, kept, false)
        const { status, values, bound, reducedCosts } = solver(milp, {
          seconds: left(),
          gapTarget: 0,
          onProgress,
        })
        if (status !== 'optimal' || !values || !reducedCosts) break
        last = { values, bound, reducedCosts }
        if (!separate(values, 20)) break
      }
      return last
    },

    /** Searches among the choices that agree with the relaxation and the best choice wherever those agree. */
    near(relaxed: Relaxed, best: readonly number[], seconds: number, gapTarget: number, onProgress: Watch) {
      const start = startOf(model, best)
      const fixed = new Int8Array(fields).fill(-1)
      for (let i = 0; i < fields; i++) {
        if (relaxed.values[i] < tiny && start[i] === 0) fixed[i] = 0
        else if (relaxed.values[i] > 1 - tiny && start[i] === 1) fixed[i] = 1
      }
      const milp = coverMilp(model, rows, kept, true, fixed)
      const { values } = solver(milp, { seconds, gapTarget: gapTarget / 2, start, onProgress })
      return values ? choiceOf(values) : best
    },

    /** Fields that no choice worth more than `value` leaves out, or has in. */
    fixing({ values, bound, reducedCosts }: Relaxed, value: number): Fixing {
      const fixed = new Int8Array(fields).fill(-1)
      for (let i = 0; i < fields; i++) {
        if (bound - Math.abs(reducedCosts[i]) >= value - tiny) continue
        if (values[i] < tiny) fixed[i] = 0
        else if (values[i] > 1 - tiny) fixed[i] = 1
      }
      return fixed
    },

    /** Branch and bound; `again`: the choice breaks rows that were not there yet, which now are. */
    exact(fixed: Fixing, best: readonly number[], seconds: number, gapTarget: number, onProgress: Watch) {
      const start = startOf(model, best)
      const milp = coverMilp(model, rows, kept, true, fixed)
      const result = solver(milp, { seconds, gapTarget, start, onProgress })
      if (!result.values) return { bound: result.bound, choice: null, again: false }
      const again = separate(result.values, 1000)
      return { bound: result.bound, choice: again ? null : choiceOf(result.values), again }
    },
  }
}
