import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openFits } from '#science/fits/file.ts'
import { readImage } from '#science/fits/image.ts'
import { createArena } from '#science/kernels/arena.ts'
import { simulateField } from '#science/simulate/field.ts'
import { dataFile } from '#test/data.ts'
import { measureSources } from './measure.ts'
import { maskBits, sourceFlags } from '#science/image/plane.ts'
import { alone, workshopOf } from '#science/image/workshop.ts'

const workshop = workshopOf(createArena())
const catalogue = dataFile('imaging', 'sep', 'image.cat')

function pixels(name: string): ArrayLike<number> {
  const file = openFits(readFileSync(dataFile('imaging', 'sep', name) ?? ''))
  return readImage(file.bytes, file.hdus[0]).data as ArrayLike<number>
}

describe.skipIf(!catalogue)('the sources of sep/image.cat (needs shared test data)', () => {
  const lines = catalogue ? readFileSync(catalogue, 'utf8').split('\n') : []
  const rows = lines.filter((line) => line && !line.startsWith('#')).map((line) => line.trim().split(/\s+/))
  const column = (k: number) => Float64Array.from(rows, (row) => Number(row[k - 1]))
  const [x2, y2, xy] = [column(6), column(7), column(8)]
  const half = x2.map((_, i) => Math.sqrt(((x2[i] - y2[i]) / 2) ** 2 + xy[i] ** 2))
  const sources = {
    rows: rows.length,
    x: column(2).map((x) => x - 1),
    y: column(3).map((y) => y - 1),
    a: half.map((h, i) => Math.sqrt((x2[i] + y2[i]) / 2 + h)),
    b: half.map((h, i) => Math.sqrt((x2[i] + y2[i]) / 2 - h)),
    theta: half.map((_, i) => (Math.atan2(2 * xy[i], x2[i] - y2[i]) * 90) / Math.PI),
  }
  const measured = () => {
    const back = pixels('back.fits')
    const data = Float32Array.from(pixels('image.fits'), (value, i) => value - back[i])
    const options = {
      neighbours: 'none' as const,
      noise: 65.6,
      apertures: [5],
      fractions: [0.1, 0.5, 0.6],
      // The catalogue was made without a least aperture.
      kron: { least: 0 },
    }
    return measureSources({ width: 256, height: 256, data }, sources, options, workshop)
  }
  /** Largest deviation, over the sources whose value in the catalogue is above 0. */
  const worst = (found: Float64Array, wanted: Float64Array, relative: boolean, but: number[] = []) =>
    Math.max(
      ...Array.from(found, (value, i) =>
        wanted[i] > 0 && !but.includes(i) ? Math.abs(value - wanted[i]) / (relative ? wanted[i] : 1) : 0,
      ),
    )

  it('aperture and AUTO fluxes within 1e-6 relative, their errors within 3 %', () => {
    const m = measured()
    expect(worst(m.fluxAper[0], column(13), true)).toBeLessThan(1e-6)
    expect(worst(m.fluxAuto, column(16), true)).toBeLessThan(1e-6)
    expect(worst(m.fluxAperErr[0], column(14), true)).toBeLessThan(0.03)
  })

  it('Kron radius within the 0.005 to which it is printed, radii of half and 0.6 of the flux within 0.3 %', () => {
    const m = measured()
    expect(worst(m.kronRadius, column(15), false)).toBeLessThan(0.0051)
    expect(worst(m.fluxRadius[1], column(19), true)).toBeLessThan(0.003)
    expect(worst(m.fluxRadius[2], column(20), true)).toBeLessThan(0.003)
  })

  it('windowed positions within 1.5e-3 px, but for the two that SExtractor versions differ on', () => {
    const m = measured()
    expect(
      worst(
        m.xWin,
        column(4).map((x) => x - 1),
        false,
        [17, 30],
      ),
    ).toBeLessThan(1.5e-3)
    expect(
      worst(
        m.yWin,
        column(5).map((y) => y - 1),
        false,
        [17, 30],
      ),
    ).toBeLessThan(1.5e-3)
  })
})

const star = { a: 1.5, b: 1.5, theta: 0 }
function shapes(x: number[], y: number[]) {
  const same = (value: number) => new Float64Array(x.length).fill(value)
  const axes = { a: same(star.a), b: same(star.b), theta: same(star.theta) }
  return { rows: x.length, x: Float64Array.from(x), y: Float64Array.from(y), ...axes }
}

