// The steps with engines in the place of what is built in.
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it } from 'vitest'
import { loadConfig } from '#platform/config/load.ts'
import { grandchildUnder, runs } from '#test/engine-tasks.ts'
import { starField } from '#test/imaging.ts'
import { startSkyServices } from '#test/sky-services.ts'
import { wholeConfig, type ConfigInput } from '#observatory/tasks/config.ts'
import { localGround } from '#observatory/tasks/local-run.ts'
import { tasksSection } from '#observatory/tasks/sections.ts'
import { readFindings } from '#observatory/tasks/steps/context.ts'
import { runSteps } from '#observatory/tasks/steps/run.ts'
import { numbersOf, readTable } from '#observatory/tasks/steps/tables.ts'
import { originalName, type StepName } from '#observatory/tasks/task.ts'
import type { Engine, PortName } from './port.ts'
import { engines, isInstalled } from './registry.ts'

const home = mkdtempSync(join(tmpdir(), 'urania-chain-'))
const searchPath = process.env['PATH']
afterEach(() => {
  process.env['PATH'] = searchPath
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const size = 448
const fresh = { x: 200, y: 250, mag: 15.5 }
const science = starField({ size, seed: 31, psf: { fwhm: 3.3 }, stars: [fresh] })
const template = starField({ size, seed: 31, fieldSeed: 8, psf: { fwhm: 2.6 }, sky: 300 })
const services = await startSkyServices({ stars: science.stars, movers: [] })

async function worked(
  steps: readonly StepName[],
  config: ConfigInput,
  lines: string[],
  signal: AbortSignal = new AbortController().signal,
) {
  const folder = mkdtempSync(join(home, 'work-'))
  writeFileSync(join(folder, originalName), science.bytes)
  writeFileSync(join(folder, 'custom_template.fits'), template.bytes)
  const settings = loadConfig({ sections: [tasksSection], env: { URANIA_HOME: home, ...services.env } })
  const ground = await localGround(settings, folder)
  try {
    await runSteps(steps, {
      ...ground,
      folder,
      config: wholeConfig({ mask_cosmics: false, template: 'custom', ...config }),
      preparations: [],
      signal,
      onLine: (_, line) => lines.push(line),
      onProgress: () => {},
    })
    const table = existsSync(join(folder, 'candidates.parquet'))
      ? await readTable(ground.columns, join(folder, 'candidates.parquet'))
      : null
    return { folder, table, findings: await readFindings(folder) }
  } finally {
    await ground.close()
    expect(readdirSync(folder)).not.toContain('.engines')
  }
}

const all = Object.values(engines).flatMap((each) => each as readonly Engine<PortName>[])
it.skipIf(!all.every((engine) => isInstalled(engine)))(
  'all engines in a chain find what appeared within 0.1 mag (needs source-extractor, psfex, scamp, swarp, solve-field, hotpants)',
  async () => {
    const lines: string[] = []
    const { table, findings } = await worked(
      ['inspect', 'photometry', 'subtraction'],
      {
        engine_detection: 'source-extractor',
        engine_psf: 'psfex',
        engine_refine: 'scamp',
        engine_warp: 'swarp',
        engine_subtraction: 'hotpants',
        psf_photometry: true,
        refine_order: 1,
        filter_adjust: false,
      },
      lines,
    )
    expect(findings.photometry!.field.pixelScaleArcsec).toBeCloseTo(0.6, 3)
    const k = [...numbersOf(table!, 'x').keys()].find(
      (i) => Math.hypot(numbersOf(table!, 'x')[i]! - fresh.x, numbersOf(table!, 'y')[i]! - fresh.y) < 0.5,
    )
    expect(k, lines.join('\n')).toBeDefined()
    expect(Math.abs(numbersOf(table!, 'mag_calib')[k!]! - fresh.mag)).toBeLessThan(0.1)
    expect(lines.some((line) => line.includes('refined by scamp'))).toBe(true)
    expect(findings.subtraction!.tiles.every(({ failed }) => failed === null)).toBe(true)
  },
  60_000,
)

it('a step that is cancelled while an engine runs ends with it: no grandchild, no scratch folder', async () => {
  const bin = mkdtempSync(join(home, 'bin-'))
  const hanging = `#!/bin/sh\ntrap '' TERM; sh -c 'sleep 100' & echo $! > half; mv half grandchild; wait\n`
  writeFileSync(join(bin, 'source-extractor'), hanging)
  chmodSync(join(bin, 'source-extractor'), 0o755)
  process.env['PATH'] = `${bin}:${searchPath}`
  const abort = new AbortController()
  const before = new Set(readdirSync(home))
  const outcome = expect(
    worked(['inspect', 'photometry'], { engine_detection: 'source-extractor' }, [], abort.signal),
  ).rejects.toThrow()
  let folder: string | undefined
  while (folder === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    folder = readdirSync(home).find((name) => name.startsWith('work-') && !before.has(name))
  }
  const pid = await grandchildUnder(join(home, folder, '.engines'))
  abort.abort()
  await outcome
  expect(runs(pid)).toBe(false)
}, 60_000)
