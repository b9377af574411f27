import { z } from 'zod'
import { Problem } from '#problem.ts'
import { closest } from '#science/adql/schema.ts'
import { enginesKeys } from './config/engines.ts'
import { frameKeys } from './config/frame.ts'
import type { ConfigGroup, KeyFacts } from './config/key.ts'
import { photometryKeys } from './config/photometry.ts'
import { reportKeys } from './config/report.ts'
import { stackKeys } from './config/stack.ts'
import { subtractionKeys } from './config/subtraction.ts'
import { transientsKeys } from './config/transients.ts'

/**
 * Every key that steers the processing of a frame: type, default, unit, meaning. The one schema is what the API and the
 * command line check (`-c key=value`), what the form on the page is drawn from and what the reference documents. A value
 * that is null is found by the program: from the header, from the pixels, or from what fits the field. What is found is kept
 * apart (`Findings` in findings.ts), so that a configuration never changes by itself.
 */
const keys = {
  ...frameKeys,
  ...photometryKeys,
  ...transientsKeys,
  ...subtractionKeys,
  ...stackKeys,
  ...enginesKeys,
  ...reportKeys,
} as const

/** A whole configuration: every key has a value. Keys that are not known are refused by name. */
export const TaskConfig = z.strictObject(keys).meta({ id: 'TaskConfig' })
export type TaskConfig = z.output<typeof TaskConfig>
export type ConfigKey = keyof typeof keys

/** Some keys, as they are kept with a task or a preset: what is left out has its default. */
export type ConfigInput = Partial<TaskConfig>

/** One key as the reference and the form know it. */
export interface KeyDescription {
  readonly key: ConfigKey
  readonly group: ConfigGroup
  readonly title: string
  readonly doc: string
  readonly unit: string | null
  /** What null stands for; null where the key cannot be null. */
  readonly auto: string | null
  readonly default: unknown
}

export const configKeys = Object.keys(keys) as ConfigKey[]

/** All keys in the order of the form. */
export function describeConfig(): KeyDescription[] {
  const defaults = TaskConfig.parse({})
  return configKeys.map((name) => {
    const facts = keys[name].meta() as unknown as KeyFacts
    return {
      key: name,
      group: facts.group,
      title: facts.title,
      doc: facts.doc ?? keys[name].description ?? '',
      unit: facts.unit ?? null,
      auto: facts.auto ?? null,
      default: defaults[name],
    }
  })
}

/** JSON Schema of the configuration, with title, unit and group of every key: the form on the page. */
export function configSchema(): unknown {
  return z.toJSONSchema(TaskConfig, { io: 'input' })
}

/** Values that other programs wrote under these names. */
const otherWords: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  subtraction_method: { hotpants: 'al98' },
}

/**
 * Checks some keys, as a person, a preset or another program gave them.
 * @throws Problem `task.config` with every offending key in `details.errors`
 */
export function readConfig(input: unknown): ConfigInput {
  const given = typeof input === 'object' && input !== null && !Array.isArray(input) ? input : undefined
  if (!given) throw new Problem('task.config', 'A configuration is an object of keys and values.')
  const words = Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const other = typeof value === 'string' ? otherWords[name]?.[value] : undefined
      return [name, other ?? (value as unknown)]
    }),
  )
  const errors: { path: string; message: string; rule: string }[] = []
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(words)) {
    if (!Object.hasOwn(keys, name)) {
      errors.push({
        path: `config.${name}`,
        message: `is no key of the configuration${nearest(name)}`,
        rule: 'unknown',
      })
      continue
    }
    const parsed = keys[name as ConfigKey].safeParse(value)
    if (parsed.success) kept[name] = parsed.data
    else
      errors.push({
        path: `config.${name}`,
        message: parsed.error.issues[0]?.message ?? 'is not accepted',
        rule: 'value',
      })
  }
  const first = errors[0]
  if (first)
    throw new Problem(
      'task.config',
      `The configuration does not fit: ${first.path.slice(7)} ${first.message}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''}.`,
      { errors },
    )
  return kept as ConfigInput
}

/** All keys, those that were not given with their defaults. */
export function wholeConfig(input: ConfigInput): TaskConfig {
  return TaskConfig.parse(input)
}

/**
 * `sn=7`, `use_color=no`, `gain=auto`: a key and its value as typed on a command line, read as the key's type.
 * @throws Problem `task.config`
 */
export function readAssignment(words: string): [ConfigKey, unknown] {
  const at = words.indexOf('=')
  const name = words.slice(0, Math.max(0, at)).trim()
  const value = words.slice(at + 1).trim()
  if (at < 1) throw new Problem('task.config', `"${words}" is not of the form key=value, such as sn=7.`)
  if (!Object.hasOwn(keys, name))
    throw new Problem('task.config', `${name} is no key of the configuration${nearest(name) || '.'}`)
  const schema = keys[name as ConfigKey]
  const candidates: unknown[] = []
  if (/^(auto|null|none)$/i.test(value)) candidates.push(null)
  if (/^(true|yes|on)$/i.test(value)) candidates.push(true)
  if (/^(false|no|off)$/i.test(value)) candidates.push(false)
  if (value !== '' && Number.isFinite(Number(value)))
    candidates.push(Number(value), value === '1', value !== '0')
  if (/^[[{]/.test(value)) {
    try {
      candidates.push(JSON.parse(value) as unknown)
    } catch {
      // Not JSON: it may still be text.
    }
  }
  candidates.push(otherWords[name]?.[value] ?? value.replaceAll(String.raw`\n`, '\n'))
  for (const candidate of candidates) {
    const parsed = schema.safeParse(candidate)
    if (parsed.success) return [name as ConfigKey, parsed.data]
  }
  const problem = schema.safeParse(candidates.at(-1)).error?.issues[0]?.message ?? 'is not accepted'
  throw new Problem('task.config', `${name} cannot be ${JSON.stringify(value)}: ${problem}.`)
}

function nearest(name: string): string {
  const near = closest(name, configKeys)
  return near === undefined ? '' : `; did you mean ${near}?`
}
