import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { separation } from '#science/sky/vectors.ts'
import { circleMap, ellipseMap } from '#science/skymap/make.ts'
import { cellAt } from '#science/skymap/map.ts'
import { rank, crossingRank } from '#science/skymap/rank.ts'
import { readSkyMap } from '#science/skymap/read.ts'
import { dataFile } from '#test/data.ts'
import { sharedGrid } from '#test/sampled-coverage.ts'
import { capPoints, inField } from '#test/in-field.ts'
import { coverageOf, coveredWeight } from './coverage.ts'
import type { Field, Footprint } from './model.ts'
import { nearFields, placeFields } from './placement.ts'
import { singlePointing } from './single.ts'
import { layFields } from './tessellation.ts'

const box = (side: number): Footprint => ({ shape: 'box', widthDeg: side, heightDeg: side })

describe('fields near a region', () => {
  it('are those that hold a point of it, best first', () => {
    const map = ellipseMap(359, 50, 8, 2, 30, 0.9)
    const footprint = box(2)
    const fields = layFields('ring', footprint)
    const near = nearFields(map, footprint, fields, { level: 0.9 })
    const ranking = rank(map)
    const last = crossingRank(ranking, 0.9)
    const inside = new Set(ranking.index.subarray(0, last + 1))
    const touching = new Set<number>()
    const { points } = capPoints(359, 50, 14, 30_000, 1)
    for (const [ra, dec] of points) {
      if (!inside.has(cellAt(map, ra, dec))) continue
      fields.forEach((field, i) => {
        if (Math.abs(field.dec - dec) < 1.1 && inField(footprint, field, ra, dec)) touching.add(i)
      })
    }
    for (const i of touching) expect(near).toContain(i)
    expect(near.length).toBeLessThan(1.2 * touching.size + 2)
    const { fieldWeight } = coverageOf(
      map,
      near.map((i) => ({ footprint, field: fields[i] })),
    )
    for (let i = 1; i < near.length; i++) {
      expect(fieldWeight[i]).toBeLessThanOrEqual(fieldWeight[i - 1] * (1 + 1e-3) + 1e-9)
    }
  })
})

describe('free placement', () => {
  it('one field lies on the peak, to a tenth of its width', () => {
    const [field] = placeFields(circleMap(10, -89.5, 0.3, 0.9), box(1), { count: 1 })
    expect(separation(field.ra, field.dec, 10, -89.5)).toBeLessThan(0.1)
  })
  it('four squares hold a region of four', () => {
    const map = circleMap(0.1, 10, 1.1, 0.99)
    const fields = placeFields(map, box(2), { count: 4 })
    const coverage = coverageOf(
      map,
      fields.map((field) => ({ footprint: box(2), field })),
    )
    expect(coveredWeight(coverage, fields.keys())).toBeGreaterThan(0.985)
    expect(fields.map(({ id }) => id)).toEqual(fields.map((_, i) => `free-${i + 1}`))
  })
  const file = dataFile('gw', 'grandma-gcn', 'notices', 'S250207bg-preliminary.json')
  const fixed = sharedGrid('TCH')
  it.skipIf(!file || !fixed)(
    'ten free squares catch more than 0.44, fixed fields 0.415 at most (needs shared test data)',
    () => {
      const notice = JSON.parse(readFileSync(file ?? '', 'utf8')) as { event: { skymap: string } }
      const map = readSkyMap(Uint8Array.from(atob(notice.event.skymap), (letter) => letter.charCodeAt(0)))
      const fields = placeFields(map, box(1.9), { count: 10 })
      const coverage = coverageOf(
        map,
        fields.map((field) => ({ footprint: box(1.9), field })),
      )
      expect(coveredWeight(coverage, fields.keys())).toBeGreaterThan(0.44)
      const best = nearFields(map, box(1.9), fixed!, { level: 0.9 }).slice(0, 2)
      expect(best.map((i) => fixed![i].id).toSorted()).toEqual(['8912', '9091'])
    },
  )
})

describe('one pointing', () => {
  const shapes: Footprint[] = [
    { shape: 'circle', radiusDeg: 1 },
    { shape: 'rectangle', widthDeg: 2, heightDeg: 2.2 },
    box(2),
  ]
  const at: [number, number][] = [
    [0.01, 3],
    [211, -60],
    [5, 89.7],
  ]
  for (const footprint of shapes) {
    for (const [ra, dec] of at) {
      it(`${footprint.shape} at (${ra}, ${dec}): centred on a region that fits, none for one that does not`, () => {
        for (const radius of [2 / 3600, 0.2]) {
          const map = circleMap(ra, dec, radius, 0.9)
          const field = singlePointing(map, footprint) as Field
          expect(field).not.toBeNull()
          expect(separation(field.ra, field.dec, ra, dec)).toBeLessThan(0.05)
          const { fieldWeight } = coverageOf(map, [{ footprint, field }])
          expect(fieldWeight[0]).toBeGreaterThan(0.99)
        }
        expect(singlePointing(circleMap(ra, dec, 1.3, 0.9), footprint)).toBeNull()
      })
    }
  }
})
