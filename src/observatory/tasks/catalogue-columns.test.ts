import { describe, expect, it } from 'vitest'
import { filterNames, type FilterName } from '#science/image/calibration/filters.ts'
import { tableOf, type ColumnInput, type Table } from '#science/table/table.ts'
import { bandColumns } from './band-columns.ts'
import { bandsNamed, positionColumns, positionsAt } from './catalogue-columns.ts'
import { definitionFor } from './sky/definition.ts'

const numbers = (name: string, values: number[], rest: Partial<ColumnInput> = {}): ColumnInput => ({
  name,
  values: Float64Array.from(values),
  ...rest,
})
const named = (names: string): Table =>
  tableOf({ columns: names.split(' ').map((name) => numbers(name, [15])) })
const place = [numbers('ra', [150, 150.1]), numbers('dec', [2, 2.1])]
const bands = (table: Table, name = 'mine.csv'): FilterName[] =>
  filterNames.filter((filter) => {
    try {
      return bandColumns(table, definitionFor(name, table, filter), filter).magnitude.length > 0
    } catch {
      return false
    }
  })

describe('tables of strangers', () => {
  it.each([
    ['r', 'r'],
    ['rmag e_rmag', 'r'],
    ['Sloan_g gerr Sloan_r rerr Johnson_V Verr', 'g r V'],
    ['psfMag_u psfMagErr_u psfMag_g', 'u g'],
    ['gMeanPSFMag gMeanPSFMagErr iMeanPSFMag', 'g i'],
    ['g_psf r_psf', 'g r'],
    ["g' r'", 'g r'],
    ['MAG_AUTO_G MAG_AUTO_R MAGERR_AUTO_R', 'g r'],
    ['MAG_R MAG_B', 'R B'],
    ['mag_V magerr_V Rc Ic', 'V R I'],
    ['x y r', 'r'],
    ['Ksmag j_m Jmag', 'J Ks'],
    ['raerr decerr number name flags rank grade', ''],
  ])('%s has %s', (columns, wanted) => {
    expect(Object.keys(bandsNamed(named(columns))).toSorted()).toEqual(
      wanted.split(' ').filter(Boolean).toSorted(),
    )
  })

  it('errors stand beside their magnitudes', () => {
    const table = named('Sloan_r rerr MAG_V e_V')
    expect(bandsNamed(table)['r']!.error).toEqual(['rerr'])
    expect(bandsNamed(named('psfMag_r psfMagErr_r'))['r']!.error).toEqual(['psfMagErr_r'])
  })

  it('fluxes in jansky and the nanomaggies of the Legacy Survey are AB magnitudes to 10⁻⁹ mag; without a unit they are refused', () => {
    const jansky = tableOf({
      columns: [
        ...place,
        numbers('r_flux', [3631e-8, -1], { unit: 'Jy' }),
        numbers('r_fluxerr', [3631e-10, 1]),
      ],
    })
    const found = bandColumns(jansky, definitionFor('mine.vot', jansky, 'r'), 'r')
    expect(found.magnitude[0]).toBeCloseTo(8.9 - 2.5 * Math.log10(3631e-8), 9)
    expect(found.error[0]).toBeCloseTo(0.010857, 6)
    expect([...found.good]).toEqual([1, 0])
    const survey = tableOf({
      columns: [...place, numbers('flux_r', [100, 1]), numbers('flux_ivar_r', [1, 4])],
    })
    const { magnitude, error } = bandColumns(survey, definitionFor('ls.fits', survey, 'r'), 'r')
    expect(magnitude[0]).toBeCloseTo(17.5, 9)
    expect(error[1]).toBeCloseTo(0.542868, 6)
    const bare = tableOf({ columns: [...place, numbers('flux_r', [100, 1])] })
    expect(() => bandColumns(bare, definitionFor('mine.csv', bare, 'r'), 'r')).toThrow('without a unit')
  })

  it('one band is enough; the colour is that of the bands there are', () => {
    const one = tableOf({ columns: [...place, numbers('r', [15, 16])] })
    const alone = bandColumns(one, definitionFor('ps1', one, 'r'), 'r')
    expect(alone.colourBands).toBeNull()
    expect(alone.warnings.join(' ')).toContain('no colour term is fitted')
    const two = tableOf({
      columns: [...place, numbers('r', [15, 16]), numbers('B', [16, 18]), numbers('V', [15, 16])],
    })
    const other = bandColumns(two, definitionFor('mine.csv', two, 'r'), 'r')
    expect(other.colourBands).toEqual(['B', 'V'])
    expect([...other.colour]).toEqual([1, 2])
  })

  it('Gaia alone gives r, V and the like of the Sun within 0.04 mag, and none outside of its colours', () => {
    // The Sun (Willmer 2018; Gaia of Creevey et al. 2023), magnitudes at 10 pc.
    const sun = tableOf({
      columns: [
        ...place,
        numbers('phot_g_mean_mag', [4.66, 10]),
        numbers('phot_bp_mean_mag', [4.985, 15]),
        numbers('phot_rp_mean_mag', [4.166, 10]),
      ],
    })
    const of = (band: FilterName) => bandColumns(sun, definitionFor('mine.vot', sun, band), band)
    expect(Math.abs(of('V').magnitude[0]! - 4.81)).toBeLessThan(0.04)
    expect(Math.abs(of('r').magnitude[0]! - 4.65)).toBeLessThan(0.04)
    expect(Math.abs(of('I').magnitude[0]! - 4.1)).toBeLessThan(0.04)
    expect(of('r').magnitude[1]).toBeNaN()
    expect(of('r').photometricSystem).toBe('SDSS')
    expect(bands(sun)).toEqual(expect.arrayContaining(['G', 'BP', 'RP', 'g', 'r', 'i', 'V', 'R', 'I']))
  })

  it('positions are degrees, hours, radians, text in hours, or what a UCD says', () => {
    const at = (ra: ColumnInput, dec: ColumnInput): number[] => {
      const found = positionColumns(tableOf({ columns: [ra, dec] }))
      return [found.ra[0]!, found.dec[0]!]
    }
    expect(at(numbers('RA (deg)', [150]), numbers('Dec (deg)', [2]))).toEqual([150, 2])
    expect(at(numbers('radeg', [150]), numbers('decdeg', [2]))).toEqual([150, 2])
    expect(at(numbers('RA', [10], { unit: 'h' }), numbers('DEC', [2]))).toEqual([150, 2])
    const [ra, dec] = at(
      numbers('coord_ra', [Math.PI / 2], { unit: 'rad' }),
      numbers('coord_dec', [Math.PI / 4], { unit: 'rad' }),
    )
    expect([ra, dec]).toEqual([90, 45])
    expect(at({ name: 'RA', values: ['10:00:00.0'] }, { name: 'Dec', values: ['-02:30:00'] })).toEqual([
      150, -2.5,
    ])
    expect(at({ name: 'RA', values: ['150:30:00.0'] }, { name: 'Dec', values: ['02 30 00'] })).toEqual([
      150.5, 2.5,
    ])
    expect(
      at(
        numbers('a', [7], { ucd: 'pos.eq.ra;meta.main' }),
        numbers('d', [8], { ucd: 'pos.eq.dec;meta.main' }),
      ),
    ).toEqual([7, 8])
  })

  it('proper motions bring stars of 2016 to the time of a frame of 2000 within 1 mas; without an epoch they do not, and it is said', () => {
    const columns = [
      numbers('ra', [150]),
      numbers('dec', [60]),
      numbers('pmra', [1_000], { unit: 'mas/yr' }),
      numbers('pmdec', [-500], { unit: 'mas/yr' }),
    ]
    const table = tableOf({ columns: [...columns, numbers('ref_epoch', [2016])] })
    const { ra, dec, note } = positionsAt(table, 51_544.5)
    expect(Math.abs((ra[0]! - 150) * 0.5 * 3.6e6 + 16_000)).toBeLessThan(1)
    expect(Math.abs((dec[0]! - 60) * 3.6e6 - 8_000)).toBeLessThan(1)
    expect(note).toContain('from 2016.0 to 2000.0')
    const still = positionsAt(tableOf({ columns }), 51_544.5)
    expect(still.ra[0]).toBe(150)
    expect(still.note).toContain('epoch is not said')
  })
})
