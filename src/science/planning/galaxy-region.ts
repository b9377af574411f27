/** Where galaxies can lie that a choice of `rankGalaxies` would keep: what has to be asked of a catalogue. */
import { centreOf } from '#science/sky/healpix.ts'
import { halvesOf, putStart29 } from '#science/sky/index64.ts'
import { normalRanges } from '#science/sky/ranges.ts'
import type { Ranges } from '#science/sky/ranges.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { momentsOf } from '#science/skymap/moments.ts'
import { crossingRank, rank } from '#science/skymap/rank.ts'
import { rankPlaces } from '#science/skymap/volume.ts'
import type { GalaxyWeight } from './galaxies.ts'

export interface GalaxyRegion {
  /** Order-29 pixels. */
  readonly ranges: Ranges
  /** Nearest and farthest; null for a map without distances. */
  readonly distanceMpc: readonly [number, number] | null
}

/**
 * The part of the sky and of distance outside of which `rankGalaxies` keeps nothing with this weight and level: directions
 * along which the volume of the level is met, or for grades the area of the level within three standard deviations.
 */
export function galaxyRegion(map: SkyMap, weight: GalaxyWeight, level: number): GalaxyRegion {
  const byGrade = weight === 'Sloc' || weight === 'S' || weight === 'Smass'
  if (!map.distance || byGrade) {
    const ranking = rank(map)
    const inside = [...ranking.index.subarray(0, crossingRank(ranking, level) + 1)].filter(
      (i) => map.density[i] > 0,
    )
    return { ranges: rangesOfCells(map, inside), distanceMpc: map.distance ? threeSigma(map, inside) : null }
  }
  const { mu, sigma, norm } = map.distance
  const cells = [...map.order.keys()].filter((i) => map.density[i] > 0 && norm[i] > 0)
  // Along a direction the density is largest at μ, or at the observer where μ lies behind.
  const peaks = cells.map((i) => {
    const [ra, dec] = centreOf(map.order[i], map.ipix[i])
    return { ra, dec, distanceMpc: Math.max(0, mu[i]) }
  })
  const met = rankPlaces(map, peaks).filter((place) => place.level <= level && place.densityPerMpc3 > 0)
  if (met.length === 0) return { ranges: new BigInt64Array(0), distanceMpc: [0, 0] }
  const least = met.reduce((low, place) => Math.min(low, place.densityPerMpc3), Infinity)
  let near = Infinity
  let far = 0
  for (const { index, densityPerMpc3 } of met) {
    const i = cells[index]
    // A galaxy that is kept may be less dense than every peak, but not by more than the next peak outside.
    const behind = Math.min(0, mu[i] / sigma[i])
    const reach = sigma[i] * (Math.hypot(behind, Math.sqrt(2 * Math.log(densityPerMpc3 / least))) + 3)
    near = Math.min(near, mu[i] - reach)
    far = Math.max(far, mu[i] + reach)
  }
  return {
    ranges: rangesOfCells(
      map,
      met.map((place) => cells[place.index]),
    ),
    distanceMpc: [Math.max(0, near), far],
  }
}

function rangesOfCells(map: SkyMap, cells: readonly number[]): Ranges {
  const pairs = new BigInt64Array(2 * cells.length)
  const halves = halvesOf(pairs)
  cells.forEach((i, n) => {
    putStart29(halves, 2 * n, map.order[i], map.ipix[i])
    putStart29(halves, 2 * n + 1, map.order[i], map.ipix[i] + 1)
  })
  return normalRanges(pairs)
}

function threeSigma({ distance }: SkyMap, cells: readonly number[]): [number, number] {
  let near = Infinity
  let far = 0
  for (const i of cells) {
    const moments =
      distance && momentsOf({ mu: distance.mu[i], sigma: distance.sigma[i], norm: distance.norm[i] })
    if (!moments) continue
    near = Math.min(near, moments.mean - 3 * moments.std)
    far = Math.max(far, moments.mean + 3 * moments.std)
  }
  return far > 0 ? [Math.max(0, near), far] : [0, 0]
}
