import type { Attachment, Bulletin, BulletinSource } from '#platform/bulletin.ts'
import type { EventRow as LogRow } from '#platform/events/event.ts'
import { publicOrigin } from '#platform/http/address.ts'
import type { Platform } from '#platform/platform.ts'
import type { Schema } from '#science/adql/schema.ts'
import { eventUrl, threadOf } from '#observatory/alerts/bulletins.ts'
import type { EventDetail } from '#observatory/alerts/event.ts'
import { noticeById } from '#observatory/alerts/notice-store.ts'
import { readEvent } from '#observatory/alerts/queries.ts'
import { alertSchema, alertValues } from '#observatory/alerts/values.ts'
import { scopesOf, system, type Actor } from '#observatory/people/actor.ts'
import { standingOf } from '#observatory/people/person-store.ts'
import { Problem } from '#problem.ts'
import { eventById } from '#observatory/alerts/event-store.ts'
import { chartOfRow, type PlanChart } from './charts.ts'
import { exportPlan, type ExportFormat } from './exports.ts'
import { coveredText, figure, minute, ofWhat, percent } from './figures.ts'
import type { Aim, PlanShare } from './plan.ts'
import { listPlans, planById, type PlanRow } from './plan-store.ts'
import { lostText } from './lost.ts'
import { plansSection } from './sections.ts'
import { audience, cancelPlan, closePlan, documentOf, takeProposal } from './service.ts'

type Needs = Pick<Platform, 'db' | 'storage' | 'compute' | 'config' | 'jobs' | 'events'>

/** What rules about plans may ask: the event's columns, and the plan's with `plan_` before them. */
const planSchema: Schema = {
  name: 'plan',
  columns: [
    ...alertSchema.columns,
    { name: 'plan_state', type: 'string', description: 'queued, solving, ready, failed, cancelled, closed' },
    { name: 'plan_version', type: 'integer', description: 'Version, from 1' },
    { name: 'plan_rule', type: 'string', description: 'Rule that made it' },
    { name: 'plan_telescopes', type: 'string', description: 'Slugs, joined by commas' },
    { name: 'plan_strategy', type: 'string', description: 'auto, tiling, galaxies, single' },
    {
      name: 'plan_aim',
      type: 'string',
      description: 'What plan_probability and plan_bound are shares of: sky, galaxies',
    },
    {
      name: 'plan_probability',
      type: 'number',
      description: "Covered: of the map's probability, or of the galaxies' weight",
    },
    { name: 'plan_sky_probability', type: 'number', description: "Covered of the map's probability, always" },
    { name: 'plan_bound', type: 'number', description: 'No plan covers more' },
    { name: 'plan_gap', type: 'number', description: 'What is missing to the bound, relative' },
    { name: 'plan_area', type: 'number', unit: 'deg2', description: 'Sky covered' },
    { name: 'plan_fields', type: 'integer', description: 'Distinct fields' },
    { name: 'plan_start', type: 'timestamp', description: 'Begin of the time asked for' },
  ],
}

const kinds = {
  'plans.started': 'A plan is being made',
  'plans.products': 'Files of a finished plan, for channels that keep files',
  'plans.finished': 'A plan is ready: what it covers, per telescope',
  'plans.proposed': 'A later notice gave a new version of a plan: what would change',
  'plans.failed': 'A plan could not be made',
  'plans.closed': 'A plan was put away: its event was retracted, or another took over',
} as const
type Kind = keyof typeof kinds

/** What this room tells. */
export function planBulletins(platform: Needs): BulletinSource[] {
  async function compose(event: Pick<LogRow, 'kind' | 'subject' | 'data'>): Promise<Bulletin[]> {
    if (event.subject.kind !== 'plan') return refusedByRule(platform, event)
    const row = await planById(platform.db, event.subject.id)
    if (!row) return []
    const detail = await detailOf(platform, row)
    const made = await bulletinOf(platform, event.kind as Kind, row, detail, event.data)
    return made ? [made] : []
  }
  return [
    {
      events: Object.keys(kinds),
      schema: planSchema,
      kinds,
      compose,
      async *past(since, until) {
        const rows = await listPlans(platform.db, { since, until, test: 'all', limit: 2_000 })
        const told = rows.flatMap((row) =>
          momentsOf(row).map(({ kind, at, data }) => ({ row, kind, at, data })),
        )
        for (const { row, kind, at, data } of told.toSorted((a, b) => a.at.getTime() - b.at.getTime()))
          for (const bulletin of await compose({ kind, subject: { kind: 'plan', id: row.id }, data }))
            yield { ...bulletin, at }
      },
      act: (action, value, by) => act(platform, action, value, by),
    },
  ]
}

