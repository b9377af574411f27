import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Problem } from '#problem.ts'
import type { Command, Invocation } from '#platform/terminal/command.ts'
import { dateFlag, numberFlag, textFlag } from '#platform/terminal/flags.ts'
import { table } from '#platform/terminal/table.ts'
import { localOperator } from '#observatory/people/actor.ts'
import type { PlannedExposure, PlanResult } from './plan.ts'
import { PlanRequest } from './plan.ts'
import { coveredText, ofWhat } from './figures.ts'
import { lostText } from './lost.ts'
import { planFile } from './plan-file.ts'
import { cancelPlan, readDocument, readPlan, requestPlan } from './service.ts'
import { readPointings } from './treasure-map.ts'

/** `urania plan`: for an event of the observatory, or for a map in a file without any database. */

type Flags = Invocation['flags']

const words = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')

/** The request that the flags state, the event left out. */
async function requestOfFlags({ flags }: Pick<Invocation, 'flags'>): Promise<PlanRequest> {
  const telescopes = words(textFlag(flags, 'telescopes'))
  if (telescopes.length === 0)
    throw new Problem('command.usage', 'Name telescopes: --telescopes TCH,TRE; see "urania telescopes list".')
  const filters = words(textFlag(flags, 'filters'))
  const exposure = numberFlag(flags, 'exposure')
  if (filters.length > 0 && exposure === undefined)
    throw new Problem('command.usage', 'With --filters say how long: --exposure 60 (seconds).')
  if (filters.length === 0 && exposure !== undefined)
    throw new Problem('command.usage', 'With --exposure say in which filters: --filters g,r.')
  const steps = filters.map((filter) => ({
    filter,
    exposureS: exposure,
    count: numberFlag(flags, 'count') ?? 1,
  }))
  const each = {
    ...(steps.length > 0 ? { steps } : {}),
    ...given('maxFields', numberFlag(flags, 'fields')),
    ...given('visits', numberFlag(flags, 'visits')),
    ...given('cadenceMinutes', numberFlag(flags, 'cadence')),
    ...given('tiling', textFlag(flags, 'tiling')),
  }
  const start = dateFlag(flags, 'start')
  const read = PlanRequest.safeParse({
    telescopes: telescopes.map((telescope) => ({ telescope, ...each })),
    ...given('start', start?.toISOString()),
    ...given('hours', numberFlag(flags, 'hours')),
    ...given('strategy', textFlag(flags, 'strategy')),
    ...given('catalogue', textFlag(flags, 'catalogue')),
    ...given('level', numberFlag(flags, 'level')),
    ...given('seconds', numberFlag(flags, 'seconds')),
    ...given('title', textFlag(flags, 'title')),
    without: words(textFlag(flags, 'without')),
    observed: await observedOf(flags),
    method: flags['greedy'] === true ? 'greedy' : 'exact',
    visibility: flags['no-visibility'] !== true,
  })
  if (!read.success) {
    const [issue] = read.error.issues
    throw new Problem('command.usage', `${issue!.path.map(String).join('.')}: ${issue!.message}.`)
  }
  return read.data
}

function given(key: string, value: unknown): Record<string, unknown> {
  return value === undefined ? {} : { [key]: value }
}

async function observedOf(flags: Flags): Promise<PlanRequest['observed']> {
  const file = textFlag(flags, 'observed')
  if (file === undefined) return []
  const radiusDeg = numberFlag(flags, 'observed-radius')
  const options = radiusDeg === undefined ? {} : { radiusDeg }
  if (/^https?:/.test(file)) {
    const response = await fetch(file, { signal: AbortSignal.timeout(30_000) })
    if (!response.ok) throw new Problem('net.status', `${file} answered ${response.status}.`)
    return readPointings(await response.text(), options).observed
  }
  if (!existsSync(file)) throw new Problem('command.usage', `There is no readable file ${file}.`, { file })
  return readPointings(await readFile(file), options).observed
}

