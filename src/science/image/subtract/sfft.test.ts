import { afterAll, describe, expect, it } from 'vitest'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { caseOf } from '#test/hotpants.ts'
import { judgedOf, score } from '#test/yardstick.ts'
import { sfft } from './sfft.ts'

const workshop = createWorkshop({ hands: 2 })
afterAll(() => workshop.close())

describe('SFFT', () => {
  for (const [kind, preparation, kernelOrder] of [
    ['shifted', 'sparse', 0],
    ['gradient', 'sparse', 0],
    ['crowded', 'crowded', 0],
  ] as const) {
    it(`a ${kind} pair, ${preparation}: kernel sum within 0.4 %, fluxes within 1 % and two standard errors, pulls 0.9–1.15 σ where nothing changed`, () => {
      const the = caseOf(kind, 400, 5)
      const d = sfft(the.science, the.template, { preparation, kernelOrder }, workshop)
      const s = score(the, judgedOf(d.difference, d.noise, d.mask, d.fluxScale), d.noise.data)
      expect(d.direction).toBe('template')
      expect(Math.abs(s.kernelSum - 1)).toBeLessThan(0.004)
      expect(Math.abs(s.fluxRatio - 1)).toBeLessThan(0.01 + 2 * s.fluxRatioError)
      expect(s.quiet).toBeGreaterThan(0.9)
      expect(s.quiet).toBeLessThan(1.15)
      expect(s.completeness).toBeGreaterThan(0.9)
      for (const residual of s.residuals) if (residual !== null) expect(residual).toBeLessThan(1.15)
    })
  }

  it('frames without common stars or without room for the kernel are refused with a remedy', () => {
    const plane = { width: 64, height: 64, data: new Float32Array(64 * 64).fill(7) }
    const small = { width: 12, height: 12, data: new Float32Array(144).fill(7) }
    expect(() => sfft({ plane }, { plane }, {}, workshop)).toThrow('No star stands out in both frames')
    expect(() => sfft({ plane: small }, { plane: small }, {}, workshop)).toThrow('give a smaller one')
  })
})
