import { expect, it } from 'vitest'
import { exampleRules, parseRuleFile } from './rule-file.ts'

it('the example is good, and keeps exercises away', () => {
  const [rule] = parseRuleFile(exampleRules, 'plans.toml')
  expect(rule).toMatchObject({ name: 'go', enabled: true, onUpdate: 'propose' })
  expect(rule!.condition).toContain("role = 'observation'")
  expect(rule!.groups[0]!.plan.telescopes.map((t) => t.maxFields)).toEqual([10, 10])
})

const broken = (from: string, to: string): string => exampleRules.replace(from, to)

it.each([
  ['a wrong value', broken('hours = 24', 'hours = -3'), /^plans\.toml:12: rule\.0\.group\.0\.hours: /],
  [
    'an unknown key',
    broken('strategy = "auto"', 'stratgy = "auto"'),
    /^plans\.toml:\d+: rule\.0\.group\.0: .*stratgy/,
  ],
  [
    'a wrong key of a telescope',
    broken('maxFields = 10', 'maxFields = "ten"'),
    /^plans\.toml:17: rule\.0\.group\.0\.telescope\.0\.maxFields/,
  ],
  ['an unknown column', broken('decision =', 'desision ='), /^plans\.toml:5: rule\.0\.condition: .*decision/],
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
