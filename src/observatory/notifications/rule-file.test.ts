import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { BulletinSource } from '#platform/bulletin.ts'
import { isProblem } from '#problem.ts'
import type { ChannelKind } from './channel.ts'
import { kindsOf } from './kinds.ts'
import { checkRule, readyRule, type RuleWorld } from './rule-check.ts'
import { parseRuleFile, ruleFileOf } from './rule-file.ts'
import { checkTemplate, fillTemplate } from './template.ts'

const source: BulletinSource = {
  events: ['sky.seen'],
  kinds: { 'sky.notice': 'A notice', 'sky.gone': 'Taken back' },
  schema: {
    columns: [
      { name: 'area90', type: 'number', unit: 'deg2' },
      { name: 'class', type: 'string' },
      { name: 'at', type: 'timestamp' },
    ],
  },
  compose: async () => [],
  past: async function* () {},
}
const webhook = { key: 'webhook', reaches: 'people' } as unknown as ChannelKind
const world: RuleWorld = {
  sources: [source],
  kinds: kindsOf([webhook]),
  channels: new Map([
    ['inbox', 'inbox'],
    ['hook', 'webhook'],
  ]),
  groups: new Map([['night shift', { id: 'g1', name: 'Night shift' }]]),
  people: new Map([['ada@example.org', { id: 'p1', name: 'Ada' }]]),
}
const read = (text: string) => parseRuleFile(text, 'rules.toml', (rule) => checkRule(rule, world))
const sentence = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (isProblem(error, 'notification.invalid')) return error.message
    throw error
  }
  return 'taken'
}

const good = `
[[rule]]
name = "small-areas"
kinds = ["sky.*"]
when = "area90 < 100 AND class = 'BNS'"
to = ["group:Night shift", "person:ADA@example.org", "shift"]
through = ["inbox"]
headline = "{thread}: {area90} deg2"
urgent = true
remind = { every_minutes = 10, at_most = 3 }

[rule.escalate]
after_minutes = 15
to = ["channel"]
through = ["hook"]
`

it('a file is read, and written so that it reads the same', () => {
  const rules = read(good)
  expect(rules[0]).toMatchObject({
    name: 'small-areas',
    remind: { everyMinutes: 10, atMost: 3 },
    escalate: { afterMinutes: 15, through: ['hook'] },
    rehearsals: false,
  })
  expect(read(ruleFileOf(rules))).toEqual(rules)
})

describe('what is wrong is refused with line and reason', () => {
  it.each<[string, string, string, RegExp]>([
    ['a bracket that does not close', 'kinds = ["sky.*"]', 'kinds = ["sky.*"', /^rules\.toml:[45]: /],
    [
      'a key that is none',
      'urgent = true',
      'urgnt = true',
      /^rules\.toml:9: urgnt is not a key that rules know\.$/,
    ],
    ['a value of another type', 'urgent = true', 'urgent = "yes"', /^rules\.toml:9: urgent /],
    [
      'an unknown kind',
      'sky.*',
      'sky.notise',
      /^rules\.toml:4: .*nothing makes bulletins of kind sky\.notise; did you mean sky\.notice\?$/,
    ],
    [
      'an unknown column',
      'area90 < 100',
      'aera90 < 100',
      /^rules\.toml:5: .*Column 1: there is no column "aera90"; did you mean "area90"/,
    ],
    ['bad syntax', 'area90 < 100', 'area90 <', /^rules\.toml:5: .*[Cc]olumn \d+/],
    [
      'an unknown group',
      'Night shift',
      'Nite shift',
      /^rules\.toml:6: .*no group "Nite shift"; did you mean "Night shift"\?$/,
    ],
    [
      'an unknown person',
      'ADA@',
      'EVE@',
      /^rules\.toml:6: .*nobody here has the id or mail address "EVE@example\.org"\.$/,
    ],
    [
      'an unknown channel',
      '"inbox"',
      '"inbocks"',
      /^rules\.toml:7: .*no channel "inbocks"; did you mean "inbox"\?$/,
    ],
    [
      'people by a channel that has none',
      '"inbox"',
      '"hook"',
      /^rules\.toml:7: .*hook has one fixed audience/,
    ],
    [
      'an unknown name in the headline',
      '{area90}',
      '{area95}',
      /^rules\.toml:8: .*[Ll]ine 1, column 11 of the headline: there is no value \{area95\}; did you mean \{area90\}\?$/,
    ],
    [
      'a brace that does not close',
      '{area90}',
      '{area90',
      /^rules\.toml:8: .*column 11 of the headline: after "\{"/,
    ],
    [
      'a time that is none',
      'every_minutes = 10',
      'every_minutes = 0',
      /^rules\.toml:10: remind\.every_minutes /,
    ],
    ['a key inside a table', 'after_minutes = 15', 'after = 15', /^rules\.toml:13: escalate\.after/],
  ])('%s', (_, from, to, expected) => {
    expect(sentence(() => read(good.replace(from, to)))).toMatch(expected)
  })

  it('two rules of one name, no rule, a digest with reminders', () => {
    expect(sentence(() => read(good + good))).toMatch(
      /^rules\.toml:18: there are two rules named small-areas/,
    )
    expect(sentence(() => read(''))).toMatch(/^rules\.toml:1: rule /)
    expect(sentence(() => read(good.replace('urgent = true', 'digest = "hourly"')))).toMatch(
      /^rules\.toml:9: .*can’t be acknowledged/,
    )
    expect(sentence(() => read(good.replace('urgent = true', 'digest = "now and then"')))).toMatch(
      /^rules\.toml:9: .*write "hourly"/,
    )
  })
})

