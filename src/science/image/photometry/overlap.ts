/** Exact areas that circles and ellipses share with a pixel, in closed form. */

/**
 * Area of the unit square centred at (`dx`, `dy`) that lies within `radius` of the origin. Integrates the circle's edge
 * over the part of each quadrant that the square reaches into; exact but for rounding.
 */
export function circleOverlap(dx: number, dy: number, radius: number): number {
  const x = Math.abs(dx)
  const y = Math.abs(dy)
  if (x >= 0.5) {
    if (y >= 0.5) return quadrantOverlap(x - 0.5, x + 0.5, y - 0.5, y + 0.5, radius)
    return (
      quadrantOverlap(x - 0.5, x + 0.5, 0, 0.5 - y, radius) +
      quadrantOverlap(x - 0.5, x + 0.5, 0, 0.5 + y, radius)
    )
  }
  if (y >= 0.5) {
    return (
      quadrantOverlap(0, 0.5 - x, y - 0.5, y + 0.5, radius) +
      quadrantOverlap(0, 0.5 + x, y - 0.5, y + 0.5, radius)
    )
  }
  return (
    quadrantOverlap(0, 0.5 - x, 0, 0.5 - y, radius) +
    quadrantOverlap(0, 0.5 - x, 0, 0.5 + y, radius) +
    quadrantOverlap(0, 0.5 + x, 0, 0.5 - y, radius) +
    quadrantOverlap(0, 0.5 + x, 0, 0.5 + y, radius)
  )
}

/** The same for a rectangle in the quadrant where x and y are positive. */
function quadrantOverlap(x0: number, x1: number, y0: number, y1: number, radius: number): number {
  const square = radius * radius
  if (x0 * x0 + y0 * y0 >= square) return 0
  if (x1 * x1 + y1 * y1 <= square) return (x1 - x0) * (y1 - y0)
  // Left of xa the circle passes above the rectangle, right of xb below it.
  let xa = x0
  let ya = Math.sqrt(square - x0 * x0)
  if (ya > y1) {
    xa = Math.sqrt(square - y1 * y1)
    ya = y1
  }
  let xb = x1
  let yb = y0
  if (x1 * x1 + y0 * y0 < square) yb = Math.sqrt(square - x1 * x1)
  else xb = Math.sqrt(square - y0 * y0)
  const sector = square * Math.atan2(xb * ya - xa * yb, xa * xb + ya * yb)
  return (xa - x0) * (y1 - y0) + (xb * yb - xa * ya + sector) / 2 - y0 * (xb - xa)
}

/**
 * Area of the unit square centred at (`dx`, `dy`) within the ellipse that (`ux`, `uy`; `vx`, `vy`) maps onto the unit
 * circle: u = ux·dx + uy·dy, v = vx·dx + vy·dy. Walks round the mapped square: inside the circle an edge adds a triangle,
 * outside a sector; exact but for rounding.
 */
export function ellipseOverlap(
  dx: number,
  dy: number,
  ux: number,
  uy: number,
  vx: number,
  vy: number,
): number {
  const u = ux * dx + uy * dy
  const v = vx * dx + vy * dy
  const pu = (ux + uy) / 2
  const pv = (vx + vy) / 2
  const qu = (ux - uy) / 2
  const qv = (vx - vy) / 2
  const area =
    edgeArea(u - pu, v - pv, u + qu, v + qv) +
    edgeArea(u + qu, v + qv, u + pu, v + pv) +
    edgeArea(u + pu, v + pv, u - qu, v - qv) +
    edgeArea(u - qu, v - qv, u - pu, v - pv)
  return area / (ux * vy - uy * vx)
}

/** Signed area, within the unit circle, of the triangle between the origin and the edge from P to Q. */
function edgeArea(px: number, py: number, qx: number, qy: number): number {
  const dx = qx - px
  const dy = qy - py
  const a = dx * dx + dy * dy
  const b = px * dx + py * dy
  const c = px * px + py * py - 1
  const root = b * b - a * c
  if (root <= 0) return sectorArea(px, py, qx, qy)
  const s = Math.sqrt(root)
  const enter = (-b - s) / a
  const leave = (-b + s) / a
  if (enter >= 1 || leave <= 0) return sectorArea(px, py, qx, qy)
  let area = 0
  let [ex, ey, lx, ly] = [px, py, qx, qy]
  if (enter > 0) {
    ex = px + enter * dx
    ey = py + enter * dy
    area += sectorArea(px, py, ex, ey)
  }
  if (leave < 1) {
    lx = px + leave * dx
    ly = py + leave * dy
    area += sectorArea(lx, ly, qx, qy)
  }
  return area + (ex * ly - ey * lx) / 2
}

function sectorArea(px: number, py: number, qx: number, qy: number): number {
  return Math.atan2(px * qy - py * qx, px * qx + py * qy) / 2
}
