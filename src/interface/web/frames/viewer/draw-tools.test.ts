import { describe, expect, it } from 'vitest'
import { closedPolygon, draggedShape, pendingOutline } from './draw-tools.ts'

describe('drawing a mask', () => {
  it('makes shapes of drags and clicks, and none of slips', () => {
    expect(draggedShape('rectangle', [9, 2], [3, 5])).toEqual({
      kind: 'rectangle',
      x0: 3,
      y0: 2,
      x1: 9,
      y1: 5,
    })
    expect(draggedShape('circle', [1, 1], [4, 5])).toEqual({ kind: 'circle', x: 1, y: 1, radius: 5 })
    expect(draggedShape('circle', [1, 1], [1.1, 1])).toBeNull()
    expect(draggedShape('rectangle', [1, 1], [9, 1])).toBeNull()
    expect(
      closedPolygon([
        [0, 0],
        [5, 0],
        [5, 5],
        [5, 5],
      ]),
    ).toEqual({
      kind: 'polygon',
      points: [
        [0, 0],
        [5, 0],
        [5, 5],
      ],
    })
    expect(
      closedPolygon([
        [0, 0],
        [5, 0],
        [5, 0],
      ]),
    ).toBeNull()
  })

  it('shows the outline on the way', () => {
    expect(pendingOutline('polygon', [], [1, 1])).toEqual([])
    expect(pendingOutline('polygon', [[0, 0]], [1, 1])).toHaveLength(2)
    expect(pendingOutline('rectangle', [[0, 0]], [2, 1])).toHaveLength(5)
    for (const [x, y] of pendingOutline('circle', [[3, 4]], [3, 6]))
      expect(Math.hypot(x - 3, y - 4)).toBeCloseTo(2)
  })
})