function momentsOf(row: PlanRow): { kind: Kind; at: Date; data: Record<string, unknown> }[] {
  const moments: { kind: Kind; at: Date; data: Record<string, unknown> }[] = [
    { kind: 'plans.started', at: row.created_at, data: {} },
  ]
  const at = row.finished_at
  if (at && row.result)
    moments.push(
      { kind: 'plans.products', at, data: {} },
      { kind: row.proposed ? 'plans.proposed' : 'plans.finished', at, data: {} },
    )
  else if (at && row.problem)
    moments.push({ kind: 'plans.failed', at, data: { problem: row.problem.message } })
  if (row.closed_at)
    moments.push({ kind: 'plans.closed', at: row.closed_at, data: { because: row.closed_because } })
  return moments
}

async function detailOf(platform: Needs, row: PlanRow): Promise<EventDetail | null> {
  if (row.event_id === null || !(await eventById(platform.db, row.event_id))) return null
  return (await readEvent(platform, system, row.event_id)).detail
}

function common(platform: Needs, row: PlanRow, detail: EventDetail | null) {
  const thread = detail
    ? threadOf(detail)
    : { kind: 'plan', id: row.series, name: row.event_name ?? row.title, group: 'PLANS' }
  return {
    thread,
    links: [
      { label: 'Plan', url: planUrl(platform, row.id) },
      ...(detail ? [{ label: 'Event page', url: eventUrl(platform, detail.id) }] : []),
    ],
    facts: [],
    text: '',
    pictures: [],
    files: [],
    folders: [],
    actions: [],
    role: 'news' as const,
    rehearsal: row.role === 'test' || row.role === 'mock',
    values: {
      ...emptyEvent,
      ...(detail ? alertValues(detail) : { name: row.event_name, role: row.role }),
      ...planValues(row),
    },
    audience,
  } satisfies Partial<Bulletin>
}

const emptyEvent = Object.fromEntries(alertSchema.columns.map(({ name }) => [name, null]))

function planValues(row: PlanRow): Bulletin['values'] {
  return {
    plan_state: row.state,
    plan_version: row.version,
    plan_rule: row.rule,
    plan_telescopes: row.telescopes.join(','),
    plan_strategy: row.request.strategy,
    plan_aim: row.result?.aim ?? null,
    plan_probability: row.result?.probability ?? null,
    plan_sky_probability: row.result?.skyProbability ?? null,
    plan_bound: row.result?.bound ?? null,
    plan_gap: row.result?.gap ?? null,
    plan_area: row.result?.areaDeg2 ?? null,
    plan_fields: row.result?.fields ?? null,
    plan_start: row.start_at,
  }
}

/** Address of a plan's page. */
function planUrl({ config }: Pick<Platform, 'config'>, id: string): string {
  return `${publicOrigin(config)}/plans/${id}`
}

