import { describe, expect, it } from 'vitest'
import {
  brightest,
  comparisonBand,
  matchMovers,
  mergeDuplicates,
  rejectBlends,
  rejectionCatalogues,
  rejectKnown,
  flagCounts,
  unwantedFlags,
} from './candidate-filter.ts'
import { referenceCatalogueNamed } from './reference-catalogues.ts'

const arcsec = 1 / 3600

describe('candidates and catalogues', () => {
  const detected = { ra: [10, 20, 30, 40], dec: [0, 0, 0, 0], magnitude: [15, 15, 15, 15] }
  const options = { filter: 'r', radiusArcsec: 2, brighterBy: 2 } as const

  it('go where a star is, unless they are brighter by two magnitudes', () => {
    const stars = {
      ra: [10, 20, 30],
      dec: [arcsec, arcsec, 3 * arcsec],
      magnitude: [15.5, 17.5, 15],
      band: 'r' as const,
    }
    const { rejected, match, difference } = rejectKnown(detected, stars, options)
    expect(Array.from(rejected)).toEqual([1, 0, 0, 0])
    expect(Array.from(match)).toEqual([0, 1, -1, -1])
    expect(difference[1]).toBeCloseTo(-2.5, 10)
    expect(Array.from(rejectKnown(detected, stars, { ...options, brighterBy: 0 }).rejected)).toEqual([
      1, 1, 0, 0,
    ])
  })

  it('go where a star without a magnitude is, and compare with the brightest of several', () => {
    const nan = { ra: [10], dec: [0], magnitude: [NaN], band: 'r' as const }
    expect(rejectKnown(detected, nan, options).rejected[0]).toBe(1)
    const several = { ra: [20, 20], dec: [0, arcsec], magnitude: [19, 15.2], band: 'r' as const }
    expect(rejectKnown(detected, several, options)).toMatchObject({ rejected: Uint8Array.of(0, 1, 0, 0) })
  })

  it('are compared in AB, without changing what was measured', () => {
    const magnitude = Float64Array.of(15, 15, 15, 15)
    // V 15 Vega is 15.02 AB; a star of 17.0 AB is fainter by less than two magnitudes, one of 17.03 by more.
    const stars = { ra: [10, 20], dec: [0, 0], magnitude: [17, 17.03], band: 'g' as const }
    const first = rejectKnown({ ...detected, magnitude }, stars, { ...options, filter: 'V' })
    const second = rejectKnown({ ...detected, magnitude }, stars, { ...options, filter: 'V' })
    expect(Array.from(first.rejected)).toEqual([1, 0, 0, 0])
    expect(second).toEqual(first)
    expect(Array.from(magnitude)).toEqual([15, 15, 15, 15])
  })

  it('lose what differences have in common, when there are more than ten', () => {
    const n = 15
    const many = {
      ra: Array.from({ length: n }, (_, i) => 10 + i),
      dec: Array.from({ length: n }, () => 0),
      magnitude: Array.from({ length: n }, () => 15),
    }
    const stars = {
      ...many,
      magnitude: many.magnitude.map((each, i) => (i === 3 ? 20.5 : each + 3)),
      band: 'r' as const,
    }
    const found = rejectKnown(many, stars, options)
    expect(Array.from(found.rejected.keys()).filter((i) => found.rejected[i] === 0)).toEqual([3])
    expect(found.difference[3]).toBeCloseTo(-2.5, 10)
  })

  it('go where two stars were seen as one', () => {
    const pair = {
      ra: [10 - 2 * arcsec, 10 + 2 * arcsec],
      dec: [0, 0],
      magnitude: [15.7, 15.8],
      band: 'r' as const,
    }
    expect(rejectKnown(detected, pair, { ...options, radiusArcsec: 1 }).rejected[0]).toBe(0)
    const blends = rejectBlends(detected, pair, { ...options, radiusArcsec: 1, blendArcsec: 5 })
    expect(Array.from(blends.rejected)).toEqual([1, 0, 0, 0])
    expect(blends.separation[0]).toBeLessThan(0.2)
    const faint = { ...pair, magnitude: [19, 19] }
    expect(rejectBlends(detected, faint, { ...options, radiusArcsec: 1, blendArcsec: 5 }).rejected[0]).toBe(0)
    const wrap = { ra: [359.9999, 0.0001], dec: [0, 0], magnitude: [15, 15], band: 'r' as const }
    const there = { ra: [0], dec: [0], magnitude: [14.3] }
    expect(rejectBlends(there, wrap, { ...options, radiusArcsec: 0.5, blendArcsec: 2 }).rejected[0]).toBe(1)
  })

  it('are compared with catalogues that cover them, in the nearest band', () => {
    expect(rejectionCatalogues(20).map(({ key }) => key)).toEqual(['gaiaedr3', 'ps1'])
    expect(rejectionCatalogues(-20).map(({ key }) => key)).toEqual(['gaiaedr3', 'ps1', 'skymapper', 'des'])
    expect(rejectionCatalogues(-60).map(({ key }) => key)).toEqual(['gaiaedr3', 'skymapper', 'des'])
    const band = (key: string, filter: 'B' | 'r' | 'z' | 'J') =>
      comparisonBand(referenceCatalogueNamed(key), filter)
    expect([band('gaiaedr3', 'B'), band('gaiaedr3', 'r'), band('gaiaedr3', 'z')]).toEqual(['BP', 'G', 'RP'])
    expect([band('ps1', 'B'), band('ps1', 'r'), band('ps1', 'J')]).toEqual(['g', 'r', 'y'])
  })
})

describe('candidates among themselves', () => {
  it('are one where tiles overlap: the one of highest S/N', () => {
    const kept = mergeDuplicates(
      { ra: [10, 10, 20, 10.0001, NaN], dec: [0, 0, 0, 0, 0], snr: [5, 9, 3, 7, 2] },
      1,
    )
    expect(kept).toEqual([1, 2, 4])
  })

  it('are minor planets where one is within ten arcsec', () => {
    const movers = { ra: [10 + 8 * arcsec], dec: [0], name: ['(433) Eros'] }
    expect(matchMovers({ ra: [10, 11], dec: [0, 0] }, movers)).toEqual([
      { name: '(433) Eros', separationArcsec: expect.closeTo(8, 6) as number },
      { name: null, separationArcsec: null },
    ])
  })

  it('are shown brightest first, as many as wanted', () => {
    expect(brightest([17, NaN, 15, 16, 14], (i) => i !== 4, 2)).toEqual([2, 3])
  })

  it('lose flagged ones, but not deblended ones or those masked beside their core', () => {
    expect(unwantedFlags(true) & 0x302).toBe(0)
    expect(unwantedFlags(true) & 0x800).toBe(0x800)
    expect(unwantedFlags(false) & 0x800).toBe(0)
    expect(unwantedFlags(true) & 0x4004).toBe(0x4004)
    expect(flagCounts([0x4200, 0x204, 0x4, 0], unwantedFlags(true))).toBe(
      'saturated 0x4: 2, masked core 0x4000: 1',
    )
  })
})
