import { createRequire } from 'node:module'
import { Resvg } from '@resvg/resvg-js'
import { computeTask } from '#platform/compute/compute.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { localizationById } from '#observatory/alerts/localization-store.ts'
import type { chartThemes } from '#observatory/alerts/map-chart.ts'
import { mapOf, type MapInput } from '#observatory/alerts/map-input.ts'
import { mapInput } from '#observatory/alerts/products.ts'
import { altitudeChart } from '#science/chart/altitude-chart.ts'
import { coverageChart } from '#science/chart/coverage-chart.ts'
import { sunAndMoon } from '#science/chart/lights.ts'
import { darkPalette, lightPalette, redPalette } from '#science/chart/palette.ts'
import { planSkyChart, planTimeline } from '#science/chart/plan-chart.ts'
import { serialize, type SvgNode } from '#science/chart/svg.ts'
import { mjdUtcOf } from '#science/sky/time.ts'
import { contours } from '#science/skymap/contours.ts'
import { altitudePanel } from './altitudes.ts'
import type { PlanDocument } from './document.ts'
import { fieldsOf } from './document.ts'
import { coverageData, fieldShapes, spanOf, timelineRow } from './pictures.ts'
import { ofWhat } from './figures.ts'
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
  const span = spanOf(document, input)
  const percent = (100 * result.probability).toFixed(1)
  const of = result.aim === 'galaxies' ? ` ${ofWhat('galaxies')}` : ''
  switch (input.chart) {
    case 'sky':
      return planSkyChart(
        {
          sky: skyOf(input),
          telescopes: document.telescopes.map((t) => t.name),
          fields: fieldShapes(document),
        },
        { ...options, view: input.view, title: `${title}: ${fields.length} fields, ${percent} %${of}` },
      )
    case 'timeline':
      return planTimeline(
        document.telescopes.map((t) => timelineRow(t, document)),
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
          .map((t) => altitudePanel(t, document, span)),
        { ...options, title: `${title}: altitudes, ${dayText(span.start)}` },
      )
    case 'coverage':
      return coverageChart(coverageData(document, result, span), {
        ...options,
        title: `${title}: ${percent} % of at most ${(100 * result.bound).toFixed(1)} %${of}`,
      })
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

function dayText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 10)} UTC`
}
