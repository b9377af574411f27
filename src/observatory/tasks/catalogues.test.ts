import { describe, expect, it } from 'vitest'
import { seededRandom } from '#science/simulate/random.ts'
import { columnOf, tableOf } from '#science/table/table.ts'
import type { Table } from '#science/table/table.ts'
import { bandColumns, nativeMagnitudes } from './band-columns.ts'
import { positionColumns } from './catalogue-columns.ts'
import {
  bandsOfCatalogue,
  findReferenceCatalogue,
  referenceCatalogueNamed,
  referenceCatalogues,
  sdssOfPanStarrs,
  suggestCatalogue,
} from './reference-catalogues.ts'
import {
  findTemplateSource,
  suggestTemplate,
  templateBand,
  templateSourceNamed,
  templateSources,
} from './template-sources.ts'

const table = (columns: Record<string, number[]>): Table =>
  tableOf({
    columns: Object.entries(columns).map(([name, values]) => ({ name, values: Float64Array.from(values) })),
  })

/** A table with every native column of a catalogue under one of its names. */
function wholeTable(key: string, pick: 'first' | 'last', rows = 3): Table {
  const { native } = referenceCatalogueNamed(key)
  const columns: Record<string, number[]> = {
    ra: Array.from({ length: rows }, () => 10),
    dec: Array.from({ length: rows }, () => -5),
  }
  const at = (names: readonly string[]) => (pick === 'first' ? names[0]! : names.at(-1)!)
  for (const [k, band] of Object.values(native).entries()) {
    columns[at(band.magnitude)] = Array.from({ length: rows }, (_, i) => 15 + i / 10 - k / 2)
    columns[at(band.error)] = Array.from({ length: rows }, () => 0.02)
  }
  return table(columns)
}

