import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { parseHeader } from '#science/fits/header.ts'
import type { Header } from '#science/fits/header.ts'
import { areaDeg2, contains } from '#science/sky/moc.ts'
import { separation } from '#science/sky/vectors.ts'
import { seeded } from '#science/sky/seeded.ts'
import { replaceWcs, wcsCards } from './cards.ts'
import { footprintMoc, footprintOf, orientationAt } from './footprint.ts'
import { sectionWcs, sipWcs, tanWcs, tpvWcs } from './make.ts'
import { readWcs, wcsOf } from './wcs.ts'

function headerOf(lines: string[]): Header {
  return parseHeader(new TextEncoder().encode(lines.map((line) => line.padEnd(80)).join('')))
}

function keyword(name: string, value: number | string): string {
  return `${name.padEnd(8)}= ${typeof value === 'string' ? `'${value.padEnd(8)}'` : value}`
}

const plain: Record<string, number | string> = {
  CTYPE1: 'RA---TAN',
  CTYPE2: 'DEC--TAN',
  CRVAL1: 0.001,
  CRVAL2: -30,
  CRPIX1: 500,
  CRPIX2: 500,
  CD1_1: -1e-4,
  CD2_2: 1e-4,
}

function read(changes: Record<string, number | string | undefined> = {}) {
  const all = Object.entries({ ...plain, ...changes })
  return readWcs(
    headerOf(all.flatMap(([name, value]) => (value === undefined ? [] : [keyword(name, value)]))),
  )
}

describe('there and back', () => {
  const { cases } = JSON.parse(
    readFileSync(resolve(import.meta.dirname, '../../../../fixtures/imaging/wcs.json'), 'utf8'),
  ) as { cases: { name: string; cards?: string[]; pixels: { x: number[]; y: number[] } }[] }

  it('pixels come back within 1e-6 pixel wherever they have sky, for every header', () => {
    const random = seeded(11)
    for (const { name, cards, pixels } of cases) {
      const wcs = cards && readWcs(headerOf(cards))
      if (!wcs) continue
      const x = Float64Array.from({ length: 200 }, () => random() * Math.max(...pixels.x))
      const y = Float64Array.from({ length: 200 }, () => random() * Math.max(...pixels.y))
      const { ra, dec } = wcs.pixelsToSky(x, y)
      const back = wcs.skyToPixels(ra, dec)
      let worst = 0
      x.forEach((_, i) => {
        expect(Number.isNaN(back.x[i]), name).toBe(Number.isNaN(ra[i]))
        if (Number.isNaN(ra[i])) return
        expect(ra[i] >= 0 && ra[i] < 360).toBe(true)
        worst = Math.max(worst, Math.hypot(back.x[i] - x[i], back.y[i] - y[i]))
      })
      expect(worst, name).toBeLessThan(1e-6)
      expect(wcs.pixelToSky(x[7], y[7])).toEqual([ra[7], dec[7]])
      expect(wcsOf(structuredClone(wcs.terms)).pixelToSky(x[7], y[7])).toEqual([ra[7], dec[7]])
    }
  })

  it('absurd distortions give NaN or a pixel that has that sky, never another (1e-9 deg)', () => {
    const random = seeded(12)
    let found = 0
    for (let trial = 0; trial < 300; trial++) {
      const size = 10 ** (random() * 12 - 10)
      const coefficients = () => Array.from({ length: 25 }, () => (random() - 0.5) * size)
      const tangent = { crval: [359.9, 80], crpix: [512, 512], cd: [-1e-4, 0, 0, 1e-4] } as const
      const wcs =
        trial % 2
          ? sipWcs(
              tangent,
              { order: 4, coefficients: coefficients() },
              { order: 4, coefficients: coefficients() },
            )
          : tpvWcs(
              tangent,
              [0, 1, 0, ...coefficients().map((c) => c * 1e5)],
              [0, 1, 0, ...coefficients().map((c) => c * 1e5)],
            )
      for (let i = 0; i < 20; i++) {
        const ra = (359.9 + (random() - 0.5) * 0.5 + 360) % 360
        const dec = 80 + (random() - 0.5) * 0.1
        const pixel = wcs.skyToPixel(ra, dec)
        if (!pixel) continue
        found++
        const [backRa, backDec] = wcs.pixelToSky(...pixel)
        expect(separation(ra, dec, backRa, backDec)).toBeLessThan(1e-9)
      }
    }
    expect(found).toBeGreaterThan(1000)
  })

  it('a distortion that folds has no pixel beyond the fold', () => {
    const a = { order: 3, coefficients: Array.from({ length: 16 }, (_, i) => (i === 12 ? -1e-6 : 0)) }
    const zero = { order: 0, coefficients: [0] }
    const wcs = sipWcs({ crval: [10, 0], crpix: [0, 0], cd: [-1e-4, 0, 0, 1e-4] }, a, zero)
    // u − 1e-6 u³ is at most 385 at u = 577.
    expect(wcs.skyToPixel(10 - 0.038, 0)?.[0]).toBeLessThan(577.4)
    expect(wcs.skyToPixel(10 - 0.039, 0)).toBeNull()
  })
})

