/**
 * Adaptive large-neighbourhood search (Ropke & Pisinger 2006): fields go, others come, and what is slightly worse is
 * accepted for a while. Ways of taking out are drawn by what they brought so far.
 */
import { seededRandom } from '#science/simulate/random.ts'
import { destroys, findNeighbours } from './destroy.ts'
import type { ScheduledExposure } from './model.ts'
import { repair, type RepairStyle } from './repair.ts'
import { clearRoutes, copyOrder, plainTaste, removeField, setRoutes, type Routes } from './routes.ts'
import { tighten } from './tighten.ts'
import { timelineOf } from './timeline.ts'

/** Rounds from hot to cold: few at first, for those in a hurry, then more. */
const FIRST_COOLING = 1000
const LONGEST_COOLING = 4000

interface Best {
  order: number[][]
  /** What is made as large as possible. */
  value: number
  /** Of the sky. */
  weight: number
}

export interface Search {
  /** Of the best schedule. */
  readonly weight: () => number
  /** Fields of the best schedule. */
  readonly fields: () => number[]
  /** Several greedy starts: plain ones, and one with these fields first in several orders. */
  readonly start: (chosen: readonly number[]) => void
  /** One round; true: a better schedule was found. */
  readonly step: () => boolean
  /** Exposures of the best schedule and the fields that it holds with all visits. */
  readonly finish: () => { exposures: ScheduledExposure[]; fields: number[] }
}

/** A search over these timelines; they are its own from now on. */
export function createSearch(routes: Routes, seed: number): Search {
  const { instance } = routes
  const { problem } = instance
  const random = seededRandom(seed)
  const neighbours = findNeighbours(instance)
  const pool = neighbours.usable
  const pins = problem.pinned ?? []
  const typical = problem.coverage.fieldWeight.reduce((a, b) => Math.max(a, b), 0) || 1
  const plain: RepairStyle = { taste: plainTaste, power: 1, noise: 0 }
  const weights = new Float64Array(destroys.length).fill(1)
  let best: Best = { order: [], value: -Infinity, weight: 0 }
  let round = 0
  let cooling = FIRST_COOLING
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
    best = { order: copyOrder(routes), value: now, weight: routes.union.weight() }
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
    weight: () => best.weight,
    fields() {
      setRoutes(routes, best.order)
      current = best
      return [...problem.candidates.keys()].filter((c) => routes.inside[c])
    },
    start(chosen) {
      round = 0
      cooling = FIRST_COOLING
      if (best.value === -Infinity) {
        from(plain, false)
        from(plain, true)
      }
      if (chosen.length) {
        from({ ...plain, first: byKey(chosen, windowEnd) }, true)
        from(
          { ...plain, first: byKey(chosen, (c) => (instance.starts[c].length ? instance.starts[c][0] : 0)) },
          true,
        )
        from({ ...plain, first: byKey(chosen, (c) => -problem.coverage.fieldWeight[c]) }, true)
        from({ ...plain, first: byKey(chosen, (c) => problem.candidates[c].field.ra) }, true)
      }
      setRoutes(routes, best.order)
      current = best
    },
    step() {
      if (round === cooling) {
        round = 0
        cooling = Math.min(LONGEST_COOLING, 2 * cooling)
        setRoutes(routes, best.order)
        current = best
      }
      const phase = round++ / cooling
      const which = pick(weights, random.uniform())
      let inside = 0
      for (const c of neighbours.usable) inside += routes.inside[c]
      // Mostly little goes; now and then enough for another order of everything.
      const share = random.uniform() < 0.2 ? 2.5 : 1
      const most = Math.max(2, Math.min(15 * share, Math.ceil(inside * 0.15 * share)))
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
      const temperature = 0.08 * loss() * (1 - phase) ** 2
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
      if (accepted || better) current = { order: copyOrder(routes), value: value(), weight: 0 }
      else setRoutes(routes, current.order)
      return better
    },
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
