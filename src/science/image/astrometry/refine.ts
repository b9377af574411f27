/** From a first guess to a plate solution: every star that can be found, and a polynomial for the distortion. */
import { unitVector } from '#science/sky/vectors.ts'
import { plateOf } from './plate.ts'
import type { Plate } from './plate.ts'
import { evaluate, exponents, fitPolynomials } from './polynomial.ts'
import { directionAt, projector } from './similarity.ts'
import type { StartSolution } from './similarity.ts'
import { starsWithin } from './stars.ts'
import type { StarList } from './stars.ts'
import { tangentFrame } from './tangent.ts'
import { weigh } from './verify.ts'

export interface PlateSolution extends Plate {
  /** Detection (row of x and y) and reference star (degrees ICRS) of each pair the fit rests on. */
  readonly matches: readonly { readonly detection: number; readonly ra: number; readonly dec: number }[]
  /** Root mean square of the residuals, px, both axes together. */
  readonly rmsPx: number
  /** Natural logarithm of the odds that the detections are these stars. */
  readonly logOdds: number
}

export interface RefineOptions {
  readonly width: number
  readonly height: number
  readonly jitterPx?: number
  readonly order?: number
}

/** Where the plane's pixels are, as a guess: expected place and its variance (px²) for a star. */
type Guess = (xyz: Float64Array, star: number) => { x: number; y: number; variance: number } | null

/** Pairs that a polynomial of each order wants. */
const wantedPairs = (order: number) => 3 * exponents(order).length

/**
 * Refines a proposal of the blind search.
 * @param x, y detections in px, the most trusted first.
 * @returns null where the stars around do not support it.
 */
export function refine(
  start: StartSolution,
  x: Float64Array,
  y: Float64Array,
  stars: StarList,
  options: RefineOptions,
): PlateSolution | null {
  const { width, height, jitterPx = 1 } = options
  const centre = directionAt(start, (width - 1) / 2, (height - 1) / 2)
  const [fx, fy, squaredRadius] = start.from
  const project = projector(start)
  const guess: Guess = (xyz, star) => {
    if (!project(xyz, star)) return null
    const [px, py] = project.place
    const away = (px - fx) ** 2 + (py - fy) ** 2
    return { x: px, y: py, variance: jitterPx ** 2 * (1 + away / squaredRadius) }
  }
  const radius = Math.atan(Math.hypot(width, height) / 2 / Math.hypot(...start.a))
  return fitPlate(guess, centre, 1.1 * radius, x, y, stars, options)
}

/**
 * Fits a plate to detections and the stars of a list, from a guess of where they fall: pairs are found within the guess's
 * error, a polynomial is fitted, and both are repeated with what the fit has taught, to the highest order that the number
 * of pairs carries.
 * @param centre unit vector of the field's middle; the plate's tangent point.
 * @param radius of the cap that holds the field, radians.
 */
