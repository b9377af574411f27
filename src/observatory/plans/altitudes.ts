import type { AltitudeChartData } from '#science/chart/altitude-chart.ts'
import { conditionCurves, timesBetween } from '#science/planning/conditions.ts'
import { mjdUtcOf } from '#science/sky/time.ts'
import { fieldsOf, type PlanDocument, type PlannedTelescope } from './document.ts'
import type { Span } from './pictures.ts'

/** Curves of very many fields are a grey band: only so many are drawn; their exposures are all there. */
const mostCurves = 200

/** How the fields of one telescope, Sun and Moon stand over it through a stretch of time. */
export function altitudePanel(
  telescope: PlannedTelescope,
  document: PlanDocument,
  span: Span,
): AltitudeChartData {
  const fields = fieldsOf(document).filter((f) => f.telescope.slug === telescope.slug)
  const drawn = fields.slice(0, mostCurves)
  const times = timesBetween(mjdUtcOf(span.start), mjdUtcOf(span.end), (span.end - span.start) / 1000 / 144)
  const { observer, limits } = telescope.model
  const { sky, fields: curves } = conditionCurves(
    observer,
    drawn.map((f) => f.field),
    times,
  )
  const middle = Math.floor(times.length / 2)
  return {
    telescope: telescope.name,
    ...span,
    sunAltitude: [...sky.sunAltitudeDeg],
    moonAltitude: [...sky.moonAltitudeDeg],
    moonIllumination: sky.moonIllumination[middle] ?? 0,
    altitudeMinDeg: limits.altitudeMinDeg,
    fields: drawn.map((f, i) => ({
      name: f.field.id,
      order: f.order,
      altitude: [...curves[i]!.altitudeDeg],
      exposures: f.exposures.map((e) => ({
        start: Date.parse(e.start),
        end: Date.parse(e.start) + e.exposureS * 1000,
        altitude: e.altitudeDeg ?? 0,
      })),
    })),
  }
}
