import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openFits } from '#science/fits/file.ts'
import { formatHeader, parseHeader } from '#science/fits/header.ts'
import type { Header } from '#science/fits/header.ts'
import { separation } from '#science/sky/vectors.ts'
import { dataFile } from '#test/data.ts'
import { wcsCards } from './cards.ts'
import { readWcs } from './wcs.ts'
import type { Wcs } from './wcs.ts'

interface Case {
  name: string
  cards?: string[]
  source?: { path: string; hdu: number }
  pixels: { x: number[]; y: number[]; ra: (number | null)[]; dec: (number | null)[] }
  sky: { ra: number[]; dec: number[]; x: (number | null)[]; y: (number | null)[] }
}
const { cases } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../../fixtures/imaging/wcs.json'), 'utf8'),
) as { cases: Case[] }

function headerOfCards(cards: string[]): Header {
  return parseHeader(new TextEncoder().encode(cards.map((card) => card.padEnd(80)).join('')))
}

function headerOf({ cards, source }: Case): Header | undefined {
  if (cards) return headerOfCards(cards)
  const file = source && dataFile(...source.path.split('/'))
  return file ? openFits(readFileSync(file)).hdus[source.hdu].header : undefined
}

function wcsOfCase(each: Case): Wcs | undefined {
  const header = headerOf(each)
  return header ? (readWcs(header) ?? undefined) : undefined
}

const worst = (values: number[]): number => Math.max(0, ...values)

describe('against astropy and WCSLIB', () => {
  it.each(cases)('$name: pixels to sky within 1e-8 deg and 1e-6 pixel', (each) => {
    const wcs = wcsOfCase(each)
    if (!wcs) return
    const { x, y, ra, dec } = each.pixels
    const got = wcs.pixelsToSky(Float64Array.from(x), Float64Array.from(y))
    const miss = x.map((_, i) => {
      const [expectedRa, expectedDec] = [ra[i], dec[i]]
      if (expectedRa === null || expectedDec === null) return Number.isNaN(got.dec[i]) ? 0 : Infinity
      return separation(got.ra[i], got.dec[i], expectedRa, expectedDec)
    })
    expect(worst(miss)).toBeLessThan(Math.min(1e-8, 1e-6 * wcs.pixelScaleDeg()))
  })
  it.each(cases)('$name: sky to pixels within 1e-6 pixel', (each) => {
    const wcs = wcsOfCase(each)
    if (!wcs) return
    const { x, y, ra, dec } = each.sky
    const got = wcs.skyToPixels(Float64Array.from(ra), Float64Array.from(dec))
    const miss = ra.map((_, i) => {
      const [expectedX, expectedY] = [x[i], y[i]]
      if (expectedX === null || expectedY === null) return Number.isNaN(got.x[i]) ? 0 : Infinity
      return Math.hypot(got.x[i] - expectedX, got.y[i] - expectedY)
    })
    expect(worst(miss)).toBeLessThan(1e-6)
  })
})

it('cards written and read again give the same terms to the last bit', () => {
  for (const each of cases) {
    const wcs = wcsOfCase(each)
    if (!wcs) continue
    const again = readWcs(parseHeader(formatHeader(wcsCards(wcs))))
    expect(again?.terms, each.name).toEqual(wcs.terms)
    expect(again?.repairs, each.name).toEqual([])
  }
})

describe('what is left out is said', () => {
  const plain = [
    "CTYPE1  = 'RA---TAN'",
    "CTYPE2  = 'DEC--TAN'",
    'CRVAL1  = 83.0',
    'CRVAL2  = -5.4',
    'CRPIX1  = 300.0',
    'CRPIX2  = 300.0',
    'CDELT1  = -2.8E-04',
    'CDELT2  = 2.8E-04',
  ]
  const told = (...more: string[]): string => readWcs(headerOfCards([...plain, ...more]))!.repairs.join(' ')

  it('tables of corrections, plate solutions beside a WCS, a rotation of the other axis', () => {
    expect(told("CPDIS1  = 'LOOKUP'", "CPDIS2  = 'LOOKUP'", 'CPERR1  = 0.02', 'CPERR2  = 0.03')).toMatch(
      /CPDIS1 and CPDIS2 .*up to 0\.03 pixels, is not applied/,
    )
    expect(told("D2IMDIS1= 'LOOKUP'")).toMatch(/D2IMDIS1 \(a table of corrections\) is not applied/)
    expect(told('AMDX1   = 67.2', 'AMDY1   = 67.2', 'PLTRAH  = 5')).toMatch(
      /plate solution .* is not applied/,
    )
    expect(told('CROTA1  = 33.0')).toMatch(/CROTA1 = 33 is ignored.*CROTA2, which is absent/)
    expect(told('CROTA1  = 33.0', 'CROTA2  = 33.0')).toBe('')
    expect(told('CROTA1  = 0.0', 'CROTA2  = 33.0')).toBe('')
  })

  it('and where it is all there is, the header is refused', () => {
    const cards = plain.map((card) => card.replace('TAN', 'TAN-TPD'))
    expect(() => readWcs(headerOfCards(cards))).toThrow(/'RA---TAN-TPD' names the distortion TPD/)
    const plate = ['AMDX1   = 67.2', 'AMDY1   = 67.2', 'PLTRAH  = 5']
    expect(() => readWcs(headerOfCards(plate))).toThrow(/plate solution .* no other WCS/)
  })
})
