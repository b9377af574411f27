/** Fields put into timelines one after the other, the most weight per time first. */
import type { Routes, Taste } from './routes.ts'
import { findPlace, insertField } from './routes.ts'

/** What makes one repair differ from another. */
export interface RepairStyle {
  readonly taste: Taste
  /** Worth of a field = gain^power · (1 … 1 + noise); 1 and 0 are plain greedy. */
  readonly power: number
  readonly noise: number
  /** Worth of each candidate, multiplied in; left out: 1. */
  readonly bias?: Float64Array
  /** Put in before all others, in this order. */
  readonly first?: readonly number[]
}

/** Puts in what fits, from `pool`: always the field with the most worth per second that its visits and detours take. */
export function repair(routes: Routes, pool: Iterable<number>, style: RepairStyle): void {
  const { instance, union } = routes
  const { tasks, candidates } = instance.problem
  const { taste, power, noise, bias, first } = style
  for (const c of first ?? []) insertField(routes, c, taste)
  const version = new Int32Array(tasks.length)
  const heap = createHeap()
  const worthless = 1e-12 * instance.problem.coverage.total
  const worth = (c: number) => (power === 1 ? union.gain(c) : union.gain(c) ** power)
  for (const c of pool) {
    if (routes.inside[c] || instance.needed[c] === 0 || instance.starts[c].length === 0) continue
    const t = candidates[c].telescope
    const { maxFields } = tasks[t]
    if (maxFields !== undefined && routes.distinct[t] >= maxFields && !instance.locked[c]) continue
    const value = worth(c)
    if (value <= worthless) continue
    const scale = ((1 + noise * taste.random()) * (bias ? bias[c] : 1)) / instance.needed[c]
    heap.push((value * scale) / instance.durationS[t], { c, scale, version: -1 })
  }
  for (let top = heap.pop(); top; top = heap.pop()) {
    const { c, scale } = top.entry
    const t = candidates[c].telescope
    if (top.entry.version !== version[t]) {
      const { maxFields } = tasks[t]
      if (maxFields !== undefined && routes.distinct[t] >= maxFields && !instance.locked[c]) continue
      const value = worth(c)
      if (value <= worthless) continue
      const place = findPlace(routes, t, instance.firstNode[c], -Infinity, taste)
      if (place.position < 0) continue
      const key = (value * scale) / (instance.durationS[t] + Math.max(0, place.cost))
      if (key < heap.top()) {
        heap.push(key, { c, scale, version: version[t] })
        continue
      }
    }
    if (insertField(routes, c, taste)) version[t]++
  }
}

interface Entry {
  readonly c: number
  readonly scale: number
  /** Of the telescope's timeline when the key was reckoned; −1: a bound only. */
  readonly version: number
}

/** A binary heap, largest key first. */
function createHeap() {
  const keys: number[] = []
  const entries: Entry[] = []
  const swap = (a: number, b: number) => {
    const key = keys[a]
    keys[a] = keys[b]
    keys[b] = key
    const entry = entries[a]
    entries[a] = entries[b]
    entries[b] = entry
  }
  return {
    /** Largest key; −Infinity of an empty heap. */
    top: () => (keys.length ? keys[0] : -Infinity),
    push(key: number, entry: Entry) {
      let i = keys.push(key) - 1
      entries.push(entry)
      while (i > 0) {
        const parent = (i - 1) >> 1
        if (keys[parent] >= keys[i]) break
        swap(i, parent)
        i = parent
      }
    },
    pop(): { key: number; entry: Entry } | undefined {
      if (keys.length === 0) return undefined
      swap(0, keys.length - 1)
      const key = keys.pop() ?? 0
      const entry = entries.pop()
      for (let i = 0; ;) {
        const left = 2 * i + 1
        if (left >= keys.length) break
        const larger = left + 1 < keys.length && keys[left + 1] > keys[left] ? left + 1 : left
        if (keys[i] >= keys[larger]) break
        swap(i, larger)
        i = larger
      }
      return entry && { key, entry }
    },
  }
}
