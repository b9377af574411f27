import { describe, expect, it } from 'vitest'
import { createArena } from '#science/kernels/arena.ts'
import { simulateField, type FieldOptions } from '#science/simulate/field.ts'
import { gaussPsf, psfAt } from './psf.ts'
import { modelPsf } from './model.ts'
import { psfPhotometry } from './photometry.ts'
import { selectPsfStars } from './stars.ts'
import { workshopOf } from '#science/image/workshop.ts'

const workshop = workshopOf(createArena())

/** Stars on a jittered grid, all phases within a pixel, fluxes within a factor of 12. */
function starField(options: Partial<FieldOptions>, side = 9, step = 45) {
  const stars = Array.from({ length: side * side }, (_, i) => ({
    x: step / 2 + step * (i % side) + ((i * 0.618) % 1),
    y: step / 2 + step * Math.floor(i / side) + ((i * 0.414) % 1),
    flux: 2e4 * (1 + ((i * 7) % 12)),
  }))
  const size = side * step
  const made = simulateField({
    width: size,
    height: size,
    count: 0,
    stars,
    saturation: Infinity,
    sky: 100,
    readNoise: 5,
    ...options,
  })
  made.plane.data.forEach((value, i) => (made.plane.data[i] = value - 100))
  return { plane: made.plane, x: stars.map((s) => s.x), y: stars.map((s) => s.y), stars, truth: made.truth }
}

const noise = Math.sqrt(100 + 25)

/** Mean of found over true fluxes, and the standard deviation about it. */
function ratios(found: Float64Array, stars: { flux: number }[]): { spread: number; middle: number } {
  const values = stars.map(({ flux }, i) => found[i] / flux)
  const middle = values.reduce((sum, value) => sum + value, 0) / values.length
  const square = values.reduce((sum, value) => sum + (value / middle - 1) ** 2, 0)
  return { spread: Math.sqrt(square / values.length), middle }
}

describe('noiseless stars: fluxes agree within 0.6 mmag rms', () => {
  it.each([
    { profile: 'gauss' as const, fwhm: 1.8 },
    { profile: 'moffat' as const, fwhm: 2 },
    { profile: 'gauss' as const, fwhm: 3 },
    { profile: 'moffat' as const, fwhm: 3 },
    { profile: 'moffat' as const, fwhm: 5.5 },
  ])('$profile of $fwhm px', ({ profile, fwhm }) => {
    const psf = { profile, fwhm, ellipticity: 0.1, angleDeg: 30 }
    const { plane, x, y, stars } = starField({ noise: false, wings: 1e-6, psf })
    const model = modelPsf(plane, x, y, { fwhm, degree: 0, noise })
    const found = psfPhotometry(plane, x, y, model.psf, { noise }, workshop)
    expect(ratios(model.flux, stars).spread).toBeLessThan(5.5e-4)
    expect(ratios(found.flux, stars).spread).toBeLessThan(5.5e-4)
    // What a Moffat profile has outside the square is not counted.
    expect(Math.abs(ratios(found.flux, stars).middle - 1)).toBeLessThan(profile === 'gauss' ? 9e-4 : 0.02)
    found.x.forEach((value, i) => expect(Math.abs(value - x[i])).toBeLessThan(0.005))
    expect(model.psf.fwhm / fwhm).toBeGreaterThan(0.99)
    // Pixels widen what they are integrated over.
    expect(model.psf.fwhm).toBeLessThan(Math.hypot(fwhm, 0.9) + 0.05)
  })
})

it('a point spread that changes over the field by 10 %: fluxes within 1 mmag rms with degree 2, 1 % with degree 0', () => {
  const psf = { profile: 'gauss' as const, fwhm: 3, growth: 0.1, coma: 0.05 }
  const { plane, x, y, stars } = starField({ noise: false, wings: 1e-6, psf })
  const spread = (degree: number) => {
    const { psf: model } = modelPsf(plane, x, y, { fwhm: 3, degree, noise })
    const found = psfPhotometry(plane, x, y, model, { noise, positions: 'fixed' }, workshop)
    return ratios(found.flux, stars).spread
  }
  expect(spread(2)).toBeLessThan(9e-4)
  expect(spread(0)).toBeGreaterThan(0.01)
})

it('from noisy stars, with cosmic rays and blends among them: fluxes unbiased within 0.5 %, the spoilt stars dropped', () => {
  const psf = { profile: 'gauss' as const, fwhm: 3 }
  const { plane, x, y, stars } = starField({ psf, seed: 3 })
  // A hit on the core of one star, a hidden companion of another.
  plane.data[Math.round(y[10]) * plane.width + Math.round(x[10]) + 1] += 30_000
  for (let j = -1; j <= 1; j++) {
    for (let i = -1; i <= 1; i++)
      plane.data[(Math.round(y[22]) + 3 + j) * plane.width + Math.round(x[22]) + i] += 4000
  }
  const model = modelPsf(plane, x, y, { fwhm: 3, degree: 1, noise, gain: 1 })
  expect(model.used[22]).toBe(0)
  const kept = model.used.reduce((sum, value) => sum + value, 0)
  expect(kept).toBeGreaterThan(70)
  const found = psfPhotometry(plane, x, y, model.psf, { noise, gain: 1 }, workshop)
  const pulls = stars.map(({ flux }, i) => (found.flux[i] - flux) / found.fluxErr[i]).sort((a, b) => a - b)
  const middle = stars.map(({ flux }, i) => found.flux[i] / flux).sort((a, b) => a - b)[40]
  expect(Math.abs(middle - 1)).toBeLessThan(0.005)
  expect((pulls[68] - pulls[12]) / 2).toBeLessThan(1.5)
})

