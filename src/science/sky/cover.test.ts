import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  boxRanges,
  coneRanges,
  coneRangesForIndex,
  ellipseRanges,
  polygonRanges,
  regionRanges,
  zoneRanges,
} from './cover.ts'
import { centreOf, pixelAreaSr, pixelCount } from './healpix.ts'
import { pixel29Of } from './index64.ts'
import { complement, contains, covers, equalRanges, intersection, length29, rangesAreaSr } from './ranges.ts'
import type { Ranges } from './ranges.ts'
import type { Region } from './regions.ts'
import { box, cone, ellipse, polygon, vectorOfDirection, zone } from './regions.ts'

interface Case {
  kind: 'cone' | 'polygon' | 'zone'
  order: number
  of: number[] | [number, number][]
  pixels: number
  sha256: string
}
const { cases } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../fixtures/sky/cover.json'), 'utf8'),
) as { cases: Case[] }

/** Pixels of an order, ascending. */
function pixelsOf(ranges: Ranges, order: number): BigInt64Array {
  const shift = BigInt(2 * (29 - order))
  const out: bigint[] = []
  for (let e = 0; e < ranges.length; e += 2) {
    for (let p = ranges[e] >> shift; p < ranges[e + 1] >> shift; p++) out.push(p)
  }
  return BigInt64Array.from(out)
}

/** Deterministic numbers 0 … 1. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function cover(c: Case, inclusive: boolean, order = c.order): Ranges {
  const options = { order, inclusive }
  if (c.kind === 'polygon') return polygonRanges(c.of as [number, number][], options)
  const [a, b, r] = c.of as number[]
  return c.kind === 'cone' ? coneRanges(a, b, r, options) : zoneRanges(0, a, 360, b, options)
}

/** Whether no sampled point of the region is missed, and how many of the pixels kept hold a sampled point. */
function sample(
  region: Region,
  ranges: Ranges,
  order: number,
  finer: number,
): { missed: number; hit: number } {
  const held = new Set<bigint>()
  let missed = 0
  const k = order + finer
  for (let p = 0; p < pixelCount(k); p++) {
    const [lon, lat] = centreOf(k, p)
    if (region.depth(vectorOfDirection(lon, lat)) > 0) continue
    const at = BigInt(p) << BigInt(2 * (29 - k))
    if (contains(ranges, at)) held.add(at >> BigInt(2 * (29 - order)))
    else missed++
  }
  return { missed, hit: held.size }
}

describe('against healpy', () => {
  it('holds the same pixels as query_disc, query_polygon and query_strip: 180 regions, orders 2 to 7', () => {
    for (const c of cases) {
      const pixels = pixelsOf(cover(c, false), c.order)
      const sha256 = createHash('sha256').update(new Uint8Array(pixels.buffer)).digest('hex')
      expect({ of: c.of, pixels: pixels.length, sha256 }).toEqual({
        of: c.of,
        pixels: c.pixels,
        sha256: c.sha256,
      })
    }
  })

  it('does not mind in which direction a polygon runs', () => {
    for (const c of cases.filter(({ kind }) => kind === 'polygon')) {
      const reversed = polygonRanges((c.of as [number, number][]).toReversed(), { order: c.order })
      expect(equalRanges(reversed, cover(c, true))).toBe(true)
    }
  })
})

