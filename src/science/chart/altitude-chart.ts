/** Altitudes through the night at one site: fields of a plan, the Moon, the twilights as bands. */
import { chartRoot, legend, seriesStyle, timeAxis, timeScale, valueAxis } from './axes.ts'
import { label } from './graticule.ts'
import { bandsOf } from './night-timeline.ts'
import { thinned } from './numbers.ts'
import { cssPalette } from './palette.ts'
import type { PlanChartOptions } from './plan-chart.ts'
import { element, px } from './svg.ts'
import type { SvgNode } from './svg.ts'

export interface AltitudeChartData {
  readonly telescope: string
  /** ms since 1970 UTC. */
  readonly start: number
  readonly end: number
  /** Evenly spaced samples from start to end, inclusive; degrees. */
  readonly sunAltitude: readonly number[]
  readonly moonAltitude: readonly number[]
  /** 0 to 1. */
  readonly moonIllumination: number
  /** Lowest altitude that the telescope reaches. */
  readonly altitudeMinDeg: number
  readonly fields: readonly {
    readonly name: string
    readonly order: number
    /** Evenly spaced as the Sun's. */
    readonly altitude: readonly number[]
    /** When it is exposed, ms since 1970, with the altitude then. */
    readonly exposures: readonly { readonly start: number; readonly end: number; readonly altitude: number }[]
  }[]
}

/** Panels below each other, one per telescope. */
export function altitudeChart(panels: readonly AltitudeChartData[], options: PlanChartOptions = {}): SvgNode {
  const { width = 1200, palette = cssPalette } = options
  const [head, each] = [options.plain ? 0 : 34, width < 640 ? 268 : 250]
  return chartRoot(
    { width, height: head + Math.max(1, panels.length) * each },
    { ...options, palette, fontSize: 12 },
    panels.flatMap((panel, n) => panelNodes(panel, n, head + n * each, { width, height: each, palette })),
  )
}

function panelNodes(
  data: AltitudeChartData,
  n: number,
  top: number,
  {
    width,
    height,
    palette,
  }: { width: number; height: number; palette: NonNullable<PlanChartOptions['palette']> },
): SvgNode[] {
  const size = 11
  const frame = { left: 46, right: width - 16, top: top + 26, bottom: top + height - (width < 640 ? 58 : 40) }
  const x = timeScale(frame, data)
  const y = (altitude: number): number =>
    frame.bottom - (Math.min(90, Math.max(0, altitude)) / 90) * (frame.bottom - frame.top)
  const { colour } = seriesStyle(n, palette)
  const bands = bandsOf({ start: data.start, end: data.end, sunAltitude: data.sunAltitude })
  const curve = (
    samples: readonly number[],
    more: Record<string, string | number | undefined>,
  ): SvgNode | null => {
    const d = curvePath(samples, (part) => frame.left + part * (frame.right - frame.left), y)
    return d === '' ? null : element('path', { d, fill: 'none', ...more })
  }
  const nodes: (SvgNode | null)[] = [
    ...bands.map((band) =>
      element('rect', {
        x: px(x(band.from)),
        y: px(frame.top),
        width: px(Math.max(0, x(band.to) - x(band.from)) + 0.5),
        height: px(frame.bottom - frame.top),
        fill: palette[band.kind],
      }),
    ),
    ...valueAxis(
      frame,
      { from: 0, to: 90, step: 30 },
      { palette, size, text: (value) => `${value}°`, title: data.telescope },
    ),
    ...timeAxis(frame, data, { palette, size }),
    element('path', {
      d: `M${px(frame.left)},${px(y(data.altitudeMinDeg))}H${px(frame.right)}`,
      stroke: palette.now,
      'stroke-width': 1,
      'stroke-dasharray': '4 4',
    }),
    ...data.fields.map((field) =>
      curve(field.altitude, { stroke: colour, 'stroke-width': 0.8, 'stroke-opacity': 0.45 }),
    ),
    curve(data.moonAltitude, { stroke: palette.moon, 'stroke-width': 1.6, 'stroke-dasharray': '1 3' }),
    ...data.fields.flatMap((field) =>
      field.exposures.map((e) =>
        element(
          'path',
          {
            d: `M${px(x(e.start))},${px(y(e.altitude))}H${px(Math.max(x(e.end), x(e.start) + 2))}`,
            stroke: colour,
            'stroke-width': 4,
          },
          element('title', {}, `${field.order}. ${field.name}`),
        ),
      ),
    ),
    ...thinned(
      data.fields.flatMap(({ order, exposures: [first] }) =>
        first ? [{ x: x(first.start), y: y(first.altitude) - 5, order }] : [],
      ),
      9,
    ).map((at) => label(at.x, at.y, String(at.order), { fill: palette.mark, halo: palette.ground, size: 9 })),
    ...legend(
      { x: frame.left, y: top + height - (width < 640 ? 24 : 6), right: frame.right },
      [
        { text: `fields of ${data.telescope}`, colour },
        { text: `Moon, ${Math.round(100 * data.moonIllumination)} % lit`, colour: palette.moon, dash: '1 3' },
        { text: 'altitude limit', colour: palette.now, dash: '4 4' },
      ],
      { palette, size },
    ),
  ]
  return nodes.filter((node) => node !== null)
}

/** Only what is above the horizon. */
function curvePath(
  samples: readonly number[],
  x: (part: number) => number,
  y: (altitude: number) => number,
): string {
  let d = ''
  let isUp = false
  samples.forEach((altitude, i) => {
    if (altitude > 0) d += `${isUp ? 'L' : 'M'}${px(x(i / (samples.length - 1)))},${px(y(altitude))}`
    isUp = altitude > 0
  })
  return d
}
