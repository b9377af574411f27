/** Ranking in three dimensions: credible volumes, and galaxies by probability per volume. Singer et al. 2016, ApJL 829, L15. */
import { Problem } from '#problem.ts'
import { marginalDistance, volumeDensity } from './distance.ts'
import { cellAreasSr } from './map.ts'
import type { SkyMap } from './map.ts'

export interface Place {
  /** Degrees, ICRS. */
  readonly ra: number
  readonly dec: number
  /** Mpc; luminosity distance for maps of luminosity distance. */
  readonly distanceMpc: number
}

export interface RankedPlace {
  /** Index in the list given. */
  readonly index: number
  /** Probability per volume, Mpc⁻³. */
  readonly densityPerMpc3: number
  /** Probability of all space that is denser. */
  readonly level: number
  /** Volume of all space that is denser, Mpc³. */
  readonly searchedVolumeMpc3: number
}

export interface VolumeOptions {
  /** Steps of the radial grid. */
  steps?: number
  /** Where it ends, in mean distances. */
  reach?: number
  /**
   * dV_L/dV_C at a luminosity distance: volume density is multiplied by it and volume divided, which turns maps of
   * luminosity distance to comoving volume. One where left out.
   */
  volumeRatio?: (distanceMpc: number) => number
}

interface Grid {
  readonly dr: number
  /** r² dr of each step. */
  readonly shells: Float64Array
  readonly ratios?: Float64Array
}

function gridOf(map: SkyMap, { steps = 1000, reach = 6, volumeRatio }: VolumeOptions): Grid {
  const marginal = marginalDistance(map)
  if (!marginal)
    throw new Problem('skymap.no_distance', 'The sky map has no distance; it is a map of directions only.')
  const dr = (reach * marginal.meanMpc) / steps
  const shells = Float64Array.from({ length: steps }, (_, n) => {
    const r = (n + 0.5) * dr
    return (r * r + (dr * dr) / 12) * dr
  })
  const ratios = volumeRatio && Float64Array.from({ length: steps }, (_, n) => volumeRatio((n + 0.5) * dr))
  return { dr, shells, ...(ratios ? { ratios } : {}) }
}

/** Density at r = μ along cell `i`, Mpc⁻³; 0 where the cell cannot matter. */
function peakOf({ density, distance, order }: SkyMap, i: number): number {
  if (!distance || !(distance.norm[i] > 0) || !(density[i] * cellAreasSr[order[i]] > 1e-16)) return 0
  return (density[i] * distance.norm[i]) / (Math.sqrt(2 * Math.PI) * distance.sigma[i])
}

/** Highest density that is reached along cell `i` at r ≥ 0: where μ is below zero, that is at r = 0. */
function reachedOf(map: SkyMap, i: number): number {
  const z = map.distance ? Math.min(0, map.distance.mu[i] / map.distance.sigma[i]) : 0
  return peakOf(map, i) * Math.exp(-0.5 * z * z)
}

/** Calls `voxel` with density (Mpc⁻³), probability and volume (Mpc³) of every cell × radial step that can matter. */
function eachVoxel(
  map: SkyMap,
  { dr, shells, ratios }: Grid,
  voxel: (density: number, probability: number, volume: number) => void,
): void {
  for (let i = 0; i < map.order.length; i++) {
    const peak = peakOf(map, i)
    if (!map.distance || peak === 0) continue
    const area = cellAreasSr[map.order[i]]
    const mu = map.distance.mu[i]
    const sigma = map.distance.sigma[i]
    // Beyond eight sigma less than 10⁻¹⁴ of the cell's probability is left.
    const first = Math.max(0, Math.floor((mu - 8 * sigma) / dr))
    const last = Math.min(shells.length - 1, Math.ceil((mu + 8 * sigma) / dr))
    for (let n = first; n <= last; n++) {
      const x = ((n + 0.5) * dr - mu) / sigma
      const density = peak * Math.exp(-0.5 * x * x)
      const volume = shells[n] * area
      if (ratios) voxel(density * ratios[n], density * volume, volume / ratios[n])
      else voxel(density, density * volume, volume)
    }
  }
}

/**
 * Ranks places (galaxies) by dP/dV and gives each its three-dimensional credible level and searched volume. The levels
 * are over all space, so they do not depend on how complete the list is. Throws `skymap.no_distance`.
 */
export function rankPlaces(
  map: SkyMap,
  places: readonly Place[],
  options: VolumeOptions = {},
): RankedPlace[] {
  const densities = places.map(
    ({ ra, dec, distanceMpc }) =>
      volumeDensity(map, ra, dec, distanceMpc) * (options.volumeRatio?.(distanceMpc) ?? 1),
  )
  const order = densities.map((_, index) => index).toSorted((a, b) => densities[b] - densities[a] || a - b)
  const limits = Float64Array.from(order, (index) => densities[index])
  const probability = new Float64Array(limits.length + 1)
  const volume = new Float64Array(limits.length + 1)
  eachVoxel(map, gridOf(map, options), (density, p, v) => {
    // First place that is less dense than the voxel: it and all after it have the voxel in their searched volume.
    let low = 0
    let high = limits.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (limits[middle] < density) high = middle
      else low = middle + 1
    }
    probability[low] += p
    volume[low] += v
  })
  let level = 0
  let searched = 0
  return order.map((index, n) => {
    level += probability[n]
    searched += volume[n]
    return {
      index,
      densityPerMpc3: densities[index],
      level: Math.min(1, level),
      searchedVolumeMpc3: searched,
    }
  })
}

/** Volume (Mpc³) of the densest part of space that holds each level of the probability. Throws `skymap.no_distance`. */
export function credibleVolumes(
  map: SkyMap,
  levels: readonly number[],
  options: VolumeOptions = {},
): number[] {
  // Voxels are sorted into bins of 0.1 % in density, which bounds what a bin border can move; the range spans e^60.
  const perFactor = 1 / Math.log1p(0.001)
  const count = Math.ceil(60 * perFactor)
  const probability = new Float64Array(count)
  const volume = new Float64Array(count)
  const grid = gridOf(map, options)
  let peak = 0
  for (let i = 0; i < map.order.length; i++) peak = Math.max(peak, reachedOf(map, i))
  const top = Math.log(peak * (grid.ratios ? Math.max(...grid.ratios) : 1))
  eachVoxel(map, grid, (density, p, v) => {
    const bin = Math.max(0, Math.floor((top - Math.log(density)) * perFactor))
    if (!(bin < count)) return
    probability[bin] += p
    volume[bin] += v
  })
  return levels.map((level) => {
    let reached = 0
    let total = 0
    for (let bin = 0; bin < count; bin++) {
      if (reached + probability[bin] >= level) {
        return total + (volume[bin] * (level - reached)) / probability[bin]
      }
      reached += probability[bin]
      total += volume[bin]
    }
    return total
  })
}
