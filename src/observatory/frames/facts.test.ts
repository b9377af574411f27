import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dataFile } from '#test/data.ts'
import { card } from '#science/fits/header.ts'
import { openFits } from '#science/fits/file.ts'
import type { CardValue } from '#science/fits/card.ts'
import { writeFits } from '#science/fits/write.ts'
import { mjdOf } from '#science/sky/time.ts'
import { parseIso } from '#science/sky/iso.ts'
import { findSite } from '#science/sky/sites.ts'
import { dialects, fallback } from './dialects/registry.ts'
import { examineHdus } from './examine.ts'
import { facts } from './facts.ts'
import { Facts, factNames } from './frame.ts'

type Words = Record<string, CardValue | [CardValue, string]>

function factsOf(words: Words): Facts {
  const cards = Object.entries(words).map(([keyword, value]) =>
    Array.isArray(value)
      ? card(keyword, value[0] as CardValue, value[1] as string)
      : card(keyword, value as CardValue),
  )
  const bytes = writeFits([{ kind: 'image', shape: [50, 40], data: new Int16Array(2_000), cards }])
  return facts(openFits(bytes).hdus)
}

const mjd = (iso: string): number => mjdOf(parseIso(iso))

describe('dialects', () => {
  it.each([...dialects, fallback])('$id: keywords as headers have them, sites that exist', (dialect) => {
    for (const [name, sources] of Object.entries(dialect.facts)) {
      expect(factNames).toContain(name)
      for (const { keyword, with: others = [], clock = [] } of sources)
        for (const each of [keyword, ...others, ...clock]) expect(each).toBe(each.toUpperCase().trim())
    }
    if (dialect.always?.site !== undefined) expect(findSite(dialect.always.site).slug).toBeTruthy()
    for (const rule of dialect.recognise)
      for (const pattern of Object.values(rule)) expect(pattern.global).toBe(false)
  })

  it('have names of their own', () => {
    const ids = [...dialects, fallback].map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it.each<[string, Words, Partial<Facts>]>([
    [
      'decam',
      {
        INSTRUME: 'DECam',
        FILTER: 'g DECam SDSS c0001 4720.0 1520.0',
        OBSTYPE: 'zero',
        'DATE-OBS': '2018-08-04T09:23:31.5',
        EXPTIME: 0,
        GAINA: 4,
        GAINB: 4.2,
        SATURATA: 40_000,
        SATURATB: 38_000,
      },
      { filter: 'g', kind: 'bias', gain: 4.1, saturation: 38_000, telescope: 'Blanco' },
    ],
    [
      'gemini-gmos',
      {
        INSTRUME: 'GMOS-S',
        OBSERVAT: 'Gemini-South',
        FILTER1: 'open1-6',
        FILTER2: 'r_G0326',
        OBSTYPE: 'OBJECT',
        'DATE-OBS': '2026-11-21',
        UTSTART: '03:04:05.5',
        EXPTIME: 10,
        CCDSUM: '2 2',
      },
      { filter: 'r', kind: 'object', binning: [2, 2] },
    ],
    [
      'lco',
      {
        ORIGIN: 'LCOGT',
        OBSTYPE: 'SKYFLAT',
        FILTER: 'rp',
        'DATE-OBS': '2026-11-21T03:04:05',
        EXPTIME: 5,
        GAIN: 1,
        SATURATE: 120_000,
        LATITUDE: -31.38,
        LONGITUD: 20.81,
        HEIGHT: 1798,
      },
      { filter: 'r', kind: 'flat', gain: 1 },
    ],
    [
      'ztf',
      {
        INSTRUME: 'ZTF/MOSAIC',
        FILTER: 'ZTF_i',
        OBSMJD: 59_000.5,
        EXPTIME: 30,
        GAIN: 6.2,
        IMGTYPE: 'object',
      },
      { filter: 'i', kind: 'object', telescope: 'P48', gain: 6.2 },
    ],
    [
      'eso',
      {
        'ESO DPR TYPE': 'FLAT,SKY',
        'ESO INS FILT1 NAME': 'B_BESS',
        'ESO DET OUT1 CONAD': 2.1,
        'ESO DET OUT1 GAIN': 0.48,
        'DATE-OBS': '2026-11-21T03:04:05',
        EXPTIME: 3,
      },
      { kind: 'flat', gain: 2.1, filterName: 'B_BESS' },
    ],
    [
      'nina',
      {
        SWCREATE: 'N.I.N.A. 3.1',
        IMAGETYP: 'LIGHT',
        GAIN: 2750,
        EGAIN: 0.256,
        FILTER: 'm400',
        'DATE-OBS': '2026-11-21T03:04:05.123',
        EXPTIME: 100,
        SITELAT: -30.47,
        SITELONG: -70.78,
        SITEELEV: 1580,
      },
      { gain: 0.256, kind: 'object', filter: null, filterName: 'm400' },
    ],
    [
      'tcspy',
      {
        LOGPATH: '/x/tcspy/log',
        IMAGETYP: 'Light',
        GAIN: 2750,
        'DATE-OBS': '2026-11-21 03:04:05',
        EXPTIME: 60,
      },
      { gain: null, kind: 'object' },
    ],
    [
      'maxim',
      {
        SWCREATE: 'MaxIm DL Version 6.20',
        IMAGETYP: 'Light Frame',
        FILTER: 'R',
        'DATE-OBS': '2026-11-21',
        'TIME-OBS': '03:04:05',
        EXPTIME: 60,
        OBJCTRA: '05 34 31.9',
        OBJCTDEC: '+22 00 52',
      },
      { filter: 'R', kind: 'object' },
    ],
    [
      'swarp',
      { SOFTNAME: 'SWarp', OBSTYPE: 'object', GAIN: 120, EXPTIME: 300 },
      { kind: 'stack', gain: 120 },
    ],
    ['hotpants', { DIFFCMD: 'hotpants -inim a', OBSTYPE: 'object' }, { kind: 'difference' }],
    [
      'sdss',
      {
        ORIGIN: 'SDSS    ',
        TELESCOP: '2.5m',
        'DATE-OBS': '2006-10-20',
        TAIHMS: '06:18:00.25',
        TIMESYS: 'TAI',
        EXPTIME: 53.907456,
        FILTER: 'r',
        GAIN: 4.7,
      },
      { kind: 'object', filter: 'r', exposure: 53.907456, gain: null },
    ],
    [
      'keck-infrared',
      {
        TELESCOP: 'Keck II',
        CURRINST: 'NIRC2',
        'DATE-OBS': '2020-05-06',
        EXPSTART: '07:08:09.5',
        ITIME: 2.5,
        COADDS: 12,
        DETGAIN: 4,
      },
      { exposure: 30, gain: 4 },
    ],
    [
      'alfosc',
      {
        INSTRUME: 'ALFOSC_FASU',
        'DATE-OBS': '2024-05-06T21:08:09.5',
        'DATE-AVG': '2024-05-06T21:09:09.5',
        EXPTIME: 120,
        ALFLTNM: "r'_SDSS 618_148",
        FAFLTNM: 'Open',
        FBFLTNM: 'Open',
        IMAGETYP: '',
        IMAGECAT: 'SCIENCE',
      },
      { kind: 'object', telescope: 'NOT', filterName: "r'_SDSS 618_148" },
    ],
    [
      'asiair',
      { CREATOR: 'ZWO ASIAIR Plus', INSTRUME: 'ZWO ASI533MC Pro', IMAGETYP: 'Light', GAIN: 12, EXPTIME: 60 },
      { kind: 'object', gain: null },
    ],
    ['cmos-camera', { INSTRUME: 'QHYCCD-Cameras-Capture QHY600M', GAIN: 26, EGAIN: 0.8 }, { gain: 0.8 }],
    [
      'siril',
      { PROGRAM: 'Siril v1.2.1', STACKCNT: 40, LIVETIME: 2400, EXPTIME: 60, IMAGETYP: 'Light', GAIN: 12 },
      { kind: 'stack', exposure: 2400, gain: null },
    ],
  ])('%s', (id, words, wanted) => {
    const found = factsOf(words)
    expect(found.profiles).toContain(id)
    for (const [name, value] of Object.entries(wanted)) {
      const got = found[name as keyof Facts]
      if (typeof value === 'number') expect(got as number).toBeCloseTo(value, 6)
      else expect([name, got]).toEqual([name, value])
    }
    expect(Facts.safeParse(found).success).toBe(true)
  })

  it('of SDSS: atomic time becomes UTC, and one middle of a drift scan is not named', () => {
    const found = factsOf({
      ORIGIN: 'SDSS',
      TELESCOP: '2.5m',
      'DATE-OBS': '2006-10-20',
      TAIHMS: '06:18:00.25',
      EXPTIME: 53.9,
    })
    expect(found.time?.mjd).toBeCloseTo(mjd('2006-10-20T06:17:27.25Z'), 9)
    expect(found.time?.middle).toBeNull()
  })

  it('that disagree leave a fact unsaid, and say so', () => {
    const found = factsOf({
      SWCREATE: 'N.I.N.A. 3.1',
      LOGPATH: 'tcspy',
      'DATE-AVG': '2026-11-21T03:05:05',
      'DATE-OBS': '2026-11-21T03:04:05',
      EXPTIME: 60,
      EGAIN: 0.25,
    })
    expect(found.time).toBeNull()
    expect(found.missing.time).toMatch(
      /two dialects that disagree on the time.*DATE-OBS.*DATE-AVG|DATE-AVG.*DATE-OBS/,
    )
    expect(found.gain).toBe(0.25)
  })
})

describe('time', () => {
  const of = (words: Words): Facts => factsOf({ EXPTIME: 60, ...words })

  it('is what the header says, its middle half an exposure later', () => {
    const { time, doubts } = of({ 'DATE-OBS': ['2026-11-21T03:04:05.5', 'Start of exposure'] })
    expect(time).toMatchObject({ place: 'start', scale: 'utc' })
    expect(Math.abs(time!.middle! - mjd('2026-11-21T03:04:35.5')) * 86_400).toBeLessThan(1e-5)
    expect(doubts).toEqual([])
  })

  it('says where it had to follow the standard, and what a comment says otherwise', () => {
    expect(of({ 'DATE-OBS': '2026-11-21T03:04:05' }).doubts.join()).toContain('its start is taken')
    const middle = of({ 'DATE-OBS': ['2026-11-21T03:04:05', 'UTC midpoint of exposure'] }).time!
    expect(middle).toMatchObject({ place: 'middle', middle: middle.mjd })
    const end = of({ 'DATE-END': '2026-11-21T03:05:05' }).time!
    expect(Math.abs(end.middle! - mjd('2026-11-21T03:04:35')) * 86_400).toBeLessThan(1e-5)
  })

  it('of other scales becomes UTC; one that nobody knows is left as text', () => {
    const tai = of({ 'MJD-OBS': 60_000, TIMESYS: 'TAI' }).time!
    expect((60_000 - tai.mjd!) * 86_400).toBeCloseTo(37, 5)
    expect(of({ 'MJD-OBS': 60_000, TIMESYS: 'LOCAL' }).time).toMatchObject({ mjd: null, scale: 'unknown' })
  })

  it('of a day alone is none, unless another keyword says the rest', () => {
    expect(of({ 'DATE-OBS': '2026-11-21' }).missing.time).toContain('a day without a time')
    expect(of({ 'DATE-OBS': '26/10/92', 'TIME-OBS': '03:04:08' }).time!.mjd).toBeCloseTo(
      mjd('1992-10-26T03:04:08'),
      9,
    )
    expect(of({ JD: 2_460_000.5 }).time).toMatchObject({ mjd: 60_000, place: 'unknown', middle: null })
    expect(of({ DATE: '2026-11-21T03:04:05' }).time).toBeNull()
    expect(of({ 'DATE-OBS': '2026-13-45T99:00:00' }).missing.time).toContain('cannot be read as a time')
  })

  it('of a stack has no middle, and one that is said twice differently is doubted', () => {
    expect(of({ IMAGETYP: 'stack', 'DATE-OBS': ['2026-11-21T03:04:05', 'start'] }).time!.middle).toBeNull()
    const twice = of({ 'DATE-OBS': ['2026-11-21T03:04:05', 'start'], 'MJD-OBS': 61_365.2 })
    expect(twice.doubts.join()).toContain('MJD-OBS = 61365.2 and DATE-OBS differ')
  })
})

describe('values', () => {
  it('that cannot be are not believed', () => {
    const { gain, exposure, saturation, airmass, pointing, missing } = factsOf({
      GAIN: 0,
      EXPTIME: -5,
      SATURATE: 'many',
      AIRMASS: 0.1,
      RA: 400,
      DEC: 10,
    })
    expect([gain, exposure, saturation, airmass, pointing]).toEqual([null, null, null, null, null])
    expect(missing.gain).toContain('GAIN = 0')
    expect(missing.saturation).toContain('is no number')
    expect(missing.pointing).toContain('is no direction')
    expect(factsOf({ GAIN: 120 }).missing.gain).toContain('setting of the camera')
  })

  it('that mean nothing are missing', () => {
    const found = factsOf({
      OBJECT: 'None',
      FILTER: 'UNKNOWN',
      EXPTIME: -9999,
      TELESCOP: '  ',
      INSTRUME: 'n/a',
    })
    expect([found.object, found.filterName, found.exposure, found.telescope, found.instrument]).toEqual([
      null,
      null,
      null,
      null,
      null,
    ])
    expect(found.missing.object).toContain('OBJECT')
  })

  it('of exposures have the unit that their comment begins with', () => {
    const exposure = (value: number, comment: string): number | null =>
      factsOf({ EXPOSURE: [value, comment] }).exposure
    expect(exposure(0.0158, '[d] time on source')).toBeCloseTo(1365.12, 6)
    expect(exposure(2, '[min] shutter')).toBe(120)
    expect(exposure(2500, '(ms)')).toBe(2.5)
    for (const comment of ['[s]', 'seconds', '', '[damaged] value']) expect(exposure(30, comment)).toBe(30)
  })

  it('of longitudes count west where their comment says so', () => {
    const site = (value: number, comment: string) =>
      factsOf({ LATITUDE: 28.76, LONGITUD: [value, comment], OBSERVAT: 'nowhere' })
    expect(site(17.88, '[degrees West]').site?.longitudeDeg).toBe(-17.88)
    expect(site(17.88, '[degrees West]').doubts.join()).toMatch(/taken as west of Greenwich/)
    expect(site(-17.88, '[degrees West]').site?.longitudeDeg).toBe(-17.88)
    expect(site(17.88, 'east of Greenwich').site?.longitudeDeg).toBe(17.88)
  })

  it('sexagesimal pointings are hours and degrees, the sign of −0 is kept', () => {
    const { pointing } = factsOf({ RA: '05:34:31.9', DEC: '-00:30:00' })
    expect(pointing!.ra).toBeCloseTo(83.632917, 5)
    expect(pointing!.dec).toBe(-0.5)
  })

  it('sections count from 1 in headers and must lie in the image', () => {
    expect(factsOf({ DATASEC: '[3:48,1:40]' }).dataSection).toEqual({ x0: 2, x1: 48, y0: 0, y1: 40 })
    expect(factsOf({ DATASEC: '[33:544,1:2304]' }).missing.dataSection).toContain('reaches beyond')
  })
})

describe('real files (needs shared test data)', () => {
  const read = (...parts: string[]) => {
    const file = dataFile(...parts)
    return file === undefined ? undefined : openFits(new Uint8Array(readFileSync(file))).hdus
  }
  const decam = read('imaging', 'sfft-decam', 'DEC-OBS04a.mini.fits')
  const goats = dataFile('tom', 'goats', 'test_files')
  const askap = read('vast', 'images', 'epoch01.fits')
  const emmi = read('imaging', 'sep', 'image.fits')

  it.skipIf(!decam)('DECam: filter, gain, saturation, time', () => {
    const found = facts(decam!)
    expect(found).toMatchObject({
      profiles: ['decam'],
      filter: 'i',
      kind: 'object',
      exposure: 330,
      airmass: 1.65,
    })
    expect(found.gain).toBeCloseTo(3.984047, 5)
    expect(examineHdus(decam!).footprint!.pixelScaleArcsec).toBeCloseTo(0.263, 3)
  })

  it.skipIf(!goats)('Gemini: each file is read, with its kind', () => {
    const kinds: Record<string, string | null> = {}
    for (const name of readdirSync(goats!).filter((each) => each.endsWith('.fits'))) {
      const { hdus } = openFits(new Uint8Array(readFileSync(join(goats!, name))))
      if (!hdus.some(({ kind, shape }) => kind === 'image' && shape.length >= 2)) continue
      const { facts: found } = examineHdus(hdus)
      expect(Facts.safeParse(found).success).toBe(true)
      kinds[name] = found.kind
    }
    expect(kinds).toMatchObject({
      'f2_imaging_dark.fits': 'dark',
      'f2_imaging_flat.fits': 'flat',
      'gmos_imaging_bias.fits': 'bias',
      'gmos_longslit_arc.fits': 'arc',
      'gmos_longslit_bpm.fits': 'mask',
      'gmos_imaging_object_PG1633+099_F1.fits': 'object',
    })
  })

  it.skipIf(!askap)('ASKAP: a cube of one plane with a SIN projection and no gain', () => {
    const { facts: found, images, footprint } = examineHdus(askap!)
    expect(found).toMatchObject({ telescope: 'ASKAP', unit: 'Jy/beam', gain: null, filter: null })
    expect(images[0]).toMatchObject({ shape: [256, 256, 1, 1], footprint: { projection: 'SIN' } })
    expect(footprint!.centre[0]).toBeCloseTo(150, 2)
  })

  it.skipIf(!emmi)('EMMI 1992: a date without a time gives way to MJD-OBS', () => {
    const found = facts(emmi!)
    expect(found).toMatchObject({ instrument: 'EMMI', exposure: 1200, gain: null, filter: null })
    expect(found.time!.mjd).toBe(48_921.62787)
  })
})
