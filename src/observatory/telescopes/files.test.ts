import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { footprintChart } from '#science/chart/footprint-chart.ts'
import { serialize } from '#science/chart/svg.ts'
import { dataFile, testData } from '#test/data.ts'
import { convertConfig, isKeyValueConfig } from './convert.ts'
import { gridText, readGrid } from './grid.ts'
import { checkFile } from './service.ts'
import { shippedTelescopes } from './shipped.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('grid files', () => {
  it.each([
    ['blanks', '1 10.5 -20\n2 350 89.9\n'],
    ['tabs and more columns', '1\t10.5\t-20\t0.1\n2\t350\t89.9\t7\n'],
    ['commas', '1,10.5,-20\r\n2,350,89.9'],
    ['names in any order', ',Dec,Field_ID,RA\n0,-20,1,10.5\n1,89.9,2.0,350\n'],
    ['names of the Zwicky lists', '% ID RA Dec\n1 10.5 -20\n2 -10 89.9\n'],
    ['two columns', '1.05e1, -2.0e1\n3.5e2, 89.9'],
    ['a header of other programs', 'field_id ra dec\n1 10.5 -20\n\n# end\n2 350 89.9'],
  ])('%s', (_, text) => {
    expect(readGrid(bytes(text), 'f')).toEqual([
      { id: '1', ra: 10.5, dec: -20 },
      { id: '2', ra: 350, dec: 89.9 },
    ])
  })
  it('says every mistake with its line', () => {
    const text = '1 10 20\n2 10\n3 400 0\n4 10 -91\n1 10 20\n5 ten 20\n6 0x10 3\n7 nan 0\n'
    try {
      readGrid(bytes(text), 'mine.txt')
      expect.unreachable()
    } catch (error) {
      if (!isProblem(error, 'telescope.invalid')) throw error
      expect(error.message).toMatch(/^mine\.txt:2: holds 2 values where 3 are needed.*\(and 6 more\)\.$/)
      expect((error.details['problems'] as { line: number }[]).map((each) => each.line)).toEqual([
        2, 3, 4, 5, 6, 7, 8,
      ])
    }
  })
  it.each([
    ['nothing', '# only a comment\n', /holds no field/],
    ['no text', 'BZh9\0\0', /not text/],
    ['one column', '1\n2\n', /1 value where 3/],
    ['ids with markup', '<b> 1 2\n', /no word/],
  ])('%s is refused', (_, text, expected) => {
    expect(() => readGrid(bytes(text), 'f')).toThrow(expected)
  })
  it('goes round', () => {
    const fields = [
      { id: 'a.1', ra: 0.1, dec: -0.2 },
      { id: '000002', ra: 359.999999, dec: 90 },
    ]
    expect(readGrid(bytes(gridText(fields)), 'f')).toEqual(fields)
  })
  it.skipIf(!testData)('reads real grids (needs shared test data)', () => {
    const count = (...path: string[]) => readGrid(readFileSync(dataFile('gw', ...path)!), path.at(-1)!).length
    expect(count('gwemopt', 'tesselations', 'ZTF.tess')).toBe(1_778)
    expect(count('skyportal', 'ZTF_Fields.csv')).toBe(1_778)
    expect(count('skyportal', 'LSST_Fields.csv')).toBe(4_206)
    expect(count('m4opt', 'ZTF_Fields.txt')).toBe(1_778)
    expect(count('m4opt', 'AllSS_grid_361.txt')).toBe(361)
    expect(count('m4opt', 'LCS_nonoverlapping_grid.csv')).toBe(240)
    expect(count('gwemopt', 'tesselations', 'DECam.tess')).toBeGreaterThan(45_000)
  })
})

describe('key-value files of gwemopt', () => {
  const config = `magnitude 18  # AB
exposuretime 30.0
latitude -29.2608
longitude -70.7322
elevation 2347.0
FOV_coverage 1.9
FOV 1.9
FOV_type square
slew_rate 20
readout 5
filt r
horizon 15
dec_constraint -90,30
moon_constraint 30.0
`
  it('become definitions', () => {
    expect(isKeyValueConfig(config)).toBe(true)
    const { source, notes } = convertConfig(config, 'TCH')
    expect(notes).toEqual([])
    expect(checkFile(source).telescope).toMatchObject({
      slug: 'tch',
      site: { latitude: -29.2608, longitude: -70.7322, elevationM: 2347 },
      limits: { altitudeMinDeg: 15, decMaxDeg: 30, moonSeparationMinDeg: 30, sunAltitudeMaxDeg: -12 },
      footprint: { shape: 'box', widthDeg: 1.9, heightDeg: 1.9 },
      filters: [{ name: 'r', depthMag: 18, exposureS: 30 }],
      slew: { axis: { rateDegPerS: 20 } },
      readoutS: 5,
    })
  })
  it('say what they could not know', () => {
    const { notes } = convertConfig(
      config
        .replace('FOV_type square', 'FOV_type circular')
        .replace('filt r', 'filt None')
        .replace(/horizon.*\n/, ''),
      'X',
    )
    const text = notes.map((note) => `${note.line} ${note.key} ${note.text}`).join('\n')
    expect(text).toMatch(/7 footprint\.radius_deg is FOV, which such files mean as the radius/)
    expect(text).toMatch(/11 filter no filter is stated/)
    expect(text).toMatch(/limits\.altitude_min_deg is not stated/)
  })
  it.skipIf(!testData)(
    'all that there are: a good definition, or what is missing (needs shared test data)',
    () => {
      const failed: string[] = []
      for (const folder of ['gwemopt', 'old_gwemopt']) {
        const path = dataFile('gw', folder, 'config')!
        for (const file of readdirSync(path)) {
          const text = readFileSync(`${path}/${file}`, 'utf8')
          expect(isKeyValueConfig(text), file).toBe(true)
          const { problems } = checkFile(convertConfig(text, file.replace('.config', '')).source)
          if (problems.length > 0) failed.push(`${file} ${problems[0]!.key}`)
        }
      }
      expect(failed).toMatchInlineSnapshot(`
        [
          "Roman.config footprint.shape",
        ]
      `)
    },
  )
})

it('every shipped field of view is drawn, whole and with a scale', () => {
  for (const { definition } of shippedTelescopes().values()) {
    const svg = serialize(footprintChart(definition.footprint, { size: 200, title: definition.name }))
    expect(svg).toMatch(/^<svg xmlns=.*[°′″]<\/text><\/svg>$/)
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    for (const [, x, y] of svg.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(0)
      expect(Number(y)).toBeLessThanOrEqual(200)
    }
  }
})
