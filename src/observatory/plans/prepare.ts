import { firstCandidates } from '#science/planning/coverage-part.ts'
import { coverageOf, coverageOfPoints } from '#science/planning/coverage.ts'
import type {
  Candidate,
  Field,
  Locked,
  PlanningProblem,
  TelescopeTask,
  Window,
} from '#science/planning/model.ts'
import { nearFields, placeFields } from '#science/planning/placement.ts'
import { visitSeconds } from '#science/planning/visit.ts'
import { singlePointing } from '#science/planning/single.ts'
import { layFields } from '#science/planning/tessellation.ts'
import { darkWindows, fieldWindows, visitWindows } from '#science/planning/visibility.ts'
import { containsTest } from '#science/planning/footprint.ts'
import { unitVector } from '#science/sky/vectors.ts'
import { credibleMoc } from '#science/skymap/credible.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { parseIso } from '#science/sky/iso.ts'
import { mjdOf } from '#science/sky/time.ts'
import { freeFields } from './free-fields.ts'
import { fieldsOnGalaxies, targetGalaxies, type TargetGalaxy } from './galaxy-targets.ts'
import { observablePart } from './observable.ts'
import type { ProgressWriter } from './solve-progress.ts'
import type { SolveInput, SolveTelescope } from './solve-input.ts'

/** From a request to a planning problem: fields, when they can be taken, what they cover. */

export interface Prepared {
  readonly problem: PlanningProblem
  /** The same with the fields that visibility took, and time without end. */
  readonly unlimited: PlanningProblem
  readonly telescopes: readonly PreparedTelescope[]
  readonly notes: readonly string[]
  /** What is aimed at, for galaxies. */
  readonly targets: readonly TargetGalaxy[] | null
}

export interface PreparedTelescope {
  readonly telescope: SolveTelescope
  readonly strategy: 'tiling' | 'galaxies' | 'single'
  readonly task: TelescopeTask
  /** Fields that touch the region. */
  readonly fields: number
  /** Of those, how many can be taken. */
  readonly candidates: number
  readonly lost: Record<string, number>
  /** There were more fields than were weighed: what is best of these need not be the best there is. */
  readonly cut: boolean
  readonly notes: string[]
}

interface Pointing {
  readonly telescope: number
  readonly field: Field
  readonly windows: readonly Window[]
}

/** More fields than this are not looked at for one telescope; the best come first. */
const mostFields = 4_000
/** Fields laid freely: of all telescopes together, and of one at least and at most. What they cover takes seconds beyond. */
const mostLaid = { together: 4_000, fewest: 400, most: 1_200 }
/** Candidates per field that there is time for, and the least that are kept. */
const spare = 3
const fewest = 250

export function prepare(map: SkyMap, input: SolveInput, progress: ProgressWriter): Prepared {
  const notes = [...(input.notes ?? [])]
  const telescopes: PreparedTelescope[] = []
  const said: string[] = []
  const fitting = targetGalaxies(map, input, said)
  const pointings: Pointing[] = []
  const unseen: Pointing[] = []
  const dropped = new Set(input.edits.drop)
  const pinned = new Set(input.edits.pin)
  input.telescopes.forEach((telescope, index) => {
    progress.write({
      stage: `fields of ${telescope.slug}`,
      done: 0.02 + (0.08 * index) / input.telescopes.length,
    })
    const own: string[] = [...telescope.doubts]
    const task = taskOf(telescope, input)
    const { strategy, fields, cut = false } = fieldsFor(map, telescope, task, input, fitting, own)
    const wanted = withEdits(fields, telescope.slug, input).filter(
      (field) => !dropped.has(`${telescope.slug}/${field.id}`),
    )
    const lost: Record<string, number> = {}
    const seen: { field: Field; windows: readonly Window[] }[] = []
    let hidden = 0
    const needed = visitSeconds(task)
    const visible = visibilityOf(telescope, wanted, input)
    wanted.forEach((field, i) => {
      const { windows, lost: reason } = visible[i]!
      const long = input.visibility ? visitWindows(windows, needed) : windows
      if (long.length > 0) seen.push({ field, windows: long })
      else {
        if (hidden++ < fewest) unseen.push({ telescope: index, field, windows: [] })
        const word = reason ?? (windows.length > 0 ? 'too short for a visit' : 'not in the time asked for')
        lost[word] = (lost[word] ?? 0) + 1
      }
    })
    const most = Math.max(fewest, spare * capacity(task, needed))
    const isFixed = (field: Field): boolean =>
      pinned.has(`${telescope.slug}/${field.id}`) ||
      input.edits.fields.some((f) => f.telescope === telescope.slug && f.field.id === field.id)
    const kept = seen.length > most ? seen.filter(({ field }, i) => i < most || isFixed(field)) : seen
    if (kept.length < seen.length)
      own.push(
        `Of ${seen.length} fields that can be taken the best ${kept.length} were weighed; the bound holds for them.`,
      )
    if (wanted.length === 0 && fields.length === 0) own.push('None of its fields touches the region.')
    if (input.visibility && telescope.ground && task.windows.length === 0)
      own.push('It is never dark there in the time asked for.')
    for (const { field, windows } of kept) pointings.push({ telescope: index, field, windows })
    telescopes.push({
      telescope,
      strategy,
      task,
      fields: wanted.length,
      candidates: kept.length,
      lost,
      cut: cut || kept.length < seen.length,
      notes: own,
    })
  })
  progress.write({ stage: 'coverage', done: 0.12 })
  // Fields that each hold the whole region are planned for the region, not for what lies in it.
  const targets = telescopes.some(({ strategy }) => strategy === 'galaxies') ? fitting : null
  if (telescopes.some(({ strategy }) => strategy !== 'single')) notes.push(...said)
  return {
    targets,
    ...problemOf(map, input, targets, telescopes, pointings, unseen, notes),
    telescopes,
    notes,
  }
}

