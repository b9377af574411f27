/** Cells of a credible region, and what a footprint catches of a map or a region: what placing fields asks again and again. */
import { cellAreasSr } from '#science/skymap/map.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { crossingRank, rank } from '#science/skymap/rank.ts'
import { footprintRadiusDeg } from './footprint.ts'
import { cutSky } from './arrangement.ts'
import { createBorders } from './borders.ts'
import type { Field, Footprint } from './model.ts'
import { radiansPerDegree, separation } from '#science/sky/vectors.ts'
import { cellSides } from './cell-shape.ts'

/** How many cells of the credible region (the crossing cell included) lie before each cell of the map; n + 1 numbers. */
export function regionCounts(map: SkyMap, level: number): Uint32Array {
  const ranking = rank(map)
  const counts = new Uint32Array(map.order.length + 1)
  const last = Math.min(crossingRank(ranking, level), map.order.length - 1)
  for (let n = 0; n <= last; n++) counts[ranking.index[n] + 1] = 1
  for (let i = 1; i < counts.length; i++) counts[i] += counts[i - 1]
  return counts
}

/** Weight that a field adds to others, of the map or of the region alone. */
export type Gain = (field: Field, others?: readonly Field[]) => number

/**
 * Gains of one footprint to a relative 1e-3 or better; with `smooth`, map cells much smaller than the footprint are taken
 * together on its border, which is all that climbing needs.
 */
export function createGain(map: SkyMap, footprint: Footprint, region?: Uint32Array, smooth = false): Gain {
  const cumulative = new Float64Array(map.order.length + 1)
  for (let i = 0; i < map.order.length; i++) {
    const counts = !region || region[i] !== region[i + 1]
    cumulative[i + 1] = cumulative[i] + (counts ? map.density[i] * cellAreasSr[map.order[i]] : 0)
  }
  const side = (footprintRadiusDeg(footprint) * radiansPerDegree) / 40
  let lump = 0
  while (lump < 28 && cellSides[lump] > side) lump++
  const reach = 2 * footprintRadiusDeg(footprint)
  return (field, others = []) => {
    const near = others.filter(({ ra, dec }) => separation(ra, dec, field.ra, field.dec) <= reach)
    const borders = createBorders(
      [field, ...near].map((each) => ({ footprint, field: each })),
      4,
    )
    let sum = 0
    const add = (over: { readonly count: number; readonly fields: Int32Array }, weight: number): void => {
      if (over.count === 1 && over.fields[0] === 0) sum += weight
    }
    cutSky(map, borders, add, () => {}, {
      within: 0,
      cumulative,
      ...(region ? { only: region } : {}),
      ...(smooth ? { lump } : {}),
    })
    return sum
  }
}

/** Weight under each of many fields, of the map or of the region alone; overlaps count for each. */
export function fieldWeights(
  map: SkyMap,
  footprint: Footprint,
  fields: readonly Field[],
  region?: Uint32Array,
): Float64Array {
  const sums = new Float64Array(fields.length)
  const borders = createBorders(
    fields.map((field) => ({ footprint, field })),
    4,
  )
  cutSky(
    map,
    borders,
    ({ fields: over, count }, weight) => {
      for (let i = 0; i < count; i++) sums[over[i]] += weight
    },
    () => {},
    region ? { only: region } : {},
  )
  return sums
}
