import { expect, it } from 'vitest'
import { dataFile } from '#test/data.ts'
import { planeOf } from '#test/planes.ts'
import { levelRows, rmsRows } from './map.ts'
import { measureBackground } from './background.ts'
import { workshopOf } from '#science/image/workshop.ts'
import { createArena } from '#science/kernels/arena.ts'

const workshop = workshopOf(createArena())

const sep = dataFile('imaging', 'sep', 'image.fits')

it.skipIf(!sep)(
  "is SExtractor's on its own test image: level to 1e-5, noise to 1e-4, relative (needs shared test data)",
  () => {
    const plane = planeOf(sep!)
    const background = measureBackground(plane, null, { mesh: 64, filter: 3 }, workshop)
    const { width, height } = plane
    const check = (rows: typeof levelRows, name: string, tolerance: number): void => {
      const found = rows(background, 0, height, new Float32Array(width * height))
      const wanted = planeOf(dataFile('imaging', 'sep', name)!).data
      let worst = 0
      found.forEach((value, i) => (worst = Math.max(worst, Math.abs(value / wanted[i] - 1))))
      expect(worst).toBeLessThan(tolerance)
    }
    check(levelRows, 'back.fits', 1e-5)
    check(rmsRows, 'rms.fits', 1e-4)
  },
)
