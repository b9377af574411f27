import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { problemLine, readDefinition } from './definition.ts'
import { checkFile } from './service.ts'
import type { Telescope } from './telescope.ts'
import { definitionText } from './write.ts'

const good = `name = "Test Telescope"
slug = "test"

[site]
latitude = -29.5
longitude = -70.5
elevation_m = 2400

[limits]
altitude_min_deg = 20

[footprint]
shape = "box"
side_deg = 1.5

[[filter]]
name = "r"
depth_mag = 19.5
exposure_s = 60

[slew]
mount = "direct"
rate_deg_per_s = 5

[timing]
readout_s = 4
`

/** All that is wrong, as one reads it: `12: site.latitude is …`. */
function wrong(source: string | Uint8Array): string[] {
  return readDefinition(source).problems.map((problem) => problemLine(problem, '').slice(1))
}

/** Of the good definition with some of its text replaced. */
function wrongWith(...changes: [string, string][]): string[] {
  let source = good
  for (const [from, to] of changes) {
    expect(source).toContain(from)
    source = source.replace(from, to)
  }
  return wrong(source)
}

function telescopeOf(source: string): Telescope {
  const { telescope, problems } = checkFile(source)
  expect(problems).toEqual([])
  return telescope!
}

it('reads a definition; what is left out has the defaults of the guide', () => {
  expect(telescopeOf(good)).toMatchObject({
    slug: 'test',
    origin: 'own',
    version: 1,
    ground: true,
    limits: { sunAltitudeMaxDeg: -12, altitudeMinDeg: 20 },
    footprint: { shape: 'box', widthDeg: 1.5, heightDeg: 1.5 },
    slew: { mount: 'direct', axis: { rateDegPerS: 5 }, settleS: 0 },
    readoutBlocksSlew: false,
    pointing: { how: 'free' },
    doubts: [],
  })
})

it('the example of the guide is a good definition', () => {
  const guide = readFileSync(new URL('../../../docs/guide/telescopes.md', import.meta.url), 'utf8')
  const example = guide.split('```toml\n')[1]!.split('```')[0]!
  expect(telescopeOf(example)).toMatchObject({ slug: 'my-telescope', limits: { horizon: { length: 4 } } })
})

it('names every mistake at once, by line', () => {
  const lines = wrongWith(
    ['latitude = -29.5', 'latitude = 129.5'],
    ['elevation_m = 2400', 'elevation_m = 24000\nelevatoin_m = 1'],
    ['altitude_min_deg = 20', 'altitude_min = 20'],
    ['side_deg = 1.5', 'side_deg = 0'],
    ['exposure_s = 60', 'exposure_s = -60'],
    ['rate_deg_per_s = 5', 'rate_deg_per_s = "5"'],
  )
  expect(lines).toEqual([
    "5: site.latitude is 129.5 deg; it can't be more than 90 deg.",
    "7: site.elevation_m is 24000 m; it can't be more than 6000 m.",
    '8: site.elevatoin_m is not a key that is known here; did you mean elevation_m?',
    '10: limits.altitude_min_deg is missing: how low may it point? (airmass_max or horizon also say so).',
    '11: limits.altitude_min is not a key that is known here; did you mean altitude_min_deg?',
    '15: footprint.side_deg is 0 deg; it must be more than 0 deg.',
    '20: filter[1].exposure_s is -60 s; it must be more than 0 s.',
    '24: slew.rate_deg_per_s must be a number in deg/s, not "5"; leave the quotes out.',
  ])
})

