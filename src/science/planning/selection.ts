/**
 * Which fields to take: maximum coverage, each part of the sky counted once, within the counts and the hours of every
 * telescope. What is said of the hours is true of every schedule, whatever its order and slews, so that the bound holds
 * for schedules too.
 */
import { createCapacities } from './capacity.ts'
import type { Capacities, CapacityRow } from './capacity.ts'
import { coverMilp, coverModel, startOf } from './cover-model.ts'
import type { CoverModel, Fixing } from './cover-model.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { createGains } from './gains.ts'
import { improve } from './greedy.ts'
import { createPrices } from './lagrange.ts'
import type { Priced } from './lagrange.ts'
import type { MilpSolver, PlanningProblem, Selection, SolveOptions, SolveStatus } from './model.ts'
import { createTimetable } from './timetable.ts'
import type { Timetable } from './timetable.ts'
import { fieldRegions, unionWeight } from './union.ts'

/** Regions with a row of their own; beyond so many a linear programme takes minutes. */
const mostRows = 8000
/** Regions that are priced. */
const mostPriced = 24_000
const tiny = 1e-9
/** Choices begun from what the prices say, and how much each may try (see `GreedyOptions.effort`). */
const roundings = 6
const roundEffort = 4e7
/** With fewer regions the solver is as quick as beginning again. */
const smallRegions = 1000
/** Fields times regions beyond which the solver would take all the time for its first linear programme. */
const mostSolved = 4e6
/** Beginnings at the end, where the rest left the question open. */
const polishings = 12
/** Of the time that is left, what the solver is given: it does not look at the clock everywhere. */
const solverShare = 0.8
/** A solver that has less than this left is not begun, s. */
const leastSolver = 0.3

/**
 * Chooses fields. Greedy choice and exchange begin; prices of sky and hours (Lagrangian relaxation) bound what is
 * possible and say where to begin again. Then, with a solver, whatever cannot be in a better choice is left out, a linear
 * programme closes in, and branch and bound closes the rest. Without a solver (or by `method: 'greedy'`) it ends with
 * the prices.
 *
 * Pinned and locked candidates are in the choice as far as they fit. The bound holds for choices without the pinned ones,
 * too, since no schedule may be able to hold them.
 * @returns the best choice found when time ends, candidates ascending; `optimal` within `gapTarget`, or in truth.
 */
export function selectFields(
  problem: PlanningProblem,
  solver: MilpSolver | null,
  options: SolveOptions,
): Selection {
  const search = createSearch(problem, options)
  const exact = solver !== null && options.method !== 'greedy'
  search.begin(exact ? 0.15 : 0.35, exact ? roundEffort : undefined)
  search.price(exact ? 0.6 : 1)
  if (exact) {
    search.solve(solver)
    search.polish()
  }
  return search.selection(exact)
}

