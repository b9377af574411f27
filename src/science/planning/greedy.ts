/** Fields chosen without a solver: greedily by what each adds, then exchanged until nothing helps. */
import { seededRandom } from '#science/simulate/random.ts'
import { createGains } from './gains.ts'
import type { Gains } from './gains.ts'
import type { PlanningProblem } from './model.ts'
import { createTimetable } from './timetable.ts'
import type { Timetable } from './timetable.ts'

export interface GreedyOptions {
  readonly seed?: number
  /**
   * How much may be tried, in steps of a few nanoseconds; the default takes about a second. Counted, not timed, so that
   * the answer is the same on every machine.
   */
  readonly effort?: number
  /** A choice to begin with, as far as it fits. */
  readonly start?: readonly number[]
  /** A true answer ends it with the best so far. */
  readonly stop?: () => boolean
}

const defaultEffort = 1.5e8
/** For each field over each region, at most: small problems need no more. */
const effortEach = 2000
/** Rounds of annealing for each chosen field. */
const roundsEach = 1000
/** A step may first lose this part of an average field; at the end, `cooling` of that. */
const heat = 0.1
const cooling = 0.003
/** How often the best candidate is passed over while refilling, so that the second best has its turn. */
const blink = 0.02
/** Fields taken out at once, at most. */
const mostOut = 16

/**
 * Candidates that together cover much, each part of the sky counted once, within the count of fields and the hours of
 * every telescope. Locked and pinned candidates come first and stay, as far as they fit. The same problem and seed give
 * the same answer.
 * @returns indices of candidates, ascending.
 */
export function greedySelection(problem: PlanningProblem, options: GreedyOptions = {}): number[] {
  return improve(problem, createTimetable(problem), createGains(problem.coverage), options)
}

/** The same with what the caller has already; `gains` must be empty, and is left with the answer in. */
export function improve(
  problem: PlanningProblem,
  timetable: Timetable,
  gains: Gains,
  { seed = 1, effort = defaultEffort, start = [], stop = () => false }: GreedyOptions = {},
): number[] {
  const choice = createChoice(problem, timetable, gains)
  const most = Math.min(effort, effortEach * (problem.coverage.members.length + problem.candidates.length))
  for (const c of [...timetable.locked, ...(problem.pinned ?? [])]) choice.keep(c)
  for (const c of start) choice.add(c)
  choice.fill()
  const begun = choice.work()
  const spent = (): boolean => choice.work() - begun > most || stop()
  exchange(choice, gains, spent)
  let best = choice.fields()
  let bestWeight = gains.weight()
  let current = best
  let currentWeight = bestWeight
  const random = seededRandom(seed)
  const movable = choice.movable().length
  const rounds = Math.min(roundsEach * movable, 1e6)
  const hot = movable > 0 ? (heat * bestWeight) / movable : 0
  for (let round = 0; round < rounds && !spent(); round++) {
    ruin(choice, gains, random)
    choice.fill(random.uniform)
    const weight = gains.weight()
    // Annealing: what a step may lose shrinks from a good part of a field to nothing.
    const left = 1 - Math.max(round / rounds, (choice.work() - begun) / most)
    const temperature = hot * cooling ** (1 - left)
    if (weight > currentWeight + temperature * Math.log(1 - random.uniform())) {
      current = choice.fields()
      currentWeight = weight
      if (weight > bestWeight * (1 + 1e-12)) {
        best = current
        bestWeight = weight
      }
    } else choice.become(current)
  }
  choice.become(best)
  exchange(choice, gains, stop)
  return choice.fields().toSorted((a, b) => a - b)
}

