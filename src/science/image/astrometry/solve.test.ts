import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openFits } from '#science/fits/file.ts'
import { columnNamed, plainValues, readTable } from '#science/fits/table.ts'
import { separation } from '#science/sky/vectors.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { dataFile } from '#test/data.ts'
import { solveField, starIndex } from './solve.ts'
import type { FieldDetections } from './solve.ts'
import { packStars, starList, unpackStars } from './stars.ts'
import type { StarList } from './stars.ts'

/** Stars evenly over a cap, magnitudes as the sky has them: ten times as many for each two magnitudes. */
function sky(seed: number, count: number, ra: number, dec: number, radiusDeg: number): StarList {
  const random = seededRandom(seed)
  const columns = { ra: [] as number[], dec: [] as number[], mag: [] as number[] }
  for (let i = 0; i < count; i++) {
    const away = Math.acos(1 - random.uniform() * (1 - Math.cos((radiusDeg * Math.PI) / 180)))
    const [lon, lat] = offset(ra, dec, random.uniform() * 2 * Math.PI, away)
    columns.ra.push(lon)
    columns.dec.push(lat)
    columns.mag.push(16 + 2 * Math.log10(random.uniform()))
  }
  return starList(columns.ra, columns.dec, columns.mag)
}

function offset(ra: number, dec: number, angle: number, away: number): [number, number] {
  const lat = (dec * Math.PI) / 180
  const sin = Math.sin(lat) * Math.cos(away) + Math.cos(lat) * Math.sin(away) * Math.cos(angle)
  const turn = Math.atan2(
    Math.sin(angle) * Math.sin(away) * Math.cos(lat),
    Math.cos(away) - Math.sin(lat) * sin,
  )
  return [(((ra + (turn * 180) / Math.PI) % 360) + 360) % 360, (Math.asin(sin) * 180) / Math.PI]
}

interface Camera {
  ra: number
  dec: number
  widthDeg: number
  angle: number
  mirrored?: boolean
  /** Third-order distortion, px at the corner. */
  barrel?: number
}

/** What a camera sees of a sky: stars with errors of 0.3 px, some missing, and false ones among them. */
function photograph(stars: StarList, camera: Camera, seed: number): FieldDetections {
  const random = seededRandom(seed)
  const [width, height] = [1600, 1200]
  const scale = width / 2 / Math.tan((camera.widthDeg * Math.PI) / 360)
  const [sinA, cosA] = [Math.sin(camera.angle), Math.cos(camera.angle)]
  const [lon0, lat0] = [(camera.ra * Math.PI) / 180, (camera.dec * Math.PI) / 180]
  const seen: [number, number, number][] = []
  for (let i = 0; i < stars.rows && seen.length < 300; i++) {
    const [lon, lat] = [(stars.ra[i] * Math.PI) / 180 - lon0, (stars.dec[i] * Math.PI) / 180]
    const w = Math.sin(lat0) * Math.sin(lat) + Math.cos(lat0) * Math.cos(lat) * Math.cos(lon)
    if (w < 0.3) continue
    const xi = (Math.cos(lat) * Math.sin(lon)) / w
    const eta = (Math.cos(lat0) * Math.sin(lat) - Math.sin(lat0) * Math.cos(lat) * Math.cos(lon)) / w
    const u = (camera.mirrored ? 1 : -1) * xi
    let x = scale * (cosA * u - sinA * eta)
    let y = scale * (sinA * u + cosA * eta)
    const bend = 1 + (camera.barrel ?? 0) * ((x * x + y * y) / 1e6) * 1e-3
    x = x * bend + width / 2 - 0.5
    y = y * bend + height / 2 - 0.5
    if (x < 0 || y < 0 || x > width - 1 || y > height - 1 || random.uniform() < 0.15) continue
    const flux = 10 ** (-0.4 * (stars.mag[i] + 0.2 * random.normal()))
    seen.push([x + 0.3 * random.normal(), y + 0.3 * random.normal(), flux])
  }
  for (let n = Math.round(seen.length / 4); n > 0; n--)
    seen.push([random.uniform() * width, random.uniform() * height, seen[random.integer(seen.length)][2]])
  return {
    x: seen.map(([x]) => x),
    y: seen.map(([, y]) => y),
    flux: seen.map(([, , flux]) => flux),
    width,
    height,
  }
}

describe('a blind solution', () => {
  const widthsDeg = [0.1, 0.2, 0.5, 1, 2, 5, 10]
  for (const [n, widthDeg] of widthsDeg.entries()) {
    it(`finds seeded fields ${widthDeg}° wide, centre within a pixel, residuals below 0.35 px`, () => {
      const [ra, dec] = [(37 + 97 * n) % 360, [-89.9, -45, 0, 12, 60, 85, 89.5][n]]
      // About forty stars to a field; the index covers an area of five by five fields.
      const radiusDeg = 2.5 * widthDeg
      const stars = sky(100 + n, 1100, ra, dec, Math.min(90, radiusDeg))
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
      if (solveField(field, index, { deepest: 20 })) wrong.push(n)
    }
    expect(wrong).toEqual([])
  })

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