describe('reference catalogues', () => {
  it.each(
    referenceCatalogues.flatMap(({ key, title, vizier, aliases }) =>
      [key, key.toUpperCase(), title, vizier, ...aliases].map((alias) => [alias, key]),
    ),
  )('%s is %s', (alias, key) => {
    expect(findReferenceCatalogue(alias)?.key).toBe(key)
  })

  it.each(referenceCatalogues.flatMap(({ key }) => [[key, 'first'] as const, [key, 'last'] as const]))(
    '%s gives each of its bands, with colours, from columns as VizieR and as files name them (%s)',
    (key, pick) => {
      const catalogue = referenceCatalogueNamed(key)
      const whole = wholeTable(key, pick)
      for (const band of bandsOfCatalogue(catalogue)) {
        // APASS has no colours but g − r and B − V; nothing that it has needs others.
        const found = bandColumns(whole, catalogue, band)
        expect(Array.from(found.good)).toEqual([1, 1, 1])
        expect(found.magnitude.every((each) => each > 9 && each < 20)).toBe(true)
        expect(found.colour.every((each) => Number.isFinite(each))).toBe(true)
        expect(found.error.every((each) => each > 0.005 && each < 0.2)).toBe(true)
      }
    },
  )

  it('have the VizieR tables, bands and depth columns of the specification', () => {
    const listed = Object.fromEntries(
      referenceCatalogues.map((each) => [each.key, [each.vizier, each.depth, bandsOfCatalogue(each).length]]),
    )
    expect(listed).toMatchObject({
      gaiadr3syn: ['I/360/syntphot', 'rmag', 11],
      ps1: ['II/349/ps1', 'rmag', 9],
      skymapper: ['II/379/smssdr4', 'rPSF', 9],
      sdss: ['V/154/sdss16', 'rmag', 5],
      atlas: ['J/ApJ/867/105/refcat2', 'rmag', 8],
      // G, BP and RP, and six that follow from them.
      gaiaedr3: ['I/350/gaiaedr3', 'Gmag', 9],
      '2mass': ['II/246/out', 'Jmag', 3],
      des: ['II/371/des_dr2', 'rmag', 4],
    })
    expect(listed['vhs']![1]).toBe('Jap3')
    expect(() => referenceCatalogueNamed('usno')).toThrow('use one of gaiadr3syn')
  })

  it('give Landolt magnitudes from Pan-STARRS within 0.08 mag of the relations of Tonry et al. (2012)', () => {
    const ps1 = referenceCatalogueNamed('ps1')
    for (let gr = 0.2; gr <= 1.1; gr += 0.1) {
      const ri = 0.41 * gr - 0.03
      const [g, r, i] = [15, 15 - gr, 15 - gr - ri]
      const one = table({
        gmag: [g],
        e_gmag: [0.01],
        rmag: [r],
        e_rmag: [0.01],
        imag: [i],
        e_imag: [0.01],
        zmag: [i - 0.1],
        e_zmag: [0.01],
      })
      const expected = {
        B: g + 0.212 + 0.556 * gr + 0.034 * gr ** 2,
        V: r + 0.005 + 0.462 * gr + 0.013 * gr ** 2,
        R: r - 0.137 - 0.108 * gr - 0.029 * gr ** 2,
        I: i - 0.366 - 0.136 * gr - 0.018 * gr ** 2,
      }
      for (const [band, magnitude] of Object.entries(expected))
        expect(Math.abs(bandColumns(one, ps1, band as 'B').magnitude[0]! - magnitude)).toBeLessThan(0.08)
      const sdss = bandColumns(one, ps1, 'g', { sloan: 'SDSS' })
      expect(sdss.magnitude[0]).toBeCloseTo(g + 0.013 + 0.145 * gr + 0.019 * gr ** 2, 10)
      expect(sdss.photometricSystem).toBe('SDSS')
    }
  })

  it('take SDSS to Pan-STARRS and back within 0.03 mag', () => {
    const sdss = referenceCatalogueNamed('sdss')
    for (let gr = 0.2; gr <= 1; gr += 0.2) {
      const one = table({
        umag: [17],
        e_umag: [0],
        gmag: [16],
        e_gmag: [0],
        rmag: [16 - gr],
        e_rmag: [0],
        imag: [15.5 - gr],
        e_imag: [0],
        zmag: [15.4 - gr],
        e_zmag: [0],
      })
      const own = Object.fromEntries(
        (['g', 'r', 'i'] as const).map((band) => [band, bandColumns(one, sdss, band).magnitude[0]!]),
      )
      const colour = own['g']! - own['r']!
      for (const [band, native] of [
        ['g', 16],
        ['r', 16 - gr],
        ['i', 15.5 - gr],
      ] as const) {
        const back = own[band]! + sdssOfPanStarrs[band]!.reduce((sum, each) => sum * colour + each, 0)
        expect(Math.abs(back - native)).toBeLessThan(0.03)
      }
      expect(bandColumns(one, sdss, 'u').magnitude[0]).toBeCloseTo(16.96, 10)
      expect(bandColumns(one, sdss, 'z', { sloan: 'SDSS' }).magnitude[0]).toBeCloseTo(15.42 - gr, 10)
    }
  })

  it('carry the errors of all magnitudes into a derived band, as 20 000 draws do to 3 %', () => {
    const random = seededRandom(3)
    const n = 20_000
    const draw = (mean: number, sigma: number) =>
      Array.from({ length: n }, () => mean + sigma * random.normal())
    const drawn = table({
      gmag: draw(15.9, 0.03),
      rmag: draw(15.2, 0.02),
      imag: draw(14.9, 0.025),
      zmag: draw(14.8, 0.01),
    })
    const single = table({
      gmag: [15.9],
      e_gmag: [0.03],
      rmag: [15.2],
      e_rmag: [0.02],
      imag: [14.9],
      e_imag: [0.025],
      zmag: [14.8],
      e_zmag: [0.01],
    })
    const ps1 = referenceCatalogueNamed('ps1')
    for (const band of ['B', 'V', 'R', 'I'] as const) {
      const { magnitude, warnings } = bandColumns(drawn, ps1, band)
      expect(warnings.join()).toContain('count as exact')
      const mean = magnitude.reduce((a, b) => a + b, 0) / n
      const sigma = Math.sqrt(magnitude.reduce((sum, each) => sum + (each - mean) ** 2, 0) / n)
      expect(Math.abs(bandColumns(single, ps1, band).error[0]! / sigma - 1)).toBeLessThan(0.03)
    }
  })

  it('read errors from fluxes where magnitudes have none', () => {
    const syn = table({ Bmag: [16], FB: [1000], e_FB: [10], Vmag: [15], FV: [2000], e_FV: [10], bmag: [99] })
    const found = bandColumns(syn, referenceCatalogueNamed('gaiadr3syn'), 'B')
    expect(found.error[0]).toBeCloseTo(0.010857, 6)
    expect(found.colour[0]).toBe(1)
    const gaia = table({
      phot_g_mean_mag: [15],
      phot_g_mean_flux_over_error: [108.57],
      phot_bp_mean_mag: [15.3],
      phot_bp_mean_flux_over_error: [50],
      phot_rp_mean_mag: [14.5],
      phot_rp_mean_flux_over_error: [60],
    })
    expect(bandColumns(gaia, referenceCatalogueNamed('gaiaedr3'), 'G').error[0]).toBeCloseTo(0.01, 5)
  })

  it('keep Umag and umag of one table apart', () => {
    const both = table({ Umag: [17], umag: [18], Bmag: [16], Vmag: [15], gmag: [15.5], rmag: [15] })
    const syn = referenceCatalogueNamed('gaiadr3syn')
    expect(bandColumns(both, syn, 'U').magnitude[0]).toBe(17)
    expect(bandColumns(both, syn, 'u').magnitude[0]).toBe(18)
    expect(() => bandColumns(table({ umag: [18], Bmag: [16], Vmag: [15] }), syn, 'U')).toThrow(
      'no column of U magnitudes',
    )
  })

  it('leave out what surveys write for nothing, nulls, and colours that no star has', () => {
    const odd = table({
      gmag: [15, -999, 15, 15, 15, 99, 15],
      e_gmag: [0.01, 0.01, -999, 0.01, 0.01, 0.01, 0.01],
      rmag: [14.5, 14.5, 14.5, 11, NaN, 14.5, 14.5],
      e_rmag: [0.01, 0.01, 0.01, 0.01, 0.01, 0.01, NaN],
      imag: [14.3, 14.3, 14.3, 14.3, 14.3, 14.3, 14.3],
      zmag: [14.2, 14.2, 14.2, 14.2, 14.2, 14.2, 14.2],
    })
    const nulls = Uint8Array.from([0, 0, 0, 0, 0, 0, 0])
    const ps1 = referenceCatalogueNamed('ps1')
    expect(Array.from(bandColumns(odd, ps1, 'g').good)).toEqual([1, 0, 0, 0, 1, 0, 1])
    nulls[0] = 1
    const held = {
      ...odd,
      columns: odd.columns.map((each) => (each.name === 'gmag' ? columnOf({ ...each, nulls }) : each)),
    }
    expect(bandColumns(held, ps1, 'g').good[0]).toBe(0)
    const text = tableOf({ columns: [{ name: 'gmag', values: ['a'] }] })
    expect(() => bandColumns(text, ps1, 'g')).toThrow('holds text')
  })

  it('give a band alone, for comparisons, without its colour', () => {
    const gaia = referenceCatalogueNamed('gaiaedr3')
    expect(Array.from(nativeMagnitudes(table({ Gmag: [15, 99] }), gaia, 'G'))).toEqual([15, NaN])
    expect(Array.from(nativeMagnitudes(table({ Gmag: [15] }), gaia, 'BP'))).toEqual([NaN])
  })

  it('say which bands there are where one is asked for that is not', () => {
    expect(() => bandColumns(table({ Jmag: [1] }), referenceCatalogueNamed('2mass'), 'g')).toThrow(
      'it has J, H, Ks',
    )
    expect(() => positionColumns(table({ gmag: [1] }))).toThrow('no position')
    expect(positionColumns(table({ RA_ICRS: [1], DE_ICRS: [2] }))).toEqual({
      ra: Float64Array.of(1),
      dec: Float64Array.of(2),
    })
  })

  it('are suggested by filter and declination', () => {
    const cases = [
      ['V', 10, 'gaiadr3syn'],
      ['BP', 10, 'gaiaedr3'],
      ['J', 10, '2mass'],
      ['Ks', -10, 'vhs'],
      ['r', 10, 'ps1'],
      ['z', -40, 'skymapper'],
      ['u', 10, 'gaiadr3syn'],
    ] as const
    for (const [filter, dec, key] of cases) {
      expect(suggestCatalogue(filter, dec)).toBe(key)
      // What is suggested has the band.
      expect(bandsOfCatalogue(referenceCatalogueNamed(key))).toContain(filter)
    }
  })
})

