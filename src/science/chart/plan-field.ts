/** The part of the sky that a picture of a plan shows: the region of the localization and the fields planned in it. */
import type { MultiPolygon, Polygon } from 'geojson'
import { directionOf, radiansPerDegree, separation, unitVector } from '#science/sky/vectors.ts'
import { widestTangentDeg } from './projection.ts'
import { fieldOf, regionPoints } from './sky-chart.ts'

type Place = readonly [ra: number, dec: number]

interface ShownField {
  ra: number
  dec: number
  fieldDeg: number
}

/** Fields spread wider than this (deg) are shown on the whole sky; the zoom keeps to the region. */
const widestSpreadDeg = 90

/**
 * The zoom (deg) that holds the region, or of a wide one the part nearest to the first field, and all fields.
 * Where both do not fit onto half the sky it holds the fields alone; where these spread over more than 90°, the region.
 * @param geometry the widest region; absent: the fields alone
 * @param fields in their order, with closed rings of [RA, Dec] degrees
 * @param aspect height of the picture over its width
 */
export function planField(
  geometry: Polygon | MultiPolygon | undefined,
  fields: readonly {
    readonly ra: number
    readonly dec: number
    readonly rings: readonly (readonly Place[])[]
  }[],
  options: { readonly peak?: { ra: number; dec: number }; readonly aspect?: number } = {},
): ShownField {
  const { aspect = 0.6 } = options
  const peak = options.peak ?? fields[0] ?? { ra: 0, dec: 0 }
  const region = geometry && fieldOf(geometry, peak)
  const home = region ?? { ra: peak.ra, dec: peak.dec, fieldDeg: 20 }
  const corners = fields.flatMap(({ rings }) => rings.flat())
  const cap = capOf(corners)
  if (!cap || 2 * cap.radius > widestSpreadDeg) return home
  if (!region) return frameOf(corners, aspect) ?? home
  const needed = widthAbout(region, corners, aspect)
  if (needed !== null && needed <= region.fieldDeg) return region
  const outline = regionPoints(geometry, peak).map(([lon, lat]): Place => [lon, lat])
  return frameOf([...outline, ...corners], aspect) ?? frameOf(corners, aspect) ?? home
}

function frameOf(points: readonly Place[], aspect: number): ShownField | null {
  const cap = capOf(points)
  const fieldDeg = cap && widthAbout(cap, points, aspect)
  return cap === null || fieldDeg === null
    ? null
    : { ra: cap.ra, dec: cap.dec, fieldDeg: Math.max(0.02, fieldDeg) }
}

/** Width (deg) of the picture about a direction that holds all points with a margin; null where none does. */
function widthAbout(
  centre: { readonly ra: number; readonly dec: number },
  points: readonly Place[],
  aspect: number,
): number | null {
  const margin = 1.1
  const [sin0, cos0] = [Math.sin(centre.dec * radiansPerDegree), Math.cos(centre.dec * radiansPerDegree)]
  let [tangent, globe] = [0, 0]
  for (const [ra, dec] of points) {
    const turn = (ra - centre.ra) * radiansPerDegree
    const [sin, cos] = [Math.sin(dec * radiansPerDegree), Math.cos(dec * radiansPerDegree)]
    const towards = sin0 * sin + cos0 * cos * Math.cos(turn)
    if (towards <= 0) return null
    const across = Math.abs(cos * Math.sin(turn))
    const up = Math.abs(cos0 * sin - sin0 * cos * Math.cos(turn)) / aspect
    const half = Math.max(across, up)
    globe = Math.max(globe, half)
    tangent = Math.max(tangent, half / towards)
  }
  const narrow = (2 * Math.atan(margin * tangent)) / radiansPerDegree
  if (narrow <= widestTangentDeg) return narrow
  if (globe > 1) return null
  const wide = (2 * Math.asin(Math.min(1, margin * globe))) / radiansPerDegree
  return Math.max(widestTangentDeg + 1, wide)
}

/** A cap (deg) that holds all points, little wider than the smallest: its centre goes towards the farthest point in ever smaller steps. */
function capOf(points: readonly Place[]): { ra: number; dec: number; radius: number } | null {
  if (points.length === 0) return null
  const vectors = points.map(([ra, dec]) => unitVector(ra, dec))
  let [x, y, z] = vectors[0]
  for (let step = 1; step <= 60; step++) {
    let far = vectors[0]
    let least = Infinity
    for (const v of vectors) {
      const dot = x * v[0] + y * v[1] + z * v[2]
      if (dot < least) [least, far] = [dot, v]
    }
    x += (far[0] - x) / (step + 1)
    y += (far[1] - y) / (step + 1)
    z += (far[2] - z) / (step + 1)
    const length = Math.hypot(x, y, z)
    if (length < 1e-9) return null
    ;[x, y, z] = [x / length, y / length, z / length]
  }
  const [ra, dec] = directionOf([x, y, z])
  return {
    ra,
    dec,
    radius: points.reduce((most, [lon, lat]) => Math.max(most, separation(lon, lat, ra, dec)), 0),
  }
}
