/**
 * The fields of a plan on the sky in their order, and what each telescope does when: pure functions from data to an SVG
 * tree. Nothing is computed here but places on paper.
 */
import { chartRoot, legend, seriesStyle, timeAxis, timeScale } from './axes.ts'
import { label } from './graticule.ts'
import type { NumberedPoint } from './numbers.ts'
import { thinned } from './numbers.ts'
import { cssPalette } from './palette.ts'
import type { Palette } from './palette.ts'
import { planField } from './plan-field.ts'
import { allSky, zoom } from './projection.ts'
import type { SkyProjection } from './projection.ts'
import { skyChart } from './sky-chart.ts'
import type { SkyChartData } from './sky-chart.ts'
import { element, px } from './svg.ts'
import type { SvgNode } from './svg.ts'

export interface PlanFieldShape {
  /** Index into the names. */
  readonly telescope: number
  readonly ra: number
  readonly dec: number
  /** Closed rings of [RA, Dec] degrees. */
  readonly rings: readonly (readonly (readonly [number, number])[])[]
  /** In the order of the plan, from 1. */
  readonly order: number
  /** Shown when pointed at. */
  readonly name?: string
}

export interface PlanChartOptions {
  readonly width?: number
  readonly palette?: Palette
  readonly title?: string
  /** Printed as a warning: `SIMULATED`, `TEST`. */
  readonly note?: string
  readonly background?: boolean
  /** Without the title drawn: where a heading stands above. */
  readonly plain?: boolean
}

/** Whole sky and zoom side by side, with the fields numbered in their order; `view` takes one of the two alone. */
export function planSkyChart(
  data: {
    readonly sky: SkyChartData
    readonly telescopes: readonly string[]
    readonly fields: readonly PlanFieldShape[]
  },
  options: PlanChartOptions & { readonly view?: 'both' | 'all-sky' | 'zoom' } = {},
): SvgNode {
  const { width = 1200, palette = cssPalette, view = 'both' } = options
  const [margin, head, foot] = [14, 34, 30]
  const regions = data.sky.regions ?? []
  const wide = regions.find((region) => Math.abs(region.level - 0.9) < 1e-6) ?? regions.at(-1)
  const peak = data.fields[0] ?? data.sky.marks?.[0]
  const skyWidth = view === 'both' ? Math.round((width - 3 * margin) * 0.56) : width - 2 * margin
  const zoomWidth = view === 'both' ? width - 3 * margin - skyWidth : width - 2 * margin
  const zoomHeight = view === 'both' ? allSky({ width: skyWidth }).height : Math.round(zoomWidth * 0.7)
  const around = planField(wide?.geometry, data.fields, {
    aspect: zoomHeight / zoomWidth,
    ...(peak ? { peak } : {}),
  })
  const sky = allSky({ width: skyWidth, centreRa: (Math.round(around.ra / 90) * 90) % 360 })
  const local = zoom({ ...around, width: zoomWidth, height: zoomHeight })
  const height = head + (view === 'zoom' ? local.height : sky.height) + foot
  const place = (chart: SvgNode, x: number): SvgNode => ({
    ...chart,
    attributes: { ...chart.attributes, x: px(x), y: head },
  })
  const withFields = (projection: SkyProjection, chart: SvgNode): SvgNode => ({
    ...chart,
    children: [...chart.children, ...planFieldNodes(data.fields, projection, { palette })],
  })
  return chartRoot(
    { width, height },
    { ...options, palette, fontSize: 12 },
    view === 'zoom'
      ? null
      : place(
          withFields(
            sky,
            skyChart(data.sky, {
              view: sky,
              palette,
              ecliptic: true,
              raLabels: 'degrees',
              ...(view === 'both' ? { frame: local } : {}),
            }),
          ),
          margin,
        ),
    view === 'all-sky'
      ? null
      : place(
          withFields(local, skyChart(data.sky, { view: local, palette, raLabels: 'degrees' })),
          view === 'both' ? 2 * margin + skyWidth : margin,
        ),
    legend(
      { x: margin, y: height - 10, right: width - margin },
      data.telescopes.map((text, n) => ({ text, ...seriesStyle(n, palette) })),
      { palette, size: 12 },
    ),
  )
}

/**
 * Outlines of fields on a sky chart, in the zoom with their numbers as far as these have room.
 * `chosen` names fields by their order: these are drawn last and strong.
 */
