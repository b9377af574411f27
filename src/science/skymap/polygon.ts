/** Maps of error regions given by their corners. */
import { polygonRanges } from '#science/sky/cover.ts'
import { cells, mocFromRanges } from '#science/sky/moc.ts'
import { polygonAreaSr } from '#science/sky/vectors.ts'
import { cellAreasSr, filled, sortCells } from './map.ts'
import type { SkyMap } from './map.ts'

/**
 * The map that is uniform inside a polygon of great circles and nothing outside, in at most some 30,000 cells.
 * @param vertices (ra, dec), degrees
 * @throws Problem region.invalid
 */
export function polygonMap(vertices: readonly [ra: number, dec: number][]): SkyMap {
  // Cells so small that thousands of them would make up the polygon; inside, larger ones do.
  const order = Math.min(
    20,
    Math.max(6, Math.ceil(Math.log2(Math.PI / 3 / (polygonAreaSr(vertices) / 30_000)) / 2)),
  )
  const parts = cells(mocFromRanges(polygonRanges(vertices, { order, inclusive: false })))
  const count = parts.reduce((n, part) => n + part.ipix.length, 0)
  const orders = new Uint8Array(count)
  const ipix = new Float64Array(count)
  let at = 0
  let areaSr = 0
  for (const part of parts) {
    for (const pixel of part.ipix) {
      orders[at] = part.order
      ipix[at++] = Number(pixel)
      areaSr += cellAreasSr[part.order]
    }
  }
  const density = new Float64Array(count).fill(1 / areaSr)
  return filled(sortCells({ order: orders, ipix, density, meta: { creator: 'urania polygon' } }))
}