async function bulletinOf(
  platform: Needs,
  kind: Kind,
  row: PlanRow,
  detail: EventDetail | null,
  data: Readonly<Record<string, unknown>>,
): Promise<Bulletin | null> {
  const base = { ...common(platform, row, detail), kind }
  const name = row.event_name ?? row.title
  const telescopes = row.telescopes.join(', ')
  switch (kind) {
    case 'plans.started':
      return {
        ...base,
        headline: `🧠 ${name}: planning started for ${telescopes}`,
        facts: [
          { label: 'Strategy', value: strategyText(row) },
          { label: 'Time', value: `${minute(row.start_at)} to ${minute(row.end_at)} UTC` },
          { label: 'Asked for by', value: row.rule === null ? row.requested_by : `rule ${row.rule}` },
          ...(row.version > 1 ? [{ label: 'Version', value: String(row.version) }] : []),
        ],
        actions: [{ action: 'plans.cancel', label: 'Cancel', value: row.id }],
      }
    case 'plans.products':
      if (!row.result) return null
      return {
        ...base,
        headline: `📁 ${name}: files of the plan for ${telescopes}`,
        files: await productFiles(platform, row),
        folders: [await productFolder(platform, row)],
      }
    case 'plans.finished':
      if (!row.result) return null
      return {
        ...base,
        headline: `🗺️ ${name}: plan for ${telescopes} covers ${percent(row.result.probability)}${row.result.aim === 'galaxies' ? ` ${ofWhat('galaxies')}` : ''}`,
        text: row.result.fields === 0 ? 'Nothing can be taken.' : row.result.notes.slice(0, 3).join(' '),
        facts: resultFacts(row),
        pictures: picturesOf(platform, row),
        actions: [{ action: 'plans.close', label: 'Put away', value: row.id }],
      }
    case 'plans.proposed': {
      if (!row.result) return null
      const changes = Array.isArray(data['changes']) ? data['changes'].map(String) : []
      return {
        ...base,
        headline: `🔄 ${name}: a new version of the plan for ${telescopes} is proposed`,
        text: changes.join(' '),
        facts: resultFacts(row),
        pictures: picturesOf(platform, row),
        actions: [
          { action: 'plans.take', label: 'Take it', value: row.id, primary: true },
          { action: 'plans.close', label: 'Keep the old one', value: row.id },
        ],
      }
    }
    case 'plans.failed':
      return {
        ...base,
        headline: `⚠️ ${name}: no plan for ${telescopes}`,
        text: row.problem?.message ?? '',
      }
    case 'plans.closed':
      return {
        ...base,
        headline: `🗄️ ${name}: plan for ${telescopes} is closed`,
        text: `Because ${row.closed_because ?? 'somebody did it'}.`,
      }
  }
}

/** A rule that matched and whose plan could not even be asked for. */
async function refusedByRule(
  platform: Needs,
  event: Pick<LogRow, 'kind' | 'subject' | 'data'>,
): Promise<Bulletin[]> {
  const { eventId, problem, rule } = event.data
  if (event.kind !== 'plans.failed' || typeof eventId !== 'string') return []
  const row = await eventById(platform.db, eventId)
  if (!row) return []
  const { detail } = await readEvent(platform, system, row.id)
  const nothing = Object.fromEntries(planSchema.columns.map((c) => [c.name, null]))
  return [
    {
      kind: 'plans.failed',
      thread: threadOf(detail),
      headline: `⚠️ ${detail.name}: rule ${String(rule)} could make no plan`,
      text: String(problem),
      facts: [],
      links: [{ label: 'Event page', url: eventUrl(platform, detail.id) }],
      pictures: [],
      files: [],
      folders: [],
      actions: [],
      role: 'news',
      rehearsal: detail.role === 'test' || detail.role === 'mock',
      values: { ...nothing, ...alertValues(detail), plan_rule: String(rule), plan_state: 'failed' },
      audience,
    },
  ]
}

function strategyText(row: PlanRow): string {
  const signs = {
    tiling: '🧱 tiling',
    galaxies: '🌌 galaxies',
    single: '🎯 one field',
    auto: '🧱 fields as the region wants',
  }
  return signs[row.request.strategy]
}

function resultFacts(row: PlanRow): Bulletin['facts'] {
  const result = row.result!
  const facts = [
    {
      label: 'Covered',
      value: `${coveredText(result)} in ${result.fields} fields, ${figure(result.areaDeg2)} deg²`,
    },
    {
      label: 'At most',
      value: `${percent(result.bound)} ${ofWhat(result.aim)} with these telescopes and hours (gap ${percent(result.gap)}); ${percent(result.unlimited)} without limits`,
    },
    { label: 'Solved in', value: `${figure(result.seconds)} s (${result.status})` },
  ]
  for (const share of result.shares.slice(0, 15)) {
    const lost = share.fields === 0 && Object.keys(share.lost).length > 0 ? ` (${lostText(share.lost)})` : ''
    const when =
      share.first && share.last ? `, ${minute(new Date(share.first))} to ${minute(new Date(share.last))}` : ''
    facts.push({
      label: share.name,
      value: `${share.fields} fields, ${shareText(result.aim, share)}, ${figure(share.areaDeg2)} deg²${when}${lost}`,
    })
  }
  return facts
}

function shareText(aim: Aim, { probability, skyProbability }: PlanShare): string {
  const sky = `${percent(skyProbability)} ${ofWhat('sky')}`
  return aim === 'galaxies' ? `${percent(probability)} ${ofWhat(aim)}, ${sky}` : sky
}

function picture(platform: Needs, row: PlanRow, chart: PlanChart): Attachment {
  return {
    name: `${chart}.png`,
    mediaType: 'image/png',
    bytes: () =>
      chartOfRow(platform, row, { chart, format: 'png', theme: 'light', width: 1_200, view: 'both' }),
  }
}

