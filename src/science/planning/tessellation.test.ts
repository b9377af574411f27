import { describe, expect, it } from 'vitest'
import { coneRanges } from '#science/sky/cover.ts'
import { mocFromRanges } from '#science/sky/moc.ts'
import { seeded } from '#science/sky/seeded.ts'
import { offsetBy, separation } from '#science/sky/vectors.ts'
import { inField } from '#test/in-field.ts'
import { footprintRadiusDeg } from './footprint.ts'
import type { Field, Footprint } from './model.ts'
import { layFields } from './tessellation.ts'

const footprints: Footprint[] = [
  { shape: 'circle', radiusDeg: 5 },
  { shape: 'box', widthDeg: 6, heightDeg: 4 },
  { shape: 'rectangle', widthDeg: 8, heightDeg: 5 },
  {
    shape: 'polygon',
    vertices: [
      [-4, -3],
      [4, -4],
      [1, 0.5],
      [0, 5],
    ],
  },
  { shape: 'rectangle', widthDeg: 70, heightDeg: 50 },
]

/** Whether any of the fields holds a direction; they are kept by declination, so that few are tried. */
function createCovered(footprint: Footprint, fields: readonly Field[]): (ra: number, dec: number) => boolean {
  const radius = footprintRadiusDeg(footprint)
  const rows = Map.groupBy(fields, ({ dec }) => Math.floor(dec / radius))
  return (ra, dec) => {
    const row = Math.floor(dec / radius)
    return [row - 1, row, row + 1].some((each) =>
      rows
        .get(each)
        ?.some(
          (field) =>
            separation(field.ra, field.dec, ra, dec) <= radius * (1 + 1e-9) &&
            inField(footprint, field, ra, dec),
        ),
    )
  }
}

describe('grids leave no gap', () => {
  for (const how of ['hexagonal', 'spiral', 'ring'] as const) {
    for (const footprint of footprints) {
      it(`${how}, ${JSON.stringify(footprint)}: each of 900 directions, poles included, is in a field`, () => {
        const fields = layFields(how, footprint, { overlap: 0 })
        const covered = createCovered(footprint, fields)
        const random = seeded(3)
        const missed: [number, number][] = []
        for (let i = 0; i < 900; i++) {
          const ra = 360 * random()
          // A third of them near a pole.
          const dec =
            i % 3
              ? (Math.asin(2 * random() - 1) * 180) / Math.PI
              : (i % 2 ? 90 : -90) * (1 - 0.1 * random() ** 2)
          if (!covered(ra, dec)) missed.push([ra, dec])
        }
        for (const dec of [-90, 90]) if (!covered(0, dec)) missed.push([0, dec])
        expect(missed).toEqual([])
        expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length)
      })
    }
    it(`${how}: over a region all of it, and nothing far from it`, () => {
      const footprint: Footprint = { shape: 'box', widthDeg: 1.9, heightDeg: 1.9 }
      const region = mocFromRanges(coneRanges(359, 62, 6, { order: 8 }), 8)
      const fields = layFields(how, footprint, { overlap: 0.1, region })
      const covered = createCovered(footprint, fields)
      const random = seeded(4)
      for (let i = 0; i < 400; i++) {
        const [ra, dec] = offsetBy(359, 62, 360 * random(), 6 * Math.sqrt(random()))
        expect(covered(ra, dec)).toBe(true)
      }
      for (const { ra, dec } of fields) expect(separation(ra, dec, 359, 62)).toBeLessThan(6 + 1.4 + 0.4)
      expect(layFields(how, footprint, { overlap: 0.3, region }).length).toBeGreaterThan(fields.length)
    })
  }
  it('rings of squares need hardly more than their share of the sky (12,556 fields of 1.9° in a common grid)', () => {
    const fields = layFields('ring', { shape: 'box', widthDeg: 1.9, heightDeg: 1.9 })
    expect(fields.length).toBeLessThan(12_000)
  })
  it('refuses a grid of too many fields and an overlap of all', () => {
    expect(() => layFields('spiral', { shape: 'circle', radiusDeg: 0.001 })).toThrow(/fields/)
    expect(() => layFields('ring', { shape: 'circle', radiusDeg: 1 }, { overlap: 1 })).toThrow(/overlap/)
  })
})
