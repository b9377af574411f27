import { coverageOf, coveredAreaDeg2, coveredWeight } from '#science/planning/coverage.ts'
import { conditionCurves } from '#science/planning/conditions.ts'
import { createUnion, fieldRegions } from '#science/planning/union.ts'
import type { Candidate, Coverage, Schedule, ScheduledExposure, Selection } from '#science/planning/model.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { formatIso } from '#science/sky/iso.ts'
import { moment } from '#science/sky/time.ts'
import type { PlannedGalaxy } from './document.ts'
import { fieldKey } from './document.ts'
import { lostText } from './lost.ts'
import { ofWhat } from './figures.ts'
import type { Aim, PlannedExposure, PlanResult, PlanShare } from './plan.ts'
import type { Prepared, PreparedTelescope } from './prepare.ts'
import type { SolveInput, SolveOutput } from './solve-input.ts'
import { containsTest } from '#science/planning/footprint.ts'
import { unitVector } from '#science/sky/vectors.ts'

/** What a solved problem is told as: exposures in order, shares per telescope, what could not be had and why. */
export function reportOf(
  map: SkyMap,
  input: SolveInput,
  { problem, telescopes, notes, targets }: Prepared,
  { selection, schedule }: { selection: Selection; schedule: Schedule },
  { unlimited, seconds, stopped }: { unlimited: number; seconds: number; stopped: boolean },
): SolveOutput {
  const { coverage, candidates } = problem
  const locked = new Set(input.edits.locked.map((e) => `${fieldKey(e)} ${e.visit} ${e.filter} ${e.start}`))
  const inOrder = schedule.exposures.toSorted((a, b) => a.start - b.start || a.candidate - b.candidate)
  const taken = new Set<number>()
  const union = createUnion(coverage.weight, fieldRegions(coverage))
  const conditions = conditionsOf(inOrder, candidates, telescopes)
  const exposures = inOrder.map((exposure, i): PlannedExposure => {
    const { telescope: index, field } = candidates[exposure.candidate]!
    const { telescope } = telescopes[index]!
    if (!taken.has(exposure.candidate)) {
      taken.add(exposure.candidate)
      union.add(exposure.candidate)
    }
    const covered = union.weight()
    const sky = conditions.get(exposure) ?? null
    // MJD in doubles tells microseconds apart; a locked exposure is found again by them.
    const start = formatIso(moment(exposure.start), 6)
    const key = `${telescope.slug}/${field.id} ${exposure.visit + 1} ${exposure.filter} ${start}`
    return {
      number: i + 1,
      telescope: telescope.slug,
      field: field.id,
      ra: field.ra,
      dec: field.dec,
      positionAngleDeg: field.positionAngleDeg ?? 0,
      visit: exposure.visit + 1,
      filter: exposure.filter,
      start,
      exposureS: exposure.exposureS,
      slewS: exposure.slewS,
      filterChangeS: exposure.filterChangeS,
      readoutS: exposure.readoutS,
      probability: coverage.fieldWeight[exposure.candidate]!,
      cumulativeProbability: covered,
      airmass: sky && sky.altitudeDeg > 0 ? round(sky.airmass, 4) : null,
      altitudeDeg: sky ? round(sky.altitudeDeg, 3) : null,
      moonSeparationDeg: sky ? round(sky.moonSeparationDeg, 3) : null,
      locked: locked.has(key),
    }
  })
  const under =
    targets === null ? underChosen(coverage) : skyUnder(map, input, { problem, telescopes }, taken)
  const shares = telescopes.map((prepared, index) => {
    const own = [...taken].filter((candidate) => candidates[candidate]!.telescope === index)
    return shareOf(prepared, exposures, {
      probability: coveredWeight(coverage, own),
      skyProbability: under.probability(own),
      areaDeg2: under.areaDeg2(own),
      fields: own.length,
    })
  })
  const objective = coveredWeight(coverage, taken)
  const cut = telescopes.some((prepared) => prepared.cut)
  const bound = Math.max(objective, Math.min(schedule.bound, selection.bound))
  const result: PlanResult = {
    aim: targets === null ? 'sky' : 'galaxies',
    probability: objective,
    skyProbability: under.probability(taken),
    galaxies: targets?.length ?? 0,
    areaDeg2: under.areaDeg2(taken),
    bound,
    gap: bound > 0 ? (bound - objective) / bound : 0,
    selection: {
      objective: selection.objective,
      bound: selection.bound,
      gap: selection.gap,
      status: selection.status,
    },
    unlimited,
    status: stopped ? 'stopped' : schedule.status === 'optimal' && cut ? 'heuristic' : schedule.status,
    seconds: round(seconds, 3),
    shares,
    fields: taken.size,
    exposures: exposures.length,
    notes: [...notes, ...overall(input, coverage.total, targets === null ? 'sky' : 'galaxies')],
    trail: thinned(schedule.trail, 200),
  }
  return {
    result,
    exposures,
    telescopes: telescopes.map(({ telescope, strategy, task }) => ({
      slug: telescope.slug,
      name: telescope.name,
      version: telescope.version,
      ground: telescope.ground,
      model: telescope.model,
      filters: telescope.filters,
      steps: telescope.steps,
      visits: telescope.visits,
      cadenceS: telescope.cadenceS,
      maxFields: telescope.maxFields,
      strategy,
      windows: task.windows,
    })),
    galaxies: galaxiesIn(targets, telescopes, exposures),
  }
}