export function planFieldNodes(
  fields: readonly PlanFieldShape[],
  view: SkyProjection,
  options: { palette?: Palette; chosen?: ReadonlySet<number> } = {},
): SvgNode[] {
  const { palette = cssPalette, chosen } = options
  const isZoom = view.kind === 'zoom'
  const outlines: SvgNode[] = []
  const points: (NumberedPoint & { strong: boolean })[] = []
  const isChosen = (field: PlanFieldShape): boolean => chosen?.has(field.order) ?? false
  // The chosen ones get their place for a number first, and lie above all others.
  const first = chosen === undefined ? fields : fields.toSorted((a, b) => +isChosen(b) - +isChosen(a))
  for (const field of first) {
    const { telescope, rings, ra, dec, order } = field
    const { colour, dash } = seriesStyle(telescope, palette)
    const d = view.path({
      type: 'MultiLineString',
      coordinates: rings.map((ring) => ring.map(([lon, lat]) => [lon, lat])),
    })
    if (!d) continue
    const strong = isChosen(field)
    // A ring that the frame cuts is no closed line any more, and would be filled across the cut.
    const isWhole = isZoom && rings.every((ring) => ring.every(([lon, lat]) => isInside(view, lon, lat)))
    outlines.unshift(
      element(
        'path',
        {
          d,
          fill: isWhole ? colour : 'none',
          'fill-opacity': isWhole ? (strong ? 0.35 : 0.08) : undefined,
          stroke: strong ? palette.mark : colour,
          'stroke-width': (isZoom ? 1.2 : 0.8) * (strong ? 2 : 1),
          'stroke-dasharray': dash,
        },
        field.name === undefined ? null : element('title', {}, `${order}. ${field.name}`),
      ),
    )
    const point = isZoom ? view.project(ra, dec) : null
    if (!point) continue
    const [x, y] = point
    if (x < 8 || y < 8 || x > view.width - 8 || y > view.height - 8) continue
    points.push({ x, y, order, strong, must: strong })
  }
  const numbers = thinned(points, 10).map(({ x, y, order, strong }) =>
    label(x, y + 4, String(order), {
      fill: palette.mark,
      halo: palette.ground,
      size: strong ? 12 : 10,
      ...(strong ? { weight: 700 } : {}),
    }),
  )
  return [...outlines, ...numbers]
}

function isInside(view: SkyProjection, lon: number, lat: number): boolean {
  const point = view.project(lon, lat)
  return point !== null && point[0] >= 0 && point[1] >= 0 && point[0] <= view.width && point[1] <= view.height
}

export interface TimelineRow {
  readonly name: string
  /** When it could be used, ms since 1970 UTC. */
  readonly windows: readonly { readonly start: number; readonly end: number }[]
  readonly exposures: readonly {
    readonly start: number
    readonly exposureS: number
    readonly slewS: number
    readonly filterChangeS: number
    readonly readoutS: number
    readonly filter: string
    readonly field: string
    readonly order: number
  }[]
}

/** One row per telescope: usable time as a band, exposures as blocks, slews and filter changes as thin lines before them. */
export function planTimeline(
  rows: readonly TimelineRow[],
  range: { readonly start: number; readonly end: number },
  options: PlanChartOptions = {},
): SvgNode {
  const { width = 1200, palette = cssPalette } = options
  const [rowHeight, head, foot, size] = [34, options.plain ? 8 : 40, 34, 11]
  const left = 20 + Math.max(6, ...rows.map((row) => row.name.length)) * size * 0.62
  const height = head + rows.length * rowHeight + foot
  const frame = { left, right: width - 16, top: head, bottom: head + rows.length * rowHeight }
  const x = timeScale(frame, range)
  const clamp = (ms: number): number => Math.min(frame.right, Math.max(frame.left, x(ms)))
  const bar = (
    from: number,
    to: number,
    y: number,
    h: number,
    more: Record<string, string | number>,
  ): SvgNode =>
    element('rect', {
      x: px(clamp(from)),
      y: px(y),
      width: px(Math.max(0.4, clamp(to) - clamp(from))),
      height: px(h),
      ...more,
    })
  return chartRoot(
    { width, height },
    { ...options, palette, fontSize: 12 },
    rows.flatMap((row, n) =>
      row.windows.map((w) =>
        bar(w.start, w.end, head + n * rowHeight + 5, rowHeight - 10, {
          fill: palette.grid,
          'fill-opacity': 0.5,
        }),
      ),
    ),
    timeAxis(frame, range, { palette, size }),
    rows.flatMap((row, n) => {
      const { colour } = seriesStyle(n, palette)
      const y = head + n * rowHeight
      return [
        label(frame.left - 8, y + rowHeight / 2 + 4, row.name, {
          fill: palette.text,
          halo: palette.ground,
          size,
          anchor: 'end',
        }),
        ...row.exposures.flatMap((e) => {
          const end = e.start + e.exposureS * 1000
          const before = e.start - (e.slewS + e.filterChangeS) * 1000
          const tip = `${e.order}. ${e.field}, ${e.filter} ${e.exposureS} s, ${new Date(e.start).toISOString().slice(11, 19)} UTC`
          return [
            bar(before, e.start, y + rowHeight / 2 - 1.5, 3, { fill: palette.mark, 'fill-opacity': 0.45 }),
            bar(end, end + e.readoutS * 1000, y + rowHeight / 2 - 4, 8, {
              fill: colour,
              'fill-opacity': 0.35,
            }),
            {
              ...bar(e.start, end, y + 8, rowHeight - 16, { fill: colour }),
              children: [element('title', {}, tip)],
            },
          ]
        }),
      ]
    }),
  )
}
