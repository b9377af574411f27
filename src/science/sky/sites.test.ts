import { expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { checkSite, findSite, geocentricOf, sites } from './sites.ts'

it('lists distinct, plausible observatories', () => {
  expect(sites.length).toBeGreaterThanOrEqual(25)
  const names = sites.flatMap(({ slug, aliases }) => [slug, ...aliases])
  expect(new Set(names).size).toBe(names.length)
  for (const site of sites) checkSite(site)
})

it.each([
  ['paranal', 'paranal'],
  ['VLT', 'paranal'],
  ['Mauna Kea', 'maunakea'],
  ['Cerro Pachon', 'cerro-pachon'],
  ['la  PALMA', 'la-palma'],
  ['Haleakalā Observatories', 'haleakala'],
])('finds %s', (name, slug) => {
  expect(findSite(name).slug).toBe(slug)
})

it.each([
  ['palomer', 'palomar'],
  ['paranel', 'paranal'],
  ['siding springs', 'siding-spring'],
  ['gemini', 'maunakea'],
])('suggests for %s', (name, suggestion) => {
  try {
    expect(findSite(name)).toBe('refused')
  } catch (error) {
    if (!isProblem(error, 'site.unknown')) throw error
    expect(error.details['suggestions']).toContain(suggestion)
    expect(error.message).toContain(suggestion)
  }
})

it('gives geocentric coordinates on WGS84 to 1 mm', () => {
  const at = (longitudeDeg: number, latitudeDeg: number, heightM: number) =>
    geocentricOf({ name: '', longitudeDeg, latitudeDeg, heightM })
  expect(at(0, 0, 0)).toEqual([6_378_137, 0, 0])
  expect(at(0, 90, 100)[2]).toBeCloseTo(6_356_752.3142 + 100, 3)
  // EarthLocation.from_geodetic(-70.4049869, -24.6274394, 2669) of astropy 5.2.1.
  const [x, y, z] = at(-70.4049869, -24.6274394, 2669)
  expect(x).toBeCloseTo(1946404.33929, 3)
  expect(y).toBeCloseTo(-5467644.29191, 3)
  expect(z).toBeCloseTo(-2642728.20044, 3)
})
