/**
 * The outline of a set of HEALPix cells as closed rings on the sphere, exact: rings follow cell edges, and a corner is
 * one point whichever cell it is reached from.
 *
 * Corners are named by whole numbers (v, h) at a grid order k: v counts from the north pole in quarter diagonals
 * (0 … 4·Nside), h along the parallel (Górski et al. 2005, §4: lines of constant v are rings of corners; at distance n
 * from the pole there are 8n places, in the belt 8·Nside).
 */
import { faceColumn, faceOfPixel, faceRow, pixelOfFace, acrossFaces } from '#science/sky/healpix.ts'
import { cellLengths24 } from './map.ts'

/** Sorted, disjoint cells of the sky. */
export interface CellSet {
  readonly order: ArrayLike<number>
  readonly ipix: ArrayLike<number>
}

/** The same sky in the fewest cells: complete quadruples of siblings become their parent, again and again. */
export function compacted(cells: CellSet): CellSet {
  const order: number[] = []
  const ipix: number[] = []
  for (let i = 0; i < cells.order.length; i++) {
    let k = cells.order[i]
    let p = cells.ipix[i]
    while (k > 0 && p % 4 === 3) {
      const n = order.length
      let whole = n >= 3
      for (let back = 1; back < 4 && whole; back++)
        whole = order[n - back] === k && ipix[n - back] === p - back
      if (!whole) break
      order.length = ipix.length = n - 3
      k--
      p = Math.floor(p / 4)
    }
    order.push(k)
    ipix.push(p)
  }
  return { order, ipix }
}

/** A corner's direction as a unit vector, and its name. */
export interface Corner {
  readonly key: number
  readonly lon: number
  readonly lat: number
}

/** A closed ring, interior on the left as seen from outside the sphere; the first corner is not repeated. */
export type Ring = readonly Corner[]

/** Edges of coarse cells are followed at least this finely, since they are no great circles: 0.9°. */
const leastGridOrder = 6

function cornerKey(grid: number, f: number, i: number, j: number): number {
  const nside = 2 ** grid
  const v = faceRow(f) * nside - i - j
  const n = Math.min(nside, v, 4 * nside - v)
  if (n === 0) return v * 8 * nside
  const around = 8 * n
  const h = (faceColumn(f) * n + i - j + around) % around
  return v * 8 * nside + h
}

function cornerOf(grid: number, key: number): Corner {
  const nside = 2 ** grid
  const v = Math.floor(key / (8 * nside))
  const h = key - v * 8 * nside
  const n = Math.min(nside, v, 4 * nside - v)
  if (n === 0) return { key, lon: 0, lat: v === 0 ? 90 : -90 }
  const lon = (45 * h) / n
  if (n === nside) {
    const z = ((2 * nside - v) * 2) / (3 * nside)
    return { key, lon, lat: (Math.asin(z) * 180) / Math.PI }
  }
  const s = n / nside
  // Colatitude from its half sine: keeps digits at the poles, where z is nearly one.
  const colatitude = (2 * Math.asin(s / Math.sqrt(6)) * 180) / Math.PI
  return { key, lon, lat: v < nside ? 90 - colatitude : colatitude - 90 }
}

