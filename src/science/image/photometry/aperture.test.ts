import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { simulateField } from '#science/simulate/field.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { circleOverlap, ellipseOverlap } from './overlap.ts'
import { circularFlux, ellipticalFlux } from './aperture.ts'
import { maskBits, sourceFlags, type Plane } from '#science/image/plane.ts'

interface Reference {
  width: number
  height: number
  x: number[]
  y: number[]
  radius: number[]
  a: number[]
  b: number[]
  theta: number[]
  exact: number[]
  error: number[]
  points: number[]
  ellipse: number[]
}

const reference = JSON.parse(
  readFileSync(new URL('../../../../fixtures/imaging/apertures.json', import.meta.url), 'utf8'),
) as Reference

/** The image of scripts/fixtures/apertures.py. */
function pattern(width: number, height: number): Plane {
  const data = new Float32Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data[y * width + x] = ((x * 7 + y * 13) % 101) + 0.25 * ((x * y) % 17)
  }
  return { width, height, data }
}

function flat(width: number, height: number, value: number): Plane {
  return { width, height, data: new Float32Array(width * height).fill(value) }
}

function worst(found: ArrayLike<number>, wanted: readonly number[], scale?: readonly number[]): number {
  return Math.max(...wanted.map((value, i) => Math.abs(found[i] - value) / Math.max(1, scale?.[i] ?? value)))
}

describe('against sep', () => {
  const plane = pattern(reference.width, reference.height)
  const { x, y, radius, a, b, theta } = reference

  it('circles, exact mode: fluxes within 1e-9 relative, errors where they lie inside too', () => {
    const found = circularFlux(plane, x, y, radius, { noise: 2.5, gain: 1.7 })
    expect(worst(found.flux, reference.exact)).toBeLessThan(1e-9)
    const inside = x.map((_, i) => (found.flags[i] === 0 ? i : -1)).filter((i) => i >= 0)
    expect(inside.length).toBeGreaterThan(20)
    for (const i of inside) expect(found.fluxErr[i] / reference.error[i]).toBeCloseTo(1, 6)
  })

  it('circles, 5 × 5 sub-pixels: fluxes within 1e-9 relative', () => {
    expect(worst(circularFlux(plane, x, y, radius, { subpixels: 5 }).flux, reference.points)).toBeLessThan(
      1e-9,
    )
  })

  it('ellipses, exact mode: fluxes within 1e-6 relative', () => {
    expect(worst(ellipticalFlux(plane, x, y, a, b, theta).flux, reference.ellipse)).toBeLessThan(1e-6)
  })
})

it('overlaps add up to the whole circle and ellipse within 1e-12 of their area, wherever the centre lies', () => {
  const random = seededRandom(11)
  for (let n = 0; n < 50; n++) {
    const a = 0.05 + 6 * random.uniform()
    const b = a * (0.05 + 0.95 * random.uniform())
    const angle = Math.PI * random.uniform()
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
    // Every tenth centre lies on a corner or an edge, where quadrants meet.
    const at = () => (n % 10 === 0 ? 0.5 * random.integer(3) : random.uniform())
    const [x, y] = [at(), at()]
    let [round, long] = [0, 0]
    for (let j = -8; j <= 8; j++) {
      for (let i = -8; i <= 8; i++) {
        round += circleOverlap(i - x, j - y, a)
        long += ellipseOverlap(i - x, j - y, cos / a, sin / a, -sin / b, cos / b)
      }
    }
    expect(Math.abs(round / (Math.PI * a * a) - 1)).toBeLessThan(1e-12)
    expect(Math.abs(long / (Math.PI * a * b) - 1)).toBeLessThan(1e-12)
  }
})

it('a circle as an ellipse has the same overlaps within 1e-12 px²', () => {
  const random = seededRandom(5)
  for (let n = 0; n < 200; n++) {
    const r = 0.3 + 4 * random.uniform()
    const [x, y, angle] = [8 * random.uniform() - 4, 8 * random.uniform() - 4, 6 * random.uniform()]
    const [cos, sin] = [Math.cos(angle) / r, Math.sin(angle) / r]
    expect(Math.abs(circleOverlap(x, y, r) - ellipseOverlap(x, y, cos, sin, -sin, cos))).toBeLessThan(1e-12)
  }
})

