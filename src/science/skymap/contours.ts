/**
 * Contours of a sky map as GeoJSON: the outlines of its credible regions in a plane of longitude and latitude, cut at
 * ±180° and closed over the poles as RFC 7946 (§3.1.9) asks.
 */
import { crossingRank, rank } from './rank.ts'
import type { Ranking } from './rank.ts'
import type { SkyMap } from './map.ts'
import { compacted, outlineOf } from './outline.ts'
import type { CellSet, Corner, Ring } from './outline.ts'

export type Position = [lon: number, lat: number]

export interface ContourFeature {
  type: 'Feature'
  properties: { level: number }
  /** Longitude −180 … 180 (RA − 360 above 180), latitude = Dec; exterior rings counter-clockwise. */
  geometry: { type: 'MultiPolygon'; coordinates: Position[][][] }
}

export interface ContourCollection {
  type: 'FeatureCollection'
  features: ContourFeature[]
}

export interface ContourOptions {
  /** Corners that lie within this many degrees of the line without them are left out; 0 keeps every one. */
  toleranceDeg?: number
}

/**
 * The plane is cut this far (degrees) east of 180°, where no cell has a corner: borders that run along the meridian of
 * 180° then lie inside the plane, on one side of the cut. Longitudes are brought back to ±180 at the end.
 */
const hair = 1e-8
const east = 180 + hair
const west = -180 + hair

/** Longitude in the plane, (west, east]. */
function planeLongitude(lon: number): number {
  return ((((lon - east) % 360) - 360) % 360) + east
}

/** Angle of a corner from the great circle through two others, degrees; beyond their ends, from the nearer one. */
function offLine(p: Corner, a: Corner, b: Corner): number {
  // In the tangent plane at a: contour edges are short, and tolerances are small.
  const scale = Math.cos((a.lat * Math.PI) / 180)
  const turn = (l: number): number => ((((l + 180) % 360) + 360) % 360) - 180
  const [bx, by] = [turn(b.lon - a.lon) * scale, b.lat - a.lat]
  const [px, py] = [turn(p.lon - a.lon) * scale, p.lat - a.lat]
  const length = bx * bx + by * by
  const t = length > 0 ? Math.min(1, Math.max(0, (px * bx + py * by) / length)) : 0
  return Math.hypot(px - t * bx, py - t * by)
}

/** Douglas–Peucker on a closed ring, from its smallest key and the corner farthest from it: the same ring, the same result. */
function simplified(ring: Ring, tolerance: number): Ring {
  if (!(tolerance > 0) || ring.length < 8) return ring
  let start = 0
  for (let i = 1; i < ring.length; i++) if (ring[i].key < ring[start].key) start = i
  const closed = [...ring.slice(start), ...ring.slice(0, start), ring[start]]
  let far = 1
  for (let i = 1; i < ring.length; i++)
    if (offLine(closed[i], closed[0], closed[0]) > offLine(closed[far], closed[0], closed[0])) far = i
  const keep = new Uint8Array(closed.length)
  keep[0] = keep[far] = keep[closed.length - 1] = 1
  const open = [
    [0, far],
    [far, closed.length - 1],
  ]
  for (let part = open.pop(); part; part = open.pop()) {
    const [from, to] = part
    let worst = tolerance
    let at = -1
    for (let i = from + 1; i < to; i++) {
      const off = offLine(closed[i], closed[from], closed[to])
      if (off > worst) {
        worst = off
        at = i
      }
    }
    if (at >= 0) {
      keep[at] = 1
      open.push([from, at], [at, to])
    }
  }
  const out = closed.filter((_, i) => i < closed.length - 1 && keep[i])
  return out.length < 3 ? ring : out
}

/** A part of a ring between two points on the frame of the plane. */
interface Chain {
  points: Position[]
  /** Place of first and last point on the frame, 0 … 4: bottom, right, top, left side. */
  from: number
  to: number
}

function framePlace([lon, lat]: Position): number {
  if (lat <= -90) return (lon - west) / 360
  if (lat >= 90) return 2 + (east - lon) / 360
  return lon > 0 ? 1 + (lat + 90) / 180 : 3 + (90 - lat) / 180
}

/** Cuts a ring at the frame: whole where it does not reach it, else the parts between. */
function cut(ring: Ring): { whole?: Position[]; chains: Chain[] } {
  const plane = ring.map(({ lon, lat }): Position => [planeLongitude(lon), lat])
  const n = plane.length
  const isPole = (i: number): boolean => Math.abs(plane[i][1]) === 90
  const crosses = (i: number): boolean => {
    const j = (i + 1) % n
    return !isPole(i) && !isPole(j) && Math.abs(plane[j][0] - plane[i][0]) > 180
  }
  let begin = -1
  for (let i = 0; i < n && begin < 0; i++) if (isPole(i) || crosses(i)) begin = i
  if (begin < 0) return { whole: plane, chains: [] }
  const chains: Chain[] = []
  let points: Position[] = []
  const close = (last: Position): void => {
    points.push(last)
    chains.push({ points, from: framePlace(points[0]), to: framePlace(last) })
  }
  for (let step = 0; step <= n; step++) {
    const i = (begin + step) % n
    const j = (i + 1) % n
    const [lon, lat] = plane[i]
    if (isPole(i)) {
      // A pole is a whole side of the frame: the ring comes up one meridian and leaves by another.
      if (step > 0) close([plane[(i + n - 1) % n][0], lat])
      points = [[plane[j][0], lat]]
    } else if (step > 0) points.push([lon, lat])
    if (crosses(i)) {
      const [nextLon, nextLat] = plane[j]
      const [side, other] = lon > 0 ? [east, west] : [west, east]
      const t = (side - lon) / (nextLon + (side - other) - lon)
      const at = lat + t * (nextLat - lat)
      if (step > 0) close([side, at])
      points = [[other, at]]
    }
  }
  return { chains }
}

