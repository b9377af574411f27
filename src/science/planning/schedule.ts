/**
 * Timelines for the fields: real slews, readouts, filter changes, windows and cadence. A start made by greedy insertion
 * is improved by adaptive large-neighbourhood search (Ropke & Pisinger 2006): fields go, others come, and what is
 * slightly worse is accepted for a while.
 */
import { seededRandom } from '#science/simulate/random.ts'
import type { MilpSolver, PlanningProblem, Schedule, Selection, SolveOptions } from './model.ts'
import { destroys, findNeighbours } from './destroy.ts'
import { makeInstance, type Instance } from './instance.ts'
import { repair, type RepairStyle } from './repair.ts'
import {
  clearRoutes,
  copyOrder,
  emptyRoutes,
  plainTaste,
  removeField,
  setRoutes,
  type Routes,
} from './routes.ts'
import { tighten } from './tighten.ts'
import { timelineOf } from './timeline.ts'
import { unionWeight } from './union.ts'

export { visitSeconds } from './visit.ts'

/** Relative gap at which the search ends unless told otherwise. */
const GAP_TARGET = 0.001
/** Looked at the clock every so many rounds. */
const CLOCK_EVERY = 8
const COOLING_ROUNDS = 1500

export interface ScheduleOptions extends SolveOptions {
  /** No schedule is better than this; from the selection where left out. */
  readonly bound?: number
}

interface Best {
  order: number[][]
  value: number
}

/**
 * The best schedule found in `options.seconds`: every visit inside a window, slews, readouts and filter changes between
 * visits, cadence, pinned fields before all others and locked exposures where they are. Never worse than plain greedy
 * insertion. The same seed gives the same schedule unless time cuts the search short.
 */
export function schedulePlan(
  problem: PlanningProblem,
  selection: Selection,
  _solver: MilpSolver | null,
  options: ScheduleOptions,
): Schedule {
  const began = options.now()
  const seconds = () => (options.now() - began) / 1000
  const instance = makeInstance(problem)
  const routes = emptyRoutes(instance)
  const bound = Math.min(options.bound ?? Infinity, selection.bound)
  const target = bound * (1 - (options.gapTarget ?? GAP_TARGET))
  const trail: { seconds: number; objective: number; bound: number }[] = []
  const search = createSearch(routes, options.seed ?? 1)
  const tell = () => {
    const objective = search.weight()
    trail.push({ seconds: seconds(), objective, bound: Math.max(bound, objective) })
    return options.onProgress?.({ stage: 'schedule', objective, bound, seconds: seconds() }) === true
  }

  search.start(selection.chosen)
  let told = tell()
  let lastTold = seconds()
  const patience = patienceFor(instance, options.method)
  let stopped = told
  let timeOut = false
  for (let round = 0, fruitless = 0; !stopped && !search.done(target) && fruitless < patience; round++) {
    if (round % CLOCK_EVERY === 0) {
      if (seconds() > options.seconds) {
        timeOut = true
        break
      }
      if (seconds() - lastTold > 0.5) {
        lastTold = seconds()
        stopped = tell()
      }
    }
    if (search.step(round)) {
      fruitless = 0
      told = true
    } else fruitless++
  }
  if (told) tell()

  const { exposures, fields } = search.finish()
  const objective = unionWeight(problem.coverage, instance.regions, fields)
  const proven = Math.max(bound, objective)
  const gap = proven > 0 ? (proven - objective) / proven : 0
  return {
    exposures,
    objective,
    bound: proven,
    gap,
    status:
      gap <= (options.gapTarget ?? GAP_TARGET) ? 'optimal' : timeOut || stopped ? 'time limit' : 'heuristic',
    seconds: seconds(),
    trail,
  }
}

/** Rounds without a better schedule after which the search ends: few for few visits. */
function patienceFor(instance: Instance, method: SolveOptions['method']): number {
  const visits = instance.node.candidate.length
  return method === 'greedy' ? Math.min(100 + 2 * visits, 600) : 400 + 40 * visits
}

