/**
 * Whether a schedule keeps what was asked, reckoned from the exposures alone: nothing here comes from the scheduler's own
 * bookkeeping. The last check before a plan goes out.
 */
import type { Locked, PlanningProblem, Schedule, ScheduledExposure, TelescopeTask, Window } from './model.ts'
import { slewSeconds } from './slew.ts'

const DAY = 86400
/** Times in MJD are told apart to 1e-6 s; this much late is still on time, s. */
const TOLERANCE = 2e-5
/** Relative. */
const WEIGHT_TOLERANCE = 1e-9

interface Visit {
  readonly candidate: number
  readonly number: number
  readonly exposures: ScheduledExposure[]
  /** Some exposure of it is locked. */
  readonly locked: boolean
}

/** Every constraint that the schedule breaks, in words; empty for a good one. */
export function violations(problem: PlanningProblem, schedule: Schedule): string[] {
  const found: string[] = []
  const isLocked = lockedTest(problem.locked ?? [])
  const known = schedule.exposures.filter((e) => {
    if (problem.candidates[e.candidate]) return true
    found.push(`An exposure names candidate ${e.candidate}, which the problem does not have.`)
    return false
  })
  const visits = visitsOf(known, isLocked)
  for (const [t, task] of problem.tasks.entries()) {
    const mine = visits.filter(({ candidate }) => problem.candidates[candidate].telescope === t)
    found.push(
      ...sequence(
        problem,
        task,
        mine.flatMap((v) => v.exposures),
        isLocked,
      ),
    )
    for (const visit of mine) if (!visit.locked) found.push(...oneVisit(problem, task, visit, mine))
    found.push(...cadences(problem, task, mine))
    found.push(...fieldCounts(problem, task, t, mine))
  }
  found.push(...locks(problem, known))
  found.push(...pins(problem, visits))
  found.push(...weights(problem, schedule, visits))
  return found
}

function name(problem: PlanningProblem, candidate: number): string {
  const { telescope, field } = problem.candidates[candidate]
  return `field ${field.id} of ${problem.tasks[telescope].telescope.slug}`
}

const end = (e: { start: number; exposureS: number }) => e.start + e.exposureS / DAY

function lockedTest(locked: readonly Locked[]): (e: ScheduledExposure) => boolean {
  const keys = new Set(locked.map((l) => `${l.candidate} ${l.visit} ${l.filter} ${l.start}`))
  return (e) => keys.has(`${e.candidate} ${e.visit} ${e.filter} ${e.start}`)
}

function visitsOf(
  exposures: readonly ScheduledExposure[],
  isLocked: (e: ScheduledExposure) => boolean,
): Visit[] {
  const visits = new Map<string, ScheduledExposure[]>()
  for (const e of exposures.toSorted((a, b) => a.start - b.start)) {
    const key = `${e.candidate} ${e.visit}`
    const list = visits.get(key)
    if (list) list.push(e)
    else visits.set(key, [e])
  }
  return [...visits.values()].map((list) => ({
    candidate: list[0].candidate,
    number: list[0].visit,
    exposures: list,
    locked: list.some(isLocked),
  }))
}

/** What comes one after the other at one telescope: room for readout, slew, filter change and overhead. */
function sequence(
  problem: PlanningProblem,
  task: TelescopeTask,
  exposures: ScheduledExposure[],
  isLocked: (e: ScheduledExposure) => boolean,
): string[] {
  const { telescope } = task
  const found: string[] = []
  exposures.sort((a, b) => a.start - b.start)
  for (let i = 1; i < exposures.length; i++) {
    const [a, b] = [exposures[i - 1], exposures[i]]
    if (isLocked(a) && isLocked(b)) continue
    const between = (b.start - end(a)) * DAY
    const [from, to] = [problem.candidates[a.candidate].field, problem.candidates[b.candidate].field]
    const slewAt = (mjd: number) =>
      from === to ? 0 : slewSeconds(telescope.slew, telescope.observer, from, to, mjd)
    const atOnce = slewAt(end(a) + (telescope.readoutBlocksSlew ? telescope.readoutS / DAY : 0))
    const justInTime = slewAt(b.start - (telescope.overheadS + atOnce) / DAY)
    const slew = between > telescope.readoutS + atOnce + telescope.overheadS + 60 ? justInTime : atOnce
    const change = a.filter === b.filter ? 0 : telescope.filterChangeS
    const read = telescope.readoutS
    const move = telescope.readoutBlocksSlew ? read + slew : read > slew ? read : slew
    const need = move + change + telescope.overheadS
    const where = `${name(problem, b.candidate)}, visit ${b.visit}`
    if (between < need - TOLERANCE) {
      found.push(
        `The exposure of ${where} opens ${between.toFixed(3)} s after the one before it closes; readout, slew, filter change and overhead take ${need.toFixed(3)} s.`,
      )
    }
    if (!isLocked(b) && b.slewS < slew - 1e-3) {
      found.push(`The slew to ${where} is given as ${b.slewS.toFixed(3)} s and takes ${slew.toFixed(3)} s.`)
    }
    if (!isLocked(b) && b.filterChangeS !== change) {
      found.push(`The filter change before ${where} is given as ${b.filterChangeS} s and takes ${change} s.`)
    }
  }
  for (const e of exposures) {
    if (e.readoutS !== telescope.readoutS)
      found.push(`A readout of ${telescope.slug} is given as ${e.readoutS} s.`)
  }
  return found
}

