import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { coneRanges } from '#science/sky/cover.ts'
import { offsetBy } from '#science/sky/vectors.ts'
import { combine, compare, overlapOf } from './combine.ts'
import { areaAt, levelAt } from './credible.ts'
import { fitEllipse } from './ellipse.ts'
import { annulusMap, circleMap, ellipseMap, withoutCone } from './make.ts'
import { finestOrder, totalOf, uncovered } from './map.ts'
import { rasterize } from './raster.ts'
import { probabilityIn } from './region.ts'
import { summarize } from './summarize.ts'

const reference = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../fixtures/skymap/reference.json'), 'utf8'),
) as { gauss: { sigmaDeg: number; level: number; areaDeg2: number }[] }

describe('circles', () => {
  it.each([
    [1 / 3600, 0.9],
    [0.0014, 0.68],
    [0.05, 0.9],
    [3.6, 0.68],
    [10, 0.9],
    [30, 0.9],
    [60, 0.5],
  ])(
    '%f° that holds %f of the probability does so within 0.2 %%, in at most 20,000 cells',
    (radius, containment) => {
      for (const [ra, dec] of [
        [10, 20],
        [359.9999, -89.99],
        [180, 90],
      ]) {
        const map = circleMap(ra, dec, radius, containment)
        expect(map.order.length).toBeLessThanOrEqual(20_000)
        expect(totalOf(map)).toBeCloseTo(1, 12)
        expect(uncovered(map)).toBe(0)
        const inside = coneRanges(ra, dec, radius, {
          order: Math.min(29, finestOrder(map) + 2),
          inclusive: false,
        })
        // Arcsecond circles are smaller than ranges of order 24 resolve to this degree.
        if (radius > 0.01) expect(Math.abs(probabilityIn(map, inside) - containment)).toBeLessThan(0.002)
        // The level of a point on the circle is the containment.
        expect(Math.abs(levelAt(map, ...offsetBy(ra, dec, 70, radius)) - containment)).toBeLessThan(0.01)
      }
    },
  )

  it('areas are the exact ones of a Gaussian on the sphere within 0.2 %', () => {
    for (const { sigmaDeg, level, areaDeg2 } of reference.gauss) {
      const map = circleMap(77, -33, sigmaDeg * Math.sqrt(-2 * Math.log(0.1)), 0.9)
      expect(Math.abs(areaAt(map, level) / areaDeg2 - 1)).toBeLessThan(0.002)
    }
  })

  it('refines to order 17 and beyond for arcseconds', () => {
    expect(finestOrder(circleMap(10, 10, 1 / 3600, 0.9))).toBeGreaterThanOrEqual(17)
  })

  it('takes an error of 0 as 0.001° and says so', () => {
    const map = circleMap(1, 2, 0, 0.9)
    expect(map.meta.notes).toEqual(['A radius of 0 was taken as 0.001°.'])
    expect(areaAt(map, 0.9) / (Math.PI * 1e-6)).toBeCloseTo(1, 2)
  })

  it.each<[string, () => unknown]>([
    ['NaN', () => circleMap(NaN, 0, 1, 0.9)],
    ['Dec 91', () => circleMap(0, 91, 1, 0.9)],
    ['negative error', () => circleMap(0, 0, -1, 0.9)],
    ['error of NaN', () => circleMap(0, 0, NaN, 0.9)],
    ['containment 1', () => circleMap(0, 0, 1, 1)],
    ['containment 90', () => circleMap(0, 0, 1, 90)],
    ['angle of NaN', () => ellipseMap(0, 0, 1, 1, NaN, 0.9)],
    ['annulus of 200°', () => annulusMap(0, 0, 200, 1, 0.9)],
  ])('refuses %s with a sentence', (_, action) => {
    let seen: unknown
    try {
      action()
    } catch (error) {
      seen = error
    }
    expect(isProblem(seen, 'skymap.invalid')).toBe(true)
  })
})

