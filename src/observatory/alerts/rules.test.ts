import { describe, expect, it } from 'vitest'
import type { MapSummary } from './localization.ts'
import { parseRules } from './rule-file.ts'
import type { RuleFacts } from './rule-inputs.ts'
import { evaluate, shippedRules, withParameters } from './rules.ts'

const map = (area90Deg2: number, distanceMeanMpc: number | null): MapSummary => ({
  area50Deg2: area90Deg2 / 4,
  area90Deg2,
  peak: { ra: 0, dec: 0 },
  peakDensityPerSr: 1,
  distance: distanceMeanMpc === null ? null : { meanMpc: distanceMeanMpc, stdMpc: 50 },
  cells: 1,
  orders: { min: 0, max: 0 },
  grandma: { area50Deg2: 0, area90Deg2, distanceMeanMpc, distanceStdMpc: 1 },
})
const facts: RuleFacts = {
  name: 'S241102br',
  kind: 'gw',
  role: 'observation',
  type: 'initial',
  mission: 'LVK',
  instrument: null,
  significant: true,
  farHz: 1e-10,
  pAstro: null,
  snr: null,
  group: 'CBC',
  search: 'AllSky',
  classification: { BBH: 0.99, BNS: 0, NSBH: 0.01, Terrestrial: 0 },
  properties: { HasNS: 0, HasRemnant: 0 },
  externalCoincidence: null,
  position: null,
  statedDistanceMpc: null,
  map: map(45, 330),
  combinedMap: null,
  mapState: 'ready',
}
const bns = { BNS: 0.95, BBH: 0.03, NSBH: 0.01, Terrestrial: 0.01 }

describe('grandma reproduces the decision table', () => {
  const grandma = (
    changed: Partial<RuleFacts>,
    parameters: Record<string, number> = { bbhProbability: 0.5, distance: 500, area: 100 },
  ) => {
    const { score, decision } = evaluate(withParameters(shippedRules('grandma'), parameters), {
      ...facts,
      ...changed,
    })
    return [score, decision]
  }
  it.each([
    ['near, well localised BBH', {}, [2, 'GO']],
    ['mock', { name: 'MS241102br', role: 'mock' as const }, [0, 'NO']],
    ['not significant', { significant: false }, [0, 'NO']],
    ['significance not stated', { significant: null }, [0, 'NO']],
    ['retraction', { type: 'retraction' as const, classification: {}, significant: null }, [0, 'NO']],
    ['no class', { classification: {} }, [0, 'NO']],
    ['terrestrial', { classification: { Terrestrial: 0.9, BBH: 0.1 } }, [0, 'NO']],
    ['unknown class', { classification: { MassGap: 0.9, BBH: 0.1 } }, [0, 'NO']],
    ['BBH at the threshold', { classification: { BBH: 0.5, NSBH: 0.3, BNS: 0.2 } }, [0, 'NO']],
    ['far BBH', { map: map(45, 500) }, [1, 'NO']],
    ['BBH over a large area', { map: map(100, 330) }, [1, 'NO']],
    ['BBH without distance', { map: map(45, null) }, [1, 'NO']],
    ['near, well localised BNS', { classification: bns }, [3, 'GO']],
    ['far BNS', { classification: bns, map: map(45, 600) }, [2, 'GO']],
    ['BNS without map', { classification: bns, map: null, mapState: 'none' as const }, [2, 'GO']],
    ['NSBH', { classification: { NSBH: 0.9, BBH: 0.1 } }, [3, 'GO']],
    [
      'a coincidence is not looked at',
      {
        classification: {},
        externalCoincidence: {
          observatory: 'Fermi',
          search: 'GRB',
          triggerId: null,
          ivorn: null,
          timeDifferenceSeconds: 1,
          timeCoincidenceFarHz: 1e-9,
          timeSkyCoincidenceFarHz: 1e-9,
          hasCombinedMap: true,
        },
      },
      [0, 'NO'],
    ],
  ])('%s', (_name, changed, expected) => {
    expect(grandma(changed)).toEqual(expected)
  })
  it('cuts by class when asked', () => {
    expect(grandma({ classification: bns }, { areaBnsNsbh: 10 })).toEqual([2, 'GO'])
    expect(grandma({}, { areaBbh: 10 })).toEqual([1, 'NO'])
    expect(grandma({}, { area: 10, areaBbh: 1000 })).toEqual([2, 'GO'])
  })
})

