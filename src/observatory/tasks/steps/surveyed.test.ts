import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openFits } from '#science/fits/file.ts'
import { textOf } from '#science/fits/header.ts'
import { readImage } from '#science/fits/image.ts'
import { readWcs } from '#science/fits/wcs/wcs.ts'
import { loadConfig } from '#platform/config/load.ts'
import { separation } from '#science/sky/vectors.ts'
import { columnNamed } from '#science/table/table.ts'
import { wholeConfig } from '#observatory/tasks/config.ts'
import { localGround } from '#observatory/tasks/local-run.ts'
import { tasksSection } from '#observatory/tasks/sections.ts'
import { originalName } from '#observatory/tasks/task.ts'
import { starField } from '#test/imaging.ts'
import { startSkyServices } from '#test/sky-services.ts'
import { startSurveys } from '#test/surveys.ts'
import { readFindings } from './context.ts'
import { runSteps } from './run.ts'
import { numbersOf, readTable } from './tables.ts'

const fresh = { x: 210, y: 150, mag: 15.5 }
const science = starField({ size: 448, seed: 31, psf: { fwhm: 3.3 }, stars: [fresh] })
const { truth } = science.field
const own = [...truth.x.keys()].find((i) => Math.hypot(truth.x[i]! - fresh.x, truth.y[i]! - fresh.y) < 0.01)!
const services = await startSkyServices({ stars: science.stars })
const surveys = await startSurveys(
  [...truth.flux.keys()]
    .filter((i) => i !== own)
    .map((i) => ({ ra: truth.ra[i]!, dec: truth.dec[i]!, flux: truth.flux[i]! })),
  {
    cells: [
      { ra: 150.033, dec: 2.2, exposure: 43, scale: 0.75 },
      { ra: 149.967, dec: 2.2, exposure: 870, scale: 0.75 },
    ],
    side: 400,
    fwhm: 2.3,
    noise: 4,
    hips: ['CDS/P/PanSTARRS/DR1/r'],
  },
)
const home = await mkdtemp(join(tmpdir(), 'urania-surveyed-'))
afterAll(() => rm(home, { recursive: true, force: true }))