/** What candidates cover of the map. */
interface UnderFields {
  probability: (candidates: Iterable<number>) => number
  areaDeg2: (candidates: Iterable<number>) => number
}

function underChosen(coverage: Coverage): UnderFields {
  return {
    probability: (candidates) => coveredWeight(coverage, candidates),
    areaDeg2: (candidates) => coveredAreaDeg2(coverage, candidates),
  }
}

/** The map under the fields that were taken, for a plan whose own coverage is of points. */
function skyUnder(
  map: SkyMap,
  { taken, method }: SolveInput,
  { problem, telescopes }: Pick<Prepared, 'problem' | 'telescopes'>,
  chosen: ReadonlySet<number>,
): UnderFields {
  const order = [...chosen]
  const place = new Map(order.map((candidate, i) => [candidate, i]))
  const pointings = order.map((candidate) => {
    const { telescope, field } = problem.candidates[candidate]!
    return { footprint: telescopes[telescope]!.telescope.model.footprint, field }
  })
  const under = underChosen(
    coverageOf(map, pointings, { taken, precision: method === 'greedy' ? 4e-4 : 1e-4 }),
  )
  const places = (candidates: Iterable<number>): number[] =>
    Array.from(candidates, (each) => place.get(each)!)
  return {
    probability: (candidates) => under.probability(places(candidates)),
    areaDeg2: (candidates) => under.areaDeg2(places(candidates)),
  }
}

interface Sky {
  altitudeDeg: number
  airmass: number
  moonSeparationDeg: number
}

/** Exposures whose Sun and Moon are reckoned at once. */
const batch = 24

/** What the sky is like at the middle of each exposure of a telescope on the ground. */
function conditionsOf(
  exposures: readonly ScheduledExposure[],
  candidates: readonly Candidate[],
  telescopes: readonly PreparedTelescope[],
): Map<ScheduledExposure, Sky> {
  const found = new Map<ScheduledExposure, Sky>()
  const middle = (e: ScheduledExposure): number => e.start + e.exposureS / 2 / 86_400
  telescopes.forEach(({ telescope }, index) => {
    if (!telescope.ground) return
    const own = exposures
      .filter((e) => candidates[e.candidate]!.telescope === index)
      .toSorted((a, b) => middle(a) - middle(b))
    for (let from = 0; from < own.length; from += batch) {
      const some = own.slice(from, from + batch)
      const { fields } = conditionCurves(
        telescope.model.observer,
        some.map((e) => candidates[e.candidate]!.field),
        Float64Array.from(some, middle),
      )
      some.forEach((e, i) => {
        const curve = fields[i]!
        found.set(e, {
          altitudeDeg: curve.altitudeDeg[i]!,
          airmass: curve.airmass[i]!,
          moonSeparationDeg: curve.moonSeparationDeg[i]!,
        })
      })
    }
  })
  return found
}

