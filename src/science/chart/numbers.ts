/** Numbers beside things on a chart, thinned so that none lies on another. */

export interface NumberedPoint {
  readonly x: number
  readonly y: number
  readonly order: number
  /** Drawn even where there is little room. */
  readonly must?: boolean
}

/** More than so many numbers are a carpet: then each wants more room for itself. */
const few = 40

/**
 * The points whose number is drawn, and where: those that must be, the first and the last in any case (moved aside
 * where another lies there), the others in their order where there is room.
 * @param size of the letters, pixels
 */
export function thinned<P extends NumberedPoint>(points: readonly P[], size: number): P[] {
  if (points.length === 0) return []
  const gap = points.length > few ? 1.2 * size : 0.4 * size
  const taken: P[] = []
  const isFree = (p: P): boolean =>
    taken.every(
      (other) =>
        Math.abs(other.x - p.x) >= (widthOf(p, size) + widthOf(other, size)) / 2 + gap ||
        Math.abs(other.y - p.y) >= size + gap / 2,
    )
  const orders = points.map(({ order }) => order)
  const ends = new Set([orders.reduce((a, b) => Math.min(a, b)), orders.reduce((a, b) => Math.max(a, b))])
  const isFixed = (p: P): boolean => p.must === true || ends.has(p.order)
  for (const point of points.filter(isFixed)) {
    const [aside, above] = [widthOf(point, size) + 2 * size, size + gap]
    const places = [
      [0, 0],
      [0, -above],
      [0, above],
      [aside, 0],
      [-aside, 0],
    ].map(([dx, dy]) => ({ ...point, x: point.x + dx, y: point.y + dy }))
    taken.push(places.find(isFree) ?? point)
  }
  for (const point of points) if (!isFixed(point) && isFree(point)) taken.push(point)
  return taken
}

function widthOf({ order }: NumberedPoint, size: number): number {
  return String(order).length * size * 0.64
}
