import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openFits } from '#science/fits/file.ts'
import { readImage } from '#science/fits/image.ts'
import type { MatchedDifference } from '#science/image/subtract/options.ts'
import { kernelStamps } from './kernel-stamps.ts'

const folder = await mkdtemp(join(tmpdir(), 'urania-kernels-'))
afterAll(() => rm(folder, { recursive: true }))

/** A kernel of one lit pixel, as bright as it lies to the right in its tile. */
function kernelOf(width: number, height: number, halfWidth: number): MatchedDifference['kernel'] {
  const size = (2 * halfWidth + 1) ** 2
  const planes = new Float64Array(size)
  planes[(size - 1) / 2] = 1
  return {
    width,
    height,
    halfWidth,
    order: 0,
    planes,
    backgroundOrder: 0,
    background: new Float64Array(1),
    referenceSky: 0,
    convolvedSky: 0,
  }
}

it('kernels lie where their places lie; a tile without one stays blank, a smaller one is in the middle', () => {
  const region = { x0: 10, y0: 20, x1: 110, y1: 120 }
  const stamps = kernelStamps(region)
  const path = join(folder, 'sub_kernels.fits')
  expect(stamps.write(path)).toBe(false)
  const left = { x0: 10, y0: 20, x1: 60, y1: 120 }
  const add = (halfWidth: number, core: typeof left) =>
    stamps.add({ kernel: kernelOf(50, 100, halfWidth) } as MatchedDifference, core, {
      x0: core.x0 - region.x0,
      x1: core.x1 - region.x0,
      y0: 0,
      y1: 100,
    })
  add(2, { ...left, y1: 70 })
  add(1, { ...left, y0: 70 })
  expect(stamps.write(path)).toBe(true)
  const bytes = readFileSync(path)
  const { hdus } = openFits(bytes)
  const { shape, data } = readImage(bytes, hdus[0]!)
  expect(shape).toEqual([29, 29])
  const at = (column: number, row: number, u = 0, v = 0) => data[(row * 6 + 2 + v) * 29 + column * 6 + 2 + u]
  expect([at(0, 0), at(1, 1), at(0, 0, 1), at(0, 4), at(1, 3), at(0, 4, 2, 2)]).toEqual([1, 1, 0, 1, 1, 0])
  expect([at(3, 0), at(4, 4), data[5]].every(Number.isNaN)).toBe(true)
})