function createSearch(routes: Routes, seed: number) {
  const { instance } = routes
  const { problem } = instance
  const random = seededRandom(seed)
  const neighbours = findNeighbours(instance)
  const pool = neighbours.usable
  const pins = problem.pinned ?? []
  const typical = problem.coverage.fieldWeight.reduce((a, b) => Math.max(a, b), 0) || 1
  const plain: RepairStyle = { taste: plainTaste, power: 1, noise: 0 }
  const weights = new Float64Array(destroys.length).fill(1)
  let best: Best = { order: [], value: -Infinity }
  let current: Best = best

  /** Pins first, then weight, then less time between visits. */
  const value = () => {
    let held = 0
    for (const c of pins) held += routes.inside[c]
    let idle = 0
    for (const t of routes.idle) idle += t
    return held * 1e3 * problem.coverage.total + routes.union.weight() - 1e-7 * typical * idle
  }
  const tightenAll = () => {
    for (const t of routes.order.keys()) tighten(routes, t)
  }
  const keepIfBest = (): boolean => {
    const now = value()
    if (now <= best.value + 1e-12) return false
    const gained = now > best.value + 1e-6 * typical
    best = { order: copyOrder(routes), value: now }
    return gained
  }
  const from = (style: RepairStyle, polish: boolean) => {
    clearRoutes(routes)
    repair(routes, pool, { ...style, first: [...pins, ...(style.first ?? [])] })
    if (polish) {
      tightenAll()
      repair(routes, pool, plain)
    }
    keepIfBest()
  }
  const byKey = (chosen: readonly number[], key: (c: number) => number) =>
    chosen.toSorted((a, b) => key(a) - key(b))
  const windowEnd = (c: number) => instance.starts[c].at(-1) ?? Infinity

  const loss = () => {
    let inside = 0
    for (const c of neighbours.usable) inside += routes.inside[c]
    return inside ? routes.union.weight() / inside : typical
  }

  return {
    weight: () => {
      setRoutes(routes, best.order)
      const weight = routes.union.weight()
      setRoutes(routes, current.order.length ? current.order : best.order)
      return weight
    },
    done: (target: number) => best.value >= target + 1e-3 * typical && best.value >= target,
    /** Several greedy starts: plain, and the chosen fields in several orders. */
    start(chosen: readonly number[]) {
      from(plain, false)
      from(plain, true)
      from({ ...plain, first: byKey(chosen, windowEnd) }, true)
      from(
        { ...plain, first: byKey(chosen, (c) => (instance.starts[c].length ? instance.starts[c][0] : 0)) },
        true,
      )
      from({ ...plain, first: byKey(chosen, (c) => -problem.coverage.fieldWeight[c]) }, true)
      from({ ...plain, first: byKey(chosen, (c) => problem.candidates[c].field.ra) }, true)
      setRoutes(routes, best.order)
      current = best
    },
    /** One round; true: a better schedule was found. */
    step(round: number): boolean {
      const phase = (round % COOLING_ROUNDS) / COOLING_ROUNDS
      if (round % COOLING_ROUNDS === 0) {
        setRoutes(routes, best.order)
        current = best
      }
      const which = pick(weights, random.uniform())
      let inside = 0
      for (const c of neighbours.usable) inside += routes.inside[c]
      const most = Math.max(2, Math.min(40, Math.ceil(inside * 0.3)))
      const count = 1 + Math.floor(random.uniform() ** 2 * most)
      const first = destroys[which](routes, count, random, neighbours)
      const style: RepairStyle = {
        taste: {
          detour: 1,
          delay: random.uniform() < 0.5 ? 0.2 : random.uniform(),
          noise: random.uniform() < 0.3 ? 0 : 0.5 * random.uniform(),
          random: random.uniform,
        },
        power: random.uniform() < 0.7 ? 1 : 0.5 + random.uniform(),
        noise: random.uniform() < 0.2 ? 0 : random.uniform() ** 2,
        first: pins.length ? [...pins.filter((c) => !routes.inside[c]), ...first] : first,
      }
      repair(routes, pool, style)
      const now = value()
      const temperature = 0.15 * loss() * (1 - phase) ** 2
      const accepted =
        now >= current.value ||
        random.uniform() < Math.exp((now - current.value) / Math.max(temperature, 1e-300))
      let better = false
      if (now > best.value + 1e-12) {
        tightenAll()
        repair(routes, pool, plain)
        better = keepIfBest()
      }
      const reward = better ? 8 : now > current.value ? 3 : accepted ? 1 : 0
      weights[which] = Math.max(0.1, 0.97 * weights[which] + 0.03 * reward)
      if (accepted || better) current = { order: copyOrder(routes), value: value() }
      else setRoutes(routes, current.order)
      return better
    },
    /** Exposures of the best schedule and the fields that it holds with all visits. */
    finish() {
      setRoutes(routes, best.order)
      for (;;) {
        const { exposures, late } = timelineOf(routes)
        const fields = [...problem.candidates.keys()].filter((c) => routes.inside[c])
        if (late.length === 0) return { exposures, fields }
        for (const c of late) removeField(routes, c)
      }
    },
  }
}

function pick(weights: Float64Array, uniform: number): number {
  let left = uniform * weights.reduce((a, b) => a + b, 0)
  for (let k = 0; k < weights.length; k++) {
    left -= weights[k]
    if (left <= 0) return k
  }
  return weights.length - 1
}
