import { afterAll, describe, expect, it } from 'vitest'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { simulateField } from '#science/simulate/field.ts'
import { caseOf, withPsf } from '#test/hotpants.ts'
import { judgedOf, median, score } from '#test/yardstick.ts'
import { subtract } from './al98.ts'
import type { Kernel } from './decorrelate.ts'
import { zogy, type ZogyInput } from './zogy.ts'

const workshop = createWorkshop({ hands: 2 })
afterAll(() => workshop.close())

/** The true point spread. */
function pointSpread(psf: object): Kernel {
  const size = 41
  const { plane } = simulateField({
    width: size,
    height: size,
    count: 0,
    stars: [{ x: 20, y: 20, flux: 1 }],
    sky: 0,
    noise: false,
    saturation: Infinity,
    wings: 1e-9,
    psf,
  })
  return { size, data: Float64Array.from(plane.data) }
}

describe('ZOGY', () => {
  // Of the shifted pair the point spread varies over the frame, too, and within a tile it is taken as constant.
  for (const [kind, bias] of [
    ['sparse', 0.01],
    ['gradient', 0.01],
    ['shifted', 0.02],
  ] as const) {
    it(`a ${kind} pair: flux scale within ${bias < 0.02 ? 0.4 : 1} %, fluxes within ${100 * bias} % and two standard errors, all above S/N 7 found, pulls and S_corr of width 0.9–1.1`, () => {
      const the = caseOf(kind, 512, 5)
      const z = zogy(...withPsf(the), {}, workshop)
      expect(Math.abs(z.fluxScale / 1.25 - 1)).toBeLessThan(bias < 0.02 ? 0.004 : 0.01)
      const measured = { flux: z.flux.data, error: z.fluxError.data, score: z.score.data }
      const own = { ...judgedOf(z.difference, z.noise, z.mask, z.fluxScale), measured }
      const s = score(the, own, z.noise.data)
      expect(Math.abs(s.fluxRatio - 1)).toBeLessThan(bias + 2 * s.fluxRatioError)
      expect(s.quiet).toBeGreaterThan(0.9)
      expect(s.quiet).toBeLessThan(1.1)
      expect(s.completeness).toBe(1)
      expect(s.fading).toBe(1)
      const quiet: number[] = []
      for (let i = 0; i < z.score.data.length; i += 7)
        if (z.mask.data[i] === 0) quiet.push(Math.abs(z.score.data[i]))
      expect(1.4826 * median(quiet)).toBeGreaterThan(0.9)
      expect(1.4826 * median(quiet)).toBeLessThan(1.1)
      expect(z.psf.data.reduce((a, b) => a + b, 0)).toBeGreaterThan(0.9)
      expect(z.psf.data.reduce((a, b) => a + b, 0)).toBeLessThan(1.05)
    })
  }

  it('noise is white where that of a convolved difference is not: neighbours correlate by less than 0.05', () => {
    const the = caseOf('sparse', 400, 9)
    const input = (which: 'science' | 'template'): ZogyInput => {
      const spread = pointSpread({ ...the.options.field?.psf, ...the.options[which]?.psf })
      return { ...the[which], psf: () => spread }
    }
    const z = zogy(input('science'), input('template'), {}, workshop)
    const a = subtract(the.science, the.template, {}, workshop)
    const correlation = ({ data }: { data: Float32Array }) => {
      let [product, square] = [0, 0]
      for (let i = 400 * 30; i < 400 * 370; i++) {
        if (z.mask.data[i] || a.mask.data[i] || z.mask.data[i + 1] || a.mask.data[i + 1]) continue
        if (Math.abs(data[i]) > 60 || Math.abs(data[i + 1]) > 60) continue
        product += data[i] * data[i + 1]
        square += data[i] ** 2
      }
      return product / square
    }
    expect(Math.abs(correlation(z.difference))).toBeLessThan(0.05)
  })

  it('a point spread that is none is refused with a remedy', () => {
    const the = caseOf('sparse', 256, 9)
    const none = () => ({ size: 2, data: new Float64Array(4) })
    expect(() => zogy({ ...the.science, psf: none }, { ...the.template, psf: none }, {}, workshop)).toThrow(
      'give one from a PSF model',
    )
  })
})
