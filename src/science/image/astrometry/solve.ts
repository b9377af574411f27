/**
 * Blind astrometric solution: where on the sky do these detections lie? Shapes of four detections are looked up among
 * shapes of reference stars, each match proposes a solution, and the other stars accept or refuse it (Lang et al. 2010,
 * AJ 139, 1782; written from the paper).
 */
import { Problem } from '#problem.ts'
import { unitVector } from '#science/sky/vectors.ts'
import { fieldQuads } from './field-quads.ts'
import { evenly } from './evenly.ts'
import { quadLevel } from './levels.ts'
import type { QuadLevel } from './levels.ts'
import { refine } from './refine.ts'
import type { PlateSolution } from './refine.ts'
import { directionAt, projector, similarity } from './similarity.ts'
import type { StartSolution } from './similarity.ts'
import { skyCells } from './sky-cells.ts'
import { starsWithin } from './stars.ts'
import type { StarList } from './stars.ts'
import { weigh } from './verify.ts'

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
  /** Asked now and then; throws to stop the search. */
  readonly check?: () => void
  readonly progress?: (done: number, total: number) => void
}

export interface Solution extends PlateSolution {
  /** Natural logarithm of the odds for it. */
  readonly logOdds: number
}

/** An index of reference stars, whose levels are made when first needed. */
export interface StarIndex {
  readonly stars: StarList
  /** Diameters of the quads of each level, radians, widest first. */
  readonly sizes: readonly (readonly [low: number, high: number])[]
  level(n: number): QuadLevel
}

const widest = (35 * Math.PI) / 180
/** Odds of 10⁹ let a proposal through to refinement; after it the evidence must be more. */
const proposed = Math.log(1e9)
const accepted = Math.log(1e12)
/** Stars to a square as wide as the widest quad, below which a level is not worth making. */
const fewest = 1.5

/** An index of a list of stars: all levels from quads of 35° down to what their density allows. */
export function starIndex(stars: StarList): StarIndex {
  const finest = finestSize(stars)
  const sizes: [number, number][] = []
  for (let high = widest; high >= finest || sizes.length === 0; high /= Math.SQRT2)
    sizes.push([high / Math.SQRT2, high])
  const made = new Map<number, QuadLevel>()
  return {
    stars,
    sizes,
    level(n) {
      let level = made.get(n)
      if (!level) made.set(n, (level = quadLevel(stars, ...sizes[n])))
      return level
    },
  }
}

/** Width (radians) of a square that holds `fewest` stars where most of the stars are. */
function finestSize({ rows, xyz }: StarList): number {
  let size = Math.min(widest, Math.sqrt((4 * Math.PI * 8) / Math.max(1, rows)))
  for (;;) {
    const { starts } = skyCells(xyz, size)
    const counts = Float64Array.from(starts.subarray(1), (end, n) => end - starts[n]).sort()
    // Half of the stars lie in cells as full as this or fuller.
    let [sum, n] = [0, 0]
    while (n < counts.length - 1 && sum + counts[n] < rows / 2) sum += counts[n++]
    const typical = counts[n] ?? 1
    if (typical <= 40) return size * Math.sqrt(fewest / Math.max(1, typical))
    size *= Math.sqrt(8 / typical)
  }
}

/**
 * Solves a field without an initial guess.
 * @returns null where nothing in the index explains the detections.
 * @throws Problem astrometry.too_few where there are fewer than six detections.
 */
export function solveField(
  field: FieldDetections,
  index: StarIndex,
  options: SolveOptions = {},
): Solution | null {
  const { hints = {}, deepest = 120, jitterPx = 1, check, progress } = options
  const order = evenly(field)
  if (order.length < 6) {
    throw new Problem(
      'astrometry.too_few',
      `There are ${order.length} detections, and a solution needs six at least; lower the detection threshold.`,
      { detections: order.length },
    )
  }
  const x = Float64Array.from(order, (i) => field.x[i])
  const y = Float64Array.from(order, (i) => field.y[i])
  const { centre } = hints
  const side = Math.min(field.width, field.height)
  const used = centre
    ? localIndex(index, centre.ra, centre.dec, centre.radiusDeg + (hints.widthDeg?.[1] ?? 20))
    : index
  const proposals = createProposals(field, x, y, options)
  const [least, most] = widths(hints)
  // First the few brightest on every level, then deeper: a wide field is found before the fine levels are made.
  const depths = [...[30, 60].filter((depth) => depth < deepest), deepest]
  for (const [round, depth] of depths.entries()) {
    if (round > 0 && order.length <= depths[round - 1]) break
    const quads = fieldQuads(
      x,
      y,
      Math.min(depth, order.length),
      round > 0 ? depths[round - 1] : 0,
      0.15 * side,
    )
    for (let n = 0; n < used.sizes.length; n++) {
      progress?.(round * used.sizes.length + n, depths.length * used.sizes.length)
      const [low, high] = used.sizes[n]
      // The pixel scale that a quad of this level gives must be among those hinted at.
      const longest = Math.min(Math.hypot(field.width, field.height), (high * field.width) / least)
      const shortest = (low * field.width) / most
      if (shortest > longest || longest < 0.15 * side) continue
      const level = used.level(n)
      // A wide field's own projection bends its shapes; elsewhere only the errors of the detections do.
      const bent = high > 0.05 ? (round === 0 ? 0.01 : 0.015) : 0
      for (let q = 0; q < quads.count; q++) {
        if (quads.length[q] < shortest || quads.length[q] > longest) continue
        if ((q & 1023) === 0) check?.()
        const blurred = Math.min(0.01, Math.max(0.003, (1.2 * jitterPx) / quads.length[q]))
        const proposal = proposals.of(level, quads, q, Math.max(bent, blurred))
        if (!proposal) continue
        const refined = refine(proposal.start, x, y, index.stars, { ...options, ...field })
        if (refined && refined.logOdds >= accepted && agrees(refined, hints, field.width)) return refined
      }
    }
  }
  return null
}

