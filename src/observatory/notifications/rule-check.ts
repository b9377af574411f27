import { isProblem, Problem } from '#problem.ts'
import type { BulletinSource } from '#platform/bulletin.ts'
import { readCondition, rowTest } from '#science/adql/condition.ts'
import { closest, type Schema, type SchemaColumn } from '#science/adql/schema.ts'
import type { Kinds } from './kinds.ts'
import { parseDigest } from './quiet.ts'
import { meansKind, type NamedRule } from './rule.ts'
import { checkTemplate } from './template.ts'

/** What a rule may name, as it is now. */
export interface RuleWorld {
  sources: readonly BulletinSource[]
  kinds: Kinds
  /** Key of the kind by name of channel. */
  channels: ReadonlyMap<string, string>
  /** Group by id and by name in small letters. */
  groups: ReadonlyMap<string, { id: string; name: string }>
  /** Person by id and by mail address in small letters. */
  people: ReadonlyMap<string, { id: string; name: string }>
}

/** Columns that every bulletin has. */
const common: readonly SchemaColumn[] = [
  { name: 'kind', type: 'string', description: 'Kind of the bulletin, as alerts.notice' },
  { name: 'role', type: 'string', description: 'start, news or end of its thread' },
  { name: 'thread', type: 'string', description: 'Name of what it is about' },
  { name: 'rehearsal', type: 'boolean', description: 'A test or mock' },
]

/** What conditions and headlines about a source's bulletins may name. */
export function schemaOf(source: Pick<BulletinSource, 'schema'>): Schema {
  const own = source.schema.columns
  const taken = new Set(own.map((column) => column.name.toLowerCase()))
  return { ...source.schema, columns: [...own, ...common.filter((column) => !taken.has(column.name))] }
}

/** The values of a bulletin as rows of `schemaOf` its source. */
export function valuesOf(bulletin: {
  kind: string
  role: string
  rehearsal: boolean
  thread: { name: string }
  values: Readonly<Record<string, number | string | boolean | Date | null>>
}): Record<string, number | string | boolean | Date | null> {
  const { kind, role, rehearsal, thread, values } = bulletin
  return { kind, role, rehearsal, thread: thread.name, ...values }
}

/** A mistake with the place in the rule where it is, so that a file can name the line. */
export function mistake(path: readonly (string | number)[], sentence: string, cause?: unknown): Problem {
  const place = isProblem(cause) ? cause.details : {}
  return new Problem(
    'notification.invalid',
    `${path.join('.')}: ${sentence}`,
    {
      path,
      ...('line' in place ? { line: place['line'] } : {}),
      ...('column' in place ? { column: place['column'] } : {}),
    },
    cause,
  )
}

/** Sources whose bulletins a rule may mean. */
function sourcesOf(rule: Pick<NamedRule, 'kinds'>, sources: readonly BulletinSource[]): BulletinSource[] {
  return sources.filter((source) =>
    Object.keys(source.kinds).some((kind) => rule.kinds.some((pattern) => meansKind(pattern, kind))),
  )
}

/** @throws Problem `notification.invalid` naming the key, the place in its text and the remedy. */
export function checkRule(rule: NamedRule, world: RuleWorld): void {
  const known = world.sources.flatMap((source) => Object.keys(source.kinds))
  for (const [index, pattern] of rule.kinds.entries()) {
    if (pattern === '*' || known.some((kind) => meansKind(pattern, kind))) continue
    const near = closest(pattern, known)
    throw mistake(
      ['kinds', index],
      `nothing makes bulletins of kind ${pattern}; ${near ? `did you mean ${near}?` : `there are ${known.join(', ') || 'none'}.`}`,
    )
  }
  for (const source of sourcesOf(rule, world.sources)) {
    const schema = schemaOf(source)
    const about = Object.keys(source.kinds)
      .map((kind) => kind.split('.')[0])
      .find(Boolean)
    if (rule.when.trim() !== '') {
      try {
        readCondition(rule.when, schema)
      } catch (error) {
        if (!isProblem(error)) throw error
        throw mistake(
          ['when'],
          `${error.message.replace(/\.$/, '')} (in bulletins about ${about}, which \`kinds\` means).`,
          error,
        )
      }
    }
    if (rule.headline !== null) {
      try {
        checkTemplate(
          rule.headline,
          schema.columns.map((column) => column.name),
        )
      } catch (error) {
        if (!isProblem(error)) throw error
        throw mistake(['headline'], error.message, error)
      }
    }
  }
  if (rule.digest !== null) {
    try {
      parseDigest(rule.digest)
    } catch (error) {
      if (!isProblem(error)) throw error
      throw mistake(['digest'], error.message, error)
    }
    if (rule.remind ?? rule.escalate)
      throw mistake(
        ['digest'],
        'a digest can’t be acknowledged; leave out `remind` and `escalate`, or the digest.',
      )
  }
  checkRoute(rule.to, rule.through, [], world)
  if (rule.escalate) checkRoute(rule.escalate.to, rule.escalate.through ?? rule.through, ['escalate'], world)
}

