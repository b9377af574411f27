/** Maps at one resolution, for export to programs that know nothing else. Nothing in Urania computes with these. */
import { Problem } from '#problem.ts'
import { parametersAt } from './distance.ts'
import { finestOrder } from './map.ts'
import type { SkyMap } from './map.ts'
import { momentsOf, parametersOf } from './moments.ts'

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
 *
 * Where anything is averaged, pixels without probability, and those of which a part has no distance, have none either:
 * the rule of ligo.skymap, so that flattened maps agree with those of others.
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
  const averaged = finestOrder(map) > order
  for (let i = 0; i < map.order.length;) {
    const k = map.order[i]
    if (k <= order) {
      const count = 4 ** (order - k)
      const start = map.ipix[i] * count
      density.fill(map.density[i], start, start + count)
      if (distance && map.distance && (map.density[i] > 0 || !averaged)) {
        const { mu, sigma, norm } = parametersAt(map.distance, i)
        distance.mu.fill(mu, start, start + count)
        distance.sigma.fill(sigma, start, start + count)
        distance.norm.fill(norm, start, start + count)
      }
      i++
      continue
    }
    const pixel = Math.floor(map.ipix[i] / 4 ** (k - order))
    let [sum, first, second] = [0, 0, 0]
    let known = true
    while (
      i < map.order.length &&
      map.order[i] > order &&
      Math.floor(map.ipix[i] / 4 ** (map.order[i] - order)) === pixel
    ) {
      const share = 4 ** (order - map.order[i])
      const density = map.density[i]
      sum += share * density
      const moments = map.distance && momentsOf(parametersAt(map.distance, i))
      if (!moments) known = false
      else {
        first += share * (density * moments.mean)
        second += share * (density * (moments.mean ** 2 + moments.std ** 2))
      }
      i++
    }
    density[pixel] = sum
    if (distance && known && sum > 0) {
      const mean = first / sum
      const { mu, sigma, norm } = parametersOf({ mean, std: Math.sqrt(second / sum - mean * mean) })
      distance.mu[pixel] = mu
      distance.sigma[pixel] = sigma
      distance.norm[pixel] = norm
    }
  }
  return { order, density, ...(distance ? { distance } : {}) }
}
