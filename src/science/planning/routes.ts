/**
 * Timelines under construction: for each telescope the nodes in the order of time, with the earliest and the latest
 * moment at which each can begin while all others stay possible. Both are exact (each bound on a start is a rising
 * function of another start), so whether a visit fits between two others costs one comparison.
 */
import type { Instance } from './instance.ts'
import { createUnion, type Union } from './union.ts'

export interface Routes {
  readonly instance: Instance
  readonly union: Union
  readonly order: number[][]
  /** By node. */
  readonly earliest: Float64Array
  readonly latest: Float64Array
  /** Candidates whose visits are all in. */
  readonly inside: Uint8Array
  /** Distinct candidates of each task that take part, locked ones with them. */
  readonly distinct: Int32Array
  /** Seconds between nodes that are neither visit nor waiting. */
  readonly idle: Float64Array
  /** By node: the gap in front of it. */
  readonly before: Float64Array
}

/** How an insertion is judged: `detour` is the time lost between visits, `delay` how much later the next one begins. */
export interface Taste {
  readonly detour: number
  readonly delay: number
  /** Factor 1 … 1 + noise on each place. */
  readonly noise: number
  readonly random: () => number
}

export const plainTaste: Taste = { detour: 1, delay: 0.2, noise: 0, random: () => 0 }

/** Timelines with nothing but what is locked. */
export function emptyRoutes(instance: Instance): Routes {
  const { problem, node } = instance
  const routes: Routes = {
    instance,
    union: createUnion(problem.coverage.weight, instance.regions),
    order: problem.tasks.map(() => []),
    earliest: new Float64Array(node.candidate.length),
    latest: new Float64Array(node.candidate.length),
    inside: new Uint8Array(problem.candidates.length),
    distinct: new Int32Array(problem.tasks.length),
    idle: new Float64Array(problem.tasks.length),
    before: new Float64Array(node.candidate.length),
  }
  clearRoutes(routes)
  return routes
}

/** Takes everything out that is not locked. */
export function clearRoutes(routes: Routes): void {
  setRoutes(routes, routes.instance.fixed)
}

/** Makes the timelines those given (as another's `order`). False: they are not possible. */
export function setRoutes(routes: Routes, orders: readonly (readonly number[])[]): boolean {
  const { instance, union } = routes
  const { candidates } = instance.problem
  const count = new Int32Array(candidates.length)
  let good = true
  for (const [t, order] of orders.entries()) {
    const mine = routes.order[t]
    let same = mine.length === order.length
    for (let p = 0; p < order.length; p++) {
      if (mine[p] !== order[p]) same = false
      mine[p] = order[p]
      if (instance.node.visit[order[p]] >= 0) count[instance.node.candidate[order[p]]]++
    }
    mine.length = order.length
    if (!same) good = settle(routes, t) && good
  }
  routes.distinct.fill(0)
  for (let c = 0; c < candidates.length; c++) {
    const inside = count[c] === instance.needed[c] && (count[c] > 0 || instance.locked[c] === 1)
    if (inside !== (routes.inside[c] === 1)) {
      if (inside) union.add(c)
      else union.remove(c)
      routes.inside[c] = inside ? 1 : 0
    }
    if (inside || instance.locked[c]) routes.distinct[candidates[c].telescope]++
  }
  return good
}

/** First moment from `t` on at which a visit to this candidate may begin; Infinity: none. */
export function firstStart(starts: Float64Array, t: number): number {
  for (let e = 0; e < starts.length; e += 2) if (t <= starts[e + 1]) return t > starts[e] ? t : starts[e]
  return Infinity
}

function lastStart(starts: Float64Array, t: number): number {
  for (let e = starts.length - 2; e >= 0; e -= 2)
    if (t >= starts[e]) return t < starts[e + 1] ? t : starts[e + 1]
  return -Infinity
}

/**
 * Reckons earliest and latest moments of one telescope; false: some node comes too late. After a node was put in at
 * position `at`, only what follows is pushed later and only what precedes must be over sooner.
 */
export function settle(routes: Routes, t: number, at?: number): boolean {
  const { instance, earliest, latest, before } = routes
  const { node, starts, gap } = instance
  const cadence = instance.cadenceS[t]
  const order = routes.order[t]
  const first = at ?? 0
  let idle = 0
  if (at !== undefined) {
    idle = routes.idle[t]
    before[order[at]] = 0
  }
  let end = first > 0 ? earliest[order[first - 1]] + node.duration[order[first - 1]] : -Infinity
  let good = true
  for (let p = first; p < order.length; p++) {
    const n = order[p]
    const between = p > 0 ? gap(order[p - 1], n, end) : 0
    idle += at === undefined ? between : between - before[n]
    before[n] = between
    let from = end + between
    if (node.visit[n] < 0) {
      earliest[n] = node.start[n]
      if (from > earliest[n] && p > 0 && node.visit[order[p - 1]] >= 0) good = false
    } else {
      if (node.visit[n] > 0) from = Math.max(from, earliest[n - 1] + cadence)
      earliest[n] = firstStart(starts[node.candidate[n]], from)
      if (earliest[n] === Infinity) return false
    }
    end = earliest[n] + node.duration[n]
  }
  routes.idle[t] = idle
  if (!good) return false
  for (let p = at ?? order.length - 1; p >= 0; p--) {
    const n = order[p]
    if (node.visit[n] < 0) {
      latest[n] = node.start[n]
      continue
    }
    let to = Infinity
    if (p + 1 < order.length) {
      const m = order[p + 1]
      to = latest[m] - gap(n, m, earliest[n] + node.duration[n]) - node.duration[n]
    }
    if (node.visit[n] + 1 < instance.needed[node.candidate[n]] && latest[n + 1] > -Infinity) {
      to = Math.min(to, latest[n + 1] - cadence)
    }
    latest[n] = lastStart(starts[node.candidate[n]], to)
  }
  return true
}

