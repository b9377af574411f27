import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createArena } from '#science/kernels/arena.ts'
import { simulateField, type FieldOptions } from '#science/simulate/field.ts'
import { aperturePhotometry } from '#science/image/photometry/forced.ts'
import { optimalFlux } from '#science/image/photometry/optimal.ts'
import { maskBits, sourceFlags, type Plane } from '#science/image/plane.ts'
import { gaussPsf } from './psf.ts'
import { injectStars } from './inject.ts'
import { psfPhotometry } from './photometry.ts'
import { workshopOf } from '#science/image/workshop.ts'

const workshop = workshopOf(createArena())

interface Reference {
  side: number
  fwhm: number
  radius: number
  noise: number
  x: number[]
  y: number[]
  held: number[]
  heldErr: number[]
  free: number[]
  freeErr: number[]
  freeX: number[]
  freeY: number[]
  xErr: number[]
  image: number[]
}

describe('against least squares with photutils’ pixel-integrated Gaussian', () => {
  const reference = JSON.parse(
    readFileSync(new URL('../../../../fixtures/imaging/psf-fits.json', import.meta.url), 'utf8'),
  ) as Reference
  const { side, x, y, fwhm, radius, noise } = reference
  const plane = { width: side, height: side, data: Float32Array.from(reference.image) }
  const psf = gaussPsf(fwhm, 12)
  const options = { noise, fitRadius: radius, link: 100 }

  it('held positions: fluxes and errors within 1e-5', () => {
    const found = psfPhotometry(plane, x, y, psf, { ...options, positions: 'fixed' }, workshop)
    reference.held.forEach((flux, i) => {
      expect(Math.abs(found.flux[i] - flux) / reference.heldErr[i]).toBeLessThan(1e-4)
      expect(found.fluxErr[i] / reference.heldErr[i]).toBeCloseTo(1, 5)
    })
  })

  it('free positions: fluxes within 0.01 σ, places within 0.002 px, errors within 1 %', () => {
    const found = psfPhotometry(plane, x, y, psf, options, workshop)
    reference.free.forEach((flux, i) => {
      expect(Math.abs(found.flux[i] - flux) / reference.freeErr[i]).toBeLessThan(0.01)
      expect(Math.hypot(found.x[i] - reference.freeX[i], found.y[i] - reference.freeY[i])).toBeLessThan(0.002)
      expect(found.fluxErr[i] / reference.freeErr[i]).toBeCloseTo(1, 1.7)
      expect(found.xErr[i] / reference.xErr[i]).toBeCloseTo(1, 1.7)
    })
  })
})

const sky = { sky: 500, readNoise: 8, gain: 1.6 }
const noise = Math.sqrt(500 / 1.6 + 64 / 1.6 ** 2)

function field(options: Partial<FieldOptions>) {
  const made = simulateField({
    width: 400,
    height: 400,
    galaxies: 0,
    saturation: Infinity,
    faintest: 1500,
    brightest: 1e5,
    psf: { profile: 'gauss', fwhm: 3 },
    ...sky,
    ...options,
  })
  made.plane.data.forEach((value, i) => (made.plane.data[i] = value - 500))
  return made
}

/** Median, and half the width of the middle 68 %. */
function summary(values: number[]): { median: number; sigma: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))]
  return { median: at(0.5), sigma: (at(0.8413) - at(0.1587)) / 2 }
}

describe.each([
  { name: 'sparse', count: 200, seed: 3, side: 400 },
  { name: 'crowded', count: 500, seed: 5, side: 230 },
])('a $name field', ({ count, seed, side }) => {
  it.each(['fixed', 'free'] as const)(
    '%s positions: flux bias < 0.5 %, pull σ 0.9–1.2, χ² within 5 %',
    (positions) => {
      const { plane, truth } = field({ count, seed, width: side, height: side })
      const found = psfPhotometry(
        plane,
        truth.x,
        truth.y,
        gaussPsf(3),
        { noise, gain: 1.6, positions },
        workshop,
      )
      const good = Array.from(found.flags, (_, i) => i).filter((i) => found.flags[i] === 0)
      expect(good.length).toBeGreaterThan(0.88 * count)
      const pull = summary(good.map((i) => (found.flux[i] - truth.flux[i]) / found.fluxErr[i]))
      expect(Math.abs(summary(good.map((i) => found.flux[i] / truth.flux[i] - 1)).median)).toBeLessThan(0.005)
      expect(pull.sigma).toBeGreaterThan(0.9)
      expect(pull.sigma).toBeLessThan(1.2)
      expect(Math.abs(summary(good.map((i) => found.chi2[i])).median - 1)).toBeLessThan(0.05)
      if (positions === 'fixed') return
      const shift = summary(good.map((i) => (found.x[i] - truth.x[i]) / found.xErr[i]))
      expect(shift.sigma).toBeGreaterThan(0.9)
      expect(shift.sigma).toBeLessThan(1.2)
    },
  )
})

it('optimal extraction of faint stars: flux bias < 1 %, pull σ 0.9–1.2, errors below those of an aperture', () => {
  const { plane, truth } = field({ width: 600, height: 600, count: 350, seed: 8, brightest: 2000 })
  const options = { fwhm: 3, radius: 4, noise, gain: 1.6 }
  const found = optimalFlux(plane, truth.x, truth.y, options, workshop)
  const good = Array.from(found.flags, (_, i) => i).filter((i) => found.flags[i] === 0)
  const pull = summary(good.map((i) => (found.flux[i] - truth.flux[i]) / found.fluxErr[i]))
  const weighted =
    good.reduce((sum, i) => sum + found.flux[i], 0) / good.reduce((sum, i) => sum + truth.flux[i], 0)
  expect(Math.abs(weighted - 1)).toBeLessThan(0.01)
  expect(pull.sigma).toBeGreaterThan(0.9)
  expect(pull.sigma).toBeLessThan(1.2)
  const aperture = aperturePhotometry(plane, truth.x, truth.y, options)
  expect(summary(good.map((i) => found.fluxErr[i] / aperture.fluxErr[i])).median).toBeLessThan(0.85)
})

