import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { wcsOf } from '#science/fits/wcs/wcs.ts'
import { tanWcs } from '#science/fits/wcs/make.ts'
import type { ProgramEngine } from './port.ts'
import { isInstalled, runPrograms } from './registry.ts'

const docs = resolve(import.meta.dirname, '../../../../docs/extending')
const { example } = (await import(join(docs, 'engine.ts'))) as { example: ProgramEngine<'refine'> }

it.skipIf(!isInstalled(example))(
  'the engine of docs/extending shifts a WCS within 0.01 px (needs awk)',
  async () => {
    const truth = tanWcs({ crval: [10, 20], crpix: [100, 100], cd: [-1e-4, 0, 0, 1e-4] })
    const start = tanWcs({ crval: [10, 20], crpix: [101.5, 98.75], cd: [-1e-4, 0, 0, 1e-4] })
    const x = Float64Array.from({ length: 40 }, (_, i) => 15 + ((i * 37) % 180))
    const y = Float64Array.from({ length: 40 }, (_, i) => 12 + ((i * 71) % 180))
    const folder = mkdtempSync(join(tmpdir(), 'urania-example-'))
    try {
      const work = {
        terms: start.terms,
        x,
        y,
        flux: x,
        fluxErr: x,
        ...truth.pixelsToSky(x, y),
        mag: x,
        width: 200,
        height: 200,
        jitterPx: 0.5,
        errorPx: 4,
        order: 1,
      }
      const found = await runPrograms(example, work, { folder, hands: 1, log: () => {} })
      expect(found!.stars).toBe(40)
      const [px, py] = wcsOf(found!.terms).skyToPixel(...truth.pixelToSky(50, 60))!
      expect(Math.hypot(px - 50, py - 60)).toBeLessThan(0.01)
      expect(readdirSync(folder)).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)

it('the example and its page fit on sixty lines', () => {
  for (const name of ['engine.ts', 'engine.md'])
    expect(readFileSync(join(docs, name), 'utf8').split('\n').length, name).toBeLessThanOrEqual(60)
})
