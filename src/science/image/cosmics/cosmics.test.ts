import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createArena } from '#science/kernels/arena.ts'
import { simulateField } from '#science/simulate/field.ts'
import type { FieldOptions } from '#science/simulate/field.ts'
import { measureBackground } from '#science/image/background/background.ts'
import { cleanCosmics } from './cosmics.ts'
import type { CosmicOptions } from './cosmics.ts'
import { maskBits } from '#science/image/plane.ts'
import type { Plane } from '#science/image/plane.ts'
import { workshopOf } from '#science/image/workshop.ts'

interface Fixture {
  size: number
  gain: number
  readNoise: number
  pixels: string
  truth: number[]
  astroscrappy: number[]
}
const { cosmics: fixture } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../../fixtures/imaging/calibrate.json'), 'utf8'),
) as { cosmics: Fixture }

const workshop = () => workshopOf(createArena())

function fixtureFrame(): Plane {
  const bytes = Buffer.from(fixture.pixels, 'base64')
  const data = Float32Array.from({ length: fixture.size ** 2 }, (_, i) => bytes.readUInt16LE(2 * i))
  return { width: fixture.size, height: fixture.size, data }
}

/** What is found of simulated hits and taken from stars. */
function run(field: Partial<FieldOptions>, options: Partial<CosmicOptions> = {}) {
  const size = 512
  const { plane, defects, truth } = simulateField({
    width: size,
    height: size,
    seed: 5,
    count: 500,
    gain: 1.5,
    cosmicRays: 80,
    ...field,
  })
  const shop = workshop()
  const background = measureBackground(plane, null, { mesh: 64 }, shop)
  const before = plane.data.slice()
  const found = cleanCosmics(plane, { background, gain: 1.5, saturation: 60_000, ...options }, shop)
  const isHit = (i: number) => (defects.data[i] & maskBits.cosmic) !== 0
  let hit = 0
  let all = 0
  for (let i = 0; i < plane.data.length; i++) {
    if (isHit(i)) all++
    if (isHit(i) && found.mask.data[i] !== 0) hit++
  }
  let stars = 0
  let eaten = 0
  for (let k = 0; k < truth.rows; k++) {
    const [x, y] = [Math.round(truth.x[k]), Math.round(truth.y[k])]
    if (truth.galaxy[k] === 1 || x < 3 || y < 3 || x > size - 4 || y > size - 4) continue
    const around = [-2, -1, 0, 1, 2].flatMap((v) => [-2, -1, 0, 1, 2].map((u) => (y + v) * size + x + u))
    if (around.some((i) => isHit(i))) continue
    stars++
    if (found.mask.data[y * size + x] !== 0) eaten++
  }
  return {
    ...found,
    share: all === 0 ? 1 : hit / all,
    stars,
    eaten,
    unchanged: before.every((each, i) => Object.is(each, plane.data[i])),
  }
}

