/**
 * Whether the visits of some fields fit into the hours of their telescope. The visits of a telescope all take equally
 * long, and from one to the next it takes at least `gap`, whatever the order; so this is a question of equal jobs in
 * windows, and an answer counts for every schedule, with whatever slews.
 */
import { intersection } from './intervals.ts'
import type { Candidate, PlanningProblem, TelescopeTask, Window } from './model.ts'
import { leastSlewSeconds } from './slew.ts'
import { gapSeconds, visitSeconds } from './visit.ts'
import { radiansPerDegree, unitVector } from '#science/sky/vectors.ts'

const day = 86_400
/** Rounding of an MJD and of windows that just hold a visit, days (0.1 ms). */
export const slack = 1.2e-9

/** One visit that must still be made: it may begin in these windows (ends are last beginnings), in no other. */
export interface Job {
  readonly candidate: number
  readonly starts: readonly Window[]
}

/** What one telescope has to fit in. Times in days. */
export interface Hours {
  readonly task: TelescopeTask
  /** Of one visit. */
  readonly visit: number
  /** Least time from the end of one visit to the beginning of the next. */
  readonly gap: number
  /** Least time between the beginnings of two visits to one field. */
  readonly cadence: number
  /** Free of locked exposures. */
  readonly windows: readonly Window[]
  /** Most distinct fields; Infinity where nothing limits them. */
  readonly maxFields: number
}

export interface Timetable {
  readonly hours: readonly Hours[]
  /** By candidate: the visits still to be made; null: they cannot all be made, not even alone. */
  readonly jobs: readonly (readonly Job[] | null)[]
  /** Candidates of each telescope that can be chosen. */
  readonly able: readonly (readonly number[])[]
  /** Candidates that people locked. */
  readonly locked: ReadonlySet<number>
  /** Telescopes with time for every candidate they have. */
  readonly loose: readonly boolean[]
  /** Whether a sequence of the visits of these candidates, all of this telescope, was found. */
  readonly fits: (telescope: number, candidates: readonly number[]) => boolean
}

/** What each telescope has to fit in, and a test of whether a choice does. */
export function createTimetable(problem: PlanningProblem): Timetable {
  const { tasks, candidates } = problem
  const byTelescope = tasks.map((): number[] => [])
  candidates.forEach(({ telescope }, c) => byTelescope[telescope].push(c))
  const locked = problem.locked ?? []
  const lockedVisits = new Map<number, Set<number>>()
  for (const { candidate, visit } of locked) {
    lockedVisits.set(candidate, (lockedVisits.get(candidate) ?? new Set()).add(visit))
  }
  const hours = tasks.map((task, t): Hours => {
    const fields = byTelescope[t].map((c) => candidates[c].field)
    // The next visit may be to the same field.
    const repeats = task.visits > 1
    const least = leastSlewSeconds(task.telescope.slew, repeats ? 0 : leastSeparation(fields))
    const otherFilter = task.steps.length > 1 && task.steps[0].filter !== task.steps.at(-1)!.filter
    const visit = visitSeconds(task) / day
    const gap = gapSeconds(task.telescope, least, otherFilter) / day
    const taken = locked
      .filter(({ candidate }) => candidates[candidate].telescope === t)
      .map(({ start, exposureS }) => ({ start, end: start + exposureS / day }))
    return {
      task,
      visit,
      gap,
      cadence: Math.max(task.cadenceS / day, visit + gap),
      windows: without(task.windows, taken),
      maxFields: task.maxFields ?? Infinity,
    }
  })
  const jobs = candidates.map((candidate, c) =>
    jobsOf(c, candidate, hours[candidate.telescope], lockedVisits.get(c)?.size ?? 0),
  )
  const able = byTelescope.map((list) => list.filter((c) => jobs[c] !== null))
  // Where even all of them fit, the hours of a telescope decide nothing.
  const done = new Uint8Array(candidates.length)
  const loose = hours.map((h, t) => sequence(h, jobs, able[t], done))
  return {
    hours,
    jobs,
    able,
    locked: new Set(lockedVisits.keys()),
    loose,
    fits: (telescope, chosen) => loose[telescope] || sequence(hours[telescope], jobs, chosen, done),
  }
}

/** The visits of a field that are not locked yet, each with the times it may begin; null where they do not fit. */
function jobsOf(candidate: number, { windows }: Candidate, hours: Hours, lockedVisits: number): Job[] | null {
  const { visit, cadence, task } = hours
  const starts = intersection(windows, hours.windows)
    .map(({ start, end }) => ({ start, end: end - visit }))
    .filter(({ start, end }) => end >= start - slack)
    .map(({ start, end }) => ({ start, end: Math.max(start, end) }))
  const visits = task.visits - lockedVisits
  if (visits <= 0) return []
  const earliest: number[] = []
  const latest: number[] = []
  for (let k = 0; k < visits; k++) {
    const from = firstFrom(starts, k === 0 ? -Infinity : earliest[k - 1] + cadence)
    const until = lastUntil(starts, k === 0 ? Infinity : latest[k - 1] - cadence)
    if (from === null || until === null) return null
    earliest.push(from)
    latest.push(until)
  }
  latest.reverse()
  const jobs: Job[] = []
  for (let k = 0; k < visits; k++) {
    if (latest[k] < earliest[k] - slack) return null
    const within = { start: earliest[k], end: Math.max(earliest[k], latest[k]) }
    // With visits already locked it is not known which of them are left: only that they are so many.
    jobs.push({ candidate, starts: lockedVisits > 0 ? starts : clipped(starts, within) })
  }
  return jobs
}