/** Recipients exist, channels exist, and each channel reaches somebody of them. */
function checkRoute(
  to: readonly string[],
  through: readonly string[],
  prefix: readonly string[],
  world: RuleWorld,
): void {
  for (const [index, recipient] of to.entries()) {
    const [what, name] = splitRecipient(recipient)
    const path = [...prefix, 'to', index]
    if (what === 'group' && !world.groups.has(name.toLowerCase()) && !world.groups.has(name)) {
      const names = [...new Set([...world.groups.values()].map((group) => group.name))]
      const near = closest(name, names)
      throw mistake(
        path,
        `there is no group ${JSON.stringify(name)}; ${near ? `did you mean ${JSON.stringify(near)}?` : 'make it under People.'}`,
      )
    }
    if (what === 'person' && !world.people.has(name.toLowerCase()) && !world.people.has(name))
      throw mistake(path, `nobody here has the id or mail address ${JSON.stringify(name)}.`)
  }
  const single = to.some((recipient) => recipient !== 'channel')
  for (const [index, name] of through.entries()) {
    const path = [...prefix, 'through', index]
    const key = world.channels.get(name)
    if (key === undefined) {
      const near = closest(name, [...world.channels.keys()])
      throw mistake(
        path,
        `there is no channel ${JSON.stringify(name)}; ${near ? `did you mean ${JSON.stringify(near)}?` : `there are ${[...world.channels.keys()].join(', ') || 'none'}.`}`,
      )
    }
    const kind = world.kinds.get(key)
    if (!kind) throw mistake(path, `this version has no channels of kind ${key}.`)
    if (to.includes('channel') || (single && kind.addresses !== undefined)) continue
    throw mistake(
      path,
      `${name} has one fixed audience and reaches no single people; add "channel" to \`to\`.`,
    )
  }
}

/** `group:Night shift` → `['group', 'Night shift']`. */
export function splitRecipient(recipient: string): [string, string] {
  const colon = recipient.indexOf(':')
  return colon < 0 ? [recipient, ''] : [recipient.slice(0, colon), recipient.slice(colon + 1)]
}

/** A rule ready to be asked. */
export interface ReadyRule {
  rule: NamedRule
  /** Why it can't be followed; it then holds for nothing. */
  problem: string | null
  holds(bulletin: Parameters<typeof valuesOf>[0]): boolean
}

/** Reads the conditions of a rule once. What does not fit the world of now makes a rule that says why. */
export function readyRule(rule: NamedRule, world: RuleWorld): ReadyRule {
  try {
    checkRule(rule, world)
  } catch (error) {
    if (!isProblem(error)) throw error
    return { rule, problem: error.message, holds: () => false }
  }
  const tests = new Map<string, ReturnType<typeof rowTest>>()
  if (rule.when.trim() !== '') {
    for (const source of sourcesOf(rule, world.sources)) {
      const test = rowTest(readCondition(rule.when, schemaOf(source)))
      for (const kind of Object.keys(source.kinds)) tests.set(kind, test)
    }
  }
  return {
    rule,
    problem: null,
    holds(bulletin) {
      if (!rule.enabled) return false
      if (bulletin.rehearsal && !rule.rehearsals) return false
      if (!rule.kinds.some((pattern) => meansKind(pattern, bulletin.kind))) return false
      if (rule.when.trim() === '') return true
      return tests.get(bulletin.kind)?.(valuesOf(bulletin)) === true
    },
  }
}
