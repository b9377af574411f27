import { expect, it } from 'vitest'
import { airmass, altitudeOfAirmass } from './airmass.ts'
import type { AirmassFormula } from './airmass.ts'

const formulas: AirmassFormula[] = [
  'plane-parallel',
  'hardie1962',
  'kasten-young1989',
  'gueymard1993',
  'pickering2002',
]

it.each(formulas)('%s is 1 at the zenith and 2 at 30° within 0.4 %, and falls with altitude', (formula) => {
  expect(airmass(90, formula)).toBeCloseTo(1, 3)
  expect(Math.abs(airmass(30, formula) / 2 - 1)).toBeLessThan(0.004)
  for (let altitude = 6; altitude < 89.5; altitude += 0.5)
    expect(airmass(altitude, formula)).toBeGreaterThan(airmass(altitude + 0.5, formula))
  expect(airmass(-1, formula)).toBe(Infinity)
})

it('has the published values at the horizon (1 %) and agrees between formulas at 10° (0.3 %)', () => {
  // Kasten & Young 1989: 37.92 at the horizon, 5.585 at 10°; Pickering 2002: 38.75.
  expect(airmass(0, 'kasten-young1989')).toBeCloseTo(37.92, 1)
  expect(airmass(0, 'pickering2002')).toBeCloseTo(38.75, 1)
  expect(airmass(10, 'kasten-young1989')).toBeCloseTo(5.586, 2)
  expect(airmass(10, 'pickering2002') / 5.586).toBeCloseTo(1, 2)
  expect(airmass(10, 'gueymard1993') / 5.586).toBeCloseTo(1, 2)
})

it.each(formulas)('%s is inverted to 1e-9 deg', (formula) => {
  for (const altitude of [10, 25, 41.8, 60, 85])
    expect(altitudeOfAirmass(airmass(altitude, formula), formula)).toBeCloseTo(altitude, 8)
  expect(altitudeOfAirmass(airmass(90, formula), formula)).toBe(90)
})
