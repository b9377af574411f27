/** How many visits fit between two moments, as rows of a linear programme that every schedule keeps. */
import { append, intersection } from './intervals.ts'
import type { PlanningProblem, Window } from './model.ts'
import { slack } from './timetable.ts'
import type { Timetable } from './timetable.ts'

/** At most `most` visits in all, of each candidate so many times as it is listed. */
export interface CapacityRow {
  readonly telescope: number
  readonly candidates: readonly number[]
  /** Visits of each of those that cannot but lie inside. */
  readonly visits: readonly number[]
  readonly most: number
}

interface Span {
  readonly candidate: number
  readonly start: number
  readonly end: number
}

export interface Capacities {
  /** Most fields of a telescope that its hours and its count allow. */
  readonly mostFields: readonly number[]
  /** The rows that a choice (its weight by candidate, 0 … 1) breaks most; none where it breaks none. */
  readonly broken: (weight: (candidate: number) => number, mostPerTelescope: number) => CapacityRow[]
}

/** Rows are made when a choice breaks them: there are far too many to write down. */
export function createCapacities(problem: PlanningProblem, timetable: Timetable): Capacities {
  const { hours, jobs, able } = timetable
  const spans = able.map((list, t) =>
    list.flatMap((candidate) =>
      jobs[candidate]!.map(({ starts }): Span => ({
        candidate,
        start: starts[0].start,
        end: starts[starts.length - 1].end + hours[t].visit,
      })),
    ),
  )
  // Time at which none of the candidates can be observed is of no use.
  const usable = hours.map(({ windows }, t) =>
    intersection(windows, unionOf(able[t].flatMap((c) => problem.candidates[c].windows))),
  )
  /** Visits that fit into the usable hours of a telescope between two moments. */
  const most = (t: number, from: number, to: number, windows = usable[t]): number => {
    const { visit, gap } = hours[t]
    if (!(visit + gap > 0)) return Infinity
    let sum = 0
    for (const { start, end } of windows) {
      const length = Math.min(end, to) - Math.max(start, from)
      if (length >= visit - slack) sum += Math.floor((length + gap + slack) / (visit + gap))
    }
    return sum
  }
  const mostFields = hours.map(({ maxFields, task }, t) =>
    Math.min(maxFields, able[t].length, perField(most(t, -Infinity, Infinity), able[t], jobs, task.visits)),
  )
  const rowOf = (t: number, from: number, to: number): CapacityRow => {
    const inside = new Map<number, number>()
    for (const { candidate, start, end } of spans[t]) {
      if (start >= from && end <= to) inside.set(candidate, (inside.get(candidate) ?? 0) + 1)
    }
    const candidates = [...inside.keys()]
    const theirs = unionOf(candidates.flatMap((c) => problem.candidates[c].windows))
    return {
      telescope: t,
      candidates,
      visits: [...inside.values()],
      most: most(t, from, to, intersection(usable[t], theirs)),
    }
  }

  /** For each beginning, the end at which most is too much. */
  function worst(t: number, weight: (candidate: number) => number): (Window & { over: number })[] {
    const used = spans[t]
      .map((span) => ({ ...span, weight: weight(span.candidate) }))
      .filter((span) => span.weight > 1e-9)
      .toSorted((a, b) => a.end - b.end)
    const starts = [...new Set(used.map(({ start }) => start))].toSorted((a, b) => a - b)
    const found: (Window & { over: number })[] = []
    for (const from of starts) {
      let sum = 0
      let over = 1e-4
      let at: number | undefined
      for (const { start, end, weight: part } of used) {
        if (start < from) continue
        sum += part
        const beyond = sum - most(t, from, end)
        if (beyond > over) {
          over = beyond
          at = end
        }
      }
      if (at !== undefined) found.push({ start: from, end: at, over })
    }
    return found.toSorted((a, b) => b.over - a.over)
  }

  return {
    mostFields,
    broken: (weight, mostPerTelescope) =>
      hours.flatMap((_, t) =>
        worst(t, weight)
          .slice(0, mostPerTelescope)
          .map(({ start, end }) => rowOf(t, start, end)),
      ),
  }
}

function unionOf(windows: readonly Window[]): Window[] {
  const list: Window[] = []
  for (const { start, end } of windows.toSorted((a, b) => a.start - b.start)) append(list, start, end)
  return list
}

/** Fields from visits: those with fewest visits left count first. */
function perField(visits: number, able: readonly number[], jobs: Timetable['jobs'], each: number): number {
  if (visits === Infinity) return Infinity
  const done = able.filter((c) => jobs[c]!.length < each)
  if (done.length === 0) return Math.floor(visits / each)
  const needs = able.map((c) => jobs[c]!.length).toSorted((a, b) => a - b)
  let left = visits
  let fields = 0
  for (const need of needs) {
    if (need > left) break
    left -= need
    fields++
  }
  return fields
}