function taskOf(telescope: SolveTelescope, input: SolveInput): TelescopeTask {
  const { model, steps, visits, cadenceS, maxFields } = telescope
  const whole = [{ start: input.start, end: input.end }]
  return {
    telescope: model,
    windows:
      input.visibility && telescope.ground
        ? darkWindows(model.observer, model.limits, input.start, input.end)
        : whole,
    steps,
    visits,
    cadenceS,
    ...(maxFields === null ? {} : { maxFields }),
  }
}

/** Visits that the usable time could hold, were there nothing else to do. */
function capacity(task: TelescopeTask, seconds: number): number {
  const dark = task.windows.reduce((sum, w) => sum + (w.end - w.start) * 86_400, 0)
  const byTime = Math.floor(dark / Math.max(1, seconds * task.visits))
  return Math.min(byTime, task.maxFields ?? Infinity)
}

function visibilityOf(
  telescope: SolveTelescope,
  fields: readonly Field[],
  { start, end, visibility }: SolveInput,
): readonly { windows: readonly Window[]; lost: string | null }[] {
  if (!visibility || !telescope.ground) return fields.map(() => ({ windows: [{ start, end }], lost: null }))
  return fieldWindows(telescope.model, fields, { start, end })
}

function fieldsFor(
  map: SkyMap,
  telescope: SolveTelescope,
  task: TelescopeTask,
  input: SolveInput,
  targets: readonly TargetGalaxy[],
  notes: string[],
): { strategy: PreparedTelescope['strategy']; fields: Field[]; cut?: boolean } {
  const { footprint } = telescope.model
  if (input.strategy === 'single' || input.strategy === 'auto') {
    const field = singlePointing(map, footprint)
    if (field) return { strategy: 'single', fields: [field] }
    if (input.strategy === 'single') {
      notes.push('The 90 % region does not fit its field; its field is put where most of it is.')
      return { strategy: 'single', fields: placeFields(map, footprint, { count: 1, level: input.level }) }
    }
  }
  if (targets.length > 0)
    return { strategy: 'galaxies', fields: fieldsOnGalaxies(targets, telescope, task, input) }
  const grid = telescope.tiling === 'grid' && telescope.grid ? telescope.grid : null
  if (telescope.tiling === 'free' || (telescope.tiling === 'grid' && !grid)) {
    const time = capacity(task, visitSeconds(task))
    const share = Math.floor(mostLaid.together / input.telescopes.length)
    const most = Math.min(mostLaid.most, Math.max(mostLaid.fewest, share))
    const count = Math.min(most, Math.max(30, Math.ceil(1.5 * time)))
    const seen =
      input.visibility && telescope.ground
        ? observablePart(map, telescope.model, visitSeconds(task), input)
        : map
    const laid = freeFields(seen, footprint, { count, level: input.level, overlap: telescope.overlap })
    const cut = laid.length === most && time > most
    if (cut)
      notes.push(
        `It has time for ${time} fields; the best ${most} places were looked at, and the bound holds for them.`,
      )
    return { strategy: 'tiling', fields: laid, cut }
  }
  const laid = grid
    ? grid.id.map((id, i) => ({ id, ra: grid.ra[i]!, dec: grid.dec[i]! }))
    : layFields(telescope.tiling === 'grid' ? 'hexagonal' : (telescope.tiling as 'hexagonal'), footprint, {
        overlap: telescope.overlap,
        region: credibleMoc(map, input.level),
      })
  const near = nearFields(map, footprint, laid, { level: input.level })
  if (near.length > mostFields)
    notes.push(`${near.length} of its fields touch the region; the best ${mostFields} were looked at.`)
  return { strategy: 'tiling', fields: near.slice(0, mostFields).map((i) => laid[i]!) }
}