describe('template sources', () => {
  it.each(
    templateSources.flatMap(({ key, title, aliases }) =>
      [key, title, ...aliases].map((alias) => [alias, key]),
    ),
  )('%s is %s', (alias, key) => {
    expect(findTemplateSource(alias)?.key).toBe(key)
  })

  it.each([
    ['ps1', 'g', 'g', true],
    ['ps1', 'V', 'g', false],
    ['ps1', 'R', 'r', false],
    ['ps1', 'y', 'z', false],
    ['ps1', 'Ks', 'i', false],
    ['2mass', 'Ks', 'Ks', true],
    ['ztf', 'z', 'i', false],
    ['skymapper', 'B', 'u', false],
    ['des', 'u', 'g', false],
    ['custom', 'RP', 'RP', true],
  ] as const)('%s for %s is its %s', (key, filter, band, exact) => {
    expect(templateBand(templateSourceNamed(key), filter)).toMatchObject({ filter: band, exact })
  })

  it('name the picture of the band: Ks of 2MASS is its K', () => {
    expect(templateBand(templateSourceNamed('2mass'), 'Ks').id).toBe('CDS/P/2MASS/K')
    expect(templateBand(templateSourceNamed('skymapper'), 'g').id).toBe('CDS/P/Skymapper/DR4/g')
  })

  it('refuse a filter that no band is near', () => {
    expect(() => templateBand(templateSourceNamed('2mass'), 'V')).toThrow('no band near V (it has J, H, Ks)')
    expect(() => templateSourceNamed('dss')).toThrow('use one of ps1')
  })

  it('are suggested by position', () => {
    expect(suggestTemplate(10, 20)).toBe('ps1')
    expect(suggestTemplate(10, -60)).toBe('ls')
    expect(suggestTemplate(270, -35)).toBe('skymapper')
    expect(suggestTemplate(10, 20, 'Ks')).toBe('2mass')
  })
})
