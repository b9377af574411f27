/**
 * The order of a schedule that is otherwise settled: what weighs most comes first where that costs nothing. The same
 * visits of the same telescope change places; which fields are in, and so what is covered, stays.
 */
import type { ScheduledExposure } from './model.ts'
import { copyOrder, firstStart, settle, type Routes } from './routes.ts'
import { timelineOf } from './timeline.ts'

/** A second between visits counts as if it delayed this part of all weight, so that small differences make no zigzag. */
const IDLE_SHARE = 0.1
/** Most passes over all fields. */
const MOST_PASSES = 12
/** Places tried for each field, those that promise most first, and how often a better one may still be bettered. */
const MOST_PLACES = 24
const MOST_BETTER = 4
/** Gains below this part of all weight times one second are noise. */
const LEAST = 1e-4
const DAY = 86400

/**
 * The exposures of `routes` in an order in which Σ field weight × end of the field's last visit is smaller, or
 * `exposures` (those of `routes` as it stands) for telescopes where there is none. Locked exposures stay; windows, slews
 * and cadence hold as before. Ends after `seconds`; `now` in milliseconds. Leaves `routes` with the new order.
 */
export function frontLoad(
  routes: Routes,
  exposures: readonly ScheduledExposure[],
  { seconds, now }: { seconds: number; now: () => number },
): readonly ScheduledExposure[] {
  const { problem } = routes.instance
  const was = copyOrder(routes)
  const until = now() + 1000 * seconds
  const tasks = [...was.keys()].filter((t) => was[t].length > 1)
  for (const [k, t] of tasks.entries()) {
    const share = (until - now()) / (tasks.length - k)
    const order = reorder(routes, t, now() + share, now)
    routes.order[t].splice(0, Infinity, ...order)
    settle(routes, t)
  }
  const found = timelineOf(routes)
  const before = weightedTimes(routes, exposures)
  const after = weightedTimes(routes, found.exposures)
  const worse = new Set(found.late.map((c) => problem.candidates[c].telescope))
  for (const t of was.keys()) if (!(after[t] < before[t])) worse.add(t)
  for (const t of worse) {
    routes.order[t].splice(0, Infinity, ...was[t])
    settle(routes, t)
  }
  const from = (list: readonly ScheduledExposure[], kept: boolean) =>
    list.filter((e) => worse.has(problem.candidates[e.candidate].telescope) === kept)
  return [...from(exposures, true), ...from(found.exposures, false)].toSorted((a, b) => a.start - b.start)
}

/** Of each telescope: Σ field weight × end of its last exposure, days after the epoch. */
function weightedTimes({ instance }: Routes, exposures: readonly ScheduledExposure[]): Float64Array {
  const { problem, epoch } = instance
  const last = new Map<number, number>()
  for (const { candidate, start, exposureS } of exposures) {
    last.set(candidate, Math.max(last.get(candidate) ?? -Infinity, start - epoch + exposureS / DAY))
  }
  const sums = new Float64Array(problem.tasks.length)
  for (const [c, end] of last) sums[problem.candidates[c].telescope] += problem.coverage.fieldWeight[c] * end
  return sums
}

/** A better order of one telescope's nodes, found by pulling fields forward and swapping neighbours. */
function reorder(routes: Routes, t: number, until: number, now: () => number): number[] {
  const { node, needed, firstNode, problem } = routes.instance
  const weight = problem.coverage.fieldWeight
  settle(routes, t)
  const trial = createTrial(routes, t)
  const fields = [...new Set(trial.order.filter((n) => node.visit[n] >= 0).map((n) => node.candidate[n]))]
  fields.sort((a, b) => weight[b] - weight[a])
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    let moved = false
    for (const c of fields) {
      if (now() > until) return trial.order
      const first = firstNode[c]
      const behind = first + needed[c]
      const rest = trial.order.filter((n) => n < first || n >= behind)
      const was = trial.order.indexOf(first)
      let best = trial.least
      let place = -1
      let feasible = 0
      for (const p of trial.promising(rest, was, first, behind)) {
        const change = trial.run(rest, p, first, behind, best)
        if (change < Infinity) place = p
        best = Math.min(best, change)
        if (change < Infinity && ++feasible === MOST_BETTER) break
      }
      if (place < 0) continue
      trial.run(rest, place, first, behind, Infinity)
      trial.accept()
      moved = true
    }
    for (let p = 0; p + 1 < trial.order.length; p++) {
      const [a, b] = [trial.order[p], trial.order[p + 1]]
      if (node.candidate[a] === node.candidate[b] || (node.visit[a] < 0 && node.visit[b] < 0)) continue
      if (p % 16 === 0 && now() > until) return trial.order
      const swapped = trial.order.slice()
      swapped[p] = b
      swapped[p + 1] = a
      if (trial.run(swapped, p, 0, 0, trial.least) >= trial.least) continue
      trial.accept()
      moved = true
    }
    if (!moved) break
  }
  return trial.order
}

