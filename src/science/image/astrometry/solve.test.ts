import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openFits } from '#science/fits/file.ts'
import { columnNamed, plainValues, readTable } from '#science/fits/table.ts'
import { separation } from '#science/sky/vectors.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { dataFile } from '#test/data.ts'
import { offset, photograph, sky } from '#test/photographed-sky.ts'
import { solveField, starIndex } from './solve.ts'
import type { FieldDetections } from './solve.ts'
import { packStars, starList, unpackStars } from './stars.ts'

describe('a blind solution', () => {
  const widthsDeg = [0.1, 0.2, 0.5, 1, 2, 5, 10]
  for (const [n, widthDeg] of widthsDeg.entries()) {
    it(`finds seeded fields ${widthDeg}° wide, centre within a pixel, residuals below 0.35 px`, () => {
      const [ra, dec] = [(37 + 97 * n) % 360, [-89.9, -45, 0, 12, 60, 85, 89.5][n]]
      // About seventy stars to a field; the index covers an area of five by five fields.
      const radiusDeg = 2.5 * widthDeg
      const stars = sky(100 + n, 1800, ra, dec, Math.min(90, radiusDeg))
      const index = starIndex(stars)
      for (const [k, mirrored] of [false, true].entries()) {
        const [fieldRa, fieldDec] = offset(ra, dec, 1 + n + k, ((0.8 * widthDeg) / 180) * Math.PI)
        const field = photograph(
          stars,
          { ra: fieldRa, dec: fieldDec, widthDeg, angle: 0.7 + n + 2 * k, mirrored, barrel: 2 },
          7 * n + k,
        )
        const found = solveField(field, index)
        expect(found).not.toBeNull()
        const pixel = (2 * Math.tan((widthDeg * Math.PI) / 360) * 180) / Math.PI / 1600
        expect(separation(fieldRa, fieldDec, ...found!.crval)).toBeLessThan(pixel)
        expect(found!.parity).toBe(mirrored ? 1 : -1)
        expect(found!.rmsPx).toBeLessThan(0.35)
        expect(Math.abs(found!.pixelScaleArcsec / 3600 / pixel - 1)).toBeLessThan(0.002)
      }
    })
  }

  it('finds nothing where the stars are not in the index: no wrong solution on 200 fields', () => {
    const index = starIndex(sky(1, 1500, 120, 30, 12))
    const elsewhere = sky(2, 60_000, 300, -20, 40)
    const random = seededRandom(3)
    const wrong: number[] = []
    for (let n = 0; n < 200; n++) {
      const [ra, dec] = offset(300, -20, 2 * Math.PI * random.uniform(), 0.5 * random.uniform())
      const widthDeg = 2 + 7 * random.uniform()
      const field = photograph(elsewhere, { ra, dec, widthDeg, angle: 6 * random.uniform() }, n)
      if (solveField(field, index, { deepest: 15 })) wrong.push(n)
    }
    expect(wrong).toEqual([])
  }, 120_000)

  it('says that five detections are too few', () => {
    const field = { x: [1, 2, 3, 4, 5], y: [1, 5, 3, 2, 4], flux: [5, 4, 3, 2, 1], width: 10, height: 10 }
    expect(() => solveField(field, starIndex(sky(1, 100, 0, 0, 5)))).toThrow('There are 5 detections')
  })

  it('packs stars to 0.04″ and 0.001 mag', () => {
    const stars = sky(9, 500, 359.9, -89.5, 10)
    const again = unpackStars(packStars(stars))
    for (let i = 0; i < stars.rows; i++) {
      expect(separation(stars.ra[i], stars.dec[i], again.ra[i], again.dec[i]) * 3600).toBeLessThan(0.04)
      expect(Math.abs(stars.mag[i] - again.mag[i])).toBeLessThan(0.00051)
    }
  })

  const list = dataFile('imaging', 'astrometry', 'apod4.xyls')
  const bright = dataFile('imaging', 'astrometry', 'tycho2-mag6.fits')
  const nebula = dataFile('imaging', 'astrometry', 'apod1.xyls')
  it.skipIf(!list || !bright || !nebula)(
    'the Big Dipper (34°) is found with 4,683 bright stars, NGC 2264 (1.5°) is not (needs shared test data)',
    () => {
      const file = openFits(readFileSync(bright!))
      const table = readTable(file.bytes, file.hdus[1])
      const column = (name: string) => plainValues(columnNamed(table, name))
      const index = starIndex(starList(column('RA'), column('DEC'), column('MAG')))
      const found = solveField(detections(list!, 719, 507), index)
      expect(separation(187.2, 56.7, ...found!.crval)).toBeLessThan(0.5)
      expect(Math.abs(found!.pixelScaleArcsec / 170.9 - 1)).toBeLessThan(0.01)
      expect(solveField(detections(nebula!, 800, 527), index, { deepest: 40 })).toBeNull()
    },
  )
})

function detections(path: string, width: number, height: number): FieldDetections {
  const file = openFits(readFileSync(path))
  const table = readTable(file.bytes, file.hdus[1])
  const column = (name: string) => plainValues(columnNamed(table, name))
  return {
    x: column('X').map((x) => x - 1),
    y: column('Y').map((y) => y - 1),
    flux: column('FLUX'),
    width,
    height,
  }
}
