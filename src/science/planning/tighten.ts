/** Shorter ways through the same visits: what is saved between them is time for more. */
import { findPlace, settle, type Routes, type Taste } from './routes.ts'

/** Longest stretch of visits that is turned round. */
const LONGEST_TURN = 25
/** Savings below this are noise, s. */
const LEAST = 0.5

const byDetour: Taste = { detour: 1, delay: 0, noise: 0, random: () => 0 }

/** Moves single visits (or-opt) and turns stretches round (2-opt) as long as that saves time. */
export function tighten(routes: Routes, t: number, rounds = 3): void {
  for (let round = 0; round < rounds; round++) {
    const before = routes.idle[t]
    moveVisits(routes, t)
    turnStretches(routes, t)
    if (routes.idle[t] > before - LEAST) return
  }
}

function moveVisits(routes: Routes, t: number): void {
  const { instance } = routes
  const { visit, candidate } = instance.node
  const cadence = instance.cadenceS[t]
  const order = routes.order[t]
  for (const n of order.slice()) {
    if (visit[n] < 0) continue
    const was = order.indexOf(n)
    const idle = routes.idle[t]
    order.splice(was, 1)
    settle(routes, t)
    const from = visit[n] > 0 ? routes.earliest[n - 1] + cadence : -Infinity
    const hasNext = visit[n] + 1 < instance.needed[candidate[n]]
    const { position } = findPlace(routes, t, n, from, byDetour, { before: hasNext ? n + 1 : -1 })
    if (position >= 0 && position !== was) {
      order.splice(position, 0, n)
      if (settle(routes, t) && routes.idle[t] < idle - LEAST) continue
      order.splice(position, 1)
    }
    order.splice(was, 0, n)
    settle(routes, t)
  }
}

function turnStretches(routes: Routes, t: number): void {
  const { instance, earliest } = routes
  const { visit, candidate, duration } = instance.node
  const { gap } = instance
  const order = routes.order[t]
  for (let i = 0; i + 1 < order.length; i++) {
    const seen = new Set([candidate[order[i]]])
    if (visit[order[i]] < 0) continue
    for (let j = i + 1; j < order.length && j - i < LONGEST_TURN; j++) {
      const n = order[j]
      if (visit[n] < 0 || seen.has(candidate[n])) break
      seen.add(candidate[n])
      const before = order[i - 1]
      const after = order[j + 1]
      const first = order[i]
      const end = (m: number) => earliest[m] + duration[m]
      const old =
        (i > 0 ? gap(before, first, end(before)) : 0) + (j + 1 < order.length ? gap(n, after, end(n)) : 0)
      const turned =
        (i > 0 ? gap(before, n, end(before)) : 0) + (j + 1 < order.length ? gap(first, after, end(n)) : 0)
      if (turned > old - LEAST) continue
      const idle = routes.idle[t]
      reverse(order, i, j)
      if (settle(routes, t) && routes.idle[t] < idle - LEAST) continue
      reverse(order, i, j)
      settle(routes, t)
    }
  }
}

function reverse(order: number[], i: number, j: number): void {
  for (let a = i, b = j; a < b; a++, b--) {
    const n = order[a]
    order[a] = order[b]
    order[b] = n
  }
}