it('forced photometry of empty sky: no bias, errors right within 10 %, limits that 5 σ stand for', () => {
  const { plane } = field({ count: 0, seed: 2, gradient: [20, 0] })
  const x = Float64Array.from({ length: 300 }, (_, i) => 20 + 18 * (i % 20) + (i % 7) / 7)
  const y = Float64Array.from({ length: 300 }, (_, i) => 20 + 24 * Math.floor(i / 20) + (i % 5) / 5)
  const options = { radius: 4, annulus: [9, 15] as const, noise, gain: 1.6 }
  const found = aperturePhotometry(plane, x, y, options)
  const detected = ({ flux, skyErr }: typeof found): number =>
    flux.reduce((sum, value, i) => sum + Number(value > 5 * skyErr[i]), 0)
  const pull = summary(Array.from(found.flux, (value, i) => value / found.fluxErr[i]))
  expect(Math.abs(pull.median)).toBeLessThan(0.2)
  expect(Math.abs(pull.sigma - 1)).toBeLessThan(0.1)
  expect(detected(found)).toBe(0)
  // Stars of just that flux are found about half of the time.
  const psf = gaussPsf(2)
  injectStars(plane, psf, { x, y, flux: found.skyErr.map((value) => 5 * value) }, { gain: 1.6, seed: 4 })
  const again = detected(aperturePhotometry(plane, x, y, options))
  expect(again).toBeGreaterThan(110)
  expect(again).toBeLessThan(190)
})

it('forced fits of the point spread find injected stars: flux bias < 1 %, pull σ within 10 % of 1', () => {
  const { plane } = field({ count: 0, seed: 6 })
  const x = Float64Array.from({ length: 300 }, (_, i) => 20 + 18 * (i % 20) + (i % 7) / 7)
  const y = Float64Array.from({ length: 300 }, (_, i) => 20 + 24 * Math.floor(i / 20) + (i % 5) / 5)
  const flux = x.map((_, i) => 300 + 10 * i)
  const psf = gaussPsf(2.5)
  injectStars(plane, psf, { x, y, flux }, { gain: 1.6, seed: 4 })
  const found = psfPhotometry(
    plane,
    x,
    y,
    psf,
    { fitRadius: 4, noise, gain: 1.6, positions: 'fixed' },
    workshop,
  )
  const pull = summary(Array.from(found.flux, (value, i) => (value - flux[i]) / found.fluxErr[i]))
  const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0)
  expect(Math.abs(total(found.flux) / total(flux) - 1)).toBeLessThan(0.01)
  expect(Math.abs(pull.sigma - 1)).toBeLessThan(0.1)
  expect(summary(Array.from(found.chi2)).median).toBeCloseTo(1, 1)
})

describe('what cannot be fitted is said', () => {
  const plane = (): Plane => {
    const data = new Float32Array(60 * 60)
    const made = { width: 60, height: 60, data }
    injectStars(made, gaussPsf(3), { x: [30.2, 1.3], y: [29.8, 40], flux: [5000, 5000] })
    return made
  }
  const psf = gaussPsf(3)

  it('outside, at NaN, and on masked pixels: NaN and flags', () => {
    const image = plane()
    image.data.fill(NaN, 0, 60 * 15)
    const found = psfPhotometry(image, [-5, NaN, 30], [30, 30, 5], psf, { noise: 1 }, workshop)
    expect(Array.from(found.flux)).toEqual([NaN, NaN, NaN])
    expect(found.flags[0]).toBe(sourceFlags.badSky | sourceFlags.badPsfFit)
    expect(found.flags[1]).toBe(sourceFlags.badSky | sourceFlags.badPsfFit)
    expect(found.flags[2]).toBe(sourceFlags.badPsfFit | sourceFlags.maskedInAperture)
  })

  it('a saturated core is fitted by its wings and flagged', () => {
    const image = plane()
    const mask = { width: 60, height: 60, data: new Uint8Array(3600) }
    for (const at of [30 * 60 + 30, 29 * 60 + 30]) {
      image.data[at] = 400
      mask.data[at] = maskBits.saturated
    }
    const found = psfPhotometry(image, [30.2], [29.8], psf, { noise: 1, mask }, workshop)
    expect(found.flux[0]).toBeCloseTo(5000, 0)
    expect(found.flags[0]).toBe(sourceFlags.maskedInAperture | sourceFlags.saturated)
  })

  it('at the edge the flux is right within 0.1 % and flagged', () => {
    const found = psfPhotometry(plane(), [1.3], [40], psf, { noise: 1, positions: 'fixed' }, workshop)
    expect(found.flux[0] / 5000).toBeCloseTo(1, 3)
    expect(found.flags[0]).toBe(sourceFlags.apertureIncomplete)
  })

  it('a star that runs away is flagged', () => {
    const found = psfPhotometry(plane(), [32.2], [29.8], psf, { noise: 1, fitRadius: 6 }, workshop)
    expect(found.flags[0] & sourceFlags.largePsfShift).not.toBe(0)
  })

  it('refuses a fit without noise', () => {
    expect(() => psfPhotometry(plane(), [30], [30], psf, { noise: 0 }, workshop)).toThrow(/sky noise/)
  })
})