describe('urania', () => {
  const urania = (changed: Partial<RuleFacts>) => evaluate(shippedRules('urania'), { ...facts, ...changed })
  const coincidence = { observatory: 'Fermi', search: 'GRB', triggerId: '774670514', ivorn: null, timeDifferenceSeconds: 1.27, timeCoincidenceFarHz: 1.9e-9, timeSkyCoincidenceFarHz: 1.4e-9, hasCombinedMap: true } // prettier-ignore
  it('takes a rare coincidence with its combined map seriously, class or none', () => {
    const verdict = urania({
      classification: {},
      externalCoincidence: coincidence,
      map: map(2176, 140),
      combinedMap: map(160.7, 70.4),
    })
    expect([verdict.score, verdict.decision]).toEqual([4, 'GO'])
    const area = verdict.inputs.find((i) => i.name === 'area90')!
    expect(area).toMatchObject({ value: 160.7, unit: 'deg2', source: 'combined map', decisive: true })
    expect(verdict.reasons[0]).toMatch(/coincidence/)
  })
  it.each([
    ['retraction', { type: 'retraction' as const }, [0, 'RETRACTED']],
    ['mock', { role: 'mock' as const }, [0, 'NO']],
    [
      'simulated counts as the sky',
      { role: 'simulated' as const, classification: bns, properties: { HasNS: 0.95 } },
      [3, 'GO'],
    ],
    ['not significant', { significant: false }, [0, 'NO']],
    ['terrestrial', { classification: { Terrestrial: 0.99 } }, [0, 'NO']],
    [
      'neutron star, map awaited',
      { properties: { HasNS: 1 }, map: null, mapState: 'waiting' as const },
      [2, 'WAIT'],
    ],
    ['sub-solar', { classification: {}, properties: { HasSSM: 1 }, map: map(2000, 140) }, [2, 'LOOK']],
    [
      'XRT position',
      {
        kind: 'grb' as const,
        position: { ra: 1, dec: 1, errorDeg: 0.0014, containment: 0.9, systematicIncluded: false },
      },
      [3, 'GO'],
    ],
    [
      'GBM position',
      {
        kind: 'grb' as const,
        position: { ra: 1, dec: 1, errorDeg: 5.6, containment: 0.68, systematicIncluded: false },
        map: map(200, null),
      },
      [1, 'LOOK'],
    ],
    ['burst without position', { kind: 'grb' as const, map: null, mapState: 'none' as const }, [1, 'WAIT']],
    ['gold neutrino', { kind: 'neutrino' as const, pAstro: 0.6, map: map(2, null) }, [2, 'GO']],
    ['bronze neutrino', { kind: 'neutrino' as const, pAstro: 0.3, map: map(2, null) }, [1, 'LOOK']],
  ])('%s', (_name, changed, expected) => {
    const { score, decision } = urania(changed)
    expect([score, decision]).toEqual(expected)
  })
})

describe('a mistake in a rule file names file, line and key', () => {
  const head = 'name = "x"\nversion = "1"\ntitle = "X"\n'
  const rule = (when: string) =>
    `${head}\n[[rule]]\nname = "a"\nwhen = ["kind = gw",\n  "${when}"]\nscore = 1\ndecision = "GO"\nreason = ""\n`
  it.each([
    ['broken TOML', `${head}oops`, /^x\.toml:4: /],
    [
      'no unit',
      rule('distance < 100'),
      /^x\.toml:8: rule\.0\.when "distance < 100": distance needs a unit, one of Mpc, kpc, Gpc/,
    ],
    ['wrong unit', rule('area90 < 100 Mpc'), /area90 needs a unit/],
    ['unknown input', rule('distanse < 100 Mpc'), /there is no input distanse/],
    ['unknown parameter', rule('distance < $near'), /there is no parameter near/],
    ['unknown decision', rule('distance < 1 Gpc').replace('GO', 'RUN'), /^x\.toml:10: rule\.0\.decision /],
    ['unknown key', `${rule('distance < 1 Gpc')}scoer = 2\n`, /^x\.toml:12: rule\.0\.scoer is not a key/],
    ['no rules', head, /rule/],
    ['no order for words', rule('class < BBH'), /class has no order/],
  ])('%s', (_what, source, sentence) => {
    expect(() => parseRules(source, 'x.toml')).toThrow(sentence)
  })
  it('converts units and compares', () => {
    const rules = parseRules(
      `${rule('distance < 0.4 Gpc')}[[rule]]\nname = "b"\nscore = 0\ndecision = "NO"\nreason = ""\n`,
      'x.toml',
    )
    expect(evaluate(rules, facts).decision).toBe('GO')
    expect(evaluate(rules, { ...facts, map: map(45, 401) }).decision).toBe('NO')
  })
  it('refuses parameters it does not have', () => {
    expect(() => withParameters(shippedRules('grandma'), { areas: 1 })).toThrow(
      /has no parameter areas; it has bbhProbability, distance, area/,
    )
    expect(() => shippedRules('nope')).toThrow(/shipped are urania and grandma/)
  })
})
