import { describe, expect, it } from 'vitest'
import { simulateField } from '#science/simulate/field.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { skyAnnulus } from './annulus.ts'
import { refineCentroids } from './centroid.ts'
import { aperturePhotometry } from './forced.ts'
import { maskBits, sourceFlags, type Plane } from '#science/image/plane.ts'

/** Normal noise of 5 about 100. */
function sky(seed: number): Plane {
  const random = seededRandom(seed)
  return { width: 60, height: 60, data: Float32Array.from({ length: 3600 }, () => 100 + 5 * random.normal()) }
}

describe('sky annulus', () => {
  it.each(['mode', 'mean', 'median'] as const)(
    '%s: unbiased, with the error of 400 repetitions within an eighth',
    (estimate) => {
      const found = Array.from({ length: 400 }, (_, seed) =>
        skyAnnulus(sky(seed), [30], [30], 8, 14, { estimate }),
      )
      const values = found.map(({ sky: [value] }) => value)
      const mean = values.reduce((sum, value) => sum + value, 0) / 400
      const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 399)
      expect(Math.abs(mean - 100)).toBeLessThan((4 * spread) / 20)
      expect(found[0].skyErr[0] / spread).toBeGreaterThan(0.88)
      expect(found[0].skyErr[0] / spread).toBeLessThan(1.12)
      expect(found[0].skyRms[0]).toBeCloseTo(5, 0)
    },
  )

  it('a neighbour in the ring shifts the clipped sky by less than 0.3 of its noise per pixel', () => {
    const plane = sky(3)
    for (let j = -2; j <= 2; j++) for (let i = -2; i <= 2; i++) plane.data[(30 + j) * 60 + 41 + i] += 3000
    const found = skyAnnulus(plane, [30], [30], 8, 14)
    expect(Math.abs(found.sky[0] - 100)).toBeLessThan(1.5)
    expect(found.pixels[0]).toBeLessThan(405)
  })

  it('too few pixels, outside the frame, NaN: NaN and flagged', () => {
    const plane = sky(1)
    const mask = { width: 60, height: 60, data: new Uint8Array(3600).fill(maskBits.drawn, 0, 1800) }
    const found = skyAnnulus(plane, [30, -9, NaN, 30], [10, 30, 30, 50], 5, 8, { mask })
    expect(Array.from(found.sky.subarray(0, 3))).toEqual([NaN, NaN, NaN])
    expect(Array.from(found.flags)).toEqual([sourceFlags.badSky, sourceFlags.badSky, sourceFlags.badSky, 0])
    expect(() => skyAnnulus(plane, [30], [30], 8, 8)).toThrow(/annulus from 8 to 8 px/)
  })

  it('its level times the area is taken off the flux, its error is added', () => {
    const plane = sky(9)
    plane.data[30 * 60 + 30] += 1000
    const options = { radius: 3, annulus: [8, 14] as const, noise: 5 }
    const found = aperturePhotometry(plane, [30], [30], options)
    const plain = aperturePhotometry(plane, [30], [30], { ...options, annulus: null })
    expect(found.flux[0]).toBeCloseTo(plain.flux[0] - found.sky[0] * Math.PI * 9, 6)
    expect(Math.abs(found.flux[0] - 1000)).toBeLessThan(4 * found.fluxErr[0])
    expect(found.fluxErr[0]).toBeGreaterThan(1.1 * plain.fluxErr[0])
  })
})

it('centroids of noiseless stars within 0.02 px; where there is nothing the position stays', () => {
  const stars = [
    { x: 20.3, y: 31.6, flux: 1e4 },
    { x: 50.5, y: 18.1, flux: 1e4 },
  ]
  const { plane } = simulateField({ width: 80, height: 60, count: 0, stars, noise: false, sky: 0 })
  const found = refineCentroids(plane, [20, 50.9, 70, -3], [32, 18, 50, 5], {
    size: 7,
    enough: 1e-4,
    iterations: 30,
  })
  expect(Math.hypot(found.x[0] - 20.3, found.y[0] - 31.6)).toBeLessThan(0.02)
  expect(Math.hypot(found.x[1] - 50.5, found.y[1] - 18.1)).toBeLessThan(0.02)
  expect([found.x[2], found.x[3]]).toEqual([70, -3])
  expect(Array.from(found.found)).toEqual([1, 1, 0, 0])
})
