/**
 * A planning problem as numbers: times in seconds after an epoch, visits as nodes. A node is one visit still to be
 * placed, or one locked exposure that stays where it is.
 */
import type { PlanningProblem, TelescopeTask, Window } from './model.ts'
import { createSlewTable, type SlewTable } from './slew-table.ts'
import { fieldRegions, type FieldRegions } from './union.ts'
import { gapSeconds, visitExposures, visitSeconds } from './visit.ts'

const DAY = 86400
/** Kept free on both sides of windows and after each slew: MJD in doubles tells 1e-6 s apart, slews 1e-5 s. */
export const MARGIN = 1e-3
/** Most fields of one telescope for a table of gaps. */
const MOST_TABULATED = 1500

export interface Instance {
  readonly problem: PlanningProblem
  /** MJD of t = 0. */
  readonly epoch: number
  readonly regions: FieldRegions
  readonly durationS: Float64Array
  /** Between the starts of visits to one field. */
  readonly cadenceS: Float64Array
  readonly travel: readonly SlewTable[]
  /** Of each candidate: index among those of its telescope. */
  readonly local: Int32Array
  /** Candidates of each task. */
  readonly ofTask: readonly Int32Array[]
  /** Visits that each candidate still needs beyond its whole locked ones. */
  readonly needed: Int32Array
  /** First node of each candidate; its others follow. */
  readonly firstNode: Int32Array
  /** When a visit to a candidate may begin: pairs first, last, ascending and disjoint. */
  readonly starts: readonly Float64Array[]
  /** Locked nodes of each task in the order of time. */
  readonly fixed: readonly number[][]
  /** Candidates with a locked exposure. */
  readonly locked: Uint8Array
  readonly node: {
    readonly candidate: Int32Array
    /** 0 for the first free visit of its candidate; −1 for a locked exposure. */
    readonly visit: Int32Array
    readonly duration: Float64Array
    /** Of locked exposures; NaN for visits. */
    readonly start: Float64Array
    readonly firstFilter: Int32Array
    readonly lastFilter: Int32Array
  }
  /** From the end of node a (at time `end`) to the beginning of node b of the same telescope, s. */
  readonly gap: (a: number, b: number, end: number) => number
}

/** Makes the numbers of a problem. */
export function makeInstance(problem: PlanningProblem): Instance {
  const { tasks, candidates } = problem
  const locked = [...(problem.locked ?? [])].sort((a, b) => a.start - b.start)
  const moments = [...tasks, ...candidates].flatMap(({ windows }) => windows.flatMap((w) => [w.start, w.end]))
  for (const { start, exposureS } of locked) moments.push(start, start + exposureS / DAY)
  const epoch = moments.reduce((a, b) => Math.min(a, b), moments[0] ?? 0)
  const last = moments.reduce((a, b) => Math.max(a, b), epoch)

  const ofTask = tasks.map((_, t) =>
    Int32Array.from(candidates.keys()).filter((c) => candidates[c].telescope === t),
  )
  const local = new Int32Array(candidates.length)
  for (const list of ofTask) list.forEach((c, n) => (local[c] = n))
  const travel = tasks.map((task, t) =>
    createSlewTable(
      task.telescope,
      Array.from(ofTask[t], (c) => candidates[c].field),
      epoch,
      last,
    ),
  )

  const durationS = Float64Array.from(tasks, visitSeconds)
  const whole = wholeLockedVisits(problem)
  const needed = new Int32Array(candidates.length)
  const firstNode = new Int32Array(candidates.length)
  const filters = new Map<string, number>()
  const filterOf = (name: string) => {
    const known = filters.get(name)
    if (known !== undefined) return known
    filters.set(name, filters.size)
    return filters.size - 1
  }
  const nodes: {
    candidate: number
    visit: number
    duration: number
    start: number
    first: number
    last: number
  }[] = []
  for (const [c, { telescope: t }] of candidates.entries()) {
    needed[c] = Math.max(0, tasks[t].visits - (whole.get(c) ?? 0))
    firstNode[c] = nodes.length
    const first = filterOf(tasks[t].steps[0]?.filter ?? '')
    const lastFilter = filterOf(tasks[t].steps.at(-1)?.filter ?? '')
    for (let visit = 0; visit < needed[c]; visit++) {
      nodes.push({ candidate: c, visit, duration: durationS[t], start: NaN, first, last: lastFilter })
    }
  }
  const fixed: number[][] = tasks.map(() => [])
  const isLocked = new Uint8Array(candidates.length)
  for (const { candidate: c, filter, start, exposureS } of locked) {
    isLocked[c] = 1
    const t = candidates[c].telescope
    const overheadS = tasks[t].telescope.overheadS
    const begin = (start - epoch) * DAY - overheadS
    const before = nodes[fixed[t].at(-1) ?? -1]
    // Locked exposures on top of one another: what comes after them waits for the end of all.
    const end = Math.max(begin + overheadS + exposureS, before ? before.start + before.duration : -Infinity)
    fixed[t].push(nodes.length)
    const number = filterOf(filter)
    nodes.push({ candidate: c, visit: -1, duration: end - begin, start: begin, first: number, last: number })
  }
  const node = {
    candidate: Int32Array.from(nodes, (n) => n.candidate),
    visit: Int32Array.from(nodes, (n) => n.visit),
    duration: Float64Array.from(nodes, (n) => n.duration),
    start: Float64Array.from(nodes, (n) => n.start),
    firstFilter: Int32Array.from(nodes, (n) => n.first),
    lastFilter: Int32Array.from(nodes, (n) => n.last),
  }
  const starts = candidates.map((candidate, c) => {
    const t = candidate.telescope
    const cadence = tasks[t].cadenceS
    const taken = lockedVisitStarts(problem, c).map((start) => (start - epoch) * DAY)
    return startTimes(candidate.windows, tasks[t].windows, epoch, durationS[t], taken, cadence)
  })
  const task = Int32Array.from(node.candidate, (c) => candidates[c].telescope)
  const tables = tasks.map((_, t) => gapTable(problem, t, ofTask[t].length, travel[t]))
  const gap = (a: number, b: number, end: number) => {
    const t = task[a]
    const from = local[node.candidate[a]]
    const to = local[node.candidate[b]]
    const table = tables[t]
    if (table && node.visit[a] >= 0 && node.visit[b] >= 0) return table[from * ofTask[t].length + to]
    const slew = from === to ? 0 : travel[t].estimate(from, to, end)
    return gapSeconds(tasks[t].telescope, slew, node.lastFilter[a] !== node.firstFilter[b]) + MARGIN
  }
  return {
    problem,
    epoch,
    regions: fieldRegions(problem.coverage),
    durationS,
    cadenceS: Float64Array.from(tasks, (task) => task.cadenceS + MARGIN),
    travel,
    local,
    ofTask,
    needed,
    firstNode,
    starts,
    fixed,
    locked: isLocked,
    node,
    gap,
  }
}

