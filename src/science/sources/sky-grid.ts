/**
 * Points of the sky sorted into cells of about a radius, so that neighbours are found by looking into a few of them.
 * Zones of declination are cut into bins of right ascension; a bin is as wide on the sky as a zone is high.
 */
import { Problem } from '#problem.ts'
import { radiansPerArcsec, radiansPerDegree } from '#science/sky/vectors.ts'

export interface SkyGrid {
  /** Points in order of their cells: their place in the list that was given. */
  readonly order: Int32Array
  /** Declination, cosine of declination and right ascension in that order; degrees, RA in [0, 360). */
  readonly ra: Float64Array
  readonly dec: Float64Array
  readonly cosDec: Float64Array
  /** Cell c holds the points `starts[c] … starts[c + 1]`. */
  readonly starts: Int32Array
  readonly dec0: number
  readonly zoneHeight: number
  readonly zones: number
  readonly firstCell: Int32Array
  readonly bins: Int32Array
  readonly ra0: number
  readonly span: number
}

/** sin²(degrees / 2), exact to the last bits for small and large angles. */
export function haversine(degrees: number): number {
  const x = degrees * (radiansPerDegree / 2)
  // The series is as exact as Math.sin this near to zero and several times faster.
  if (x < 0.01 && x > -0.01) {
    const xx = x * x
    const s = x * (1 - (xx / 6) * (1 - (xx / 20) * (1 - xx / 42)))
    return s * s
  }
  const s = Math.sin(x)
  return s * s
}

/** Separation in arcsec from sin² of its half. */
export const arcsecOfHaversine = (h: number): number =>
  (2 * Math.asin(Math.min(1, Math.sqrt(h)))) / radiansPerArcsec

/** sin² of half a radius. Throws `match.radius` where it is no angle between 0 and 180°. */
export function haversineOfRadius(radiusArcsec: number): number {
  if (!(radiusArcsec >= 0 && radiusArcsec <= 648_000))
    throw new Problem('match.radius', `A match radius of ${radiusArcsec}″ is not between 0 and 180°.`)
  return haversine(radiusArcsec / 3600)
}

const turned = (ra: number): number => {
  const rest = ra % 360
  return rest < 0 ? rest + 360 : rest
}

/** Where the longest stretch without points ends, and how far the points reach from there; degrees. */
function reach(ra: ArrayLike<number>, valid: (i: number) => boolean): [start: number, span: number] {
  const seen = new Uint8Array(360)
  for (let i = 0; i < ra.length; i++) if (valid(i)) seen[Math.min(359, Math.floor(turned(ra[i])))] = 1
  let longest = 0
  let start = 0
  let empty = 0
  for (let k = 0; k < 720; k++) {
    if (seen[k % 360]) {
      if (empty > longest && k >= empty) {
        longest = empty
        start = k % 360
      }
      empty = 0
    } else empty++
  }
  return longest === 0 || longest >= 360 ? [0, 360] : [start, 360 - longest]
}

/**
 * Sorts points into cells for searches within `radiusArcsec`. Points with a coordinate that is not finite, or a
 * declination beyond a pole, are left out.
 */
export function skyGrid(ra: ArrayLike<number>, dec: ArrayLike<number>, radiusArcsec: number): SkyGrid {
  if (ra.length !== dec.length)
    throw new Problem(
      'match.lengths',
      `${ra.length} right ascensions and ${dec.length} declinations; give one each.`,
    )
  const valid = (i: number) => ra[i] - ra[i] === 0 && dec[i] >= -90 && dec[i] <= 90
  let lowest = 90
  let highest = -90
  let count = 0
  for (let i = 0; i < ra.length; i++) {
    if (!valid(i)) continue
    count++
    if (dec[i] < lowest) lowest = dec[i]
    if (dec[i] > highest) highest = dec[i]
  }
  const [ra0, span] = reach(ra, valid)
  const middle = Math.cos(((lowest + highest) / 2) * radiansPerDegree)
  const area = Math.max(1e-6, (highest - lowest) * span * Math.max(0.01, middle))
  // About two points to a cell, but never a cell smaller than the radius.
  const zoneHeight = Math.max(radiusArcsec / 3600, Math.sqrt((2 * area) / Math.max(1, count)), 1e-5)
  const zones = count === 0 ? 0 : Math.floor((highest - lowest) / zoneHeight) + 1
  const bins = new Int32Array(zones)
  const firstCell = new Int32Array(zones + 1)
  for (let zone = 0; zone < zones; zone++) {
    const low = Math.abs(lowest + zone * zoneHeight)
    const high = Math.abs(lowest + (zone + 1) * zoneHeight)
    const cos = Math.cos(Math.min(90, Math.max(low, high)) * radiansPerDegree)
    bins[zone] = Math.max(1, Math.floor((span * cos) / zoneHeight))
    firstCell[zone + 1] = firstCell[zone] + bins[zone]
  }
  const grid = { dec0: lowest, zoneHeight, zones, firstCell, bins, ra0, span }
  const cells = new Int32Array(ra.length).fill(-1)
  const starts = new Int32Array((firstCell[zones] ?? 0) + 1)
  for (let i = 0; i < ra.length; i++) {
    if (!valid(i)) continue
    cells[i] = cellOf(grid, turned(ra[i]), dec[i])
    starts[cells[i] + 1]++
  }
  for (let cell = 1; cell < starts.length; cell++) starts[cell] += starts[cell - 1]
  const next = starts.slice()
  const order = new Int32Array(count)
  for (let i = 0; i < ra.length; i++) if (cells[i] >= 0) order[next[cells[i]]++] = i
  const sorted = sortedAs(order, ra, dec)
  return { order, ...sorted, starts, ...grid }
}

