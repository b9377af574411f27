/**
 * What the hours of a telescope allow whatever the order of visits: in any part of its time, the visits that must lie in
 * it take no more than there is. Each visit counts with the least gap that can follow it.
 */
import { MARGIN, type Instance } from './instance.ts'
import { leastSlewSeconds } from './slew.ts'
import { gapSeconds } from './visit.ts'
import { angleBetween, unitVector } from '#science/sky/vectors.ts'

/** One visit that a field needs if it is chosen. Times in seconds after the epoch. */
export interface Job {
  readonly candidate: number
  /** With the least gap after it, it lies in one of these: pairs start, end, ascending. */
  readonly spans: Float64Array
  /** With the least gap after it. */
  readonly length: number
}

export interface Hours {
  readonly task: number
  readonly jobs: readonly Job[]
  /** Starts and ends of what can be used, ascending. */
  readonly open: Float64Array
  readonly shortest: number
}

/** Σ factor · chosen ≤ most. */
export interface Row {
  readonly candidates: Int32Array
  readonly factors: Float64Array
  readonly most: number
}

/** Starts are only known to this, s. */
const LOOSE = 2 * MARGIN

/** The jobs of each telescope and the time it has. Candidates that cannot be visited as asked have none. */
export function hoursOf(instance: Instance): Hours[] {
  return instance.problem.tasks.map((task, t) => {
    const least = leastGaps(instance, t)
    let widest = 0
    for (const c of instance.ofTask[t])
      if (instance.starts[c].length) widest = Math.max(widest, least[instance.local[c]])
    const jobs = Array.from(instance.ofTask[t]).flatMap((c) =>
      jobsOf(instance, t, c, least[instance.local[c]]),
    )
    const busy = instance.fixed[t].map((n) => {
      const begin = instance.node.start[n]
      return [begin, begin + instance.node.duration[n]] as const
    })
    const spans = task.windows.map(
      ({ start, end }) =>
        [(start - instance.epoch) * 86400 - LOOSE, (end - instance.epoch) * 86400 + widest + LOOSE] as const,
    )
    return {
      task: t,
      jobs,
      open: freeTime(spans, busy),
      shortest: jobs.reduce((least, { length }) => Math.min(least, length), Infinity),
    }
  })
}

/** Whether a candidate can be in a schedule at all, as far as its own windows go. */
export function isVisitable(instance: Instance, c: number): boolean {
  return (
    instance.needed[c] === 0 || jobsOf(instance, instance.problem.candidates[c].telescope, c, 0).length > 0
  )
}

function jobsOf(instance: Instance, t: number, c: number, gap: number): Job[] {
  const starts = instance.starts[c]
  const needed = instance.needed[c]
  if (starts.length === 0 || needed === 0) return []
  const cadence = Math.max(instance.problem.tasks[t].cadenceS, instance.durationS[t])
  const duration = instance.durationS[t]
  const first: number[] = []
  const last: number[] = []
  for (let k = 0; k < needed; k++) {
    first.push(k === 0 ? starts[0] : after(starts, first[k - 1] + cadence - LOOSE))
    last.unshift(k === 0 ? starts[starts.length - 1] : before(starts, last[0] - cadence + LOOSE))
  }
  const jobs: Job[] = []
  for (let k = 0; k < needed; k++) {
    if (!(first[k] <= last[k] + LOOSE)) return []
    const spans: number[] = []
    for (let e = 0; e < starts.length; e += 2) {
      const from = Math.max(starts[e], first[k])
      const to = Math.min(starts[e + 1], last[k])
      if (from <= to + LOOSE) spans.push(from - LOOSE, to + duration + gap + LOOSE)
    }
    jobs.push({ candidate: c, spans: Float64Array.from(spans), length: duration + gap })
  }
  return jobs
}

function after(starts: Float64Array, t: number): number {
  for (let e = 0; e < starts.length; e += 2) if (t <= starts[e + 1]) return Math.max(t, starts[e])
  return Infinity
}

function before(starts: Float64Array, t: number): number {
  for (let e = starts.length - 2; e >= 0; e -= 2) if (t >= starts[e]) return Math.min(t, starts[e + 1])
  return -Infinity
}

/** By local number: least gap after a visit to this field, whatever comes next, s. */
function leastGaps(instance: Instance, t: number): Float64Array {
  const { problem, ofTask, starts, locked, travel } = instance
  const task = problem.tasks[t]
  const { telescope } = task
  const list = ofTask[t]
  const free = Array.from(list).filter((c) => starts[c].length > 0 || locked[c] === 1)
  const least = new Float64Array(list.length)
  const sameFilter =
    task.steps.length === 0 || task.steps[0].filter === task.steps[task.steps.length - 1].filter
  const anyLocked = instance.fixed[t].length > 0
  const change = !sameFilter && !anyLocked
  const vectors = free.map((c) => unitVector(problem.candidates[c].field.ra, problem.candidates[c].field.dec))
  for (const [i, c] of free.entries()) {
    let slew = Infinity
    for (const [j, d] of free.entries()) {
      if (d === c) continue
      if (travel[t].timeless) slew = Math.min(slew, travel[t].exact(instance.local[c], instance.local[d], 0))
      else slew = Math.min(slew, leastSlewSeconds(telescope.slew, angleBetween(vectors[i], vectors[j])))
    }
    // To the same field again, for its next visit, the gap is what the cadence leaves.
    const again =
      task.visits > 1 || anyLocked
        ? Math.max(gapSeconds(telescope, 0, change), anyLocked ? 0 : task.cadenceS - instance.durationS[t])
        : Infinity
    const other = slew === Infinity ? gapSeconds(telescope, 0, change) : gapSeconds(telescope, slew, change)
    least[instance.local[c]] = Math.max(0, Math.min(again, other) - LOOSE)
  }
  return least
}