/** Gaps between whole visits of fields (row: from, column: to), where they do not depend on the time. */
function gapTable(
  problem: PlanningProblem,
  t: number,
  fields: number,
  travel: SlewTable,
): Float32Array | null {
  if (!travel.timeless || fields > MOST_TABULATED) return null
  const { telescope, steps } = problem.tasks[t]
  const otherFilter = steps.length > 0 && steps[0].filter !== steps[steps.length - 1].filter
  const table = new Float32Array(fields * fields)
  for (let from = 0; from < fields; from++) {
    for (let to = 0; to < fields; to++) {
      table[from * fields + to] = gapSeconds(telescope, travel.estimate(from, to, 0), otherFilter) + MARGIN
    }
  }
  return table
}

/** Visits whose locked exposures hold, filter by filter, as many as the task asks for: how many of each candidate. */
function wholeLockedVisits(problem: PlanningProblem): Map<number, number> {
  const counts = new Map<string, number>()
  for (const { candidate, visit, filter } of problem.locked ?? []) {
    const key = `${candidate} ${visit} ${filter}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const whole = new Map<number, number>()
  const seen = new Set<string>()
  for (const { candidate, visit } of problem.locked ?? []) {
    if (seen.has(`${candidate} ${visit}`)) continue
    seen.add(`${candidate} ${visit}`)
    const asked = askedByFilter(problem.tasks[problem.candidates[candidate].telescope])
    const complete = [...asked].every(
      ([filter, n]) => (counts.get(`${candidate} ${visit} ${filter}`) ?? 0) >= n,
    )
    if (complete) whole.set(candidate, (whole.get(candidate) ?? 0) + 1)
  }
  return whole
}

function askedByFilter(task: TelescopeTask): Map<string, number> {
  const asked = new Map<string, number>()
  for (const { filter } of visitExposures(task)) asked.set(filter, (asked.get(filter) ?? 0) + 1)
  return asked
}

/** Beginning (with overhead) of each visit of which an exposure is locked, MJD. */
function lockedVisitStarts(problem: PlanningProblem, candidate: number): number[] {
  const overheadS = problem.tasks[problem.candidates[candidate].telescope].telescope.overheadS
  const first = new Map<number, number>()
  for (const exposure of problem.locked ?? []) {
    if (exposure.candidate !== candidate) continue
    first.set(exposure.visit, Math.min(first.get(exposure.visit) ?? Infinity, exposure.start))
  }
  return [...first.values()].map((start) => start - overheadS / DAY)
}

/** Times, s after the epoch, at which a visit may begin so that it lies in one window of the field and one of the telescope. */
function startTimes(
  field: readonly Window[],
  telescope: readonly Window[],
  epoch: number,
  durationS: number,
  taken: readonly number[],
  cadenceS: number,
): Float64Array {
  let spans: [number, number][] = []
  for (const a of field) {
    for (const b of telescope) {
      const start = (Math.max(a.start, b.start) - epoch) * DAY
      const slack = (Math.min(a.end, b.end) - epoch) * DAY - durationS - start
      if (slack < -1e-6) continue
      const margin = Math.max(0, Math.min(MARGIN, slack / 2))
      spans.push([start + margin, start + Math.max(margin, slack - margin)])
    }
  }
  for (const moment of taken) {
    const from = moment - cadenceS - MARGIN
    const to = moment + cadenceS + MARGIN
    spans = spans.flatMap(([a, b]) => {
      const pieces: [number, number][] = []
      if (a <= from) pieces.push([a, Math.min(b, from)])
      if (b >= to) pieces.push([Math.max(a, to), b])
      return pieces
    })
  }
  spans.sort((a, b) => a[0] - b[0])
  const merged: number[] = []
  for (const [a, b] of spans) {
    if (merged.length && a <= merged[merged.length - 1]) {
      merged[merged.length - 1] = Math.max(merged[merged.length - 1], b)
    } else merged.push(a, b)
  }
  return Float64Array.from(merged)
}
