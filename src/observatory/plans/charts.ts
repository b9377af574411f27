import { createRequire } from 'node:module'
import { Resvg } from '@resvg/resvg-js'
import { computeTask } from '#platform/compute/compute.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { localizationById } from '#observatory/alerts/localization-store.ts'
import type { chartThemes } from '#observatory/alerts/map-chart.ts'
import { mapOf, type MapInput } from '#observatory/alerts/map-input.ts'
import { mapInput } from '#observatory/alerts/products.ts'
import { altitudeChart, type AltitudeChartData } from '#science/chart/altitude-chart.ts'
import { coverageChart } from '#science/chart/coverage-chart.ts'
import { sunAndMoon } from '#science/chart/lights.ts'
import { darkPalette, lightPalette, redPalette } from '#science/chart/palette.ts'
import { planSkyChart, planTimeline } from '#science/chart/plan-chart.ts'
import { serialize, type SvgNode } from '#science/chart/svg.ts'
import { conditionCurves, timesBetween } from '#science/planning/conditions.ts'
import { footprintOutlines } from '#science/planning/footprint.ts'
import { dateOf, mjdUtcOf } from '#science/sky/time.ts'
import { contours } from '#science/skymap/contours.ts'
import type { PlanDocument, PlannedTelescope } from './document.ts'
import { fieldsOf } from './document.ts'
import type { PlanResult } from './plan.ts'
import { documentOf } from './service.ts'
import type { PlanRow } from './plan-store.ts'
import { planRow } from './check.ts'

/** Pictures of plans, drawn in a worker thread. */

export const planCharts = ['sky', 'timeline', 'altitude', 'coverage'] as const
export type PlanChart = (typeof planCharts)[number]
export const skyViews = ['both', 'all-sky', 'zoom'] as const

export interface PlanChartRequest {
  chart: PlanChart
  format: 'svg' | 'png'
  theme: (typeof chartThemes)[number]
  width: number
  view: (typeof skyViews)[number]
  /** One telescope alone, for the altitude chart. */
  telescope?: string
}

interface ChartInput extends PlanChartRequest {
  document: PlanDocument
  result: PlanResult
  /** ms since 1970 UTC. */
  start: number
  end: number
  title: string
  note: string | null
  map: MapInput | null
}

const palettes = { light: lightPalette, dark: darkPalette, red: redPalette }

/** A chart of a finished plan as bytes of SVG or PNG. @throws Problem `plan.wrong_state` */
export async function planChart(
  platform: Pick<Platform, 'db' | 'storage' | 'compute'>,
  actor: Actor,
  id: string,
  request: PlanChartRequest,
): Promise<Uint8Array<ArrayBuffer>> {
  return chartOfRow(platform, await planRow(platform, actor, id), request)
}

export async function chartOfRow(
  platform: Pick<Platform, 'db' | 'storage' | 'compute'>,
  row: PlanRow,
  request: PlanChartRequest,
): Promise<Uint8Array<ArrayBuffer>> {
  const document = await documentOf(platform, row)
  const localization =
    request.chart === 'sky' ? await localizationById(platform.db, row.localization_id) : undefined
  const input: ChartInput = {
    ...request,
    document,
    result: row.result!,
    start: row.start_at.getTime(),
    end: row.end_at.getTime(),
    title: row.title,
    note: row.role === 'observation' ? null : row.role.toUpperCase(),
    map: localization?.state === 'ready' ? await mapInput(platform, localization) : null,
  }
  return new Uint8Array(await platform.compute.run(drawTask, input))
}

export const drawTask = computeTask(import.meta.url, 'drawTask', (input: ChartInput): Uint8Array => {
  const text = serialize(draw(input))
  if (input.format === 'svg') return new TextEncoder().encode(text)
  const font = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')
  return new Resvg(text, {
    font: { loadSystemFonts: false, fontFiles: [font], defaultFontFamily: 'DejaVu Sans' },
  })
    .render()
    .asPng()
})

function draw(input: ChartInput): SvgNode {
  const { document, result, title, note, width } = input
  const options = {
    width,
    palette: palettes[input.theme],
    background: true,
    ...(note === null ? {} : { note }),
  }
  const fields = fieldsOf(document)
  const span = spanOf(input)
  const percent = (100 * result.probability).toFixed(1)
  switch (input.chart) {
    case 'sky':
      return planSkyChart(
        {
          sky: skyOf(input),
          telescopes: document.telescopes.map((t) => t.name),
          fields: fields.map(({ telescope, footprint, field, order }) => ({
            telescope: document.telescopes.indexOf(telescope),
            ra: field.ra,
            dec: field.dec,
            order,
            rings: footprintOutlines(footprint, field, 6),
          })),
        },
        { ...options, view: input.view, title: `${title}: ${fields.length} fields, ${percent} %` },
      )
    case 'timeline':
      return planTimeline(
        document.telescopes.map((t) => rowOf(t, document)),
        span,
        {
          ...options,
          title: `${title}, ${dayText(span.start)}`,
        },
      )
    case 'altitude':
      return altitudeChart(
        document.telescopes
          .filter((t) => t.ground && (input.telescope === undefined || t.slug === input.telescope))
          .map((t) => panelOf(t, document, span)),
        { ...options, title: `${title}: altitudes, ${dayText(span.start)}` },
      )
    case 'coverage':
      return coverageChart(
        {
          steps: fields.map((f) => ({
            at: Date.parse(f.exposures[0]!.start),
            probability: f.exposures[0]!.cumulativeProbability,
          })),
          ...span,
          bound: result.bound,
          unlimited: result.unlimited,
        },
        { ...options, title: `${title}: ${percent} % of at most ${(100 * result.bound).toFixed(1)} %` },
      )
  }
}

function skyOf({ map: input, start }: ChartInput) {
  const lights = sunAndMoon(mjdUtcOf(start))
  if (!input) return lights
  const regions = contours(mapOf(input), [0.3, 0.5, 0.7, 0.9]).features.map(({ properties, geometry }) => ({
    level: properties.level,
    geometry,
  }))
  return { regions, ...lights }
}

/** The stretch worth drawing: exposures and the usable time around them, inside the time asked for. */
function spanOf({ document, start, end }: ChartInput): { start: number; end: number } {
  const moments = document.exposures.flatMap((e) => {
    const at = Date.parse(e.start)
    return [at, at + e.exposureS * 1000]
  })
  if (moments.length === 0) return { start, end }
  const [first, last] = [Math.min(...moments), Math.max(...moments)]
  const margin = Math.max(1_800_000, 0.15 * (last - first))
  return { start: Math.max(start, first - margin), end: Math.min(Math.max(end, last), last + margin) }
}

function dayText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 10)} UTC`
}

function rowOf(telescope: PlannedTelescope, document: PlanDocument) {
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

function panelOf(
  telescope: PlannedTelescope,
  document: PlanDocument,
  span: { start: number; end: number },
): AltitudeChartData {
  const fields = fieldsOf(document).filter((f) => f.telescope.slug === telescope.slug)
  // Curves of very many fields are a grey band; their exposures are all drawn.
  const drawn = fields.slice(0, 200)
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
