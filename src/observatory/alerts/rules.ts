import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Problem } from '#problem.ts'
import type { AssessmentInput, Decision } from './assessment.ts'
import { figure } from './changes.ts'
import { parseRules, type Condition, type Rules } from './rule-file.ts'
import { ruleInputs, unitFactors, type InputValue, type RuleFacts } from './rule-inputs.ts'

/** What a rule set says of one notice. */
export interface Verdict {
  rules: string
  version: string
  /** Hash of the rule file and the parameters used. */
  rulesSha256: string
  score: number
  decision: Decision
  /** Name of the rule that decided. */
  rule: string
  inputs: AssessmentInput[]
  /** Sentences, the deciding one first. */
  reasons: string[]
}

/** Names of the rule sets that come with the program; the first is the default. */
export const shippedRuleNames = ['urania', 'grandma'] as const

/** A rule set that comes with the program. */
export function shippedRules(name: string): Rules {
  if (!(shippedRuleNames as readonly string[]).includes(name)) {
    throw new Problem(
      'rules.unknown',
      `There is no rule set ${JSON.stringify(name)}; shipped are ${shippedRuleNames.join(' and ')}.`,
    )
  }
  return readRules(new URL(`./rules/${name}.toml`, import.meta.url), `rules/${name}.toml`)
}

/** Rules of a file. */
export function readRules(path: string | URL, label = String(path)): Rules {
  let source: string
  try {
    source = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Problem('rules.unknown', `The rule file ${label} cannot be read.`, { file: label }, error)
  }
  return parseRules(source, label)
}

/**
 * The rules with parameters set from outside, in the parameter's own unit. A parameter that follows another is set
 * with it unless it is set itself. An unknown name is a Problem that lists the known ones.
 */
export function withParameters(rules: Rules, values: Readonly<Record<string, number>>): Rules {
  for (const [name, value] of Object.entries(values)) {
    if (!rules.parameters.some((p) => p.name === name)) {
      const names = rules.parameters.map((p) => p.name).join(', ')
      throw new Problem(
        'rules.invalid',
        `The rule set ${rules.name} has no parameter ${name}; it has ${names}.`,
        { name },
      )
    }
    if (!Number.isFinite(value))
      throw new Problem('rules.invalid', `Parameter ${name} must be a finite number.`, { name })
  }
  const parameters = rules.parameters.map((p) => ({
    ...p,
    value: values[p.name] ?? (p.follows ? values[p.follows] : undefined) ?? p.value,
  }))
  return { ...rules, parameters }
}

/** Applies the rules to the facts: the first rule whose conditions hold decides. Deterministic; no clock. */
export function evaluate(rules: Rules, facts: RuleFacts): Verdict {
  const values = new Map<string, InputValue>()
  const valueOf = (name: string): InputValue => {
    if (!values.has(name)) values.set(name, ruleInputs[name]!.read(facts))
    return values.get(name)!
  }
  const holds = (c: Condition): boolean => conditionHolds(c, valueOf(c.input), rules)
  const rule = rules.rules.find((r) => r.all.every(holds) && (r.any.length === 0 || r.any.some(holds)))
  if (!rule) {
    throw new Problem(
      'rules.invalid',
      `No rule of ${rules.name} ${rules.version} applies; end the file with a rule without conditions.`,
    )
  }
  const conditions = [...rule.all, ...rule.any.filter(holds)]
  const decisive = new Set(conditions.map((c) => c.input))
  const read = new Set([...decisive, ...rules.rules.flatMap((r) => [...r.all, ...r.any].map((c) => c.input))])
  const inputs = [...read].map((name): AssessmentInput => {
    const input = ruleInputs[name]!
    const value = valueOf(name)
    return {
      name,
      label: input.label,
      value,
      unit: input.unit,
      source: value === null ? 'not given' : (input.source?.(facts) ?? 'notice'),
      decisive: decisive.has(name),
    }
  })
  const used = new Set(conditions.flatMap((c) => (isParameter(c.value) ? [c.value.parameter] : [])))
  for (const p of rules.parameters) {
    inputs.push({
      name: p.name,
      label: p.doc || p.name,
      value: p.value,
      unit: p.unit,
      source: 'parameter',
      decisive: used.has(p.name),
    })
  }
  const evidence = conditions.map((c) => evidenceOf(c, valueOf(c.input), rules))
  return {
    rules: rules.name,
    version: rules.version,
    rulesSha256: createHash('sha256')
      .update(rules.sha256)
      .update(JSON.stringify(rules.parameters.map((p) => [p.name, p.value])))
      .digest('hex'),
    score: rule.score,
    decision: rule.decision,
    rule: rule.name,
    inputs,
    reasons: [rule.reason, ...evidence].filter((sentence) => sentence !== ''),
  }
}

function isParameter(value: Condition['value']): value is { parameter: string } {
  return typeof value === 'object' && value !== null && 'parameter' in value
}

/** Threshold in the input's canonical unit. */
function threshold(c: Condition, rules: Rules): Condition['value'] {
  if (!isParameter(c.value)) return c.value
  const name = c.value.parameter
  const parameter = rules.parameters.find((p) => p.name === name)!
  return parameter.value * unitFactors[ruleInputs[c.input]!.unit]![parameter.unit]!
}

/** A comparison with an unknown value does not hold; `is unknown` and `!=` are how rules speak about it. */
function conditionHolds(c: Condition, value: InputValue, rules: Rules): boolean {
  if (c.operator === 'is known') return value !== null
  if (c.operator === 'is unknown') return value === null
  const limit = threshold(c, rules)
  if (c.operator === 'in') return value !== null && Array.isArray(limit) && limit.includes(String(value))
  if (c.operator === 'not in')
    return value === null || (Array.isArray(limit) && !limit.includes(String(value)))
  if (c.operator === '=') return value === limit
  if (c.operator === '!=') return value !== limit
  if (typeof value !== 'number' || typeof limit !== 'number') return false
  if (c.operator === '<') return value < limit
  if (c.operator === '<=') return value <= limit
  if (c.operator === '>') return value > limit
  return value >= limit
}

/** "90 % area 44.86 deg2 (< 100 deg2)". */
function evidenceOf(c: Condition, value: InputValue, rules: Rules): string {
  const input = ruleInputs[c.input]!
  const unit = input.unit ? ` ${input.unit}` : ''
  const shown =
    value === null ? 'not given' : typeof value === 'number' ? `${figure(value)}${unit}` : String(value)
  if (c.operator === 'is known' || c.operator === 'is unknown') return `${input.label}: ${shown}`
  const limit = threshold(c, rules)
  if (typeof limit !== 'number') return `${input.label}: ${shown}`
  return `${input.label}: ${shown} (${c.operator} ${figure(limit)}${unit})`
}