/** Points of the frame's corners passed when going from one place to another counter-clockwise. */
function cornersBetween(from: number, to: number): Position[] {
  const corners: Position[] = [
    [east, -90],
    [east, 90],
    [west, 90],
    [west, -90],
  ]
  const end = to > from ? to : to + 4
  const out: Position[] = []
  for (let side = Math.floor(from) + 1; side < end; side++) out.push(corners[(side - 1) % 4])
  return out
}

/** Joins the ends of chains along the frame: the interior is on the left, so the way is counter-clockwise. */
function joined(chains: Chain[]): Position[][] {
  const order = chains.map((_, i) => i).toSorted((a, b) => chains[a].from - chains[b].from)
  const used = new Uint8Array(chains.length)
  const rings: Position[][] = []
  for (let first = 0; first < chains.length; first++) {
    if (used[first]) continue
    const ring: Position[] = []
    let at = first
    do {
      used[at] = 1
      ring.push(...chains[at].points)
      const place = chains[at].to
      const follower: number = order.find((i) => chains[i].from >= place) ?? order[0]
      ring.push(...cornersBetween(place, chains[follower].from))
      at = follower
    } while (at !== first && !used[at])
    rings.push(ring)
  }
  return rings
}

function signedArea(ring: readonly Position[]): number {
  let sum = 0
  for (let i = 0; i < ring.length; i++) {
    const [x0, y0] = ring[i]
    const [x1, y1] = ring[(i + 1) % ring.length]
    sum += x0 * y1 - x1 * y0
  }
  return sum / 2
}

function encloses(ring: readonly Position[], [x, y]: Position): boolean {
  let inside = false
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i]
    const [xj, yj] = ring[j]
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside
  }
  return inside
}

const frame: readonly Position[] = [
  [west, -90],
  [east, -90],
  [east, 90],
  [west, 90],
]

function closedRing(ring: readonly Position[]): Position[] {
  const out: Position[] = []
  for (const [lon, lat] of ring) {
    const last = out.at(-1)
    const each: Position = [lon === west ? -180 : Math.min(180, lon), lat]
    if (!last || last[0] !== each[0] || last[1] !== each[1]) out.push(each)
  }
  if (out.length > 1 && out[0][0] === out.at(-1)![0] && out[0][1] === out.at(-1)![1]) out.pop()
  return [...out, [...out[0]]]
}

/** GeoJSON polygons of a set of sorted cells; a set that is the whole sky is the whole plane. */
export function polygonsOf(cells: CellSet, { toleranceDeg = 0 }: ContourOptions = {}): Position[][][] {
  if (cells.order.length === 0) return []
  const chains: Chain[] = []
  const rings: Position[][] = []
  for (const ring of outlineOf(cells)) {
    const parts = cut(simplified(ring, toleranceDeg))
    if (parts.whole) rings.push(parts.whole)
    chains.push(...parts.chains)
  }
  // What lies in the hair between 180° and the cut is nothing once longitudes are brought back.
  const inHair = (ring: readonly Position[]): boolean => ring.every(([lon]) => lon >= 180 - 1e-12)
  if (chains.length > 0) rings.push(...joined(chains).filter((ring) => !inHair(ring)))
  const areas = rings.map(signedArea)
  const outer: { ring: readonly Position[]; area: number; holes: Position[][] }[] = []
  for (const [i, ring] of rings.entries()) if (areas[i] > 0) outer.push({ ring, area: areas[i], holes: [] })
  const holes = rings.filter((_, i) => areas[i] < 0)
  // Nothing reaches the frame and something is cut out: the region is the plane around its holes.
  const sky = { ring: frame, area: 360 * 180, holes: [] as Position[][] }
  const around =
    chains.length === 0 &&
    (rings.length === 0 || holes.some((hole) => !outer.some(({ ring }) => encloses(ring, hole[0]))))
  if (around) outer.push(sky)
  outer.sort((a, b) => a.area - b.area)
  for (const hole of holes) {
    const depth = -signedArea(hole)
    // The smallest ring around a hole is the one it is in; a corner may touch the ring, so all are asked.
    const home = outer.find(({ ring, area }) => area > depth && hole.some((point) => encloses(ring, point)))
    home?.holes.push(hole)
  }
  return outer
    .toSorted((a, b) => b.area - a.area)
    .map(({ ring, holes: inside }) => [closedRing(ring), ...inside.map(closedRing)])
}

/** A credible region (the crossing cell included) in the fewest cells, in the order of the sky. */
export function regionCells(map: SkyMap, level: number, ranking: Ranking = rank(map)): CellSet {
  const inside = new Uint8Array(map.order.length)
  const last = Math.min(crossingRank(ranking, level), inside.length - 1)
  for (let n = 0; n <= last; n++) inside[ranking.index[n]] = 1
  const order: number[] = []
  const ipix: number[] = []
  for (let i = 0; i < inside.length; i++) {
    if (!inside[i]) continue
    order.push(map.order[i])
    ipix.push(map.ipix[i])
  }
  return compacted({ order, ipix })
}

/** Contours of the credible regions of a map (the cell that crosses each level included) as GeoJSON. */
export function contours(
  map: SkyMap,
  levels: readonly number[],
  options: ContourOptions = {},
  ranking: Ranking = rank(map),
): ContourCollection {
  return {
    type: 'FeatureCollection',
    features: levels.map((level) => ({
      type: 'Feature',
      properties: { level },
      geometry: { type: 'MultiPolygon', coordinates: polygonsOf(regionCells(map, level, ranking), options) },
    })),
  }
}
