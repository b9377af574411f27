import { describe, expect, it } from 'vitest'
import { areaAt } from '#science/skymap/credible.ts'
import type { Region } from './formats/format.ts'
import { mapOfRegion } from './region-map.ts'
import { summaryOfRegion } from './region.ts'

const circle = (radiusDeg: number): Region => ({ shape: 'circle', ra: 123, dec: -45, radiusDeg })

describe('numbers of a region without its map agree with its map to 1 %', () => {
  it.each([
    ['1″', circle(1 / 3600), 0.9],
    ['3′', circle(0.05), 0.9],
    ['5° at 68 %', circle(5), 0.68],
    ['15°', circle(15), 0.9],
    ['no error', circle(0), 0.9],
    [
      'ellipse',
      { shape: 'ellipse', ra: 359.9, dec: 80, majorDeg: 0.8, minorDeg: 0.5, angleDeg: 30 } as Region,
      0.95,
    ],
    [
      'rectangle',
      {
        shape: 'polygon',
        ra: 346.56,
        dec: 18.61,
        vertices: [
          [345.72, 19.547],
          [345.464, 19.29],
          [347.309, 17.634],
          [347.566, 17.889],
        ],
      } as Region,
      0.9,
    ],
  ])('%s', (_name, region, containment) => {
    const summary = summaryOfRegion(region, containment)
    const map = mapOfRegion(region, containment)
    for (const [level, area] of [
      [0.5, summary.area50Deg2],
      [0.9, summary.area90Deg2],
    ] as const) {
      expect(area / areaAt(map, level)).toBeGreaterThan(0.985)
      expect(area / areaAt(map, level)).toBeLessThan(1.015)
    }
    expect(map.order.length).toBeLessThanOrEqual(20_000)
  })
})

it('a radius that holds 90 % encloses its own area, on the plane and on the sphere', () => {
  expect(summaryOfRegion(circle(0.05), 0.9).area90Deg2).toBeCloseTo(Math.PI * 0.05 ** 2, 8)
  const cap = 2 * Math.PI * (1 - Math.cos((20 * Math.PI) / 180)) * (180 / Math.PI) ** 2
  expect(summaryOfRegion(circle(20), 0.9).area90Deg2).toBeCloseTo(cap, 3)
})
