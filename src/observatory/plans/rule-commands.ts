import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { Problem } from '#problem.ts'
import type { Command } from '#platform/terminal/command.ts'
import { dateFlag } from '#platform/terminal/flags.ts'
import { table } from '#platform/terminal/table.ts'
import { localOperator } from '#observatory/people/actor.ts'
import { alertSchema } from '#observatory/alerts/values.ts'
import type { PlanRuleInput } from './plan-rule.ts'
import { exampleRules, parseRuleFile } from './rule-file.ts'
import { planRule, planRules, putPlanRule, removePlanRule, replayPlanRules } from './rule-service.ts'

async function rulesIn(file: string | undefined): Promise<PlanRuleInput[]> {
  if (file === undefined) throw new Problem('command.usage', 'Name a file of plan rules (TOML).')
  if (!existsSync(file)) throw new Problem('plan.invalid', `There is no rule file ${file}.`, { file })
  return parseRuleFile(await readFile(file, 'utf8'), basename(file))
}

const listRules: Command = {
  words: ['plan-rules', 'list'],
  usage: '',
  summary: 'Rules by which plans are made',
  examples: ['urania plan-rules list'],
  async run({ out, document, platform: open }) {
    const items = await planRules(await open(), localOperator)
    document({ items, next: null }, () => {
      for (const line of table(
        ['name', 'enabled', 'groups', 'condition'],
        items.map((r) => [
          r.name,
          r.enabled ? 'yes' : 'no',
          r.groups.map((g) => g.plan.telescopes.map((t) => t.telescope).join('+')).join(' '),
          r.condition,
        ]),
      ))
        out(line)
    })
  },
}

const importRules: Command = {
  words: ['plan-rules', 'import'],
  usage: 'FILE',
  summary: 'Add or change the rules of a TOML file; one mistake and none is',
  examples: ['urania plan-rules import grandma-plans.toml'],
  options: { check: { type: 'boolean', doc: 'Only read it' } },
  async run({ args, flags, out, document, platform: open }) {
    const rules = await rulesIn(args[0])
    if (!flags['check']) {
      const platform = await open()
      for (const rule of rules) await putPlanRule(platform, localOperator, rule)
    }
    document({ rules: rules.map((r) => r.name), written: !flags['check'] }, () =>
      rules.forEach((r) => out(`${flags['check'] ? 'good' : 'written'}   ${r.name}`)),
    )
  },
}

const removeRule: Command = {
  words: ['plan-rules', 'remove'],
  usage: 'NAME',
  summary: 'Remove a rule; plans that it made stay',
  examples: ['urania plan-rules remove go'],
  async run({ args, out, document, platform: open }) {
    const [name] = args
    if (name === undefined) throw new Problem('command.usage', 'Name a rule; see "urania plan-rules list".')
    await removePlanRule(await open(), localOperator, name)
    document({ removed: name }, () => out(`removed   ${name}`))
  },
}

const replay: Command = {
  words: ['plan-rules', 'replay'],
  usage: '[NAME|FILE]',
  summary: 'What rules would have planned of stored events; nothing is written',
  examples: ['urania plan-rules replay', 'urania plan-rules replay plans.toml --since 2026-01-01'],
  options: { since: { type: 'string', doc: 'Notices received since this UTC date or time' } },
  async run({ args, flags, out, document, platform: open }) {
    const [name] = args
    const platform = await open()
    const rules =
      name === undefined
        ? await planRules(platform, localOperator)
        : existsSync(name) || name.endsWith('.toml')
          ? await rulesIn(name)
          : [await planRule(platform, localOperator, name)]
    const report = await replayPlanRules(platform, localOperator, rules, dateFlag(flags, 'since'))
    document(report, () => {
      out(`${report.matched} of ${report.events} events, ${report.perWeek.toFixed(1)} a week`)
      for (const line of table(
        ['event', 'notice', 'at (UTC)', 'rule', 'group', 'telescopes'],
        report.plans.map((p) => [
          p.eventName,
          p.noticeType,
          p.at.slice(0, 16).replace('T', ' '),
          p.rule,
          p.group,
          p.telescopes.join(','),
        ]),
      ))
        out(line)
    })
  },
}

const example: Command = {
  words: ['plan-rules', 'example'],
  usage: '',
  summary: 'A rule file to begin with',
  examples: ['urania plan-rules example > plans.toml'],
  async run({ out, document }) {
    document({ toml: exampleRules }, () => out(exampleRules.trimEnd()))
  },
}

const columns: Command = {
  words: ['plan-rules', 'columns'],
  usage: '',
  summary: 'What the condition of a rule may ask of an event',
  examples: ['urania plan-rules columns'],
  async run({ out, document }) {
    document({ items: alertSchema.columns }, () => {
      for (const line of table(
        ['name', 'type', 'unit', ''],
        alertSchema.columns.map((c) => [c.name, c.type, c.unit ?? '', c.description ?? '']),
      ))
        out(line)
    })
  },
}

/** Commands on plan rules. */
export const planRuleCommands: Command[] = [listRules, importRules, removeRule, replay, example, columns]
