import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { writeFits, type HduInput } from '#science/fits/write.ts'
import { workshopOf } from '#science/image/workshop.ts'
import { createArena } from '#science/kernels/arena.ts'
import type { Invocation } from '#platform/terminal/command.ts'
import { detectCommands } from '#observatory/tasks/detect-command.ts'
import { findStars } from '#observatory/tasks/solver/solve-work.ts'
import { starField } from '#test/imaging.ts'
import { readTemplate } from './subtract-template.ts'
import type { SubtractWork } from './subtract-region.ts'
import type { Voice } from './voice.ts'

const folder = await mkdtemp(join(tmpdir(), 'urania-content-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const side = 64
const { data: sky } = starField({ size: side }).field.plane
const flat = (value: number): HduInput => ({
  kind: 'image',
  shape: [side, side],
  data: new Float32Array(side * side).fill(value),
})

async function file(name: string, ...parts: HduInput[]): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, writeFits(parts))
  return path
}

async function detect(path: string, flags: Record<string, string> = {}): Promise<Record<string, unknown>> {
  let said: unknown
  await detectCommands[0]!.run({
    args: [path],
    flags: { catalog: `${path}.cat`, hands: '1', ...flags },
    note() {},
    out() {},
    document: (value: unknown) => (said = value),
    atOnce: async (work: () => unknown) => work(),
  } as unknown as Invocation)
  return said as Record<string, unknown>
}

const stars = (path: string) => findStars.run({ path, hands: 1 })

it('a picture without a value, of one value, or of many planes is refused in the same words by all', async () => {
  const cube = await file('cube.fits', {
    kind: 'image',
    shape: [side, side, 2],
    data: new Float32Array(2 * side * side),
  })
  for (const [path, why] of [
    [await file('nan.fits', flat(Number.NaN)), 'HDU 0 has no pixel with a value: all are blank (NaN).'],
    [await file('flat.fits', flat(100)), /^All pixels of HDU 0 have the same value, 100/],
    [cube, 'HDU 0 is a cube (64 × 64 × 2); take one plane out of it first.'],
  ] as const)
    for (const asked of [detect, stars])
      await expect(asked(path), path).rejects.toMatchObject({
        code: 'task.unusable',
        message: typeof why === 'string' ? why : (expect.stringMatching(why) as string),
      })
  const work = { pictures: [{ image: cube, gain: 1, saturation: null }], custom: true }
  await expect(
    readTemplate(work as unknown as SubtractWork, null, side, side, workshopOf(createArena()), {
      log() {},
    } as unknown as Voice),
  ).rejects.toMatchObject({
    code: 'task.no_template',
    message: 'cube.fits is a cube (64 × 64 × 2); take one plane out of it first.',
  })
})

it('a picture too small to be solved is said to be that', async () => {
  const path = await file('small.fits', { kind: 'image', shape: [8, 8], data: new Float32Array(64) })
  await expect(stars(path)).rejects.toThrow('8 × 8 pixels')
})

it('where a mask comes first, the picture of the sky is the one that is meant', async () => {
  const picture: HduInput = { kind: 'image', name: 'SCI', shape: [side, side], data: sky.slice() }
  const mask: HduInput = {
    kind: 'image',
    name: 'MASK',
    shape: [side, side],
    data: Uint8Array.from({ length: side * side }, (_, i) => (i % 7 === 0 ? 1 : 0)),
  }
  const primary: HduInput = { kind: 'image', shape: [] }
  const both = await file('both.fits', primary, mask, picture)
  const alone = await file('alone.fits', primary, picture)
  const [one, two] = [await detect(both), await detect(alone)]
  expect(one['background']).toBe(two['background'])
  expect(await stars(both)).toEqual(await stars(alone))
})

it('a number that is none is refused, not taken', async () => {
  const path = await file('sky.fits', { kind: 'image', shape: [side, side], data: sky.slice() })
  await expect(detect(path, { 'zero-point': 'abc' })).rejects.toMatchObject({ code: 'command.usage' })
})
