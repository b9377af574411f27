import { Problem, isProblem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { requireRole, requireScope } from '#observatory/people/rights.ts'
import type { EventRow } from '#observatory/alerts/event-store.ts'
import { localizationById, type LocalizationRow } from '#observatory/alerts/localization-store.ts'
import { localizationRow } from '#observatory/alerts/queries.ts'
import { eventRow } from '#observatory/alerts/service.ts'
import { telescopeFinder } from '#observatory/telescopes/service.ts'
import type { Telescope } from '#observatory/telescopes/telescope.ts'
import { galaxyMistakes, hasDistances } from './check-galaxies.ts'
import type { PlanEdits, PlanRequest, TelescopeRequest } from './plan.ts'
import { planById, type PlanRow } from './plan-store.ts'

/** A request that can be planned, with what it names. */
export interface CheckedPlan {
  request: PlanRequest
  event: EventRow | null
  localization: LocalizationRow
  telescopes: Telescope[]
  start: Date
  end: Date
}

type Needs = Pick<Platform, 'db'>

/** Of those that are told. */
const mostMistakes = 100

/** UTC as it is began in 1972; the places of Sun and Moon are not made for times long after ours. */
const earliest = new Date('1972-01-01T00:00:00Z')
const latest = new Date('2101-01-01T00:00:00Z')

/** Who may see plans: everybody who is signed in. */
export function requireReader(actor: Actor): void {
  requireRole(actor, 'viewer', 'seeing plans')
  requireScope(actor, 'read')
}

export function requirePlanner(actor: Actor): void {
  requireRole(actor, 'member', 'making plans')
  requireScope(actor, 'write')
}

/**
 * Resolves names and looks at every part of a request. @throws Problem `plan.invalid` whose details list every mistake,
 * one sentence each; `resource.not_found` for an event or localization that is not here.
 */
export async function checkRequest(
  platform: Needs,
  actor: Actor,
  request: PlanRequest,
  now = new Date(),
): Promise<CheckedPlan> {
  const { event, localization } = await placeOf(platform, actor, request)
  const mistakes: string[] = []
  if (event?.status === 'retracted')
    mistakes.push(`${event.name} was retracted by its senders; there is nothing to look for.`)
  if (localization.state !== 'ready')
    mistakes.push(
      `The localization has no map yet (${localization.note ?? localization.state}); try again when it is ready.`,
    )
  const start = request.start === undefined ? now : new Date(request.start)
  const end = new Date(start.getTime() + request.hours * 3_600_000)
  if (start < earliest || end > latest)
    mistakes.push(
      `The time from ${start.toISOString().slice(0, 10)} cannot be planned; take one between 1972 and 2100.`,
    )
  const telescopeOf = await telescopeFinder(platform, actor)
  const telescopes: Telescope[] = []
  const seen = new Set<string>()
  for (const asked of request.telescopes) {
    try {
      const telescope = telescopeOf(asked.telescope)
      telescopes.push(telescope)
      if (seen.has(telescope.slug)) mistakes.push(`Telescope ${telescope.slug} is named twice; name it once.`)
      seen.add(telescope.slug)
      mistakes.push(...telescopeMistakes(asked, telescope))
    } catch (error) {
      if (!isProblem(error)) throw error
      mistakes.push(error.message)
    }
  }
  mistakes.push(...(await otherMistakes(platform, actor, request, { event, localization, telescopeOf })))
  if (request.edits) mistakes.push(...editMistakes(request.edits, seen))
  if (mistakes.length > 0) {
    const rest = mistakes.length > 1 ? ` (and ${mistakes.length - 1} more)` : ''
    throw new Problem('plan.invalid', `${mistakes[0]}${rest}`, {
      errors: mistakes.slice(0, mostMistakes).map((message) => ({ path: 'body', message, rule: 'plan' })),
    })
  }
  // Whatever spelling was used, the plan names telescopes by slug.
  const named = request.telescopes.map((asked, i) => ({ ...asked, telescope: telescopes[i]!.slug }))
  return { request: { ...request, telescopes: named }, event, localization, telescopes, start, end }
}

async function placeOf(
  platform: Needs,
  actor: Actor,
  request: PlanRequest,
): Promise<{ event: EventRow | null; localization: LocalizationRow }> {
  if (request.localizationId !== undefined) {
    const localization = await localizationRow(platform, actor, request.localizationId)
    const of = request.event ?? localization.event_id
    const event = of === null ? null : await eventRow(platform, actor, of)
    if (event && localization.event_id !== event.id)
      throw new Problem('plan.invalid', `The localization does not belong to ${event.name}.`, {})
    return { event, localization }
  }
  if (request.event === undefined)
    throw new Problem('plan.invalid', 'Name an event, or a localization, that is to be planned for.', {})
  const event = await eventRow(platform, actor, request.event)
  const id = event.place.localizationId
  const localization = id === null ? undefined : await localizationById(platform.db, id)
  if (!localization)
    throw new Problem(
      'plan.invalid',
      `No notice says where ${event.name} is; there is nothing to plan for yet.`,
      {
        event: event.id,
      },
    )
  return { event, localization }
}

/** What cannot be asked of a telescope. */
export function telescopeMistakes(asked: TelescopeRequest, telescope: Telescope): string[] {
  const mistakes: string[] = []
  const { slug, filters, maxExposureS, pointing } = telescope
  const names = filters.map((f) => f.name)
  for (const step of asked.steps ?? []) {
    if (!names.includes(step.filter))
      mistakes.push(`${slug} has no filter ${JSON.stringify(step.filter)}; it has ${names.join(', ')}.`)
    if (maxExposureS !== null && step.exposureS > maxExposureS)
      mistakes.push(
        `${slug} exposes at most ${maxExposureS} s at once, not ${step.exposureS} s; use several exposures (count).`,
      )
  }
  if (asked.tiling === 'grid' && pointing.how !== 'grid')
    mistakes.push(`${slug} has no field grid; use free, hexagonal, spiral or ring.`)
  return mistakes
}

/** Fields of telescopes that are not planned, and those that are asked for and refused at once. */
function editMistakes(edits: PlanEdits, slugs: ReadonlySet<string>): string[] {
  const mistakes: string[] = []
  const dropped = new Set(edits.drop)
  for (const key of [...edits.drop, ...edits.pin])
    if (!slugs.has(key.split('/')[0]!))
      mistakes.push(`${key.slice(0, 100)} names no telescope of this plan; write telescope/field.`)
  for (const key of edits.pin)
    if (dropped.has(key)) mistakes.push(`${key.slice(0, 100)} is dropped and pinned at once; choose one.`)
  for (const { telescope } of edits.add)
    if (!slugs.has(telescope)) mistakes.push(`${telescope.slice(0, 100)} is no telescope of this plan.`)
  return mistakes
}

async function otherMistakes(
  platform: Needs,
  actor: Actor,
  request: PlanRequest,
  {
    event,
    localization,
    telescopeOf,
  }: { event: EventRow | null; localization: LocalizationRow; telescopeOf: (name: string) => Telescope },
): Promise<string[]> {
  const mistakes: string[] = []
  if (request.strategy === 'galaxies')
    mistakes.push(...(await galaxyMistakes(platform, actor, request, hasDistances(localization))))
  for (const other of request.without) {
    if (other === 'event') {
      if (!event) mistakes.push('Plans of the event cannot be taken out: no event is named.')
    } else if (!(await planById(platform.db, other))) mistakes.push(`There is no plan ${other} to take out.`)
  }
  const unknown = new Set<string>()
  for (const [i, pointing] of request.observed.entries()) {
    if (pointing.radiusDeg !== undefined) continue
    if (pointing.telescope === undefined) {
      mistakes.push(
        `Observed pointing ${i + 1} names neither a telescope nor a radius; what it saw is not known.`,
      )
      break
    }
    unknown.add(pointing.telescope)
  }
  for (const slug of unknown) {
    try {
      telescopeOf(slug)
    } catch (error) {
      if (!isProblem(error)) throw error
      mistakes.push(`Observed pointings name the telescope ${slug}, which is not here; give them a radius.`)
    }
  }
  return mistakes
}

/** Plan row by id. @throws Problem `resource.not_found` */
export async function planRow(platform: Needs, actor: Actor, id: string): Promise<PlanRow> {
  requireReader(actor)
  const row = await planById(platform.db, id)
  if (!row)
    throw new Problem('resource.not_found', `There is no plan ${JSON.stringify(id.slice(0, 80))} here.`)
  return row
}