describe('what cannot be measured is said', () => {
  it('masked and NaN pixels are left out, corrected for by area, and flagged', () => {
    const plane = flat(30, 30, 4)
    const mask = { width: 30, height: 30, data: new Uint8Array(900) }
    plane.data[15 * 30 + 15] = NaN
    plane.data[15 * 30 + 16] = 1e6
    mask.data[15 * 30 + 16] = maskBits.saturated
    const area = Math.PI * 9
    const corrected = circularFlux(plane, [15], [15], 3, { mask, noise: 2 })
    expect(corrected.flux[0]).toBeCloseTo(4 * area, 9)
    expect(corrected.fluxErr[0]).toBeCloseTo(2 * Math.sqrt(area), 9)
    expect(corrected.flags[0]).toBe(sourceFlags.maskedInAperture | sourceFlags.saturated)
    const left = circularFlux(plane, [15], [15], 3, { mask, bad: 'leave' })
    expect(left.flux[0]).toBeCloseTo(4 * (area - 2), 9)
    expect(left.area[0]).toBeCloseTo(area, 9)
  })

  it('at the edge the flux is that of the pixels there are, and flagged', () => {
    const found = circularFlux(flat(30, 30, 1), [-0.5, 28], [10, 10], 2)
    expect(found.flux[0]).toBeCloseTo(2 * Math.PI, 12)
    expect(Array.from(found.flags)).toEqual([sourceFlags.apertureIncomplete, sourceFlags.apertureIncomplete])
  })

  it('outside the frame, at NaN, and where all pixels are bad it is NaN', () => {
    const plane = flat(10, 10, 1)
    plane.data.fill(NaN, 50)
    const found = circularFlux(plane, [-3, NaN, 5, 5], [5, 5, 7, 2], 1.4, { noise: 1 })
    expect(Array.from(found.flux.subarray(0, 3), Number.isNaN)).toEqual([true, true, true])
    expect(Array.from(found.fluxErr.subarray(0, 3), Number.isNaN)).toEqual([true, true, true])
    expect(found.flags[0] & sourceFlags.badSky).not.toBe(0)
    expect(found.flags[1] & sourceFlags.badSky).not.toBe(0)
    expect(found.flags[2]).toBe(sourceFlags.maskedInAperture)
    expect(found.flux[3]).toBeCloseTo(1.96 * Math.PI, 12)
  })

  it('refuses radii that are none and columns that do not fit', () => {
    expect(() => circularFlux(flat(5, 5, 1), [2], [2], 0)).toThrow(/semi-axes 0 and 0 px/)
    expect(() => circularFlux(flat(5, 5, 1), [2, 3], [2], 1)).toThrow(/Column y has 1 values for 2/)
  })
})

it('noise may be a value, a plane or a function of the place', () => {
  const plane = flat(30, 30, 0)
  const noise = new Float32Array(900).fill(3)
  const of = (how: number | Float32Array | (() => number)) =>
    circularFlux(plane, [12.3], [15.1], 2.5, { noise: how }).skyErr[0]
  expect(of(noise)).toBeCloseTo(of(3), 9)
  expect(of(() => 3)).toBe(of(3))
})

it('fluxes of simulated stars: bias < 0.2 %, pull σ 0.9–1.1', () => {
  const stars = Array.from({ length: 400 }, (_, i) => ({
    x: 15 + 30 * (i % 20) + ((i * 0.618) % 1),
    y: 15 + 30 * Math.floor(i / 20) + ((i * 0.414) % 1),
    flux: 2000 * (1 + ((i * 7) % 10)),
  }))
  const sky = { sky: 300, gain: 1.6, readNoise: 8 }
  const psf = { profile: 'gauss' as const, fwhm: 3 }
  const { plane } = simulateField({
    width: 600,
    height: 600,
    count: 0,
    stars,
    psf,
    saturation: Infinity,
    ...sky,
  })
  plane.data.forEach((value, i) => (plane.data[i] = value - 300))
  const [x, y] = [stars.map((star) => star.x), stars.map((star) => star.y)]
  const noise = Math.sqrt(300 / 1.6 + 64 / 1.6 ** 2)
  const found = circularFlux(plane, x, y, 5, { noise, gain: 1.6 })
  // What a Gaussian has outside of 5 px.
  const inside = 1 - 2 ** -((5 / 1.5) ** 2)
  const pulls = stars.map(({ flux }, i) => (found.flux[i] - inside * flux) / found.fluxErr[i])
  const sigma = Math.sqrt(pulls.reduce((sum, pull) => sum + pull * pull, 0) / pulls.length)
  const total = stars.reduce((sum, { flux }) => sum + inside * flux, 0)
  expect(Math.abs(found.flux.reduce((sum, flux) => sum + flux, 0) / total - 1)).toBeLessThan(0.002)
  expect(sigma).toBeGreaterThan(0.9)
  expect(sigma).toBeLessThan(1.1)
})