function clipped(windows: readonly Window[], within: Window): Window[] {
  return windows
    .filter(({ start, end }) => end >= within.start && start <= within.end)
    .map(({ start, end }) => ({ start: Math.max(start, within.start), end: Math.min(end, within.end) }))
}

/** First moment of the windows from `time` on. */
function firstFrom(windows: readonly Window[], time: number): number | null {
  for (const { start, end } of windows) if (end >= time - slack) return Math.max(start, time)
  return null
}

function lastUntil(windows: readonly Window[], time: number): number | null {
  for (let i = windows.length - 1; i >= 0; i--) {
    const { start, end } = windows[i]
    if (start <= time + slack) return Math.min(end, time)
  }
  return null
}

/**
 * Puts all visits in a row, always that which must begin soonest among those that may begin now; where one that may
 * begin in a moment would come too late behind it, waits for that one. Finds nearly every sequence there is: the visits
 * are equally long.
 */
function sequence(
  hours: Hours,
  jobs: Timetable['jobs'],
  candidates: readonly number[],
  done: Uint8Array,
): boolean {
  const { visit, gap, cadence } = hours
  const pitch = visit + gap
  const waiting = createHeap()
  const ready = createHeap()
  for (const c of candidates) {
    const list = jobs[c]
    if (!list) return false
    if (list.length === 0) continue
    done[c] = 0
    waiting.push(list[0].starts[0].start, c)
  }
  let now = -Infinity
  while (waiting.size() > 0 || ready.size() > 0) {
    if (ready.size() === 0) now = Math.max(now, waiting.least())
    while (waiting.size() > 0 && waiting.least() <= now + slack) {
      const c = waiting.pop()
      const { starts } = jobs[c]![done[c]]
      ready.push(starts[starts.length - 1].end, c)
    }
    const deadline = ready.least()
    const c = ready.pop()
    const { starts } = jobs[c]![done[c]]
    const begin = firstFrom(starts, now)
    if (begin === null || begin > deadline + slack) return false
    if (begin > now + slack) {
      // Between two of its windows.
      waiting.push(begin, c)
      continue
    }
    if (waiting.size() > 0 && waiting.least() < now + pitch) {
      const soon = waiting.top()
      const last = jobs[soon]![done[soon]].starts
      if (last[last.length - 1].end < now + pitch - slack && deadline >= waiting.least() + pitch) {
        now = waiting.least()
        ready.push(deadline, c)
        continue
      }
    }
    done[c]++
    if (done[c] < jobs[c]!.length) {
      const from = firstFrom(jobs[c]![done[c]].starts, now + cadence)
      if (from === null) return false
      waiting.push(from, c)
    }
    now += pitch
  }
  return true
}

/** Least key first; ties by number. */
function createHeap() {
  const keys: number[] = []
  const items: number[] = []
  const before = (a: number, b: number): boolean =>
    keys[a] < keys[b] || (keys[a] === keys[b] && items[a] < items[b])
  const swap = (a: number, b: number): void => {
    const key = keys[a]
    keys[a] = keys[b]
    keys[b] = key
    const item = items[a]
    items[a] = items[b]
    items[b] = item
  }
  return {
    size: () => keys.length,
    least: () => keys[0],
    top: () => items[0],
    push(key: number, item: number) {
      let at = keys.push(key) - 1
      items.push(item)
      for (let up = (at - 1) >> 1; at > 0 && before(at, up); up = (at - 1) >> 1) {
        swap(at, up)
        at = up
      }
    },
    pop(): number {
      swap(0, keys.length - 1)
      const item = items.pop()!
      keys.pop()
      for (let at = 0; ;) {
        const left = 2 * at + 1
        if (left >= keys.length) break
        const child = left + 1 < keys.length && before(left + 1, left) ? left + 1 : left
        if (!before(child, at)) break
        swap(at, child)
        at = child
      }
      return item
    },
  }
}

function without(windows: readonly Window[], taken: readonly Window[]): Window[] {
  const holes = taken.toSorted((a, b) => a.start - b.start)
  return windows
    .flatMap(({ start, end }) => {
      const parts: Window[] = []
      let from = start
      for (const hole of holes) {
        if (hole.end <= from || hole.start >= end) continue
        if (hole.start > from) parts.push({ start: from, end: hole.start })
        from = Math.max(from, hole.end)
      }
      if (from < end) parts.push({ start: from, end })
      return parts
    })
    .toSorted((a, b) => a.start - b.start)
}

/** Degrees between the two closest of some fields; 0 for fewer than two, or for too many to compare. */
function leastSeparation(fields: readonly { readonly ra: number; readonly dec: number }[]): number {
  if (fields.length < 2 || fields.length > 4000) return 0
  const vectors = fields
    .map(({ ra, dec }) => ({ dec, vector: unitVector(ra, dec) }))
    .toSorted((a, b) => a.dec - b.dec)
  let least = 180
  for (let i = 0; i < vectors.length; i++) {
    const [x, y, z] = vectors[i].vector
    for (let k = i + 1; k < vectors.length && vectors[k].dec - vectors[i].dec < least; k++) {
      const [u, v, w] = vectors[k].vector
      const chord = Math.sqrt((x - u) ** 2 + (y - v) ** 2 + (z - w) ** 2)
      least = Math.min(least, (2 * Math.asin(Math.min(1, chord / 2))) / radiansPerDegree)
    }
  }
  return least
}
