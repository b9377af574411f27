import { constants } from 'node:fs'
import { chmod, copyFile, readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import { makeFolder, whole } from '#platform/files/whole.ts'
import type { Command, Invocation } from '#platform/terminal/command.ts'
import { textFlag } from '#platform/terminal/flags.ts'
import type { Table } from '#science/table/table.ts'
import { configBefore, stepsToRun } from './changed.ts'
import { readAssignment, readConfig, wholeConfig, type ConfigInput, type TaskConfig } from './config.ts'
import { localGround } from './local-run.ts'
import { clearStep, readFindings, runStep, type RunOptions, type Step } from './steps/context.ts'
import { loadStep, readSteps } from './steps/run.ts'
import { summaryOf } from './summary.ts'
import { originalName, stepNames, stepProducts, type StepName } from './task.ts'

/** Options by which every command on frames takes its configuration. */
export const configOptions = {
  config: {
    type: 'string',
    short: 'c',
    multiple: true,
    doc: 'KEY=VALUE, repeated; "urania process --keys" lists them',
  },
  preset: { type: 'string', doc: 'JSON file with a configuration; -c goes before it' },
  catalogue: {
    type: 'string',
    doc: 'Table of stars to calibrate with (FITS, VOTable, ECSV, CSV, Parquet) instead of a catalogue',
  },
} as const

/** The configuration of `--preset` and `-c`. @throws Problem `task.config` */
export async function configOf({ flags }: Pick<Invocation, 'flags'>): Promise<ConfigInput> {
  const file = textFlag(flags, 'preset')
  let preset: ConfigInput = {}
  if (file !== undefined) {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new Problem('command.usage', `There is no preset ${file}.`, {}, error)
    })
    try {
      const read = JSON.parse(text) as Record<string, unknown>
      preset = readConfig('config' in read ? read['config'] : read)
    } catch (error) {
      if (isProblem(error)) throw error
      throw new Problem(
        'task.config',
        `${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
  const words = (flags['config'] as string[] | undefined) ?? []
  return { ...preset, ...Object.fromEntries(words.map(readAssignment)) }
}

/** Shows the lines of a step and how far it is. */
export function reporter(invocation: Invocation): {
  onLine: (step: StepName, line: string) => void
  onProgress: (step: StepName, done: number, total: number, unit: string) => void
  finish: () => void
} {
  let label: string | undefined
  let shown: ReturnType<Invocation['progress']> | undefined
  return {
    // How a step failed is for its log; here the command ends with the same words.
    onLine: (_, line) => {
      if (!line.startsWith('Error: ')) invocation.note(line)
    },
    onProgress(step, done, total, unit) {
      if (label !== `${step} ${unit}`) {
        label = `${step} ${unit}`
        shown = invocation.progress(step, unit)
      }
      shown?.update(done, total)
    },
    finish: () => shown?.finish(),
  }
}

const process: Command = {
  words: ['process'],
  usage: 'FILE…',
  summary: 'Measure frames: photometry, limits, transients; needs no server',
  examples: [
    'urania process image.fits',
    'urania process image.fits --steps inspect,photometry,subtraction -c template=ps1 -c "target=SN 2026abc"',
    'urania process night/*.fits --steps inspect,photometry --out results --catalogue stars.fits --json',
  ],
  options: {
    steps: {
      type: 'string',
      doc: 'Of inspect, photometry, transients, subtraction (default inspect,photometry); those done before are taken up where they stopped',
    },
    out: { type: 'string', doc: 'Folder of the products (default: FILE without its ending, beside it)' },
    template: { type: 'string', doc: 'Picture to subtract, as custom_template.fits' },
    mask: { type: 'string', doc: 'Mask of the frame: FITS of its size, or drawn shapes as JSON' },
    clean: { type: 'boolean', doc: 'First delete what all steps made there before' },
    keys: { type: 'boolean', doc: 'List the keys of the configuration and their defaults' },
    ...configOptions,
  },
  async run(invocation) {
    const { flags, args, document, out } = invocation
    if (flags['keys'] === true) {
      const { describeConfig } = await import('./config.ts')
      return document(describeConfig(), () => {
        for (const { key, default: value, unit, doc, auto } of describeConfig())
          out(
            `${key.padEnd(28)} ${(value === null ? `auto (${auto ?? 'none'})` : JSON.stringify(value)).padEnd(16)} ${unit ? `[${unit}] ` : ''}${doc}`,
          )
      })
    }
    if (args.length === 0) throw new Problem('command.usage', 'Say which frame: urania process FILE.')
    const steps = readSteps(textFlag(flags, 'steps') ?? 'inspect,photometry')
    const config = await configOf(invocation)
    if (textFlag(flags, 'template') !== undefined) config.template ??= 'custom'
    const given = await catalogueOf(invocation)
    const results: unknown[] = []
    let failed = 0
    for (const [i, file] of args.entries()) {
      if (args.length > 1) invocation.note(`\n${file} (${i + 1}/${args.length})`)
      try {
        results.push({ file, ...(await processFile(invocation, file, steps, config, given, args.length)) })
      } catch (error) {
        if (!isProblem(error) || args.length === 1 || invocation.signal.aborted) throw error
        failed++
        invocation.note(`${file}: ${error.message}`)
        results.push({ file, problem: { code: error.code, message: error.message } })
      }
    }
    document(args.length === 1 ? results[0] : results, () => {
      for (const result of results) for (const line of summaryOf(result as never)) out(line)
    })
    return failed > 0 ? 1 : 0
  },
}

/** What a step on a folder is run with, from the command line. */
export function runOptions(
  { signal }: Pick<Invocation, 'signal'>,
  ground: Awaited<ReturnType<typeof localGround>>,
  { onLine, onProgress }: ReturnType<typeof reporter>,
  folder: string,
  config: TaskConfig,
): RunOptions {
  return { ...ground, folder, config, preparations: [], signal, onLine, onProgress }
}

/** The table given by --catalogue. */
export async function catalogueOf({
  flags,
}: Pick<Invocation, 'flags'>): Promise<{ name: string; table: Table } | undefined> {
  const path = textFlag(flags, 'catalogue')
  if (path === undefined) return undefined
  const { readTableFile } = await import('./table-files.ts')
  return { name: basename(path), table: await readTableFile(path) }
}

/** The folder of a frame's products. */
export function folderFor(file: string, out: string | undefined, several: boolean): string {
  const name = basename(file).replace(/(\.fits?|\.fts)?(\.fz|\.gz)?$/i, '')
  if (out === undefined) return join(dirname(resolve(file)), `${name}.urania`)
  return several ? join(resolve(out), name) : resolve(out)
}

/** Puts a copy of a file into the work folder, which is made where it is missing. */
export async function bring(from: string, folder: string, name: string): Promise<void> {
  const target = join(folder, name)
  const facts = await stat(from).catch(() => undefined)
  if (!facts?.isFile()) throw new Problem('command.usage', `There is no file ${from}.`)
  await makeFolder(folder)
  const there = await stat(target).catch(() => undefined)
  if (there && there.ino === facts.ino && there.dev === facts.dev) return
  await whole(target, async (part) => {
    await rm(part, { force: true })
    await copyFile(from, part, constants.COPYFILE_FICLONE)
    await chmod(part, 0o644)
  })
}

async function processFile(
  invocation: Invocation,
  file: string,
  steps: readonly StepName[],
  config: ConfigInput,
  given: { name: string; table: Table } | undefined,
  count: number,
): Promise<{ folder: string; findings: unknown; products: string[] }> {
  const folder = folderFor(file, textFlag(invocation.flags, 'out'), count > 1)
  await bring(file, folder, originalName)
  const template = textFlag(invocation.flags, 'template')
  if (template !== undefined) await bring(template, folder, 'custom_template.fits')
  const mask = textFlag(invocation.flags, 'mask')
  if (mask !== undefined)
    await bring(mask, folder, /\.json$/i.test(mask) ? 'custom_mask.json' : 'custom_mask.fits')
  if (invocation.flags['clean'] === true) await clearStep(folder, stepNames[0])
  const ground = await localGround(await invocation.config(), folder, given)
  const report = reporter(invocation)
  try {
    const before = await readFindings(folder)
    const chosen = wholeConfig({ ...configBefore(steps, before), ...config })
    for (const name of stepsToRun(steps, before, chosen)) {
      await runStep(
        (await loadStep(name)) as Step<StepName>,
        runOptions(invocation, ground, report, folder, chosen),
      )
      report.finish()
    }
  } finally {
    await ground.close()
  }
  const names = await readdir(folder, { recursive: true })
  const known = Object.values(stepProducts).flat()
  return {
    folder,
    findings: await readFindings(folder),
    products: names
      .filter((name) => known.some((each) => (each.endsWith('/') ? name.startsWith(each) : name === each)))
      .toSorted(),
  }
}

export const processCommands: Command[] = [process]
