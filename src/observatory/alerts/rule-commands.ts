import { existsSync } from 'node:fs'
import { Problem } from '#problem.ts'
import type { Command } from '#platform/terminal/command.ts'
import { dateFlag } from '#platform/terminal/flags.ts'
import { table } from '#platform/terminal/table.ts'
import { localOperator } from '#observatory/people/actor.ts'
import { describeRules, type Rules } from './rule-file.ts'
import { replayRules } from './rule-service.ts'
import { readRules, shippedRuleNames, shippedRules } from './rules.ts'

/** Rules by the name of a shipped set or by a file. */
function rulesOf(name: string | undefined): Rules {
  if (name === undefined)
    throw new Problem('command.usage', `Name a rule set (${shippedRuleNames.join(', ')}) or a rule file.`)
  if (!existsSync(name) && /[/\\]|\.toml$/i.test(name))
    throw new Problem('rules.unknown', `There is no rule file ${name}.`, { file: name })
  return existsSync(name) ? readRules(name) : shippedRules(name)
}

export const ruleList: Command = {
  words: ['rules', 'list'],
  usage: '',
  summary: 'Rule sets that come with the program',
  examples: ['urania rules list'],
  async run({ out, document }) {
    const sets = shippedRuleNames.map((name, i) => describeRules(shippedRules(name), i === 0))
    document({ items: sets, next: null }, () => {
      for (const line of table(
        ['name', 'version', 'rules', ''],
        sets.map((s) => [s.name, s.version, s.rules.length, s.title]),
      ))
        out(line)
    })
  },
}

export const ruleShow: Command = {
  words: ['rules', 'show'],
  usage: 'RULES',
  summary: 'A rule set: parameters with units, rules in order',
  examples: ['urania rules show grandma', 'urania rules show my-rules.toml --json'],
  async run({ args, out, document }) {
    const set = describeRules(rulesOf(args[0]), false)
    document(set, () => {
      out(`${set.name} ${set.version}: ${set.title}`)
      out(set.doc.trim())
      out()
      for (const line of table(
        ['parameter', 'value', 'unit', ''],
        set.parameters.map((p) => [p.name, p.value, p.unit, p.doc]),
      ))
        out(line)
      out()
      for (const line of table(
        ['score', 'decision', 'rule', 'when'],
        set.rules.map((r) => [r.score, r.decision, r.name, r.when.join(' and ') || 'always']),
      ))
        out(line)
    })
  },
}

export const ruleReplay: Command = {
  words: ['rules', 'replay'],
  usage: 'RULES',
  summary: 'What a rule set would have made of stored events, before it goes live; nothing is written',
  examples: [
    'urania rules replay my-rules.toml --since 2026-01-01',
    'urania rules replay grandma --set area=100 --json',
  ],
  options: {
    since: { type: 'string', doc: 'Events heard of since this UTC date or time' },
    set: { type: 'string', multiple: true, doc: 'A parameter: area=100' },
    test: { type: 'boolean', doc: 'Also over tests and mocks' },
  },
  async run({ args, flags, out, document, platform: open }) {
    const rules = rulesOf(args[0])
    const set = Array.isArray(flags['set']) ? flags['set'] : []
    const parameters = Object.fromEntries(
      set.map((text) => [text.split('=')[0]!, Number(text.split('=')[1])]),
    )
    const report = await replayRules(await open(), localOperator, rules, {
      since: dateFlag(flags, 'since'),
      parameters,
      test: flags['test'] === true,
    })
    document(report, () => {
      out(
        `${report.rules} ${report.version}: ${report.events} events, ${report.notices} notices${report.since ? ` since ${report.since}` : ''}`,
      )
      const decisions = Object.entries(report.byDecision)
      for (const line of table(
        ['decision', 'events', 'per week'],
        decisions.map(([name, count]) => [name, count, report.perWeek[name]]),
      ))
        out(line)
      if (report.differences.length > 0) out()
      for (const d of report.differences.slice(0, 50)) {
        const before = d.before ? `${d.before.decision} ${d.before.score}` : 'nothing'
        out(`${d.eventName}: ${before} → ${d.after.decision} ${d.after.score}  ${d.reason}`)
      }
    })
  },
}
