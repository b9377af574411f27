import { describe, expect, it } from 'vitest'
import { seededRandom } from '#science/simulate/random.ts'
import { exampleProblem, type ExampleSize } from '#test/planning-example.ts'
import type { Locked, MilpSolver, PlanningProblem, Window } from './model.ts'
import { makeInstance } from './instance.ts'
import { priceBound, programmeBound, relax } from './bound.ts'
import { schedulePlan } from './schedule.ts'
import { slewSeconds } from './slew.ts'
import { violations } from './violations.ts'

const DAY = 86400

/** A visit to place, or a locked exposure. */
interface Block {
  candidate: number
  /** Of locked ones. */
  at?: number
  length: number
  firstFilter: string
  lastFilter: string
}

/**
 * The best of all schedules, by trying every sequence with everything as early as it can be. Knows nothing of the search:
 * problem in, weight out.
 */
function bruteForce(problem: PlanningProblem): number {
  const perTelescope = problem.tasks.map((_, t) => completeSets(problem, t))
  let best = 0
  const combine = (t: number, fields: number[]) => {
    if (t < perTelescope.length) {
      for (const set of perTelescope[t]) combine(t + 1, [...fields, ...set])
      return
    }
    const { weight, offsets, members } = problem.coverage
    let sum = 0
    for (let r = 0; r < weight.length; r++) {
      for (let e = offsets[r]; e < offsets[r + 1]; e++) {
        if (fields.includes(members[e])) {
          sum += weight[r]
          break
        }
      }
    }
    best = Math.max(best, sum)
  }
  combine(0, [])
  return best
}

function completeSets(problem: PlanningProblem, t: number): number[][] {
  const task = problem.tasks[t]
  const { telescope } = task
  const mine = [...problem.candidates.keys()].filter((c) => problem.candidates[c].telescope === t)
  const locked = (problem.locked ?? [])
    .filter((l) => mine.includes(l.candidate))
    .toSorted((a, b) => a.start - b.start)
  let length = 0
  let before = ''
  for (const { filter, exposureS, count } of task.steps) {
    for (let n = 0; n < count; n++) {
      if (before) length += telescope.readoutS + (before === filter ? 0 : telescope.filterChangeS)
      length += telescope.overheadS + exposureS
      before = filter
    }
  }
  const visit = (candidate: number): Block => ({
    candidate,
    length,
    firstFilter: task.steps[0].filter,
    lastFilter: before,
  })
  const fixed = locked.map((l): Block => ({
    candidate: l.candidate,
    at: l.start - telescope.overheadS / DAY,
    length: telescope.overheadS + l.exposureS,
    firstFilter: l.filter,
    lastFilter: l.filter,
  }))
  const lockedVisits = new Map<number, number[]>()
  for (const l of locked) {
    const list = lockedVisits.get(l.candidate) ?? []
    const begin = l.start - telescope.overheadS / DAY
    // One exposure per visit in these tests.
    list.push(begin)
    lockedVisits.set(l.candidate, list)
  }
  const sets = new Map<string, number[]>()
  const done = new Map<number, number[]>(lockedVisits)
  const note = () => {
    const complete = mine.filter((c) => (done.get(c)?.length ?? 0) >= task.visits)
    sets.set(complete.join(), complete)
  }
  const gap = (a: Block, b: Block, end: number) => {
    const from = problem.candidates[a.candidate].field
    const to = problem.candidates[b.candidate].field
    const slew =
      a.candidate === b.candidate ? 0 : slewSeconds(telescope.slew, telescope.observer, from, to, end)
    const move = telescope.readoutBlocksSlew ? telescope.readoutS + slew : Math.max(telescope.readoutS, slew)
    return (move + (a.lastFilter === b.firstFilter ? 0 : telescope.filterChangeS)) / DAY
  }
  const go = (last: Block | null, end: number, nextFixed: number, distinct: Set<number>) => {
    if (nextFixed === fixed.length) note()
    else {
      const block = fixed[nextFixed]
      const at = block.at ?? 0
      if (!last || last.at !== undefined || end + gap(last, block, end) <= at + 1e-9) {
        go(block, Math.max(end, at + block.length / DAY), nextFixed + 1, distinct)
      }
    }
    for (const c of mine) {
      const starts = done.get(c) ?? []
      if (starts.length >= task.visits) continue
      const isNew = !distinct.has(c)
      if (isNew && distinct.size >= (task.maxFields ?? Infinity)) continue
      const block = visit(c)
      const ready = last ? end + gap(last, block, end) : -Infinity
      const start = earliest(
        problem.candidates[c].windows,
        task.windows,
        length,
        ready,
        starts,
        task.cadenceS,
      )
      if (start === null) continue
      if (nextFixed < fixed.length && start > (fixed[nextFixed].at ?? 0)) continue
      done.set(c, [...starts, start])
      go(block, start + length / DAY, nextFixed, isNew ? new Set([...distinct, c]) : distinct)
      done.set(c, starts)
    }
  }
  go(null, -Infinity, 0, new Set(lockedVisits.keys()))
  return [...sets.values()]
}