interface Trial {
  order: number[]
  /** What a change must stay below to count. */
  readonly least: number
  /** Positions in `rest` for the first of these visits, now at `was`, the most promising first. */
  readonly promising: (rest: readonly number[], was: number, first: number, behind: number) => number[]
  /**
   * What changes, weight × s, if from position `p` on the nodes of `rest` follow with visits `first` … `behind` − 1
   * among them: the first at once, each other as soon as it can begin without waiting. Infinity: not possible, or not
   * below `limit`, or later in the weighted sum of times.
   */
  readonly run: (rest: readonly number[], p: number, first: number, behind: number, limit: number) => number
  /** Makes the order that was run last the present one. */
  readonly accept: () => void
}

function createTrial(routes: Routes, t: number): Trial {
  const { instance } = routes
  const { node, needed, starts, gap, problem } = instance
  const { candidate, visit, duration } = node
  const cadence = instance.cadenceS[t]
  const begin = routes.earliest.slice()
  const before = routes.before.slice()
  const nextBegin = begin.slice()
  const nextBefore = before.slice()
  const pull = new Float64Array(begin.length)
  let all = 0
  for (const n of routes.order[t]) {
    if (visit[n] < 0 || visit[n] !== needed[candidate[n]] - 1) continue
    pull[n] = problem.coverage.fieldWeight[candidate[n]]
    all += pull[n]
  }
  const several = problem.tasks[t].visits > 1
  const next: number[] = []

  const trial: Trial = {
    order: routes.order[t].slice(),
    least: -LEAST * all,
    promising(rest, was, first, behind) {
      const mine = starts[candidate[first]]
      const length = duration[first]
      const count = behind - first
      const step = Math.max(cadence, length)
      // At its own place a single visit stays as it is; later ones of several may still come sooner.
      const places: { p: number; promise: number }[] = count > 1 ? [{ p: was, promise: 0 }] : []
      let passed = 0
      for (let p = was - 1; p >= 0; p--) {
        const after = rest[p]
        passed += pull[after]
        const last = p > 0 ? rest[p - 1] : -1
        const end = last >= 0 ? begin[last] + duration[last] : -Infinity
        const to = last >= 0 ? gap(last, first, end) : 0
        const start = firstStart(mine, end + to)
        if (start >= begin[first]) continue
        const on = gap(first, after, start + length)
        const delay = Math.max(0, start + length + on - begin[after])
        if (visit[after] < 0 && delay > 0) continue
        const sooner = Math.max(0, begin[behind - 1] - start - (count - 1) * step)
        const detour = to + on - before[after]
        const promise = pull[behind - 1] * sooner - delay * passed - IDLE_SHARE * all * detour
        places.push({ p, promise })
      }
      places.sort((a, b) => b.promise - a.promise)
      return places.slice(0, MOST_PLACES).map(({ p }) => p)
    },
    run(rest, p, first, behind, limit) {
      next.length = p
      for (let q = 0; q < p; q++) {
        next[q] = rest[q]
        keep(rest[q])
      }
      let last = p > 0 ? rest[p - 1] : -1
      let end = last >= 0 ? begin[last] + duration[last] : -Infinity
      let pending = first
      let later = 0
      let idle = 0
      for (let i = p; i < rest.length || pending < behind;) {
        let n = i < rest.length ? rest[i] : pending
        if (pending < behind && n !== pending && (pending === first || isReady(pending, last, end, n))) {
          n = pending
        }
        if (n === pending && pending < behind) pending++
        else i++
        const between = last >= 0 ? gap(last, n, end) : 0
        let from = end + between
        let start = node.start[n]
        if (visit[n] < 0) {
          if (from > start && last >= 0 && visit[last] >= 0) return Infinity
        } else {
          // Visits in front of position p are where they were.
          if (visit[n] > 0) from = Math.max(from, nextBegin[n - 1] + cadence)
          start = firstStart(starts[candidate[n]], from)
          if (start === Infinity) return Infinity
        }
        later += pull[n] * (start - begin[n])
        idle += between - before[n]
        nextBegin[n] = start
        nextBefore[n] = between
        next.push(n)
        last = n
        end = start + duration[n]
        if (pending < behind) continue
        const q = next.length - 1
        if (trial.order[q] !== n) {
          // What is passed over only comes later still.
          if (later >= 0 && q > p + 1) return Infinity
        } else if (!several && q > p && start === begin[n]) {
          // All that was moved is behind, and this begins as before: so does the rest.
          for (; i < rest.length; i++) {
            next.push(rest[i])
            keep(rest[i])
          }
        }
      }
      const change = later + IDLE_SHARE * all * idle
      return later > 0 || change >= limit ? Infinity : change
    },
    accept() {
      trial.order = next.slice()
      for (const n of next) {
        begin[n] = nextBegin[n]
        before[n] = nextBefore[n]
      }
    },
  }
  return trial

  function keep(n: number): void {
    nextBegin[n] = begin[n]
    nextBefore[n] = before[n]
  }

  /** A later visit that would begin without waiting after node `last`, and is over before a locked exposure `n`. */
  function isReady(m: number, last: number, end: number, n: number): boolean {
    const from = end + (last >= 0 ? gap(last, m, end) : 0)
    if (from < nextBegin[m - 1] + cadence || firstStart(starts[candidate[m]], from) !== from) return false
    return visit[n] >= 0 || from + duration[m] + gap(m, n, from + duration[m]) <= node.start[n]
  }
}
