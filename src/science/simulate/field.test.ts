import { expect, it } from 'vitest'
import { maskBits } from '#science/image/plane.ts'
import { simulatePair } from './field-pair.ts'
import { simulateField } from './field.ts'

const quiet = { count: 0, noise: false, sky: 0, saturation: Infinity, width: 101, height: 101 } as const

function sum(data: Float32Array): number {
  return data.reduce((total, value) => total + value, 0)
}

it('same seed, same pixels; another seed, others', () => {
  const [once, again, other] = [3, 3, 4].map(
    (seed) =>
      simulateField({ width: 64, height: 48, count: 20, seed, cosmicRays: 3, badColumns: 1 }).plane.data,
  )
  expect(again).toEqual(once)
  expect(other).not.toEqual(once)
})

it.each([
  { profile: 'gauss' as const, fwhm: 1.6, within: 1e-5 },
  { profile: 'gauss' as const, fwhm: 3, within: 1e-5 },
  { profile: 'moffat' as const, fwhm: 3, within: 2e-3 },
])(
  'a $profile star of $fwhm px holds its flux within $within and its place within 1e-3 px',
  ({ within, ...psf }) => {
    const { plane } = simulateField({
      ...quiet,
      psf: { ...psf, ellipticity: 0.2, angleDeg: 30 },
      stars: [{ x: 50.3, y: 49.6, flux: 1e6 }],
      wings: 1e-6,
      readNoise: 1,
    })
    expect(Math.abs(sum(plane.data) / 1e6 - 1)).toBeLessThan(within)
    let [mx, my] = [0, 0]
    for (let y = 40; y <= 59; y++) {
      for (let x = 41; x <= 60; x++) {
        mx += plane.data[y * 101 + x] * (x - 50.3)
        my += plane.data[y * 101 + x] * (y - 49.6)
      }
    }
    if (psf.profile === 'gauss') expect(Math.hypot(mx, my) / 1e6).toBeLessThan(1e-3)
  },
)

it('a catalogue comes out at the pixels that its own projection says, brighter by the zero point', () => {
  const catalogue = { ra: [150, 150.01, 330], dec: [2.2, 2.19, -2], mag: [15, 16, 10] }
  const { truth, wcs } = simulateField({ count: 0, catalogue, pointing: { rotationDeg: 20 } })
  expect(truth.rows).toBe(2)
  expect([truth.x[0], truth.y[0]]).toEqual([255.5, 255.5])
  expect(truth.flux[0]).toBeCloseTo(1e4, 8)
  expect(truth.ra[1]).toBeCloseTo(150.01, 11)
  expect(truth.dec[1]).toBeCloseTo(2.19, 11)
  expect(wcs.toPixel(...wcs.toSky(3, 500))?.map((v) => Number(v.toFixed(7)))).toEqual([3, 500])
})

it('noise is that of the electrons and the read-out within 1 %', () => {
  for (const [sky, gain] of [
    [500, 1],
    [10, 1.5],
  ]) {
    const { plane } = simulateField({ count: 0, sky, gain, width: 256, height: 256, readNoise: 5 })
    const mean = sum(plane.data) / plane.data.length
    const variance = plane.data.reduce((total, v) => total + (v - mean) ** 2, 0) / plane.data.length
    expect(Math.abs(mean - sky)).toBeLessThan(0.1)
    expect(Math.sqrt(variance / (sky / gain + 25 / gain ** 2))).toBeCloseTo(1, 1.7)
  }
})

it('defects are marked: clipped stars, tracks, columns', () => {
  const { plane, defects, truth } = simulateField({
    count: 50,
    stars: [{ x: 100, y: 100, mag: 8 }],
    cosmicRays: 20,
    badColumns: 2,
    whole: true,
  })
  const count = (bit: number) => defects.data.reduce((n, v) => n + Number((v & bit) !== 0), 0)
  expect(plane.data[100 * 512 + 100]).toBe(60000)
  expect(truth.saturated.at(-1)).toBe(1)
  expect(count(maskBits.saturated)).toBeGreaterThan(9)
  expect(count(maskBits.cosmic)).toBeGreaterThan(20)
  expect(count(maskBits.invalid)).toBeGreaterThan(2)
  expect(plane.data.every((value) => Number.isInteger(value))).toBe(true)
})

it('a pair shows the same sky: scaled, shifted, with what appeared and vanished', () => {
  const pair = simulatePair({
    field: { width: 300, height: 300, count: 30, noise: false, saturation: Infinity },
    shift: [0.4, -0.3],
    appeared: 3,
    vanished: 2,
  })
  expect(pair.transients.rows).toBe(5)
  expect(Array.from(pair.transients.flux, Math.sign)).toEqual([1, 1, 1, -1, -1])
  const total = (field: typeof pair.science, sky: number) => sum(field.plane.data) - sky * 300 * 300
  const changed = pair.transients.flux.reduce((all, flux) => all + flux, 0)
  const kept = total(pair.template, 300)
  expect((total(pair.science, 500) - changed) / kept / 1.25).toBeCloseTo(1, 2)
  const [ra, dec] = pair.template.wcs.toSky(100, 200)
  const at = pair.science.wcs.toPixel(ra, dec) ?? [NaN, NaN]
  expect(at[0]).toBeCloseTo(100.4, 9)
  expect(at[1]).toBeCloseTo(199.7, 9)
})

it('the point spread changes over the field as asked', () => {
  const { truth } = simulateField({
    ...quiet,
    psf: { fwhm: 3, growth: 0.2, coma: 0.1 },
    stars: [
      { x: 50, y: 50, flux: 1 },
      { x: 100.5, y: 100.5, flux: 1 },
    ],
  })
  expect(truth.major[0]).toBe(3)
  expect(Math.sqrt(truth.major[1] * truth.minor[1])).toBeCloseTo(3.6, 9)
  expect(truth.minor[1] / truth.major[1]).toBeCloseTo(0.9, 9)
  expect(truth.theta[1]).toBeCloseTo(45, 9)
})
