/**
 * Elliptical apertures scaled to each source: Kron (1980), as SExtractor's AUTO takes them (Bertin & Arnouts 1996).
 */
import { pixelState, type Stamp } from './stamp.ts'
import type { StampSums } from './sums.ts'

/** An ellipse as a quadratic form: xx·dx² + yy·dy² + xy·dx·dy = r². */
export interface Ellipse {
  xx: number
  yy: number
  xy: number
  /** Half the width and height of the ellipse of r = 1. */
  halfX: number
  halfY: number
}

/** Semi-axes in pixels, the first at `theta` degrees from x towards y; `ellipse` is written over. */
export function setEllipse(ellipse: Ellipse, a: number, b: number, theta: number): void {
  const angle = (theta * Math.PI) / 180
  const cos = Math.cos(angle)
  const sin = Math.sin(angle)
  ellipse.xx = (cos / a) ** 2 + (sin / b) ** 2
  ellipse.yy = (sin / a) ** 2 + (cos / b) ** 2
  ellipse.xy = 2 * cos * sin * (1 / (a * a) - 1 / (b * b))
  ellipse.halfX = Math.sqrt((a * cos) ** 2 + (b * sin) ** 2)
  ellipse.halfY = Math.sqrt((a * sin) ** 2 + (b * cos) ** 2)
}

export function emptyEllipse(): Ellipse {
  return { xx: 1, yy: 1, xy: 0, halfX: 1, halfY: 1 }
}

/** How far out the first radial moment is taken, in semi-axes. */
export const kronReach = 6

export interface KronRule {
  /** SExtractor: max(factor · r₁, least) semi-axes. SEP: factor · r₁, or a small circle (see `circle`). */
  readonly recipe: 'sextractor' | 'sep'
  readonly factor: number
  /** SExtractor: least aperture in semi-axes. */
  readonly least: number
  /** SEP: circle of this radius, pixels, where factor · r₁ · √(ab) is less. */
  readonly circle: number
}

export const kronRule: KronRule = { recipe: 'sextractor', factor: 2.5, least: 3.5, circle: 1.75 }

/**
 * First radial moment Σ r·I / Σ I within 6 semi-axes, in semi-axes; NaN where the flux or the moment is not positive.
 * Pixels of neighbours and bad ones are left out, but counted in `sums`, which is written over.
 */
export function kronRadius(sums: StampSums, stamp: Stamp, ellipse: Ellipse, x: number, y: number): number {
  const limit = kronReach * kronReach
  const { values, state, width, clean } = stamp
  let moment = 0
  let flux = 0
  let area = 0
  let neighbours = 0
  let bad = 0
  const left = Math.max(0, Math.ceil(x - kronReach * ellipse.halfX - stamp.x0))
  const right = Math.min(width - 1, Math.floor(x + kronReach * ellipse.halfX - stamp.x0))
  const bottom = Math.max(0, Math.ceil(y - kronReach * ellipse.halfY - stamp.y0))
  const top = Math.min(stamp.height - 1, Math.floor(y + kronReach * ellipse.halfY - stamp.y0))
  for (let row = bottom; row <= top; row++) {
    const dy = stamp.y0 + row - y
    const high = ellipse.yy * dy * dy
    const slope = ellipse.xy * dy
    for (let column = left; column <= right; column++) {
      const dx = stamp.x0 + column - x
      const square = (ellipse.xx * dx + slope) * dx + high
      const at = row * width + column
      if (square > limit) continue
      area++
      if (!clean && state[at] !== pixelState.own) {
        if (state[at] === pixelState.bad) bad++
        else neighbours++
        continue
      }
      moment += Math.sqrt(square) * values[at]
      flux += values[at]
    }
  }
  sums.flux = flux
  sums.area = area
  sums.neighbours = neighbours
  sums.bad = bad
  return moment > 0 && flux > 0 ? moment / flux : NaN
}

/** Aperture for a source: semi-axes in units of (a, b), or a circle of `radius` pixels. */
export interface KronAperture {
  scale: number
  radius: number
}

/** Applies the rule to a first moment (NaN: none); `aperture` is written over. */
export function setKronAperture(
  aperture: KronAperture,
  rule: KronRule,
  first: number,
  a: number,
  b: number,
): void {
  aperture.radius = 0
  aperture.scale = Number.isNaN(first) ? rule.least : rule.factor * first
  if (rule.recipe === 'sextractor') aperture.scale = Math.max(aperture.scale, rule.least)
  else if (!(first * rule.factor * Math.sqrt(a * b) >= rule.circle)) aperture.radius = rule.circle
}