describe('what can’t be true is refused, with line and reason', () => {
  it.each<[string, [string, string][], RegExp]>([
    [
      'latitude beyond the pole',
      [['latitude = -29.5', 'latitude = -90.1']],
      /^5: site\.latitude .*less than -90/,
    ],
    ['longitude beyond a turn', [['longitude = -70.5', 'longitude = 361']], /^6: site\.longitude .*360/],
    ['below the Dead Sea', [['elevation_m = 2400', 'elevation_m = -451']], /^7: .*less than -450 m/],
    ['above every mountain road', [['elevation_m = 2400', 'elevation_m = 6001']], /^7: .*more than 6000 m/],
    ['no number', [['latitude = -29.5', 'latitude = nan']], /^5: .*NaN/],
    ['no end', [['elevation_m = 2400', 'elevation_m = inf']], /^7: .*Infinity/],
    ['a date', [['elevation_m = 2400', 'elevation_m = 2020-01-01']], /^7: .*not a date/],
    ['field of 0', [['side_deg = 1.5', 'width_deg = 0.0\nheight_deg = 1']], /^14: .*more than 0 deg/],
    ['field wider than half the sky', [['side_deg = 1.5', 'side_deg = 180.1']], /^14: .*more than 180 deg/],
    [
      'circle wider than half the sky',
      [['shape = "box"\nside_deg = 1.5', 'shape = "circle"\nradius_deg = 90.1']],
      /^14: .*more than 90 deg/,
    ],
    [
      'circle by its diameter',
      [['shape = "box"\nside_deg = 1.5', 'shape = "circle"\ndiameter_deg = 3']],
      /^14: footprint\.diameter_deg is no key: a circle is given by its radius; write radius_deg = 1\.5/,
    ],
    [
      'circle whose stated area says that the radius is the diameter',
      [['shape = "box"\nside_deg = 1.5', 'shape = "circle"\nradius_deg = 3.5\nfield_deg2 = 9.62']],
      /^14: footprint\.radius_deg is 3\.5, .*that is the diameter; write radius_deg = 1\.75/,
    ],
    [
      'area that contradicts the sides',
      [['side_deg = 1.5', 'side_deg = 1.5\nfield_deg2 = 4']],
      /^15: .*covers 2\.25/,
    ],
    ['negative readout', [['readout_s = 4', 'readout_s = -4']], /^26: .*less than 0 s/],
    [
      'limits that meet',
      [['altitude_min_deg = 20', 'altitude_min_deg = 60\naltitude_max_deg = 60']],
      /^11: .*nothing lies between/,
    ],
    ['airmass of 1', [['altitude_min_deg = 20', 'airmass_max = 1']], /^10: .*nothing is left/],
    [
      'limits that leave nothing together',
      [['altitude_min_deg = 20', 'altitude_min_deg = 70\ndeclination_min_deg = 10']],
      /^9: limits leaves nothing of the sky: at latitude -29\.5/,
    ],
    [
      'hour angles that never are',
      [['altitude_min_deg = 20', 'altitude_min_deg = 40\nhour_angle_min_h = 11']],
      /^9: limits leaves nothing/,
    ],
    [
      'a horizon that hides all',
      [['altitude_min_deg = 20', 'horizon = [[0, 90]]']],
      /^10: .*hides the whole sky/,
    ],
    [
      'horizon azimuth',
      [['altitude_min_deg = 20', 'horizon = [\n[0, 20],\n[361, 20]]']],
      /^12: limits\.horizon\[2\]\[1\] is 361/,
    ],
    [
      'horizon out of order',
      [['altitude_min_deg = 20', 'horizon = [\n[90, 20],\n[10, 20]]']],
      /^12: .*after 90; azimuths must ascend/,
    ],
    [
      'darkness that never comes',
      [
        ['altitude_min_deg = 20', 'altitude_min_deg = 20\nsun_altitude_max_deg = -85'],
        ['latitude = -29.5', 'latitude = -60'],
      ],
      /^11: .*never dark/,
    ],
    [
      'a field that crosses itself',
      [['shape = "box"\nside_deg = 1.5', 'shape = "polygon"\nvertices = [[0, 0], [1, 1], [1, 0.2], [0, 1]]']],
      /^14: footprint\.vertices\[3\] crosses itself: side 1 and side 3 meet/,
    ],
    [
      'a field on a line',
      [['shape = "box"\nside_deg = 1.5', 'shape = "polygon"\nvertices = [[0, 0], [1, 1], [2, 2]]']],
      /lie on a line/,
    ],
    [
      'two filters of one name',
      [['[slew]', '[[filter]]\nname = "r"\nexposure_s = 1\n[slew]']],
      /^22: filter\[2\]\.name is "r", as that of filter 1/,
    ],
    ['an unknown shape', [['shape = "box"', 'shape = "rectangel"']], /did you mean rectangle\?/],
    [
      'a key of another shape',
      [['side_deg = 1.5', 'side_deg = 1.5\nradius_deg = 1']],
      /^15: .*belongs to a circle/,
    ],
    ['a slug with blanks', [['slug = "test"', 'slug = "My Test"']], /^2: slug must be/],
    [
      'a zone that is none',
      [['slug = "test"', 'slug = "test"\ntime_zone = "Mars/Olympus"']],
      /^3: time_zone/,
    ],
    ['a table as a value', [['[timing]\nreadout_s = 4', '[[timing]]\nreadout_s = 4']], /must be one table/],
    [
      'controls in a name',
      [['name = "Test Telescope"', 'name = "a\\u0007b"']],
      /^1: name holds a control character/,
    ],
    [
      'a key of gwemopt',
      [['altitude_min_deg = 20', 'altitude_min_deg = 20\ndec_constraint = "-90,30"']],
      /declination_min_deg/,
    ],
  ])('%s', (_, changes, expected) => {
    const lines = wrongWith(...changes)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.join('\n')).toMatch(expected)
  })
  it('no TOML, no text, too much: one sentence, at once', () => {
    expect(wrong('name = "x')[0]).toMatch(/^1: TOML: unfinished string/)
    expect(wrong('a = 1\na = 2')[0]).toMatch(/^2: TOML: /)
    expect(wrong(new Uint8Array([0xff, 0xfe, 0, 65]))[0]).toMatch(/not text in UTF-8/)
    expect(wrong('x\0y')[0]).toMatch(/NUL/)
    expect(wrong('#'.repeat(10_000_000))[0]).toMatch(/10000000 bytes; at most 60000/)
    expect(wrong(`a = ${'['.repeat(20_000)}`)[0]).toMatch(/nested/)
    expect(wrong(`a${'.a'.repeat(15_000)} = 1`)[0]).toMatch(/^1: /)
    expect(wrong('')).toContain('1: name is missing.')
    const many = wrong(Array.from({ length: 3_000 }, (_, i) => `k${i} = ${i}`).join('\n'))
    expect(many).toHaveLength(101)
    expect(many.at(-1)).toMatch(/There are \d+ more mistakes/)
  })
  it('Windows’ line ends and a byte order mark change no line number', () => {
    const source = `\uFEFF${good.replace('latitude = -29.5', 'latitude = 99')}`.replaceAll('\n', '\r\n')
    expect(wrong(source)).toEqual(["5: site.latitude is 99 deg; it can't be more than 90 deg."])
  })
  it('any damage gives mistakes with lines or a telescope, and nothing else', () => {
    let seed = 7
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      return Math.floor((seed / 2 ** 32) * n)
    }
    const pieces = [
      '=',
      '[',
      ']',
      '"',
      '\n',
      '{',
      '}',
      '.',
      ',',
      '-',
      '1e400',
      'nan',
      '#',
      '\\',
      '🔭',
      "'''",
      '"""',
      '[[',
    ]
    for (let round = 0; round < 400; round++) {
      let source = good
      for (let i = 0; i <= random(4); i++) {
        const at = random(source.length)
        source = source.slice(0, at) + pieces[random(pieces.length)]! + source.slice(at + random(6))
      }
      const { definition, problems } = readDefinition(source)
      expect(definition === null).toBe(problems.length > 0)
      const last = source.split('\n').length
      for (const { line } of problems) expect(line === null || (line >= 1 && line <= last)).toBe(true)
    }
  })
})

