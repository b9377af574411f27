/**
 * Credible levels, areas and regions. Every convention in use is here under its name, because published areas differ
 * by which one made them.
 */
import { Problem } from '#problem.ts'
import type { Moc } from '#science/sky/moc.ts'
import { normalRanges } from '#science/sky/ranges.ts'
import { halvesOf, putStart29 } from '#science/sky/index64.ts'
import { cellAreasSr, cellAt, deg2PerSr } from './map.ts'
import type { SkyMap } from './map.ts'
import { crossingRank, rank } from './rank.ts'
import type { Ranking } from './rank.ts'

/**
 * What becomes of the cell in which the cumulative probability passes the level:
 * `excluded` (grandma-gcn), `included`, `interpolated` (areas quoted by LVK: linear between cells, from (0, 0)),
 * `split` (the part of the cell that is needed: the limit of cutting it again and again, as MOC tools do).
 */
export type AreaConvention = 'excluded' | 'included' | 'interpolated' | 'split'

function checkLevel(level: number): void {
  if (!(level >= 0 && level <= 1)) {
    throw new Problem(
      'skymap.invalid',
      `The credible level ${level} is not between 0 and 1; write 0.9 for 90 %.`,
      { level },
    )
  }
}

/**
 * Area in deg² at a credible level. `excluded` and `included` go by whole cells; in a map that came flat, by whole
 * pixels of its grid, as programs that keep it flat count them.
 */
export function areaAt(
  map: SkyMap,
  level: number,
  convention: AreaConvention = 'interpolated',
  ranking: Ranking = rank(map),
): number {
  checkLevel(level)
  const { probability, areaSr, index } = ranking
  const last = probability.length - 1
  const n = crossingRank(ranking, level)
  if (n > last) return areaSr[last] * deg2PerSr
  const before = n > 0 ? probability[n - 1] : 0
  const areaBefore = n > 0 ? areaSr[n - 1] : 0
  const order = map.order[index[n]]
  const share = probability[n] > before ? (level - before) / (probability[n] - before) : 0
  if (convention === 'interpolated' || convention === 'split') {
    return (areaBefore + share * (areaSr[n] - areaBefore)) * deg2PerSr
  }
  const grid = Math.max(order, map.meta.gridOrder ?? 0)
  const pixels = 4 ** (grid - order)
  // Pixels of the crossing cell that stay below the level; one more is the pixel in which it is passed.
  const below = level === 0 ? 0 : Math.max(0, Math.ceil(share * pixels - 1e-9) - 1)
  const count = convention === 'included' ? below + 1 : below
  return (areaBefore + count * cellAreasSr[grid]) * deg2PerSr
}

export interface PointLevel {
  /** Probability of all cells at least as dense as the point's, its own included. */
  readonly level: number
  /** Area searched before the point is reached, its cell included, deg². */
  readonly searchedAreaDeg2: number
  readonly densityPerSr: number
  readonly order: number
  readonly ipix: number
  /** Index of the cell in the map. */
  readonly cell: number
}

/** Credible level, searched area and density at a direction (degrees). */
export function pointLevel(map: SkyMap, ra: number, dec: number, ranking: Ranking = rank(map)): PointLevel {
  const cell = cellAt(map, ra, dec)
  const densityPerSr = map.density[cell]
  const { index, probability, areaSr } = ranking
  // Ranks descend in density: the cell stands in the run of its equals.
  let low = 0
  let high = index.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (map.density[index[middle]] > densityPerSr) low = middle + 1
    else high = middle
  }
  while (index[low] !== cell) low++
  return {
    level: Math.min(1, probability[low]),
    searchedAreaDeg2: areaSr[low] * deg2PerSr,
    densityPerSr,
    order: map.order[cell],
    ipix: map.ipix[cell],
    cell,
  }
}

/** Credible level of a direction: probability of every cell at least as dense, inclusive. */
export function levelAt(map: SkyMap, ra: number, dec: number, ranking?: Ranking): number {
  return pointLevel(map, ra, dec, ranking).level
}

export interface CredibleMocOptions {
  /** Order below which the crossing cell is not cut, and to which finer cells are raised; the map's finest by default. */
  order?: number
  /** Cut the cell that crosses the level into its children, again and again (default), or keep it whole. */
  split?: boolean
  /** Leave out the last cell that crosses the level; by default it is taken in. */
  strict?: boolean
  /** Go through the children of a cut cell from the highest number down, as Aladin does. */
  reverse?: boolean
}

/**
 * The credible region of a level as a MOC. With the options of `moc from vcells`: `split` cuts the crossing cell so
 * that the sum meets the level to within one cell of `order`; `strict` decides about that last one.
 */
export function credibleMoc(
  map: SkyMap,
  level: number,
  options: CredibleMocOptions = {},
  ranking: Ranking = rank(map),
): Moc {
  checkLevel(level)
  const { split = true, strict = false, reverse = false } = options
  const n = crossingRank(ranking, level)
  const inside = new Uint8Array(map.order.length)
  let finest = 0
  for (let i = 0; i <= n && i < inside.length; i++) finest = Math.max(finest, map.order[ranking.index[i]])
  for (let i = 0; i < n; i++) inside[ranking.index[i]] = 1
  const limit = options.order ?? finest
  const crossing = n < inside.length && level > 0 ? ranking.index[n] : -1
  // Of a cell cut k times at most 3k parts and the last one are kept.
  const pairs = new BigInt64Array(2 * (n + 4 * 30))
  const halves = halvesOf(pairs)
  let count = 0
  const add = (order: number, ipix: number): void => {
    const k = Math.min(order, limit)
    const p = order > limit ? Math.floor(ipix / 4 ** (order - limit)) : ipix
    putStart29(halves, 2 * count, k, p)
    putStart29(halves, 2 * count + 1, k, p + 1)
    count++
  }
  for (let cell = 0; cell < inside.length; cell++) {
    if (inside[cell]) add(map.order[cell], map.ipix[cell])
    if (cell !== crossing) continue
    const p = map.density[cell] * cellAreasSr[map.order[cell]]
    const needed = level - (n > 0 ? ranking.probability[n - 1] : 0)
    for (const [order, ipix] of neededParts(map.order[cell], map.ipix[cell], p, needed, {
      limit: split ? limit : 0,
      strict,
      reverse,
    }))
      add(order, ipix)
  }
  return { order: limit, ranges: normalRanges(pairs.slice(0, 2 * count)) }
}

/** Parts of a cell of probability `p` that hold `needed` of it, along the sky: children taken one by one, the next cut. */
function neededParts(
  order: number,
  ipix: number,
  p: number,
  needed: number,
  { limit, strict, reverse }: { limit: number; strict: boolean; reverse: boolean },
): [order: number, ipix: number][] {
  // A cell that ends on the level to rounding is whole and has nothing to cut.
  if (p - needed <= 1e-15) return [[order, ipix]]
  const parts: [number, number][] = []
  let [k, at, each, left] = [order, ipix, p, needed]
  while (k < limit) {
    k++
    each /= 4
    let child = 0
    for (; child < 3 && each <= left; child++) {
      parts.push([k, 4 * at + (reverse ? 3 - child : child)])
      left -= each
    }
    at = 4 * at + (reverse ? 3 - child : child)
  }
  if (!strict) parts.push([k, at])
  return parts.toSorted(([a, i], [b, j]) => i / 4 ** a - j / 4 ** b)
}
