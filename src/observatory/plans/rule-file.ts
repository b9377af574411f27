import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import { isProblem, Problem } from '#problem.ts'
import { readCondition } from '#science/adql/condition.ts'
import { alertSchema } from '#observatory/alerts/values.ts'
import { linesOf } from '#observatory/telescopes/toml-lines.ts'
import { PlanRuleInput } from './plan-rule.ts'

/**
 * Plan rules as a file: TOML with one `[[rule]]` per rule, in it a `[[rule.group]]` per group of telescopes with the
 * fields of a plan request, in it a `[[rule.group.telescope]]` per telescope. The names are those of the interface.
 */

const FileGroup = z.looseObject({ title: z.string().optional() }).transform((group) => {
  const { title, telescope, ...rest } = group
  return { ...(title === undefined ? {} : { title }), plan: { ...rest, telescopes: telescope } }
})
const FileRule = z
  .looseObject({ group: z.array(FileGroup).optional() })
  .transform(({ group, ...rest }) => ({ ...rest, groups: group }))
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
  const shape = File.safeParse(toml)
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

/** Names of the interface as the file has them. */
function inFile(part: PropertyKey): (string | number)[] {
  if (part === 'plan' || typeof part === 'symbol') return []
  return [part === 'groups' ? 'group' : part === 'telescopes' ? 'telescope' : part]
}

interface Issue {
  path: PropertyKey[]
  message: string
}

function mistakesOf(source: string, file: string, issues: readonly Issue[]): Problem {
  const lineOf = linesOf(source)
  const errors = issues.map(({ path, message }) => {
    const written = path.flatMap((part) => inFile(part))
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
condition = "decision = 'GO' and role = 'observation'"
delayMinutes = 0
onUpdate = "propose"

[[rule.group]]
title = "Wide field"
strategy = "auto"
hours = 24
startDelayMinutes = 60

[[rule.group.telescope]]
telescope = "tch"
maxFields = 10

[[rule.group.telescope]]
telescope = "tre"
maxFields = 10
`