/** Finds the rings around a set of cells. */
export function outlineOf(cells: CellSet): Ring[] {
  const count = cells.order.length
  const starts = new Float64Array(count)
  const ends = new Float64Array(count)
  let finest = 0
  for (let c = 0; c < count; c++) {
    starts[c] = cells.ipix[c] * cellLengths24[cells.order[c]]
    ends[c] = starts[c] + cellLengths24[cells.order[c]]
    finest = Math.max(finest, cells.order[c])
  }
  // Neighbouring cells as runs, so that a whole block of them counts as one.
  let runs = 0
  for (let c = 0; c < count; c++) {
    if (runs > 0 && ends[runs - 1] === starts[c]) ends[runs - 1] = ends[c]
    else {
      starts[runs] = starts[c]
      ends[runs] = ends[c]
      runs++
    }
  }
  const grid = Math.max(finest, leastGridOrder)

  /** 1: all of the range is in the set; 0: none; −1: some. */
  const share = (start: number, end: number): number => {
    let low = 0
    let high = runs
    while (low < high) {
      const middle = (low + high) >> 1
      if (ends[middle] <= start) low = middle + 1
      else high = middle
    }
    if (low === runs || starts[low] >= end) return 0
    return starts[low] <= start && ends[low] >= end ? 1 : -1
  }

  /** Directed edges by the key of their first corner; two leave a corner where the set touches itself. */
  const next = new Map<number, number | number[]>()
  let edges = 0
  const addEdge = (from: number, to: number): void => {
    const known = next.get(from)
    if (known === undefined) next.set(from, to)
    else if (typeof known === 'number') next.set(from, [known, to])
    else known.push(to)
    edges++
  }

  // Sides: 0 south-east (y = low), 1 north-east (x = high), 2 north-west (y = high), 3 south-west (x = low).
  const follow = (side: number, k: number, f: number, x: number, y: number): void => {
    const nx = x + (side === 1 ? 1 : side === 3 ? -1 : 0)
    const ny = y + (side === 2 ? 1 : side === 0 ? -1 : 0)
    const across = acrossFaces(2 ** k, f, nx, ny)
    if (!across) return
    const start = pixelOfFace(k, across.f, across.x, across.y) * cellLengths24[k]
    const inside = share(start, start + cellLengths24[k])
    if (inside === 1) return
    if (inside === -1 || k < leastGridOrder) {
      // The two halves of this side, as sides of the children along it.
      for (let half = 0; half < 2; half++) {
        const along = side === 0 || side === 1 ? half : 1 - half
        const cx = 2 * x + (side === 1 ? 1 : side === 3 ? 0 : along)
        const cy = 2 * y + (side === 2 ? 1 : side === 0 ? 0 : along)
        follow(side, k + 1, f, cx, cy)
      }
      return
    }
    const step = 2 ** (grid - k)
    const [left, right, low, high] = [x * step, (x + 1) * step, y * step, (y + 1) * step]
    const [i0, j0, i1, j1] =
      side === 0
        ? [left, low, right, low]
        : side === 1
          ? [right, low, right, high]
          : side === 2
            ? [right, high, left, high]
            : [left, high, left, low]
    addEdge(cornerKey(grid, f, i0, j0), cornerKey(grid, f, i1, j1))
  }
  for (let c = 0; c < count; c++) {
    const { f, x, y } = faceOfPixel(cells.order[c], cells.ipix[c])
    for (let side = 0; side < 4; side++) follow(side, cells.order[c], f, x, y)
  }
  return edges === 0 ? [] : chain(next, grid)
}

/** Turns directed edges into rings; where the set touches itself at a corner, rings part there. */
function chain(next: Map<number, number | number[]>, grid: number): Ring[] {
  const corners = new Map<number, Corner>()
  const corner = (key: number): Corner => {
    let found = corners.get(key)
    if (!found) {
      found = cornerOf(grid, key)
      corners.set(key, found)
    }
    return found
  }
  const rings: Ring[] = []
  for (const first of next.keys()) {
    while (next.has(first)) {
      const ring: Corner[] = []
      let previous: number | undefined
      let at = first
      do {
        ring.push(corner(at))
        const ways = next.get(at)
        if (ways === undefined) break
        let to: number
        if (typeof ways === 'number') {
          to = ways
          next.delete(at)
        } else {
          const chosen =
            previous === undefined ? 0 : sharpestLeft(corner(previous), corner(at), ways.map(corner))
          to = ways[chosen]
          ways.splice(chosen, 1)
          if (ways.length === 1) next.set(at, ways[0])
        }
        previous = at
        at = to
      } while (at !== first)
      rings.push(ring)
    }
  }
  return rings
}

function vectorOf({ lon, lat }: Corner): [number, number, number] {
  const a = (lon * Math.PI) / 180
  const b = (lat * Math.PI) / 180
  return [Math.cos(b) * Math.cos(a), Math.cos(b) * Math.sin(a), Math.sin(b)]
}

/** Which way turns most to the left, seen from outside: the interior is on the left, so this keeps to one cell. */
function sharpestLeft(from: Corner, at: Corner, ways: readonly Corner[]): number {
  const p = vectorOf(at)
  const tangent = (to: Corner): [number, number, number] => {
    const q = vectorOf(to)
    return [q[0] - p[0], q[1] - p[1], q[2] - p[2]]
  }
  const back = tangent(from)
  const ahead: [number, number, number] = [-back[0], -back[1], -back[2]]
  // Left of `ahead` on the sphere is p × ahead.
  const left = [
    p[1] * ahead[2] - p[2] * ahead[1],
    p[2] * ahead[0] - p[0] * ahead[2],
    p[0] * ahead[1] - p[1] * ahead[0],
  ]
  const turns = ways.map((way) => {
    const t = tangent(way)
    const along = t[0] * ahead[0] + t[1] * ahead[1] + t[2] * ahead[2]
    const aside = t[0] * left[0] + t[1] * left[1] + t[2] * left[2]
    return Math.atan2(aside, along)
  })
  return turns.indexOf(Math.max(...turns))
}
