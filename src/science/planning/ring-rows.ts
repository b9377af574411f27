/** Rows of equal declination whose fields leave no gap, whatever the footprint. */
import { Problem } from '#problem.ts'
import { radiansPerDegree } from '#science/sky/vectors.ts'
import { containsTest, footprintRadiusDeg } from './footprint.ts'
import type { Footprint } from './model.ts'

export interface Row {
  readonly dec: number
  /** Fields, evenly spaced from RA 0. */
  readonly count: number
}

/** Points tried along a side of the piece of a row that one field must hold. */
const SIDE = 24
/** Rows looked at while their number is chosen. */
const LOOKED_AT = 16

/**
 * The rows that cover declinations `low` to `high` (degrees) with the fewest fields found; neighbours overlap by `share` of
 * their width beyond what is needed.
 * @throws Problem planning.invalid where no number of rows leaves no gap
 */
export function ringRows(footprint: Footprint, share: number, low: number, high: number): Row[] {
  const span = high - low
  const least = Math.max(1, Math.ceil(span / (2 * footprintRadiusDeg(footprint))))
  let best = 0
  let fewest = Infinity
  for (let factor = 1; factor < 40; factor *= 1.04) {
    const rows = Math.ceil(least * factor)
    let sum = 0
    const step = Math.max(1, Math.floor(rows / LOOKED_AT))
    let looked = 0
    for (let i = 0; i < rows; i += step) {
      sum += fieldsIn(footprint, share, low + (span * i) / rows, low + (span * (i + 1)) / rows)
      looked++
    }
    const total = (sum * rows) / looked
    if (total < fewest) {
      fewest = total
      best = rows
    }
    // Twice as many rows as the best so far never win.
    if (best > 0 && rows > 2 * best) break
  }
  // The rows looked at need not be the worst.
  for (let rows = best; rows > 0 && rows < 4 * best + 4; rows++) {
    const list = Array.from({ length: rows }, (_, i): Row => {
      const [a, b] = [low + (span * i) / rows, low + (span * (i + 1)) / rows]
      return { dec: (a + b) / 2, count: fieldsIn(footprint, share, a, b) }
    })
    if (list.every(({ count }) => Number.isFinite(count))) return list
  }
  throw new Problem(
    'planning.invalid',
    'No rows of this footprint leave no gap: its centre lies at its edge. Move its corners until (0, 0) is well inside.',
  )
}

/** Fields needed for the ring between two declinations; infinite where a field is not as high as it. */
function fieldsIn(footprint: Footprint, share: number, low: number, high: number): number {
  const dec = (low + high) / 2
  const half = (high - low) / 2 / (1 - share)
  const holds = containsTest(footprint, { id: '', ra: 0, dec })
  const [bottom, top] = [Math.max(-90, dec - half), Math.min(90, dec + half)]
  const inside = (turn: number, d: number): boolean => {
    const c = Math.cos(d * radiansPerDegree)
    return holds(
      c * Math.cos(turn * radiansPerDegree),
      c * Math.sin(turn * radiansPerDegree),
      Math.sin(d * radiansPerDegree),
    )
  }
  const fits = (turn: number): boolean => {
    for (let i = 0; i <= SIDE; i++) {
      const along = turn * ((2 * i) / SIDE - 1)
      const d = bottom + ((top - bottom) * i) / SIDE
      if (!inside(along, bottom) || !inside(along, top) || !inside(turn, d) || !inside(-turn, d)) return false
    }
    return true
  }
  if (fits(180)) return 1
  let [fit, miss] = [0, 180]
  for (let i = 0; i < 40 && miss - fit > 1e-5 * miss; i++) {
    const turn = (fit + miss) / 2
    if (fits(turn)) fit = turn
    else miss = turn
  }
  // Between the points tried an edge may bulge a little.
  return fit > 0 ? Math.ceil(180 / (fit * 0.999 * (1 - share))) : Infinity
}
