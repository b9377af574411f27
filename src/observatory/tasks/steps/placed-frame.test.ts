import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { card } from '#science/fits/header.ts'
import { tanWcs } from '#science/fits/wcs/make.ts'
import { writeFits } from '#science/fits/write.ts'
import { packStars, starList } from '#science/image/astrometry/stars.ts'
import { loadConfig } from '#platform/config/load.ts'
import { starField } from '#test/imaging.ts'
import { startSkyServices } from '#test/sky-services.ts'
import { wholeConfig } from '#observatory/tasks/config.ts'
import { localGround } from '#observatory/tasks/local-run.ts'
import { tasksSection } from '#observatory/tasks/sections.ts'
import { originalName } from '#observatory/tasks/task.ts'
import { readFindings } from './context.ts'
import { bestWcs } from './frame-wcs.ts'
import { difference } from './placed-frame.ts'
import { runSteps } from './run.ts'

const size = 448
const { stars, field } = starField({ size, seed: 31, psf: { fwhm: 3.3 } })
const services = await startSkyServices({ stars })
const home = await mkdtemp(join(tmpdir(), 'urania-placed-'))
await mkdir(join(home, 'indexes'))
await writeFile(
  join(home, 'indexes', 'field.stars'),
  packStars(
    starList(
      stars.map(({ ra }) => ra),
      stars.map(({ dec }) => dec),
      stars.map(({ r }) => r),
    ),
  ),
)
afterAll(() => rm(home, { recursive: true, force: true }))

const scale = 0.6 / 3_600
/** The frame's true place but for a header of this CD matrix and centre. */
function frameSaying(cd: readonly [number, number, number, number], crval = [150, 2.2]): Uint8Array {
  const [kept, wcs] = [/^(CTYPE|CRVAL|CRPIX|CD\d|CDELT|PC\d|CUNIT|CROTA)/, cd]
  return new Uint8Array(
    writeFits([
      {
        kind: 'image',
        shape: [size, size],
        data: field.plane.data.slice(),
        cards: [
          ...field.header.filter(({ keyword }) => !kept.test(keyword)),
          card('CTYPE1', 'RA---TAN'),
          card('CTYPE2', 'DEC--TAN'),
          card('CRVAL1', crval[0]!),
          card('CRVAL2', crval[1]!),
          card('CRPIX1', (size + 1) / 2),
          card('CRPIX2', (size + 1) / 2),
          card('CD1_1', wcs[0]),
          card('CD1_2', wcs[1]),
          card('CD2_1', wcs[2]),
          card('CD2_2', wcs[3]),
        ],
      },
    ]),
  )
}

async function measured(bytes: Uint8Array) {
  const folder = await mkdtemp(join(home, 'work-'))
  await writeFile(join(folder, originalName), bytes)
  const ground = await localGround(
    loadConfig({ sections: [tasksSection], env: { URANIA_HOME: home, ...services.env } }),
    folder,
  )
  const lines: string[] = []
  try {
    await runSteps(['inspect', 'photometry'], {
      ...ground,
      folder,
      config: wholeConfig({ mask_cosmics: false }),
      preparations: [],
      signal: new AbortController().signal,
      onLine: (_, line) => lines.push(line),
      onProgress: () => {},
    })
    return { lines, photometry: (await readFindings(folder)).photometry!, wcs: bestWcs({ folder })! }
  } finally {
    await ground.close()
  }
}

const turned = (degrees: number): readonly [number, number, number, number] => {
  const angle = (degrees * Math.PI) / 180
  const [sin, cos] = [scale * Math.sin(angle), scale * Math.cos(angle)]
  return [-cos, sin, sin, cos]
}

describe('a header that the catalogue contradicts', () => {
  const wrong = [
    { what: 'mirrored', cd: [scale, 0, 0, scale] as const, said: /mirrored/, by: 'the catalogue' },
    { what: 'turned by 30°', cd: turned(30), said: /turned by 30\.0°/, by: 'the catalogue' },
    { what: 'off by 3°', cd: turned(0), crval: [150, 5.2], said: /off by 3\.00°/, by: 'field.stars' },
  ]
  for (const { what, cd, crval, said, by } of wrong)
    it(`that is ${what} is replaced, and its places are right to 0.15 px rms over the frame`, async () => {
      const { lines, photometry, wcs } = await measured(frameSaying(cd, crval))
      expect(photometry.wcs).toBe('refined')
      expect(lines.find((line) => line.includes('WCS of the header is wrong'))).toMatch(said)
      expect(lines.some((line) => line.startsWith(`Solved with ${by}`))).toBe(true)
      const truth = tanWcs({ crval: [150, 2.2], crpix: [(size - 1) / 2, (size - 1) / 2], cd: turned(0) })
      let squares = 0
      for (let i = 0; i <= 8; i++)
        for (let j = 0; j <= 8; j++) {
          const [x, y] = [(i * (size - 1)) / 8, (j * (size - 1)) / 8]
          const [px, py] = wcs.skyToPixel(...truth.pixelToSky(x, y))!
          squares += (px - x) ** 2 + (py - y) ** 2
        }
      expect(Math.sqrt(squares / 81)).toBeLessThan(0.15)
    })
})

it('tells how one WCS differs from another', () => {
  const one = tanWcs({ crval: [0, -60], crpix: [50, 50], cd: [-0.01, 0, 0, 0.01] })
  const two = tanWcs({ crval: [359.99, -60], crpix: [50, 50], cd: [0.02, 0, 0, 0.02] })
  expect(difference(one, two, { width: 101, height: 101 })).toBe(
    'mirrored, off by 18.0″, its pixels are 2.000 times as large',
  )
})
