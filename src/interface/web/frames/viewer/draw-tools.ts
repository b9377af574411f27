import type { Shape } from '#science/image/preparation/mask-shapes.ts'

/** Shapes from what a pointer does, in pixels of the image. */

export const tools = ['rectangle', 'circle', 'polygon'] as const
export type Tool = (typeof tools)[number]

type Point = readonly [number, number]

/** The shape that a drag from one place to another draws; null where it is too small to be meant. */
export function draggedShape(tool: Exclude<Tool, 'polygon'>, from: Point, to: Point): Shape | null {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]]
  if (Math.hypot(dx, dy) < 0.5) return null
  if (tool === 'circle') return { kind: 'circle', x: from[0], y: from[1], radius: Math.hypot(dx, dy) }
  if (Math.abs(dx) < 0.2 || Math.abs(dy) < 0.2) return null
  return {
    kind: 'rectangle',
    x0: Math.min(from[0], to[0]),
    y0: Math.min(from[1], to[1]),
    x1: Math.max(from[0], to[0]),
    y1: Math.max(from[1], to[1]),
  }
}

/** Outline while a shape is being drawn. */
export function pendingOutline(tool: Tool, points: readonly Point[], to: Point | null): Point[] {
  const from = points[0]
  if (!from) return []
  if (tool === 'polygon') return to ? [...points, to] : [...points]
  if (!to) return []
  if (tool === 'rectangle') return [from, [to[0], from[1]], to, [from[0], to[1]], from]
  const radius = Math.hypot(to[0] - from[0], to[1] - from[1])
  return Array.from({ length: 49 }, (_, i) => [
    from[0] + radius * Math.cos((i * Math.PI) / 24),
    from[1] + radius * Math.sin((i * Math.PI) / 24),
  ])
}

/** A polygon of at least three different corners; null of fewer. */
export function closedPolygon(points: readonly Point[]): Shape | null {
  const kept = points.filter(
    (point, i) => i === 0 || Math.hypot(point[0] - points[i - 1]![0], point[1] - points[i - 1]![1]) > 1e-3,
  )
  return kept.length >= 3 ? { kind: 'polygon', points: kept } : null
}
