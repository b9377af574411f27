import { describe, expect, it } from 'vitest'
import { filterNamed, filterNames, filterOf, filters, findFilter } from './filters.ts'

const aliases = filters.flatMap(({ name, aliases: others }) =>
  [name, ...others].map((alias) => [alias, name] as const),
)

/** As the specification writes them, X being the letter. */
const written = ['sdssX', 'SDSS X', 'SDSS-X', 'SDSS-X′', 'Sloan-X', 'sloanX', 'Sloan X', 'SX', 'sX']

describe('filters', () => {
  it.each(aliases)('%s is %s', (alias, name) => {
    expect(findFilter(alias)?.name).toBe(name)
    expect(findFilter(` ${alias} `)?.name).toBe(name)
  })

  it.each(
    ['u', 'g', 'r', 'i', 'z', 'y'].flatMap((letter) =>
      written.map((form) => [form.replace(/X(?=′?$)/u, letter), letter]),
    ),
  )('%s is %s, as headers write it', (text, name) => {
    expect(findFilter(text)?.name).toBe(name)
  })

  it.each([
    ['Rc', 'R'],
    ['Ic', 'I'],
    ["I'", 'I'],
    ['K', 'Ks'],
    ['ZTF_g', 'g'],
    ['ZTF_r', 'r'],
    ['ZTF_i', 'i'],
    ['rp', 'r'],
    ['RP', 'RP'],
    ['g', 'g'],
    ['G', 'G'],
    ['Bessell_V', 'V'],
    ['g DECam SDSS c0001 4720.0 1520.0', 'g'],
    ['SLOAN-G', 'g'],
  ])('%s is %s', (text, name) => {
    expect(findFilter(text)?.name).toBe(name)
  })

  it.each(['', 'Ha', 'clear', 'v', 'Rp', 'L', 'None', 'x'])('"%s" is none', (text) => {
    expect(findFilter(text)).toBeNull()
    expect(() => filterNamed(text)).toThrow('is not known; use one of U, B')
  })

  it('have the systems, offsets, colours and fall-backs of the specification', () => {
    expect(filters.map(({ name }) => name)).toEqual([...filterNames])
    const vega = filters.filter(({ system }) => system === 'Vega').map(({ name }) => name)
    expect(vega).toEqual(['U', 'B', 'V', 'R', 'I', 'G', 'BP', 'RP', 'J', 'H', 'Ks'])
    const offsets = { U: 0.79, B: -0.09, V: 0.02, R: 0.21, I: 0.45, J: 0.91, H: 1.39, Ks: 1.85 }
    for (const [name, offset] of Object.entries(offsets)) expect(filterNamed(name).vegaToAb).toBe(offset)
    const colours = Object.fromEntries(filters.map(({ name, colour }) => [name, colour.join('−')]))
    expect(colours).toMatchObject({
      U: 'B−V',
      I: 'B−V',
      u: 'g−r',
      i: 'g−r',
      z: 'r−i',
      y: 'r−i',
      Ks: 'J−Ks',
      G: 'BP−RP',
    })
    const bands = Object.fromEntries(filters.map(({ name, templateBands }) => [name, templateBands.join('')]))
    expect(bands).toMatchObject({
      U: 'ug',
      B: 'ug',
      u: 'ug',
      V: 'g',
      R: 'ri',
      r: 'ri',
      I: 'iz',
      i: 'ir',
      z: 'zir',
      y: 'yzir',
      G: 'rg',
      BP: 'g',
      RP: 'ir',
      J: 'Jir',
      Ks: 'Ksir',
    })
    expect(filterOf('BP').skyportal).toBe('gaia::gbp')
    expect(filterOf('RP').skyportal).toBe('gaia::grp')
    expect(filterOf('U').skyportal).toBe('bessellu')
    expect(filterOf('r').skyportal).toBe('sdssr')
    expect(filterOf('J').skyportal).toBe('2massj')
    expect(filterOf('G').skyportal).toBe('gaia::g')
  })
})