/** The exposures of one visit, in one piece, inside one window. */
function oneVisit(
  problem: PlanningProblem,
  task: TelescopeTask,
  visit: Visit,
  all: readonly Visit[],
): string[] {
  const found: string[] = []
  const where = `Visit ${visit.number} of ${name(problem, visit.candidate)}`
  const asked = task.steps.flatMap(({ filter, exposureS, count }) =>
    Array.from({ length: count }, () => `${filter} ${exposureS}`),
  )
  const done = visit.exposures.map(({ filter, exposureS }) => `${filter} ${exposureS}`)
  if (asked.join() !== done.join())
    found.push(`${where} takes ${done.join(', ')} instead of ${asked.join(', ')}.`)
  const last = visit.exposures[visit.exposures.length - 1]
  const from = visit.exposures[0].start - task.telescope.overheadS / DAY
  const inside = ({ start, end: stop }: Window) =>
    (start - from) * DAY <= TOLERANCE && (end(last) - stop) * DAY <= TOLERANCE
  if (!problem.candidates[visit.candidate].windows.some(inside)) {
    found.push(`${where} lies in no window of the field.`)
  }
  if (!task.windows.some(inside)) found.push(`${where} lies outside the hours of ${task.telescope.slug}.`)
  for (const other of all) {
    if (other !== visit && other.exposures.some((e) => e.start >= from && e.start < end(last))) {
      found.push(`${where} is interrupted by ${name(problem, other.candidate)}.`)
    }
  }
  return found
}

function byCandidate(visits: readonly Visit[]): Map<number, Visit[]> {
  const fields = new Map<number, Visit[]>()
  for (const visit of visits) {
    const list = fields.get(visit.candidate)
    if (list) list.push(visit)
    else fields.set(visit.candidate, [visit])
  }
  return fields
}

function cadences(problem: PlanningProblem, task: TelescopeTask, visits: readonly Visit[]): string[] {
  const found: string[] = []
  for (const [candidate, list] of byCandidate(visits)) {
    const inOrder = list.toSorted((a, b) => a.exposures[0].start - b.exposures[0].start)
    for (let i = 1; i < inOrder.length; i++) {
      if (inOrder[i].locked && inOrder[i - 1].locked) continue
      const apart = (inOrder[i].exposures[0].start - inOrder[i - 1].exposures[0].start) * DAY
      if (apart < task.cadenceS - TOLERANCE) {
        found.push(
          `Visits to ${name(problem, candidate)} begin ${apart.toFixed(1)} s apart, not ${task.cadenceS} s.`,
        )
      }
    }
  }
  return found
}

/** Exposures of each filter as many as asked. */
function isWhole(task: TelescopeTask, visit: Visit): boolean {
  return task.steps.every(({ filter }) => {
    const asked = task.steps.reduce((sum, s) => sum + (s.filter === filter ? s.count : 0), 0)
    return visit.exposures.filter((e) => e.filter === filter).length >= asked
  })
}

function fieldCounts(
  problem: PlanningProblem,
  task: TelescopeTask,
  t: number,
  visits: readonly Visit[],
): string[] {
  const found: string[] = []
  const fields = byCandidate(visits)
  for (const [candidate, list] of fields) {
    const whole = list.filter((v) => isWhole(task, v)).length
    if (list.some((v) => v.locked)) continue
    if (whole !== task.visits) {
      found.push(`${name(problem, candidate)} is visited ${whole} times instead of ${task.visits}.`)
    }
  }
  const locked = new Set<number>()
  for (const { candidate } of problem.locked ?? []) {
    if (problem.candidates[candidate].telescope === t) locked.add(candidate)
  }
  const most = Math.max(task.maxFields ?? Infinity, locked.size)
  if (fields.size > most)
    found.push(`${task.telescope.slug} visits ${fields.size} fields; at most ${most} were asked for.`)
  return found
}