function freeTime(
  spans: readonly (readonly [number, number])[],
  busy: readonly (readonly [number, number])[],
): Float64Array {
  const open: number[] = []
  for (const [a, b] of spans.toSorted((x, y) => x[0] - y[0])) {
    if (open.length && a <= open[open.length - 1]) open[open.length - 1] = Math.max(open[open.length - 1], b)
    else open.push(a, b)
  }
  let free = open
  for (const [from, to] of busy) {
    const next: number[] = []
    for (let e = 0; e < free.length; e += 2) {
      if (free[e] < from) next.push(free[e], Math.min(free[e + 1], from))
      if (free[e + 1] > to) next.push(Math.max(free[e], to), free[e + 1])
    }
    free = next
  }
  return Float64Array.from(free)
}

/** Part of a telescope's time: at most one stretch in each run of its hours, from `from[k]` to `to[k]`; none if not less. */
interface Part {
  readonly from: Float64Array
  readonly to: Float64Array
}

/** For each run of the hours: where the job can begin there first and end there last; Infinity and −Infinity: nowhere. */
function extents({ jobs, open }: Hours): Part[] {
  const runs = open.length / 2
  return jobs.map(({ spans }) => {
    const from = new Float64Array(runs).fill(Infinity)
    const to = new Float64Array(runs).fill(-Infinity)
    for (let e = 0; e < spans.length; e += 2) {
      for (let k = 0; k < runs; k++) {
        const begin = Math.max(spans[e], open[2 * k])
        const end = Math.min(spans[e + 1], open[2 * k + 1])
        if (end <= begin) continue
        from[k] = Math.min(from[k], begin)
        to[k] = Math.max(to[k], end)
      }
    }
    return { from, to }
  })
}

/** Of a job, what lies in a part of the time wherever it is put. */
function inside({ from, to }: Part, extent: Part, length: number): number {
  let least = length
  for (let k = 0; k < from.length; k++) {
    if (extent.to[k] <= extent.from[k]) continue
    if (to[k] <= from[k]) return 0
    const early = length - Math.max(0, from[k] - extent.from[k])
    const late = length - Math.max(0, extent.to[k] - to[k])
    least = Math.min(least, early, late, to[k] - from[k])
    if (least <= 0) return 0
  }
  return least
}

/** Distinct extents, thinned to at most `most`. */
function thinned(values: Float64Array[], most: number): Float64Array[] {
  const finite = (v: Float64Array) => v.reduce((sum, t) => sum + (Number.isFinite(t) ? t : 0), 0)
  const distinct = new Map(values.map((v) => [v.join(), v]))
  const sorted = [...distinct.values()].sort((a, b) => finite(a) - finite(b))
  if (sorted.length <= most) return sorted
  return Array.from({ length: most }, (_, k) => sorted[Math.round((k * (sorted.length - 1)) / (most - 1))])
}

/** The rows of a telescope that `chosen` (0 … 1 by candidate) breaks most: at most `count`. Null: any that may matter. */
export function findRows(hours: Hours, chosen: Float64Array | null, count: number, most = 40): Row[] {
  const { jobs, open, shortest } = hours
  const extent = extents(hours)
  const runs = open.length / 2
  const found: { excess: number; row: Row }[] = []
  const froms = thinned(
    extent.map((e) => e.from),
    most,
  )
  const tos = thinned(
    extent.map((e) => e.to),
    most,
  )
  const total = jobs.reduce((sum, j) => sum + j.length, 0)
  const parts = new Float64Array(jobs.length)
  for (const from of froms) {
    for (const to of tos) {
      const part = { from, to }
      let room = 0
      // Time in stretches that hold no job whole is lost.
      let seats = 0
      for (let k = 0; k < runs; k++) {
        const stretch = to[k] - from[k]
        if (!(stretch > 0)) continue
        room += stretch
        seats += Math.floor(stretch / shortest + 1e-9)
      }
      if (room <= shortest / 2 || room >= total) continue
      let load = 0
      let all = 0
      let whole = 0
      let wholeAll = 0
      for (let j = 0; j < jobs.length; j++) {
        parts[j] = inside(part, extent[j], jobs[j].length)
        if (parts[j] <= 0) continue
        const share = chosen ? chosen[jobs[j].candidate] : 1
        load += parts[j] * share
        all += parts[j]
        if (parts[j] === jobs[j].length) {
          whole += share
          wholeAll++
        }
      }
      if (all <= room && wholeAll <= seats) continue
      const excess = chosen ? (load - room) / shortest : all / room
      const seatExcess = chosen ? whole - seats : wholeAll / Math.max(1, seats)
      const least = chosen ? 1e-4 : 1
      if (excess > least) found.push({ excess, row: collect(jobs, (j) => parts[j], room) })
      if (seatExcess > least) {
        const row = collect(jobs, (j) => (parts[j] === jobs[j].length ? 1 : 0), seats)
        found.push({ excess: seatExcess, row })
      }
    }
  }
  return found
    .sort((a, b) => b.excess - a.excess)
    .slice(0, count)
    .map(({ row }) => row)
}

function collect(jobs: readonly Job[], factor: (job: number) => number, most: number): Row {
  const sums = new Map<number, number>()
  for (const [j, { candidate }] of jobs.entries()) {
    const part = factor(j)
    if (part > 0) sums.set(candidate, (sums.get(candidate) ?? 0) + part)
  }
  return { candidates: Int32Array.from(sums.keys()), factors: Float64Array.from(sums.values()), most }
}
