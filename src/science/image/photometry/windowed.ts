/** Positions as the centroid under a Gaussian window that is moved until it is centred: SExtractor's XWIN, YWIN. */
import type { Stamp } from './stamp.ts'

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
export const windowReach = 4
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
 * 2.35 in SExtractor). `noise` is the variance of a sky pixel, `photons` the variance per unit of flux (1 / gain, or 0).
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
  const radius = windowReach * how.sigma
  const falloff = 1 / (2 * how.sigma * how.sigma)
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
    const bottom = Math.max(0, Math.ceil(cy - radius - stamp.y0))
    const top = Math.min(height - 1, Math.floor(cy + radius - stamp.y0))
    gaussRow(across, left, right, stamp.x0 - cx, falloff)
    gaussRow(up, bottom, top, stamp.y0 - cy, falloff)
    let total = 0
    let mx = 0
    let my = 0
    for (let row = bottom; row <= top; row++) {
      const dy = stamp.y0 + row - cy
      const half = Math.sqrt(Math.max(0, radius * radius - dy * dy))
      const begin = cx - half - stamp.x0
      const end = cx + half - stamp.x0
      const first = Math.max(left, Math.ceil(begin - 0.5))
      const last = Math.min(right, Math.floor(end + 0.5))
      let light = 0
      let moment = 0
      for (let column = first; column <= last; column++) {
        const value = across[column] * values[row * width + column]
        light += value
        moment += value * column
      }
      // Pixels at the window's edge count by what lies within it, so that a step does not make them come and go.
      if (last > first) {
        const before = Math.max(0, begin - first + 0.5) * across[first] * values[row * width + first]
        const behind = Math.max(0, last - end + 0.5) * across[last] * values[row * width + last]
        light -= before + behind
        moment -= before * first + behind * last
      }
      const weight = up[row]
      total += weight * light
      mx += weight * (moment + light * (stamp.x0 - cx))
      my += weight * light * dy
    }
    if (!(total > 0)) break
    const sx = mx / total
    const sy = my / total
    const moved = sx * sx + sy * sy
    if (moved < enough * enough || round === most - 1) {
      addErrors(result, stamp, scratch, how, { cx, cy, radius, left, right, bottom, top, total })
      cx += stride * sx
      cy += stride * sy
      if (!((cx - x) ** 2 + (cy - y) ** 2 <= how.leash * how.leash)) break
      result.x = cx
      result.y = cy
      result.found = true
      return
    }
    cx += stride * sx
    cy += stride * sy
    if (!((cx - x) ** 2 + (cy - y) ** 2 <= how.leash * how.leash)) break
  }
  result.x = x
  result.y = y
  result.xVar = NaN
  result.yVar = NaN
  result.xyVar = NaN
}

/** exp(−falloff · (offset + n)²) for n = from … to: each from the one before, as the ratios themselves fall by a fixed one. */
function gaussRow(out: Float64Array, from: number, to: number, offset: number, falloff: number): void {
  const first = offset + from
  let value = Math.exp(-first * first * falloff)
  let ratio = Math.exp(-(2 * first + 1) * falloff)
  const fall = Math.exp(-2 * falloff)
  for (let n = from; n <= to; n++) {
    out[n] = value
    value *= ratio
    ratio *= fall
  }
}

interface Window {
  cx: number
  cy: number
  radius: number
  left: number
  right: number
  bottom: number
  top: number
  total: number
}

/** Variances of the position under a window whose weights are in `scratch`. */
function addErrors(
  result: WindowedPosition,
  stamp: Stamp,
  { across, up }: WindowScratch,
  how: { noise: number; photons: number },
  { cx, cy, radius, left, right, bottom, top, total }: Window,
): void {
  const { values, width } = stamp
  let vxx = 0
  let vyy = 0
  let vxy = 0
  for (let row = bottom; row <= top; row++) {
    const dy = stamp.y0 + row - cy
    for (let column = left; column <= right; column++) {
      const dx = stamp.x0 + column - cx
      if (dx * dx + dy * dy > radius * radius) continue
      const weight = across[column] * up[row]
      const value = values[row * width + column]
      const variance = weight * weight * (how.noise + (value > 0 ? value * how.photons : 0))
      vxx += variance * dx * dx
      vyy += variance * dy * dy
      vxy += variance * dx * dy
    }
  }
  const scale = (stride * stride) / (total * total)
  result.xVar = vxx * scale
  result.yVar = vyy * scale
  result.xyVar = vxy * scale
}