describe('what a header may say', () => {
  it('no celestial axes is no WCS', () => {
    expect(readWcs(headerOf([keyword('CTYPE1', 'LINEAR')]))).toBeNull()
    expect(readWcs(headerOf([]))).toBeNull()
    expect(readWcs(headerOf([keyword('CTYPE1', 'PIXEL'), keyword('CTYPE2', '')]))).toBeNull()
  })

  it.each([
    [{ CD1_1: 0 }, 'CD1_1'],
    [{ CD1_1: 'abc' }, 'CD1_1'],
    [{ CD1_1: 'NaN' }, 'CD1_1'],
    [{ CD1_1: undefined, CD2_2: undefined }, 'CDELT1'],
    [{ CRVAL2: undefined }, 'CRVAL2'],
    [{ CRPIX1: undefined }, 'CRPIX1'],
    [{ CRPIX1: 1e30 }, 'CRPIX1'],
    [{ CD1_1: 1e200, CD2_2: 1e-200 }, 'CD1_1'],
    [{ CD1_1: 1e-20, CD2_2: 1e-20 }, 'CD1_1'],
    [{ CRVAL2: 200 }, 'CRVAL2'],
    [{ CTYPE2: 'DEC--SIN' }, 'CTYPE1'],
    [{ CTYPE2: 'LINEAR' }, 'CTYPE1'],
    [{ CTYPE1: 'GLON-TAN' }, 'CTYPE'],
    [{ CUNIT1: 'parsec' }, 'CUNIT1'],
    [{ A_ORDER: 2 }, 'B_ORDER'],
    [{ A_ORDER: 77, B_ORDER: 2 }, 'A_ORDER'],
    [{ CTYPE1: 'RA---TPV', CTYPE2: 'DEC--TPV', PV1_1: 0 }, 'PVi_1'],
    [{ CTYPE1: 'RA---ZPN', CTYPE2: 'DEC--ZPN' }, 'PV2_1'],
    [{ CTYPE1: 'RA---TNX', CTYPE2: 'DEC--TNX', WAT1_001: 'lngcor = "1. 9."' }, 'WAT1_001'],
  ])('%j is refused, naming %s', (changes, name) => {
    const refused = () => read(changes)
    expect(refused).toThrow(expect.objectContaining({ code: 'wcs.invalid', details: { keyword: name } }))
  })

  it.each([
    [{ CTYPE1: 'RA---QSC', CTYPE2: 'DEC--QSC' }, 'QSC'],
    [{ CTYPE1: 'HPLN-TAN', CTYPE2: 'HPLT-TAN' }, 'HPLN'],
    [{ RADESYS: 'GAPPT' }, 'GAPPT'],
    [{ CD1_3: 1e-5, CTYPE3: 'FREQ' }, 'pixel axis 3'],
  ])('%j is unsupported, naming %s', (changes, name) => {
    try {
      read(changes)
      expect.unreachable()
    } catch (error) {
      expect(isProblem(error, 'wcs.unsupported') && error.message).toContain(name)
    }
  })

  it.each([
    [{ CTYPE2: 'DEC---TAN' }, ['DEC--TAN']],
    [{ CRVAL1: '10.5' }, ['CRVAL1']],
    [{ PV1_1: 3, PV1_2: 0.5 }, ['PV1_1', 'PV1_2']],
    [{ PV1_0: 0, PV1_1: 1, PV1_5: 0.1, PV2_1: 1 }, ['TPV']],
    [{ A_ORDER: 2, B_ORDER: 2, A_2_0: 1e-6 }, ['-SIP']],
    [{ EQUINOX: 'J2000' }, ['EQUINOX']],
    [{ RADECSYS: 'J2000' }, ['FK5']],
    [{ RADESYS: 'WEIRD' }, ['WEIRD']],
    [{ CUNIT1: 'degrees' }, ['CUNIT1']],
    [{ PC1_1: 1 }, ['PC']],
  ])('%j is put right and said', (changes, words) => {
    const repairs = read(changes)?.repairs ?? []
    expect(repairs).toHaveLength(words.length)
    words.forEach((word, i) => expect(repairs[i]).toContain(word))
  })

  it('an alternative WCS is read by its letter', () => {
    const lines = Object.entries(plain).map(([name, value]) => keyword(name, value))
    const other = Object.entries({ ...plain, CRVAL1: 77 }).map(([name, value]) => keyword(`${name}B`, value))
    const header = headerOf([...lines, ...other])
    expect(readWcs(header)?.terms.crval[0]).toBe(0.001)
    const b = readWcs(header, { alternate: 'B' })
    expect(b?.terms.crval[0]).toBe(77)
    expect(readWcs(header, { alternate: 'C' })).toBeNull()
    expect(b && wcsCards(b).every(({ keyword: name }) => name.endsWith('B'))).toBe(true)
  })

  it('a WCS replaces the one a header had and leaves the rest', () => {
    const header = headerOf([
      keyword('OBJECT', 'M 31'),
      ...Object.entries({ ...plain, CROTA2: 3, A_ORDER: 2, PV1_5: 1 }).map(([name, value]) =>
        keyword(name, value),
      ),
      keyword('CTYPE1B', 'RA---TAN'),
      keyword('EXPTIME', 30),
    ])
    const cards = replaceWcs(header.cards, tanWcs({ crval: [1, 2], crpix: [3, 4], cd: [-1, 0, 0, 1] }))
    const names = cards.map((each) => each.keyword)
    expect(names[0]).toBe('OBJECT')
    expect(names.slice(-2)).toEqual(['CTYPE1B', 'EXPTIME'])
    expect(names.filter((name) => /^(CROTA2|A_ORDER|PV1_5)$/.test(name))).toEqual([])
    expect(names.filter((name) => name === 'CRVAL1')).toHaveLength(1)
  })
})

