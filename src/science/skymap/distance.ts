/**
 * Distances of sky maps: marginal over the sky, conditional at a point, and density in volume.
 * DISTMU is a parameter, not a distance: its mean is never taken here.
 */
import { Problem } from '#problem.ts'
import { cellAreasSr, cellAt } from './map.ts'
import type { DistanceLayers, SkyMap } from './map.ts'
import { conditionalCdf, conditionalPdf, momentsOf } from './moments.ts'
import type { DistanceParameters, Moments } from './moments.ts'

export interface MarginalDistance {
  readonly meanMpc: number
  readonly stdMpc: number
  /** Probability of the cells that have a distance; the moments are over these. */
  readonly probability: number
}

/** Parameters of cell `i`. */
export function parametersAt({ mu, sigma, norm }: DistanceLayers, i: number): DistanceParameters {
  return { mu: mu[i], sigma: sigma[i], norm: norm[i] }
}

function layersOf(map: SkyMap): DistanceLayers {
  if (map.distance) return map.distance
  throw new Problem('skymap.no_distance', 'The sky map has no distance; it is a map of directions only.')
}

/** Mean and standard deviation of the distance over the whole sky (Mpc); null for a map without distances. */
export function marginalDistance(map: SkyMap): MarginalDistance | null {
  if (!map.distance) return null
  const { mu, sigma, norm } = map.distance
  let total = 0
  let first = 0
  let second = 0
  for (let i = 0; i < map.order.length; i++) {
    const p = map.density[i] * cellAreasSr[map.order[i]]
    if (!(p > 0) || !(norm[i] > 0)) continue
    const moments = momentsOf({ mu: mu[i], sigma: sigma[i], norm: norm[i] })
    if (!moments) continue
    total += p
    first += p * moments.mean
    second += p * (moments.mean ** 2 + moments.std ** 2)
  }
  if (!(total > 0)) return null
  const meanMpc = first / total
  return { meanMpc, stdMpc: Math.sqrt(Math.max(0, second / total - meanMpc ** 2)), probability: total }
}

/** Cells that matter for a marginal quantity: all but those that hold less than 10⁻¹² of the probability together. */
function weighty(map: SkyMap): { cells: number[]; weights: number[]; total: number } {
  const distance = layersOf(map)
  const cells: number[] = []
  const weights: number[] = []
  const least = 1e-12 / map.order.length
  let total = 0
  for (let i = 0; i < map.order.length; i++) {
    const p = map.density[i] * cellAreasSr[map.order[i]]
    if (!(p > least) || !(distance.norm[i] > 0)) continue
    cells.push(i)
    weights.push(p)
    total += p
  }
  return { cells, weights, total }
}

/** Marginal distance density at each r (Mpc), Mpc⁻¹. Throws `skymap.no_distance`. */
export function marginalPdf(map: SkyMap, r: ArrayLike<number>): Float64Array {
  const { cells, weights, total } = weighty(map)
  const distance = layersOf(map)
  return Float64Array.from(r, (each) => {
    let sum = 0
    for (let n = 0; n < cells.length; n++)
      sum += weights[n] * conditionalPdf(parametersAt(distance, cells[n]), each)
    return sum / total
  })
}

/** P(distance < r) over the whole sky, for each r (Mpc). Throws `skymap.no_distance`. */
export function marginalCdf(map: SkyMap, r: ArrayLike<number>): Float64Array {
  const { cells, weights, total } = weighty(map)
  const distance = layersOf(map)
  return Float64Array.from(r, (each) => {
    let sum = 0
    for (let n = 0; n < cells.length; n++)
      sum += weights[n] * conditionalCdf(parametersAt(distance, cells[n]), each)
    return Math.min(1, sum / total)
  })
}

/** r at which `cdf` reaches `level`: bracketed, then halved and interpolated to 10⁻¹⁰ of the answer. */
function quantile(cdf: (r: number) => number, level: number, start: number): number {
  if (!(level > 0 && level < 1)) {
    throw new Problem(
      'skymap.invalid',
      `A quantile of distance needs a level between 0 and 1, not ${level}.`,
      { level },
    )
  }
  let low = 0
  let high = start
  let atLow = -level
  let atHigh = cdf(high) - level
  while (atHigh < 0) {
    low = high
    atLow = atHigh
    high *= 2
    atHigh = cdf(high) - level
  }
  // Illinois: a secant that halves the weight of the end that stays.
  let side = 0
  for (let i = 0; i < 100 && high - low > 1e-10 * high; i++) {
    const at = (low * atHigh - high * atLow) / (atHigh - atLow)
    const value = cdf(at) - level
    if (value === 0) return at
    if (value > 0) {
      high = at
      atHigh = value
      if (side === 1) atLow /= 2
      side = 1
    } else {
      low = at
      atLow = value
      if (side === -1) atHigh /= 2
      side = -1
    }
  }
  return 0.5 * (low + high)
}

/** Quantiles of the marginal distance, Mpc. Throws `skymap.no_distance`. */
export function marginalQuantiles(map: SkyMap, levels: readonly number[]): number[] {
  const { cells, weights, total } = weighty(map)
  const distance = layersOf(map)
  const start = (marginalDistance(map)?.meanMpc ?? 1) * 2
  const cdf = (r: number): number => {
    let sum = 0
    for (let n = 0; n < cells.length; n++)
      sum += weights[n] * conditionalCdf(parametersAt(distance, cells[n]), r)
    return sum / total
  }
  return levels.map((level) => quantile(cdf, level, start))
}

export interface ConditionalDistance extends DistanceParameters, Moments {
  pdf(r: number): number
  cdf(r: number): number
  quantile(level: number): number
}

/** The distance along one direction (degrees); null where the map has none there. Throws `skymap.no_distance`. */
export function conditionalDistance(map: SkyMap, ra: number, dec: number): ConditionalDistance | null {
  const parameters = parametersAt(layersOf(map), cellAt(map, ra, dec))
  const moments = momentsOf(parameters)
  if (!moments) return null
  const cdf = (r: number): number => conditionalCdf(parameters, r)
  return {
    ...parameters,
    ...moments,
    pdf: (r) => conditionalPdf(parameters, r),
    cdf,
    quantile: (level) => quantile(cdf, level, 2 * moments.mean),
  }
}

/** Probability per volume dP/dV (Mpc⁻³) of cell `i` at distance r: the r² of p(r) cancels that of the volume. */
export function volumeDensityOfCell(map: SkyMap, i: number, r: number): number {
  const { mu, sigma, norm } = layersOf(map)
  if (!(norm[i] > 0)) return 0
  const z = (r - mu[i]) / sigma[i]
  return (map.density[i] * norm[i] * Math.exp(-0.5 * z * z)) / (Math.sqrt(2 * Math.PI) * sigma[i])
}

/** Probability per volume dP/dV (Mpc⁻³) at a direction (degrees) and distance (Mpc). Throws `skymap.no_distance`. */
export function volumeDensity(map: SkyMap, ra: number, dec: number, distanceMpc: number): number {
  return volumeDensityOfCell(map, cellAt(map, ra, dec), distanceMpc)
}
