/**
 * What the hours of a telescope allow whatever the order of visits: in any stretch of time, the visits that must lie in
 * it take no more time than it has. Each visit counts with the least gap that can follow it.
 */
import { MARGIN, type Instance } from './instance.ts'
import { gapSeconds } from './visit.ts'
import { radiansPerDegree, unitVector } from '#science/sky/vectors.ts'
import type { Axis, Slew } from './model.ts'

/** One visit that a field needs if it is chosen. Times in seconds after the epoch. */
export interface Job {
  readonly candidate: number
  /** It begins not before this … */
  readonly release: number
  /** … and is over, with the least gap after it, not later than this. */
  readonly deadline: number
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
    jobs.push({
      candidate: c,
      release: first[k] - LOOSE,
      deadline: last[k] + duration + gap + LOOSE,
      length: duration + gap,
    })
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
      else {
        const dot =
          vectors[i][0] * vectors[j][0] + vectors[i][1] * vectors[j][1] + vectors[i][2] * vectors[j][2]
        slew = Math.min(slew, leastSlew(telescope.slew, Math.acos(Math.min(1, Math.max(-1, dot)))))
      }
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

/** No slew over this angle (radians) of an altazimuth mount takes less: one of its axes turns at least that far. */
function leastSlew(slew: Slew, angle: number): number {
  if (slew.mount !== 'altazimuth') return 0
  const half = Math.sin(angle / 2) / Math.SQRT2
  const turn = (2 * Math.asin(half)) / radiansPerDegree
  if (turn < 1e-6) return 0
  return slew.settleS + Math.min(axisTime(slew.azimuth, turn), axisTime(slew.altitude, turn))
}

function axisTime({ rateDegPerS: rate, accelerationDegPerS2: acceleration }: Axis, angle: number): number {
  if (acceleration === undefined) return angle / rate
  const ramp = (rate * rate) / acceleration
  return angle < ramp ? 2 * Math.sqrt(angle / acceleration) : (angle + ramp) / rate
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

/** Time that a telescope has between two moments, s. */
export function openTime({ open }: Hours, from: number, to: number): number {
  let sum = 0
  for (let e = 0; e < open.length; e += 2) {
    sum += Math.max(0, Math.min(open[e + 1], to) - Math.max(open[e], from))
  }
  return sum
}

/** Of a job, what lies between two moments wherever it is put. */
function inside({ release, deadline, length }: Job, from: number, to: number): number {
  const early = length - Math.max(0, from - release)
  const late = length - Math.max(0, deadline - to)
  return Math.max(0, Math.min(early, late, to - from))
}

/** Moments between which rows are tried: releases (or deadlines) of the jobs, thinned to at most `most`. */
function moments(values: number[], most: number): number[] {
  const sorted = [...new Set(values)].sort((a, b) => a - b)
  if (sorted.length <= most) return sorted
  return Array.from({ length: most }, (_, k) => sorted[Math.round((k * (sorted.length - 1)) / (most - 1))])
}

/** The rows of a telescope that `chosen` (0 … 1 by candidate) breaks most: at most `count`. Null: any that may matter. */
export function findRows(hours: Hours, chosen: Float64Array | null, count: number, most = 40): Row[] {
  const { jobs } = hours
  const found: { excess: number; row: Row }[] = []
  const from = moments(
    jobs.map((j) => j.release),
    most,
  )
  const to = moments(
    jobs.map((j) => j.deadline),
    most,
  )
  const total = jobs.reduce((sum, j) => sum + j.length, 0)
  for (const a of from) {
    for (const b of to) {
      if (b <= a + hours.shortest / 2) continue
      const room = openTime(hours, a, b)
      if (room >= total) continue
      let load = 0
      let all = 0
      let whole = 0
      let wholeAll = 0
      for (const job of jobs) {
        const part = inside(job, a, b)
        if (part <= 0) continue
        const share = chosen ? chosen[job.candidate] : 1
        load += part * share
        all += part
        if (job.release >= a && job.deadline <= b) {
          whole += share
          wholeAll++
        }
      }
      if (all <= room) continue
      // Time in stretches that hold no job whole is lost.
      const seats = seatsOf(hours, a, b)
      const excess = chosen ? (load - room) / hours.shortest : all / room
      const seatExcess = chosen ? whole - seats : wholeAll / Math.max(1, seats)
      const least = chosen ? 1e-4 : 1
      if (excess > least) found.push({ excess, row: timeRow(jobs, a, b, room) })
      if (seatExcess > least) found.push({ excess: seatExcess, row: seatRow(jobs, a, b, seats) })
    }
  }
  return found
    .sort((a, b) => b.excess - a.excess)
    .slice(0, count)
    .map(({ row }) => row)
}

/** How many of the shortest jobs fit whole between two moments. */
function seatsOf({ open, shortest }: Hours, from: number, to: number): number {
  let seats = 0
  for (let e = 0; e < open.length; e += 2) {
    const room = Math.min(open[e + 1], to) - Math.max(open[e], from)
    if (room > 0) seats += Math.floor(room / shortest + 1e-9)
  }
  return seats
}

function timeRow(jobs: readonly Job[], a: number, b: number, most: number): Row {
  return collect(jobs, (job) => inside(job, a, b), most)
}

function seatRow(jobs: readonly Job[], a: number, b: number, most: number): Row {
  return collect(jobs, (job) => (job.release >= a && job.deadline <= b ? 1 : 0), most)
}

function collect(jobs: readonly Job[], factor: (job: Job) => number, most: number): Row {
  const sums = new Map<number, number>()
  for (const job of jobs) {
    const part = factor(job)
    if (part > 0) sums.set(job.candidate, (sums.get(job.candidate) ?? 0) + part)
  }
  return { candidates: Int32Array.from(sums.keys()), factors: Float64Array.from(sums.values()), most }
}
