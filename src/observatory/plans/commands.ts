import { writeFile } from 'node:fs/promises'
import { Problem } from '#problem.ts'
import type { Command, Invocation } from '#platform/terminal/command.ts'
import { numberFlag, textFlag } from '#platform/terminal/flags.ts'
import { table } from '#platform/terminal/table.ts'
import { localOperator } from '#observatory/people/actor.ts'
import { findEvent } from '#observatory/alerts/service.ts'
import { planChart, planCharts, type PlanChart } from './charts.ts'
import { comparePlans } from './comparison.ts'
import { exportFormats, exportPlan, exportTypes, type ExportFormat } from './exports.ts'
import { plan, show } from './plan-command.ts'
import { PlanState, planStates, type PlanSummary } from './plan.ts'
import { listPlans } from './plan-store.ts'
import { planRuleCommands } from './rule-commands.ts'
import { closePlan, readDocument, readPlan } from './service.ts'
import { planSummary } from './view.ts'

function idOf({ args }: Invocation, at = 0): string {
  const id = args[at]
  if (id !== undefined) return id
  throw new Problem('command.usage', 'Name a plan by its id; see "urania plans list".')
}

const list: Command = {
  words: ['plans', 'list'],
  usage: '',
  summary: 'Plans, newest first',
  examples: ['urania plans list', 'urania plans list --event S241102br --state ready --json'],
  options: {
    event: { type: 'string', doc: 'Of this event, by id or name' },
    state: { type: 'string', doc: planStates.join(', ') },
    test: { type: 'boolean', doc: 'With those for tests and mocks' },
    limit: { type: 'string', doc: 'At most so many (default 50)' },
  },
  async run({ flags, out, document, platform: open }) {
    const platform = await open()
    const event = textFlag(flags, 'event')
    const state = flags['state'] === undefined ? undefined : PlanState.safeParse(flags['state'])
    if (state?.success === false)
      throw new Problem(
        'command.usage',
        `There is no state ${String(flags['state'])}; states are ${planStates.join(', ')}.`,
      )
    const rows = await listPlans(platform.db, {
      eventId: event === undefined ? undefined : await findEvent(platform, event),
      states: state && [state.data],
      test: flags['test'] || event !== undefined ? 'all' : 'false',
      limit: numberFlag(flags, 'limit') ?? 50,
    })
    const items = rows.map(planSummary)
    document({ items, next: null }, () => {
      for (const line of table(
        [
          'id',
          'event',
          'v',
          'state',
          'telescopes',
          'start (UTC)',
          'fields',
          'covered',
          'bound',
          'asked for by',
        ],
        items.map(rowOf),
      ))
        out(line)
    })
  },
}

function rowOf(p: PlanSummary): (string | number | null)[] {
  const percent = (value: number | null): string => (value === null ? '' : `${(100 * value).toFixed(1)} %`)
  const { id, version, state, telescopes, fields, requestedBy } = p
  return [
    id,
    p.eventName ?? p.title,
    version,
    p.proposed ? `${state} (proposed)` : state,
    telescopes.join(','),
    p.start.slice(0, 16).replace('T', ' '),
    fields,
    p.aim === 'galaxies' ? `${percent(p.probability)} of galaxies' weight` : percent(p.probability),
    percent(p.bound),
    requestedBy,
  ]
}

const showCommand: Command = {
  words: ['plans', 'show'],
  usage: 'PLAN',
  summary: 'One plan: exposures, what it covers, what could not be had and why',
  examples: ['urania plans show 0d3f… --json'],
  async run(invocation) {
    const { out, document, platform: open } = invocation
    const platform = await open()
    const detail = await readPlan(platform, localOperator, idOf(invocation))
    const { result } = detail
    const exposures = result
      ? (await readDocument(platform, localOperator, detail.id)).document.exposures
      : []
    document({ plan: detail, exposures }, () => {
      if (result) show(invocation, detail.title, result, exposures)
      else out(`${detail.title}: ${detail.state}${detail.problem ? `, ${detail.problem.message}` : ''}`)
      if (detail.closedBecause) out(`closed    ${detail.closedBecause}`)
      for (const v of detail.versions) out(`version   ${v.version}  ${v.state}  ${v.id}`)
    })
  },
}

const exportCommand: Command = {
  words: ['plans', 'export'],
  usage: 'PLAN FORMAT',
  summary: `A plan as a file: ${exportFormats.join(', ')}; or a chart: ${planCharts.join(', ')}`,
  examples: [
    'urania plans export 0d3f… ecsv --to plan.ecsv',
    'urania plans export 0d3f… voevent --telescope tch',
    'urania plans export 0d3f… sky --to sky.png',
  ],
  options: {
    telescope: { type: 'string', doc: 'For tiles and voevent: of which telescope' },
    to: {
      type: 'string',
      doc: 'Write to this file instead of standard output; charts are PNG unless it ends in .svg',
    },
  },
  async run(invocation) {
    const { args, flags, out, note, platform: open } = invocation
    const id = idOf(invocation)
    const wanted = args[1]
    const format = exportFormats.find((f) => f === wanted) as ExportFormat | undefined
    const chart = planCharts.find((c) => c === wanted) as PlanChart | undefined
    if (!format && !chart)
      throw new Problem('command.usage', `Name a format: ${[...exportFormats, ...planCharts].join(', ')}.`)
    const platform = await open()
    const to = textFlag(flags, 'to')
    const telescope = textFlag(flags, 'telescope')
    const bytes = chart
      ? await planChart(platform, localOperator, id, {
          chart,
          format: to?.endsWith('.svg') ? 'svg' : 'png',
          theme: 'light',
          width: 1_200,
          view: 'both',
          ...(telescope === undefined ? {} : { telescope }),
        })
      : (await exportPlan(platform, localOperator, id, format!, telescope)).bytes
    if (to !== undefined) {
      await writeFile(to, bytes)
      note(`written   ${to}`)
    } else if (chart || exportTypes[format!].mediaType === 'application/fits') process.stdout.write(bytes)
    else out(new TextDecoder().decode(bytes).trimEnd())
  },
}

const close: Command = {
  words: ['plans', 'close'],
  usage: 'PLAN',
  summary: 'Put a plan away for good; one that is being made is cancelled',
  examples: ['urania plans close 0d3f… --because "clouded out"'],
  options: { because: { type: 'string', doc: 'Why' } },
  async run(invocation) {
    const { flags, out, document, platform: open } = invocation
    const platform = await open()
    const row = await closePlan(platform, localOperator, idOf(invocation), textFlag(flags, 'because'))
    document(planSummary(row), () => out(`${row.title}: ${row.state}`))
  },
}

const compare: Command = {
  words: ['plans', 'compare'],
  usage: 'PLAN PLAN',
  summary: 'What the second plan changes against the first',
  examples: ['urania plans compare 0d3f… 77ab…'],
  async run(invocation) {
    const { out, document, platform: open } = invocation
    const comparison = await comparePlans(await open(), localOperator, idOf(invocation), idOf(invocation, 1))
    document(comparison, () => {
      for (const line of comparison.text) out(line)
      const { a, b, shared, together } = comparison.probability
      const percent = (p: number): string => `${(100 * p).toFixed(2)} %`
      out(
        `of the map's probability: first ${percent(a)}, second ${percent(b)}, both ${percent(shared)}, together ${percent(together)}`,
      )
    })
  },
}

/** All commands of the room. */
export const planCommands: Command[] = [
  plan,
  list,
  showCommand,
  exportCommand,
  close,
  compare,
  ...planRuleCommands,
]