export const plan: Command = {
  words: ['plan'],
  usage: 'EVENT|FILE',
  summary: 'Make an observing plan for an event, or for a sky map in a file without any database',
  examples: [
    'urania plan S241102br --telescopes TCH,TRE --start 2026-11-22T00:00 --hours 24 --fields 10',
    'urania plan bayestar.multiorder.fits --telescopes ZTF --filters g,r --exposure 60 --visits 2 --to plan.json',
  ],
  options: {
    telescopes: {
      type: 'string',
      doc: 'Slugs or names, separated by commas; for a map in a file also definition files',
    },
    start: { type: 'string', doc: 'Begin of the time that may be used, UTC (default now)' },
    hours: { type: 'string', doc: 'Its length (default 24)' },
    fields: { type: 'string', doc: 'Most distinct fields of each telescope' },
    filters: { type: 'string', doc: 'Filters of a visit, in order (default: the first of the telescope)' },
    exposure: { type: 'string', doc: 'Exposure time in each, s' },
    count: { type: 'string', doc: 'Exposures in each filter (default 1)' },
    visits: { type: 'string', doc: 'Visits to each field (default 1)' },
    cadence: { type: 'string', doc: 'Least time between visits, minutes (default 30)' },
    strategy: { type: 'string', doc: 'auto, tiling, galaxies, single (default auto)' },
    tiling: {
      type: 'string',
      doc: 'grid, free, hexagonal, spiral, ring (default: the grid of the telescope, else free)',
    },
    catalogue: { type: 'string', doc: 'Reference catalogue, for galaxies and auto' },
    level: {
      type: 'string',
      doc: 'Fields are sought where this much of the probability lies (default 0.99)',
    },
    'no-visibility': { type: 'boolean', doc: 'Without regard to the sky: for comparison' },
    without: { type: 'string', doc: 'Plans whose sky is left out: ids, or "event" for all of this event' },
    observed: {
      type: 'string',
      doc: 'File or address of pointings as the Treasure Map gives them; their sky is left out',
    },
    'observed-radius': { type: 'string', doc: 'Radius of the field of those pointings, deg' },
    greedy: { type: 'boolean', doc: 'Quick: no search for the proven best' },
    seconds: { type: 'string', doc: 'Time for the solver (default 60)' },
    title: { type: 'string', doc: 'Name of the plan' },
    to: {
      type: 'string',
      doc: 'Also write it to this file: .json, .csv, .ecsv, .reg, .moc.fits, .xml, .txt',
    },
  },
  async run(invocation) {
    const { args, flags } = invocation
    const name = args.join(' ')
    if (name === '') throw new Problem('command.usage', 'Name an event, or the file of a sky map.')
    const request = await requestOfFlags(invocation)
    if (existsSync(name)) return planFile(invocation, name, request, show)
    const to = textFlag(flags, 'to')
    const format = to === undefined ? null : formatOf(to)
    const platform = await invocation.platform()
    const row = await requestPlan(platform, localOperator, { ...request, event: name })
    const stop = (): void => void cancelPlan(platform, localOperator, row.id).catch(() => {})
    invocation.signal.addEventListener('abort', stop)
    const progress = invocation.progress('planning', '%')
    let detail = await readPlan(platform, localOperator, row.id)
    while (detail.state === 'queued' || detail.state === 'solving') {
      await sleep(100)
      const job = row.job_id === null ? undefined : await platform.jobs.get(row.job_id)
      if (job?.progress) progress.update(job.progress.done, job.progress.total)
      detail = await readPlan(platform, localOperator, row.id)
    }
    progress.finish()
    invocation.signal.removeEventListener('abort', stop)
    if (detail.state !== 'ready' || !detail.result)
      throw new Problem(
        'planning.unsolved',
        `The plan is ${detail.state}: ${detail.problem?.message ?? 'no result'}`,
        {
          plan: detail.id,
        },
      )
    const { document } = await readDocument(platform, localOperator, row.id)
    if (to !== undefined && format !== null) {
      const { exportPlan } = await import('./exports.ts')
      const file = await exportPlan(platform, localOperator, row.id, format)
      await writeFile(to, file.bytes)
      invocation.note(`written   ${to}`)
    }
    invocation.document({ plan: detail, exposures: document.exposures }, () =>
      show(invocation, detail.title, detail.result!, document.exposures),
    )
  },
}

