import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { conversionFactor, formatUnit, isVoUnit, parseUnit, voUnitOf } from './units.ts'
import { unitSymbols } from './unit-symbols.ts'

const facts = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../fixtures/table/table.json'), 'utf8'),
) as {
  conversions: [string, string, number][]
}

describe('units', () => {
  it.each([
    ['erg s-1 cm-2 Angstrom-1', 'erg.s**-1.cm**-2.Angstrom**-1'],
    ['10**(-17) erg/s/cm**2', '10**-17.erg.s**-1.cm**-2'],
    ['km.s-1', 'km/s'],
    ['erg.s-1.cm-2', 'erg.s**-1.cm**-2'],
    ['µJy', 'uJy'],
    ['mag(AB)', 'mag'],
    ['[solMass]', 'log(solMass)'],
    ['degrees', 'deg'],
    ['counts / s', 'ct/s'],
    ['e-/s', 'electron/s'],
    ['sqrt(Hz)', 'Hz**(1/2)'],
    ['1/s', 's**-1'],
    ['---', ''],
    ['0.1nm', '0.1nm'],
    ['Å', 'Angstrom'],
    ["'furlong'/d", "'furlong'/d"],
    ['parrots', 'parrots'],
  ])('%s is spelled %s', (text, spelled) => {
    expect(voUnitOf(text)).toBe(spelled)
  })

  it('what is written is VOUnits and reads back the same, for every symbol and the names of conventions', () => {
    const names = 'deg arcsec mas/yr mag Jy mJy uJy nJy adu ct electron s d Angstrom m km/s pix ph'.split(' ')
    for (const name of [...names, ...Object.keys(unitSymbols)]) {
      expect(isVoUnit(name), name).toBe(true)
      expect(formatUnit(parseUnit(name, { strict: true }))).toBe(name)
    }
  })

  it.each(facts.conversions)('%s to %s is astropy’s to 1e-9', (from, to, factor) => {
    expect(conversionFactor(from, to) / factor).toBeCloseTo(1, 9)
  })

  it('decimal prefixes convert exactly', () => {
    expect([
      conversionFactor('mJy', 'uJy'),
      conversionFactor('deg', 'arcsec'),
      conversionFactor('km/s', 'm/h'),
    ]).toEqual([1000, 3600, 3_600_000])
  })

  it.each([
    ['parrot', '"parrot" is no unit: VOUnits has no unit "parrot" (column 1).'],
    ['m/', '"m/" is no unit: it ends too early (column 3).'],
    ['m**', '"m**" is no unit: a number must follow the power sign (column 2).'],
    ['(m', '"(m" is no unit: a parenthesis is not closed (column 1).'],
    ['('.repeat(100), 'too many parentheses'],
    ['m'.repeat(300), 'longer than 200 characters'],
    ['m)', '")" is out of place (column 2).'],
  ])('%s is refused', (text, message) => {
    expect(() => parseUnit(text)).toThrow(message)
  })

  it('what does not fit is refused', () => {
    expect(() => conversionFactor('mag', 'Jy')).toThrow('A value in "mag" cannot be given in "Jy".')
    expect(() => conversionFactor('log(Hz)', 'Hz')).toThrow('cannot be given')
  })
})
