/** Convex polygons cut by lines, kept in one growing array that is used as a stack. */

export interface PolygonStack {
  /** x and y of corners. */
  points: Float64Array
  /** First free corner. */
  top: number
  /** Of the last cut. */
  inStart: number
  inCount: number
  outStart: number
  outCount: number
}

export function createPolygonStack(): PolygonStack {
  return { points: new Float64Array(4096), top: 0, inStart: 0, inCount: 0, outStart: 0, outCount: 0 }
}

/**
 * Cuts the polygon of `count` corners from `start` along a x + b y + c = 0 and puts both parts on top of the stack: the
 * one where the expression is positive is `in`. A part thinner than `sliver` (as a height over the line, in units of
 * the coordinates; a and b of unit length) is taken for none, and then the other is the polygon itself.
 */
export function cutPolygon(
  stack: PolygonStack,
  start: number,
  count: number,
  a: number,
  b: number,
  c: number,
  sliver: number,
): void {
  let { points } = stack
  let most = -Infinity
  let least = Infinity
  for (let i = start; i < start + count; i++) {
    const h = a * points[2 * i] + b * points[2 * i + 1] + c
    if (h > most) most = h
    if (h < least) least = h
  }
  if (least >= -sliver || most <= sliver) {
    const inside = least + most >= 0
    stack.inStart = start
    stack.inCount = inside ? count : 0
    stack.outStart = start
    stack.outCount = inside ? 0 : count
    return
  }
  const room = 2 * (stack.top + 2 * (count + 2))
  if (room > points.length) {
    const wider = new Float64Array(2 * room)
    wider.set(points)
    stack.points = points = wider
  }
  let at = stack.top
  stack.inStart = at
  for (let side = 0; side < 2; side++) {
    const sign = side === 0 ? 1 : -1
    const first = at
    let j = start + count - 1
    let hj = sign * (a * points[2 * j] + b * points[2 * j + 1] + c)
    for (let i = start; i < start + count; i++) {
      const hi = sign * (a * points[2 * i] + b * points[2 * i + 1] + c)
      if (hi >= 0 !== hj >= 0) {
        const t = hj / (hj - hi)
        points[2 * at] = points[2 * j] + t * (points[2 * i] - points[2 * j])
        points[2 * at + 1] = points[2 * j + 1] + t * (points[2 * i + 1] - points[2 * j + 1])
        at++
      }
      if (hi >= 0) {
        points[2 * at] = points[2 * i]
        points[2 * at + 1] = points[2 * i + 1]
        at++
      }
      j = i
      hj = hi
    }
    if (side === 0) {
      stack.inCount = at - first
      stack.outStart = at
    } else stack.outCount = at - first
  }
  stack.top = at
}

/** Area of a polygon on the stack that turns left. */
export function polygonArea(points: Float64Array, start: number, count: number): number {
  const x0 = points[2 * start]
  const y0 = points[2 * start + 1]
  let sum = 0
  for (let i = start + 1; i < start + count - 1; i++) {
    sum +=
      (points[2 * i] - x0) * (points[2 * i + 3] - y0) - (points[2 * i + 1] - y0) * (points[2 * i + 2] - x0)
  }
  return sum / 2
}
