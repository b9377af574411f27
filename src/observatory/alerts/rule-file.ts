import { createHash } from 'node:crypto'
import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import { Problem } from '#problem.ts'
import { decisions, type RuleParameter, type RuleSet } from './assessment.ts'
import { ruleInputs, unitFactors } from './rule-inputs.ts'

/**
 * A rule file: TOML with a name, a version, parameters with units, and rules in order, of which the first whose
 * conditions all hold decides. A condition is `input operator value unit`, for example
 * `distance < $distance`, `area90 <= 100 deg2`, `class in [BNS, NSBH]`, `HasNS is unknown`.
 */

export type Operator = '<' | '<=' | '>' | '>=' | '=' | '!=' | 'in' | 'not in' | 'is known' | 'is unknown'

export interface Condition {
  text: string
  input: string
  operator: Operator
  /** Number in the input's canonical unit, name of a parameter (`$name`), words, or nothing. */
  value: number | boolean | string | readonly string[] | { parameter: string } | null
}

export interface Rule {
  name: string
  all: Condition[]
  any: Condition[]
  score: number
  decision: (typeof decisions)[number]
  reason: string
}

export interface Parameter extends RuleParameter {
  /** Set together with that other parameter unless set by itself. */
  follows: string | null
}

export interface Rules {
  name: string
  version: string
  title: string
  doc: string
  sha256: string
  parameters: Parameter[]
  rules: Rule[]
  source: string
}

const words = z.union([z.string(), z.array(z.string())]).transform((v) => (typeof v === 'string' ? [v] : v))
const File = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and hyphens'),
  version: z.string().min(1),
  title: z.string().min(1),
  doc: z.string().default(''),
  parameter: z
    .record(
      z.string().regex(/^[A-Za-z][A-Za-z0-9]*$/),
      z.strictObject({
        value: z.number().optional(),
        unit: z.string().default(''),
        doc: z.string().default(''),
        follows: z.string().optional(),
      }),
    )
    .default({}),
  rule: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        when: words.default([]),
        any: words.default([]),
        score: z.number(),
        decision: z.enum(decisions),
        reason: z.string(),
      }),
    )
    .min(1, 'must hold at least one rule'),
})

/** Rules in the text of a rule file. A mistake is a Problem `rules.invalid` that names file, line and key. */
export function parseRules(source: string, file: string): Rules {
  let data: unknown
  try {
    data = parse(source)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const what = error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, '')
    throw new Problem('rules.invalid', `${file}:${error.line}: ${what}.`, { file, line: error.line }, error)
  }
  const result = File.safeParse(data)
  if (!result.success) {
    const issue = result.error.issues[0]!
    const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path
    throw mistake(
      source,
      file,
      path,
      issue.code === 'unrecognized_keys' ? 'is not a key that rule files know' : issue.message,
    )
  }
  const { parameter, rule, ...head } = result.data
  const parameters = Object.entries(parameter).map(([name, p]): Parameter => {
    const leader = p.follows === undefined ? undefined : parameter[p.follows]
    if (p.follows !== undefined && !leader)
      throw mistake(source, file, ['parameter', name, 'follows'], `names ${p.follows}, which is no parameter`)
    const value = p.value ?? leader?.value
    if (value === undefined) throw mistake(source, file, ['parameter', name], 'has no value')
    const unit = p.unit || leader?.unit || ''
    if (!Object.values(unitFactors).some((units) => unit in units))
      throw mistake(source, file, ['parameter', name, 'unit'], `is ${unit}, a unit that is not known`)
    return { name, value, unit, doc: p.doc, follows: p.follows ?? null }
  })
  const rules = rule.map((r, i): Rule => {
    const read = (key: 'when' | 'any') => (condition: string) => {
      try {
        return parseCondition(condition, parameters)
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        throw mistake(
          source,
          file,
          ['rule', i, key],
          `${JSON.stringify(condition)}: ${error.message}`,
          condition,
        )
      }
    }
    return {
      name: r.name,
      all: r.when.map(read('when')),
      any: r.any.map(read('any')),
      score: r.score,
      decision: r.decision,
      reason: r.reason,
    }
  })
  return { ...head, parameters, rules, source, sha256: createHash('sha256').update(source).digest('hex') }
}

const conditionPattern =
  /^([A-Za-z][\w.]*)\s*(?:(is known|is unknown)|(<=|>=|<|>|!=|=|is(?= )|not in|in)\s*(.+))$/

