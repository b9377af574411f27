import { afterAll, describe, expect, it } from 'vitest'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { caseOf, judgedOf, score } from '#test/hotpants.ts'
import { sfft } from './sfft.ts'

const workshop = createWorkshop({ hands: 2 })
afterAll(() => workshop.close())

describe('SFFT', () => {
  for (const [kind, preparation] of [
    ['shifted', 'sparse'],
    ['gradient', 'sparse'],
    ['crowded', 'crowded'],
  ] as const) {
    it(`a ${kind} pair, ${preparation}: kernel sum within 0.6 %, fluxes within 1.5 %, pulls 0.6–1.35 σ`, () => {
      const the = caseOf(kind, 400, 5)
      const d = sfft(the.science, the.template, { preparation, halfWidth: 6 }, workshop)
      const s = score(the, judgedOf(d.difference, d.noise, d.mask, d.fluxScale), d.noise.data)
      expect(d.direction).toBe('template')
      expect(Math.abs(s.kernelSum - 1)).toBeLessThan(0.006)
      expect(Math.abs(s.fluxRatio - 1)).toBeLessThan(0.015)
      expect(s.pull).toBeGreaterThan(0.6)
      expect(s.pull).toBeLessThan(1.35)
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
