import type { Platform } from '#platform/platform.ts'
import { system } from '#observatory/people/actor.ts'
import type { MapInput } from '#observatory/alerts/map-input.ts'
import { mapInput } from '#observatory/alerts/products.ts'
import { modelOf } from '#observatory/telescopes/model.ts'
import { gridFields, telescopeFinder } from '#observatory/telescopes/service.ts'
import type { Field } from '#science/planning/model.ts'
import { mjdUtcOf } from '#science/sky/time.ts'
import type { CheckedPlan } from './check.ts'
import { galaxyMistakes, hasDistances } from './check-galaxies.ts'
import { fieldKey, fieldsOf } from './document.ts'
import { galaxiesFor } from './galaxies.ts'
import type { PlanRequest } from './plan.ts'
import { listPlans, planById, type PlanRow } from './plan-store.ts'
import { documentOf } from './service.ts'
import type { SolveEdits, SolveGalaxies, SolveInput, SolveTelescope } from './solve-input.ts'
import { telescopeFor, tilingOf } from './solve-telescope.ts'

type Needs = Pick<Platform, 'db' | 'storage' | 'compute' | 'config' | 'columns'>

/** Gathers what a worker thread needs for a plan: map, telescopes with their grids, sky that is taken, edits. */
export async function solveInput(
  platform: Needs,
  row: PlanRow,
  checked: CheckedPlan,
  progress: SharedArrayBuffer,
  signal: AbortSignal,
): Promise<SolveInput> {
  const { request, localization, telescopes } = checked
  const map = await mapInput(platform, localization)
  const asked = new Map(request.telescopes.map((t) => [t.telescope, t]))
  const notes: string[] = []
  const planned: SolveTelescope[] = []
  for (const telescope of telescopes) {
    const wanted = asked.get(telescope.slug)!
    const grid = tilingOf(telescope, wanted) === 'grid' ? await gridFields(platform, telescope) : []
    planned.push(telescopeFor(telescope, modelOf(telescope), wanted, grid))
  }
  return {
    map,
    telescopes: planned,
    start: mjdUtcOf(checked.start),
    end: mjdUtcOf(checked.end),
    strategy: request.strategy,
    level: request.level,
    visibility: request.visibility,
    galaxies: await galaxiesOf(platform, checked, map, notes, signal),
    notes,
    taken: [...(await plannedSky(platform, row)), ...(await observedSky(platform, request))],
    edits: await editsOf(platform, row),
    method: request.method,
    seconds: request.seconds,
    progress,
  }
}

/** Where it is left open how to plan, a catalogue that cannot be used is no reason not to plan. */
async function galaxiesOf(
  platform: Needs,
  { request, localization }: CheckedPlan,
  map: MapInput,
  notes: string[],
  signal: AbortSignal,
): Promise<SolveGalaxies | null> {
  const wanted = request.strategy === 'auto' && request.catalogue !== undefined
  if (wanted) {
    const mistakes = await galaxyMistakes(platform, system, request, hasDistances(localization))
    if (mistakes.length > 0) {
      notes.push(`${mistakes[0]} The plan is by tiling instead.`)
      return null
    }
  }
  return wanted || request.strategy === 'galaxies' ? galaxiesFor(platform, request, map, signal) : null
}

/** Fields of other plans that this one is to leave out. */
async function plannedSky(platform: Needs, row: PlanRow): Promise<SolveInput['taken']> {
  const rows: PlanRow[] = []
  for (const without of row.request.without) {
    if (without === 'event') {
      if (row.event_id === null) continue
      const open = await listPlans(platform.db, { eventId: row.event_id, states: ['ready'], limit: 500 })
      // What was planned without visibility nobody will observe.
      rows.push(
        ...open.filter((other) => other.series !== row.series && !other.proposed && other.request.visibility),
      )
    } else {
      const other = await planById(platform.db, without)
      if (other?.document_sha256) rows.push(other)
    }
  }
  const taken: SolveInput['taken'] = []
  for (const other of new Map(rows.map((r) => [r.id, r])).values())
    for (const { footprint, field } of fieldsOf(await documentOf(platform, other)))
      taken.push({ footprint, field })
  return taken
}

async function observedSky(platform: Needs, request: PlanRequest): Promise<SolveInput['taken']> {
  const named = request.observed.some((each) => each.radiusDeg === undefined)
  const telescopeOf = named ? await telescopeFinder(platform, system) : null
  const taken: SolveInput['taken'] = []
  for (const [i, { ra, dec, radiusDeg, telescope }] of request.observed.entries()) {
    const field: Field = { id: `observed ${i + 1}`, ra, dec }
    if (radiusDeg !== undefined) {
      taken.push({ footprint: { shape: 'circle', radiusDeg }, field })
      continue
    }
    if (telescope === undefined || !telescopeOf) continue
    taken.push({ footprint: telescopeOf(telescope).footprint, field })
  }
  return taken
}

async function editsOf(platform: Needs, row: PlanRow): Promise<SolveEdits> {
  const { edits } = row.request
  const parent = row.parent === null || !edits ? undefined : await planById(platform.db, row.parent)
  const fields: SolveEdits['fields'] = []
  let locked: SolveEdits['locked'] = []
  if (parent?.document_sha256 && edits) {
    const document = await documentOf(platform, parent)
    const stays = new Set(edits.lock)
    locked = document.exposures.filter((e) => stays.has(e.number))
    for (const { telescope, field } of fieldsOf(document))
      fields.push({ telescope: telescope.slug, field, pinned: false })
    const known = new Set(fields.map((f) => `${f.telescope}/${f.field.id}`))
    for (const exposure of locked)
      if (!known.has(fieldKey(exposure)))
        fields.push({
          telescope: exposure.telescope,
          field: { ...exposure, id: exposure.field },
          pinned: false,
        })
  }
  edits?.add.forEach(({ telescope, id, ra, dec }, i) =>
    fields.push({ telescope, field: { id: id ?? `added ${i + 1}`, ra, dec }, pinned: true }),
  )
  return { drop: edits?.drop ?? [], pin: edits?.pin ?? [], locked, fields }
}
