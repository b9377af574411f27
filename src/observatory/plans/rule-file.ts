import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import { isProblem, Problem } from '#problem.ts'
import { readCondition } from '#science/adql/condition.ts'
import { alertSchema } from '#observatory/alerts/values.ts'
import { linesOf } from '#observatory/telescopes/toml-lines.ts'
import { PlanRuleInput } from './plan-rule.ts'

/**
 * Plan rules as a file: TOML with one `[[rule]]` per rule (its condition under `when`), in it a `[[rule.group]]` per group
 * of telescopes with what a plan request has, in it a `[[rule.group.telescope]]` per telescope. Names are those of the
 * interface, written with underscores as in every TOML here: `max_fields`.
 */

const FileTelescope = z
  .looseObject({ step: z.unknown().optional() })
  .transform(({ step, ...rest }) => (step === undefined ? rest : { ...rest, steps: step }))
const FileGroup = z
  .looseObject({ title: z.string().optional(), telescope: z.array(FileTelescope).optional() })
  .transform(({ title, telescope, ...rest }) => ({
    ...(title === undefined ? {} : { title }),
    plan: { ...rest, telescopes: telescope },
  }))
const FileRule = z
  .looseObject({ group: z.array(FileGroup).optional() })
  .transform(({ group, when, ...rest }) => ({ ...rest, condition: when, groups: group }))
const File = z.strictObject({ rule: z.array(FileRule).min(1, 'must hold at least one rule') })

/** The rules of a file. @throws Problem `plan.invalid` naming file, line and key of the first mistake, others in the details */
export function parseRuleFile(source: string, file: string): PlanRuleInput[] {
  let toml: unknown
  try {
    toml = parse(source)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const what = error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, '')
    throw new Problem('plan.invalid', `${file}:${error.line}: ${what}.`, { file, line: error.line }, error)
  }
  const shape = File.safeParse(inInterface(toml))
  if (!shape.success) throw mistakesOf(source, file, shape.error.issues)
  const rules: PlanRuleInput[] = []
  for (const [i, raw] of shape.data.rule.entries()) {
    const rule = PlanRuleInput.safeParse(raw)
    if (!rule.success)
      throw mistakesOf(
        source,
        file,
        rule.error.issues.map((issue) => ({ ...issue, path: ['rule', i, ...issue.path] })),
      )
    const wrong = conditionMistake(rule.data.condition)
    if (wrong !== null) throw mistakesOf(source, file, [{ path: ['rule', i, 'condition'], message: wrong }])
    if (rules.some((other) => other.name === rule.data.name))
      throw mistakesOf(source, file, [
        { path: ['rule', i, 'name'], message: `${rule.data.name} is named twice` },
      ])
    rules.push(rule.data)
  }
  return rules
}

/** Why a condition cannot be used, or null. */
export function conditionMistake(condition: string): string | null {
  try {
    readCondition(condition, alertSchema)
    return null
  } catch (error) {
    if (isProblem(error)) return error.message
    throw error
  }
}

/** Keys of the file as the interface has them: `max_fields` → `maxFields`. */
function inInterface(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inInterface)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      inInterface(each),
    ]),
  )
}

const fileNames: Readonly<Record<string, string>> = {
  groups: 'group',
  telescopes: 'telescope',
  steps: 'step',
  condition: 'when',
}

/** Names of the interface as the file has them. */
function inFile(part: PropertyKey): (string | number)[] {
  if (part === 'plan' || typeof part === 'symbol') return []
  if (typeof part === 'number') return [part]
  return [fileNames[part] ?? snake(part)]
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

interface Issue {
  path: PropertyKey[]
  message: string
  /** Of keys that do not belong there. */
  keys?: readonly string[]
}

function mistakesOf(source: string, file: string, issues: readonly Issue[]): Problem {
  const lineOf = linesOf(source)
  const errors = issues.map(({ path, message: what, keys }) => {
    const written = [...path, ...(keys?.slice(0, 1) ?? [])].flatMap((part) => inFile(part))
    const message = keys ? `is no key that belongs there` : what
    return { line: lineOf(written) ?? 1, key: written.map(String).join('.'), message }
  })
  const [first] = errors
  const rest = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  const sentence = `${file}:${first!.line}: ${first!.key}: ${first!.message.replace(/\.$/, '')}${rest}.`
  return new Problem('plan.invalid', sentence, { file, line: first!.line, key: first!.key, errors })
}

/** A rule file to begin with: events that the assessment says to observe, in the sky and not in an exercise. */
export const exampleRules = `# Plans that are made by themselves. Columns of the condition: see "urania plan-rules columns".
[[rule]]
name = "go"
title = "What the assessment says to observe"
when = "decision = 'GO' and role = 'observation'"
delay_minutes = 0
on_update = "propose"

[[rule.group]]
title = "Wide field"
strategy = "auto"
hours = 24
start_delay_minutes = 60

[[rule.group.telescope]]
telescope = "tch"
max_fields = 10

[[rule.group.telescope]]
telescope = "tre"
max_fields = 10
`
