import { afterAll, expect, it } from 'vitest'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { simulateField } from '#science/simulate/field.ts'
import { compareOn } from '#test/extraction-comparison.ts'
import { asFile, hasSourceExtractor } from '#test/source-extractor.ts'

const workshop = createWorkshop({ hands: 2 })
afterAll(() => workshop.close())

// A quarter each of the fields of scripts/compare-sextractor.ts.
for (const [name, seed, count] of [
  ['sparse', 1, 500],
  ['crowded', 2, 6250],
] as const) {
  it.skipIf(!hasSourceExtractor)(
    `has source-extractor's objects on a ${name} 1024² field: 99.5 % of the unflagged within 0.2 px, 98 % of all within ` +
      '1 px, under 1 % alone, AUTO fluxes to 0.2 % (needs source-extractor)',
    () => {
      const field = simulateField({ width: 1024, height: 1024, count, seed, gradient: [30, -20] })
      const found = asFile(field.plane, (path) => compareOn(field, path, workshop))
      expect(found.theirs).toBeGreaterThan(375)
      expect(found.unflagged).toBeGreaterThanOrEqual(0.995)
      expect(found.all).toBeGreaterThanOrEqual(0.98)
      expect(found.alone).toBeLessThanOrEqual(0.01)
      expect(Math.abs(found.auto.median - 1)).toBeLessThanOrEqual(0.002)
      expect(found.auto.mad).toBeLessThanOrEqual(0.002)
      expect(Math.abs(found.aper.median - 1)).toBeLessThanOrEqual(0.002)
      expect(Math.abs(found.autoErr.median - 1)).toBeLessThanOrEqual(0.002)
      expect(Math.abs(found.radius.median - 1)).toBeLessThanOrEqual(0.002)
    },
  )
}