describe('what may be wrong is doubted', () => {
  const doubts = (...changes: [string, string][]): string[] => {
    let source = good
    for (const [from, to] of changes) source = source.replace(from, to)
    return telescopeOf(source).doubts.map(({ key, text }) => `${key} ${text}`)
  }
  it('more than 20 km from the listed observatory of that name', () => {
    const far = doubts(['[site]', '[site]\nobservatory = "la silla"'])
    expect(far[0]).toMatch(/^site stands 35 km from La Silla Observatory/)
    expect(
      doubts(['[site]', '[site]\nobservatory = "la-silla"'], ['-29.5', '-29.3'], ['-70.5', '-70.7']),
    ).toEqual([])
    expect(doubts(['name = "Test Telescope"', 'name = "CFHT"'])[0]).toMatch(/km from Maunakea/)
    expect(doubts(['name = "Test Telescope"', 'name = "1.54 m, La Silla"'])[0]).toMatch(/35 km from La Silla/)
    const low = doubts(
      ['[site]', '[site]\nobservatory = "la-silla"'],
      ['-29.5', '-29.26'],
      ['-70.5', '-70.73'],
      ['2400', '400'],
    )
    expect(low[0]).toMatch(/^site\.elevation_m is 400 m, and La Silla Observatory is at 2347 m/)
    const mirrored = doubts(
      ['[site]', '[site]\nobservatory = "la-silla"'],
      ['-29.5', '29.26'],
      ['-70.5', '-70.73'],
    )
    expect(mirrored[0]).toMatch(/a sign is wrong/)
  })
  it('declination limits of the other hemisphere', () => {
    const north: [string, string] = [
      'altitude_min_deg = 20',
      'altitude_min_deg = 20\ndeclination_min_deg = -25',
    ]
    expect(doubts(north)[0]).toMatch(/^site\.latitude is -29\.5, .*suit 29\.5 better/)
    expect(doubts(north, ['latitude = -29.5', 'latitude = 29.5'])).toEqual([])
  })
  it('position and optics of another', () => {
    const same = doubts(
      ['latitude = -29.5', 'latitude = -29.2608'],
      ['longitude = -70.5', 'longitude = -70.7322'],
      ['side_deg = 1.5', 'side_deg = 1.9'],
    )
    expect(same).toEqual(['footprint is that of TCH (tch) at the same position: are they one telescope?'])
  })
  it('a slew of 0, one faster than mounts are, a missing depth, exposures longer than the longest', () => {
    expect(doubts(['rate_deg_per_s = 5', 'rate_deg_per_s = 0'])[0]).toMatch(/^slew has a rate of 0/)
    expect(doubts(['rate_deg_per_s = 5', 'rate_deg_per_s = 100'])[0]).toMatch(/as no mount moves/)
    expect(doubts(['depth_mag = 19.5\n', ''])).toEqual(['filter has no depth for r'])
    expect(doubts(['readout_s = 4', 'readout_s = 4\nmax_exposure_s = 30'])[0]).toMatch(
      /^timing\.max_exposure_s/,
    )
  })
  it('a zone on the other side of the world, a grid that is not there, a mistyped observatory', () => {
    expect(doubts(['slug = "test"', 'slug = "test"\ntime_zone = "Asia/Tokyo"'])[0]).toMatch(
      /sign of the longitude/,
    )
    expect(doubts(['[timing]', '[pointing]\ngrid = "mine"\n[timing]'])[0]).toMatch(/has not been uploaded/)
    expect(doubts(['[site]', '[site]\nobservatory = "La Sila"'])[0]).toMatch(/la-silla is/)
  })
  it('an own circle of twice the radius of the shipped one of that name is refused', () => {
    const source = good
      .replace('slug = "test"', 'slug = "lsst"')
      .replace('shape = "box"\nside_deg = 1.5', 'shape = "circle"\nradius_deg = 3.5')
    expect(checkFile(source).problems).toMatchObject([{ line: 14, key: 'footprint.radius_deg' }])
  })
})

