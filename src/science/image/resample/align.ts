/**
 * Alignment of two frames by their stars where there is no usable WCS: triangles of neighbours have the same ratios of sides in both
 * (Groth 1986; Valdes et al. 1995), each match proposes a similarity, and the one that brings most stars together is
 * refined by least squares.
 */
import type { Matrix } from '#science/sky/vectors.ts'

export interface StarPositions {
  /** 0-based pixels. */
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  readonly flux: ArrayLike<number>
}

export interface AlignOptions {
  /** Of the result: shift, turn, scale (and mirror), or any affine map; 'affine' needs six pairs, else it is a similarity. */
  readonly model?: 'similarity' | 'affine'
  /** Stars nearer than this after the map are pairs, pixels; 2. */
  readonly tolerance?: number
  /** Brightest stars that triangles are made of; 60. */
  readonly brightest?: number
}

export interface Alignment {
  /** (x, y, 1) of the reference frame → pixels of the other: what `resample` takes as `matrix`. */
  readonly matrix: Matrix
  /** Rows of the reference's and the other's star of each pair. */
  readonly pairs: readonly (readonly [reference: number, other: number])[]
  /** Root mean square distance of the pairs, pixels of the other frame. */
  readonly rms: number
}

/** x' = a x + b y + c, y' = d x + e y + f. */
type Affine = readonly [number, number, number, number, number, number]

interface Triangle {
  /** Corners opposite the longest, middle and shortest side. */
  readonly corners: readonly [number, number, number]
  /** Middle and shortest side over the longest. */
  readonly middle: number
  readonly short: number
}

interface Stars {
  readonly rows: number[]
  readonly x: number[]
  readonly y: number[]
}

const neighbours = 6
const mostTries = 4000
/** How far ratios of sides may differ, from the noise of positions. */
const ratioTolerance = 0.01

/**
 * The map of `reference` pixels to `other` pixels, or null where no map brings more stars together than chance would: five pairs
 * at least, and six and five standard deviations more than expected, or four fifths of the shorter list.
 */
export function alignStars(
  reference: StarPositions,
  other: StarPositions,
  { model = 'affine', tolerance = 2, brightest = 60 }: AlignOptions = {},
): Alignment | null {
  const [from, to] = [brightestOf(reference, brightest), brightestOf(other, brightest)]
  if (Math.min(from.rows.length, to.rows.length) < 3) return null
  const near = finderOf(to, tolerance)
  let best: { map: Affine; count: number } | null = null
  const enough = 0.6 * Math.min(from.rows.length, to.rows.length)
  for (const map of proposals(from, to)) {
    const count = pairsOf(map, from, near).length
    if (!best || count > best.count) best = { map, count }
    if (best.count >= enough && best.count >= 6) break
  }
  if (!best) return null
  let { map } = best
  let pairs = pairsOf(map, from, near)
  for (let round = 0; round < 5; round++) {
    const better = fit(pairs, from, to, model)
    if (!better) return null
    map = better
    const next = pairsOf(map, from, near)
    const same =
      next.length === pairs.length && next.every(([i, j], k) => pairs[k][0] === i && pairs[k][1] === j)
    pairs = next
    if (same) break
  }
  if (!convincing(pairs.length, from, to, tolerance)) return null
  const squares = pairs.reduce((sum, [i, j]) => sum + distance2(map, from, i, to, j), 0)
  const [a, b, c, d, e, f] = map
  return {
    matrix: [a, b, c, d, e, f, 0, 0, 1],
    pairs: pairs.map(([i, j]) => [from.rows[i], to.rows[j]] as const),
    rms: Math.sqrt(squares / pairs.length),
  }
}

function brightestOf({ x, y, flux }: StarPositions, most: number): Stars {
  const rows = Array.from({ length: x.length }, (_, i) => i)
    .filter((i) => Number.isFinite(x[i]) && Number.isFinite(y[i]) && Number.isFinite(flux[i]))
    .sort((i, j) => flux[j] - flux[i] || i - j)
    .slice(0, most)
  return { rows, x: rows.map((i) => x[i]), y: rows.map((i) => y[i]) }
}

