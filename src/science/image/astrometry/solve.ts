/**
 * Blind astrometric solution: where on the sky do these detections lie? Shapes of four detections are looked up among
 * shapes of reference stars, each match proposes a solution, and the other stars accept or refuse it (Lang et al. 2010,
 * AJ 139, 1782; written from the paper).
 */
import { Problem } from '#problem.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { codedQuads, fieldQuads } from './field-quads.ts'
import type { CodedQuads } from './field-quads.ts'
import { evenly } from './evenly.ts'
import { quadLevel, quadsPerCell } from './levels.ts'
import type { QuadLevel } from './levels.ts'
import type { PlateSolution } from './refine.ts'
import { searchLevel } from './search.ts'
import type { SearchInput } from './search.ts'
import { sharedFloat64, sharedInt32, spread } from './shared.ts'
import { skyCells } from './sky-cells.ts'
import { starsWithin } from './stars.ts'
import type { StarList } from './stars.ts'

/** Detections, 0-based pixels; the brighter the larger the flux. */
export interface FieldDetections {
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  readonly flux: ArrayLike<number>
  readonly width: number
  readonly height: number
}

export interface SolveHints {
  /** Width of the field, degrees. */
  readonly widthDeg?: readonly [least: number, most: number]
  /** The field's centre lies within `radiusDeg` of this direction. */
  readonly centre?: { readonly ra: number; readonly dec: number; readonly radiusDeg: number }
  /** −1: right ascension grows to the left, as on the sky; +1: mirrored. Default both. */
  readonly parity?: 1 | -1
}

export interface SolveOptions {
  readonly hints?: SolveHints
  /** Expected error of a detection, px; default 1. */
  readonly jitterPx?: number
  /** Highest order of the distortion; default 3. */
  readonly order?: number
  /** Detections that shapes are made of; default 120. */
  readonly deepest?: number
  /** Told of work as it is done, in seconds of one core of 2020; throws to stop the search. The same on every machine. */
  readonly spend?: (seconds: number) => void
  readonly progress?: (done: number, total: number) => void
  /** Whose crew shares the work. The solution does not depend on how many they are. */
  readonly workshop?: Workshop
}

export type Solution = PlateSolution

/** An index of reference stars, whose levels are made when first needed. */
export interface StarIndex {
  readonly stars: StarList
  /** Diameters of the quads of each level, radians, widest first. */
  readonly sizes: readonly (readonly [low: number, high: number])[]
  level(n: number, workshop?: Workshop): QuadLevel
  /** Quads that `level` would have to make, about; 0 where they are there. */
  missing(n: number): number
}

const widest = (35 * Math.PI) / 180
/** Stars to a square as wide as the widest quad, below which a level is not worth making. */
const fewest = 1.5

/** An index of a list of stars: all levels from quads of 35° down to what their density allows. */
export function starIndex(stars: StarList): StarIndex {
  const { finest, covered } = extentOf(stars)
  const sizes: [number, number][] = []
  for (let high = widest; high >= finest || sizes.length === 0; high /= Math.SQRT2)
    sizes.push([high / Math.SQRT2, high])
  const made = new Map<number, QuadLevel>()
  return {
    stars,
    sizes,
    level(n, workshop) {
      let level = made.get(n)
      if (!level) made.set(n, (level = quadLevel(stars, ...sizes[n], workshop)))
      return level
    },
    missing: (n) =>
      made.has(n) ? 0 : quadsPerCell * Math.min(stars.rows / 4, covered / (sizes[n][1] / 2) ** 2),
  }
}