function earliest(
  field: readonly Window[],
  hours: readonly Window[],
  length: number,
  ready: number,
  others: readonly number[],
  cadenceS: number,
): number | null {
  const cadence = cadenceS / DAY
  let found: number | null = null
  for (const a of field) {
    for (const b of hours) {
      const end = Math.min(a.end, b.end) - length / DAY
      let start = Math.max(a.start, b.start, ready)
      for (let again = true; again;) {
        again = false
        for (const other of others) {
          if (start > other - cadence + 1e-12 && start < other + cadence - 1e-12) {
            start = other + cadence
            again = true
          }
        }
      }
      if (start <= end && (found === null || start < found)) found = start
    }
  }
  return found
}

function tiny(seed: number): PlanningProblem {
  const random = seededRandom(seed * 7919)
  const telescopes = 1 + random.integer(2)
  const visits = random.uniform() < 0.6 ? 1 : 2
  const mounts = ['direct', 'equatorial', 'altazimuth'] as const
  const size: ExampleSize = {
    telescopes,
    fields: visits === 1 ? 2 + random.integer(5 - telescopes) : 2 + random.integer(2),
    hours: (0.15 + 0.35 * random.uniform()) * visits,
    exposureS: 100 + 300 * random.uniform(),
    visits,
    cadenceS: random.uniform() < 0.5 ? 0 : 900 * random.uniform(),
    mount: mounts[random.integer(3)],
    rateDegPerS: 0.05 + random.uniform(),
    filters: random.uniform() < 0.7 ? ['r'] : ['g', 'r'],
    readoutBlocksSlew: random.uniform() < 0.5,
    points: 150,
    ...(random.uniform() < 0.2 ? { maxFields: 1 + random.integer(3) } : {}),
  }
  const problem = exampleProblem(seed, size)
  if (size.filters?.length !== 1 || random.uniform() < 0.6) return problem
  // A visit that somebody fixed in the middle of the night.
  const [task] = problem.tasks
  const start = 60_000 + (random.uniform() * size.hours * 0.8) / 24
  const locked: Locked = { candidate: 0, visit: 0, filter: 'r', start, exposureS: task.steps[0].exposureS }
  return { ...problem, locked: [locked] }
}

/** Solves a tiny programme by trying all choices; knows that whatever is not whole follows from what is. */
const tryAll: MilpSolver = (milp) => {
  const whole = [...milp.integer.keys()].filter((k) => milp.integer[k] === 1)
  let objective = -Infinity
  let values: Float64Array | null = null
  for (let bits = 0; whole.length > 0 && bits < 2 ** whole.length; bits++) {
    const x = milp.upper.slice()
    whole.forEach((k, n) => (x[k] = (bits >> n) & 1))
    let possible = true
    for (let r = 0; r < milp.rowUpper.length; r++) {
      let sum = 0
      let free = -1
      for (let e = milp.rowStart[r]; e < milp.rowStart[r + 1]; e++) {
        if (milp.integer[milp.index[e]] === 1) sum += milp.value[e] * x[milp.index[e]]
        else free = milp.index[e]
      }
      if (free >= 0) x[free] = Math.min(x[free], milp.rowUpper[r] - sum)
      else if (sum > milp.rowUpper[r] + 1e-9) possible = false
    }
    const value = x.reduce((sum, part, k) => sum + part * milp.cost[k], 0)
    if (possible && value > objective) {
      objective = value
      values = x
    }
  }
  if (whole.length === 0) return { status: 'stopped', values: null, objective, bound: Infinity }
  return { status: values ? 'optimal' : 'infeasible', values, objective, bound: objective }
}

const options = { seconds: 20, gapTarget: 1e-9, now: () => performance.now() }

describe('against all schedules of tiny problems', () => {
  it('bounds hold, schedules keep all constraints and nearly all are the best, for 320 problems', () => {
    let same = 0
    let tight = 0
    let full = 0
    const count = 320
    for (let seed = 1; seed <= count; seed++) {
      const problem = tiny(seed)
      const best = bruteForce(problem)
      const relaxation = relax(makeInstance(problem))
      const priced = priceBound(relaxation, 0)
      expect(priced, `priced bound of seed ${seed}`).toBeGreaterThanOrEqual(best - 1e-9)
      const known = { objective: 0, fields: [] }
      const { bound } = programmeBound(relaxation, tryAll, {
        seconds: 10,
        gapTarget: 0,
        known,
        now: options.now,
      })
      expect(bound, `programme bound of seed ${seed}`).toBeGreaterThanOrEqual(best - 1e-9)
      const schedule = schedulePlan(problem, { chosen: [], bound: Infinity }, null, { ...options, seed })
      expect(violations(problem, schedule), `seed ${seed}`).toEqual([])
      expect(schedule.objective, `seed ${seed}`).toBeLessThanOrEqual(best + 1e-9)
      if (schedule.objective > best - 1e-9) same++
      if (bound < best + 1e-6) tight++
      const all = problem.coverage.weight.reduce((a, b) => a + b, 0)
      if (best > all - 1e-9) full++
    }
    expect(same).toBeGreaterThanOrEqual(0.99 * count)
    expect(tight).toBeGreaterThanOrEqual(0.9 * count)
    // Else the problems would be too easy to say anything.
    expect(full).toBeLessThan(0.5 * count)
  }, 120_000)
})
