/** Looks up quads of a field in a level of the sky: each match proposes a solution, which the other stars accept or refuse. */
import type { Part } from '#science/image/workshop.ts'
import { unitVector } from '#science/sky/vectors.ts'
import type { CodedQuads } from './field-quads.ts'
import type { QuadLevel } from './levels.ts'
import { codesNear } from './quads.ts'
import { refine } from './refine.ts'
import type { PlateSolution } from './refine.ts'
import { directionAt, projector, similarity } from './similarity.ts'
import type { StartSolution } from './similarity.ts'
import { cellsOf } from './sky-cells.ts'
import type { StarList } from './stars.ts'
import { weigh } from './verify.ts'

export interface SearchInput {
  readonly level: QuadLevel
  readonly quads: CodedQuads
  /** Which of the quads, and of what lengths (px). */
  readonly from: number
  readonly to: number
  readonly shortest: number
  readonly longest: number
  /** Least tolerance of a code, for what the projection of a wide field bends. */
  readonly bent: number
  /** Detections in the order in which they count. */
  readonly x: Float64Array
  readonly y: Float64Array
  readonly width: number
  readonly height: number
  readonly jitterPx: number
  readonly order: number
  /** The field's centre lies within this cap. */
  readonly centre?: { readonly ra: number; readonly dec: number; readonly radiusDeg: number }
  /** Widths of the field, radians, that are believed. */
  readonly widths: readonly [least: number, most: number]
  readonly stars: StarList
  /** Number of this part, and the least number of one that has found a solution: those after it may stop. */
  readonly part: number
  readonly first: Int32Array
}

export interface SearchResult {
  readonly solution: PlateSolution | null
  /** Matches that were looked into. */
  readonly matches: number
}

/** Odds of 10⁹ let a proposal through to refinement; after it the evidence must be more. */
const proposed = Math.log(1e9)
const accepted = Math.log(1e12)
/** Reference stars that are looked at on a field. */
const capacity = 4096
/**
 * A field wider than this many times the quad is first judged by what lies around the quad, where that is `enough` stars:
 * one that lies where it should is odds of more than e³.
 */
const around = 1.2
const enough = 20
const supported = 3

export const searchLevel = {
  module: import.meta.url,
  name: 'searchLevel',
  run(input: SearchInput): SearchResult {
    const { level, quads, from, to, shortest, longest, x, y, width, jitterPx, bent, part, first } = input
    const support = supporter(input)
    const code = new Float64Array(4)
    const matched: number[] = []
    let matches = 0
    for (let q = from; q < to; q++) {
      const length = quads.length[q]
      if (length < shortest || length > longest) continue
      if (Atomics.load(first, 0) < part) break
      for (let k = 0; k < 4; k++) code[k] = quads.codes[4 * q + k]
      matched.length = 0
      const blurred = Math.min(
        0.01 * Math.sqrt(Math.max(1, jitterPx)),
        Math.max(0.003, (1.2 * jitterPx) / length),
      )
      codesNear(level.table, code, Math.max(bent, blurred), (found) => matched.push(found))
      matches += matched.length
      const named = Array.from(quads.stars.subarray(4 * q, 4 * q + 4))
      for (const found of matched) {
        const start = support(found, named, length)
        const solution = start && refine(start, x, y, input.stars, input)
        if (!solution || solution.logOdds < accepted) continue
        const wide = (((solution.pixelScaleArcsec / 3600) * Math.PI) / 180) * width
        if (wide < 0.9 * input.widths[0] || wide > 1.1 * input.widths[1]) continue
        for (let best = Atomics.load(first, 0); part < best; best = Atomics.load(first, 0))
          Atomics.compareExchange(first, 0, best, part)
        return { solution, matches }
      }
    }
    return { solution: null, matches }
  },
} satisfies Part<SearchInput, SearchResult>

