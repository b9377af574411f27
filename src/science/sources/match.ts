/**
 * Lists of positions matched on the sphere: nearest neighbours, all pairs, groups. Positions are degrees in any one frame;
 * right ascensions outside [0, 360) are turned, positions that are not finite match nothing. Results do not depend on the
 * order in which cells are looked at: of two equally near the one that comes first in its list is taken.
 */
import { arcsecOfHaversine, haversine, haversineOfRadius, rangesNear, skyGrid, sortedAs } from './sky-grid.ts'
import type { SkyGrid } from './sky-grid.ts'

export interface Matches {
  /** Places in the first and in the second list, sorted by the first, then by the second. */
  readonly first: Int32Array
  readonly second: Int32Array
  /** Arcsec. */
  readonly separation: Float64Array
}

export interface Nearest {
  /** For each of the first list its nearest of the second, −1 where none is within the radius. */
  readonly index: Int32Array
  /** Arcsec; NaN where there is none. */
  readonly separation: Float64Array
}

type Numbers = ArrayLike<number>

/** Both lists sorted into the same cells, so that neighbours are near in memory too. */
function visit(
  ra: Numbers,
  dec: Numbers,
  grid: SkyGrid,
  radiusArcsec: number,
  each: (i: number, j: number, h: number) => void,
): void {
  const limit = haversineOfRadius(radiusArcsec)
  const radius = radiusArcsec / 3600 + 1e-9
  const { order } = skyGrid(ra, dec, Math.max(radiusArcsec, grid.zoneHeight * 3600))
  const own = sortedAs(order, ra, dec)
  const ranges: number[] = []
  for (let k = 0; k < order.length; k++) {
    const ra1 = own.ra[k]
    const dec1 = own.dec[k]
    const cos1 = own.cosDec[k]
    const written = rangesNear(grid, ra1, dec1, radiusArcsec, ranges)
    for (let range = 0; range < written; range += 2) {
      for (let at = ranges[range]; at < ranges[range + 1]; at++) {
        const north = grid.dec[at] - dec1
        if (north > radius || north < -radius) continue
        let east = grid.ra[at] - ra1
        if (east > 180) east -= 360
        else if (east < -180) east += 360
        const h = haversine(north) + cos1 * grid.cosDec[at] * haversine(east)
        if (h <= limit) each(order[k], grid.order[at], h)
      }
    }
  }
}

function nearestIn(ra: Numbers, dec: Numbers, grid: SkyGrid, radiusArcsec: number) {
  const index = new Int32Array(ra.length).fill(-1)
  const best = new Float64Array(ra.length).fill(Infinity)
  visit(ra, dec, grid, radiusArcsec, (i, j, h) => {
    if (h > best[i] || (h === best[i] && j > index[i])) return
    best[i] = h
    index[i] = j
  })
  return { index, best }
}

/** For each position of the first list the nearest of the second within a radius (arcsec). */
export function nearestSky(
  ra1: Numbers,
  dec1: Numbers,
  ra2: Numbers,
  dec2: Numbers,
  radiusArcsec: number,
): Nearest {
  const { index, best } = nearestIn(ra1, dec1, skyGrid(ra2, dec2, radiusArcsec), radiusArcsec)
  return { index, separation: best.map((h, i) => (index[i] < 0 ? NaN : arcsecOfHaversine(h))) }
}

/**
 * One-to-one: pairs within a radius (arcsec) each of which is the other's nearest. An object whose nearest star is nearer
 * to another object stays alone, so that no star is used twice.
 */
export function matchSky(
  ra1: Numbers,
  dec1: Numbers,
  ra2: Numbers,
  dec2: Numbers,
  radiusArcsec: number,
): Matches {
  const { index, best } = nearestIn(ra1, dec1, skyGrid(ra2, dec2, radiusArcsec), radiusArcsec)
  // Only what is somebody's nearest needs to be asked for its own.
  const wanted = new Uint8Array(ra2.length)
  for (const j of index) if (j >= 0) wanted[j] = 1
  const asked = Array.from(wanted.keys()).filter((j) => wanted[j] === 1)
  const ra = Float64Array.from(asked, (j) => ra2[j])
  const dec = Float64Array.from(asked, (j) => dec2[j])
  const answers = nearestIn(ra, dec, skyGrid(ra1, dec1, radiusArcsec), radiusArcsec).index
  const mutual = new Int32Array(ra2.length).fill(-1)
  for (let k = 0; k < asked.length; k++) mutual[asked[k]] = answers[k]
  const first: number[] = []
  for (let i = 0; i < index.length; i++) if (index[i] >= 0 && mutual[index[i]] === i) first.push(i)
  return {
    first: Int32Array.from(first),
    second: Int32Array.from(first, (i) => index[i]),
    separation: Float64Array.from(first, (i) => arcsecOfHaversine(best[i])),
  }
}

/** All pairs within a radius (arcsec). */
export function pairsSky(
  ra1: Numbers,
  dec1: Numbers,
  ra2: Numbers,
  dec2: Numbers,
  radiusArcsec: number,
): Matches {
  const found: [number, number, number][] = []
  visit(ra1, dec1, skyGrid(ra2, dec2, radiusArcsec), radiusArcsec, (i, j, h) => found.push([i, j, h]))
  found.sort((a, b) => a[0] - b[0] || a[1] - b[1])
  return {
    first: Int32Array.from(found, ([i]) => i),
    second: Int32Array.from(found, ([, j]) => j),
    separation: Float64Array.from(found, ([, , h]) => arcsecOfHaversine(h)),
  }
}

export interface Clusters {
  /** Number of the group of each position, counted from 0 by first members; −1 where the position is not finite. */
  readonly group: Int32Array
  /** Members of each group. */
  readonly size: Int32Array
}

/** Single-linkage groups: two positions within the radius (arcsec) are in the same one. */
export function clustersSky(ra: Numbers, dec: Numbers, radiusArcsec: number): Clusters {
  const grid = skyGrid(ra, dec, radiusArcsec)
  const parent = new Int32Array(ra.length).fill(-1)
  for (const i of grid.order) parent[i] = i
  const root = (i: number): number => {
    let at = i
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]]
      at = parent[at]
    }
    return at
  }
  visit(ra, dec, grid, radiusArcsec, (i, j) => {
    if (j <= i) return
    const a = root(i)
    const b = root(j)
    if (a !== b) parent[Math.max(a, b)] = Math.min(a, b)
  })
  const group = new Int32Array(ra.length).fill(-1)
  const sizes: number[] = []
  for (let i = 0; i < ra.length; i++) {
    if (parent[i] < 0) continue
    const first = root(i)
    // A group's root is its smallest member and has been met before the others.
    if (first === i) group[i] = sizes.push(0) - 1
    else group[i] = group[first]
    sizes[group[i]]++
  }
  return { group, size: Int32Array.from(sizes) }
}