function trianglesOf({ x, y }: Stars): Triangle[] {
  const found = new Map<string, Triangle>()
  const n = x.length
  for (let i = 0; i < n; i++) {
    const others = Array.from({ length: n }, (_, j) => j)
      .filter((j) => j !== i)
      .sort((j, k) => Math.hypot(x[j] - x[i], y[j] - y[i]) - Math.hypot(x[k] - x[i], y[k] - y[i]))
      .slice(0, neighbours)
    for (let p = 0; p < others.length; p++)
      for (let q = p + 1; q < others.length; q++) {
        const corners = [i, others[p], others[q]]
        const key = corners.toSorted((a, b) => a - b).join(' ')
        if (found.has(key)) continue
        const sides = corners
          .map((corner, k) => {
            const [a, b] = [corners[(k + 1) % 3], corners[(k + 2) % 3]]
            return { corner, length: Math.hypot(x[a] - x[b], y[a] - y[b]) }
          })
          .sort((a, b) => b.length - a.length)
        const [longest, middle, short] = sides.map(({ length }) => length)
        // Needles and nearly equal sides say little about which corner is which.
        if (short < 0.1 * longest || middle > 0.98 * longest || short > 0.98 * middle) continue
        found.set(key, {
          corners: sides.map(({ corner }) => corner) as [number, number, number],
          middle: middle / longest,
          short: short / longest,
        })
      }
  }
  return [...found.values()].sort((a, b) => a.middle - b.middle)
}

/** Similarities by pairs of alike triangles, the most alike first. */
function* proposals(from: Stars, to: Stars): Generator<Affine> {
  const [first, second] = [trianglesOf(from), trianglesOf(to)]
  const matches: { a: Triangle; b: Triangle; miss: number }[] = []
  let start = 0
  for (const a of first) {
    while (start < second.length && second[start].middle < a.middle - ratioTolerance) start++
    for (let k = start; k < second.length && second[k].middle <= a.middle + ratioTolerance; k++) {
      const miss = Math.hypot(second[k].middle - a.middle, second[k].short - a.short)
      if (miss < ratioTolerance) matches.push({ a, b: second[k], miss })
    }
  }
  matches.sort((p, q) => p.miss - q.miss)
  for (const { a, b } of matches.slice(0, mostTries)) {
    const pairs = a.corners.map((corner, k) => [corner, b.corners[k]] as const)
    const map = similarity(pairs, from, to)
    if (map) yield map
  }
}

interface Finder {
  /** The nearest star within the tolerance, or −1. */
  nearest(x: number, y: number): number
}

function finderOf({ x, y }: Stars, tolerance: number): Finder {
  const cells = new Map<number, number[]>()
  // One number for a cell; frames are smaller than 2²⁰ cells across.
  const keyOf = (i: number, j: number) => i * 2 ** 21 + j
  x.forEach((_, i) => {
    const key = keyOf(Math.floor(x[i] / tolerance), Math.floor(y[i] / tolerance))
    const list = cells.get(key)
    if (list) list.push(i)
    else cells.set(key, [i])
  })
  return {
    nearest(u, v) {
      const [i, j] = [Math.floor(u / tolerance), Math.floor(v / tolerance)]
      let found = -1
      let least = tolerance
      for (let p = i - 1; p <= i + 1; p++)
        for (let q = j - 1; q <= j + 1; q++)
          for (const k of cells.get(keyOf(p, q)) ?? []) {
            const distance = Math.hypot(x[k] - u, y[k] - v)
            if (distance < least) [found, least] = [k, distance]
          }
      return found
    },
  }
}

/** Stars that the map brings together; each of the other frame once. */
function pairsOf([a, b, c, d, e, f]: Affine, from: Stars, near: Finder): [number, number][] {
  const taken = new Set<number>()
  const pairs: [number, number][] = []
  from.x.forEach((x, i) => {
    const y = from.y[i]
    const j = near.nearest(a * x + b * y + c, d * x + e * y + f)
    if (j < 0 || taken.has(j)) return
    taken.add(j)
    pairs.push([i, j])
  })
  return pairs
}

