/** Maps at one resolution, for export to programs that know nothing else. Nothing in Urania computes with these. */
import { Problem } from '#problem.ts'
import { cellAreasSr } from './map.ts'
import type { SkyMap } from './map.ts'
import { parametersOf, momentsOf } from './moments.ts'

export interface Raster {
  readonly order: number
  /** NESTED, sr⁻¹. */
  readonly density: Float64Array
  readonly distance?: { readonly mu: Float64Array; readonly sigma: Float64Array; readonly norm: Float64Array }
}

const highest = 12

/**
 * The map on a NESTED grid of `order` (at most 12): larger cells are repeated, smaller ones averaged over area, their
 * distance moments over probability. The sum is kept to rounding.
 */
export function rasterize(map: SkyMap, order: number): Raster {
  if (!(Number.isInteger(order) && order >= 0 && order <= highest)) {
    throw new Problem(
      'skymap.too_large',
      `A flat map of order ${order} is not made; orders 0 to ${highest} are.`,
      { order },
    )
  }
  const size = 12 * 4 ** order
  const density = new Float64Array(size)
  const distance = map.distance && {
    mu: new Float64Array(size).fill(Infinity),
    sigma: new Float64Array(size).fill(1),
    norm: new Float64Array(size),
  }
  for (let i = 0; i < map.order.length;) {
    const k = map.order[i]
    if (k <= order) {
      const count = 4 ** (order - k)
      const start = map.ipix[i] * count
      density.fill(map.density[i], start, start + count)
      if (distance && map.distance) {
        distance.mu.fill(map.distance.mu[i], start, start + count)
        distance.sigma.fill(map.distance.sigma[i], start, start + count)
        distance.norm.fill(map.distance.norm[i], start, start + count)
      }
      i++
      continue
    }
    const pixel = Math.floor(map.ipix[i] / 4 ** (k - order))
    let [sum, known, first, second] = [0, 0, 0, 0]
    while (
      i < map.order.length &&
      map.order[i] > order &&
      Math.floor(map.ipix[i] / 4 ** (map.order[i] - order)) === pixel
    ) {
      const p = map.density[i] * cellAreasSr[map.order[i]]
      sum += p
      const moments =
        map.distance &&
        momentsOf({ mu: map.distance.mu[i], sigma: map.distance.sigma[i], norm: map.distance.norm[i] })
      if (moments) {
        known += p
        first += p * moments.mean
        second += p * (moments.mean ** 2 + moments.std ** 2)
      }
      i++
    }
    density[pixel] = sum / cellAreasSr[order]
    if (distance && known > 0) {
      const mean = first / known
      const { mu, sigma, norm } = parametersOf({ mean, std: Math.sqrt(second / known - mean * mean) })
      distance.mu[pixel] = mu
      distance.sigma[pixel] = sigma
      distance.norm[pixel] = norm
    }
  }
  return { order, density, ...(distance ? { distance } : {}) }
}
