import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { tableOf } from '#science/table/table.ts'
import { loadConfig } from '#platform/config/load.ts'
import { wholeConfig } from '#observatory/tasks/config.ts'
import { localGround } from '#observatory/tasks/local-run.ts'
import { tasksSection } from '#observatory/tasks/sections.ts'
import { originalName } from '#observatory/tasks/task.ts'
import { colourTerm, starField } from '#test/imaging.ts'
import { readFindings } from './context.ts'
import { runSteps } from './run.ts'
import { numbersOf, readTable } from './tables.ts'

const home = await mkdtemp(join(tmpdir(), 'urania-completeness-'))
afterAll(() => rm(home, { recursive: true, force: true }))

it('artificial stars tell where half of the true ones are found, to 0.3 mag; a catalogue of one band calibrates; fits of the point spread agree with apertures to 0.03 mag', async () => {
  const { stars, field, bytes } = starField({ size: 400, seed: 8, perMegapixel: 2_500, zeroPoint: 24 })
  const given = {
    name: 'mine.csv',
    table: tableOf({
      columns: (['ra', 'dec', 'r'] as const).map((name) => ({
        name,
        values: Float64Array.from(stars, (star) => star[name]),
      })),
    }),
  }
  const run = async () => {
    const folder = await mkdtemp(join(home, 'work-'))
    await writeFile(join(folder, originalName), bytes)
    const ground = await localGround(
      loadConfig({ sections: [tasksSection], env: { URANIA_HOME: home } }),
      folder,
      given,
    )
    try {
      await runSteps(['inspect', 'photometry'], {
        ...ground,
        folder,
        config: wholeConfig({
          inject_stars: 100,
          psf_photometry: true,
          refine_wcs: false,
          mask_cosmics: false,
          target: 'x=200 y=200',
        }),
        preparations: [],
        signal: new AbortController().signal,
        onLine: () => {},
        onProgress: () => {},
      })
      const { photometry } = await readFindings(folder)
      const table = (name: string) => readTable(ground.columns, join(folder, name))
      return {
        found: photometry!,
        objects: await table('objects.parquet'),
        curve: await table('completeness.parquet'),
        target: await table('target.parquet'),
      }
    } finally {
      await ground.close()
    }
  }
  const first = await run()
  const { completeness, color, profileFwhm, fwhm } = first.found
  expect(color).toBeNull()
  expect(profileFwhm!).toBeLessThan(fwhm)
  expect(completeness!.bins.reduce((sum, { injected }) => sum + injected, 0)).toBe(100)
  expect(numbersOf(first.curve, 'found').reduce((sum, each) => sum + each, 0)).toBeGreaterThan(30)
  expect(numbersOf(first.target, 'psf_flux')).toHaveLength(1)

  // The truth: of the stars that were simulated, in the catalogue's band less the mean colour term, which are there.
  const [x, y, mag, psf] = ['x', 'y', 'mag_calib', 'psf_mag_calib'].map((name) =>
    numbersOf(first.objects, name),
  )
  const nearest = (k: number): number =>
    [...x!.keys()].findIndex((i) => Math.hypot(x![i]! - field.truth.x[k]!, y![i]! - field.truth.y[k]!) < 2.5)
  const inside = [...field.truth.x.keys()].filter((k) =>
    [field.truth.x[k]!, field.truth.y[k]!].every((each) => each > 15 && each < 385),
  )
  const shift = 0.75 * colourTerm
  const share = (low: number, high: number): number => {
    const bin = inside.filter((k) => field.truth.mag[k]! + shift >= low && field.truth.mag[k]! + shift < high)
    return bin.filter((k) => nearest(k) >= 0).length / bin.length
  }
  const { magnitude } = completeness!.limit50!
  expect(share(magnitude - 0.8, magnitude - 0.3)).toBeGreaterThan(0.6)
  expect(share(magnitude + 0.3, magnitude + 0.8)).toBeLessThan(0.4)
  const bright = [...mag!.keys()].filter((i) => mag![i]! < magnitude - 2.5)
  const differences = bright.map((i) => psf![i]! - mag![i]!).toSorted((a, b) => a - b)
  expect(Math.abs(differences[differences.length >> 1]!)).toBeLessThan(0.03)
}, 120_000)