describe('how the sky lies in an image', () => {
  const turned = (angle: number, mirror: boolean) => {
    const [c, s] = [Math.cos((angle * Math.PI) / 180) * 1e-4, Math.sin((angle * Math.PI) / 180) * 1e-4]
    const m = mirror ? -1 : 1
    return tanWcs({ crval: [0, 89], crpix: [500, 500], cd: [-c * m, s, s * m, c] })
  }
  it.each([0, 30, 135, 250])('north and east at %s degrees, both parities, to 1e-6 deg', (angle) => {
    const as = orientationAt(turned(angle, false), 500, 500)
    expect(as.parity).toBe(1)
    expect(as.scaleX).toBeCloseTo(1e-4, 10)
    expect(Math.cos(((as.eastAngle - as.northAngle - 90) * Math.PI) / 180)).toBeCloseTo(1, 12)
    const mirrored = orientationAt(turned(angle, true), 500, 500)
    expect(mirrored.parity).toBe(-1)
    // +y of the image lies at position angle `angle`.
    expect(as.upAngle).toBeCloseTo(angle, 6)
    expect(mirrored.upAngle).toBeCloseTo(angle, 6)
    // Following north by a little raises the declination and nothing else.
    for (const [wcs, o] of [
      [turned(angle, false), as],
      [turned(angle, true), mirrored],
    ] as const) {
      const rad = (o.northAngle * Math.PI) / 180
      const [ra, dec] = wcs.pixelToSky(500 - 0.01 * Math.sin(rad), 500 + 0.01 * Math.cos(rad))
      expect(dec - 89).toBeGreaterThan(0.99e-6)
      expect(Math.min(ra, 360 - ra)).toBeLessThan(1e-7)
    }
  })

  it.each([
    [0, 10],
    [0, 90],
    [180, -89.99],
    [359.999, 0],
  ])('footprint about (%s, %s): area within 1e-4, every corner in the circle and the MOC', (ra, dec) => {
    const wcs = tanWcs({ crval: [ra, dec], crpix: [999.5, 499.5], cd: [-5e-4, 0, 0, 5e-4] })
    const { polygon, centre, radiusDeg, areaDeg2: area } = footprintOf(wcs, 2000, 1000)
    expect(separation(...centre, ra, dec)).toBeLessThan(1e-4)
    expect(Math.abs(area / 0.5 - 1)).toBeLessThan(2e-4)
    expect(radiusDeg).toBeCloseTo(Math.hypot(0.5, 0.25), 3)
    expect(polygon).toHaveLength(64)
    const moc = footprintMoc(wcs, 2000, 1000, 11)
    for (const [cornerRa, cornerDec] of polygon) {
      expect(separation(...centre, cornerRa, cornerDec)).toBeLessThan(radiusDeg + 1e-9)
      expect(contains(moc, cornerRa, cornerDec)).toBe(true)
    }
    expect(areaDeg2(moc)).toBeGreaterThan(0.5)
    expect(areaDeg2(moc)).toBeLessThan(0.7)
  })

  it('a whole-sky image covers the whole sky', () => {
    const wcs = read({ CTYPE1: 'RA---AIT', CTYPE2: 'DEC--AIT', CRVAL2: 0, CD1_1: -0.4, CD2_2: 0.4 })
    if (!wcs) throw new Error('unreachable')
    const { polygon, areaDeg2: area, radiusDeg } = footprintOf(wcs, 1000, 1000)
    expect(polygon).toEqual([])
    expect(radiusDeg).toBe(180)
    expect(Math.abs(area / 41252.96 - 1)).toBeLessThan(0.05)
    expect(areaDeg2(footprintMoc(wcs, 1000, 1000, 5))).toBeCloseTo(41252.96, 1)
  })

  it('a section and a binned image show the same sky (1e-12 deg)', () => {
    const wcs = tanWcs({ crval: [0, 10], crpix: [500.25, 499.5], cd: [-5e-4, 1e-5, 2e-5, 5e-4] })
    const part = sectionWcs(wcs, 100, 37)
    expect(separation(...part.pixelToSky(10, 20), ...wcs.pixelToSky(110, 57))).toBeLessThan(1e-12)
    const binned = sectionWcs(wcs, 100, 37, 4)
    expect(separation(...binned.pixelToSky(0, 0), ...wcs.pixelToSky(101.5, 38.5))).toBeLessThan(1e-12)
    expect(wcs.pixelScaleDeg()).toBeCloseTo(5e-4, 6)
  })
})