describe('ellipses', () => {
  it('keep axes and position angle (north through east): fitted back within 1 %', () => {
    for (const pa of [0, 30, 90, 150]) {
      for (const dec of [0, 60, -85]) {
        const map = ellipseMap(200, dec, 3, 1, pa, 0.9)
        const fit = fitEllipse(map, 0.9)!
        expect(Math.abs(fit.majorDeg / 3 - 1)).toBeLessThan(0.01)
        expect(Math.abs(fit.minorDeg - 1)).toBeLessThan(0.01)
        const turn = ((((fit.positionAngleDeg - pa + 90) % 180) + 180) % 180) - 90
        expect(Math.abs(turn)).toBeLessThan(0.5)
        expect(Math.abs(areaAt(map, 0.9) / (Math.PI * 3) - 1)).toBeLessThan(0.01)
        expect(fit.areaRatio).toBeCloseTo(1, 1)
      }
    }
  })

  it('are longer towards their position angle', () => {
    const map = ellipseMap(100, 10, 4, 1, 45, 0.9)
    expect(Math.abs(levelAt(map, ...offsetBy(100, 10, 45, 4)) - 0.9)).toBeLessThan(0.01)
    expect(Math.abs(levelAt(map, ...offsetBy(100, 10, 135, 1)) - 0.9)).toBeLessThan(0.02)
    expect(levelAt(map, ...offsetBy(100, 10, 135, 2.5))).toBeGreaterThan(0.999)
  })
})

describe('annuli', () => {
  it('hold their containment between the circles, and cross in two places', () => {
    const first = annulusMap(20, 10, 60, 2, 0.9)
    const outer = coneRanges(20, 10, 62, { order: 11, inclusive: false })
    const inner = coneRanges(20, 10, 58, { order: 11, inclusive: false })
    expect(Math.abs(probabilityIn(first, outer) - probabilityIn(first, inner) - 0.9)).toBeLessThan(0.01)
    const { map, overlap } = combine(first, annulusMap(100, 0, 50, 2, 0.9))
    expect(overlap).toBeGreaterThan(0.5)
    expect(summarize(map).modes90).toBe(2)
    expect(totalOf(map)).toBeCloseTo(1, 12)
    expect(annulusMap(0, 0, 60, 0.01, 0.9).meta.notes?.[0]).toMatch(/thinner/)
  })

  it('the Earth can be taken out of a map', () => {
    const map = circleMap(0, 0, 20, 0.9)
    const cut = withoutCone(map, 90, 0, 90)
    expect(totalOf(cut)).toBeCloseTo(1, 12)
    expect(probabilityIn(cut, coneRanges(90, 0, 88, { order: 9, inclusive: false }))).toBeLessThan(1e-6)
    expect(cut.meta.notes?.[0]).toMatch(/held 0.(5|49)/)
  })
})

describe('two maps', () => {
  it('two equal Gaussians become one of σ/√2', () => {
    const map = circleMap(50, 40, 2, 0.9)
    const { map: both, overlap } = combine(map, map)
    expect(areaAt(both, 0.9) / (areaAt(map, 0.9) / 2)).toBeCloseTo(1, 2)
    // ∫ 4π g² = 4π / (4π σ²) for a small Gaussian.
    const sigma = (2 / Math.sqrt(-2 * Math.log(0.1))) * (Math.PI / 180)
    expect(overlap * sigma * sigma).toBeCloseTo(1, 2)
    expect(overlapOf(map, map)).toBe(overlap)
  })

  it('maps that share nothing are refused, with the number', () => {
    let seen: unknown
    try {
      combine(circleMap(0, 0, 1, 0.9), circleMap(90, 0, 1, 0.9))
    } catch (error) {
      seen = error
    }
    expect(isProblem(seen, 'skymap.no_overlap')).toBe(true)
  })

  it('are compared: equal maps share all, shifted ones less', () => {
    const a = circleMap(50, 40, 2, 0.9)
    const same = compare(a, a)
    expect(same.likeness).toBeCloseTo(1, 10)
    expect(same.sharedFraction).toBe(1)
    expect(same.probabilityOfFirstInSecond).toBeCloseTo(0.9, 3)
    expect(same.peakOffsetDeg).toBe(0)
    const b = circleMap(50, 42, 4, 0.9)
    const other = compare(a, b)
    expect(other.areaRatio).toBeCloseTo(4, 1)
    expect(other.peakOffsetDeg).toBeCloseTo(2, 1)
    expect(other.sharedFraction).toBeGreaterThan(0.9)
    expect(other.probabilityOfSecondInFirst).toBeLessThan(0.3)
  })
})

describe('flat export', () => {
  it('keeps the sum', () => {
    const map = circleMap(50, 40, 2, 0.9)
    for (const order of [0, 3, 6, 9]) {
      const { density } = rasterize(map, order)
      expect((density.reduce((a, b) => a + b) * 4 * Math.PI) / density.length).toBeCloseTo(1, 10)
    }
  })
})