/** Width (radians) of a square that holds `fewest` stars where most of the stars are, and the part of the sky with stars. */
function extentOf({ rows, xyz }: StarList): { finest: number; covered: number } {
  let size = Math.min(widest, Math.sqrt((4 * Math.PI * 8) / Math.max(1, rows)))
  for (;;) {
    const { starts } = skyCells(xyz, size)
    const counts = Float64Array.from(starts.subarray(1), (end, n) => end - starts[n]).sort()
    // Half of the stars lie in cells as full as this or fuller.
    let [sum, n] = [0, 0]
    while (n < counts.length - 1 && sum + counts[n] < rows / 2) sum += counts[n++]
    const typical = counts[n] ?? 1
    if (typical <= 40)
      return { finest: size * Math.sqrt(fewest / Math.max(1, typical)), covered: counts.length * size ** 2 }
    size *= Math.sqrt(8 / typical)
  }
}

/** Width (degrees) of a field of 3 : 2 that holds ten stars of an index where most of its stars are: about what it takes. */
export function narrowestField({ sizes }: StarIndex): number {
  // The finest level is the last not to be smaller than the square that holds `fewest`.
  const [, finest] = sizes[sizes.length - 1]
  return (finest * Math.sqrt((1.5 * 10) / fewest) * 180) / Math.PI
}

/** Seconds of one core that a lookup, a match and a quad made take, about. */
const costs = { lookup: 7e-7, match: 3e-6, quad: 1e-6 }
/** Quads of the field that a part of the work looks up. */
const quadsPerPart = 4096
/** Seconds of work that are shared by threads. */
const worthwhile = 0.1
/** Seconds of work that are done before the budget is asked again. */
const portion = 2

/**
 * Solves a field without an initial guess. The quads of the brightest detections are looked up first, then deeper, on each
 * level of the index; of all that is left, the cheapest is always done next: fine levels are not made before the wide
 * ones have been searched through. What is not found is searched for once more as if the detections were worse.
 * @returns null where nothing in the index explains the detections.
 * @throws Problem astrometry.too_few where there are fewer than six detections.
 */
export function solveField(
  field: FieldDetections,
  index: StarIndex,
  options: SolveOptions = {},
): Solution | null {
  const { hints = {}, deepest = 120, jitterPx = 1 } = options
  const order = evenly(field)
  if (order.length < 6) {
    throw new Problem(
      'astrometry.too_few',
      `There are ${order.length} detections, and a solution needs six at least: is this a picture of stars, and deep enough?`,
      { detections: order.length },
    )
  }
  const x = sharedFloat64(order.length).map((_, at) => field.x[order[at]])
  const y = sharedFloat64(order.length).map((_, at) => field.y[order[at]])
  const used = localIndex(index, hints)
  const attempt = (jitter: number, depth: number): Solution | null =>
    searchAll({ ...field, x, y }, used, index.stars, Math.min(depth, order.length), {
      ...options,
      hints,
      jitterPx: jitter,
    })
  return attempt(jitterPx, deepest) ?? attempt(coarser * jitterPx, Math.min(deepest, coarseDepth))
}

/** The second search forgives detections that are off by this much more, among fewer of them. */
const coarser = 2.5
const coarseDepth = 45

