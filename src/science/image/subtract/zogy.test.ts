import { afterAll, describe, expect, it } from 'vitest'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { simulateField } from '#science/simulate/field.ts'
import { caseOf, judgedOf, median, score } from '#test/hotpants.ts'
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
  for (const kind of ['sparse', 'gradient']) {
    it(`a ${kind} pair: flux scale within 0.4 %, highest pixels 0.93–1.02 of the flux, all above S/N 7 found, S_corr of width 0.9–1.1`, () => {
      const the = caseOf(kind, 512, 5)
      const input = (which: 'science' | 'template'): ZogyInput => {
        const spread = pointSpread({ ...the.options.field?.psf, ...the.options[which]?.psf })
        return { ...the[which], psf: () => spread }
      }
      const z = zogy(input('science'), input('template'), {}, workshop)
      expect(Math.abs(z.fluxScale / 1.25 - 1)).toBeLessThan(0.004)
      const { transients } = the.pair
      const ratios: number[] = []
      for (let i = 0; i < transients.rows; i++) {
        const at = Math.round(transients.y[i]) * 512 + Math.round(transients.x[i])
        if (z.mask.data[at] !== 0) continue
        let best = at
        for (const next of [at - 1, at + 1, at - 512, at + 512]) {
          if (Math.abs(z.flux.data[next]) > Math.abs(z.flux.data[best])) best = next
        }
        const ratio = z.flux.data[best] / transients.flux[i]
        if (Math.abs(transients.flux[i]) > 4000) ratios.push(ratio)
        if (Math.abs(transients.flux[i]) > 7 * z.fluxError.data[best]) {
          expect(z.score.data[best] * Math.sign(transients.flux[i])).toBeGreaterThan(5)
        }
      }
      // The highest pixel lies up to half a pixel beside the source.
      expect(median(ratios)).toBeGreaterThan(0.93)
      expect(median(ratios)).toBeLessThan(1.02)
      const quiet: number[] = []
      for (let i = 0; i < z.score.data.length; i += 7)
        if (z.mask.data[i] === 0) quiet.push(Math.abs(z.score.data[i]))
      expect(1.4826 * median(quiet)).toBeGreaterThan(0.9)
      expect(1.4826 * median(quiet)).toBeLessThan(1.1)
      const s = score(the, judgedOf(z.difference, z.noise, z.mask, z.fluxScale), z.noise.data)
      expect(s.completeness).toBeGreaterThan(0.95)
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
