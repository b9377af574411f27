import { describe, expect, it } from 'vitest'
import { seededRandom } from '#science/simulate/random.ts'
import { exampleProblem } from '#test/planning-example.ts'
import { frontLoad } from './front-load.ts'
import { makeInstance } from './instance.ts'
import type { PlanningProblem, Schedule, ScheduledExposure } from './model.ts'
import { repair } from './repair.ts'
import { copyOrder, emptyRoutes, insertField, plainTaste } from './routes.ts'
import { timelineOf } from './timeline.ts'
import { unionWeight } from './union.ts'
import { violations } from './violations.ts'

const DAY = 86400
const now = () => performance.now()
const ample = { seconds: 30, now }

/** What brings weight and fits, or every field that fits, before and after. */
function both(problem: PlanningProblem, every = false) {
  const instance = makeInstance(problem)
  const routes = emptyRoutes(instance)
  repair(routes, problem.candidates.keys(), { taste: plainTaste, power: 1, noise: 0 })
  if (every) for (const c of problem.candidates.keys()) insertField(routes, c, plainTaste)
  const { exposures: before, late } = timelineOf(routes)
  const wasOrder = copyOrder(routes)
  const after = late.length ? before : frontLoad(routes, before, ample)
  const objective = unionWeight(
    problem.coverage,
    instance.regions,
    [...problem.candidates.keys()].filter((c) => routes.inside[c]),
  )
  const scheduleOf = (exposures: readonly ScheduledExposure[]): Schedule => ({
    exposures,
    objective,
    bound: Infinity,
    gap: 0,
    status: 'heuristic',
    seconds: 0,
    trail: [],
  })
  return { before, after, late, scheduleOf, moved: wasOrder.join() !== copyOrder(routes).join() }
}

/** Of each telescope: Σ field weight × end of its last exposure, days. */
function weightedTimes(problem: PlanningProblem, exposures: readonly ScheduledExposure[]): number[] {
  const ends = new Map<number, number>()
  for (const { candidate, start, exposureS } of exposures) {
    const end = start - 60_000 + exposureS / DAY
    if (end > (ends.get(candidate) ?? -Infinity)) ends.set(candidate, end)
  }
  return problem.tasks.map((_, t) =>
    [...ends].reduce(
      (sum, [c, end]) =>
        problem.candidates[c].telescope === t ? sum + end * problem.coverage.fieldWeight[c] : sum,
      0,
    ),
  )
}

const visitsOf = (exposures: readonly ScheduledExposure[]) =>
  exposures.map((e) => `${e.candidate} ${e.visit} ${e.filter} ${e.exposureS}`).toSorted()

function anyProblem(seed: number): PlanningProblem {
  const { uniform, integer } = seededRandom(seed + 300)
  const mounts = ['direct', 'equatorial', 'altazimuth'] as const
  return exampleProblem(seed, {
    telescopes: 1 + integer(3),
    fields: 4 + integer(20),
    hours: 1 + 5 * uniform(),
    exposureS: 30 + 300 * uniform(),
    visits: 1 + integer(3),
    cadenceS: uniform() < 0.3 ? 0 : 2500 * uniform(),
    mount: mounts[integer(3)],
    rateDegPerS: 0.05 + 2 * uniform(),
    filters: [['r'], ['g', 'r'], ['g', 'r', 'g']][integer(3)],
    readoutBlocksSlew: uniform() < 0.5,
    ...(uniform() < 0.3 ? { maxFields: 2 + integer(8) } : {}),
  })
}

/** All fields of the example whenever the telescope works. */
function unhindered(fields: number, hours: number): PlanningProblem {
  const problem = exampleProblem(11, { telescopes: 1, fields, hours, exposureS: 60, rateDegPerS: 5 })
  const night = { start: 60_000, end: 60_000 + hours / 24 }
  return {
    ...problem,
    tasks: problem.tasks.map((task) => ({ ...task, windows: [night] })),
    candidates: problem.candidates.map((c) => ({ ...c, windows: [night] })),
  }
}

describe('frontLoad', () => {
  it('keeps the visits and every constraint, and weighted times never grow, locks in place', () => {
    let moved = 0
    for (let seed = 1; seed <= 150; seed++) {
      const { uniform } = seededRandom(seed + 900)
      let problem = anyProblem(seed)
      if (seed % 2) {
        const whole = new Set(
          both(problem)
            .before.filter(() => uniform() < 0.08)
            .map((e) => `${e.candidate} ${e.visit}`),
        )
        const locked = both(problem)
          .before.filter((e) => whole.has(`${e.candidate} ${e.visit}`) || uniform() < 0.02)
          .map(({ candidate, visit, filter, start, exposureS }) => ({
            candidate,
            visit,
            filter,
            start,
            exposureS,
          }))
        problem = { ...problem, locked }
      }
      const result = both(problem)
      if (result.late.length) continue
      expect(violations(problem, result.scheduleOf(result.after)), `seed ${seed}`).toEqual([])
      expect(visitsOf(result.after), `seed ${seed}`).toEqual(visitsOf(result.before))
      const before = weightedTimes(problem, result.before)
      for (const [t, sum] of weightedTimes(problem, result.after).entries()) {
        expect(sum, `seed ${seed}`).toBeLessThanOrEqual(before[t] + 1e-9)
      }
      if (result.moved) moved++
    }
    expect(moved).toBeGreaterThan(75)
  }, 60_000)

  it('takes the best field first where nothing hinders, also with 300 visits', () => {
    const problem = unhindered(300, 12)
    const { fieldWeight } = problem.coverage
    const { after, scheduleOf } = both(problem, true)
    expect(violations(problem, scheduleOf(after))).toEqual([])
    expect(after.length).toBeGreaterThan(250)
    expect(fieldWeight[after[0].candidate]).toBe(Math.max(...fieldWeight))
    const half = (from: number) =>
      after.slice(from, from + 100).reduce((sum, e) => sum + fieldWeight[e.candidate], 0)
    expect(half(0)).toBeGreaterThan(3 * half(150))
  })

  it('leaves fields of the same weight in an order that saves slews', () => {
    const problem = unhindered(60, 6)
    const even = {
      ...problem,
      coverage: { ...problem.coverage, fieldWeight: problem.coverage.fieldWeight.map(() => 0.01) },
    }
    const { before, after } = both(even, true)
    const slews = (list: readonly ScheduledExposure[]) => list.reduce((sum, e) => sum + e.slewS, 0)
    expect(slews(after)).toBeLessThanOrEqual(slews(before) + 1)
  })
})
