import { describe, expect, it } from 'vitest'
import { contours, polygonsOf } from './contours.ts'
import type { Position } from './contours.ts'
import { areaAt } from './credible.ts'
import { annulusMap, circleMap } from './make.ts'
import { partsOf } from './modes.ts'

const rad = Math.PI / 180

/** Area of a ring on the sphere in deg², edges straight in longitude and sine of latitude. */
function ringArea(ring: readonly Position[]): number {
  let sum = 0
  for (let i = 0; i + 1 < ring.length; i++) {
    const [[x0, y0], [x1, y1]] = [ring[i], ring[i + 1]]
    sum -= (x1 - x0) * rad * (1 + (Math.sin(y0 * rad) + Math.sin(y1 * rad)) / 2)
  }
  return sum / rad ** 2
}
const areaOf = (polygons: Position[][][]): number =>
  polygons.flat().reduce((sum, ring) => sum + ringArea(ring), 0)

describe('contours', () => {
  it.each([
    [10, 20, 5],
    [180, 0, 5],
    [179.99, 60, 3],
    [0, 0, 0.01],
    [0, 90, 5],
    [33, -90, 10],
    [179.9, 89, 4],
    [30, 85, 20],
    [10, 10, 85],
    [180, 0, 100],
    [123, 45, 170],
  ])(
    'circle at %f, %f of %f°: closed rings that hold the area of the region within 0.1 %%',
    (ra, dec, radius) => {
      const map = circleMap(ra, dec, radius, 0.9)
      const { features } = contours(map, [0.5, 0.9])
      for (const { properties, geometry } of features) {
        const want = areaAt(map, properties.level, 'included')
        expect(Math.abs(areaOf(geometry.coordinates) / want - 1)).toBeLessThan(0.001)
        for (const ring of geometry.coordinates.flat()) {
          expect(ring.at(-1)).toEqual(ring[0])
          for (const [lon, lat] of ring) {
            expect(Math.abs(lon)).toBeLessThanOrEqual(180)
            expect(Math.abs(lat)).toBeLessThanOrEqual(90)
          }
          // No edge runs across the map.
          for (let i = 0; i + 1 < ring.length; i++) {
            const over = Math.abs(ring[i + 1][0] - ring[i][0])
            expect(over <= 180 || Math.abs(ring[i][1]) === 90 || over === 360).toBe(true)
          }
        }
      }
    },
  )

  it('exterior rings run counter-clockwise and holes the other way', () => {
    const map = annulusMap(20, 30, 30, 2, 0.9)
    const [{ geometry }] = contours(map, [0.9]).features
    for (const [outer, ...holes] of geometry.coordinates) {
      expect(ringArea(outer)).toBeGreaterThan(0)
      for (const hole of holes) expect(ringArea(hole)).toBeLessThan(0)
    }
    expect(geometry.coordinates[0].length).toBe(2)
  })

  it('are the same every time, and fewer points with a tolerance', () => {
    const map = circleMap(10, 20, 5, 0.9)
    expect(contours(map, [0.9])).toEqual(contours(map, [0.9]))
    const [all] = contours(map, [0.9]).features
    const [few] = contours(map, [0.9], { toleranceDeg: 0.2 }).features
    expect(few.geometry.coordinates.flat(2).length).toBeLessThan(all.geometry.coordinates.flat(2).length / 2)
    expect(areaOf(few.geometry.coordinates) / areaOf(all.geometry.coordinates)).toBeCloseTo(1, 1)
  })

  it('the whole sky, single base cells and everything between', () => {
    const base = (list: number[]) => ({ order: list.map(() => 0), ipix: list })
    const whole = polygonsOf(base([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]))
    expect(whole.length).toBe(1)
    expect(areaOf(whole)).toBeCloseTo(41252.96125, 3)
    expect(polygonsOf(base([]))).toEqual([])
    let seed = 7
    const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647
    for (let round = 0; round < 200; round++) {
      const order = round % 3
      const count = 12 * 4 ** order
      const list = Array.from({ length: count }, (_, i) => i).filter(
        () => random() < 0.3 + 0.4 * (round / 200),
      )
      const polygons = polygonsOf({ order: list.map(() => order), ipix: list })
      expect(Math.abs(areaOf(polygons) / (list.length * (41252.96125 / count)) - 1)).toBeLessThan(0.001)
    }
  })
})

describe('parts', () => {
  it('touch by edges or by corners', () => {
    // Pixels 0 and 3 of order 1 share a corner, 0 and 1 an edge.
    expect(partsOf({ order: [1, 1], ipix: [0, 3] }).count).toBe(1)
    expect(partsOf({ order: [1, 1], ipix: [0, 3] }, false).count).toBe(2)
    expect(partsOf({ order: [1, 1], ipix: [0, 1] }, false).count).toBe(1)
    expect(partsOf({ order: [0, 0], ipix: [0, 10] }).count).toBe(2)
    expect(partsOf({ order: [3, 0], ipix: [63, 1] }).count).toBe(1)
    expect(partsOf({ order: [], ipix: [] }).count).toBe(0)
  })
})
