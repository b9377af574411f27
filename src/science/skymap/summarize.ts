/** Everything that a page or a rule asks of a sky map, from one ranking of its cells. */
import type { Moc } from '#science/sky/moc.ts'
import { centreOf } from '#science/sky/healpix.ts'
import { contours, regionCells } from './contours.ts'
import type { ContourCollection } from './contours.ts'
import { areaAt, credibleMoc } from './credible.ts'
import { marginalDistance, parametersAt } from './distance.ts'
import { fitEllipse } from './ellipse.ts'
import type { FittedEllipse } from './ellipse.ts'
import type { SkyMap } from './map.ts'
import { partsOf } from './modes.ts'
import { momentsOf } from './moments.ts'
import { rank } from './rank.ts'
import type { Ranking } from './rank.ts'

export interface SkyMapSummary {
  readonly rows: number
  /** Lowest and highest order of the cells, and rows of each order. */
  readonly orders: readonly [lowest: number, highest: number]
  readonly rowsPerOrder: Readonly<Record<string, number>>
  /** Interpolated, as LVK quotes them. */
  readonly area10Deg2: number
  readonly area50Deg2: number
  readonly area90Deg2: number
  /** Centre of the densest cell, its density, and the distance along it (Mpc), null where there is none. */
  readonly peak: {
    readonly ra: number
    readonly dec: number
    readonly densityPerSr: number
    readonly distanceMpc: number | null
    readonly distanceStdMpc: number | null
  }
  /** Marginal over the sky. */
  readonly distance: { readonly meanMpc: number; readonly stdMpc: number } | null
  /** As the maker of the map states it. */
  readonly statedDistance: { readonly meanMpc: number; readonly stdMpc: number } | null
  /** Separate parts of the 50 % and 90 % regions. */
  readonly modes50: number
  readonly modes90: number
  /** Best ellipse of 90 %; null where an ellipse makes no sense. */
  readonly ellipse90: FittedEllipse | null
  readonly notes: readonly string[]
}

/** The numbers of a map. `ranking` may be passed in where the caller has one. */
export function summarize(map: SkyMap, ranking: Ranking = rank(map)): SkyMapSummary {
  const rowsPerOrder: Record<string, number> = {}
  for (const order of map.order) rowsPerOrder[order] = (rowsPerOrder[order] ?? 0) + 1
  const present = Object.keys(rowsPerOrder).map(Number)
  const top = ranking.index[0]
  const [ra, dec] = centreOf(map.order[top], map.ipix[top])
  const along = map.distance && momentsOf(parametersAt(map.distance, top))
  const marginal = marginalDistance(map)
  const { distMean, distStd } = map.meta
  const area = (level: number): number => areaAt(map, level, 'interpolated', ranking)
  return {
    rows: map.order.length,
    orders: [Math.min(...present), Math.max(...present)],
    rowsPerOrder,
    area10Deg2: area(0.1),
    area50Deg2: area(0.5),
    area90Deg2: area(0.9),
    peak: {
      ra,
      dec,
      densityPerSr: map.density[top],
      distanceMpc: along?.mean ?? null,
      distanceStdMpc: along?.std ?? null,
    },
    distance: marginal && { meanMpc: marginal.meanMpc, stdMpc: marginal.stdMpc },
    statedDistance:
      distMean === undefined || distStd === undefined ? null : { meanMpc: distMean, stdMpc: distStd },
    modes50: partsOf(regionCells(map, 0.5, ranking)).count,
    modes90: partsOf(regionCells(map, 0.9, ranking)).count,
    ellipse90: fitEllipse(map, 0.9, ranking),
    notes: map.meta.notes ?? [],
  }
}

export interface SkyMapProducts {
  readonly summary: SkyMapSummary
  readonly moc50: Moc
  readonly moc90: Moc
  readonly contours: ContourCollection
  readonly ranking: Ranking
}

/** Summary, MOCs and contours of 50 % and 90 % from one ranking: what is stored with a localization. */
export function productsOf(map: SkyMap): SkyMapProducts {
  const ranking = rank(map)
  return {
    summary: summarize(map, ranking),
    moc50: credibleMoc(map, 0.5, {}, ranking),
    moc90: credibleMoc(map, 0.9, {}, ranking),
    contours: contours(map, [0.5, 0.9], {}, ranking),
    ranking,
  }
}