/** The proposal that a match makes, null where the other stars do not support it. */
function supporter({ level, quads, x, y, width, height, jitterPx, centre: wantedCentre }: SearchInput) {
  const { parity } = quads
  const cells = cellsOf(level.cells)
  const references = {
    x: new Float64Array(capacity),
    y: new Float64Array(capacity),
    variance: new Float64Array(capacity),
    count: 0,
  }
  const detections = { x, y, count: 0 }
  const local = { x: new Float64Array(x.length), y: new Float64Array(x.length), count: 0 }
  const skipped = [0, 0, 0, 0]
  const wanted = wantedCentre && unitVector(wantedCentre.ra, wantedCentre.dec)
  const nearest = wantedCentre ? Math.cos((wantedCentre.radiusDeg * Math.PI) / 180) : -2
  const halfDiagonal = Math.hypot(width, height) / 2
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2]

  return (found: number, named: readonly number[], length: number): StartSolution | null => {
    const start = propose(found, named)
    if (!start) return null
    const scale = Math.hypot(start.a[0], start.a[1])
    const centre = directionAt(start, middleX, middleY)
    if (wanted && centre[0] * wanted[0] + centre[1] * wanted[1] + centre[2] * wanted[2] < nearest) return null
    const reach = around * length
    // A lens may bend the field more than its other stars forgive, but not the few around the quad.
    const support = reach < halfDiagonal ? supportAround(start, named, reach, scale) : supported
    if (support < supported) return null
    if (support >= proposed) return start
    collect(start, centre, Math.atan(halfDiagonal / scale), Infinity)
    detections.count = Math.min(x.length, 30 + 2 * references.count)
    const { logOdds } = weigh(detections, references, width * height, named)
    return logOdds >= proposed ? start : null
  }

  function propose(found: number, named: readonly number[]): StartSolution | null {
    const { xyz } = level
    const stars = [0, 1, 2, 3].map((k) => level.quads[4 * found + k])
    let [cx, cy, cz] = [0, 0, 0]
    for (const star of stars) {
      cx += xyz[3 * star]
      cy += xyz[3 * star + 1]
      cz += xyz[3 * star + 2]
    }
    let fit: StartSolution | null = null
    // The image's tangent point is its middle, which is known once the quad has given a first solution.
    for (let turn = 0; turn < 2; turn++) {
      const length = Math.sqrt(cx * cx + cy * cy + cz * cz)
      fit = similarity(xyz, stars, x, y, named, [cx / length, cy / length, cz / length], parity)
      if (!fit) return null
      if (halfDiagonal / Math.hypot(fit.a[0], fit.a[1]) > 4) break
      ;[cx, cy, cz] = directionAt(fit, middleX, middleY)
    }
    return fit
  }

  /** Evidence of the stars around the quad; most wrong proposals end here. */
  function supportAround(
    start: StartSolution,
    named: readonly number[],
    reach: number,
    scale: number,
  ): number {
    const [fx, fy] = start.from
    collect(start, directionAt(start, fx, fy), Math.atan(reach / scale), reach * reach)
    if (references.count < enough) return supported
    local.count = 0
    const most = Math.min(x.length, 30 + 2 * references.count)
    for (let i = 0; i < x.length && local.count < most; i++) {
      if ((x[i] - fx) ** 2 + (y[i] - fy) ** 2 > reach * reach) continue
      const k = named.indexOf(i)
      if (k >= 0) skipped[k] = local.count
      local.x[local.count] = x[i]
      local.y[local.count] = y[i]
      local.count++
    }
    const area = Math.min(width * height, Math.PI * reach * reach)
    return weigh(local, references, area, skipped).logOdds
  }

  /** Reference stars of the level that fall on the image, within a squared distance of the quad's middle (px²). */
  function collect(
    start: StartSolution,
    centre: readonly [number, number, number],
    radius: number,
    within: number,
  ): void {
    const [fx, fy, squaredRadius] = start.from
    const project = projector(start)
    const floor = jitterPx * jitterPx
    references.count = 0
    cells.near(centre[0], centre[1], centre[2], radius, (star) => {
      const n = references.count
      if (n === capacity || !project(level.xyz, star)) return
      const [px, py] = project.place
      if (px < -0.5 || py < -0.5 || px > width - 0.5 || py > height - 0.5) return
      const away = (px - fx) ** 2 + (py - fy) ** 2
      if (away > within) return
      references.x[n] = px
      references.y[n] = py
      references.variance[n] = floor * (1 + away / squaredRadius)
      references.count++
    })
  }
}
