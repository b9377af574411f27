import { describe, expect, it } from 'vitest'
import type { View } from './model.ts'
import {
  applied,
  composed,
  fitView,
  inverted,
  levelFor,
  localAffine,
  matrixOf,
  movedBy,
  tilesIn,
  zoomedAt,
  zoomStep,
  zoomText,
} from './view.ts'

const box = { width: 801, height: 600 }
const views: View[] = [
  { x: 100.25, y: 70.75, zoom: 1 / 8, turn: 0, mirrored: false },
  { x: 5000.5, y: 12.25, zoom: 8, turn: 0.7, mirrored: false },
  { x: -3, y: 9999, zoom: 32, turn: -2.1, mirrored: true },
]

describe('the view of an image', () => {
  it('puts its place in the middle, y upward, and comes back from the screen to 1e-9 px', () => {
    for (const view of views) {
      const m = matrixOf(view, box.width, box.height)
      expect(applied(m, view.x, view.y)[0]).toBeCloseTo(400.5, 9)
      expect(applied(m, view.x, view.y)[1]).toBeCloseTo(300, 9)
      const [x, y] = applied(inverted(m), ...applied(m, 123.456, 654.321))
      expect(x).toBeCloseTo(123.456, 9)
      expect(y).toBeCloseTo(654.321, 9)
    }
    const [right, up] = [
      applied(matrixOf(views[0]!, 801, 600), 108.25, 70.75),
      applied(matrixOf(views[0]!, 801, 600), 100.25, 78.75),
    ]
    expect(right).toEqual([401.5, 300])
    expect(up).toEqual([400.5, 299])
  })

  it('keeps the place under the pointer through a zoom and a move', () => {
    for (const view of views) {
      const at = [77, 431] as const
      const before = applied(inverted(matrixOf(view, box.width, box.height)), ...at)
      const next = zoomedAt(view, box, at, view.zoom * 1.7)
      const after = applied(inverted(matrixOf(next, box.width, box.height)), ...at)
      expect(after[0]).toBeCloseTo(before[0], 8)
      expect(after[1]).toBeCloseTo(before[1], 8)
      const moved = applied(inverted(matrixOf(movedBy(view, 10, -4), box.width, box.height)), 87, 427)
      expect(moved[0]).toBeCloseTo(before[0], 8)
      expect(moved[1]).toBeCloseTo(before[1], 8)
    }
  })

  it('stays between 1/32 and 32, and steps by powers of two', () => {
    expect(zoomedAt(views[0]!, box, [0, 0], 1e-9).zoom).toBe(1 / 32)
    expect(zoomedAt(views[0]!, box, [0, 0], 1e9).zoom).toBe(32)
    expect([zoomStep(1, 1), zoomStep(1, -1), zoomStep(0.3, 1), zoomStep(0.3, -1), zoomStep(32, 1)]).toEqual([
      2, 0.5, 0.5, 0.25, 32,
    ])
    expect([zoomText(1 / 8), zoomText(1), zoomText(16), zoomText(0.37)]).toEqual([
      '1/8×',
      '1×',
      '16×',
      '0.37×',
    ])
  })

  it('fits the whole image, turned ones too', () => {
    const image = { width: 4000, height: 1000 }
    for (const turned of [
      { turn: 0, mirrored: false },
      { turn: 1, mirrored: true },
    ]) {
      const m = matrixOf(fitView(image, box, turned), box.width, box.height)
      for (const [x, y] of [
        [-0.5, -0.5],
        [3999.5, 999.5],
        [-0.5, 999.5],
        [3999.5, -0.5],
      ]) {
        const [X, Y] = applied(m, x!, y!)
        expect(X).toBeGreaterThan(0)
        expect(X).toBeLessThan(box.width)
        expect(Y).toBeGreaterThan(0)
        expect(Y).toBeLessThan(box.height)
      }
    }
  })
})

describe('tiles', () => {
  it('are of the level nearest to the screen, and only those that are seen', () => {
    expect([levelFor(1 / 8, 7), levelFor(1, 7), levelFor(8, 7), levelFor(1 / 32, 3)]).toEqual([3, 0, 0, 2])
    const m = matrixOf({ x: 5000, y: 5000, zoom: 1, turn: 0, mirrored: false }, 1000, 600)
    expect(tilesIn(m, { width: 1000, height: 600 }, { level: 0, width: 10_000, height: 10_000 })).toEqual({
      x0: 8,
      x1: 11,
      y0: 9,
      y1: 11,
    })
    expect(tilesIn(m, { width: 1000, height: 600 }, { level: 0, width: 100, height: 100 })).toBeNull()
  })
})

describe('planes on other grids', () => {
  it('are laid over by the affine map at the middle', () => {
    const turned = matrixOf({ x: 10, y: 20, zoom: 1.3, turn: 0.4, mirrored: true }, 0, 0)
    const found = localAffine((x, y) => applied(turned, x, y), 50, 60, 16)!
    const same = composed(inverted(turned), found)
    for (const [name, value] of Object.entries({ a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }))
      expect(same[name as 'a']).toBeCloseTo(value, 9)
    expect(localAffine(() => null, 0, 0, 1)).toBeNull()
  })
})
