import type { CoverageChartData } from '#science/chart/coverage-chart.ts'
import type { PlanFieldShape, TimelineRow } from '#science/chart/plan-chart.ts'
import { footprintOutlines } from '#science/planning/footprint.ts'
import { dateOf } from '#science/sky/time.ts'
import { fieldsOf, type PlanDocument, type PlannedTelescope } from './document.ts'
import type { PlanResult } from './plan.ts'

/** What the charts of a plan show: the same for a file made here and for the page that draws it again. */

/** ms since 1970 UTC. */
export interface Span {
  start: number
  end: number
}

/** The stretch worth drawing: exposures and the usable time around them, inside the time asked for. */
export function spanOf(document: PlanDocument, { start, end }: Span): Span {
  const moments = document.exposures.flatMap((e) => {
    const at = Date.parse(e.start)
    return [at, at + e.exposureS * 1000]
  })
  if (moments.length === 0) return { start, end }
  const [first, last] = moments.reduce(
    ([least, most], at) => [Math.min(least, at), Math.max(most, at)],
    [Infinity, -Infinity],
  )
  const margin = Math.max(1_800_000, 0.15 * (last - first))
  return { start: Math.max(start, first - margin), end: Math.min(Math.max(end, last), last + margin) }
}

/** Outlines of all fields in their order. */
export function fieldShapes(document: PlanDocument): PlanFieldShape[] {
  return fieldsOf(document).map(({ telescope, footprint, field, order }) => ({
    telescope: document.telescopes.indexOf(telescope),
    ra: field.ra,
    dec: field.dec,
    order,
    name: `${telescope.name} ${field.id}`,
    rings: footprintOutlines(footprint, field, 6),
  }))
}

export function timelineRow(telescope: PlannedTelescope, document: PlanDocument): TimelineRow {
  const orders = new Map(fieldsOf(document).map((f) => [f.key, f.order]))
  return {
    name: telescope.name,
    windows: telescope.windows.map((w) => ({
      start: dateOf(w.start).getTime(),
      end: dateOf(w.end).getTime(),
    })),
    exposures: document.exposures
      .filter((e) => e.telescope === telescope.slug)
      .map((e) => ({
        ...e,
        start: Date.parse(e.start),
        order: orders.get(`${e.telescope}/${e.field}`) ?? 0,
      })),
  }
}

export function coverageData(document: PlanDocument, result: PlanResult, span: Span): CoverageChartData {
  return {
    steps: fieldsOf(document).map((f) => ({
      at: Date.parse(f.exposures[0]!.start),
      probability: f.exposures[0]!.cumulativeProbability,
    })),
    ...span,
    bound: result.bound,
    unlimited: result.unlimited,
    ...(result.aim === 'galaxies' ? { covered: "galaxies' weight covered" } : {}),
  }
}