const endings = {
  '.json': 'json',
  '.csv': 'csv',
  '.ecsv': 'ecsv',
  '.reg': 'ds9',
  '.fits': 'moc-fits',
  '.xml': 'voevent',
  '.txt': 'tiles',
} as const

/** Format that a file name asks for. */
export function formatOf(file: string): (typeof endings)[keyof typeof endings] {
  const ending = /\.\w+$/.exec(file.toLowerCase())?.[0] ?? ''
  const known = z.enum(Object.keys(endings) as (keyof typeof endings)[]).safeParse(ending)
  if (known.success) return endings[known.data]
  throw new Problem('command.usage', `The name ${file} ends in none of ${Object.keys(endings).join(', ')}.`)
}

/** Table and summary for people. */
export function show(
  { out }: Pick<Invocation, 'out'>,
  title: string,
  result: PlanResult,
  exposures: readonly PlannedExposure[],
): void {
  const percent = (p: number): string => `${(100 * p).toFixed(2)} %`
  const isWeight = result.aim === 'galaxies'
  if (exposures.length > 0) {
    for (const line of table(
      [
        '',
        'telescope',
        'field',
        'RA (deg)',
        'Dec (deg)',
        'filter',
        'start (UTC)',
        's',
        'slew s',
        'airmass',
        isWeight ? 'weight' : 'p',
        'sum',
      ],
      exposures.map((e) => [
        e.number,
        e.telescope,
        e.visit > 1 ? `${e.field} (${e.visit})` : e.field,
        e.ra.toFixed(4),
        e.dec.toFixed(4),
        e.filter,
        e.start.slice(0, 19).replace('T', ' '),
        e.exposureS,
        e.slewS.toFixed(1),
        e.airmass?.toFixed(2) ?? '',
        percent(e.probability),
        percent(e.cumulativeProbability),
      ]),
    ))
      out(line)
    out()
  }
  out(title)
  out(
    `covered   ${coveredText(result, 2)} in ${result.areaDeg2.toFixed(1)} deg² (${result.fields} fields, ${result.exposures} exposures)`,
  )
  out(
    `bound     ${percent(result.bound)} ${ofWhat(result.aim)} (gap ${percent(result.gap)}); fields alone ${percent(result.selection.objective)} of at most ${percent(result.selection.bound)}; without limits ${percent(result.unlimited)}`,
  )
  out(`solved    ${result.status}, ${result.seconds.toFixed(1)} s`)
  out()
  for (const line of table(
    [
      'telescope',
      'fields',
      ...(isWeight ? ['weight', 'map p'] : ['p']),
      'deg²',
      'first',
      'last',
      'exposing',
      'slewing',
      'readout',
      'idle',
      'fields lost to',
    ],
    result.shares.map((s) => [
      s.telescope,
      s.fields,
      percent(s.probability),
      ...(isWeight ? [percent(s.skyProbability)] : []),
      s.areaDeg2.toFixed(1),
      s.first?.slice(5, 16).replace('T', ' ') ?? '',
      s.last?.slice(5, 16).replace('T', ' ') ?? '',
      duration(s.time.exposing),
      duration(s.time.slewing),
      duration(s.time.readout),
      duration(s.time.idle),
      lostText(s.lost),
    ]),
  ))
    out(line)
  for (const share of result.shares)
    for (const note of share.notes) out(`note      ${share.telescope}: ${note}`)
  for (const note of result.notes) out(`note      ${note}`)
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}
