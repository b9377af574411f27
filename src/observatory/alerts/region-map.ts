import { cells, mocFromRanges } from '#science/sky/moc.ts'
import { polygonRanges } from '#science/sky/cover.ts'
import { circleMap, ellipseMap } from '#science/skymap/make.ts'
import { cellAreasSr, filled, sortCells, type SkyMap } from '#science/skymap/map.ts'
import type { Region } from './formats/format.ts'
import { polygonAreaSr } from './region.ts'

/** The probability map of a stated error region; the same region gives the same map. */
export function mapOfRegion(region: Region, containment: number): SkyMap {
  if (region.shape === 'circle') return circleMap(region.ra, region.dec, region.radiusDeg, containment)
  if (region.shape === 'ellipse') {
    return ellipseMap(region.ra, region.dec, region.majorDeg, region.minorDeg, region.angleDeg, containment)
  }
  return polygonMap(region.vertices)
}

/** Uniform inside a polygon of great circles, nothing outside. */
function polygonMap(vertices: readonly [number, number][]): SkyMap {
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
      areaSr += cellAreasSr[part.order]!
    }
  }
  const density = new Float64Array(count).fill(1 / areaSr)
  return filled(sortCells({ order: orders, ipix, density, meta: { creator: 'urania polygon' } }))
}