/** Two stars, a bright one to the right of the other, and who owns which pixel. */
function twoStars() {
  const { plane } = simulateField({
    width: 60,
    height: 60,
    count: 0,
    sky: 0,
    noise: false,
    psf: { profile: 'gauss', fwhm: 3 },
    stars: [
      { x: 25.2, y: 29.7, flux: 1000 },
      { x: 33, y: 30, flux: 3000 },
    ],
  })
  const segmentation = Int32Array.from(plane.data, (value, i) => (value < 0.5 ? 0 : i % 60 < 29.5 ? 1 : 2))
  return { plane, segmentation }
}

it('taking neighbours out gives back the flux of a blended star within 1 % and flags it', () => {
  const { plane, segmentation } = twoStars()
  const sources = shapes([25.2], [29.7])
  const flux = (neighbours: 'correct' | 'none') =>
    measureSources(plane, sources, { segmentation, neighbours, apertures: [6], kron: { least: 4 } }, workshop)
  const corrected = flux('correct')
  expect(corrected.fluxAper[0][0]).toBeGreaterThan(990)
  expect(corrected.fluxAper[0][0]).toBeLessThan(1010)
  expect(corrected.fluxAuto[0]).toBeLessThan(1010)
  expect(corrected.flags[0] & ~sourceFlags.neighbours).toBe(0)
  expect(flux('none').fluxAper[0][0]).toBeGreaterThan(1200)
})

it('the windowed position of a star is its own within 0.002 px, its variance that of repeated noise within 15 %', () => {
  const places: number[] = []
  let variance = 0
  for (let seed = 1; seed <= 300; seed++) {
    const options = { width: 32, height: 32, count: 0, sky: 100, readNoise: 5, gain: 2, seed }
    const { plane } = simulateField({ ...options, stars: [{ x: 15.3, y: 15.6, flux: 4000 }] })
    plane.data.forEach((value, i) => (plane.data[i] = value - 100))
    const noise = Math.sqrt(100 / 2 + 25 / 4)
    const m = measureSources(plane, shapes([15.3], [15.6]), { noise, gain: 2, neighbours: 'none' }, workshop)
    places.push(m.xWin[0])
    variance += m.xWinVar[0] / 300
  }
  const mean = places.reduce((sum, x) => sum + x, 0) / 300
  const spread = places.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 299
  expect(Math.abs(mean - 15.3)).toBeLessThan(3 * Math.sqrt(spread / 300) + 0.002)
  expect(Math.abs(Math.sqrt(spread / variance) - 1)).toBeLessThan(0.15)
})

it('bad pixels are replaced by those opposite the centre and flagged; outside the frame all is NaN', () => {
  const { plane } = twoStars()
  const mask = { width: 60, height: 60, data: new Uint8Array(3600) }
  mask.data[31 * 60 + 24] = maskBits.cosmic
  const clean = measureSources(plane, shapes([25, -4], [30, 3]), { apertures: [3] }, workshop)
  const bad = 31 * 60 + 24
  plane.data[bad] = NaN
  const m = measureSources(plane, shapes([25, -4], [30, 3]), { mask, apertures: [3] }, workshop)
  expect(m.fluxAper[0][0] / clean.fluxAper[0][0]).toBeCloseTo(1, 1)
  expect(m.flags[0] & sourceFlags.maskedInAperture).not.toBe(0)
  expect(m.flags[1]).toBe(sourceFlags.badSky)
  expect([m.fluxAuto[1], m.fluxAper[0][1], m.xWin[1], m.fluxRadius[0][1]]).toEqual([NaN, NaN, NaN, NaN])
})

it('SEP’s rule takes a circle of 1.75 px where the Kron aperture would be smaller', () => {
  const { plane } = twoStars()
  const small = { ...shapes([25.2], [29.7]), a: Float64Array.of(0.4), b: Float64Array.of(0.4) }
  const m = measureSources(plane, small, { kron: { recipe: 'sep', factor: 0.2 } }, workshop)
  expect(m.kronRadius[0]).toBe(0)
  expect(m.fluxAuto[0]).toBeGreaterThan(300)
})

it('shared out in pieces it measures the same', () => {
  const many = { ...alone, hands: 3 }
  const crowd = workshopOf(createArena(), {}, many)
  const { plane, truth } = simulateField({ width: 200, height: 200, count: 200, sky: 0, seed: 4 })
  const data = crowd.arena.float32(plane.data.length)
  data.set(plane.data)
  const sources = shapes(Array.from(truth.x), Array.from(truth.y))
  const options = { apertures: [2, 4], fractions: [0.5, 0.9], noise: 3, gain: 1 }
  const inPieces = measureSources({ ...plane, data }, sources, options, crowd)
  expect(inPieces).toEqual(measureSources(plane, sources, options, workshop))
})
