import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { card, formatHeader, headerOf, parseHeader, valueOf } from '#science/fits/header.ts'
import { readWcs } from '#science/fits/wcs/wcs.ts'
import { writeFits } from '#science/fits/write.ts'
import { simulatedWcs } from '#science/simulate/field-sky.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { loadConfig } from '#platform/config/load.ts'
import { wholeConfig } from '#observatory/tasks/config.ts'
import { localGround } from '#observatory/tasks/local-run.ts'
import { tasksSection } from '#observatory/tasks/sections.ts'
import { originalName } from '#observatory/tasks/task.ts'
import { shifted } from './inspect-pixels.ts'
import { openFitsFile } from './pixel-files.ts'
import { readFindings } from './context.ts'
import { runSteps } from './run.ts'

const [width, height] = [160, 140]

it('a pixel of a cropped frame has the sky it had, to 1e-9°, and a mask of the whole frame is cropped with it', async () => {
  const home = await mkdtemp(join(tmpdir(), 'urania-crop-'))
  onTestFinished(() => rm(home, { recursive: true }))
  const { normal } = seededRandom(4)
  const { cards } = simulatedWcs(
    { ra: 150, dec: 2.2, scale: 1, rotationDeg: 30, mirrored: false },
    width / 2,
    height / 2,
  )
  const data = Float32Array.from({ length: width * height }, () => 500 + 10 * normal())
  const mask = new Uint8Array(width * height)
  for (const [x, y] of [
    [20, 30],
    [21, 30],
    [1, 1],
  ] as const)
    mask[y * width + x] = 8
  const rest = [card('DATASEC', `[11:150,1:140]`), card('CCDSEC', '[1:160,1:140]'), card('FILTER', 'r')]
  await writeFile(
    join(home, originalName),
    writeFits([{ kind: 'image', shape: [width, height], data, cards: [...cards, ...rest] }]),
  )
  await writeFile(
    join(home, 'custom_mask.fits'),
    writeFits([{ kind: 'image', shape: [width, height], data: mask, cards: [] }]),
  )
  const ground = await localGround(
    loadConfig({ sections: [tasksSection], env: { URANIA_HOME: home, URANIA_TASKS_OFFLINE: 'true' } }),
    home,
  )
  try {
    await runSteps(['inspect'], {
      ...ground,
      folder: home,
      config: wholeConfig({ mask_cosmics: false }),
      preparations: [{ what: 'crop', x1: 6, y1: 21, x2: -11, y2: 120 }],
      signal: new AbortController().signal,
      onLine: () => {},
      onProgress: () => {},
    })
  } finally {
    await ground.close()
  }
  const file = openFitsFile(join(home, 'image.fits'))
  const { header, shape } = file.hdus[0]!
  file.close()
  expect(shape).toEqual([145, 100])
  expect(valueOf(header, 'DATASEC')).toBe('[6:145,1:100]')
  expect(valueOf(header, 'CCDSEC')).toBeUndefined()
  const before = readWcs(headerOf([...cards]))!.pixelsToSky(
    Float64Array.of(20, 100.25),
    Float64Array.of(30, 77.5),
  )
  const after = readWcs(header)!.pixelsToSky(Float64Array.of(15, 95.25), Float64Array.of(10, 57.5))
  for (const i of [0, 1]) {
    expect(after.ra[i]).toBeCloseTo(before.ra[i]!, 9)
    expect(after.dec[i]).toBeCloseTo(before.dec[i]!, 9)
  }
  const { inspect } = await readFindings(home)
  expect(inspect!.masked).toMatchObject({ drawn: 2, outside: 5 * 100 })
})

it('every WCS of a header, IRAF’s and the DSS’s, moves with a part; a reference pixel that is not said is 0', () => {
  const read = parseHeader(
    formatHeader([
      card('CRPIX1', 512.5, 'reference'),
      card('CRPIX2', 512.5),
      card('CRVAL1', 10),
      card('CRPIX1A', 3),
      card('CRVAL2B', 7),
      card('LTV1', -10),
      card('LTM1_1', 0.5),
      card('CNPIX2', 40),
      card('A_2_0', 1e-6),
      card('PV1_1', 1.01),
    ]),
  ).cards.filter(({ keyword }) => keyword !== '' && keyword !== 'END')
  const moved = headerOf(shifted(read, { x0: 100, y0: 50 }))
  const again = parseHeader(formatHeader(moved.cards))
  for (const [keyword, value] of [
    ['CRPIX1', 412.5],
    ['CRPIX2', 462.5],
    ['CRVAL1', 10],
    ['CRPIX1A', -97],
    ['CRPIX2B', -50],
    ['LTV1', -110],
    ['LTM1_1', 0.5],
    ['CNPIX2', 90],
    ['A_2_0', 1e-6],
    ['PV1_1', 1.01],
  ] as const)
    expect([keyword, valueOf(again, keyword)]).toEqual([keyword, value])
})
