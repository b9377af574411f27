/** Positions as the centroid under a Gaussian window that is moved until it is centred: SExtractor's XWIN, YWIN. */
import type { Stamp } from './measure-stamp.ts'

export interface WindowedPosition {
  x: number
  y: number
  /** Variances and covariance, square pixels. */
  xVar: number
  yVar: number
  xyVar: number
  /** False where it ran away from the source, or there is no flux; x and y are then those it began with. */
  found: boolean
}

export function emptyWindowedPosition(): WindowedPosition {
  return { x: NaN, y: NaN, xVar: NaN, yVar: NaN, xyVar: NaN, found: false }
}

/** Of the window: radius in σ, most iterations, when to stop (pixels), and how far each step goes. */
const reach = 4
const most = 16
const enough = 1e-4
const stride = 2

/** Weights of the window along x and y. */
export interface WindowScratch {
  across: Float64Array
  up: Float64Array
}

export function emptyWindowScratch(): WindowScratch {
  return { across: new Float64Array(256), up: new Float64Array(256) }
}

/**
 * Windowed position of a source that begins at (`x`, `y`), with a window of `sigma` pixels (2 · half-light radius /
 * 2.3548 in SExtractor). `noise` is the variance of a sky pixel, `photons` the variance per unit of flux (1 / gain, or 0).
 * Falls back on (`x`, `y`) where the window moves further than `leash` pixels. `result` is written over.
 */
export function windowedPosition(
  result: WindowedPosition,
  stamp: Stamp,
  scratch: WindowScratch,
  x: number,
  y: number,
  how: { sigma: number; noise: number; photons: number; leash: number },
): void {
  const radius = reach * how.sigma
  const falloff = 1 / (2 * how.sigma * how.sigma)
  const outer = (radius + 0.5) * (radius + 0.5)
  const inner = Math.max(0, radius - 0.5) ** 2
  const { values, width, height } = stamp
  if (scratch.across.length < width) scratch.across = new Float64Array(2 * width)
  if (scratch.up.length < height) scratch.up = new Float64Array(2 * height)
  const { across, up } = scratch
  let cx = x
  let cy = y
  result.found = false
  for (let round = 0; round < most; round++) {
    const left = Math.max(0, Math.ceil(cx - radius - 0.5 - stamp.x0))
    const right = Math.min(width - 1, Math.floor(cx + radius + 0.5 - stamp.x0))
    const bottom = Math.max(0, Math.ceil(cy - radius - 0.5 - stamp.y0))
    const top = Math.min(height - 1, Math.floor(cy + radius + 0.5 - stamp.y0))
    for (let column = left; column <= right; column++) {
      across[column] = Math.exp(-((stamp.x0 + column - cx) ** 2) * falloff)
    }
    for (let row = bottom; row <= top; row++) up[row] = Math.exp(-((stamp.y0 + row - cy) ** 2) * falloff)
    let [total, mx, my, vxx, vyy, vxy] = [0, 0, 0, 0, 0, 0]
    for (let row = bottom; row <= top; row++) {
      const dy = stamp.y0 + row - cy
      for (let column = left; column <= right; column++) {
        const dx = stamp.x0 + column - cx
        const square = dx * dx + dy * dy
        if (square >= outer) continue
        let weight = across[column] * up[row]
        if (square > inner) weight *= radius + 0.5 - Math.sqrt(square)
        const value = values[row * width + column]
        const light = weight * value
        total += light
        mx += light * dx
        my += light * dy
        const variance = weight * weight * (how.noise + (value > 0 ? value * how.photons : 0))
        vxx += variance * dx * dx
        vyy += variance * dy * dy
        vxy += variance * dx * dy
      }
    }
    if (!(total > 0)) break
    const sx = mx / total
    const sy = my / total
    cx += stride * sx
    cy += stride * sy
    if (!((cx - x) ** 2 + (cy - y) ** 2 <= how.leash * how.leash)) break
    if (sx * sx + sy * sy >= enough * enough && round < most - 1) continue
    const scale = (stride * stride) / (total * total)
    result.x = cx
    result.y = cy
    result.xVar = vxx * scale
    result.yVar = vyy * scale
    result.xyVar = vxy * scale
    result.found = true
    return
  }
  result.x = x
  result.y = y
  result.xVar = NaN
  result.yVar = NaN
  result.xyVar = NaN
}