function agrees(found: Solution, hints: SolveHints, width: number): boolean {
  const [least, most] = widths(hints)
  const wide = ((found.pixelScaleArcsec / 3600) * width * Math.PI) / 180
  return wide >= 0.9 * least && wide <= 1.1 * most
}

/** Radians. Without a hint: 0.02° to 180°. */
function widths({ widthDeg = [0.02, 180] }: SolveHints): [number, number] {
  return [(widthDeg[0] * Math.PI) / 180, (widthDeg[1] * Math.PI) / 180]
}

function localIndex(index: StarIndex, ra: number, dec: number, radiusDeg: number): StarIndex {
  return radiusDeg >= 180 ? index : starIndex(starsWithin(index.stars, ra, dec, radiusDeg))
}

function createProposals(
  field: FieldDetections,
  x: Float64Array,
  y: Float64Array,
  { hints = {}, jitterPx = 1 }: SolveOptions,
) {
  const area = field.width * field.height
  const code = new Float64Array(4)
  const matched: number[] = []
  const capacity = 4096
  const references = {
    x: new Float64Array(capacity),
    y: new Float64Array(capacity),
    variance: new Float64Array(capacity),
    count: 0,
  }
  const detections = { x, y, count: 0 }
  const wanted = hints.centre && unitVector(hints.centre.ra, hints.centre.dec)
  const nearest = wanted ? Math.cos((hints.centre.radiusDeg * Math.PI) / 180) : -2
  const halfDiagonal = Math.hypot(field.width, field.height) / 2
  const [middleX, middleY] = [(field.width - 1) / 2, (field.height - 1) / 2]
  const parities = hints.parity ? [hints.parity] : ([-1, 1] as const)

  function propose(
    level: QuadLevel,
    parity: 1 | -1,
    stars: readonly number[],
    q: number,
  ): StartSolution | null {
    const named = [0, 1, 2, 3].map((k) => level.quads[4 * q + k])
    let [cx, cy, cz] = [0, 1, 2].map((k) => named.reduce((sum, star) => sum + level.xyz[3 * star + k], 0))
    let fit: StartSolution | null = null
    // The image's tangent point is its middle, which is known once the quad has given a first solution.
    for (let turn = 0; turn < 2; turn++) {
      const length = Math.sqrt(cx * cx + cy * cy + cz * cz)
      fit = similarity(level.xyz, named, x, y, stars, [cx / length, cy / length, cz / length], parity)
      if (!fit) return null
      const scale = Math.hypot(...fit.a)
      if (halfDiagonal / scale > 4) break
      ;[cx, cy, cz] = directionAt(fit, middleX, middleY)
    }
    return fit
  }

  return {
    /** The first proposal of a quad that the other stars support. */
    of(
      level: QuadLevel,
      quads: ReturnType<typeof fieldQuads>,
      q: number,
      tolerance: number,
    ): { start: StartSolution } | null {
      for (const parity of parities) {
        matched.length = 0
        quads.code(q, parity, code)
        level.table.near(code, tolerance, (found) => matched.push(found))
        for (const found of matched) {
          const stars = quads.stars(q, parity)
          const start = propose(level, parity, stars, found)
          if (!start) continue
          const scale = Math.hypot(...start.a)
          const centre = directionAt(start, middleX, middleY)
          if (wanted && centre[0] * wanted[0] + centre[1] * wanted[1] + centre[2] * wanted[2] < nearest)
            continue
          collect(level, start, centre, Math.atan(halfDiagonal / scale))
          detections.count = Math.min(x.length, 30 + 2 * references.count)
          const { logOdds } = weigh(detections, references, area, stars)
          if (logOdds >= proposed) return { start }
        }
      }
      return null
    },
  }

  /** Reference stars of the level that fall on the image. */
  function collect(
    level: QuadLevel,
    start: StartSolution,
    centre: readonly [number, number, number],
    radius: number,
  ): void {
    const [fx, fy, squaredRadius] = start.from
    const project = projector(start)
    const floor = jitterPx * jitterPx
    references.count = 0
    level.cells.near(centre[0], centre[1], centre[2], radius, (star) => {
      const n = references.count
      if (n === capacity || !project(level.xyz, star)) return
      const [px, py] = project.place
      if (px < -0.5 || py < -0.5 || px > field.width - 0.5 || py > field.height - 0.5) return
      const away = (px - fx) ** 2 + (py - fy) ** 2
      references.x[n] = px
      references.y[n] = py
      references.variance[n] = floor * (1 + away / squaredRadius)
      references.count++
    })
  }
}
