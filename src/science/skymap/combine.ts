/** Two maps together: their product, and how alike they are. */
import { Problem } from '#problem.ts'
import { separation } from '#science/sky/vectors.ts'
import { centreOf } from '#science/sky/healpix.ts'
import { createCellList } from './cells.ts'
import { areaAt } from './credible.ts'
import { marginalDistance } from './distance.ts'
import { cellAreasSr, cellLengths24, deg2PerSr, noted, scaledBy, start24, totalOf } from './map.ts'
import type { SkyMap } from './map.ts'
import { crossingRank, rank } from './rank.ts'

/** Calls `cell` with every cell of the finer of both maps and the cells of each that hold it, along the sky. */
function overlay(
  a: SkyMap,
  b: SkyMap,
  cell: (order: number, ipix: number, i: number, j: number) => void,
): void {
  let i = 0
  let j = 0
  while (i < a.order.length && j < b.order.length) {
    const endA = start24(a, i) + cellLengths24[a.order[i]]
    const endB = start24(b, j) + cellLengths24[b.order[j]]
    if (a.order[i] >= b.order[j]) cell(a.order[i], a.ipix[i], i, j)
    else cell(b.order[j], b.ipix[j], i, j)
    if (endA <= endB) i++
    if (endB <= endA) j++
  }
}

/** ∫ 4π a b dΩ: 1 for two maps that know nothing of each other, above where they agree, near 0 where they exclude each other. */
export function overlapOf(a: SkyMap, b: SkyMap): number {
  let sum = 0
  overlay(a, b, (order, _, i, j) => {
    sum += a.density[i] * b.density[j] * cellAreasSr[order]
  })
  return 4 * Math.PI * sum
}

export interface Combination {
  readonly map: SkyMap
  /** Spatial overlap ∫ 4π a b dΩ before normalisation. */
  readonly overlap: number
}

/**
 * The product of two independent maps, cell by cell at the finer of both, scaled to one. Distances are those of the map
 * that has them (of `a`, where both do) and are averaged over the new sky.
 * Throws `skymap.no_overlap` where the overlap is below `minOverlap` (or nothing is left).
 */
export function combine(a: SkyMap, b: SkyMap, { minOverlap = 0 }: { minOverlap?: number } = {}): Combination {
  const overlap = overlapOf(a, b)
  if (!(overlap > 0) || overlap < minOverlap) {
    throw new Problem(
      'skymap.no_overlap',
      `The two sky maps have nothing in common: their overlap is ${Number(overlap.toPrecision(3))} (1 is what chance gives, ${minOverlap || 'more than 0'} is asked for).`,
      { overlap, minOverlap },
    )
  }
  const distance = a.distance ?? b.distance
  const fromA = a.distance !== undefined
  const cells = createCellList(distance ? 4 : 1)
  const values = new Float64Array(4)
  overlay(a, b, (order, ipix, i, j) => {
    values[0] = a.density[i] * b.density[j]
    if (distance) {
      const from = fromA ? i : j
      values[1] = distance.mu[from]
      values[2] = distance.sigma[from]
      values[3] = distance.norm[from]
    }
    cells.add(order, ipix, values)
  })
  const instruments = [...new Set([...(a.meta.instruments ?? []), ...(b.meta.instruments ?? [])])]
  const main = fromA || !b.distance ? a.meta : b.meta
  const { gridOrder: _, distMean: __, distStd: ___, sum: ____, notes: _____, ...kept } = main
  const product = cells.map({ ...kept, ...(instruments.length > 0 ? { instruments } : {}) })
  const map = noted(
    scaledBy(product, 1 / totalOf(product)),
    `Product of two maps; overlap ${overlap.toPrecision(6)}.`,
  )
  const marginal = marginalDistance(map)
  if (!marginal) return { map, overlap }
  return {
    map: { ...map, meta: { ...map.meta, distMean: marginal.meanMpc, distStd: marginal.stdMpc } },
    overlap,
  }
}

export interface Comparison {
  readonly level: number
  /** ∫ 4π a b dΩ. */
  readonly overlap: number
  /** ∫ √(a b) dΩ: 1 for equal maps, 0 for maps that share nothing. */
  readonly likeness: number
  /** Areas of the credible regions, deg² (interpolated), and second over first. */
  readonly areasDeg2: readonly [number, number]
  readonly areaRatio: number
  /** Area that both credible regions hold, deg², and as a part of the smaller region. */
  readonly sharedAreaDeg2: number
  readonly sharedFraction: number
  /** Probability that each map gives to the credible region of the other. */
  readonly probabilityOfFirstInSecond: number
  readonly probabilityOfSecondInFirst: number
  /** Angle between the densest cells, degrees. */
  readonly peakOffsetDeg: number
}

/** 1 for cells of the credible region (the crossing cell included). */
function insideOf(map: SkyMap, level: number): { inside: Uint8Array; peak: number; area: number } {
  const ranking = rank(map)
  const inside = new Uint8Array(map.order.length)
  const last = Math.min(crossingRank(ranking, level), inside.length - 1)
  for (let n = 0; n <= last; n++) inside[ranking.index[n]] = 1
  return { inside, peak: ranking.index[0], area: areaAt(map, level, 'interpolated', ranking) }
}

/** Compares two maps of (perhaps) one event; credible regions at `level` take in the cell that crosses it. */
export function compare(a: SkyMap, b: SkyMap, level = 0.9): Comparison {
  const first = insideOf(a, level)
  const second = insideOf(b, level)
  let [overlap, likeness, shared, areaA, areaB, ofFirst, ofSecond] = [0, 0, 0, 0, 0, 0, 0]
  overlay(a, b, (order, _, i, j) => {
    const area = cellAreasSr[order]
    overlap += a.density[i] * b.density[j] * area
    likeness += Math.sqrt(a.density[i] * b.density[j]) * area
    if (first.inside[i]) {
      areaA += area
      ofSecond += b.density[j] * area
    }
    if (second.inside[j]) {
      areaB += area
      ofFirst += a.density[i] * area
      if (first.inside[i]) shared += area
    }
  })
  const [raA, decA] = centreOf(a.order[first.peak], a.ipix[first.peak])
  const [raB, decB] = centreOf(b.order[second.peak], b.ipix[second.peak])
  return {
    level,
    overlap: 4 * Math.PI * overlap,
    likeness: Math.min(1, likeness),
    areasDeg2: [first.area, second.area],
    areaRatio: second.area / first.area,
    sharedAreaDeg2: shared * deg2PerSr,
    sharedFraction: shared / Math.min(areaA, areaB),
    probabilityOfFirstInSecond: Math.min(1, ofFirst),
    probabilityOfSecondInFirst: Math.min(1, ofSecond),
    peakOffsetDeg: separation(raA, decA, raB, decB),
  }
}
