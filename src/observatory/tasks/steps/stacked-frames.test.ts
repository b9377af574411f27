import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { writeFits } from '#science/fits/write.ts'
import { simulatedWcs } from '#science/simulate/field-sky.ts'
import { wholeConfig } from '#observatory/tasks/config.ts'
import { originalName } from '#observatory/tasks/task.ts'
import type { StepContext } from './context.ts'
import { stackedFrames } from './stacked-frames.ts'

const home = await mkdtemp(join(tmpdir(), 'urania-stacked-'))
afterAll(() => rm(home, { recursive: true, force: true }))

const side = 60
/** A frame whose pixels say which they are. */
async function frame(name: string, rotationDeg: number, offset: number, placed = true) {
  const wcs = simulatedWcs(
    { ra: 150 + offset, dec: 2.2, scale: 1, rotationDeg, mirrored: rotationDeg === 90 },
    side / 2,
    side / 2,
  )
  const data = Float32Array.from({ length: side * side }, (_, i) => i)
  const bytes = writeFits([{ kind: 'image', shape: [side, side], data, cards: placed ? [...wcs.cards] : [] }])
  await writeFile(join(home, name), bytes)
  return wcs
}

it('the frames of a stack are shown pixel by pixel where its WCS, or the stars that aligned them, place them', async () => {
  const first = await frame('first.fits', 0, 0)
  const second = await frame('second.fits', 90, 0.002)
  await frame('third.fits', 0, 0, false)
  await frame(originalName, 0, 0)
  const context = {
    folder: home,
    config: wholeConfig({
      stack_filenames: ['first.fits', 'blank.fits', 'second.fits', 'third.fits', 'gone.fits'],
    }),
    findings: {
      inspect: { width: side, height: side },
      stack: {
        used: [
          { frame: 0, matrix: null },
          { frame: 2, matrix: null },
          { frame: 3, matrix: [0, -1, 50, 1, 0, 3, 0, 0, 1] },
        ],
      },
    },
    frame: (name: string) => Promise.resolve(join(home, name)),
    log: () => {},
  } as unknown as StepContext
  const frames = (await stackedFrames(context))!
  const box = { x0: 4, y0: 10, x1: 31, y1: 33 }
  const shown = frames.at(box)
  frames.close()
  expect(shown.map(({ name }) => name)).toEqual(['FRAME1', 'FRAME2', 'FRAME3'])
  let inside = 0
  for (let y = box.y0; y < box.y1; y++)
    for (let x = box.x0; x < box.x1; x++) {
      const i = (y - box.y0) * (box.x1 - box.x0) + x - box.x0
      const number = (u: number, v: number): number =>
        u >= 0 && v >= 0 && u < side && v < side ? v * side + u : Number.NaN
      expect(shown[0]!.data[i]).toBe(number(x, y))
      expect(shown[2]!.data[i]).toBe(number(50 - y, x + 3))
      const [u, v] = second.toPixel(...first.toSky(x, y))!
      // Half-way between two pixels either is the nearest.
      if ([u, v].some((place) => Math.abs(place - Math.floor(place) - 0.5) < 1e-6)) continue
      expect(shown[1]!.data[i]).toBe(number(Math.round(u), Math.round(v)))
      if (Number.isFinite(shown[1]!.data[i])) inside++
    }
  expect(inside).toBeGreaterThan(100)
})
