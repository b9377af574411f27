import { expect, it } from 'vitest'
import { exampleRules, parseRuleFile } from './rule-file.ts'

it('the example is good, and keeps exercises away', () => {
  const [rule] = parseRuleFile(exampleRules, 'plans.toml')
  expect(rule).toMatchObject({ name: 'go', enabled: true, onUpdate: 'propose' })
  expect(rule!.condition).toContain("role = 'observation'")
  expect(rule!.groups[0]!.plan.telescopes.map((t) => t.maxFields)).toEqual([10, 10])
})

it('reads steps of filters', () => {
  const source = exampleRules.replace(
    'max_fields = 10',
    'max_fields = 10\nvisits = 2\nstep = [{ filter = "r", exposure_s = 60 }]',
  )
  const [rule] = parseRuleFile(source, 'plans.toml')
  expect(rule!.groups[0]!.plan.telescopes[0]).toMatchObject({
    visits: 2,
    steps: [{ filter: 'r', exposureS: 60, count: 1 }],
  })
  const wrong = source.replace('exposure_s = 60', 'exposure_s = 0')
  expect(() => parseRuleFile(wrong, 'plans.toml')).toThrow(
    /^plans\.toml:19: .*telescope\.0\.step\.0\.exposure_s/,
  )
})

const broken = (from: string, to: string): string => exampleRules.replace(from, to)

it.each([
  ['a wrong value', broken('hours = 24', 'hours = -3'), /^plans\.toml:12: rule\.0\.group\.0\.hours: /],
  [
    'an unknown key',
    broken('strategy = "auto"', 'stratgy = "auto"'),
    /^plans\.toml:11: rule\.0\.group\.0\.stratgy: is no key/,
  ],
  [
    'a wrong key of a telescope',
    broken('max_fields = 10', 'max_fields = "ten"'),
    /^plans\.toml:17: rule\.0\.group\.0\.telescope\.0\.max_fields/,
  ],
  ['an unknown column', broken('decision =', 'desision ='), /^plans\.toml:5: rule\.0\.when: .*decision/],
  [
    'no telescopes',
    exampleRules.split('[[rule.group.telescope]]')[0]!,
    /^plans\.toml:9: rule\.0\.group\.0\.telescope: /,
  ],
  ['no TOML', broken('hours = 24', 'hours = = 24'), /^plans\.toml:12: /],
  ['a name twice', exampleRules + exampleRules, /named twice/],
  ['no rule', 'title = "x"', /^plans\.toml:1: /],
])('%s is refused with file and line', (_what, source, message) => {
  expect(() => parseRuleFile(source, 'plans.toml')).toThrow(message)
})