function shareOf(
  { telescope, task, fields, candidates, lost, notes }: PreparedTelescope,
  exposures: readonly PlannedExposure[],
  covered: Pick<PlanShare, 'probability' | 'skyProbability' | 'areaDeg2' | 'fields'>,
): PlanShare {
  const own = exposures.filter((e) => e.telescope === telescope.slug)
  const sum = (value: (e: PlannedExposure) => number): number => own.reduce((total, e) => total + value(e), 0)
  const exposing = sum((e) => e.exposureS)
  const readout = sum((e) => e.readoutS)
  const slewing = sum((e) => e.slewS)
  const filters = sum((e) => e.filterChangeS)
  const usable = task.windows.reduce((total, w) => total + (w.end - w.start) * 86_400, 0)
  const last = own.at(-1)
  const more = [...notes]
  if (own.length === 0 && candidates > 0)
    more.push('It takes nothing: what it could add is covered by the others, or no whole visit fits.')
  if (own.length === 0 && candidates === 0 && fields > 0)
    more.push(`None of its ${fields} fields can be taken: ${lostText(lost)}.`)
  return {
    telescope: telescope.slug,
    name: telescope.name,
    version: telescope.version,
    fields: covered.fields,
    exposures: own.length,
    probability: covered.probability,
    skyProbability: covered.skyProbability,
    areaDeg2: covered.areaDeg2,
    first: own[0]?.start ?? null,
    last: last ? new Date(Date.parse(last.start) + last.exposureS * 1000).toISOString() : null,
    time: {
      exposing: round(exposing, 1),
      readout: round(readout, 1),
      slewing: round(slewing, 1),
      filters: round(filters, 1),
      idle: round(Math.max(0, usable - exposing - readout - slewing - filters), 1),
    },
    notes: more.slice(0, 30),
    lost,
  }
}

function overall(input: SolveInput, total: number, aim: Aim): string[] {
  const notes: string[] = []
  if (input.taken.length > 0)
    notes.push(
      `${input.taken.length} fields planned or observed elsewhere were taken out; ${(100 * total).toFixed(1)} % ${ofWhat(aim)} was left.`,
    )
  if (!input.visibility) notes.push('Planned without visibility: for comparison, not for observing.')
  return notes
}

function galaxiesIn(
  targets: Prepared['targets'],
  telescopes: readonly PreparedTelescope[],
  exposures: readonly PlannedExposure[],
): PlannedGalaxy[] {
  if (!targets) return []
  const fields = [...new Map(exposures.map((e) => [fieldKey(e), e])).values()].map((e) => {
    const { model } = telescopes.find(({ telescope }) => telescope.slug === e.telescope)!.telescope
    const field = { id: e.field, ra: e.ra, dec: e.dec, positionAngleDeg: e.positionAngleDeg }
    return { key: fieldKey(e), test: containsTest(model.footprint, field) }
  })
  return targets.map(({ name, ra, dec, distanceMpc, weight }) => {
    const [x, y, z] = unitVector(ra, dec)
    const holding = fields.filter(({ test }) => test(x, y, z)).map(({ key }) => key)
    return { name, ra, dec, distanceMpc, weight, fields: holding }
  })
}

function thinned<T>(list: readonly T[], most: number): T[] {
  if (list.length <= most) return [...list]
  const step = (list.length - 1) / (most - 1)
  return Array.from({ length: most }, (_, i) => list[Math.round(i * step)]!)
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits
  return Math.round(value * factor) / factor
}
