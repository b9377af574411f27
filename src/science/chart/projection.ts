/**
 * Projections of the sky onto paper: right ascension grows to the left, north is up. Thin over d3-geo, so that a
 * chart, the page's pointer read-out and a test all use the same numbers.
 */
import { geoGnomonic, geoOrthographic, geoPath } from 'd3-geo'
import type { GeoPermissibleObjects, GeoProjection } from 'd3-geo'
import { geoMollweide } from 'd3-geo-projection'
import { normalizeDegrees } from '#science/sky/angles.ts'

export interface SkyProjection {
  readonly kind: 'all-sky' | 'zoom'
  readonly width: number
  readonly height: number
  /** Centre of the picture (deg). */
  readonly centre: readonly [ra: number, dec: number]
  /** Width of the picture (deg); 360 for the whole sky. */
  readonly fieldDeg: number
  /** Pixel of a direction (deg), or null where it is not shown. */
  project(ra: number, dec: number): [x: number, y: number] | null
  /** Direction (deg, ra in [0, 360)) of a pixel, or null outside the sky. */
  invert(x: number, y: number): [ra: number, dec: number] | null
  /**
   * SVG path of a GeoJSON object in (ra, dec) degrees, clipped; null when nothing of it is shown.
   * Interior of a polygon is to the right of the ring's direction of travel (d3-geo's convention).
   */
  path(object: GeoPermissibleObjects): string | null
}

/**
 * Mollweide picture of the whole sky (equal area), `width` pixels wide and half as high.
 * @param options.centreRa right ascension in the middle (deg)
 * @param options.margin pixels kept free at each side
 */
export function allSky(options: { width: number; centreRa?: number; margin?: number }): SkyProjection {
  const { width, centreRa = 0, margin = 2 } = options
  const inner = width - 2 * margin
  const height = inner / 2 + 2 * margin
  const projection = geoMollweide()
    .rotate([-centreRa, 0])
    .reflectX(true)
    .scale(inner / (4 * Math.SQRT2))
    .translate([width / 2, height / 2])
    .precision(0.3)
  return wrap(projection, { kind: 'all-sky', width, height, centre: [centreRa, 0], fieldDeg: 360 })
}

/** Fields wider than this leave the tangent plane for the sphere seen from outside. */
export const widestTangentDeg = 75

/**
 * Local picture around a direction: gnomonic (tangent plane) up to 75° wide, orthographic beyond (at most 180°).
 * @param options.fieldDeg width of the picture (deg)
 */
export function zoom(options: {
  ra: number
  dec: number
  fieldDeg: number
  width: number
  height: number
}): SkyProjection {
  const { ra, dec, width, height } = options
  const fieldDeg = Math.min(180, Math.max(1 / 3600, options.fieldDeg))
  const half = (fieldDeg / 2) * (Math.PI / 180)
  const tangent = fieldDeg <= widestTangentDeg
  const scale = width / 2 / (tangent ? Math.tan(half) : Math.sin(half))
  const projection = (tangent ? geoGnomonic() : geoOrthographic())
    .clipAngle(tangent ? 80 : 90)
    .rotate([-ra, -dec])
    .reflectX(true)
    .scale(scale)
    .translate([width / 2, height / 2])
    .clipExtent([
      [-1, -1],
      [width + 1, height + 1],
    ])
    .precision(0.3)
  return wrap(projection, { kind: 'zoom', width, height, centre: [ra, dec], fieldDeg })
}

function wrap(
  projection: GeoProjection,
  facts: Pick<SkyProjection, 'kind' | 'width' | 'height' | 'centre' | 'fieldDeg'>,
): SkyProjection {
  const write = geoPath(projection).digits(1)
  const isInside = (x: number, y: number) => x >= 0 && x <= facts.width && y >= 0 && y <= facts.height
  return {
    ...facts,
    project(ra, dec) {
      // A stream clips; calling the projection does not, and would show the far side of the sphere.
      let point: [number, number] | null = null
      const sink = projection.stream({
        point: (x, y) => (point = [x, y]),
        lineStart() {},
        lineEnd() {},
        polygonStart() {},
        polygonEnd() {},
      })
      sink.point(ra, dec)
      return point
    },
    invert(x, y) {
      if (!isInside(x, y)) return null
      const direction = projection.invert?.([x, y])
      if (!direction || !Number.isFinite(direction[0]) || !Number.isFinite(direction[1])) return null
      const back = projection(direction)
      // Beyond the edge of the Mollweide ellipse or the globe the inverse lands somewhere else.
      if (!back || Math.hypot(back[0] - x, back[1] - y) > 0.5) return null
      return [normalizeDegrees(direction[0]), direction[1]]
    },
    path: (object) => write(object),
  }
}
