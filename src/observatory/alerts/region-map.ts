import { circleMap, ellipseMap } from '#science/skymap/make.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { polygonMap } from '#science/skymap/polygon.ts'
import type { Region } from './formats/format.ts'

/** The probability map of a stated error region; the same region gives the same map. */
export function mapOfRegion(region: Region, containment: number): SkyMap {
  if (region.shape === 'circle') return circleMap(region.ra, region.dec, region.radiusDeg, containment)
  if (region.shape === 'ellipse') {
    return ellipseMap(region.ra, region.dec, region.majorDeg, region.minorDeg, region.angleDeg, containment)
  }
  return polygonMap(region.vertices)
}
