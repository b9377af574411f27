import { computeTask } from '#platform/compute/compute.ts'
import { mocToFits } from '#science/sky/moc-fits.ts'
import { mocToAscii, mocToJson } from '#science/sky/moc-formats.ts'
import { contours } from '#science/skymap/contours.ts'
import { credibleMoc, pointLevel } from '#science/skymap/credible.ts'
import { conditionalDistance } from '#science/skymap/distance.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { writeSkyMap } from '#science/skymap/write.ts'
import type { LevelAnswer } from './localization.ts'
import { chartOf, type ChartRequest } from './map-chart.ts'
import { mapOf, type MapInput } from './map-input.ts'

/** What is made from a map when somebody asks, in a worker thread. */

export type MocFormat = 'fits' | 'json' | 'ascii'

export type MapProduct =
  | { product: 'fits' }
  | { product: 'moc'; level: number; format: MocFormat }
  | { product: 'contours'; levels: number[] }
  | ({ product: 'chart' } & ChartRequest)

export const makeProduct = computeTask(
  import.meta.url,
  'makeProduct',
  (input: { map: MapInput; product: MapProduct }): Uint8Array => productOf(mapOf(input.map), input.product),
)

/** Bytes of a product: FITS, or UTF-8 text. */
export function productOf(map: SkyMap, product: MapProduct): Uint8Array {
  const text = (s: string): Uint8Array => new TextEncoder().encode(s)
  if (product.product === 'fits') return writeSkyMap(map)
  if (product.product === 'contours') return text(JSON.stringify(contours(map, product.levels)))
  if (product.product === 'chart') return chartOf(map, product)
  const moc = credibleMoc(map, product.level)
  if (product.format === 'fits') return mocToFits(moc)
  return text(product.format === 'json' ? mocToJson(moc) : mocToAscii(moc))
}

export const askLevel = computeTask(
  import.meta.url,
  'askLevel',
  (input: { map: MapInput; ra: number; dec: number }): LevelAnswer =>
    levelOf(mapOf(input.map), input.ra, input.dec),
)

/** Credible level of a point with what goes with it. */
export function levelOf(map: SkyMap, ra: number, dec: number): LevelAnswer {
  const { level, densityPerSr, searchedAreaDeg2 } = pointLevel(map, ra, dec)
  const distance = map.distance ? conditionalDistance(map, ra, dec) : null
  return {
    ra,
    dec,
    level,
    densityPerSr,
    searchedAreaDeg2,
    distance:
      distance && Number.isFinite(distance.mean) ? { meanMpc: distance.mean, stdMpc: distance.std } : null,
  }
}