function createSearch(problem: PlanningProblem, options: SolveOptions) {
  const began = options.now()
  const seconds = (): number => (options.now() - began) / 1000
  const seed = options.seed ?? 1
  const gapTarget = options.gapTarget ?? 0.001
  const timetable = createTimetable(problem)
  const capacities = createCapacities(problem, timetable)
  const regions = fieldRegions(problem.coverage)
  const telescopeOf = (c: number): number => problem.candidates[c].telescope
  const sure = sureOf(timetable)
  let chosen: readonly number[] = []
  let objective = 0
  /** For every choice. */
  let bound = unionWeight(problem.coverage, regions, timetable.able.flat())
  /** For choices with `kept`; the search ends by this one. */
  let inner = bound
  let kept = sure
  let isPinned = false
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
    inner = Math.min(inner, value)
    if (!isPinned) bound = Math.min(bound, value)
  }
  const done = (): boolean => inner - objective <= gapTarget * inner || ended()
  const from = (start: readonly number[], effort: number, salt: number, until = options.seconds): void => {
    const gains = createGains(problem.coverage)
    better(improve(problem, timetable, gains, { start, effort, seed: seed + salt, stop: () => ended(until) }))
  }
  const modelOf = (inside: ReadonlySet<number>, outside: ReadonlySet<number>, rows: number): CoverModel => {
    const free = timetable.able.flat().filter((c) => !inside.has(c) && !outside.has(c))
    return coverModel(problem.coverage, free, inside, rows, Math.min(1e-4, gapTarget / 10) * objective)
  }
  const pricing = (inside: ReadonlySet<number>, tell: (value: number) => void) => {
    const model = modelOf(inside, new Set(), mostPriced)
    const go = createPrices(model, capacities, inside, telescopeOf)
    const priced = (until: number): Priced => go(objective, (value) => (tell(value), ended(until)))
    return { model, priced }
  }
  let cover: CoverModel
  let priced: Priced

  return {
    /** A choice to begin with. */
    begin(share: number, effort?: number) {
      const until = share * options.seconds
      const gains = createGains(problem.coverage)
      better(improve(problem, timetable, gains, { seed, effort, stop: () => ended(until) }))
      const held = chosen.filter((c) => timetable.locked.has(c) || problem.pinned?.includes(c))
      kept = new Set([...sure, ...held])
      isPinned = kept.size > sure.size
    },

    /**
     * What can be covered at most, and choices begun where the prices say; then again from there, since the better the
     * choice that is known, the better the prices. Each beginning is a little elsewhere; the best is worked on longest.
     */
    price(share: number) {
      const began = seconds()
      const most = share * (options.seconds - began)
      if (isPinned) {
        const { priced: bounding } = pricing(sure, (value) => (bound = Math.min(bound, value)))
        bounding(began + 0.2 * most)
      }
      const main = pricing(kept, closer)
      cover = main.model
      priced = main.priced(began + 0.4 * most)
      const small = cover.weight.length < smallRegions
      for (let k = 0; k < (small ? 1 : roundings) && !done() && !ended(began + most); k++) {
        if (k === 2) priced = main.priced(began + 0.8 * most)
        from(near(k), roundEffort, k, began + most)
      }
      if (!small && !done() && !ended(began + most)) from(chosen, 4 * roundEffort, roundings, began + most)
    },

    solve(solver: MilpSolver) {
      if (done()) return
      const left = (): number => solverShare * (options.seconds - seconds())
      // Choices that are left out by their prices cannot beat the one known.
      const floor = objective
      const { inside, outside } = decided(cover, priced, floor, kept)
      const model = modelOf(inside, outside, mostRows)
      const constant = model.constant + model.folded
      if (model.fields.length === 0) return closer(Math.max(constant, floor))
      if (model.fields.length * model.weight.length > mostSolved) return
      const watch = (lower: number) => (state: { bound: number }) => {
        if (lower < Infinity) closer(Math.max(state.bound + constant, lower))
        return ended()
      }
      const steps = createSteps(problem, model, capacities, inside, solver, priced.rows)
      const started = seconds()
      const relaxed = steps.relaxed(() => left(), watch(Infinity))
      // Branch and bound begins with a linear programme of its own.
      const once = seconds() - started
      const isTooSlow = (): boolean => left() < Math.max(leastSolver, 1.5 * once)
      if (relaxed) closer(Math.max(relaxed.bound + constant, floor))
      if (!relaxed || done() || isTooSlow()) return
      // The solver sees what is open only: the same difference is a larger part of that.
      const share = (): number =>
        Math.min(
          0.5,
          Math.max(1e-5, (0.9 * gapTarget * inner - model.folded) / Math.max(inner - constant, tiny)),
        )
      better(fitting(steps.near(relaxed, chosen, left() / 4, share(), watch(Infinity))))
      from(chosen, roundEffort / 2, 0)
      if (done()) return
      const fixed = steps.fixing(relaxed, objective - constant)
      while (!done() && !isTooSlow()) {
        const known = objective
        const result = steps.exact(fixed, chosen, left(), share(), watch(Math.max(known, floor)))
        closer(Math.max(result.bound + constant, known))
        if (result.choice) better(fitting(result.choice))
        if (!result.again) return
      }
    },

    /** More beginnings, each worked on for long. */
    polish() {
      for (let k = 1; k <= polishings && !done(); k++) from(near(roundings + k), 4 * roundEffort, k)
    },

    selection(exact: boolean): Selection {
      const limit = Math.max(bound, objective)
      const gap = limit > 0 ? (limit - objective) / limit : 0
      const cut = exact && (stopped || seconds() > 0.75 * options.seconds)
      const status: SolveStatus = gap <= gapTarget + tiny ? 'optimal' : cut ? 'time limit' : 'heuristic'
      return { chosen, objective, bound: limit, gap, status, seconds: seconds() }
    },
  }

  /** Fields that the prices favour, best first; all but the first time a little by chance. */
  function near(k: number): number[] {
    const random = seededRandom(seed + k)
    const key = priced.values.map((value) => value + (k > 0 ? 0.3 * random.uniform() : 0))
    const likely = [...key.keys()].filter((i) => priced.values[i] > 0.02)
    return [...kept, ...likely.toSorted((a, b) => key[b] - key[a]).map((i) => cover.fields[i])]
  }

  /** The choice, or as much of it as is known to fit into the hours. */
  function fitting(choice: readonly number[]): readonly number[] {
    const on = problem.tasks.map((_, t) => choice.filter((c) => telescopeOf(c) === t))
    if (on.every((list, t) => timetable.fits(t, list))) return choice
    return improve(problem, timetable, createGains(problem.coverage), { start: choice, effort: 1 })
  }
}

/** What counts as covered whatever is chosen: fields that are locked whole, and all of telescopes with time for all. */
function sureOf({ hours, able, jobs, loose, locked }: Timetable): ReadonlySet<number> {
  const all = able.filter((list, t) => loose[t] && list.length <= hours[t].maxFields)
  return new Set([...[...locked].filter((c) => jobs[c]?.length === 0), ...all.flat()])
}

/** Fields that are in, or out, of every choice that covers more than `floor`. */
function decided(model: CoverModel, priced: Priced, floor: number, kept: ReadonlySet<number>) {
  const inside = new Set(kept)
  const outside = new Set<number>()
  model.fields.forEach((c, i) => {
    if (priced.bound - priced.reduced[i] >= floor - tiny) return
    if (priced.taken[i]) inside.add(c)
    else outside.add(c)
  })
  return { inside, outside }
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
