/** Connected pixels from runs, 8-connected: one sweep with union-find (Fiorio & Gustedt 1996). */
import { runLength } from './threshold-rows.ts'
import type { Runs } from './threshold.ts'

/** Groups of connected runs with at least as many pixels as asked for, in the order of their first pixels. */
export interface Components {
  readonly count: number
  /** Of component i: `members[offsets[i]] … members[offsets[i + 1] − 1]` are its runs, in the order of rows. */
  readonly offsets: Int32Array
  readonly members: Int32Array
  /** Pixels of each. */
  readonly area: Int32Array
}

export function components({ count, runs }: Runs, minArea: number): Components {
  const parent = new Int32Array(count)
  const area = new Int32Array(count)
  let above = 0
  let aboveEnd = 0
  let rowStart = 0
  for (let i = 0; i < count; i++) {
    const at = runLength * i
    const y = runs[at]
    if (i === 0 || y !== runs[at - runLength]) {
      const adjacent = i > 0 && runs[at - runLength] === y - 1
      above = adjacent ? rowStart : i
      aboveEnd = i
      rowStart = i
    }
    parent[i] = i
    area[i] = runs[at + 2] - runs[at + 1]
    const from = runs[at + 1]
    const to = runs[at + 2]
    // Runs above that end before this one cannot touch those after it either.
    while (above < aboveEnd && runs[runLength * above + 2] < from) above++
    for (let k = above; k < aboveEnd && runs[runLength * k + 1] <= to; k++) {
      const a = rootOf(parent, i)
      const b = rootOf(parent, k)
      if (a === b) continue
      // The earlier one stays, so that components are in the order of their first pixels.
      const low = Math.min(a, b)
      const high = Math.max(a, b)
      parent[high] = low
      area[low] += area[high]
    }
  }
  const numbers = new Int32Array(count).fill(-1)
  let kept = 0
  for (let i = 0; i < count; i++) if (parent[i] === i && area[i] >= minArea) numbers[i] = kept++
  const offsets = new Int32Array(kept + 1)
  const areas = new Int32Array(kept)
  for (let i = 0; i < count; i++) {
    const number = numbers[rootOf(parent, i)]
    parent[i] = parent[i] === i ? i : rootOf(parent, i)
    if (number < 0) continue
    offsets[number + 1]++
    areas[number] += runs[runLength * i + 2] - runs[runLength * i + 1]
  }
  for (let i = 0; i < kept; i++) offsets[i + 1] += offsets[i]
  const members = new Int32Array(offsets[kept])
  const next = offsets.slice()
  for (let i = 0; i < count; i++) {
    const number = numbers[parent[i]]
    if (number >= 0) members[next[number]++] = i
  }
  return { count: kept, offsets, members, area: areas }
}

function rootOf(parent: Int32Array, i: number): number {
  let root = i
  while (parent[root] !== root) {
    parent[root] = parent[parent[root]]
    root = parent[root]
  }
  return root
}