/** Fields of the version before and those added stay candidates. */
function withEdits(fields: readonly Field[], slug: string, { edits }: SolveInput): Field[] {
  const ids = new Set(fields.map((field) => field.id))
  const more = edits.fields.filter(
    ({ telescope, field }) => telescope === slug && !ids.has(field.id) && ids.add(field.id),
  )
  return [...fields, ...more.map(({ field }) => field)]
}

function problemOf(
  map: SkyMap,
  input: SolveInput,
  targets: readonly TargetGalaxy[] | null,
  telescopes: readonly PreparedTelescope[],
  pointings: readonly Pointing[],
  unseen: readonly Pointing[],
  notes: string[],
): { problem: PlanningProblem; unlimited: PlanningProblem } {
  const where = [...pointings, ...unseen].map(({ telescope, field }) => ({
    footprint: telescopes[telescope]!.telescope.model.footprint,
    field,
  }))
  const whole =
    targets === null
      ? coverageOf(map, where, { taken: input.taken, precision: input.method === 'greedy' ? 4e-4 : 1e-4 })
      : coverageOfPoints(notTaken(targets, input), where)
  const coverage = unseen.length > 0 ? firstCandidates(whole, pointings.length) : whole
  const candidates: Candidate[] = pointings.map(({ telescope, field, windows }) => ({
    telescope,
    field,
    windows,
  }))
  const indexOf = new Map(
    candidates.map((c, i) => [`${telescopes[c.telescope]!.telescope.slug}/${c.field.id}`, i]),
  )
  const pins = new Set(input.edits.pin)
  for (const { telescope, field, pinned } of input.edits.fields)
    if (pinned) pins.add(`${telescope}/${field.id}`)
  // Everybody who can see the whole region is meant to take it: no telescope is spared because another has it.
  candidates.forEach((c) => {
    const { strategy, telescope } = telescopes[c.telescope]!
    if (strategy === 'single') pins.add(`${telescope.slug}/${c.field.id}`)
  })
  const pinned: number[] = []
  for (const key of pins) {
    const index = indexOf.get(key)
    if (index === undefined) notes.push(`${key} was asked for but cannot be taken in this time.`)
    else pinned.push(index)
  }
  const locked: Locked[] = []
  for (const exposure of input.edits.locked) {
    const candidate = indexOf.get(`${exposure.telescope}/${exposure.field}`)
    if (candidate === undefined) {
      notes.push(
        `Exposure ${exposure.number} was to stay, but ${exposure.field} cannot be taken in this time.`,
      )
      continue
    }
    locked.push({
      candidate,
      visit: exposure.visit - 1,
      filter: exposure.filter,
      start: mjdOf(parseIso(exposure.start)),
      exposureS: exposure.exposureS,
    })
  }
  const problem: PlanningProblem = {
    tasks: telescopes.map(({ task }) => task),
    candidates,
    coverage,
    ...(pinned.length > 0 ? { pinned } : {}),
    ...(locked.length > 0 ? { locked } : {}),
  }
  // Time and sky without end: as long as every field of the list would take.
  const forever = [{ start: input.start, end: input.start + 1e6 }]
  const unlimited: PlanningProblem = {
    tasks: telescopes.map(({ task }) => ({ ...task, windows: forever })),
    candidates: [...pointings, ...unseen].map(({ telescope, field }) => ({
      telescope,
      field,
      windows: forever,
    })),
    coverage: whole,
  }
  return { problem, unlimited }
}

/** Galaxies that lie in sky which is planned or observed already weigh nothing. */
function notTaken(targets: readonly TargetGalaxy[], { taken }: SolveInput): TargetGalaxy[] {
  const tests = taken.map(({ footprint, field }) => containsTest(footprint, field))
  return targets.filter(({ ra, dec }) => {
    const [x, y, z] = unitVector(ra, dec)
    return !tests.some((holds) => holds(x, y, z))
  })
}