function distance2([a, b, c, d, e, f]: Affine, from: Stars, i: number, to: Stars, j: number): number {
  const [x, y] = [from.x[i], from.y[i]]
  return (a * x + b * y + c - to.x[j]) ** 2 + (d * x + e * y + f - to.y[j]) ** 2
}

function fit(
  pairs: readonly (readonly [number, number])[],
  from: Stars,
  to: Stars,
  model: 'similarity' | 'affine',
): Affine | null {
  return (
    (model === 'affine' && pairs.length >= 6 ? affine(pairs, from, to) : null) ?? similarity(pairs, from, to)
  )
}

interface Moments {
  readonly x: number
  readonly y: number
  readonly u: number
  readonly v: number
  readonly xx: number
  readonly xy: number
  readonly yy: number
  readonly xu: number
  readonly yu: number
  readonly xv: number
  readonly yv: number
}

/** Means and sums of products about them. */
function momentsOf(pairs: readonly (readonly [number, number])[], from: Stars, to: Stars): Moments {
  const mean = (pick: (pair: readonly [number, number]) => number) =>
    pairs.reduce((sum, pair) => sum + pick(pair), 0) / pairs.length
  const [x, y] = [mean(([i]) => from.x[i]), mean(([i]) => from.y[i])]
  const [u, v] = [mean(([, j]) => to.x[j]), mean(([, j]) => to.y[j])]
  const m = { xx: 0, xy: 0, yy: 0, xu: 0, yu: 0, xv: 0, yv: 0 }
  for (const [i, j] of pairs) {
    const [p, q, r, s] = [from.x[i] - x, from.y[i] - y, to.x[j] - u, to.y[j] - v]
    m.xx += p * p
    m.xy += p * q
    m.yy += q * q
    m.xu += p * r
    m.yu += q * r
    m.xv += p * s
    m.yv += q * s
  }
  return { x, y, u, v, ...m }
}

/** The better of a similarity and a mirrored one, by least squares. */
function similarity(pairs: readonly (readonly [number, number])[], from: Stars, to: Stars): Affine | null {
  const { x, y, u, v, xx, yy, xu, yu, xv, yv } = momentsOf(pairs, from, to)
  const size = xx + yy
  if (!(size > 0) || pairs.length < 2) return null
  const upright = [(xu + yv) / size, (xv - yu) / size]
  const mirrored = [(xu - yv) / size, (xv + yu) / size]
  const mirror = Math.hypot(...mirrored) > Math.hypot(...upright)
  const [p, q] = mirror ? mirrored : upright
  const [a, b, d, e] = mirror ? [p, q, q, -p] : [p, -q, q, p]
  return [a, b, u - a * x - b * y, d, e, v - d * x - e * y]
}

function affine(pairs: readonly (readonly [number, number])[], from: Stars, to: Stars): Affine | null {
  const { x, y, u, v, xx, xy, yy, xu, yu, xv, yv } = momentsOf(pairs, from, to)
  const determinant = xx * yy - xy * xy
  // Stars on a line fix no affine map.
  if (!(determinant > 1e-4 * (xx + yy) ** 2)) return null
  const [a, b] = [(xu * yy - yu * xy) / determinant, (yu * xx - xu * xy) / determinant]
  const [d, e] = [(xv * yy - yv * xy) / determinant, (yv * xx - xv * xy) / determinant]
  return [a, b, u - a * x - b * y, d, e, v - d * x - e * y]
}

function convincing(count: number, from: Stars, to: Stars, tolerance: number): boolean {
  const least = Math.min(from.rows.length, to.rows.length)
  const extent = (values: number[]) => Math.max(...values) - Math.min(...values) + 2 * tolerance
  const chance =
    (from.rows.length * to.rows.length * Math.PI * tolerance ** 2) / (extent(to.x) * extent(to.y))
  return count >= 5 && (count >= chance + 5 * Math.sqrt(chance) + 6 || count >= 0.8 * least)
}