/** Looks up all quads of the first `deepest` detections on all levels of `used`. */
function searchAll(
  field: { x: Float64Array; y: Float64Array; width: number; height: number },
  used: StarIndex,
  stars: StarList,
  deepest: number,
  options: SolveOptions & { hints: SolveHints; jitterPx: number },
): Solution | null {
  const { x, y, width, height } = field
  const { hints, jitterPx, order: distortion = 3, spend, progress, workshop } = options
  const widths = widthsOf(hints)
  const rounds = quadRounds(x, y, field, deepest, hints)
  const shared = { x, y, width, height, jitterPx, order: distortion, widths, stars }

  /** The next round of each level, and what it would cost. */
  const jobs = used.sizes
    .map(([low, high], n) => {
      // The pixel scale that a quad of this level gives must be among those hinted at.
      const longest = Math.min(Math.hypot(width, height), (high * width) / widths[0])
      const shortest = (low * width) / widths[1]
      return { n, high, longest, shortest, round: 0, price: -1 }
    })
    .filter(({ shortest, longest }) => shortest <= longest && longest >= least * Math.min(width, height))
  const priceOf = ({ n, round, shortest, longest }: (typeof jobs)[number]): number => {
    if (round >= rounds.count) return Infinity
    const lookups = rounds.of(round).reduce((sum, quads) => sum + countBetween(quads, shortest, longest), 0)
    return costs.lookup * lookups + costs.quad * used.missing(n)
  }
  for (const job of jobs) job.price = priceOf(job)
  const total = jobs.length * rounds.count
  for (let done = 0; done < total; done++) {
    progress?.(done, total)
    const job = jobs.reduce((cheapest, each) => (each.price < cheapest.price ? each : cheapest))
    const { n, high, round, shortest, longest } = job
    spend?.(costs.quad * used.missing(n))
    // Threads are worth their making where there is something to do.
    const hands = job.price > worthwhile ? workshop : undefined
    const level = used.level(n, hands)
    // A wide field's own projection bends its shapes; elsewhere only the errors of the detections do.
    const bent = high > 0.05 ? (round === 0 ? 0.01 : 0.015) : 0
    const first = sharedInt32(1).fill(2 ** 30)
    const inputs: SearchInput[] = []
    for (const quads of rounds.of(round))
      for (let from = 0; from < quads.count; from += quadsPerPart) {
        const to = Math.min(quads.count, from + quadsPerPart)
        const part = inputs.length
        inputs.push({
          ...shared,
          centre: hints.centre,
          level,
          quads,
          from,
          to,
          shortest,
          longest,
          bent,
          part,
          first,
        })
      }
    const step = Math.max(1, Math.floor(portion / (costs.lookup * quadsPerPart)))
    for (let at = 0; at < inputs.length; at += step) {
      const some = inputs.slice(at, at + step)
      const results = spread(searchLevel, some, hands)
      const found = results.find(({ solution }) => solution)
      if (found) return found.solution
      const looked = some.reduce((sum, { from, to }) => sum + to - from, 0)
      const matches = results.reduce((sum, result) => sum + result.matches, 0)
      spend?.(costs.lookup * looked + costs.match * matches)
    }
    job.round++
    job.price = priceOf(job)
  }
  return null
}

/** Quads with A and B nearer to each other than this share of the field's narrow side are not used. */
const least = 0.15

/** The quads of the field, those of few bright detections first; made when first asked for. */
function quadRounds(
  x: Float64Array,
  y: Float64Array,
  { width, height }: { width: number; height: number },
  deepest: number,
  { parity }: SolveHints,
) {
  const depths = [...[30, 60, 90].filter((depth) => depth < deepest), deepest]
  const made: CodedQuads[][] = []
  return {
    count: depths.length,
    of(round: number): readonly CodedQuads[] {
      return (made[round] ??= (parity ? [parity] : ([-1, 1] as const)).map((each) => {
        const known = depths[round - 1] ?? 0
        const quads = fieldQuads(x, y, depths[round], known, least * Math.min(width, height), width * height)
        return codedQuads(quads, each, x, y)
      }))
    },
  }
}

function countBetween({ length }: CodedQuads, shortest: number, longest: number): number {
  let count = 0
  for (let q = 0; q < length.length; q++) if (length[q] >= shortest && length[q] <= longest) count++
  return count
}

/** Radians. Without a hint: 0.02° to 180°. */
function widthsOf({ widthDeg = [0.02, 180] }: SolveHints): [number, number] {
  return [(widthDeg[0] * Math.PI) / 180, (widthDeg[1] * Math.PI) / 180]
}

/** The stars around the hinted centre. */
function localIndex(index: StarIndex, { centre, widthDeg }: SolveHints): StarIndex {
  const radiusDeg = centre ? centre.radiusDeg + (widthDeg?.[1] ?? 20) : 180
  return !centre || radiusDeg >= 180
    ? index
    : starIndex(starsWithin(index.stars, centre.ra, centre.dec, radiusDeg))
}
