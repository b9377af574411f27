import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { Problem } from '#problem.ts'
import { writeFits } from '#science/fits/write.ts'
import { loadConfig } from '#platform/config/load.ts'
import type { Columns } from '#platform/columns/columns.ts'
import { separation } from '#science/sky/vectors.ts'
import { tableOf } from '#science/table/table.ts'
import { dataFile } from '#test/data.ts'
import { starField } from '#test/imaging.ts'
import { startSkyServices } from '#test/sky-services.ts'
import { wholeConfig, type ConfigInput } from '#observatory/tasks/config.ts'
import { localGround } from '#observatory/tasks/local-run.ts'
import { tasksSection } from '#observatory/tasks/sections.ts'
import { originalName, type StepName } from '#observatory/tasks/task.ts'
import { readFindings, type StepContext } from './context.ts'
import { knownStars } from './known-stars.ts'
import { runSteps } from './run.ts'
import { numbersOf, readTable } from './tables.ts'

const size = 448
const placed = {
  fresh: { x: 200, y: 250 },
  mover: { x: 320, y: 120 },
  faded: { x: 120, y: 320 },
  varies: { x: 330, y: 340 },
}
const science = starField({
  size,
  seed: 31,
  psf: { fwhm: 3.3 },
  stars: [
    { ...placed.fresh, mag: 15.5 },
    { ...placed.mover, mag: 15.8 },
    // 30 % brighter than on the template.
    { ...placed.varies, mag: 14.4 },
  ],
})
const template = starField({
  size,
  seed: 31,
  fieldSeed: 8,
  psf: { fwhm: 2.6 },
  sky: 300,
  stars: [
    { ...placed.faded, mag: 15.5 },
    { ...placed.varies, mag: 14.685 },
  ],
})
const at = ({ x, y }: { x: number; y: number }): [number, number] => {
  const i = [...science.field.truth.x.keys()].find(
    (k) => Math.hypot(science.field.truth.x[k]! - x, science.field.truth.y[k]! - y) < 0.01,
  )!
  return [science.field.truth.ra[i]!, science.field.truth.dec[i]!]
}
const [moverRa, moverDec] = at(placed.mover)
const services = await startSkyServices({
  stars: science.stars,
  movers: [{ name: 'Ceres', ra: moverRa, dec: moverDec, mag: 15.8 }],
})
const home = await mkdtemp(join(tmpdir(), 'urania-steps-'))
afterAll(() => rm(home, { recursive: true, force: true }))
const settings = (env: Record<string, string>) =>
  loadConfig({ sections: [tasksSection], env: { URANIA_HOME: home, ...env } })

async function worked<T>(
  bytes: Uint8Array,
  steps: readonly StepName[],
  config: ConfigInput,
  use: (folder: string, lines: string[], columns: Columns) => Promise<T>,
  options: { files?: Record<string, Uint8Array>; env?: Record<string, string> } = {},
): Promise<T> {
  const folder = await mkdtemp(join(home, 'work-'))
  await writeFile(join(folder, originalName), bytes)
  for (const [name, content] of Object.entries(options.files ?? {}))
    await writeFile(join(folder, name), content)
  const ground = await localGround(settings(options.env ?? services.env), folder)
  const lines: string[] = []
  try {
    await runSteps(steps, {
      ...ground,
      folder,
      config: wholeConfig(config),
      preparations: [],
      signal: new AbortController().signal,
      onLine: (_, line) => lines.push(line),
      onProgress: () => {},
    }).catch((error: unknown) => {
      if (options.env === undefined && !('refused' in options)) throw error
      lines.push(String(error))
    })
    return await use(folder, lines, ground.columns)
  } finally {
    await ground.close()
  }
}

it('what appeared is found against catalogues and on the difference within 0.1 mag and 0.5″, what faded too; a minor planet is told', async () => {
  const steps: StepName[] = ['inspect', 'photometry', 'transients', 'subtraction']
  await worked(
    science.bytes,
    steps,
    { template: 'custom', sub_size: 300, filter_skybot: true, mask_cosmics: false },
    async (folder, lines, columns) => {
      const found = await readFindings(folder)
      expect(found.subtraction!.tiles).toHaveLength(1)
      const simple = await readTable(columns, join(folder, 'candidates_simple.parquet'))
      const near = (table: typeof simple, [ra, dec]: readonly [number, number]): number =>
        [...numbersOf(table, 'ra').keys()].findIndex(
          (i) => separation(ra, dec, numbersOf(table, 'ra')[i]!, numbersOf(table, 'dec')[i]!) * 3_600 < 0.5,
        )
      const k = near(simple, at(placed.fresh))
      expect(k).toBeGreaterThanOrEqual(0)
      expect(Math.abs(numbersOf(simple, 'mag_calib')[k]! - 15.5)).toBeLessThan(0.1)
      expect(near(simple, [moverRa, moverDec])).toBe(-1)
      expect(lines.some((line) => line.includes('is Ceres'))).toBe(true)
      // The sky is not full of false ones.
      expect(simple.rows).toBeLessThanOrEqual(5)

      const candidates = await readTable(columns, join(folder, 'candidates.parquet'))
      const fresh = near(candidates, at(placed.fresh))
      expect(fresh).toBeGreaterThanOrEqual(0)
      expect(Math.abs(numbersOf(candidates, 'mag_calib')[fresh]! - 15.5)).toBeLessThan(0.1)
      expect(near(candidates, [moverRa, moverDec])).toBe(-1)
      const faded = [...numbersOf(candidates, 'x').keys()].find(
        (i) =>
          Math.hypot(
            numbersOf(candidates, 'x')[i]! - placed.faded.x,
            numbersOf(candidates, 'y')[i]! - placed.faded.y,
          ) < 0.5,
      )!
      expect(numbersOf(candidates, 'flux')[faded]).toBeLessThan(0)
      expect(Math.abs(numbersOf(candidates, 'mag_calib')[faded]! - 15.5)).toBeLessThan(0.1)
      // A star on the template that varies is found with the difference of its flux.
      const varied = near(candidates, at(placed.varies))
      expect(varied).toBeGreaterThanOrEqual(0)
      const change = -2.5 * Math.log10(10 ** (-0.4 * 14.4) - 10 ** (-0.4 * 14.685))
      expect(Math.abs(numbersOf(candidates, 'mag_calib')[varied]! - change)).toBeLessThan(0.1)
      expect(candidates.rows).toBeLessThanOrEqual(5)
      const region = await readFile(join(folder, 'candidates.reg'), 'utf8')
      expect(region.split('\n').filter((line) => line.startsWith('circle('))).toHaveLength(candidates.rows)
      expect(
        services.faults.filter((fault) => !fault.startsWith('source') && !fault.startsWith('no limit')),
      ).toEqual([])
    },
    { files: { 'custom_template.fits': template.bytes } },
  )
}, 60_000)