function picturesOf(platform: Needs, row: PlanRow): Attachment[] {
  return row.result && row.result.fields > 0
    ? [picture(platform, row, 'coverage'), picture(platform, row, 'sky')]
    : []
}

/** `GWEMOPT/INITIAL_<id>/TILING_TCH_TRE` in the folder of the event. */
async function productFolder(platform: Needs, row: PlanRow): Promise<string> {
  const { folder } = platform.config.section(plansSection)
  const notice = row.notice_id === null ? undefined : await noticeById(platform.db, row.notice_id)
  const type = (notice?.type ?? 'manual').toUpperCase().replace(/\W+/g, '')
  const { telescopes } = await documentOf(platform, row)
  const words = { tiling: 'TILING', galaxies: 'GALAXYTARGETING', single: 'SINGLE' }
  const names = telescopes.map((t) => fileName(t.name)).join('_')
  const strategy = telescopes.some((t) => t.strategy === 'tiling')
    ? 'tiling'
    : (telescopes[0]?.strategy ?? 'tiling')
  return `${folder}/${type}_${row.id.replaceAll('-', '')}/${words[strategy]}_${names}`.slice(0, 230)
}

function fileName(name: string): string {
  return name.replace(/[^\w.+-]+/g, '-')
}

async function productFiles(platform: Needs, row: PlanRow): Promise<Bulletin['files']> {
  const folder = await productFolder(platform, row)
  const { voeventFolder } = platform.config.section(plansSection)
  const { telescopes, galaxies } = await documentOf(platform, row)
  const file = (path: string, format: ExportFormat, mediaType: string, telescope?: string) => ({
    path,
    name: path.split('/').at(-1)!,
    mediaType,
    bytes: async () => (await exportPlan(platform, system, row.id, format, telescope)).bytes,
  })
  const files: Bulletin['files'][number][] = []
  for (const { slug, name } of telescopes) {
    const plain = fileName(name)
    files.push(file(`${folder}/tiles_${plain}.txt`, 'tiles', 'text/plain', slug))
    files.push(
      file(
        `${voeventFolder}/${row.id.slice(0, 8)}_v${row.version}_${plain}.xml`,
        'voevent',
        'application/xml',
        slug,
      ),
    )
  }
  files.push(
    file(`${folder}/plan.json`, 'json', 'application/json'),
    file(`${folder}/exposures.ecsv`, 'ecsv', 'text/plain'),
    file(`${folder}/fields.reg`, 'ds9', 'text/plain'),
  )
  if (galaxies.length > 0)
    files.push(file(`${folder.slice(0, folder.lastIndexOf('/'))}/ALL.txt`, 'galaxies', 'text/csv'))
  if (row.result && row.result.fields > 0)
    for (const chart of ['coverage', 'sky', 'timeline', 'altitude'] as const)
      files.push({ ...picture(platform, row, chart), path: `${folder}/plots/${chart}.png` })
  return files
}

async function act(
  platform: Needs,
  action: string,
  value: string,
  by: { userId: string | null; name: string },
): Promise<string> {
  const actor = await actorOf(platform, by)
  if (action === 'plans.cancel') {
    const row = await cancelPlan(platform, actor, value)
    return `Planning for ${row.event_name ?? row.title} was cancelled by ${by.name}.`
  }
  if (action === 'plans.close') {
    const row = await closePlan(platform, actor, value, `closed by ${by.name}`)
    return `The plan for ${row.event_name ?? row.title} was put away by ${by.name}.`
  }
  if (action === 'plans.take') {
    const row = await takeProposal(platform, actor, value)
    return `${by.name} took version ${row.version} of the plan for ${row.event_name ?? row.title}.`
  }
  throw new Problem('request.invalid', `There is nothing to be done called ${action.slice(0, 60)}.`, {})
}

async function actorOf(
  platform: Pick<Platform, 'db'>,
  by: { userId: string | null; name: string },
): Promise<Actor> {
  const standing = by.userId === null ? undefined : await standingOf(platform.db, by.userId)
  if (by.userId === null || !standing || standing.disabled_at !== null)
    throw new Problem('access.forbidden', `${by.name} has no account here; ask an administrator for one.`, {})
  const { role, groups } = standing
  return {
    kind: 'person',
    userId: by.userId,
    name: by.name,
    role,
    groups,
    scopes: scopesOf(role),
    from: null,
  }
}