function locks(problem: PlanningProblem, exposures: readonly ScheduledExposure[]): string[] {
  const found: string[] = []
  for (const l of problem.locked ?? []) {
    const same = exposures.filter(
      (e) =>
        e.candidate === l.candidate &&
        e.visit === l.visit &&
        e.filter === l.filter &&
        e.start === l.start &&
        e.exposureS === l.exposureS,
    )
    if (same.length === 0) {
      found.push(`A locked exposure of ${name(problem, l.candidate)} in ${l.filter} is missing or was moved.`)
    }
  }
  return found
}

/** A pinned field is missing although it has room once all that is neither pinned nor locked is taken away. */
function pins(problem: PlanningProblem, visits: readonly Visit[]): string[] {
  const found: string[] = []
  const pinned = new Set(problem.pinned)
  const present = new Set(visits.map(({ candidate }) => candidate))
  for (const c of pinned) {
    if (present.has(c)) continue
    const t = problem.candidates[c].telescope
    const task = problem.tasks[t]
    const kept = visits.filter(
      (v) => problem.candidates[v.candidate].telescope === t && (pinned.has(v.candidate) || v.locked),
    )
    if (byCandidate(kept).size >= (task.maxFields ?? Infinity)) continue
    if (hasRoom(problem, task, c, kept))
      found.push(`The pinned ${name(problem, c)} is not in the plan, though it has room.`)
  }
  return found
}

/** Whether all visits to a field fit beside others that stay where they are; on a grid of times, so no surely means no. */
function hasRoom(problem: PlanningProblem, task: TelescopeTask, c: number, kept: readonly Visit[]): boolean {
  const { telescope } = task
  let length = 0
  let filter: string | undefined
  for (const step of task.steps) {
    for (let n = 0; n < step.count; n++) {
      if (filter !== undefined)
        length += telescope.readoutS + (filter === step.filter ? 0 : telescope.filterChangeS)
      length += telescope.overheadS + step.exposureS
      filter = step.filter
    }
  }
  const here = problem.candidates[c].field
  const slack = telescope.readoutS + telescope.overheadS + telescope.filterChangeS + 1
  const free = (start: number) =>
    kept.every(({ candidate, exposures }) => {
      const there = problem.candidates[candidate].field
      const slew = (from: typeof here, to: typeof here) =>
        slewSeconds(telescope.slew, telescope.observer, from, to, start)
      const first = exposures[0].start
      const last = end(exposures[exposures.length - 1])
      return (
        (first - start) * DAY >= length + slew(here, there) * 1.1 + slack ||
        (start - last) * DAY >= slew(there, here) * 1.1 + slack
      )
    })
  let done = 0
  let earliest = -Infinity
  const spans = problem.candidates[c].windows.flatMap((w) =>
    task.windows.map(
      (h) => [Math.max(w.start, h.start), Math.min(w.end, h.end) - (length + 1) / DAY] as const,
    ),
  )
  for (const [from, to] of spans.toSorted((a, b) => a[0] - b[0])) {
    for (
      let start = Math.max(from, earliest) + 0.01 / DAY;
      start <= to && done < task.visits;
      start += 30 / DAY
    ) {
      if (start < earliest || !free(start)) continue
      done++
      earliest = start + Math.max(task.cadenceS, length + slack) / DAY
    }
  }
  return done >= task.visits
}

function weights(problem: PlanningProblem, schedule: Schedule, visits: readonly Visit[]): string[] {
  const found: string[] = []
  const complete = new Set<number>()
  for (const [candidate, list] of byCandidate(visits)) {
    const task = problem.tasks[problem.candidates[candidate].telescope]
    if (list.filter((v) => isWhole(task, v)).length >= task.visits) complete.add(candidate)
  }
  const { weight, offsets, members, total } = problem.coverage
  let sum = 0
  for (let region = 0; region < weight.length; region++) {
    if (members.subarray(offsets[region], offsets[region + 1]).some((c) => complete.has(c)))
      sum += weight[region]
  }
  const tolerance = WEIGHT_TOLERANCE * Math.max(total, sum)
  if (Math.abs(sum - schedule.objective) > tolerance) {
    found.push(`The weight covered is given as ${schedule.objective}; the complete fields cover ${sum}.`)
  }
  if (schedule.bound < sum - tolerance)
    found.push(`The bound ${schedule.bound} is below what the plan covers, ${sum}.`)
  return found
}
