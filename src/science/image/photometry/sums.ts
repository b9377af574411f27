import { circleOverlap } from './overlap.ts'
import type { Ellipse } from './kron.ts'
import { pixelState, type Stamp } from './stamp.ts'

/** What lies within an aperture on a stamp. */
export interface StampSums {
  flux: number
  area: number
  /** Of replaced pixels: neighbours' and bad ones. */
  neighbours: number
  bad: number
  /** Half lengths of the rows of points through a row of pixels; −1 for none. */
  readonly halves: Float64Array
}

/** Most points along a pixel's side. */
const mostPoints = 16

export function emptyStampSums(): StampSums {
  return { flux: 0, area: 0, neighbours: 0, bad: 0, halves: new Float64Array(mostPoints) }
}

/** Adds up whole pixels whose centre is within `scale` semi-axes; `sums` is written over. */
export function sumEllipse(
  sums: StampSums,
  stamp: Stamp,
  ellipse: Ellipse,
  x: number,
  y: number,
  scale: number,
): void {
  const limit = scale * scale
  const { values, state, width, clean } = stamp
  let flux = 0
  let area = 0
  let neighbours = 0
  let bad = 0
  const left = Math.max(0, Math.ceil(x - scale * ellipse.halfX - stamp.x0))
  const right = Math.min(width - 1, Math.floor(x + scale * ellipse.halfX - stamp.x0))
  const bottom = Math.max(0, Math.ceil(y - scale * ellipse.halfY - stamp.y0))
  const top = Math.min(stamp.height - 1, Math.floor(y + scale * ellipse.halfY - stamp.y0))
  for (let row = bottom; row <= top; row++) {
    const dy = stamp.y0 + row - y
    const high = ellipse.yy * dy * dy
    const slope = ellipse.xy * dy
    for (let column = left; column <= right; column++) {
      const dx = stamp.x0 + column - x
      if ((ellipse.xx * dx + slope) * dx + high > limit) continue
      const at = row * width + column
      flux += values[at]
      area++
      if (clean) continue
      if (state[at] === pixelState.neighbour) neighbours++
      else if (state[at] === pixelState.bad) bad++
    }
  }
  sums.flux = flux
  sums.area = area
  sums.neighbours = neighbours
  sums.bad = bad
}

/**
 * Adds up a circle of `radius`; edge pixels count by exact area (`subpixels` 0) or by `subpixels`² points, as in `shareOf`,
 * whose rows are cut once for a row of pixels. `sums` is written over.
 */
export function sumCircle(
  sums: StampSums,
  stamp: Stamp,
  radius: number,
  x: number,
  y: number,
  subpixels: number,
): void {
  const { values, state, width, height, clean } = stamp
  let flux = 0
  let area = 0
  let neighbours = 0
  let bad = 0
  const { halves } = sums
  const square = radius * radius
  const bottom = Math.max(0, Math.ceil(y - radius - 0.5 - stamp.y0))
  const top = Math.min(height - 1, Math.floor(y + radius + 0.5 - stamp.y0))
  const step = subpixels > 0 ? 1 / subpixels : 0
  for (let row = bottom; row <= top; row++) {
    const dy = stamp.y0 + row - y
    const near = Math.max(0, Math.abs(dy) - 0.5)
    const far = Math.abs(dy) + 0.5
    const reach = square - near * near
    if (reach <= 0) continue
    const outer = Math.sqrt(reach)
    const inner = square > far * far ? Math.sqrt(square - far * far) - 0.5 : -1
    for (let j = 0; j < subpixels; j++) {
      const sy = dy + (j + 0.5) * step - 0.5
      const within = square - sy * sy
      halves[j] = within > 0 ? Math.sqrt(within) : -1
    }
    const left = Math.max(0, Math.ceil(x - outer - 0.5 - stamp.x0))
    const right = Math.min(width - 1, Math.floor(x + outer + 0.5 - stamp.x0))
    for (let column = left; column <= right; column++) {
      const dx = stamp.x0 + column - x
      let share = 1
      if (Math.abs(dx) > inner) {
        share = subpixels > 0 ? pointsWithin(halves, dx, subpixels, step) : circleOverlap(dx, dy, radius)
        if (share === 0) continue
      }
      const at = row * width + column
      flux += share * values[at]
      area += share
      if (clean) continue
      const is = state[at]
      if (is === pixelState.neighbour) neighbours += share
      else if (is === pixelState.bad) bad += share
    }
  }
  sums.flux = flux
  sums.area = area
  sums.neighbours = neighbours
  sums.bad = bad
}

/** Share of a pixel's points within a circle, counted a row of points at a time. */
function pointsWithin(halves: Float64Array, dx: number, subpixels: number, step: number): number {
  // Columns of points at first + step · i.
  const first = Math.abs(dx) + step / 2 - 0.5
  let hits = 0
  for (let j = 0; j < subpixels; j++) {
    const half = halves[j]
    if (half < first) continue
    const beyond = Math.ceil((half - first) * subpixels)
    const before = Math.max(0, Math.floor((-half - first) * subpixels) + 1)
    hits += Math.max(0, Math.min(subpixels, beyond) - before)
  }
  return hits * step * step
}
