/**
 * Fields put where the probability is, and those of a grid that matter. Free places are judged on the cells of the map;
 * each field counts what no other has.
 */
import { Problem } from '#problem.ts'
import { pixelAreaSr } from '#science/sky/healpix.ts'
import { mocFromCells } from '#science/sky/moc.ts'
import { deg2PerSr } from '#science/skymap/map.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { climb } from './climb.ts'
import { footprintAreaDeg2, footprintRadiusDeg } from './footprint.ts'
import type { Field, Footprint } from './model.ts'
import { greedyPlaces, samplePoints } from './map-points.ts'
import { createGain, fieldWeights, regionCounts } from './region-cells.ts'
import { layFields } from './tessellation.ts'

/** Fields of a grid weighed against free places. */
const MOST_GRID = 20_000

export interface NearOptions {
  /** Credible level of the region, default 0.9. */
  readonly level?: number
}

/**
 * Indices of the fields that touch the credible region of a level (the crossing cell whole), the one with most of the
 * map's probability first.
 */
export function nearFields(
  map: SkyMap,
  footprint: Footprint,
  fields: readonly Field[],
  { level = 0.9 }: NearOptions = {},
): number[] {
  const touching = fieldWeights(map, footprint, fields, regionCounts(map, level))
  const near = [...touching.keys()].filter((i) => touching[i] > 0)
  const weights = fieldWeights(
    map,
    footprint,
    near.map((i) => fields[i]),
  )
  const rank = [...near.keys()].sort((a, b) => weights[b] - weights[a] || near[a] - near[b])
  return rank.map((i) => near[i])
}

export interface PlaceOptions {
  readonly count: number
  /** Fields are put where this credible region is, default 0.99. */
  readonly level?: number
  /** What they are called, with a number from 1; default `free`. */
  readonly name?: string
}

/**
 * At most `count` fields that together catch as much of the probability as could be found, best first: put down one by
 * one where most is left, or chosen from a gapless grid, whichever catches more, then each moved until no move helps.
 * Fewer where nothing of the region is left. @throws Problem planning.invalid
 */
export function placeFields(
  map: SkyMap,
  footprint: Footprint,
  { count, level = 0.99, name = 'free' }: PlaceOptions,
): Field[] {
  if (!(Number.isInteger(count) && count > 0 && count <= 1000)) {
    throw new Problem('planning.invalid', `Between 1 and 1000 fields can be placed, not ${count}.`)
  }
  const region = regionCounts(map, level)
  const points = samplePoints(map, region, footprintRadiusDeg(footprint))
  const gain = createGain(map, footprint, region, true)
  const widthDeg = Math.sqrt(footprintAreaDeg2(footprint))

  const greedy = (candidates: readonly Field[]): Field[] => greedyPlaces(points, footprint, candidates, count)
  const totalOf = (fields: readonly Field[]): number =>
    fields.reduce((sum, field, i) => sum + gain(field, fields.slice(0, i)), 0)
  const lattice = count > 1 ? grid(map, region, footprint) : []
  const starts = [greedy(points.seeds), ...(lattice.length > 0 ? [greedy(lattice)] : [])]
  const totals = starts.map(totalOf)
  const placed = [...starts[totals.indexOf(Math.max(...totals))]]
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < placed.length; i++) {
      const others = placed.filter((_, n) => n !== i)
      const options = { step: widthDeg / (round === 0 ? 6 : 24), least: widthDeg / 100, tries: 24 }
      placed[i] = climb(placed[i], (field) => gain(field, others), options).field
    }
  }
  // Best first, each by what it adds.
  const ordered: Field[] = []
  const rest = placed
  while (rest.length > 0) {
    const gains = rest.map((field) => gain(field, ordered))
    const top = gains.indexOf(Math.max(...gains))
    if (gains[top] <= 0) break
    ordered.push({ ...rest[top], id: `${name}-${ordered.length + 1}` })
    rest.splice(top, 1)
  }
  return ordered
}

/** Fields of a gapless grid over the region; none where they would be too many. */
function grid(map: SkyMap, region: Uint32Array, footprint: Footprint): Field[] {
  const order: number[] = []
  const ipix: number[] = []
  let area = 0
  for (let i = 0; i < map.order.length; i++) {
    if (region[i] === region[i + 1]) continue
    order.push(map.order[i])
    ipix.push(map.ipix[i])
    area += pixelAreaSr(map.order[i])
  }
  if ((area * deg2PerSr) / footprintAreaDeg2(footprint) > MOST_GRID / 4) return []
  const how = footprint.shape === 'circle' ? 'hexagonal' : 'ring'
  try {
    return layFields(how, footprint, { region: mocFromCells(order, ipix) })
  } catch (problem) {
    // A footprint that no grid can be made of is placed freely only.
    if (problem instanceof Problem) return []
    throw problem
  }
}
