import { describe, expect, it } from 'vitest'
import { exampleProblem } from '#test/planning-example.ts'
import { makeInstance } from './instance.ts'
import { repair } from './repair.ts'
import { emptyRoutes, plainTaste } from './routes.ts'
import { schedulePlan } from './schedule.ts'
import { visitSeconds } from './visit.ts'

const now = () => performance.now()
const nothing = { chosen: [], bound: Infinity }
const night = { telescopes: 2, fields: 40, hours: 2, exposureS: 240, mount: 'equatorial' } as const

/** Rounds of the search only: no clock can cut it short. */
const steady = { seconds: 1e6, method: 'greedy', now } as const

function plainGreedy(problem: ReturnType<typeof exampleProblem>): number {
  const routes = emptyRoutes(makeInstance(problem))
  repair(routes, problem.candidates.keys(), { taste: plainTaste, power: 1, noise: 0 })
  return routes.union.weight()
}

describe('visitSeconds', () => {
  it('holds overheads, exposures, readouts and filter changes between them', () => {
    const [task] = exampleProblem(1, { ...night, filters: ['g', 'r', 'g'] }).tasks
    // g 240, r 250 twice, g 260; 5 s before each, 10 s between, two changes of 30 s.
    expect(visitSeconds(task)).toBe(4 * 5 + 240 + 2 * 250 + 260 + 3 * 10 + 2 * 30)
  })
})

describe('schedulePlan', () => {
  it('is never worse than plain greedy insertion, and often better', () => {
    let better = 0
    for (let seed = 1; seed <= 8; seed++) {
      const problem = exampleProblem(seed, { ...night, visits: 1 + (seed % 2) })
      const plain = plainGreedy(problem)
      const { objective, bound } = schedulePlan(problem, nothing, null, { ...steady, seed })
      expect(objective).toBeGreaterThanOrEqual(plain - 1e-12)
      expect(bound).toBeGreaterThanOrEqual(objective)
      if (objective > plain * 1.001) better++
    }
    expect(better).toBeGreaterThan(1)
  })

  it('gives the same schedule for the same seed', () => {
    const problem = exampleProblem(3, night)
    const a = schedulePlan(problem, nothing, null, { ...steady, seed: 7 })
    const b = schedulePlan(problem, nothing, null, { ...steady, seed: 7 })
    expect(a.exposures).toEqual(b.exposures)
  })

  it('returns at once where nothing is to be decided', () => {
    const problem = exampleProblem(2, { ...night, telescopes: 1, fields: 1 })
    const began = now()
    const { exposures, gap, status } = schedulePlan(problem, nothing, null, { seconds: 60, now })
    expect(now() - began).toBeLessThan(20_000)
    expect(exposures).toHaveLength(1)
    expect({ gap, status }).toEqual({ gap: 0, status: 'optimal' })
  })

  it('schedules nothing where nothing can be seen', () => {
    const problem = exampleProblem(2, night)
    const dark = { ...problem, candidates: problem.candidates.map((c) => ({ ...c, windows: [] })) }
    expect(schedulePlan(dark, nothing, null, { seconds: 60, now })).toMatchObject({
      exposures: [],
      objective: 0,
      bound: 0,
      gap: 0,
    })
  })

  it('ends when told to, with the best so far', () => {
    const problem = exampleProblem(5, { ...night, visits: 3, cadenceS: 900 })
    let calls = 0
    const onProgress = () => ++calls >= 2
    const { objective, status } = schedulePlan(problem, nothing, null, {
      seconds: 60,
      gapTarget: 0,
      now,
      onProgress,
    })
    expect(calls).toBe(2)
    expect(objective).toBeGreaterThanOrEqual(plainGreedy(problem) - 1e-12)
    expect(status).toBe('time limit')
  })

  it('puts pinned fields in before any other', () => {
    const problem = exampleProblem(6, night)
    const weightless = [...problem.candidates.keys()]
      .filter((c) => makeInstance(problem).starts[c].length > 0)
      .toSorted((a, b) => problem.coverage.fieldWeight[a] - problem.coverage.fieldWeight[b])
      .slice(0, 2)
    const { exposures } = schedulePlan({ ...problem, pinned: weightless }, nothing, null, steady)
    for (const c of weightless) expect(exposures.some((e) => e.candidate === c)).toBe(true)
  })
})
