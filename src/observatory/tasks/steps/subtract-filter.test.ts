import { expect, it } from 'vitest'
import { seededRandom } from '#science/simulate/random.ts'
import { sourceFlags } from '#science/image/plane.ts'
import type { Objects } from './objects.ts'
import { flagAgainst } from './subtract-filter.ts'

/** Stars of FWHM 3.4 px, whose peaks and half-light radii scatter as their S/N lets them. */
function stars(sn: readonly number[], seed: number): Objects {
  const random = seededRandom(seed)
  const flux = Float64Array.from(sn, (each) => 170 * each)
  return {
    rows: sn.length,
    flux,
    fluxErr: flux.map(() => 170),
    fluxMax: flux.map((each) => 0.075 * each + 25 * random.normal()),
    fluxRadius: flux.map((each) => 1.75 * Math.exp((170 / each) * random.normal())),
    flags: new Uint32Array(sn.length),
  } as unknown as Objects
}

it('a star of S/N 6–30 on the difference keeps its name, 200 of 200; a hot pixel and a cloud lose theirs', () => {
  const frame = stars(
    Array.from({ length: 300 }, (_, i) => 10 + 3 * i),
    1,
  )
  const seen = stars(
    Array.from({ length: 200 }, (_, i) => 6 + i * 0.12),
    2,
  )
  flagAgainst(seen, frame)
  expect([...seen.flags].filter((flags) => flags !== 0)).toEqual([])
  const odd = stars([20, 20, 20], 3)
  odd.fluxMax[1] = 0.7 * odd.flux[1]!
  odd.fluxRadius[2] = 5
  flagAgainst(odd, frame)
  expect([...odd.flags]).toEqual([0, sourceFlags.shapeOutlier, sourceFlags.shapeOutlier])
})
