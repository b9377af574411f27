/** Cells from the densest down, with cumulative probability and area: what every credible quantity is read from. */
import { cellAreasSr } from './map.ts'
import type { SkyMap } from './map.ts'
import { descending } from './sort.ts'

export interface Ranking {
  /** Cell indices, densest first; cells of equal density in the order of the sky. */
  readonly index: Uint32Array
  /** Probability down to and including each rank. */
  readonly probability: Float64Array
  /** Area down to and including each rank, sr. */
  readonly areaSr: Float64Array
}

/** Ranks the cells of a map. O(cells). */
export function rank(map: SkyMap): Ranking {
  const index = descending(map.density)
  const probability = new Float64Array(index.length)
  const areaSr = new Float64Array(index.length)
  let p = 0
  let a = 0
  for (let n = 0; n < index.length; n++) {
    const area = cellAreasSr[map.order[index[n]]]
    p += map.density[index[n]] * area
    a += area
    probability[n] = p
    areaSr[n] = a
  }
  return { index, probability, areaSr }
}

/** First rank whose cumulative probability reaches `level`; the number of ranks where none does. */
export function crossingRank({ probability }: Ranking, level: number): number {
  let low = 0
  let high = probability.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (probability[middle] < level) low = middle + 1
    else high = middle
  }
  return low
}