/** The fields chosen so far, and which more fit. */
function createChoice(problem: PlanningProblem, timetable: Timetable, gains: Gains) {
  const { candidates } = problem
  const { hours, fits } = timetable
  const on = hours.map((): number[] => [])
  const kept = new Set<number>()
  // A candidate that did not fit does not fit until something is taken away again.
  const removals = hours.map(() => 1)
  const refused = new Uint32Array(candidates.length)
  const all = timetable.able.flat()
  let looked = 0
  const worthless = 1e-13 * problem.coverage.total

  function add(c: number): boolean {
    const t = candidates[c].telescope
    if (gains.isIn[c] || refused[c] === removals[t]) return false
    if (!timetable.loose[t]) looked += 60 * hours[t].task.visits * on[t].length
    if (timetable.jobs[c] === null || on[t].length >= hours[t].maxFields || !fits(t, [...on[t], c])) {
      refused[c] = removals[t]
      return false
    }
    on[t].push(c)
    gains.add(c)
    return true
  }

  function remove(c: number): void {
    const t = candidates[c].telescope
    on[t].splice(on[t].indexOf(c), 1)
    removals[t]++
    gains.remove(c)
  }

  return {
    add,
    remove,
    work: () => gains.work() + looked,
    /** Adds it for good. */
    keep(c: number) {
      if (add(c)) kept.add(c)
    },
    fields: (): number[] => on.flat(),
    /** Chosen fields that may go. */
    movable: (): number[] => on.flat().filter((c) => !kept.has(c)),
    telescopeOf: (c: number) => candidates[c].telescope,
    isFull: (t: number) => on[t].length >= hours[t].maxFields,
    isKept: (c: number) => kept.has(c),
    all,
    /** Adds what adds most until nothing more fits; `taste` favours candidates. */
    fill(chance?: () => number) {
      for (;;) {
        looked += all.length
        let best = -1
        let bestGain = worthless
        for (const c of all) {
          const gain = gains.gain[c]
          if (gain <= worthless || gains.isIn[c]) continue
          const t = candidates[c].telescope
          if (on[t].length >= hours[t].maxFields || refused[c] === removals[t]) continue
          if (gain > bestGain && (!chance || chance() > blink)) {
            best = c
            bestGain = gain
          }
        }
        if (best < 0) return
        add(best)
      }
    },
    /** Goes back to a choice made before. */
    become(fields: readonly number[]) {
      const wanted = new Set(fields)
      for (const c of on.flat()) if (!wanted.has(c)) remove(c)
      for (const c of fields) {
        if (gains.isIn[c]) continue
        on[candidates[c].telescope].push(c)
        gains.add(c)
      }
    },
  }
}

type Choice = ReturnType<typeof createChoice>

/** Takes each field out in turn and fills up again, until no such step gains. */
function exchange(choice: Choice, gains: Gains, spent: () => boolean): void {
  for (let gained = true; gained;) {
    gained = false
    for (const out of choice.movable()) {
      if (spent()) return
      if (!gains.isIn[out]) continue
      const before = choice.fields()
      const weight = gains.weight()
      choice.remove(out)
      choice.fill()
      if (gains.weight() > weight * (1 + 1e-12)) gained = true
      else choice.become(before)
    }
  }
}

/** Takes out a few fields that lie together, and often puts one in that was not there. */
function ruin(choice: Choice, gains: Gains, random: ReturnType<typeof seededRandom>): void {
  const movable = choice.movable()
  if (movable.length === 0) return
  const centre = movable[random.integer(movable.length)]
  const near = gains.neighbours(centre)
  const size = 1 + random.integer(mostOut)
  const out = new Set([centre])
  let from = near
  for (let tries = 0; out.size < size && tries < 4 * size && from.length > 0; tries++) {
    const c = from[random.integer(from.length)]
    if (gains.isIn[c] && !choice.isKept(c)) out.add(c)
    if (random.uniform() < 0.3) from = gains.neighbours(c)
  }
  for (const c of out) choice.remove(c)
  const others = near.filter((c) => !gains.isIn[c])
  if (others.length > 0 && random.uniform() < 0.5) choice.add(others[random.integer(others.length)])
}
