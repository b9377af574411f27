import { centreOf } from '#science/sky/healpix.ts'
import { areaAt } from '#science/skymap/credible.ts'
import { marginalDistance } from '#science/skymap/distance.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { crossingRank, rank, type Ranking } from '#science/skymap/rank.ts'
import { readSkyMap } from '#science/skymap/read.ts'
import type { MapSummary } from './localization.ts'

/** The numbers of a map as lists and rules need them, from the bytes of its FITS file. */
export function digestMap(bytes: Uint8Array): MapSummary {
  return digestSkyMap(readSkyMap(bytes))
}

function digestSkyMap(map: SkyMap): MapSummary {
  const ranking = rank(map)
  const top = ranking.index[0]!
  const [ra, dec] = centreOf(map.order[top]!, map.ipix[top]!)
  const distance = marginalDistance(map)
  let min = 29
  let max = 0
  for (const order of map.order) {
    if (order < min) min = order
    if (order > max) max = order
  }
  return {
    area50Deg2: areaAt(map, 0.5, 'interpolated', ranking),
    area90Deg2: areaAt(map, 0.9, 'interpolated', ranking),
    peak: { ra, dec },
    peakDensityPerSr: map.density[top]!,
    distance: distance && { meanMpc: distance.meanMpc, stdMpc: distance.stdMpc },
    cells: map.order.length,
    orders: { min, max },
    grandma: {
      area50Deg2: areaAt(map, 0.5, 'excluded', ranking),
      area90Deg2: areaAt(map, 0.9, 'excluded', ranking),
      ...grandmaDistance(map, ranking),
    },
  }
}

/**
 * The distance of grandma-gcn: unweighted means of DISTMU (where finite) and of DISTSIGMA (where it is not the filler
 * 1) over the cells of the 90 % region, the crossing cell left out. Kept only to reproduce that program's decisions.
 */
function grandmaDistance(
  map: SkyMap,
  ranking: Ranking,
): { distanceMeanMpc: number | null; distanceStdMpc: number } {
  const unknown = { distanceMeanMpc: null, distanceStdMpc: 1 }
  if (!map.distance) return unknown
  const cells = crossingRank(ranking, 0.9)
  let mu = 0
  let muCount = 0
  let sigma = 0
  let sigmaCount = 0
  for (let n = 0; n < cells; n++) {
    const i = ranking.index[n]!
    // Cells that were merged when a flat map was read count as often as they were pixels.
    const weight = 4 ** Math.max(0, (map.meta.gridOrder ?? 0) - map.order[i]!)
    if (Number.isFinite(map.distance.mu[i]!)) {
      mu += weight * map.distance.mu[i]!
      muCount += weight
    }
    if (map.distance.sigma[i] !== 1) {
      sigma += weight * map.distance.sigma[i]!
      sigmaCount += weight
    }
  }
  if (muCount === 0) return unknown
  return { distanceMeanMpc: mu / muCount, distanceStdMpc: sigmaCount === 0 ? 1 : sigma / sigmaCount }
}