/** The coordinates in an order, RA in [0, 360), with cosines. */
export function sortedAs(
  order: Int32Array,
  ra: ArrayLike<number>,
  dec: ArrayLike<number>,
): { ra: Float64Array; dec: Float64Array; cosDec: Float64Array } {
  const out = {
    ra: new Float64Array(order.length),
    dec: new Float64Array(order.length),
    cosDec: new Float64Array(order.length),
  }
  for (let k = 0; k < order.length; k++) {
    const i = order[k]
    out.ra[k] = turned(ra[i])
    out.dec[k] = dec[i]
    out.cosDec[k] = Math.cos(dec[i] * radiansPerDegree)
  }
  return out
}

type Cells = Pick<SkyGrid, 'dec0' | 'zoneHeight' | 'zones' | 'firstCell' | 'bins' | 'ra0' | 'span'>

function binOf(grid: Cells, zone: number, ra: number): number {
  const from = ra - grid.ra0
  const bin = Math.floor(((from < 0 ? from + 360 : from) / grid.span) * grid.bins[zone])
  return bin >= grid.bins[zone] ? grid.bins[zone] - 1 : bin
}

function cellOf(grid: Cells, ra: number, dec: number): number {
  const zone = Math.min(grid.zones - 1, Math.floor((dec - grid.dec0) / grid.zoneHeight))
  return grid.firstCell[zone] + binOf(grid, zone, ra)
}

/**
 * Ranges of points that may lie within the radius of a position, written to `out` as pairs of start and end; returns how
 * many numbers were written. No point within the radius is outside of them.
 */
export function rangesNear(
  grid: SkyGrid,
  ra: number,
  dec: number,
  radiusArcsec: number,
  out: number[],
): number {
  const radius = radiusArcsec / 3600 + 1e-9
  let written = 0
  if (grid.zones === 0) return 0
  const first = Math.max(0, Math.floor((dec - radius - grid.dec0) / grid.zoneHeight))
  const last = Math.min(grid.zones - 1, Math.floor((dec + radius - grid.dec0) / grid.zoneHeight))
  const sine =
    Math.abs(dec) + radius >= 90 ? 1 : Math.sin(radius * radiansPerDegree) / Math.cos(dec * radiansPerDegree)
  const half = sine >= 1 ? 180 : Math.asin(sine) / radiansPerDegree + 1e-9
  for (let zone = first; zone <= last; zone++) {
    const cell = grid.firstCell[zone]
    const bins = grid.bins[zone]
    const put = (from: number, to: number) => {
      const start = grid.starts[cell + from]
      const end = grid.starts[cell + to + 1]
      if (end > start) {
        out[written++] = start
        out[written++] = end
      }
    }
    if (half >= 180 || bins === 1) {
      put(0, bins - 1)
      continue
    }
    const from = turned(ra - half - grid.ra0)
    const to = from + 2 * half
    const scale = bins / grid.span
    if (from < grid.span)
      put(Math.min(bins - 1, Math.floor(from * scale)), Math.min(bins - 1, Math.floor(to * scale)))
    // What reaches round through the zero of the bins.
    if (to >= 360) {
      const end = Math.min(bins - 1, Math.floor((to - 360) * scale))
      const begun = from < grid.span ? Math.min(bins - 1, Math.floor(from * scale)) : bins
      if (Math.min(end, begun - 1) >= 0) put(0, Math.min(end, begun - 1))
    }
  }
  return written
}