describe('cosmic rays', () => {
  it('are the ones that astroscrappy finds in its frame: at least 95 % of the hits both know, and fewer wrong ones', () => {
    const found = cleanCosmics(
      fixtureFrame(),
      { background: { level: 300, rms: Math.hypot(3, Math.sqrt(300 / 2)) }, gain: fixture.gain },
      workshop(),
    )
    const known = new Set(fixture.truth)
    const theirs = fixture.astroscrappy.filter((i) => known.has(i))
    const ours = theirs.filter((i) => found.mask.data[i] !== 0)
    expect(ours.length / theirs.length).toBeGreaterThan(0.95)
    const wrong = Array.from(found.mask.data.keys()).filter((i) => found.mask.data[i] !== 0 && !known.has(i))
    expect(wrong.length).toBeLessThanOrEqual(fixture.astroscrappy.length - theirs.length)
  })

  it('of a well sampled frame are found to 93 % of their pixels, no star is touched, and the frame stays as it was', () => {
    const found = run({ psf: { fwhm: 3 } })
    expect(found.share).toBeGreaterThan(0.93)
    expect(found.eaten).toBe(0)
    expect(found.unchanged).toBe(true)
    expect(Math.abs(found.fwhm! - 3)).toBeLessThan(0.3)
  })

  it('of frames with stars 1.3 to 1.8 px wide are found to 90 %, and at most 1 star in 200 is touched', () => {
    for (const fwhm of [1.3, 1.5, 1.8]) {
      const found = run({ psf: { fwhm }, count: 1500 })
      expect(found.share).toBeGreaterThan(0.9)
      expect(found.eaten / found.stars).toBeLessThanOrEqual(0.005)
    }
  })

  it('are not invented where there are none, on stars as narrow as a pixel', () => {
    const guarded = run({ psf: { fwhm: 1.25, profile: 'gauss' }, cosmicRays: 0, count: 1500 })
    expect(guarded.eaten / guarded.stars).toBeLessThan(0.005)
    const bare = run({ psf: { fwhm: 1.25, profile: 'gauss' }, cosmicRays: 0, count: 1500 }, { guard: false })
    expect(guarded.pixels).toBeLessThan(bare.pixels)
  })

  it('are not made of peaks of the noise: at most one in a million pixels without any', () => {
    const field = { width: 1024, height: 1024, seed: 3, count: 300, gain: 1.6, cosmicRays: 0 }
    const { plane } = simulateField({ ...field, psf: { fwhm: 4 } })
    const shop = workshop()
    const background = measureBackground(plane, null, { mesh: 128 }, shop)
    expect(cleanCosmics(plane, { background, gain: 1.6 }, shop).hits).toBeLessThanOrEqual(1)
  })

  it('are seen against a Gaussian of the stars too', () => {
    const found = run({ psf: { fwhm: 3 } }, { fineStructure: 'psf', fwhm: 3 })
    expect(found.share).toBeGreaterThan(0.93)
    expect(found.eaten).toBe(0)
  })

  it('are replaced by their neighbours where that is asked for', () => {
    const plane = fixtureFrame()
    const found = cleanCosmics(
      plane,
      { background: { level: 300, rms: 12.6 }, gain: 2, fill: 'mean' },
      workshop(),
    )
    for (const [i, each] of found.mask.data.entries())
      if (each !== 0) expect(plane.data[i]).toBeLessThan(6000)
    expect(
      cleanCosmics(plane, { background: { level: 300, rms: 12.6 }, gain: 2 }, workshop()).pixels,
    ).toBeLessThan(10)
  })

  it('do not ring around pixels without a value, cold ones and masked ones', () => {
    const { plane } = simulateField({ width: 128, height: 128, count: 20, seed: 3, gain: 1.5 })
    for (const i of [300, 301, 5000, 9000]) plane.data[i] = NaN
    plane.data[7000] = -30_000
    plane.data[127] = Infinity
    const before = plane.data.slice()
    const found = cleanCosmics(plane, { background: { level: 500, rms: 20 }, gain: 1.5 }, workshop())
    expect(found.pixels).toBe(0)
    expect(before.every((each, i) => Object.is(each, plane.data[i]))).toBe(true)
  })

  it('of frames of nothing, one pixel, or no number are none; a gain or noise that is none is refused', () => {
    const shop = workshop()
    const options = { background: { level: 0, rms: 1 }, gain: 1 }
    for (const [size, value] of [
      [1, 5],
      [3, NaN],
      [8, 0],
    ])
      expect(
        cleanCosmics(
          { width: size, height: size, data: new Float32Array(size * size).fill(value) },
          options,
          shop,
        ).pixels,
      ).toBe(0)
    const plane = fixtureFrame()
    expect(() => cleanCosmics(plane, { ...options, gain: 0 }, shop)).toThrow('gain of 0')
    expect(() => cleanCosmics(plane, { background: { level: 0, rms: 0 }, gain: 1 }, shop)).toThrow('noise')
    const mask = { width: 2, height: 2, data: new Uint8Array(4) }
    expect(() => cleanCosmics(plane, { ...options, mask }, shop)).toThrow('must be the same')
  })
})
