/** Maps in Galactic or ecliptic coordinates brought to ICRS. HEALPix cells do not rotate, so this is the one resampling. */
import { centreOf, maxPlainOrder, pixelOf } from '#science/sky/healpix.ts'
import { frameRotation } from '#science/sky/frames.ts'
import { rotateDirection } from '#science/sky/vectors.ts'
import { createCellList, mergeEqual } from './cells.ts'
import { cellOfPixel24, noted, scaledBy, totalOf } from './map.ts'
import type { SkyMap } from './map.ts'

/** Cells of the new map are this many orders finer than the old ones they overlay. */
const finer = 1
/** Points of a cell in which the old map is looked at: centres of the cells this many orders down. */
const sampling = 2

/**
 * The map in ICRS. Cells are refined until they are one order finer than the old cells under them, their density is the
 * mean over sixteen points; then the whole is scaled so that probability is conserved. A note states by how much.
 */
export function toIcrs(map: SkyMap, frame: 'galactic' | 'ecliptic'): SkyMap {
  const matrix = frameRotation(
    { name: 'icrs' },
    frame === 'galactic' ? { name: 'galactic' } : { name: 'ecliptic' },
  )
  const layers = map.distance ? 4 : 1
  const cells = createCellList(layers)
  const values = new Float64Array(4)
  const oldCell = (order: number, ipix: number): number => {
    const [ra, dec] = centreOf(order, ipix)
    const [lon, lat] = rotateDirection(matrix, ra, dec)
    return cellOfPixel24(map, pixelOf(maxPlainOrder, lon, lat))
  }
  const visit = (order: number, ipix: number): void => {
    const depth = Math.min(order + sampling, maxPlainOrder)
    const count = 4 ** (depth - order)
    let densest = -1
    let finest = 0
    let sum = 0
    let first = -1
    let same = true
    for (let n = 0; n < count; n++) {
      const cell = oldCell(depth, ipix * count + n)
      if (first < 0) first = cell
      else if (cell !== first) same = false
      finest = Math.max(finest, map.order[cell])
      sum += map.density[cell]
      if (densest < 0 || map.density[cell] > map.density[densest]) densest = cell
    }
    // One old cell under all points does not yet mean that no finer one lies between them: a coarse cell is always cut.
    if (order < Math.min(finest + finer, maxPlainOrder) && !(same && order >= map.order[first])) {
      for (let child = 0; child < 4; child++) visit(order + 1, 4 * ipix + child)
      return
    }
    values[0] = sum / count
    if (map.distance) {
      values[1] = map.distance.mu[densest]
      values[2] = map.distance.sigma[densest]
      values[3] = map.distance.norm[densest]
    }
    cells.add(order, ipix, values)
  }
  // Large old cells may hide small ones from sixteen points; starting at order 6 bounds what can be missed to 0.2°.
  const start = Math.min(6, Math.max(2, ...new Set(map.order)))
  for (let ipix = 0; ipix < 12 * 4 ** start; ipix++) visit(start, ipix)
  const { gridOrder: _, ...meta } = map.meta
  const resampled = mergeEqual(cells.map(meta))
  const sum = totalOf(resampled)
  return noted(
    scaledBy(resampled, totalOf(map) / sum),
    `Resampled from ${frame} coordinates to ICRS, one order finer than the file; before scaling the probability came out as ${sum.toFixed(8)}.`,
  )
}
