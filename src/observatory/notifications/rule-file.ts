import { parse, stringify, TomlError } from 'smol-toml'
import { z } from 'zod'
import { isProblem, Problem } from '#problem.ts'
import { RuleDefinition, RuleName, type NamedRule } from './rule.ts'

/**
 * Rules in a TOML file: `[[rule]]` tables with the keys of a rule in snake case (`every_minutes`, `after_minutes`).
 */

const snake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const camel = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

const File = z.strictObject({
  rule: z.array(z.record(z.string(), z.unknown())).min(1, 'must hold at least one [[rule]]').max(500),
})
const Rule = RuleDefinition.extend({ name: RuleName })

/**
 * Rules of a file. `check` is asked about each; its Problem's `details.path` is turned into the line.
 * @throws Problem `notification.invalid` naming file, line, key and reason; then nothing of the file is taken
 */
export function parseRuleFile(source: string, file: string, check: (rule: NamedRule) => void): NamedRule[] {
  let data: unknown
  try {
    data = parse(source)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const what = error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, '')
    throw refused(file, error.line, what, '', error)
  }
  const outer = File.safeParse(data)
  if (!outer.success) throw issueOf(source, file, -1, outer.error.issues)
  const names = new Set<string>()
  return outer.data.rule.map((table, index) => {
    const result = Rule.safeParse(renamed(table, camel))
    if (!result.success) throw issueOf(source, file, index, result.error.issues)
    const rule = result.data
    if (names.has(rule.name))
      throw refused(file, lineOf(source, index, ['name']), `there are two rules named ${rule.name}`, 'name')
    names.add(rule.name)
    try {
      check(rule)
    } catch (error) {
      if (!isProblem(error)) throw error
      const path = Array.isArray(error.details['path']) ? (error.details['path'] as (string | number)[]) : []
      const inside = error.details['line']
      const line = lineOf(source, index, path) + (typeof inside === 'number' ? inside - 1 : 0)
      throw refused(file, line, `rule ${rule.name}: ${error.message}`, path.join('.'), error)
    }
    return rule
  })
}

/** The text that `parseRuleFile` reads back as these rules. */
export function ruleFileOf(rules: readonly NamedRule[]): string {
  const tables = rules.map(({ name, ...definition }) => renamed({ name, ...withoutNulls(definition) }, snake))
  return rules.length === 0 ? '' : `${stringify({ rule: tables })}\n`
}

function withoutNulls(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== null && each !== '')
      .map(([key, each]) => [key, isTable(each) ? withoutNulls(each) : each]),
  )
}

function renamed(table: Record<string, unknown>, rename: (key: string) => string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(table).map(([key, value]) => [
      rename(key),
      isTable(value) ? renamed(value, rename) : value,
    ]),
  )
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

/** An unknown key goes first: that another one is missing follows from it. */
function issueOf(source: string, file: string, rule: number, issues: readonly z.core.$ZodIssue[]): Problem {
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!
  const unknown = issue.code === 'unrecognized_keys'
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
  if (unknown) path.push(issue.keys[0]!)
  const key = path.map((part) => (typeof part === 'string' ? snake(part) : part)).join('.')
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined')
  const what = unknown ? 'is not a key that rules know' : missing ? 'is missing' : issue.message
  return refused(file, lineOf(source, rule, path), `${key || 'the file'} ${what}`, key)
}

function refused(file: string, line: number, what: string, key: string, cause?: unknown): Problem {
  return new Problem(
    'notification.invalid',
    `${file}:${line}: ${what.replace(/[.?]$/, (end) => (end === '?' ? '?' : ''))}.`.replace('?.', '?'),
    { file, line, key },
    cause,
  )
}

/** Line of a key within the n-th rule, counted from 1: the innermost key of the path that is written there. */
function lineOf(source: string, rule: number, path: readonly (string | number)[]): number {
  const lines = source.split('\n')
  let nth = -1
  const begin = Math.max(
    0,
    lines.findIndex((line) => /^\s*\[\[\s*rule\s*\]\]/.test(line) && ++nth === rule),
  )
  const next = lines.findIndex((line, i) => i > begin && /^\s*\[\[/.test(line))
  const end = rule < 0 || next < 0 ? lines.length : next
  // A key may hold anything.
  const keys = path
    .filter((part) => typeof part === 'string')
    .map((part) => snake(part).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  for (const key of keys.toReversed()) {
    const found = lines.findIndex(
      (line, i) =>
        i >= begin &&
        i < end &&
        new RegExp(`(^\\s*|[{,]\\s*)"?${key}"?\\s*=|^\\s*\\[rule\\.${key}\\]`).test(line),
    )
    if (found >= 0) return found + 1
  }
  return begin + 1
}
