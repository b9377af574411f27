/** Separate parts of a credible region. */
import { acrossFaces, faceOfPixel, pixelOfFace } from '#science/sky/healpix.ts'
import type { CellSet } from './outline.ts'
import { cellLengths24 } from './map.ts'

/** Part number of each cell, and how many parts there are; cells that touch, by a corner too, are one part. */
export function partsOf(cells: CellSet, corners = true): { part: Uint32Array; count: number } {
  const n = cells.order.length
  const starts = new Float64Array(n)
  for (let i = 0; i < n; i++) starts[i] = cells.ipix[i] * cellLengths24[cells.order[i]]
  const parent = new Uint32Array(n)
  for (let i = 0; i < n; i++) parent[i] = i
  const root = (i: number): number => {
    let at = i
    while (parent[at] !== at) at = parent[at] = parent[parent[at]]
    return at
  }
  const holder = (start: number): number => {
    let low = 0
    let high = n - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (starts[middle] <= start) low = middle
      else high = middle - 1
    }
    return start < starts[low] + cellLengths24[cells.order[low]] && start >= starts[low] ? low : -1
  }
  for (let i = 0; i < n; i++) {
    const k = cells.order[i]
    const { f, x, y } = faceOfPixel(k, cells.ipix[i])
    for (let dx = -1; dx <= 1; dx++) {
      for (let dy = -1; dy <= 1; dy++) {
        if ((dx === 0 && dy === 0) || (!corners && dx !== 0 && dy !== 0)) continue
        const near = acrossFaces(2 ** k, f, x + dx, y + dy)
        if (!near) continue
        // A neighbour at least as large holds this pixel; smaller ones find this cell themselves.
        const other = holder(pixelOfFace(k, near.f, near.x, near.y) * cellLengths24[k])
        if (other < 0 || cells.order[other] > k) continue
        const [a, b] = [root(i), root(other)]
        if (a !== b) parent[Math.max(a, b)] = Math.min(a, b)
      }
    }
  }
  const names = new Map<number, number>()
  const part = new Uint32Array(n)
  for (let i = 0; i < n; i++) {
    const at = root(i)
    if (!names.has(at)) names.set(at, names.size)
    part[i] = names.get(at)!
  }
  return { part, count: names.size }
}