it('has unit sum wherever it is drawn, and is centred there within 0.01 px', () => {
  const { plane, x, y } = starField({
    noise: false,
    wings: 1e-6,
    psf: { profile: 'gauss', fwhm: 3, growth: 0.1 },
  })
  const { psf } = modelPsf(plane, x, y, { fwhm: 3, degree: 2, noise })
  for (const [px, py] of [
    [100.25, 300.75],
    [380.5, 20.1],
  ]) {
    const { x0, y0, side, values } = psfAt(psf, px, py)
    let [sum, mx, my] = [0, 0, 0]
    values.forEach((value, p) => {
      sum += value
      mx += value * (x0 + (p % side))
      my += value * (y0 + Math.floor(p / side))
    })
    expect(sum).toBeCloseTo(1, 12)
    expect(Math.hypot(mx - px, my - py)).toBeLessThan(0.01)
  }
})

it('says how many stars are missing', () => {
  const { plane, x, y } = starField({ noise: false })
  expect(() => modelPsf(plane, x.slice(0, 2), y.slice(0, 2), { fwhm: 3, noise })).toThrow(
    /at least 3 usable stars/,
  )
})

it('chooses single, round, whole stars of the common width, the brightest first', () => {
  const rows = 30
  const same = (value: number) => Array.from({ length: rows }, () => value)
  const x = Array.from({ length: rows }, (_, i) => 50 * i)
  const sources = {
    x,
    y: same(5),
    flux: x.map((_, i) => 1000 + i),
    fluxErr: same(10),
    fwhm: same(3),
    a: same(1.3),
  }
  const b = same(1.25)
  const flags = same(0)
  b[3] = 0.5
  flags[4] = 4
  sources.fwhm[5] = 6
  sources.fluxErr[6] = 200
  x[8] = x[7] + 3
  const { rows: chosen, fwhm } = selectPsfStars({ ...sources, b, flags })
  expect(fwhm).toBe(3)
  expect(chosen[0]).toBe(29)
  expect(chosen).toHaveLength(24)
  for (const bad of [3, 4, 5, 6, 7, 8]) expect(Array.from(chosen)).not.toContain(bad)
})

it('a sky that is 4 ADU too high under all stars: fluxes unbiased within 0.3 %', () => {
  const { plane, x, y, stars } = starField({ psf: { profile: 'gauss', fwhm: 3 }, seed: 12 })
  plane.data.forEach((value, i) => (plane.data[i] = value + 4))
  const { psf } = modelPsf(plane, x, y, { fwhm: 3, degree: 0, noise, gain: 1 })
  const found = psfPhotometry(plane, x, y, psf, { noise, gain: 1, sky: 45 }, workshop)
  expect(Math.abs(ratios(found.flux, stars).middle - 1)).toBeLessThan(0.003)
})

it('neighbours of 5 % at 1.4 FWHM that nobody told of: fluxes within 0.5 %, and rows for the known stars only', () => {
  const [known, step] = [49, 45]
  const stars = Array.from({ length: 2 * known }, (_, i) => {
    const [n, other] = [i % known, i >= known]
    const angle = 1.1 * n
    return {
      x: 30 + step * (n % 7) + ((n * 0.618) % 1) + (other ? 4.2 * Math.cos(angle) : 0),
      y: 30 + step * Math.floor(n / 7) + ((n * 0.414) % 1) + (other ? 4.2 * Math.sin(angle) : 0),
      flux: other ? 3000 : 60_000,
    }
  })
  const { plane } = simulateField({
    width: 340,
    height: 340,
    count: 0,
    stars,
    saturation: Infinity,
    sky: 100,
    readNoise: 5,
    psf: { profile: 'gauss', fwhm: 3 },
  })
  plane.data.forEach((value, i) => (plane.data[i] = value - 100))
  const [x, y] = [stars.slice(0, known).map((s) => s.x), stars.slice(0, known).map((s) => s.y)]
  const middle = (hidden: boolean) => {
    const found = psfPhotometry(plane, x, y, gaussPsf(3), { noise, gain: 1, hidden }, workshop)
    expect(found.rows).toBe(known)
    expect(found.flux).toHaveLength(known)
    return ratios(found.flux, stars.slice(0, known)).middle - 1
  }
  expect(middle(false)).toBeGreaterThan(0.006)
  expect(Math.abs(middle(true))).toBeLessThan(0.005)
})
