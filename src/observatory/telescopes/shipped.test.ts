import { describe, expect, it } from 'vitest'
import { visitWindows } from '#science/planning/visibility.ts'
import { readDefinition } from './definition.ts'
import { doubtsOf } from './doubts.ts'
import { fieldsByRule } from './grid-rule.ts'
import { modelOf } from './model.ts'
import { shippedFiles, shippedSource, shippedTelescopes } from './shipped.ts'
import type { Telescope } from './telescope.ts'
import { definitionText } from './write.ts'

/** Every telescope of specs §5.2 and §5.3 that is one, under the slug it has here. */
const expected =
  `abastumani-t48 abastumani-t70 ali-50 astep atlas blackgem c2pu caha cfht cfht-megacam cfht-wircam colibri ddoti decam
decam-ccds f60 fzu-auger fzu-cta-n gattini git goto-4 gwac hao iris kao kped lisnyky-azt8 lsst makes-60 moss nickel nowt oaj opd-1-6
osn ost-cdk owl ps1 roman sbo shao-2m shao-t60 snova snowt soar sro svom-mxt svom-vt swope tca tch telesto tnt tre trt-gao trt-sbo
trt-sro ubai-t60n ubai-t60s ultrasat uvex virt winter zadko ztf ztf-quadrants`.split(/\s+/)

/** Doubts by key; nothing else is doubted. */
const doubted: Record<string, string[]> = {
  astep: ['filter'],
  blackgem: ['pointing'],
  caha: ['slew'],
  cfht: ['filter'],
  colibri: ['timing.max_exposure_s'],
  ddoti: ['footprint'],
  gattini: ['pointing'],
  gwac: ['pointing'],
  hao: ['site', 'footprint'],
  moss: ['filter'],
  osn: ['footprint', 'filter', 'slew'],
  owl: ['filter'],
  roman: ['limits'],
  sbo: ['site.elevation_m', 'footprint'],
  'shao-2m': ['footprint', 'slew'],
  soar: ['footprint'],
  sro: ['footprint'],
  'svom-mxt': ['limits'],
  'svom-vt': ['limits'],
  'trt-gao': ['filter', 'slew'],
  'trt-sbo': ['filter', 'slew'],
  'trt-sro': ['filter', 'slew'],
  'ubai-t60n': ['slew'],
  'ubai-t60s': ['slew'],
  ultrasat: ['limits'],
  uvex: ['limits', 'filter', 'slew', 'filter'],
  winter: ['pointing'],
  zadko: ['filter'],
  ztf: ['pointing'],
  'ztf-quadrants': ['pointing'],
}

const all = [...shippedTelescopes().values()].map(({ definition }): Telescope => ({
  ...definition,
  origin: 'shipped',
  version: 1,
  changedAt: null,
  changedBy: null,
}))
const get = (slug: string): Telescope => all.find((each) => each.slug === slug)!
const doubtsFor = (telescope: Telescope) =>
  doubtsOf(
    telescope,
    all.filter((other) => other.slug < telescope.slug),
  )

it('every telescope of the list is there, and no other', () => {
  expect(all.map((each) => each.slug).toSorted()).toEqual(expected)
  expect(shippedFiles()).toEqual(expected.map((slug) => `${slug}.toml`).toSorted())
})

describe.each(shippedFiles())('%s', (file) => {
  const { definition, problems } = readDefinition(shippedSource(file))
  it('reads without a mistake, names its sources, and goes round through TOML', () => {
    expect(problems).toEqual([])
    expect(definition!.sources.length).toBeGreaterThan(0)
    expect(readDefinition(definitionText(definition!)).definition).toEqual(definition)
  })
  it('is doubted where it should be, and nowhere else', () => {
    const telescope = get(definition!.slug)
    expect(doubtsFor(telescope).map((doubt) => doubt.key)).toEqual(doubted[telescope.slug] ?? [])
  })
  it('makes a model that planning can work with', () => {
    const model = modelOf(get(definition!.slug))
    const { slew } = model
    const rates = slew.mount === 'direct' ? [slew.axis] : []
    for (const { rateDegPerS } of rates) expect(rateDegPerS).toBeGreaterThan(0)
    expect(visitWindows([{ start: 0, end: 1 }], 30)).toHaveLength(1)
  })
})

describe('field areas, to 1 %', () => {
  it.each([
    ['tca', 3.61],
    ['tre', 17.64],
    ['oaj', 1.96],
    ['ztf', 47.06],
    ['ztf-quadrants', 46.7],
    ['decam', 3.801],
    ['decam-ccds', 2.69],
    ['lsst', 9.62],
    ['ps1', 6.157],
    ['goto-4', 17.9],
    ['roman', 0.281],
    ['uvex', 12.25],
    ['kao', 0.0191],
  ])('%s: %f deg²', (slug, area) => {
    expect(get(slug).fieldAreaDeg2 / area).toBeGreaterThan(0.99)
    expect(get(slug).fieldAreaDeg2 / area).toBeLessThan(1.01)
  })
  it('ZTF has 64 quadrants, DECam 60 CCDs', () => {
    const count = (slug: string): number => {
      const { footprint } = get(slug)
      return footprint.shape === 'mosaic' ? footprint.polygons.length : 0
    }
    expect([count('ztf-quadrants'), count('decam-ccds'), count('roman')]).toEqual([64, 60, 18])
  })
})

