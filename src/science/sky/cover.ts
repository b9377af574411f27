/**
 * Regions of the sky to ranges of HEALPix pixels.
 *
 * Every region is a function that bounds the angle from a direction to the region's edge, negative inside
 * (`regions.ts`). Cells are halved from the base faces down: a cell farther from the edge than its own radius is whole
 * or empty, all others are cut, to the order asked for. There, `inclusive` keeps every cell that may share a point with
 * the region (judged two orders deeper, so that few too many are kept and none is missed); otherwise a cell is kept when
 * its centre is inside, as healpy's query functions do.
 */
import { centreLocation, checkOrder, maxOrder, maxPixelRadius } from './healpix.ts'
import type { Ranges } from './ranges.ts'
import { createRangeBuilder } from './ranges.ts'
import type { Region, Vector } from './regions.ts'
import { box, cone, ellipse, polygon, zone } from './regions.ts'

export interface CoverOptions {
  /** Depth of the cells, 0–29. */
  readonly order: number
  /** Keep every cell touched (default), or only those whose centre is inside. */
  readonly inclusive?: boolean
}

const DEEPER = 2

/** Ranges of any region; the functions below are this one on the regions of `regions.ts`. */
export function regionRanges(region: Region, options: CoverOptions): Ranges {
  const order = checkOrder(options.order, maxOrder)
  const inclusive = options.inclusive ?? true
  const floor = inclusive ? Math.min(maxOrder, order + DEEPER) : order
  // A little more than the largest pixel, so that rounding never declares a cell empty.
  const radius = Float64Array.from({ length: maxOrder + 1 }, (_, k) => cellRadii[k] * (1 + 1e-9) + 4e-16)
  const builder = createRangeBuilder()

  const visit = (near: Region, k: number, f: number, x: number, y: number): void => {
    const v = centreVector(k, f, x, y)
    const d = near.depth(v)
    if (d > radius[k]) return
    if (d < -radius[k]) return builder.addCell(k, f, x, y)
    if (k === order) {
      if (inclusive ? d <= 0 || touches(near.near(v, radius[k]), k, f, x, y) : d <= 0)
        builder.addCell(k, f, x, y)
      return
    }
    const nearer = near.near(v, radius[k])
    for (let c = 0; c < 4; c++) visit(nearer, k + 1, f, 2 * x + (c & 1), 2 * y + (c >> 1))
  }

  const touches = (near: Region, k: number, f: number, x: number, y: number): boolean => {
    if (k === floor) return true
    for (let c = 0; c < 4; c++) {
      const cx = 2 * x + (c & 1)
      const cy = 2 * y + (c >> 1)
      const d = near.depth(centreVector(k + 1, f, cx, cy))
      if (d <= 0 || (d <= radius[k + 1] && touches(near, k + 1, f, cx, cy))) return true
    }
    return false
  }

  for (let f = 0; f < 12; f++) visit(region, 0, f, 0, 0)
  return builder.ranges()
}

/** Largest centre-to-corner angle of each order, radians. */
const cellRadii: readonly number[] = Array.from(
  { length: maxOrder + 1 },
  (_, k) => (maxPixelRadius(k) * Math.PI) / 180,
)

function centreVector(k: number, f: number, x: number, y: number): Vector {
  const { z, phi, sth } = centreLocation(k, f, x, y)
  const s = sth < 0 ? Math.sqrt((1 - z) * (1 + z)) : sth
  return [s * Math.cos(phi), s * Math.sin(phi), z]
}

/** Circle of `radius` degrees, 0–180. */
export function coneRanges(lon: number, lat: number, radius: number, options: CoverOptions): Ranges {
  return regionRanges(cone(lon, lat, radius), options)
}

/** Ellipse: `a` ≥ `b` semi-axes in degrees, `positionAngle` of `a` from north through east. */
export function ellipseRanges(
  lon: number,
  lat: number,
  a: number,
  b: number,
  positionAngle: number,
  options: CoverOptions,
): Ranges {
  return regionRanges(ellipse(lon, lat, a, b, positionAngle), options)
}

/** Polygon of great-circle edges, convex or not, in either direction: its inside is the smaller side. */
export function polygonRanges(
  vertices: readonly (readonly [lon: number, lat: number])[],
  options: CoverOptions,
): Ranges {
  return regionRanges(polygon(vertices), options)
}

/** Everything between two longitudes (eastward from `lon1`; 0 to 360 is all) and two latitudes, degrees. */
export function zoneRanges(
  lon1: number,
  lat1: number,
  lon2: number,
  lat2: number,
  options: CoverOptions,
): Ranges {
  return regionRanges(zone(lon1, lat1, lon2, lat2), options)
}

/** Box of great-circle sides whose middles are half a `width` and half a `height` (degrees, < 180) from its centre; `height` lies along `positionAngle`. */
export function boxRanges(
  lon: number,
  lat: number,
  width: number,
  height: number,
  positionAngle: number,
  options: CoverOptions,
): Ranges {
  return regionRanges(box(lon, lat, width, height, positionAngle), options)
}

/**
 * At most `maxRanges` ranges that hold a circle, as fine as that allows: what `hpx between … and …` scans before the
 * exact distance is checked.
 */
export function coneRangesForIndex(lon: number, lat: number, radius: number, maxRanges = 32): Ranges {
  let order = 0
  while (order < maxOrder && maxPixelRadius(order + 1) > radius) order++
  let best = coneRanges(lon, lat, radius, { order })
  while (order < maxOrder) {
    order++
    const finer = coneRanges(lon, lat, radius, { order })
    if (finer.length / 2 > maxRanges) break
    best = finer
  }
  return bridged(best, Math.max(1, maxRanges))
}

/** The same ranges with the narrowest gaps closed until `most` are left. */
function bridged(ranges: Ranges, most: number): Ranges {
  const extra = ranges.length / 2 - most
  if (extra <= 0) return ranges
  const gaps = Array.from({ length: ranges.length / 2 - 1 }, (_, g) => g)
  const width = (g: number): bigint => ranges[2 * g + 2] - ranges[2 * g + 1]
  gaps.sort((a, b) => (width(a) < width(b) ? -1 : width(a) > width(b) ? 1 : a - b))
  const closed = new Set(gaps.slice(0, extra))
  return ranges.filter((_, i) => !(i & 1 ? closed.has((i - 1) / 2) : closed.has(i / 2 - 1)))
}