it('a new star is found within 0.1 mag and 0.5″ on two sky cells of different exposure; what could not be asked stands beside it', async () => {
  const folder = await mkdtemp(join(home, 'work-'))
  await writeFile(join(folder, originalName), science.bytes)
  const config = loadConfig({
    sections: [tasksSection],
    env: {
      URANIA_HOME: home,
      ...services.env,
      URANIA_TASKS_PANSTARRS_URL: `${surveys.base}/cgi-bin`,
      URANIA_TASKS_HIPS_URLS: `${surveys.base}/hips2fits`,
      // Nobody there.
      URANIA_TASKS_SKYBOT_URL: 'http://127.0.0.1:9/skybot',
      URANIA_TASKS_MPC_URL: 'http://127.0.0.1:9/mpc',
    },
  })
  const ground = await localGround(config, folder)
  const lines: string[] = []
  try {
    await runSteps(['inspect', 'photometry', 'subtraction'], {
      ...ground,
      folder,
      config: wholeConfig({ template: 'ps1', filter_skybot: true, mask_cosmics: false, cutout_size: 60 }),
      preparations: [],
      signal: new AbortController().signal,
      onLine: (_, line) => lines.push(line),
      onProgress: () => {},
    })
    const { subtraction } = await readFindings(folder)
    expect(subtraction).toMatchObject({ template: 'Pan-STARRS DR2 r', without: ['minor planets'] })
    expect(subtraction!.tiles.every(({ failed }) => failed === null)).toBe(true)
    const table = await readTable(ground.columns, join(folder, 'candidates.parquet'))
    const [ra, dec, mag] = ['ra', 'dec', 'mag_calib'].map((name) => numbersOf(table, name))
    const k = [...ra!.keys()].find(
      (i) => separation(ra![i]!, dec![i]!, truth.ra[own]!, truth.dec[own]!) * 3_600 < 0.5,
    )
    expect(k, lines.join('\n')).toBeDefined()
    expect(Math.abs(mag![k!]! - fresh.mag)).toBeLessThan(0.1)
    expect(ra!.length).toBeLessThanOrEqual(3)
    expect(columnNamed(table, 'unchecked').values[k!]).toBe('minor planets')
    expect(lines.join('\n')).toMatch(
      /Minor planets could not be had \(127\.0\.0\.1:9 cannot be reached.*which say so/,
    )
    expect(lines.join('\n')).toMatch(/Pan-STARRS DR1 r is shown beside \d of \d cut-outs/)
    await surveyBeside(join(folder, 'candidates', `${String(columnNamed(table, 'name').values[k!])}.fits`))
    expect(surveys.faults).toEqual([])
    // The cache has the pictures; the work folder does not keep them a second time.
    expect(await readdir(folder)).not.toContain('.template')
    expect(await readFile(join(folder, 'subtraction.log'), 'utf8')).toContain('unconv.fits (1 of 2)')
  } finally {
    await ground.close()
  }
}, 120_000)

/** The plane of the survey shows each star where the frame does, within 0.2 px, and not what is new. */
async function surveyBeside(path: string): Promise<void> {
  const bytes = new Uint8Array(await readFile(path))
  const { hdus } = openFits(bytes)
  const named = (name: string) => hdus.find(({ header }) => textOf(header, 'EXTNAME') === name)!
  expect(textOf(named('SURVEY').header, 'SURVEY')).toBe('Pan-STARRS DR1 r')
  const wcs = readWcs(named('SURVEY').header)!
  const { data, shape } = readImage(bytes, named('SURVEY'))
  expect(shape).toEqual(named('IMAGE').shape)
  const [width, height] = [shape[0]!, shape[1]!]
  const lightAt = (i: number): { sum: number; off: number } => {
    const [x, y] = wcs.skyToPixel(truth.ra[i]!, truth.dec[i]!)!
    let [sum, sx, sy] = [0, 0, 0]
    for (let v = Math.ceil(y - 4); v <= y + 4; v++)
      for (let u = Math.ceil(x - 4); u <= x + 4; u++) {
        const value = Number(data[v * width + u])
        sum += value
        sx += value * (u - x)
        sy += value * (v - y)
      }
    return { sum, off: Math.hypot(sx, sy) / sum }
  }
  const inside = [...truth.flux.keys()].filter((i) => {
    const [x, y] = wcs.skyToPixel(truth.ra[i]!, truth.dec[i]!) ?? [-1, -1]
    return x > 6 && y > 6 && x < width - 7 && y < height - 7
  })
  const alone = inside.filter((i) =>
    inside.every(
      (j) =>
        j === i ||
        j === own ||
        truth.flux[j]! < 0.03 * truth.flux[i]! ||
        separation(truth.ra[i]!, truth.dec[i]!, truth.ra[j]!, truth.dec[j]!) * 3_600 > 9,
    ),
  )
  const others = alone.filter((i) => i !== own)
  expect(others.length).toBeGreaterThan(0)
  for (const i of others) expect(lightAt(i).off).toBeLessThan(0.2)
  expect(lightAt(own).sum).toBeLessThan(0.3 * truth.flux[own]!)
}

it('a survey that gives no answer is said once, and the cut-outs are there without it', async () => {
  const folder = await mkdtemp(join(home, 'work-'))
  await writeFile(join(folder, originalName), science.bytes)
  const refusing = await startSurveys([])
  const config = loadConfig({
    sections: [tasksSection],
    env: { URANIA_HOME: folder, ...services.env, URANIA_TASKS_HIPS_URLS: `${refusing.base}/hips2fits` },
  })
  const ground = await localGround(config, folder)
  const lines: string[] = []
  try {
    const places = [fresh, { x: 100, y: 100 }, { x: 300, y: 200 }]
    await runSteps(['inspect', 'photometry'], {
      ...ground,
      folder,
      config: wholeConfig({
        target: places.map(({ x, y }) => `x=${x} y=${y}`).join('; '),
        mask_cosmics: false,
      }),
      preparations: [],
      signal: new AbortController().signal,
      onLine: (_, line) => lines.push(line),
      onProgress: () => {},
    })
    const said = lines.filter((line) => line.startsWith('No survey is shown'))
    expect(said).toHaveLength(1)
    expect(said[0]).toContain('No HiPS is known as CDS/P/PanSTARRS/DR1/r')
    expect(await readdir(join(folder, 'targets'))).toHaveLength(3)
  } finally {
    await ground.close()
  }
}, 60_000)