function parseCondition(text: string, parameters: readonly Parameter[]): Condition {
  const m = conditionPattern.exec(text.trim())
  if (!m) throw new Problem('rules.invalid', 'a condition is "input operator value unit"')
  const name = m[1]!
  const input = ruleInputs[name]
  if (!input)
    throw new Problem(
      'rules.invalid',
      `there is no input ${name}; known are ${Object.keys(ruleInputs).join(', ')}`,
    )
  if (m[2]) return { text, input: name, operator: m[2] as Operator, value: null }
  const operator = (m[3] === 'is' ? '=' : m[3]) as Operator
  const raw = m[4]!.trim()
  if (operator === 'in' || operator === 'not in') {
    const list = /^\[(.*)\]$/.exec(raw)
    if (!list) throw new Problem('rules.invalid', `after "${operator}" comes a list in [ ]`)
    return { text, input: name, operator, value: list[1]!.split(',').map((s) => s.trim()) }
  }
  if (input.type === 'number')
    return { text, input: name, operator, value: numberValue(raw, name, input.unit, parameters) }
  if (operator !== '=' && operator !== '!=')
    throw new Problem('rules.invalid', `${name} has no order; use =, != or in`)
  if (input.type === 'boolean') {
    if (raw !== 'true' && raw !== 'false')
      throw new Problem('rules.invalid', `${name} is true or false, not ${raw}`)
    return { text, input: name, operator, value: raw === 'true' }
  }
  return { text, input: name, operator, value: raw }
}

function numberValue(
  raw: string,
  name: string,
  unit: string,
  parameters: readonly Parameter[],
): Condition['value'] {
  const units = unitFactors[unit]!
  if (raw.startsWith('$')) {
    const parameter = parameters.find((p) => p.name === raw.slice(1))
    if (!parameter) throw new Problem('rules.invalid', `there is no parameter ${raw.slice(1)}`)
    if (!(parameter.unit in units))
      throw new Problem(
        'rules.invalid',
        `${name} is in ${unit || 'no unit'}, parameter ${parameter.name} in ${parameter.unit || 'no unit'}`,
      )
    return { parameter: parameter.name }
  }
  const m = /^([-+]?[\d.]+(?:e[-+]?\d+)?)\s*(.*)$/i.exec(raw)
  const value = m ? Number(m[1]) : Number.NaN
  if (!m || Number.isNaN(value)) throw new Problem('rules.invalid', `${raw} is no number`)
  const factor = units[m[2]!.trim()]
  if (factor === undefined) {
    throw new Problem(
      'rules.invalid',
      `${name} needs a unit, one of ${Object.keys(units)
        .map((u) => u || 'none')
        .join(', ')}`,
    )
  }
  return value * factor
}

/** The mistake with its line: the last place in the file that the path leads to. */
function mistake(
  source: string,
  file: string,
  path: readonly PropertyKey[],
  what: string,
  near?: string,
): Problem {
  const lines = source.split('\n')
  let line = 0
  if (path[0] === 'rule' && typeof path[1] === 'number') {
    let nth = -1
    line = lines.findIndex((text) => /^\s*\[\[rule\]\]/.test(text) && ++nth === path[1])
  } else if (path[0] === 'parameter' && path.length > 1) {
    line = lines.findIndex((text) => text.trim().startsWith(`[parameter.${String(path[1])}]`))
  }
  const key = String(path.findLast((part) => typeof part === 'string') ?? '')
  const from = Math.max(line, 0)
  const inside = lines.findIndex(
    (text, i) => i >= from && (near ? text.includes(near) : new RegExp(`^\\s*${key}\\s*=`).test(text)),
  )
  const at = (inside >= 0 ? inside : from) + 1
  return new Problem('rules.invalid', `${file}:${at}: ${path.map(String).join('.')} ${what}.`, {
    file,
    line: at,
    key: path.map(String).join('.'),
  })
}

/** A rule set as REST shows it. */
export function describeRules(rules: Rules, isDefault: boolean): RuleSet {
  return {
    name: rules.name,
    version: rules.version,
    title: rules.title,
    doc: rules.doc,
    isDefault,
    sha256: rules.sha256,
    parameters: rules.parameters.map(({ name, value, unit, doc }) => ({ name, value, unit, doc })),
    rules: rules.rules.map((rule) => ({
      name: rule.name,
      when: [
        ...rule.all.map((c) => c.text),
        ...(rule.any.length ? [`one of: ${rule.any.map((c) => c.text).join('; ')}`] : []),
      ],
      score: rule.score,
      decision: rule.decision,
      reason: rule.reason,
    })),
    source: rules.source,
  }
}
