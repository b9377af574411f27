import { configKeys, describeConfig, type ConfigKey, type TaskConfig } from './config.ts'
import type { Findings } from './findings.ts'
import { stepNames, type StepName } from './task.ts'

/** Keys of other groups that a step reads, and whose change makes what it found another. */
const more: Readonly<Partial<Record<StepName, readonly ConfigKey[]>>> = {
  stack: ['engine_warp'],
  inspect: [
    'target',
    'hdu',
    'plane',
    'time',
    'gain',
    'saturation',
    'filter',
    'fill_as_nan',
    'mask_cosmics',
    'cosmics_sigma',
    'bg_size',
    'cat_name',
  ],
  photometry: [
    'cat_limit',
    'engine_detection',
    'engine_solve',
    'engine_refine',
    'engine_psf',
    'engine_options',
  ],
}

/** The keys by which a step works, with their values: kept with what it found. */
export function keysRead(step: StepName, config: TaskConfig): Partial<TaskConfig> {
  const own = new Set<ConfigKey>([
    ...describeConfig()
      .filter(({ group }) => group === step)
      .map(({ key }) => key),
    ...(more[step] ?? []),
  ])
  return Object.fromEntries(configKeys.filter((key) => own.has(key)).map((key) => [key, config[key]]))
}

/** Keys that have another value now than when the step ran; none where it has not run. */
export function changedSince(step: StepName, findings: Findings, config: TaskConfig): ConfigKey[] {
  const given = findings[step]?.given
  if (!given) return []
  return configKeys.filter(
    (key) => Object.hasOwn(given, key) && JSON.stringify(given[key]) !== JSON.stringify(config[key]),
  )
}

/**
 * The steps of a run: those that are wanted, and of the steps they build on those done before of which a key has changed since,
 * or of which what they build on is made anew.
 */
export function stepsToRun(wanted: readonly StepName[], findings: Findings, config: TaskConfig): StepName[] {
  const last = stepNames.findLastIndex((step) => wanted.includes(step))
  const run: StepName[] = []
  for (const [i, step] of stepNames.entries()) {
    const built = i < last && step !== 'transients' && findings[step] !== undefined
    const anew = run.length > 0 || changedSince(step, findings, config).length > 0
    if (wanted.includes(step) || (built && anew)) run.push(step)
  }
  return run
}

/** What the steps before those that are wanted were run with: what is not said anew stays so. */
export function configBefore(wanted: readonly StepName[], findings: Findings): Partial<TaskConfig> {
  const before = stepNames.filter((step) => step !== 'transients' && !wanted.includes(step))
  return Object.assign({}, ...before.map((step) => findings[step]?.given ?? {})) as Partial<TaskConfig>
}