export function fitPlate(
  guess: Guess,
  centre: readonly [number, number, number],
  radius: number,
  x: Float64Array,
  y: Float64Array,
  stars: StarList,
  { width, height, jitterPx = 1, order: highest = 3 }: RefineOptions,
): PlateSolution | null {
  const [ra, dec] = [Math.atan2(centre[1], centre[0]), Math.asin(Math.max(-1, Math.min(1, centre[2])))]
  const near = starsWithin(
    stars,
    (ra * 180) / Math.PI,
    (dec * 180) / Math.PI,
    (Math.min(1.4, radius) * 180) / Math.PI,
  )
  // As many stars as could be among the detections, and the brighter half again as many.
  const count = Math.min(near.rows, Math.max(100, Math.round(2 * x.length)))
  const frame = tangentFrame(...centre)
  const xi = new Float64Array(count)
  const eta = new Float64Array(count)
  const usable = new Uint8Array(count)
  for (let s = 0; s < count; s++) {
    const [sx, sy, sz] = near.xyz.subarray(3 * s, 3 * s + 3)
    const w = sx * centre[0] + sy * centre[1] + sz * centre[2]
    if (w < 0.05) continue
    usable[s] = 1
    xi[s] = (sx * frame[0] + sy * frame[1] + sz * frame[2]) / w
    eta[s] = (sx * frame[3] + sy * frame[4] + sz * frame[5]) / w
  }
  const bins = detectionBins(x, y, width, height)
  const px = new Float64Array(count)
  const py = new Float64Array(count)
  const variance = new Float64Array(count)
  const inside = (s: number) =>
    usable[s] === 1 && px[s] > -0.5 && py[s] > -0.5 && px[s] < width - 0.5 && py[s] < height - 0.5
  for (let s = 0; s < count; s++) {
    const place = usable[s] ? guess(near.xyz, s) : null
    if (!place) usable[s] = 0
    else {
      px[s] = place.x
      py[s] = place.y
      variance[s] = place.variance
    }
  }

  let order = 1
  let scatter = jitterPx
  let pairs: [number, number][] = []
  let model: { x: Float64Array; y: Float64Array; order: number } | null = null
  for (let turn = 0; turn < 12; turn++) {
    const found = bins.pair(
      count,
      inside,
      px,
      py,
      (s) => 3 * Math.sqrt(Math.min(variance[s], 100 * jitterPx ** 2)),
    )
    pairs = clipped(found, px, py, x, y)
    if (pairs.length < 6) return null
    const next = order < highest && turn > 1 && pairs.length >= wantedPairs(order + 1) ? order + 1 : order
    const coefficients = fitPolynomials(
      next,
      Float64Array.from(pairs, ([, s]) => xi[s]),
      Float64Array.from(pairs, ([, s]) => eta[s]),
      [Float64Array.from(pairs, ([d]) => x[d]), Float64Array.from(pairs, ([d]) => y[d])],
      Math.tan(Math.min(1.4, radius)),
    )
    if (!coefficients) break
    const settled = next === order && turn > 4
    order = next
    model = { x: coefficients[0], y: coefficients[1], order }
    for (let s = 0; s < count; s++) {
      if (!usable[s]) continue
      px[s] = evaluate(model.x, order, xi[s], eta[s])
      py[s] = evaluate(model.y, order, xi[s], eta[s])
    }
    const before = scatter
    scatter = residual(pairs, px, py, x, y)
    // While the order still grows, the far corners may be off by more than the stars that are fitted show.
    const slack = order < highest && pairs.length >= wantedPairs(order + 1) ? 4 : 1.5
    const reach = Math.max(scatter, 0.2 * jitterPx) * slack
    variance.fill(reach * reach)
    if (settled && Math.abs(scatter - before) < 1e-3 * before) break
  }
  if (!model) return null

  const error = Math.max(scatter, 0.3 * jitterPx)
  const seen: number[] = []
  for (let s = 0; s < count && seen.length < 400; s++) if (inside(s)) seen.push(s)
  const { logOdds } = weigh(
    { x, y, count: Math.min(x.length, 50 + 2 * seen.length) },
    {
      x: Float64Array.from(seen, (s) => px[s]),
      y: Float64Array.from(seen, (s) => py[s]),
      variance: new Float64Array(seen.length).fill(error * error),
      count: seen.length,
    },
    width * height,
  )
  const column = (value: (pair: [number, number]) => number) => Float64Array.from(pairs, value)
  const plate = likeliest(
    column(([d]) => x[d]),
    column(([d]) => y[d]),
    column(([, s]) => near.ra[s]),
    column(([, s]) => near.dec[s]),
    centre,
    { width, height, order },
  )
  if (!plate) return null
  return {
    ...plate,
    logOdds,
    matches: pairs.map(([detection, s]) => ({ detection, ra: near.ra[s], dec: near.dec[s] })),
  }
}

