import { createRequire } from 'node:module'
import { Resvg } from '@resvg/resvg-js'
import { sunAndMoon } from '#science/chart/lights.ts'
import { localizationChart } from '#science/chart/localization-chart.ts'
import { darkPalette, lightPalette, redPalette } from '#science/chart/palette.ts'
import { allSky, zoom } from '#science/chart/projection.ts'
import { fieldOf, skyChart, type SkyChartData } from '#science/chart/sky-chart.ts'
import { serialize, type SvgNode } from '#science/chart/svg.ts'
import { mjdUtcOf } from '#science/sky/time.ts'
import { contours } from '#science/skymap/contours.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { summarize, type SkyMapSummary } from '#science/skymap/summarize.ts'

export const chartViews = ['both', 'all-sky', 'zoom'] as const
export const chartThemes = ['light', 'dark', 'red'] as const

/** How a map is drawn into a file that stands alone. */
export interface ChartRequest {
  format: 'svg' | 'png'
  view: (typeof chartViews)[number]
  theme: (typeof chartThemes)[number]
  /** Pixels. */
  width: number
  /** Name of the event. */
  title: string
  /** Printed as a warning: `SIMULATED`, `RETRACTED`; null for none. */
  note: string | null
  /** For the Sun and the Moon; null leaves them out. */
  at: string | null
}

const palettes = { light: lightPalette, dark: darkPalette, red: redPalette }
const levels = [0.1, 0.3, 0.5, 0.7, 0.9]

/** The chart of a map, as the page draws it. */
export function chartOf(map: SkyMap, request: ChartRequest): Uint8Array {
  const text = serialize(draw(map, request))
  if (request.format === 'svg') return new TextEncoder().encode(text)
  const font = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')
  return new Resvg(text, {
    font: { loadSystemFonts: false, fontFiles: [font], defaultFontFamily: 'DejaVu Sans' },
  })
    .render()
    .asPng()
}

function draw(map: SkyMap, { view, width, theme, title, note, at }: ChartRequest): SvgNode {
  const numbers = summarize(map)
  const { peak } = numbers
  const palette = palettes[theme]
  const regions = contours(map, levels).features.map(({ properties, geometry }) => ({
    level: properties.level,
    geometry,
  }))
  const data: SkyChartData = {
    regions,
    marks: [{ ra: peak.ra, dec: peak.dec, label: 'peak' }],
    ...(at ? sunAndMoon(mjdUtcOf(new Date(at))) : {}),
  }
  if (view === 'both')
    return localizationChart(data, {
      title,
      caption: captionOf(numbers),
      note: note ?? undefined,
      palette,
      width,
    })
  const widest = regions.find((region) => region.level === 0.9)
  const projection =
    view === 'all-sky' || !widest
      ? allSky({ width, centreRa: (Math.round(peak.ra / 90) * 90) % 360 })
      : zoom({ ...fieldOf(widest.geometry, peak), width, height: Math.round(width * 0.8) })
  return skyChart(data, {
    view: projection,
    palette,
    ecliptic: view === 'all-sky',
    title: note ? `${title} (${note})` : title,
    background: true,
    fontSize: Math.max(11, Math.round(width / 80)),
  })
}

function captionOf({ area50Deg2, area90Deg2, distance }: SkyMapSummary): string {
  const digits = (value: number) =>
    value.toLocaleString('en', { maximumSignificantDigits: 3, useGrouping: false })
  const areas = `50 %: ${digits(area50Deg2)} deg² · 90 %: ${digits(area90Deg2)} deg²`
  return distance ? `${areas} · ${Math.round(distance.meanMpc)} ± ${Math.round(distance.stdMpc)} Mpc` : areas
}
