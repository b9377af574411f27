import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { packIndex } from '#science/image/astrometry/index-pack.ts'
import { narrowestField, solveField, starIndex } from '#science/image/astrometry/solve.ts'
import { packStars } from '#science/image/astrometry/stars.ts'
import { separation } from '#science/sky/vectors.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { photograph, sky } from '#test/photographed-sky.ts'
import { openIndex } from './indexes.ts'
import { solveDetections } from './solve-work.ts'

const folder = mkdtempSync(join(tmpdir(), 'urania-solver-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const stars = sky(4, 30_000, 80, 10, 13)
const camera = { ra: 81, dec: 11, widthDeg: 1.4, angle: 0.3 }

describe('work shared by a crew', () => {
  it('gives the index, the solution and the count of work of one hand', async () => {
    const workshop = createWorkshop({ hands: 2 })
    try {
      const sizes = [0.4, 0.6] as const
      expect(
        Buffer.compare(
          Buffer.concat([...packIndex(stars, sizes)]),
          Buffer.concat([...packIndex(stars, sizes, workshop)]),
        ),
      ).toBe(0)
      const field = photograph(stars, camera, 3)
      const solved = (crew?: typeof workshop) => {
        const spent: number[] = []
        const spend = (seconds: number) => spent.push(seconds)
        return { solution: solveField(field, starIndex(stars), { spend, workshop: crew }), spent }
      }
      const [one, two] = [solved(), solved(workshop)]
      expect(separation(camera.ra, camera.dec, ...one.solution!.crval)).toBeLessThan(0.001)
      expect(two).toEqual(one)
    } finally {
      await workshop.close()
    }
  }, 120_000)
})

describe('an index file', () => {
  it('is read level by level and solves as its stars do', async () => {
    const path = join(folder, 'deep.index')
    writeFileSync(path, Buffer.concat([...packIndex(stars, [0.3, 1])]))
    const opened = await openIndex(path)
    try {
      const found = solveField(photograph(stars, camera, 5), opened.index, { hints: { widthDeg: [1, 2] } })
      expect(separation(camera.ra, camera.dec, ...found!.crval)).toBeLessThan(0.001)
    } finally {
      opened.close()
    }
  })
})

describe('a search that finds nothing', () => {
  const elsewhere = photograph(sky(9, 2_000, 200, -40, 3), { ra: 200, dec: -40, widthDeg: 1, angle: 0 }, 1)
  const list = join(folder, 'few.stars')
  const few = sky(1, 400, 80, 10, 10)
  writeFileSync(list, packStars(few))
  const search = (seconds: number) =>
    solveDetections.run({
      x: Float64Array.from(elsewhere.x).slice(0, 25),
      y: Float64Array.from(elsewhere.y).slice(0, 25),
      flux: Float64Array.from(elsewhere.flux).slice(0, 25),
      width: elsewhere.width,
      height: elsewhere.height,
      indexes: [list],
      hints: {},
      order: 3,
      seconds,
      channel: 'solver test',
    })

  it('says how narrow a field its stars allow and what to do', async () => {
    const narrowest = Number(narrowestField(starIndex(few)).toPrecision(2))
    await expect(search(100)).rejects.toThrow(
      new RegExp(`wider than about ${narrowest}°.*urania index.*Say how wide the field is`),
    )
  })

  it('ends where its work is spent', async () => {
    await expect(search(0.001)).rejects.toThrow('No solution was found with 0.001 seconds of work.')
  })
})
