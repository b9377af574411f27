import { describe, expect, it } from 'vitest'
import { seededRandom } from '#science/simulate/random.ts'
import { exampleProblem } from '#test/planning-example.ts'
import type { PlanningProblem, Schedule, ScheduledExposure } from './model.ts'
import { schedulePlan } from './schedule.ts'
import { violations } from './violations.ts'

const DAY = 86400
const greedy = { seconds: 10, method: 'greedy', now: () => performance.now() } as const
const nothing = { chosen: [], bound: Infinity }

function anyProblem(seed: number): PlanningProblem {
  const random = seededRandom(seed)
  const { uniform, integer } = random
  const mounts = ['direct', 'equatorial', 'altazimuth'] as const
  return exampleProblem(seed, {
    telescopes: 1 + integer(3),
    fields: 3 + integer(16),
    hours: 0.5 + 5 * uniform(),
    exposureS: 30 + 300 * uniform(),
    visits: 1 + integer(3),
    cadenceS: uniform() < 0.3 ? 0 : 3000 * uniform(),
    mount: mounts[integer(3)],
    rateDegPerS: 0.05 + 2 * uniform(),
    filters: [['r'], ['g', 'r'], ['g', 'r', 'g']][integer(3)],
    readoutBlocksSlew: uniform() < 0.5,
    ...(uniform() < 0.3 ? { maxFields: 1 + integer(8) } : {}),
  })
}

describe('schedules of problems with everything in them', () => {
  it('never break a constraint, nor after some exposures were locked and fields pinned', () => {
    for (let seed = 1; seed <= 120; seed++) {
      const { uniform, integer } = seededRandom(seed + 5000)
      const problem = anyProblem(seed)
      const schedule = schedulePlan(problem, nothing, null, { ...greedy, seed })
      expect(violations(problem, schedule), `seed ${seed}`).toEqual([])
      const visits = new Set(
        schedule.exposures.filter(() => uniform() < 0.1).map((e) => `${e.candidate} ${e.visit}`),
      )
      const locked = schedule.exposures
        .filter((e) => visits.has(`${e.candidate} ${e.visit}`) || uniform() < 0.03)
        .map(({ candidate, visit, filter, start, exposureS }) => ({
          candidate,
          visit,
          filter,
          start,
          exposureS,
        }))
      const pinned = [integer(problem.candidates.length), integer(problem.candidates.length)]
      const edited = { ...problem, locked, pinned }
      expect(violations(edited, schedulePlan(edited, nothing, null, greedy)), `edited, seed ${seed}`).toEqual(
        [],
      )
    }
  }, 60_000)
})

describe('a schedule that is wrong', () => {
  const problem = exampleProblem(4, {
    telescopes: 1,
    fields: 12,
    hours: 5,
    exposureS: 300,
    visits: 2,
    cadenceS: 1200,
    filters: ['g', 'r'],
    maxFields: 9,
  })
  const good = schedulePlan(problem, nothing, null, greedy)
  const changed = (change: (exposures: ScheduledExposure[]) => ScheduledExposure[]): Schedule => ({
    ...good,
    exposures: change(good.exposures.map((e) => ({ ...e }))),
  })
  const shifted = (by: number, which: number) =>
    changed((list) => list.map((e, k) => (k === which ? { ...e, start: e.start + by / DAY } : e)))

  it('is good before it is spoilt', () => {
    expect(good.exposures.length).toBeGreaterThan(10)
    expect(violations(problem, good)).toEqual([])
  })

  it.each([
    ['an exposure 0.01 s too early', shifted(-0.01, 5), /readout, slew, filter change and overhead/],
    ['a visit outside its window', shifted(-DAY, 0), /lies in no window/],
    ['a missing exposure', changed((list) => list.slice(0, -1)), /instead of g 300, r 310/],
    ['another exposure time', changed(([e, ...list]) => [{ ...e, exposureS: 299 }, ...list]), /takes g 299/],
    ['a slew that is too short', changed((list) => list.map((e) => ({ ...e, slewS: 0 }))), /The slew to/],
    [
      'a filter change left out',
      changed((list) => list.map((e) => ({ ...e, filterChangeS: 0 }))),
      /filter change/,
    ],
    ['a wrong objective', { ...good, objective: good.objective + 0.01 }, /weight covered/],
    ['a bound below the objective', { ...good, bound: good.objective / 2 }, /bound/],
  ])('%s is found', (_, schedule, message) => {
    expect(violations(problem, schedule).join('\n')).toMatch(message)
  })

  it('finds too many fields, a broken cadence, a moved lock and a left-out pin', () => {
    const asked = (change: Partial<PlanningProblem['tasks'][number]>): PlanningProblem => ({
      ...problem,
      tasks: [{ ...problem.tasks[0], ...change }],
    })
    expect(violations(asked({ maxFields: 2 }), good).join()).toMatch(/at most 2 were asked/)
    expect(violations(asked({ cadenceS: 40_000 }), good).join()).toMatch(/s apart, not 40000 s/)
    expect(violations(asked({ visits: 3 }), good).join()).toMatch(/visited 2 times instead of 3/)
    const [{ candidate, visit, filter, start, exposureS }] = good.exposures
    const locked = [{ candidate, visit, filter, start: start + 1 / DAY, exposureS }]
    expect(violations({ ...problem, locked }, good).join()).toMatch(/locked exposure .* missing or was moved/)
    const without = changed((list) => list.filter((e) => e.candidate !== candidate))
    expect(violations({ ...problem, pinned: [candidate] }, without).join()).toMatch(
      /pinned .* though it has room/,
    )
  })
})
