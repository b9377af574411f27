import { describe, expect, it } from 'vitest'
import { rangesAreaSr, covers } from '#science/sky/ranges.ts'
import { seeded } from '#science/sky/seeded.ts'
import { offsetBy, separation, unitVector } from '#science/sky/vectors.ts'
import { capPoints, inField, randomFootprint } from '#test/in-field.ts'
import {
  containsTest,
  footprintAreaDeg2,
  footprintOutlines,
  footprintRadiusDeg,
  footprintRanges,
} from './footprint.ts'
import type { Field, Footprint } from './model.ts'

const deg2 = (180 / Math.PI) ** 2

/** Fields at the poles, across RA 0 and anywhere. */
function places(random: () => number): Field[] {
  return [
    { id: 'anywhere', ra: 360 * random(), dec: 160 * random() - 80, positionAngleDeg: 360 * random() },
    { id: 'RA 0', ra: 0.01 * random(), dec: 40 * random(), positionAngleDeg: 30 },
    { id: 'pole', ra: 360 * random(), dec: 90 - 0.8 * random() },
    { id: 'south pole', ra: 120, dec: -90 },
  ]
}

describe('a footprint by its definition', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = seeded(seed)
    const footprint = randomFootprint(random, [0.02, 2, 9, 50][seed % 4])
    it(`seed ${seed}, ${footprint.shape}: contains what the definition says; area within 1 % of 20,000 points; radius encloses`, () => {
      for (const field of places(random)) {
        const radius = footprintRadiusDeg(footprint, field)
        const { points, areaSr } = capPoints(field.ra, field.dec, Math.min(180, 1.05 * radius), 20_000, seed)
        const holds = containsTest(footprint, field)
        let inside = 0
        let wrong = 0
        let outsideRadius = 0
        for (const [ra, dec] of points) {
          const truth = inField(footprint, field, ra, dec)
          if (truth) inside++
          if (truth !== holds(...unitVector(ra, dec))) wrong++
          if (truth && separation(ra, dec, field.ra, field.dec) > radius * (1 + 1e-6)) outsideRadius++
        }
        expect(wrong).toBeLessThanOrEqual(1)
        expect(outsideRadius).toBe(0)
        const area = (inside / points.length) * areaSr * deg2
        expect(Math.abs(footprintAreaDeg2(footprint, field) / area - 1)).toBeLessThan(0.01)
        expect(footprintRadiusDeg(footprint)).toBeGreaterThanOrEqual(radius * (1 - 1e-9))
      }
    })
    it(`seed ${seed}, ${footprint.shape}: outlines are closed and on the border`, () => {
      for (const field of places(random)) {
        const radius = footprintRadiusDeg(footprint, field)
        const holds = containsTest(footprint, field)
        for (const ring of footprintOutlines(footprint, field)) {
          expect(ring.length).toBeGreaterThan(3)
          expect(ring[0]).toEqual(ring.at(-1))
          for (const [ra, dec] of ring) {
            expect(ra >= 0 && ra < 360 && Math.abs(dec) <= 90).toBe(true)
            expect(separation(ra, dec, field.ra, field.dec)).toBeLessThanOrEqual(radius * (1 + 1e-3) + 1e-9)
            if (footprint.shape === 'mosaic') continue
            const around = Array.from({ length: 12 }, (_, i) =>
              holds(...unitVector(...offsetBy(ra, dec, 30 * i + 7, 1e-4 * radius))),
            )
            expect(around.includes(true) && around.includes(false)).toBe(true)
          }
        }
      }
    })
    it(`seed ${seed}, ${footprint.shape}: ranges hold every direction in the field; centres alone give the area to 3 %`, () => {
      for (const field of places(random)) {
        const radius = footprintRadiusDeg(footprint, field)
        let order = 0
        while (58 / 2 ** order > radius / 24) order++
        const touched = footprintRanges(footprint, field, order)
        const centred = footprintRanges(footprint, field, order, { inclusive: false })
        expect(covers(touched, centred)).toBe(true)
        const area = footprintAreaDeg2(footprint, field)
        expect(Math.abs((rangesAreaSr(centred) * deg2) / area - 1)).toBeLessThan(0.03)
        expect(rangesAreaSr(touched) * deg2).toBeGreaterThanOrEqual(area * (1 - 1e-9))
      }
    })
  }
})

describe('what no sky can be', () => {
  const wrong: [string, Footprint][] = [
    ['a circle of 0', { shape: 'circle', radiusDeg: 0 }],
    ['a circle of 181 degrees', { shape: 'circle', radiusDeg: 181 }],
    ['a box without height', { shape: 'box', widthDeg: 1, heightDeg: 0 }],
    [
      'a polygon of two corners',
      {
        shape: 'polygon',
        vertices: [
          [0, 0],
          [1, 1],
        ],
      },
    ],
    [
      'a bow',
      {
        shape: 'polygon',
        vertices: [
          [-1, -1],
          [1, 1],
          [1, -1],
          [-1, 1.5],
        ],
      },
    ],
    ['an empty mosaic', { shape: 'mosaic', polygons: [] }],
  ]
  for (const [name, footprint] of wrong) {
    it(`refuses ${name}`, () =>
      expect(() => footprintAreaDeg2(footprint)).toThrow(
        expect.objectContaining({ code: 'planning.invalid' }),
      ))
  }
})

describe('known figures', () => {
  it('a box is as large as its sides say, its cap at the pole whole', () => {
    const box: Footprint = { shape: 'box', widthDeg: 1.9, heightDeg: 1.9 }
    expect(footprintAreaDeg2(box)).toBeCloseTo(3.61, 12)
    expect(footprintAreaDeg2({ shape: 'box', widthDeg: 360, heightDeg: 2 }, { dec: 90 })).toBeCloseTo(
      2 * Math.PI * (1 - Math.cos(Math.PI / 180)) * deg2,
      9,
    )
  })
  it('detectors that lie over each other count once, to 1e-9 deg²', () => {
    const square = (x: number): [number, number][] => [
      [x, 0],
      [x + 1, 0],
      [x + 1, 1],
      [x, 1],
    ]
    const both = footprintAreaDeg2({ shape: 'mosaic', polygons: [square(0), square(0.5)] })
    const one = footprintAreaDeg2({
      shape: 'polygon',
      vertices: [
        [0, 0],
        [1.5, 0],
        [1.5, 1],
        [0, 1],
      ],
    })
    expect(Math.abs(both - one)).toBeLessThan(1e-9)
  })
})