describe('brute force', () => {
  const l: [number, number][] = [
    [350, -10],
    [20, -10],
    [20, 5],
    [5, 5],
    [5, 30],
    [350, 30],
  ]
  const regions: [string, Region][] = [
    ['circle on a pole', cone(0, 90, 12)],
    ['circle across the wrap', cone(359.9, -30, 7)],
    ['circle of 150°', cone(40, 20, 150)],
    ['circle smaller than a pixel', cone(123.4, 56.7, 0.01)],
    ['ellipse', ellipse(10, 70, 30, 3, 45)],
    ['thin ellipse over a pole', ellipse(200, -85, 40, 0.5, 10)],
    ['concave polygon across the wrap', polygon(l)],
    ['concave polygon the other way', polygon(l.toReversed())],
    [
      'polygon around a pole',
      polygon([
        [0, 60],
        [90, 70],
        [180, 60],
        [230, 75],
        [270, 70],
      ]),
    ],
    ['star around the south pole', polygon([0, 1, 2, 3, 4, 5, 6, 7].map((i) => [i * 45, i & 1 ? -85 : -50]))],
    ['zone across the wrap', zone(340, -20, 30, 45)],
    ['zone of 300°', zone(30, 10, 330, 80)],
    ['zone with a pole', zone(10, 60, 100, 90)],
    ['box', box(15, 80, 30, 4, 30)],
  ]
  for (const [name, region] of regions) {
    it(`${name}: inclusive misses no pixel and is contained in a margin of a quarter pixel; exact is the centres`, () => {
      const order = 4
      const inclusive = regionRanges(region, { order })
      const { missed, hit } = sample(region, inclusive, order, 3)
      expect(missed).toBe(0)
      // What is kept without a sampled point touches the region by less than the sampling, or lies within the margin.
      expect(pixelsOf(inclusive, order).length - hit).toBeLessThanOrEqual(0.3 * hit + 12)
      const exact = regionRanges(region, { order, inclusive: false })
      const centres = sample(region, exact, order, 0)
      expect(centres.missed).toBe(0)
      expect(pixelsOf(exact, order).length).toBe(centres.hit)
      expect(covers(inclusive, exact)).toBe(true)
    })
  }

  it('areas converge: circle 3e-5 and box 1e-4 of the exact solid angle at order 12', () => {
    const options = { order: 12, inclusive: false }
    const area = 2 * Math.PI * (1 - Math.cos((10 * Math.PI) / 180))
    expect(Math.abs(rangesAreaSr(coneRanges(77, 33, 10, options)) / area - 1)).toBeLessThan(3e-5)
    // A gnomonic rectangle of half sides a, b subtends 4 asin(tan a tan b / √((1 + tan² a)(1 + tan² b))).
    const t = Math.tan((5 * Math.PI) / 180)
    const square = 4 * Math.asin((t * t) / (1 + t * t))
    expect(Math.abs(rangesAreaSr(boxRanges(200, -60, 10, 10, 25, options)) / square - 1)).toBeLessThan(1e-4)
    const half = rangesAreaSr(ellipseRanges(0, 0, 3, 3, 0, options))
    expect(half).toBeCloseTo(2 * Math.PI * (1 - Math.cos((3 * Math.PI) / 180)), 6)
  })

  it('a polygon and what is left of the sky share no pixel centre and no part of the sky is lost', () => {
    const inside = polygonRanges(l, { order: 7, inclusive: false })
    const outside = complement(inside)
    expect(intersection(inside, outside).length).toBe(0)
    expect(length29(inside) + length29(outside)).toBe(12n << 58n)
  })

  it('a polygon whose edges cross, or which has no area, is never turned inside out', () => {
    const crossing: [number, number][] = [
      [45.1525, 49.0836],
      [44.628, 49.0711],
      [44.3006, 49.1265],
      [44.1424, 49.0271],
      [45.3227, 49.1241],
    ]
    const spike: [number, number][] = [
      [10, 0],
      [11, 0],
      [12, 0],
      [11, 0],
    ]
    for (const vertices of [crossing, crossing.toReversed(), spike]) {
      for (const order of [5, 11]) expect(rangesAreaSr(polygonRanges(vertices, { order }))).toBeLessThan(0.01)
    }
    // Two triangles that touch in a point: both are inside, whichever way each one runs.
    const bow = polygonRanges(
      [
        [0, 0],
        [2, 2],
        [2, 0],
        [0, 2],
      ],
      { order: 9, inclusive: false },
    )
    expect(contains(bow, pixel29Of(0.2, 1))).toBe(true)
    expect(contains(bow, pixel29Of(1.8, 1))).toBe(true)
    expect(contains(bow, pixel29Of(1, 0.2))).toBe(false)
    expect(contains(bow, pixel29Of(1, 1.8))).toBe(false)
    expect(contains(bow, pixel29Of(181, -1))).toBe(false)
  })

  it('a polygon of one milliarcsecond is found in both directions', () => {
    const d = 1 / 3.6e6
    const tiny: [number, number][] = [
      [10, 20],
      [10 + d, 20],
      [10 + d, 20 + d],
      [10, 20 + d],
    ]
    for (const vertices of [tiny, tiny.toReversed()]) {
      const ranges = polygonRanges(vertices, { order: 29 })
      expect(contains(ranges, pixel29Of(10 + d / 2, 20 + d / 2))).toBe(true)
      expect(rangesAreaSr(ranges)).toBeLessThan(40 * Math.max(d * d * 3e-4, pixelAreaSr(29)))
    }
  })
})

describe('ranges for an index', () => {
  it('are at most as many as asked for and hold every direction of 2,000 inside, at all radii, poles and wrap', () => {
    const next = random(5)
    for (const radius of [1e-6, 0.0005, 0.01, 1, 10, 80]) {
      for (const [lon, lat] of [
        [0, 90],
        [0, -90],
        [0, 0],
        [359.9999, 41.8],
        [45, 41.81],
        [123, -66],
      ]) {
        for (const most of [1, 8, 32]) {
          const ranges = coneRangesForIndex(lon, lat, radius, most)
          expect(ranges.length / 2).toBeLessThanOrEqual(most)
          const region = cone(lon, lat, radius)
          for (let i = 0; i < 20; i++) {
            const y = Math.max(-90, Math.min(90, lat + (2 * next() - 1) * radius))
            const x =
              lon + (2 * next() - 1) * Math.min(180, radius / Math.max(1e-9, Math.cos((y * Math.PI) / 180)))
            if (region.depth(vectorOfDirection(x, y)) <= 0)
              expect(contains(ranges, pixel29Of(x, y))).toBe(true)
          }
          if (most === 32 && radius < 50)
            expect(rangesAreaSr(ranges)).toBeLessThan(
              8 * Math.PI * ((radius * Math.PI) / 180) ** 2 + 100 * pixelAreaSr(29),
            )
        }
      }
    }
  })
})

describe('regions that are none', () => {
  it('are refused with a sentence', () => {
    const options = { order: 5 }
    expect(() => coneRanges(0, 0, -1, options)).toThrow(/0 to 180/)
    expect(() => coneRanges(0, 91, 1, options)).toThrow(/no direction/)
    expect(() => ellipseRanges(0, 0, 1, 2, 0, options)).toThrow(/a ≥ b/)
    expect(() =>
      polygonRanges(
        [
          [0, 0],
          [1, 1],
        ],
        options,
      ),
    ).toThrow(/three different vertices/)
    expect(() =>
      polygonRanges(
        [
          [0, 0],
          [180, 0],
          [90, 45],
        ],
        options,
      ),
    ).toThrow(/opposite/)
    expect(() => zoneRanges(0, 10, 5, -10, options)).toThrow(/lat1 ≤ lat2/)
    expect(() => boxRanges(0, 0, 0, 1, 0, options)).toThrow(/width and height/)
  })
})
