/**
 * What fields cover together: the sky cut into regions that the same fields cover, each with its weight, so that no part
 * of it is ever counted twice.
 */
import { deg2PerSr, totalOf } from '#science/skymap/map.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { cutSky } from './arrangement.ts'
import type { Pointing } from './borders.ts'
import { createBorders } from './borders.ts'
import type { FieldSet } from './field-set.ts'
import type { Coverage } from './model.ts'
import { eachCoveredPoint } from './point-cover.ts'

export type { Pointing } from './borders.ts'

/** Lists of fields by region may hold so many numbers together, about 50 MB. */
const MOST_MEMBERS = 12_000_000

class TooManyMembers extends Error {}

/** Fields with less of the whole are as precise as cells on their border allow, about 1e-3. */
const NEGLIGIBLE = 1e-7

export interface CoverageOptions {
  /** Sky seen or planned already: it weighs nothing, and no region lies in it. */
  readonly taken?: readonly Pointing[]
  /** Relative error allowed in each field's weight and area, default 1e-4. */
  readonly precision?: number
}

/**
 * Regions of the sky with the same set of candidates over them, with the map's probability in each. Cells of the map are
 * cut where borders cross them; a map nothing was taken from weighs 1. Where regions with their fields would fill memory
 * (hundreds of fields over every point), they are made of whole cells instead, and `precision` is not kept.
 */
export function coverageOf(
  map: SkyMap,
  pointings: readonly Pointing[],
  { taken = [], precision = 1e-4 }: CoverageOptions = {},
): Coverage {
  const fineness = Math.min(32, Math.max(4, 8 * Math.sqrt(1e-4 / precision)))
  const borders = createBorders([...taken, ...pointings], fineness)
  const from = taken.length
  const doubts = new Float64Array(borders.count)
  const cut = (tolerance?: Float64Array, coarsest?: number): Coverage => {
    const regions = createRegions(pointings.length, from)
    let lost = 0
    const take = (weight: number): void => void (lost += weight)
    cutSky(map, borders, regions.add, take, {
      candidatesFrom: from,
      ...(coarsest === undefined ? {} : { coarsest }),
      ...(tolerance ? { tolerance } : { doubt: (field, error) => void (doubts[field] += error) }),
    })
    return regions.coverage(Math.max(0, totalOf(map) - lost))
  }
  let first: Coverage
  try {
    first = cut()
  } catch (problem) {
    if (!(problem instanceof TooManyMembers)) throw problem
    return cutCoarsely((coarsest) => cut(undefined, coarsest))
  }
  // Most of a field's weight may lie in few cells on its border: those are cut finer, now that its weight is known.
  const tolerance = new Float64Array(borders.count).fill(Infinity)
  let again = false
  for (const [i, weight] of first.fieldWeight.entries()) {
    if (doubts[from + i] <= precision * weight || weight < NEGLIGIBLE * first.total) continue
    tolerance[from + i] = (precision * weight) / 30
    again = true
  }
  return again ? cut(tolerance) : first
}

/** Where hundreds of fields lie over each other everywhere, whole cells must do: the smallest whose lists fit. */
function cutCoarsely(cut: (coarsest: number) => Coverage): Coverage {
  for (let coarsest = 9; ; coarsest--) {
    try {
      return cut(coarsest)
    } catch (problem) {
      if (!(problem instanceof TooManyMembers) || coarsest === 0) throw problem
    }
  }
}

/** Weights of points, galaxies say, under the same set of candidates. Areas are 0. */
export function coverageOfPoints(
  points: readonly { readonly ra: number; readonly dec: number; readonly weight: number }[],
  pointings: readonly Pointing[],
): Coverage {
  const borders = createBorders(pointings, 8)
  const regions = createRegions(pointings.length, 0)
  let total = 0
  for (const { weight } of points) total += weight
  eachCoveredPoint(points, borders, (point, over) => regions.add(over, points[point].weight, 0))
  return regions.coverage(total)
}