/** A place for a node: before `order[position]`, at cost. */
interface Place {
  position: number
  cost: number
}

/** The cheapest place for a visit that begins not before `from`, and in front of node `before`; position −1: none. */
export function findPlace(
  routes: Routes,
  t: number,
  n: number,
  from: number,
  taste: Taste,
  { soonest = false, before: limit = -1 }: { soonest?: boolean; before?: number } = {},
): Place {
  const { instance, earliest, latest } = routes
  const { node, starts, gap } = instance
  const order = routes.order[t]
  const mine = starts[node.candidate[n]]
  const duration = node.duration[n]
  const best: Place = { position: -1, cost: Infinity }
  if (mine.length === 0) return best
  const first = Math.max(mine[0], from)
  const last = mine[mine.length - 1]
  // Visits to one field stay in their order.
  const lowest = node.visit[n] > 0 ? order.indexOf(n - 1) + 1 : 0
  for (let p = lowest; p <= order.length; p++) {
    if (p > 0 && order[p - 1] === limit) break
    const b = order[p]
    if (p < order.length && latest[b] < first + duration) continue
    let start = first
    let before = 0
    if (p > 0) {
      const a = order[p - 1]
      const end = earliest[a] + node.duration[a]
      if (end > last) break
      before = gap(a, n, end)
      if (end + before > start) start = end + before
    }
    start = firstStart(mine, start)
    if (start === Infinity) break
    let cost = taste.detour * before
    if (p < order.length) {
      const end = start + duration
      const after = gap(n, b, end)
      const arrive = end + after
      if (arrive > latest[b]) continue
      const delay = arrive - earliest[b]
      cost = taste.detour * (before + after - routes.before[b]) + (delay > 0 ? taste.delay * delay : 0)
    }
    if (taste.noise > 0) cost = (cost + 1) * (1 + taste.noise * taste.random())
    if (cost < best.cost) {
      best.cost = cost
      best.position = p
      if (soonest) return best
    }
  }
  return best
}

/** Puts all visits of a candidate in, or leaves everything as it was (false). */
export function insertField(routes: Routes, c: number, taste: Taste): boolean {
  const { instance } = routes
  const { tasks, candidates } = instance.problem
  const t = candidates[c].telescope
  if (routes.inside[c]) return false
  const { maxFields } = tasks[t]
  if (maxFields !== undefined && routes.distinct[t] >= maxFields && !instance.locked[c]) return false
  if (
    !insertVisits(routes, c, taste, false) &&
    (instance.needed[c] < 2 || !insertVisits(routes, c, taste, true))
  ) {
    return false
  }
  routes.inside[c] = 1
  if (!instance.locked[c]) routes.distinct[t]++
  routes.union.add(c)
  return true
}

function insertVisits(routes: Routes, c: number, taste: Taste, soonest: boolean): boolean {
  const { instance, earliest } = routes
  const t = instance.problem.candidates[c].telescope
  const order = routes.order[t]
  const cadence = instance.cadenceS[t]
  const first = instance.firstNode[c]
  const needed = instance.needed[c]
  // What a later visit's latest start says is not known before it is in.
  for (let n = first; n < first + needed; n++) routes.latest[n] = -Infinity
  let from = -Infinity
  for (let v = 0; v < needed; v++) {
    const { position } = findPlace(routes, t, first + v, from, taste, { soonest })
    if (position >= 0) {
      order.splice(position, 0, first + v)
      if (settle(routes, t, position)) {
        from = earliest[first + v] + cadence
        continue
      }
      order.splice(position, 1)
    }
    takeOut(routes, t, c)
    return false
  }
  return true
}

function takeOut(routes: Routes, t: number, c: number): void {
  const order = routes.order[t]
  const { candidate, visit } = routes.instance.node
  let kept = 0
  for (const n of order) if (candidate[n] !== c || visit[n] < 0) order[kept++] = n
  order.length = kept
  settle(routes, t)
}

/** Takes the free visits of a candidate out. */
export function removeField(routes: Routes, c: number): void {
  const { instance } = routes
  const t = instance.problem.candidates[c].telescope
  if (!routes.inside[c] || instance.needed[c] === 0) return
  takeOut(routes, t, c)
  routes.inside[c] = 0
  if (!instance.locked[c]) routes.distinct[t]--
  routes.union.remove(c)
}

/** The timelines as they stand, to come back to with `setRoutes`. */
export function copyOrder(routes: Routes): number[][] {
  return routes.order.map((order) => [...order])
}
