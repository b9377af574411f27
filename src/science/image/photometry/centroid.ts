import { checkRows, isInside } from './aperture.ts'
import type { Mask, Pixels, Plane } from '#science/image/plane.ts'

export interface CentroidOptions {
  readonly mask?: Mask | null
  /** Side of the box is the odd number next above this, pixels. */
  readonly size: number
  /** Most rounds: 5. */
  readonly iterations?: number
  /** Stops when a round moves less, pixels: 0.01. */
  readonly enough?: number
  /** How far it may move in all, pixels: the box's half side unless given. */
  readonly leash?: number
}

/** Refined positions; where there is nothing to centre on, or it moved too far, those given, with `found` 0. */
export interface Centroids {
  x: Float64Array
  y: Float64Array
  found: Uint8Array
}

/**
 * Centre of mass of the positive pixels of a background-subtracted plane in a box, which follows it. The box ends at
 * fractions of pixels, so that it is not drawn towards whole ones.
 */
export function refineCentroids(
  plane: Plane<Pixels>,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  options: CentroidOptions,
): Centroids {
  const rows = x.length
  checkRows(rows, { y })
  const { data, width, height } = plane
  const mask = options.mask?.data ?? null
  const half = Math.max(1, Math.ceil((options.size - 1) / 2)) + 0.5
  const { iterations = 5, enough = 0.01, leash = half } = options
  const out: Centroids = {
    x: Float64Array.from(x),
    y: Float64Array.from(y),
    found: new Uint8Array(rows),
  }
  for (let i = 0; i < rows; i++) {
    let [cx, cy] = [x[i], y[i]]
    let good = isInside(plane, cx, cy)
    for (let round = 0; good && round < iterations; round++) {
      let [total, mx, my] = [0, 0, 0]
      const top = Math.min(height - 1, Math.floor(cy + half + 0.5))
      const right = Math.min(width - 1, Math.floor(cx + half + 0.5))
      for (let row = Math.max(0, Math.ceil(cy - half - 0.5)); row <= top; row++) {
        const tall = Math.min(1, half + 0.5 - Math.abs(row - cy))
        for (let column = Math.max(0, Math.ceil(cx - half - 0.5)); column <= right; column++) {
          const at = row * width + column
          const value = data[at]
          if (!(value > 0) || value === Infinity || (mask !== null && mask[at] !== 0)) continue
          const light = value * tall * Math.min(1, half + 0.5 - Math.abs(column - cx))
          total += light
          mx += light * (column - cx)
          my += light * (row - cy)
        }
      }
      good = total > 0
      if (!good) break
      cx += mx / total
      cy += my / total
      good = Math.hypot(cx - x[i], cy - y[i]) <= leash
      if (Math.hypot(mx, my) < enough * total) break
    }
    if (!good) continue
    out.x[i] = cx
    out.y[i] = cy
    out.found[i] = 1
  }
  return out
}
