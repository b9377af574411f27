import { shareOf, type Shape } from './aperture.ts'
import type { Ellipse } from './kron.ts'
import { pixelState, type Stamp } from './measure-stamp.ts'

/** What lies within an aperture on a stamp. */
export interface StampSums {
  flux: number
  area: number
  /** Of replaced pixels: neighbours' and bad ones. */
  neighbours: number
  bad: number
}

export function emptyStampSums(): StampSums {
  return { flux: 0, area: 0, neighbours: 0, bad: 0 }
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
  const { values, state, width } = stamp
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
      if (state[at] === pixelState.neighbour) neighbours++
      else if (state[at] === pixelState.bad) bad++
    }
  }
  sums.flux = flux
  sums.area = area
  sums.neighbours = neighbours
  sums.bad = bad
}

/** Adds up a circle; edge pixels count by `subpixels` as in `shareOf`; `sums` is written over. */
export function sumCircle(
  sums: StampSums,
  stamp: Stamp,
  shape: Shape,
  x: number,
  y: number,
  subpixels: number,
): void {
  const { values, state, width } = stamp
  let flux = 0
  let area = 0
  let neighbours = 0
  let bad = 0
  const radius = shape.circle + 0.5
  const left = Math.max(0, Math.ceil(x - radius - stamp.x0))
  const right = Math.min(width - 1, Math.floor(x + radius - stamp.x0))
  const bottom = Math.max(0, Math.ceil(y - radius - stamp.y0))
  const top = Math.min(stamp.height - 1, Math.floor(y + radius - stamp.y0))
  for (let row = bottom; row <= top; row++) {
    const dy = stamp.y0 + row - y
    for (let column = left; column <= right; column++) {
      const share = shareOf(shape, stamp.x0 + column - x, dy, subpixels)
      if (share === 0) continue
      const at = row * width + column
      flux += share * values[at]
      area += share
      if (state[at] === pixelState.neighbour) neighbours += share
      else if (state[at] === pixelState.bad) bad += share
    }
  }
  sums.flux = flux
  sums.area = area
  sums.neighbours = neighbours
  sums.bad = bad
}
