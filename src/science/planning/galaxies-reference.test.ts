import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readSkyMap } from '#science/skymap/read.ts'
import { rankPlaces } from '#science/skymap/volume.ts'
import { dataFile } from '#test/data.ts'
import { rankGalaxies } from './galaxies.ts'

interface Reference {
  galaxies: {
    ra: number
    dec: number
    distanceMpc: number
    massSun: number
    /** Mpc⁻³. */
    density: number
    level: number
  }[]
}

const file = dataFile('vast', 'vast-tools', 'test_skymap_gw190814.fits.gz')

describe.skipIf(!file)(
  'a made-up catalogue in GW190814, against scripts/fixtures/planning-galaxies.py (needs shared test data)',
  () => {
    const { galaxies } = JSON.parse(
      readFileSync(new URL('../../../fixtures/planning/galaxies.json', import.meta.url), 'utf8'),
    ) as Reference
    const columns = {
      ra: galaxies.map((each) => each.ra),
      dec: galaxies.map((each) => each.dec),
      distanceMpc: galaxies.map((each) => each.distanceMpc),
      massSun: galaxies.map((each) => each.massSun),
    }
    const map = file ? readSkyMap(readFileSync(file)) : undefined
    /** Those within 90 % of the volume, but for those whose level is too near to it to say. */
    const near = (level: number): boolean => Math.abs(level - 0.9) < 0.002

    it('has each at the same probability per volume within 1e-4 of it and the same level within 0.002', () => {
      const found = rankPlaces(map!, galaxies)
      expect(found).toHaveLength(galaxies.length)
      let compared = 0
      for (const { index, densityPerMpc3, level } of found) {
        const expected = galaxies[index]!
        expect(Math.abs(level - expected.level)).toBeLessThan(0.002)
        if (expected.density < 1e-20) continue
        expect(Math.abs(densityPerMpc3 / expected.density - 1)).toBeLessThan(1e-4)
        compared++
      }
      expect(compared).toBeGreaterThan(150)
    })

    it.each([
      ['density', (i: number) => galaxies[i]!.density],
      ['mass', (i: number) => galaxies[i]!.density * galaxies[i]!.massSun],
    ] as const)('ranks by %s as the script has it, shares within 1e-4', (weight, value) => {
      const { galaxies: ranked } = rankGalaxies(map!, columns, { weight })
      const kept = ranked.filter(({ index }) => !near(galaxies[index]!.level)).map(({ index }) => index)
      const wanted = [...galaxies.keys()]
        .filter((i) => galaxies[i]!.level < 0.9 && !near(galaxies[i]!.level))
        .sort((a, b) => value(b) - value(a))
      expect(kept).toEqual(wanted)
      expect(wanted.length).toBeGreaterThan(50)
      const sum = ranked.reduce((s, { index }) => s + value(index), 0)
      for (const { index, weight: share } of ranked)
        expect(Math.abs(share / (value(index) / sum) - 1)).toBeLessThan(1e-4)
    })
  },
)
