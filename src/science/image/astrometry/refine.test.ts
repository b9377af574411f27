import { describe, expect, it } from 'vitest'
import { separation } from '#science/sky/vectors.ts'
import { photograph, sky } from '#test/photographed-sky.ts'
import { isProblem } from '#problem.ts'
import { packIndex, sourceOf, unpackIndex } from './index-pack.ts'
import { plateWcs, refineWcs } from './plate-wcs.ts'
import { solveField, starIndex } from './solve.ts'
import { packStars } from './stars.ts'
import { tanWcs } from '#science/fits/wcs/make.ts'

const [width, height] = [1600, 1200]
const stars = sky(5, 6000, 210, 54, 2)
const camera = { ra: 210.3, dec: 54.2, widthDeg: 1.2, angle: 0.4, barrel: 8 }
const scale = (2 * Math.tan((camera.widthDeg * Math.PI) / 360) * 180) / Math.PI / width

/** The camera without its distortion, turned and shifted by a little. */
function roughWcs(shiftPx: number, turnDeg: number) {
  const turn = -camera.angle + (turnDeg * Math.PI) / 180
  const [sin, cos] = [Math.sin(turn) * scale, Math.cos(turn) * scale]
  return tanWcs({
    crval: [camera.ra, camera.dec],
    crpix: [(width - 1) / 2 + shiftPx, (height - 1) / 2 - shiftPx],
    cd: [-cos, sin, sin, cos],
  })
}

describe('a WCS refined', () => {
  const field = photograph(stars, camera, 11)
  const x = Float64Array.from(field.x)
  const y = Float64Array.from(field.y)

  it('finds 12 px of distortion and 15 px of shift again, to 0.1 px over the whole field', () => {
    const found = refineWcs(roughWcs(15, 0.05), x, y, stars, { width, height, errorPx: 40, order: 3 })!
    expect(found.order).toBe(3)
    expect(found.rmsPx).toBeLessThan(0.35)
    const wcs = plateWcs(found)
    const errors = found.matches.map(({ detection, ra, dec }) => {
      const [px, py] = wcs.skyToPixel(ra, dec)!
      return [px - x[detection], py - y[detection]]
    })
    const mean = (k: number) => errors.reduce((sum, error) => sum + error[k], 0) / errors.length
    expect(Math.abs(mean(0))).toBeLessThan(0.1)
    expect(Math.abs(mean(1))).toBeLessThan(0.1)
    expect(found.matches.length).toBeGreaterThan(150)
  })

  it('has no distortion where the stars show none, and is right to 0.1 px in the corners', () => {
    const straight = { ...camera, barrel: 0 }
    const seen = photograph(stars, straight, 12)
    const found = refineWcs(roughWcs(8, 0.02), Float64Array.from(seen.x), Float64Array.from(seen.y), stars, {
      width,
      height,
      errorPx: 40,
      order: 3,
    })!
    expect(found.order).toBe(1)
    const truth = roughWcs(0, 0)
    for (const [px, py] of [
      [0, 0],
      [width - 1, 0],
      [0, height - 1],
      [width - 1, height - 1],
    ]) {
      const [x1, y1] = plateWcs(found).skyToPixel(...truth.pixelToSky(px, py))!
      expect(Math.hypot(x1 - px, y1 - py)).toBeLessThan(0.1)
    }
  })

  it('goes from pixels to the sky and back within 1e-6 px', () => {
    const wcs = plateWcs(refineWcs(roughWcs(5, 0), x, y, stars, { width, height, errorPx: 20 })!)
    for (const [px, py] of [
      [0, 0],
      [1599, 0],
      [800, 600],
      [3, 1190],
    ]) {
      const [backX, backY] = wcs.skyToPixel(...wcs.pixelToSky(px, py))!
      expect(Math.hypot(backX - px, backY - py)).toBeLessThan(1e-6)
    }
  })

  it('gives nothing for a mirrored WCS or one off by four times what is said, and forgives a turn of 1°', () => {
    const fitted = (wcs: ReturnType<typeof tanWcs>) =>
      refineWcs(wcs, x, y, stars, { width, height, errorPx: 20, order: 3 })
    const [sin, cos] = [Math.sin(-camera.angle) * scale, Math.cos(camera.angle) * scale]
    const crpix = [(width - 1) / 2, (height - 1) / 2] as const
    const mirrored = tanWcs({ crval: [camera.ra, camera.dec], crpix, cd: [cos, -sin, sin, cos] })
    expect(fitted(mirrored)).toBeNull()
    expect(fitted(roughWcs(80, 0))).toBeNull()
    expect(fitted(roughWcs(0, 1))!.rmsPx).toBeLessThan(0.35)
  })

  it('gives nothing where the stars are not there', () => {
    const elsewhere = sky(6, 6000, 30, -10, 2)
    expect(refineWcs(roughWcs(0, 0), x, y, elsewhere, { width, height, errorPx: 20 })).toBeNull()
  })
})

describe('an index in a file', () => {
  const packed = (sizes: [number, number]): Uint8Array => Buffer.concat([...packIndex(stars, sizes)])

  it('solves as the one it was made of, with the levels it holds and those it does not', () => {
    const index = starIndex(stars)
    const again = unpackIndex(sourceOf(packed([0.2, 0.6])))
    expect(again.sizes).toEqual(index.sizes)
    const found = solveField(photograph(stars, camera, 12), again)!
    expect(separation(camera.ra, camera.dec, ...found.crval)).toBeLessThan(2 * scale)
    expect(unpackIndex(sourceOf(packStars(stars))).stars.rows).toBe(stars.rows)
  })

  it('is refused when damaged, cut off or something else', () => {
    const bytes = packed([0.2, 0.3])
    const broken = [
      bytes.slice(0, 40),
      bytes.slice(0, bytes.length / 2),
      new Uint8Array(100),
      new Uint8Array(0),
    ]
    for (const each of broken) {
      let thrown: unknown
      try {
        unpackIndex(sourceOf(each))
      } catch (error) {
        thrown = error
      }
      expect(isProblem(thrown, 'astrometry.invalid_index')).toBe(true)
    }
  })
})