describe('round trip: TOML → telescope → TOML', () => {
  it.each([
    ['plain', good],
    [
      'everything',
      `name = "Every \\"thing\\""
slug = "every-thing"
instrument = "Cam"
time_zone = "America/Santiago"
note = "A note"
sources = ["one", "two"]
[site]
latitude = -29.5
longitude = 289.5
elevation_m = 2400
[limits]
twilight = "astronomical"
horizon = [[0, 20], [90, 25], [90, 40], [200, 15]]
altitude_min_deg = 10
altitude_max_deg = 85
airmass_max = 2.5
declination_min_deg = -80
declination_max_deg = 25.5
hour_angle_min_h = -5
hour_angle_max_h = 5.5
moon_separation_min_deg = 25
moon_altitude_max_deg = 60
galactic_latitude_min_deg = 5
[footprint]
shape = "mosaic"
row_lengths = [1, 2]
detector_width_deg = 0.3
detector_height_deg = 0.15
gap_deg = 0.01
missing = [[2, 1]]
split = { rows = 1, columns = 2, gap_east_deg = 0.01 }
[[filter]]
name = "g"
exposure_s = 30
[[filter]]
name = "z"
depth_mag = 22
exposure_s = 90
[slew]
mount = "altazimuth"
azimuth = { rate_deg_per_s = 7, acceleration_deg_per_s2 = 3 }
altitude = { rate_deg_per_s = 3.5 }
settle_s = 2
[timing]
readout_s = 2
readout_blocks_slew = true
overhead_s = 1
filter_change_s = 90
max_exposure_s = 120
[pointing]
grid = { kind = "rows", spacing_deg = 0.5 }
[[doubt]]
key = "slew"
text = "was guessed"
`,
    ],
    [
      'polygon',
      good.replace('shape = "box"\nside_deg = 1.5', 'shape = "polygon"\nvertices = [[0,0],[1,0],[0,1]]'),
    ],
    ['in space', `name = "Sat"\nground = false\n${good.slice(good.indexOf('[footprint]'))}`],
    [
      'equatorial',
      good.replace(
        'mount = "direct"\nrate_deg_per_s = 5',
        'mount = "equatorial"\nhour_angle = { rate_deg_per_s = 1 }\ndeclination = { rate_deg_per_s = 2 }',
      ),
    ],
  ])('%s', (_, source) => {
    const first = readDefinition(source)
    expect(first.problems).toEqual([])
    const again = readDefinition(definitionText(first.definition!))
    expect(again.problems).toEqual([])
    expect(again.definition).toEqual(first.definition)
  })
})
