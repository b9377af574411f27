import { describe, expect, it } from 'vitest'
import { exampleProblem } from '#test/planning-example.ts'
import { schedulePlan } from './schedule.ts'
import { solvePlan } from './solve.ts'
import { violations } from './violations.ts'

const now = () => performance.now()

/** A clock that goes on by 10 ms whenever it is read: time is counted, however busy the machine. */
function countedClock(): () => number {
  let read = 0
  return () => 10 * read++
}

const night = { telescopes: 3, fields: 30, hours: 2, exposureS: 240, visits: 2, cadenceS: 900 } as const

describe('solvePlan', () => {
  it('plans one field without waiting', () => {
    const problem = exampleProblem(2, { telescopes: 1, fields: 1, hours: 3, exposureS: 60 })
    const { selection, schedule } = solvePlan(problem, null, { seconds: 60, now: countedClock() })
    expect(selection.chosen).toEqual([0])
    expect(schedule.exposures).toHaveLength(1)
    expect(schedule.gap).toBe(0)
    expect(selection.seconds + schedule.seconds).toBeLessThan(20)
  })

  it('states objective, bound and gap, and the bound holds for both stages', () => {
    const problem = exampleProblem(9, night)
    const { selection, schedule } = solvePlan(problem, null, { seconds: 10, method: 'greedy', now })
    expect(violations(problem, schedule)).toEqual([])
    expect(schedule.objective).toBeLessThanOrEqual(schedule.bound)
    expect(schedule.objective).toBeLessThanOrEqual(selection.bound + 1e-12)
    expect(schedule.gap).toBeCloseTo((schedule.bound - schedule.objective) / schedule.bound, 12)
    expect(schedule.trail.at(-1)).toMatchObject({ objective: schedule.objective, bound: schedule.bound })
    const inOrder = schedule.trail.map(({ seconds }) => seconds)
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b))
  })

  it('told to stop, gives a schedule that is not worse than greedy', () => {
    const problem = exampleProblem(9, night)
    const stages: string[] = []
    const began = now()
    const { schedule } = solvePlan(problem, null, {
      seconds: 60,
      gapTarget: 0,
      now,
      onProgress: ({ stage }) => stages.push(stage) > 0,
    })
    expect(now() - began).toBeLessThan(10_000)
    expect(stages.length).toBeGreaterThan(0)
    const none = schedulePlan(problem, { chosen: [], bound: Infinity }, null, {
      seconds: 0,
      method: 'greedy',
      now,
    })
    expect(schedule.objective).toBeGreaterThanOrEqual(none.objective - 1e-9)
  })

  it('pins that cannot all be held do not spoil the bound', () => {
    const problem = exampleProblem(5, { telescopes: 1, fields: 12, hours: 0.4, exposureS: 300 })
    const pinned = [...problem.candidates.keys()]
    const { schedule } = solvePlan({ ...problem, pinned }, null, { seconds: 5, method: 'greedy', now })
    const free = solvePlan(problem, null, { seconds: 5, method: 'greedy', now })
    expect(schedule.bound).toBeGreaterThanOrEqual(free.schedule.objective - 1e-12)
    expect(schedule.exposures.length).toBeGreaterThan(0)
  })
})
