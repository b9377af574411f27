import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dataFile, testData } from '#test/data.ts'
import { assess } from './assess.ts'
import { digestMap } from './digest.ts'

const file = (path: string) => readFileSync(dataFile('gw', ...path.split('/'))!)
const notice = (name: string) => file(`grandma-gcn/notices/${name}.json`)

/** The notice with its sky map or classes changed. */
const changed = (name: string, change: (json: { event: Record<string, unknown> }) => void): Uint8Array => {
  const json = JSON.parse(notice(name).toString()) as { event: Record<string, unknown> }
  change(json)
  return new TextEncoder().encode(JSON.stringify(json))
}

describe.skipIf(!testData)('bytes to score (needs shared test data)', () => {
  it('S241102br-initial by the grandma rules: score 2 and GO', () => {
    const result = assess(notice('S241102br-initial'), { bbhProbability: 0.5, distance: 500, area: 100 })
    expect([result.rules, result.score, result.decision]).toEqual(['grandma', 2, 'GO'])
    const grandma = result.localization!.summary!.grandma
    expect(grandma.area90Deg2).toBeCloseTo(44.86286812917817, 9)
    expect(grandma.distanceMeanMpc!).toBeCloseTo(330.4256747346908, 9)
    expect(grandma.distanceStdMpc).toBeCloseTo(64.22139243815457, 9)
  })

  it('S241102br-update and S241004ap by the grandma conventions', () => {
    const update = assess(notice('S241102br-update'), { bbhProbability: 0.5, distance: 100, area: 100 })
    expect([update.score, update.decision]).toEqual([1, 'NO'])
    const grandma = update.localization!.summary!.grandma
    expect(grandma.area90Deg2).toBeCloseTo(28.36550241549616, 9)
    expect(grandma.distanceMeanMpc!).toBeCloseTo(347.88440663115614, 9)
    expect(grandma.distanceStdMpc).toBeCloseTo(55.28044894083562, 9)
    const cwb = assess(notice('gw_notice_significant'), { rules: 'grandma' })
    expect(cwb.localization!.summary!.grandma.area90Deg2).toBeCloseTo(3613.1591426340738, 8)
    expect(cwb.localization!.summary!.grandma).toMatchObject({ distanceMeanMpc: null, distanceStdMpc: 1 })
    expect([cwb.score, cwb.decision]).toEqual([0, 'NO'])
  })

  it('the score table of the data', () => {
    const bns = changed('S241102br-initial', (json) => (json.event['classification'] = { BNS: 1 }))
    expect(assess(bns, { rules: 'grandma', distance: 1000, area: 1000 }).score).toBe(3)
    expect(assess(bns, { rules: 'grandma', distance: 1, area: 1 })).toMatchObject({
      score: 2,
      decision: 'GO',
    })
    expect(assess(notice('retraction'), { rules: 'grandma' })).toMatchObject({ score: 0, decision: 'NO' })
    expect(assess(notice('gw_notice_unsignificant'), { rules: 'grandma' }).score).toBe(0)
  })

  it('S250720j: nothing for grandma, everything for urania, by its combined map', () => {
    expect(assess(notice('S250720j-preliminary'), { rules: 'grandma' }).score).toBe(0)
    const result = assess(notice('S250720j-preliminary'))
    expect([result.rules, result.score, result.decision]).toEqual(['urania', 4, 'GO'])
    expect(result.localization!.kind).toBe('combined')
    expect(result.localization!.summary!.area90Deg2).toBeCloseTo(160.6698, 4)
    expect(result.localization!.summary!.distance!.meanMpc).toBeCloseTo(70.359, 3)
  })

  it.each([
    ['S241102br-initial', 10.7047, 44.8772, 354.307],
    ['S241102br-preliminary', 31.9413, 165.3206, 464.928],
    ['S241102br-update', 7.1192, 28.3709, 364.148],
    ['S250207bg-preliminary', 33.6695, 109.6675, 537.18],
  ])('numbers of the map of %s to the last printed digit', (name, a50, a90, distance) => {
    const summary = assess(notice(name)).localization!.summary!
    expect(summary.area50Deg2).toBeCloseTo(a50, 4)
    expect(summary.area90Deg2).toBeCloseTo(a90, 4)
    expect(summary.distance!.meanMpc).toBeCloseTo(distance, 3)
  })

  it('bursts by their error circles', () => {
    const xrt = assess(file('grandma-gcn/notices/swift_xrt_type67.xml'))
    expect([xrt.score, xrt.decision]).toEqual([3, 'GO'])
    // Radius of 90 %, so the 90 % area is that of the circle.
    expect(xrt.localization!.summary!.area90Deg2).toBeCloseTo(Math.PI * 0.0014 ** 2, 9)
    const gbm = assess(file('gwcelery/fermi_grb_gcn.xml'))
    expect(gbm.localization!.kind).toBe('circle')
    expect(gbm.decision).toBe('LOOK')
  })

  it('an error of zero is an error that nobody knows', () => {
    const agile = assess(file('gwcelery/agile_grb_gcn.xml'))
    expect(agile.localization!.kind).toBe('point')
    expect([agile.decision, agile.rule]).toEqual(['WAIT', 'burst without a usable position'])
  })

  it('a map given by address is waited for', () => {
    const result = assess(file('skyportal/GW190425_initial.xml'))
    expect(result.localization).toMatchObject({ kind: 'map', state: 'waiting' })
    expect(result.decision).toBe('WAIT')
  })

  it.each([
    [
      'wrong base64',
      (json: { event: Record<string, unknown> }) => (json.event['skymap'] = 'U0lNUExF*ICA9'),
      /not base64: "\*" at character 9/,
    ],
    [
      'cut base64',
      (json: { event: Record<string, unknown> }) =>
        (json.event['skymap'] = (json.event['skymap'] as string).slice(0, 400_000)),
      /FITS|map/,
    ],
    [
      'a number',
      (json: { event: Record<string, unknown> }) => (json.event['skymap'] = 7),
      /neither base64 text nor null/,
    ],
  ])('a broken map is one sentence: %s', (_what, change, sentence) => {
    expect(() => assess(changed('S241102br-initial', change))).toThrow(sentence)
  })

  it.each([Number.NaN, -1])('a map with density %d is refused', (density) => {
    const bytes = changed('S241102br-initial', (json) => {
      const map = Buffer.from(json.event['skymap'] as string, 'base64')
      // The first row of the table: UNIQ, then PROBDENSITY, 8 bytes each.
      map.writeDoubleBE(density, map.length - 2880 * Math.ceil((19200 * 40) / 2880) + 8)
      json.event['skymap'] = map.toString('base64')
    })
    expect(() => assess(bytes)).toThrow(/density/)
  })

  it('refuses what is no map', () => {
    expect(() => digestMap(new Uint8Array(5760))).toThrow(/./)
    expect(() => assess(new Uint8Array(10))).toThrow(/no notice|neither|known format/)
  })
})