/** Weight under any of the chosen candidates. */
export function coveredWeight(coverage: Coverage, chosen: Iterable<number>): number {
  return sumOver(coverage, coverage.weight, chosen)
}

/** Sky under any of the chosen candidates, deg². */
export function coveredAreaDeg2(coverage: Coverage, chosen: Iterable<number>): number {
  return sumOver(coverage, coverage.areaDeg2, chosen)
}

function sumOver(
  { offsets, members, fieldWeight }: Coverage,
  values: Float64Array,
  chosen: Iterable<number>,
): number {
  const isChosen = new Uint8Array(fieldWeight.length)
  for (const each of chosen) isChosen[each] = 1
  let sum = 0
  for (let r = 0; r < values.length; r++) {
    let at = offsets[r]
    const end = offsets[r + 1]
    while (at < end && isChosen[members[at]] === 0) at++
    if (at < end) sum += values[r]
  }
  return sum
}

interface Regions {
  add(this: void, over: FieldSet, weight: number, areaSr: number): void
  coverage(total: number): Coverage
}

/** Regions in the making, found again by the hash of their fields; numbers of fields are less `from` in the result. */
function createRegions(candidates: number, from: number): Regions {
  let capacity = 4096
  let count = 0
  let weight = new Float64Array(capacity)
  let area = new Float64Array(capacity)
  let hash = new Int32Array(2 * capacity)
  let offsets = new Uint32Array(capacity + 1)
  let members = new Uint32Array(4 * capacity)
  let slots = new Int32Array(4 * capacity).fill(-1)

  const grow = (): void => {
    capacity *= 2
    weight = widened(weight, new Float64Array(capacity))
    area = widened(area, new Float64Array(capacity))
    hash = widened(hash, new Int32Array(2 * capacity))
    offsets = widened(offsets, new Uint32Array(capacity + 1))
    slots = new Int32Array(4 * capacity).fill(-1)
    for (let r = 0; r < count; r++) slots[freeSlot(hash[2 * r])] = r
  }
  const freeSlot = (low: number): number => {
    const mask = slots.length - 1
    let s = low & mask
    while (slots[s] >= 0) s = (s + 1) & mask
    return s
  }
  const regionOf = (over: FieldSet): number => {
    const mask = slots.length - 1
    let s = over.low & mask
    for (let r = slots[s]; r >= 0; r = slots[s]) {
      if (hash[2 * r] === over.low && hash[2 * r + 1] === over.high) return r
      s = (s + 1) & mask
    }
    if (count === capacity) {
      grow()
      s = freeSlot(over.low)
    }
    const start = offsets[count]
    const end = start + over.count
    if (end > MOST_MEMBERS) throw new TooManyMembers()
    if (end > members.length) members = widened(members, new Uint32Array(Math.max(end, 2 * members.length)))
    for (let i = 0; i < over.count; i++) members[start + i] = over.fields[i] - from
    members.subarray(start, end).sort()
    hash[2 * count] = over.low
    hash[2 * count + 1] = over.high
    offsets[count + 1] = end
    slots[s] = count
    return count++
  }

  return {
    add(over, w, areaSr) {
      const r = regionOf(over)
      weight[r] += w
      area[r] += areaSr
    },
    coverage(total) {
      const fieldWeight = new Float64Array(candidates)
      const fieldAreaDeg2 = new Float64Array(candidates)
      const areaDeg2 = new Float64Array(count)
      for (let r = 0; r < count; r++) {
        areaDeg2[r] = area[r] * deg2PerSr
        for (let i = offsets[r]; i < offsets[r + 1]; i++) {
          fieldWeight[members[i]] += weight[r]
          fieldAreaDeg2[members[i]] += areaDeg2[r]
        }
      }
      return {
        weight: weight.slice(0, count),
        areaDeg2,
        offsets: offsets.slice(0, count + 1),
        members: members.slice(0, offsets[count]),
        fieldWeight,
        fieldAreaDeg2,
        total,
      }
    },
  }
}

function widened<T extends Float64Array | Int32Array | Uint32Array>(from: T, to: T): T {
  to.set(from as never)
  return to
}