it('an unreachable catalogue is no empty one: the step fails and says what makes it independent', async () => {
  services.down = true
  await worked(
    starField({ size: 256, seed: 3 }).bytes,
    ['inspect', 'photometry'],
    {},
    (_, lines) => {
      expect(lines.at(-1)).toMatch(/503|answered/)
      expect(lines.at(-1)).toContain('urania catalogues import')
      return Promise.resolve()
    },
    { env: { ...services.env, URANIA_HOME: home } },
  )
  services.down = false
}, 60_000)

it('where no catalogue can be asked the one of cat_name still tells what is known', async () => {
  const { stars } = starField({ size: 256, seed: 3 })
  const context = (config: ConfigInput) =>
    ({
      config: wholeConfig(config),
      findings: {
        inspect: { mjd: null },
        photometry: { field: { ra: 150, dec: 2.2, radiusDeg: 0.1 } },
      },
      signal: new AbortController().signal,
      log: () => {},
      warn: () => {},
      sky: {
        stars: (name: string) =>
          name === 'myref'
            ? Promise.resolve({ table: mine, from: name, bands: [] })
            : Promise.reject(new Problem('net.unreachable', 'Nobody is asked.')),
      },
    }) as unknown as StepContext
  const mine = tableOf({
    columns: [
      { name: 'ra', values: Float64Array.from(stars, ({ ra }) => ra), unit: 'deg' },
      { name: 'dec', values: Float64Array.from(stars, ({ dec }) => dec), unit: 'deg' },
      { name: 'rmag', values: Float64Array.from(stars, ({ r }) => r) },
    ],
  })
  const places = {
    ra: Float64Array.of(stars[0]!.ra, 150.05),
    dec: Float64Array.of(stars[0]!.dec, 2.29),
    mag: null,
  }
  const options = { filter: 'r', radiusArcsec: 1, brighterBy: 2, blendArcsec: null } as const
  expect(await knownStars(context({ cat_name: 'myref' }), places, options)).toEqual({
    rejected: Uint8Array.of(1, 0),
    without: ['gaiaedr3', 'ps1'],
    asked: 3,
  })
  expect(await knownStars(context({}), places, options)).toMatchObject({
    without: ['gaiaedr3', 'ps1'],
    asked: 2,
  })
})

it('two frames become one of twice the gain and the exposure of one; a blank one between them is left out and named', async () => {
  const second = join(home, 'second.fits')
  const first = join(home, 'first.fits')
  await writeFile(first, science.bytes)
  await writeFile(second, starField({ size, seed: 31, fieldSeed: 4, psf: { fwhm: 3 } }).bytes)
  const blank = join(home, 'blank.fits')
  const pixels = new Float32Array(size * size).fill(Number.NaN)
  await writeFile(blank, writeFits([{ kind: 'image', shape: [size, size], data: pixels }]))
  await worked(
    new Uint8Array(0),
    ['stack', 'inspect'],
    { stack_filenames: [first, blank, second], stack_method: 'clipped_mean', mask_cosmics: false },
    async (folder, lines) => {
      const { stack, inspect } = await readFindings(folder)
      expect(stack).toMatchObject({ frames: 2, gain: 3, exposure: 60, leftOut: ['blank.fits'], covered: 1 })
      expect(lines.filter((line) => line.startsWith('Warning: Frame 2 of 3 (blank.fits)'))).toHaveLength(1)
      expect(inspect).toMatchObject({ gain: { value: 3 }, width: size, exposure: 60 })
      expect(inspect!.time?.value).toBe('2026-03-01T03:00:30.000Z')
    },
  )
}, 60_000)

const gmos = dataFile('tom', 'goats', 'test_files', 'gmos_imaging_object_PG1633+099_F1.fits')
it.skipIf(!gmos)(
  'a frame of GMOS goes through inspect or is refused with a reason (needs shared test data)',
  async () => {
    await worked(
      await readFile(gmos!),
      ['inspect'],
      {},
      async (folder, lines) => {
        const { inspect } = await readFindings(folder)
        if (inspect) expect(inspect.masked.masked).toBeLessThan(inspect.masked.pixels)
        else expect(lines.at(-1)).toMatch(/task\.unusable|Problem: .*[.;]/)
      },
      { env: services.env },
    )
  },
  60_000,
)
