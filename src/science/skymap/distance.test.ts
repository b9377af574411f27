import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import {
  conditionalDistance,
  marginalCdf,
  marginalDistance,
  marginalPdf,
  marginalQuantiles,
  volumeDensity,
} from './distance.ts'
import { circleMap } from './make.ts'
import type { SkyMap } from './map.ts'
import { conditionalCdf, conditionalPdf, momentsOf, normOf, parametersOf } from './moments.ts'
import { erf, erfc, erfcx, normalWidth } from './normal.ts'
import { credibleVolumes, rankPlaces } from './volume.ts'

interface Reference {
  functions: { x: number; erf: number; erfc: number; erfcx: number }[]
  moments: { z: number; mean: number; std: number; logNorm: number; cdf: [number, number, number] }[]
}
const reference = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../fixtures/skymap/reference.json'), 'utf8'),
) as Reference

function near(got: number, want: number, relative: number, what = ''): void {
  expect(Math.abs(got - want), `${what} ${got} ≈ ${want}`).toBeLessThanOrEqual(relative * Math.abs(want))
}

describe('error functions', () => {
  it('agree with 40 digits to 4e-16 of the value', () => {
    for (const { x, erf: a, erfc: b, erfcx: c } of reference.functions) {
      near(erf(x), a, 4e-16, `erf ${x}`)
      near(erfc(x), b, 8e-16, `erfc ${x}`)
      near(erfcx(x), c, 8e-16, `erfcx ${x}`)
    }
    near(normalWidth(0.9), 1.6448536269514722, 1e-14)
  })
})

describe('moments of the conditional distance', () => {
  it.each(reference.moments)(
    'z = $z: mean, width and norm to 1e-11, cdf to 1e-10',
    ({ z, mean, std, logNorm, cdf }) => {
      const norm = normOf(z, 1)
      const moments = momentsOf({ mu: z * 7, sigma: 7, norm: 1 })!
      near(moments.mean, 7 * mean, 1e-11)
      near(moments.std, 7 * std, 1e-10)
      if (!(logNorm < 700)) return
      expect(Math.log(norm)).toBeCloseTo(logNorm, 10)
      for (const [n, part] of [0.25, 1, 1.5].entries()) {
        expect(conditionalCdf({ mu: z, sigma: 1, norm }, part * mean)).toBeCloseTo(cdf[n], 10)
      }
    },
  )

  it('at z = 0 they are the known constants', () => {
    const { mean, std } = momentsOf({ mu: 0, sigma: 1, norm: 2 })!
    near(mean, 2 * Math.sqrt(2 / Math.PI), 1e-15)
    near(std, Math.sqrt(3 - 8 / Math.PI), 1e-14)
    near(normOf(0, 1), 2, 1e-15)
  })

  it('go back to their parameters to 1e-8, and to nothing below mean/std = √3', () => {
    for (const z of [-15, -5, -1, 0, 1, 3, 8, 25, 40, 500]) {
      const { mean, std } = momentsOf({ mu: 30 * z, sigma: 30, norm: 1 })!
      const back = parametersOf({ mean, std })
      expect(Math.abs(back.mu - 30 * z)).toBeLessThan(1e-8 * 30 * (1 + z * z))
      near(back.sigma, 30, 1e-8)
      near(back.norm, normOf(30 * z, 30), 1e-6)
    }
    for (const ratio of [1, 1.7, Math.sqrt(3), 1.74]) {
      expect(parametersOf({ mean: ratio, std: 1 })).toEqual({ mu: Infinity, sigma: 1, norm: 0 })
    }
  })
})

/** A map of one direction with one distance distribution. */
function cloud(mu: number, sigma: number): SkyMap {
  const base = circleMap(120, 30, 2, 0.9)
  const n = base.order.length
  return {
    ...base,
    distance: {
      mu: new Float64Array(n).fill(mu),
      sigma: new Float64Array(n).fill(sigma),
      norm: new Float64Array(n).fill(normOf(mu, sigma)),
    },
  }
}

describe('distances of a map', () => {
  const map = cloud(100, 20)
  const one = { mu: 100, sigma: 20, norm: normOf(100, 20) }

  it('marginal and conditional agree where all directions are alike', () => {
    const moments = momentsOf(one)!
    const marginal = marginalDistance(map)!
    near(marginal.meanMpc, moments.mean, 1e-13)
    near(marginal.stdMpc, moments.std, 1e-10)
    near(marginalPdf(map, [90])[0], conditionalPdf(one, 90), 1e-12)
    near(marginalCdf(map, [90])[0], conditionalCdf(one, 90), 1e-12)
    const [low, middle, high] = marginalQuantiles(map, [0.05, 0.5, 0.95])
    for (const [r, level] of [
      [low, 0.05],
      [middle, 0.5],
      [high, 0.95],
    ])
      near(conditionalCdf(one, r), level, 1e-8)
    const here = conditionalDistance(map, 120, 30)!
    near(here.quantile(0.5), middle, 1e-8)
    near(here.mean, moments.mean, 1e-14)
    near(here.pdf(110), conditionalPdf(one, 110), 1e-14)
  })

  it('is no mean of DISTMU, and directions without a distance are left out', () => {
    const { mu, sigma, norm } = map.distance!
    const blind = { mu: mu.slice(), sigma: sigma.slice(), norm: norm.slice() }
    for (let i = 0; i < blind.mu.length; i += 2) {
      blind.mu[i] = Infinity
      blind.sigma[i] = 1
      blind.norm[i] = 0
    }
    const marginal = marginalDistance({ ...map, distance: blind })!
    near(marginal.meanMpc, momentsOf(one)!.mean, 1e-12)
    expect(marginal.probability).toBeLessThan(0.7)
    expect(marginalDistance({ ...map, distance: undefined })).toBeNull()
    let seen: unknown
    try {
      conditionalDistance(circleMap(0, 0, 1, 0.9), 0, 0)
    } catch (error) {
      seen = error
    }
    expect(isProblem(seen, 'skymap.no_distance')).toBe(true)
  })

  it('volume of a small Gaussian cloud is that of an ellipsoid (2 %), and levels of places grow outwards', () => {
    const [v50, v90] = credibleVolumes(map, [0.5, 0.9])
    // σ across = 100 Mpc · σ_angle; for z ≫ 1 the distribution in space is a Gaussian of 20 Mpc along, with r² spread.
    const across = (2 / 2.145966) * (Math.PI / 180)
    const ratio = v90 / v50
    // χ² of three degrees of freedom: 2.3660 and 6.2514.
    near(ratio, (6.2514 / 2.366) ** 1.5, 0.05)
    expect(v50).toBeGreaterThan(0)
    const far = cloud(4000, 100)
    const [w90] = credibleVolumes(far, [0.9])
    near(w90, (4 / 3) * Math.PI * 6.2514 ** 1.5 * (4000 * across) ** 2 * 100, 0.02)
    const places = [
      { ra: 120, dec: 33, distanceMpc: 100 },
      { ra: 120, dec: 30, distanceMpc: 100 },
      { ra: 120.5, dec: 30, distanceMpc: 110 },
    ]
    const ranked = rankPlaces(map, places)
    expect(ranked.map((each) => each.index)).toEqual([1, 2, 0])
    expect(ranked[0].densityPerMpc3).toBe(volumeDensity(map, 120, 30, 100))
    expect(ranked[0].level).toBeLessThan(ranked[1].level)
    expect(ranked[1].level).toBeLessThan(ranked[2].level)
    expect(ranked[2].level).toBeLessThanOrEqual(1)
  })
})
