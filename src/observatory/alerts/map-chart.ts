import { createRequire } from 'node:module'
import { Resvg } from '@resvg/resvg-js'
import type { MultiPolygon } from 'geojson'
import { sunAndMoon } from '#science/chart/lights.ts'
import { darkPalette, lightPalette, redPalette } from '#science/chart/palette.ts'
import { allSky, zoom } from '#science/chart/projection.ts'
import { fieldOf, skyChart } from '#science/chart/sky-chart.ts'
import { serialize } from '#science/chart/svg.ts'
import { mjdUtcOf } from '#science/sky/time.ts'
import { contours } from '#science/skymap/contours.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { summarize } from '#science/skymap/summarize.ts'

export const chartViews = ['all-sky', 'zoom'] as const
export const chartThemes = ['light', 'dark', 'red'] as const

/** How a map is drawn into a file that stands alone. */
export interface ChartRequest {
  format: 'svg' | 'png'
  view: (typeof chartViews)[number]
  theme: (typeof chartThemes)[number]
  /** Pixels. */
  width: number
  /** What is written above it for readers who do not see it. */
  title: string
  /** For the Sun and the Moon; null leaves them out. */
  at: string | null
}

const palettes = { light: lightPalette, dark: darkPalette, red: redPalette }
const levels = [0.1, 0.3, 0.5, 0.7, 0.9]

/** The chart of a map, as the page draws it. */
export function chartOf(map: SkyMap, request: ChartRequest): Uint8Array {
  const { view, width, theme, title, at } = request
  const { peak } = summarize(map)
  const regions = contours(map, levels).features.map(({ properties, geometry }) => ({
    level: properties.level,
    geometry: geometry as MultiPolygon,
  }))
  const widest = regions.find((region) => region.level === 0.9)
  const projection =
    view === 'all-sky' || !widest
      ? allSky({ width, centreRa: (Math.round(peak.ra / 90) * 90) % 360 })
      : zoom({ ...fieldOf(widest.geometry, peak), width, height: Math.round(width * 0.8) })
  const text = serialize(
    skyChart(
      { regions, ...(at ? sunAndMoon(mjdUtcOf(new Date(at))) : {}) },
      {
        view: projection,
        palette: palettes[theme],
        ecliptic: view === 'all-sky',
        title,
        background: true,
        fontSize: Math.max(11, Math.round(width / 80)),
      },
    ),
  )
  if (request.format === 'svg') return new TextEncoder().encode(text)
  const font = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')
  return new Resvg(text, {
    font: { loadSystemFonts: false, fontFiles: [font], defaultFontFamily: 'DejaVu Sans' },
  })
    .render()
    .asPng()
}