describe('what the configurations have wrong (specs §5.4)', () => {
  const place = (slug: string) => {
    const { latitude, longitude, elevationM } = get(slug).site
    return [latitude, longitude, elevationM]
  }
  it('Colibri: the entry copied from TCA is not used', () => {
    expect(place('colibri')).toEqual([31.0449, -115.4645, 2600])
    expect(get('colibri').footprint).toMatchObject({ widthDeg: 0.383 })
    expect(get('colibri').limits.decMinDeg).toBeUndefined()
    expect(get('colibri').filters).toEqual([{ name: 'r', depthMag: 21.5, exposureS: 240 }])
  })
  it('KAO: 0.0191 is an area, the side is 0.138°', () => {
    expect(get('kao').footprint).toMatchObject({ widthDeg: 0.138 })
    expect(get('kao').slew).toMatchObject({ axis: { rateDegPerS: 1 } })
    expect(get('kao').filters[0]!.depthMag).toBe(21)
  })
  it('FZU-Auger: the field is 1°, not 1390', () => {
    expect(get('fzu-auger').footprint).toMatchObject({ widthDeg: 1 })
    expect(get('fzu-auger').sources.join()).toMatch(/1390/)
  })
  it('ShAO-2m: latitude and longitude in their places, the field of ZTF not believed', () => {
    expect(place('shao-2m')).toEqual([40.782179, 48.600159, 1500])
    expect(get('shao-2m').fieldAreaDeg2).toBeLessThan(0.1)
    expect(doubtsFor(get('shao-2m'))[0]!.text).toMatch(/6\.86°, which is ZTF’s/)
  })
  it('ShAO-T60: the height is not that of Lisnyky', () => {
    expect(place('shao-t60')[2]).toBe(1500)
  })
  it('TRT-SBO: south of the equator', () => {
    expect(place('trt-sbo')[0]).toBe(-31.273333)
  })
  it('SBO and SRO: positions exchanged', () => {
    expect(place('sro').slice(0, 2)).toEqual([37.070819, -119.4128])
    expect(place('sbo').slice(0, 2)).toEqual([-28.1775976, 153.2801292])
    expect(get('sbo').limits.decMinDeg).toBeUndefined()
  })
  it('CFHT, all three: on the summit, not in Waimea', () => {
    for (const slug of ['cfht', 'cfht-megacam', 'cfht-wircam'])
      expect(place(slug)).toEqual([19.8253, -155.469, 4204])
  })
  it('CFHT-MEGACAM: a field of 0.94°, not 0.04°', () => {
    expect(get('cfht-megacam').footprint).toMatchObject({ widthDeg: 0.94 })
  })
  it('HAO: doubted, as it is C2PU in every number; CAHA: at its own height', () => {
    expect(
      doubtsFor(get('hao'))
        .map((doubt) => doubt.text)
        .join(),
    ).toMatch(/C2PU/)
    expect(doubtsFor(get('c2pu'))).toEqual([])
    expect(place('caha')[2]).toBe(2168)
  })
  it('PS1 and ATLAS: each in its own place on Haleakalā', () => {
    expect(place('ps1').slice(0, 2)).toEqual([20.7071, -156.2559])
    expect(place('atlas').slice(0, 2)).toEqual([20.7067, -156.2571])
  })
  it('SOAR: one telescope of the two entries, the shape of its field doubted', () => {
    expect(get('soar').footprint).toMatchObject({ shape: 'box', widthDeg: 0.1 })
    expect(doubtsFor(get('soar'))).toHaveLength(1)
  })
  it('C2PU, ATLAS: depth and filter are there, whatever the key was called', () => {
    expect(get('c2pu').filters).toEqual([{ name: 'r', depthMag: 19.7, exposureS: 240 }])
    expect(get('atlas').filters).toEqual([{ name: 'c', depthMag: 18.7, exposureS: 30 }])
  })
  it('DECam: the rates as they were mended', () => {
    expect(get('decam')).toMatchObject({ slew: { axis: { rateDegPerS: 0.3 } }, readoutS: 28, overheadS: 28 })
  })
  it('DDOTI: the newer values, doubted', () => {
    expect(get('ddoti')).toMatchObject({ filters: [{ name: 'r' }], footprint: { widthDeg: 7 } })
  })
  it('SVOM, Roman, ULTRASAT: in space, without a place on the ground or a horizon of −90°', () => {
    for (const slug of ['svom-mxt', 'svom-vt', 'roman', 'ultrasat', 'uvex']) {
      expect(get(slug).ground).toBe(false)
      expect(place(slug)).toEqual([0, 0, 0])
      expect(modelOf(get(slug)).limits).toMatchObject({ sunAltitudeMaxDeg: 90, altitudeMinDeg: -90 })
    }
  })
  it('OSN: a slew of 0 is planned with 1 deg/s', () => {
    expect(modelOf(get('osn')).slew).toMatchObject({ axis: { rateDegPerS: 1 } })
  })
  it('no fake, and each of Abastumani’s telescopes once, spelt so', () => {
    for (const slug of [
      'fake',
      'mxt',
      'svom-mxt-vt-sun',
      'meniscus',
      'meniscus-50',
      'abastunami-t70',
      'soar-phot',
    ])
      expect(get(slug)).toBeUndefined()
    expect(place('abastumani-t70')).toEqual([41.754021, 42.820776, 1610])
  })
})

it('Rubin: at its own place, with acceleration and settling', () => {
  expect(get('lsst')).toMatchObject({
    site: { latitude: -30.244639, longitude: -70.749417 },
    limits: { altitudeMinDeg: 20, altitudeMaxDeg: 85, moonSeparationMinDeg: 30, sunAltitudeMaxDeg: -18 },
    slew: { axis: { rateDegPerS: 1.5, accelerationDegPerS2: 0.75 }, settleS: 1 },
  })
})

it('grids by rule have the fields that they say', () => {
  for (const { pointing, footprint, slug } of all) {
    if (pointing.how !== 'grid') continue
    expect(fieldsByRule(pointing.rule!, footprint), slug).toHaveLength(pointing.fields)
  }
})
