import { expect, it } from 'vitest'
import { sourceFlags } from '#science/image/plane.ts'
import { markCores, noObjects, positionErrors } from './objects.ts'

it('A core is masked where pixels within about a FWHM are, and not by a few at 7 pixels', () => {
  const [width, height] = [64, 64]
  const flagsWith = (...places: [number, number][]): number => {
    const mask = { width, height, data: new Uint8Array(width * height) }
    for (const [x, y] of places) mask.data[y * width + x] = 1
    const objects = { ...noObjects(1), x: Float64Array.of(30.2), y: Float64Array.of(29.8) }
    markCores(objects, mask, 4.8)
    return objects.flags[0]!
  }
  expect(flagsWith([30, 30])).toBe(sourceFlags.maskedCore)
  expect(flagsWith([32, 30], [32, 31], [33, 30], [33, 31])).toBe(sourceFlags.maskedCore)
  expect(flagsWith([37, 30], [38, 30], [37, 31])).toBe(0)
  expect(flagsWith()).toBe(0)
})

it('Positions of S/N 10 are known to 0.3 pixels where stars are 4 pixels wide, those of wider objects less', () => {
  const objects = {
    ...noObjects(3),
    flux: Float64Array.of(100, -100, 1e6),
    fluxErr: Float64Array.of(10, 10, 10),
    a: Float64Array.of(1.2, 3.4, 2),
  }
  const [star, wide, bright] = positionErrors(objects, 4)
  expect(star).toBeCloseTo(0.297, 2)
  expect(wide).toBeCloseTo(0.595, 2)
  expect(bright).toBeCloseTo(0.015, 3)
})