it('the example of the guide is read', () => {
  const guide = readFileSync(resolve(import.meta.dirname, '../../../docs/guide/notifications.md'), 'utf8')
  const example = /```toml\n([\s\S]*?)```/.exec(guide)![1]!
  const alerts: BulletinSource = {
    ...source,
    kinds: { 'alerts.notice': '' },
    schema: {
      columns: [
        { name: 'name', type: 'string' },
        { name: 'decision', type: 'string' },
        { name: 'area_90', type: 'number', unit: 'deg2' },
        { name: 'distance', type: 'number', unit: 'Mpc' },
      ],
    },
  }
  const plans = { ...source, kinds: { 'plans.finished': '' } }
  const people = { ...webhook, key: 'mail', addresses: 'mail' as const }
  const there: RuleWorld = {
    sources: [alerts, plans],
    kinds: kindsOf([webhook, people]),
    channels: new Map([
      ['slack', 'webhook'],
      ['cloud', 'webhook'],
      ['mail', 'mail'],
      ['inbox', 'inbox'],
    ]),
    groups: new Map([['principal investigators', { id: 'g', name: 'Principal investigators' }]]),
    people: new Map([['pi@example.org', { id: 'p', name: 'P. I.' }]]),
  }
  const rules = parseRuleFile(example, 'rules.toml', (rule) => checkRule(rule, there))
  expect(rules.map(({ name }) => name)).toEqual(['good-ones-to-slack', 'wake-the-watch'])
})

it('a rule holds for its kinds, its condition and never for a rehearsal unless it says so', () => {
  const bulletin = {
    kind: 'sky.notice',
    role: 'news',
    rehearsal: false,
    thread: { name: 'S1' },
    values: { area90: 50, class: 'BNS', at: new Date() },
  }
  const [rule] = read(good)
  const ready = readyRule(rule!, world)
  expect(ready.holds(bulletin)).toBe(true)
  expect(ready.holds({ ...bulletin, values: { ...bulletin.values, area90: 500 } })).toBe(false)
  expect(ready.holds({ ...bulletin, values: { ...bulletin.values, area90: null } })).toBe(false)
  expect(ready.holds({ ...bulletin, rehearsal: true })).toBe(false)
  expect(readyRule({ ...rule!, rehearsals: true }, world).holds({ ...bulletin, rehearsal: true })).toBe(true)
  expect(readyRule({ ...rule!, enabled: false }, world).holds(bulletin)).toBe(false)
  const gone = readyRule(rule!, { ...world, channels: new Map() })
  expect(gone.problem).toMatch(/there is no channel "inbox"/)
  expect(gone.holds(bulletin)).toBe(false)
  expect(readyRule({ ...rule!, when: "thread = 'S1'" }, world).holds(bulletin)).toBe(true)
})

it('a key that holds anything is named with its line, and so is one that is missing', () => {
  expect(sentence(() => read('[[rule]]\nname = "a"\n"((" = 1\n'))).toMatch(
    /^rules\.toml:\d: \(\( is not a key/,
  )
  expect(sentence(() => read('[[rule]]\nname = "a"\nthrough = ["hook"]\n'))).toMatch(
    /^rules\.toml:1: to is missing/,
  )
})

it('headlines: numbers to four digits, times to the second, unknown where there is no value', () => {
  const values = { a: 1234.567, b: 0.000123456, c: null, d: new Date('2026-11-21T10:00:00.500Z'), e: true }
  expect(fillTemplate('{a} {b} {c} {d} {e} {{x}}', values)).toBe(
    '1235 0.0001235 unknown 2026-11-21T10:00:00Z yes {x}',
  )
  expect(() => checkTemplate('a\n b } c', [])).toThrow(/Line 2, column 4 of the headline/)
})
