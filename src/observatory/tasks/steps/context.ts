import { appendFile, readdir, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Problem } from '#problem.ts'
import type { Columns } from '#platform/columns/columns.ts'
import type { Compute } from '#platform/compute/compute.ts'
import { isPart, writeWhole } from '#platform/files/whole.ts'
import { changedSince, keysRead } from '#observatory/tasks/changed.ts'
import type { TaskConfig } from '#observatory/tasks/config.ts'
import type { Findings, StepFindings } from '#observatory/tasks/findings.ts'
import {
  fromStep,
  stepNames,
  stepProducts,
  type Preparation,
  type StepName,
} from '#observatory/tasks/task.ts'
import type { SkySources } from '#observatory/tasks/sky/sources.ts'

/**
 * What a step stands on: a folder of plainly named standard files, a configuration, and ways to the outside. It knows
 * neither server nor database, so the command line runs the very same steps.
 */
export interface StepContext {
  readonly folder: string
  readonly config: TaskConfig
  readonly preparations: readonly Preparation[]
  /** What is already known from the steps before. */
  readonly findings: Findings
  /** A plain line for people; numbers with their units. */
  readonly log: (line: string) => void
  /** The same, and it is marked as a warning. */
  readonly warn: (line: string) => void
  readonly progress: (done: number, total: number, unit?: string) => void
  readonly signal: AbortSignal
  readonly compute: Pick<Compute, 'run'>
  /** Parquet in the folder. */
  readonly columns: Columns
  readonly sky: SkySources
  /** Files of star indexes for blind solutions, tried in this order. */
  readonly indexes: readonly string[]
  /** Path of a frame by its name: a file on the command line, a SHA-256 on the server. */
  readonly frame: (name: string) => Promise<string>
  /** Threads that pixel work may use. */
  readonly hands: number
}

export interface Step<S extends StepName> {
  readonly name: S
  readonly title: string
  /** @throws Problem with one sentence that names what is wrong and the remedy */
  run(context: StepContext): Promise<StepFindings[S]>
}

/** What a run is given besides what the runner makes for each step. */
export interface RunOptions extends Omit<StepContext, 'log' | 'warn' | 'progress' | 'findings'> {
  /** Called with every line of the log as it is written. */
  readonly onLine: (step: StepName, line: string) => void
  readonly onProgress: (step: StepName, done: number, total: number, unit: string) => void
}

/** Path of a product in the work folder. */
export function at(context: Pick<StepContext, 'folder'>, name: string): string {
  return join(context.folder, name)
}

/** What the steps have found so far, from `<step>.json` of the folder. */
export async function readFindings(folder: string): Promise<Findings> {
  const found: Record<string, unknown> = {}
  for (const step of stepNames) {
    const text = await readFile(join(folder, `${step}.json`), 'utf8').catch(() => undefined)
    if (text !== undefined) found[step] = JSON.parse(text) as unknown
  }
  return found as Findings
}

/** Deletes what a step and those that build on it made, and what a run that was ended had not finished writing. */
export async function clearStep(folder: string, step: StepName): Promise<void> {
  for (const name of await readdir(folder, { recursive: true }))
    if (isPart(basename(name))) await rm(join(folder, name), { force: true })
  for (const each of fromStep(step)) {
    for (const name of stepProducts[each]) await rm(join(folder, name), { recursive: true, force: true })
  }
}

/**
 * Runs one step: deletes what it invalidates, writes its log beside its products and, at the end, what it found. A step that
 * fails leaves its log, with the reason as the last line.
 */
export async function runStep<S extends StepName>(
  step: Step<S>,
  options: RunOptions,
): Promise<StepFindings[S]> {
  const { folder, config, signal } = options
  const changed = changedSince(step.name, await readFindings(folder), config)
  await clearStep(folder, step.name)
  const findings = await readFindings(folder)
  const begun = performance.now()
  const logFile = join(folder, `${step.name}.log`)
  let writing = Promise.resolve()
  const log = (text: string): void => {
    for (const line of text.split('\n')) {
      const whole = config.timing
        ? `${((performance.now() - begun) / 1_000).toFixed(2).padStart(8)} ${line}`
        : line
      writing = writing.then(() => appendFile(logFile, `${whole}\n`)).catch(() => {})
      options.onLine(step.name, whole)
    }
  }
  const context: StepContext = {
    ...options,
    findings,
    log,
    warn: (line) => log(`Warning: ${line}`),
    progress: (done, total, unit = '') => options.onProgress(step.name, done, total, unit),
  }
  try {
    signal.throwIfAborted()
    log(`# ${step.title}`)
    if (changed.length > 0) log(`Changed since it ran before: ${changed.join(', ')}.`)
    const found = await step.run(context)
    await writeWhole(
      join(folder, `${step.name}.json`),
      `${JSON.stringify({ ...found, given: keysRead(step.name, config) }, finite, 1)}\n`,
    )
    log(`Done in ${((performance.now() - begun) / 1_000).toFixed(1)} s.`)
    return found
  } catch (error) {
    if (!signal.aborted) log(`Error: ${error instanceof Error ? error.message : String(error)}`)
    throw error
  } finally {
    await writing
    // Half a set of products would pass for a whole one.
    if (signal.aborted) await clearStep(folder, step.name)
  }
}

/** JSON has no NaN. */
function finite(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value
}

/** What an earlier step found. @throws Problem `task.missing` */
export function needs<S extends StepName>(context: StepContext, step: S): StepFindings[S] {
  const found = context.findings[step]
  if (found !== undefined) return found as StepFindings[S]
  throw new Problem(
    'task.missing',
    `This step builds on ${step}, which has not been done; run ${step} first.`,
    {
      step,
    },
  )
}
