import { expect, it } from 'vitest'
import { aliasKey, canonicalName, namesIn, triggersIn } from './aliases.ts'

it.each([
  ['S241102br', 'S241102br', true],
  ['s241102BR', 'S241102br', true],
  ['MS190425b_test35', 'MS190425b', true],
  ['TS200101a', 'TS200101a', true],
  ['GW170817', 'GW170817', true],
  ['gw190425_081805', 'GW190425_081805', true],
  ['G298048', 'G298048', true],
  ['GRB230410a', 'GRB 230410A', true],
  ['GRB 230410A', 'GRB 230410A', true],
  ['GRB 251214', 'GRB 251214', false],
  ['bn240812094', 'bn240812094', true],
  ['ICECUBE-230416a', 'IceCube-230416A', true],
  ['IceCube Cascade 230416a', 'IceCube-230416A', true],
  ['EP240301A', 'EP240301a', true],
  ['FRB20231013b', 'FRB 20231013B', true],
  ['sb25120806', 'sb25120806', true],
  ['KM3-240901A', 'KM3-240901A', true],
  ['AT2017gfo', 'AT 2017gfo', true],
  ['SN 1987a', 'SN 1987A', true],
  ['Fermi 694215970', 'Fermi 694215970', true],
  ['swift trigger 1423875', 'Swift 1423875', true],
  ['Swift J1858.6-0814', 'Swift J1858.6-0814', false],
  ['OQ  334 ', 'OQ 334', false],
])('%s is written %s', (text, name, key) => {
  expect(canonicalName(text)).toMatchObject({ name, key })
})

it('finds names and triggers in prose', () => {
  const names = namesIn('S241102br / GRB 241102A: coincident sub-threshold trigger').map((n) => n.name)
  expect(names).toEqual(['S241102br', 'GRB 241102A'])
  expect(
    triggersIn('the Fermi GBM triggered on GRB 230410A (trigger 702818765.135562 / 230410476).'),
  ).toEqual(['Fermi 702818765', 'bn230410476'])
  expect(triggersIn('At 09:02 UT the Swift BAT triggered (trigger=1423875).')).toEqual(['Swift 1423875'])
  expect(namesIn('nothing to see, GRBs and SNe in general')).toEqual([])
})

it('looks names up without regard to case and blanks', () => {
  expect(aliasKey('grb230410a')).toBe(aliasKey('GRB 230410A'))
})