/**
 * The plate of the order up to `order` that the pairs ask for, by the Bayesian information criterion (Schwarz 1978): terms that fit
 * nothing but the stars' errors bend the frame's edges.
 */
function likeliest(...[x, y, ra, dec, centre, { order, ...size }]: Parameters<typeof plateOf>): Plate | null {
  let best: Plate | null = null
  let least = Infinity
  for (let each = 1; each <= order; each++) {
    const plate = plateOf(x, y, ra, dec, centre, { ...size, order: each })
    if (!plate) continue
    const count = 2 * x.length
    const criterion = count * Math.log(plate.rmsPx ** 2) + 2 * exponents(each).length * Math.log(count)
    if (criterion < least) [best, least] = [plate, criterion]
  }
  return best
}

/** Pairs whose residual is beyond 3.5 times the median-based scatter are left out. */
function clipped(
  pairs: readonly [number, number][],
  px: Float64Array,
  py: Float64Array,
  x: Float64Array,
  y: Float64Array,
): [number, number][] {
  const distance = pairs.map(([d, s]) => Math.hypot(x[d] - px[s], y[d] - py[s]))
  const sorted = distance.toSorted((a, b) => a - b)
  // The median of a two-dimensional normal error is 1.177 σ.
  const sigma = Math.max(1e-6, (sorted[Math.floor(sorted.length / 2)] ?? 0) / 1.177)
  return pairs.filter((_, i) => distance[i] <= 4.5 * sigma)
}

/** Scatter of one coordinate, from the median distance. */
function residual(
  pairs: readonly (readonly [number, number])[],
  px: Float64Array,
  py: Float64Array,
  x: Float64Array,
  y: Float64Array,
): number {
  const distance = pairs.map(([d, s]) => Math.hypot(x[d] - px[s], y[d] - py[s])).sort((a, b) => a - b)
  return (distance[Math.floor(distance.length / 2)] ?? 0) / 1.177
}

/** Detections in bins, to be paired with predicted places one to one, nearest pair first. */
function detectionBins(x: Float64Array, y: Float64Array, width: number, height: number) {
  const size = Math.max(4, Math.max(width, height) / 64)
  const across = Math.ceil(width / size) + 1
  const up = Math.ceil(height / size) + 1
  const bins: number[][] = Array.from({ length: across * up }, () => [])
  const column = (value: number) => Math.min(across - 1, Math.max(0, Math.floor(value / size)))
  const row = (value: number) => Math.min(up - 1, Math.max(0, Math.floor(value / size)))
  x.forEach((value, i) => bins[row(y[i]) * across + column(value)].push(i))
  return {
    pair(
      count: number,
      inside: (s: number) => boolean,
      px: Float64Array,
      py: Float64Array,
      reach: (s: number) => number,
    ): [number, number][] {
      const candidates: [distance: number, detection: number, star: number][] = []
      for (let s = 0; s < count; s++) {
        if (!inside(s)) continue
        const limit = reach(s)
        for (let r = row(py[s] - limit); r <= row(py[s] + limit); r++)
          for (let c = column(px[s] - limit); c <= column(px[s] + limit); c++)
            for (const d of bins[r * across + c]) {
              const distance = Math.hypot(x[d] - px[s], y[d] - py[s])
              if (distance <= limit) candidates.push([distance, d, s])
            }
      }
      candidates.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
      const usedStars = new Uint8Array(count)
      const usedDetections = new Set<number>()
      const pairs: [number, number][] = []
      for (const [, d, s] of candidates) {
        if (usedStars[s] || usedDetections.has(d)) continue
        usedStars[s] = 1
        usedDetections.add(d)
        pairs.push([d, s])
      }
      return pairs
    },
  }
}

/** Unit vector of a direction in degrees, as `fitPlate` wants its centre. */
export function centreOf(ra: number, dec: number): readonly [number, number, number] {
  return unitVector(ra, dec)
}
