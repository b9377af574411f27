/** What a choice can cover at most, and what a nearly best one looks like, without a solver. */
import type { Capacities, CapacityRow } from './capacity.ts'
import type { CoverModel } from './cover-model.ts'

const mostRounds = 3000
const separateEvery = 40
/** Rounds over which the bound must fall by `least` of itself, or there is no more to come. */
const patience = 250
const least = 1e-5
/** Weight of the past in the direction of a step (Camerini, Fratta & Maffioli 1975). */
const memory = 0.7

export interface Priced {
  readonly bound: number
  /** By field of the model: to which part it is in a nearly best fractional choice. */
  readonly values: Float64Array
  /** By field: 1 where the best prices take it. */
  readonly taken: Uint8Array
  /** By field: how much lower the bound is for choices that do otherwise with it. */
  readonly reduced: Float64Array
  /** Rows of capacity that were broken on the way. */
  readonly rows: readonly CapacityRow[]
}

interface Row {
  readonly source: CapacityRow
  readonly members: Int32Array
  readonly factors: Float64Array
  readonly room: number
  price: number
  over: number
}

/**
 * Lagrangian relaxation of "a region counts only if one of its fields is in" and of the rows of capacity: each region
 * pays its fields what they are said to be worth, each row takes its price from them, the best fields of each telescope
 * are taken by what is left, and prices follow the subgradient (Held, Wolfe & Crowder 1974). The mean of what is taken
 * tends to a best solution of the linear programme (Barahona & Anbil 2000); rows that it breaks are added.
 * @param kept candidates that are in whatever is chosen, as the model has it.
 * @returns a function that goes on from the prices there are; `best` is covered by a choice that is known, and steps are
 *   measured by it.
 */
export function createPrices(
  model: CoverModel,
  capacities: Capacities,
  kept: ReadonlySet<number>,
  telescopeOf: (candidate: number) => number,
): (best: number, stop: (bound: number) => boolean) => Priced {
  const { own, weight, offsets, members, fields, place } = model
  const byTelescope = capacities.mostFields.map((): number[] => [])
  fields.forEach((c, i) => byTelescope[telescopeOf(c)].push(i))
  const most = [...capacities.mostFields]
  for (const c of kept) most[telescopeOf(c)]--
  const constant = model.constant + model.folded + weight.reduce((a, b) => a + b, 0)
  // Half a region's weight shared by its fields to begin with: near where the prices end.
  const price = weight.map((w) => w / 2)
  const towards = new Float64Array(weight.length)
  const worth = new Float64Array(fields.length)
  const values = new Float64Array(fields.length)
  const isIn = new Uint8Array(fields.length)
  const taken = new Uint8Array(fields.length)
  const reduced = new Float64Array(fields.length)
  const rows: Row[] = []
  const known = new Set<string>()
  let bound = Infinity

  return (best, stop) => {
    let step = bound === Infinity ? 1 : 0.3
    let idle = 0
    let lastBound = bound
    let lastRound = 0
    for (let round = 0; round < mostRounds; round++) {
      const value = evaluate()
      if (value < bound * (1 - least)) idle = 0
      else if (++idle > 20) {
        step *= 0.7
        idle = 0
      }
      if (value < bound) {
        bound = value
        remember()
      }
      const share = Math.max(0.02, 1 / (round + 1))
      for (let i = 0; i < values.length; i++) values[i] += share * (isIn[i] - values[i])
      if (bound <= best || stop(bound)) break
      if (round % separateEvery === separateEvery - 1 && separate()) {
        lastRound = round
        step = Math.max(step, 0.1)
      }
      if (bound < lastBound * (1 - least)) {
        lastBound = bound
        lastRound = round
      } else if (round - lastRound > patience) break
      if (!move(step * Math.max(value - best, 1e-6 * value))) break
    }
    return { bound, values, taken, reduced, rows: rows.map(({ source }) => source) }
  }

  /** Takes what is best by the prices. */
  function evaluate(): number {
    worth.set(own)
    let value = constant
    for (let r = 0; r < weight.length; r++) {
      const paid = price[r]
      if (paid === 0) continue
      value -= paid
      for (let e = offsets[r]; e < offsets[r + 1]; e++) worth[members[e]] += paid
    }
    for (const row of rows) {
      if (row.price === 0) continue
      value += row.price * row.room
      for (let k = 0; k < row.members.length; k++) worth[row.members[k]] -= row.price * row.factors[k]
    }
    isIn.fill(0)
    byTelescope.forEach((list, t) => {
      list.sort((a, b) => worth[b] - worth[a])
      for (let k = 0; k < list.length && k < most[t] && worth[list[k]] > 0; k++) {
        value += worth[list[k]]
        isIn[list[k]] = 1
      }
    })
    return value
  }

  /** What was taken at the best prices, and what it would cost to do otherwise. */
  function remember(): void {
    taken.set(isIn)
    byTelescope.forEach((list, t) => {
      const count = Math.max(0, Math.min(most[t], list.length))
      const last = count > 0 ? Math.max(0, worth[list[count - 1]]) : Infinity
      const next = count < list.length ? Math.max(0, worth[list[count]]) : 0
      for (const i of list) reduced[i] = isIn[i] ? worth[i] - next : last - worth[i]
    })
  }

  /** Adds the rows that the mean breaks; whether there were any. */
  function separate(): boolean {
    const part = (c: number): number =>
      kept.has(c) ? 1 : place[c] < 0 || values[place[c]] < 0.01 ? 0 : values[place[c]]
    let found = false
    for (const source of capacities.broken(part, 8)) {
      const key = `${source.telescope} ${source.most} ${source.candidates.join()}`
      if (known.has(key)) continue
      known.add(key)
      found = true
      let room = source.most
      const inside: number[] = []
      const factors: number[] = []
      source.candidates.forEach((c, k) => {
        if (kept.has(c)) room -= source.visits[k]
        else if (place[c] >= 0) {
          inside.push(place[c])
          factors.push(source.visits[k])
        }
      })
      rows.push({
        source,
        members: Int32Array.from(inside),
        factors: Float64Array.from(factors),
        room: Math.max(0, room),
        price: 0,
        over: 0,
      })
    }
    return found
  }

  /** A region with nobody in it asks for a higher price, one with several for a lower; false: all prices are right. */
  function move(length: number): boolean {
    let norm = 0
    for (let r = 0; r < weight.length; r++) {
      let slope = -1
      for (let e = offsets[r]; e < offsets[r + 1]; e++) slope += isIn[members[e]]
      const by = memory * towards[r] + (1 - memory) * Math.min(slope, 3)
      towards[r] = by
      if (!stands(r, by)) norm += by * by
    }
    for (const row of rows) {
      let over = -row.room
      for (let k = 0; k < row.members.length; k++) over += row.factors[k] * isIn[row.members[k]]
      row.over = over < 0 && row.price === 0 ? 0 : over
      norm += row.over * row.over
    }
    if (norm === 0) return false
    const by = length / norm
    for (let r = 0; r < weight.length; r++) {
      if (!stands(r, towards[r])) price[r] = Math.min(weight[r], Math.max(0, price[r] - by * towards[r]))
    }
    for (const row of rows) row.price = Math.max(0, row.price + by * row.over)
    return true
  }

  /** Whether a price is at its end already. */
  function stands(r: number, by: number): boolean {
    return by === 0 || (by > 0 ? price[r] <= 0 : price[r] >= weight[r])
  }
}
