/** What a plan covers, against the number of fields and against time, with the bound drawn in. */
import { chartRoot, legend, niceStep, timeAxis, timeScale, valueAxis } from './axes.ts'
import type { Frame } from './axes.ts'
import type { PlanChartOptions } from './plan-chart.ts'
import { label } from './graticule.ts'
import { cssPalette } from './palette.ts'
import type { Palette } from './palette.ts'
import { element, px } from './svg.ts'
import type { SvgNode } from './svg.ts'

export interface CoverageChartData {
  /** One per distinct field, in the order of the plan: when it is first taken (ms since 1970), probability up to then. */
  readonly steps: readonly { readonly at: number; readonly probability: number }[]
  readonly start: number
  readonly end: number
  /** No plan under these constraints covers more. */
  readonly bound: number
  /** Without limits of time and visibility. */
  readonly unlimited: number
  /** What the stairs are, where it is no probability: `galaxies' weight covered`. */
  readonly covered?: string
}

/** Two panels: by number of fields, by time; side by side, or below each other where it is narrow. */
export function coverageChart(data: CoverageChartData, options: PlanChartOptions = {}): SvgNode {
  const { width = 1200, palette = cssPalette } = options
  const [left, between, size] = [52, 64, 11]
  const isNarrow = width < 640
  const height = (isNarrow ? 660 : 360) - (options.plain ? 40 : 0)
  const half = isNarrow ? width - left - 20 : (width - left - between - 20) / 2
  const up = options.plain ? 40 : 0
  const panel = { top: 58 - up, bottom: 298 - up }
  const byFields: Frame = { left, right: left + half, ...panel }
  const byTime: Frame = isNarrow
    ? { ...byFields, top: panel.bottom + 52, bottom: panel.bottom + 272 }
    : { ...byFields, left: left + half + between, right: left + 2 * half + between }
  const most = Math.max(data.bound, data.unlimited, ...data.steps.map((s) => s.probability), 0.01)
  const step = niceStep(Math.min(1, most * 1.05), 5)
  const range = { from: 0, to: Math.min(1.0001, Math.ceil((most * 1.02) / step) * step), step }
  const yIn =
    (frame: Frame) =>
    (p: number): number =>
      frame.bottom - (Math.min(p, range.to) / range.to) * (frame.bottom - frame.top)
  const axis = (frame: Frame): SvgNode[] =>
    valueAxis(frame, range, {
      palette,
      size,
      text: (value) => `${Number((100 * value).toFixed(step < 0.01 ? 2 : step < 0.1 ? 1 : 0))} %`,
    })
  const number = Math.max(1, data.steps.length)
  const xOf = (n: number): number => byFields.left + (n / number) * (byFields.right - byFields.left)
  const tOf = timeScale(byTime, data)
  return chartRoot(
    { width, height },
    { ...options, palette, fontSize: 12 },
    axis(byFields),
    axis(byTime),
    countAxis(byFields, number, xOf, palette, size),
    timeAxis(byTime, data, { palette, size }),
    [byFields, byTime].flatMap((frame) => limits(frame, yIn(frame), data, palette)),
    stairs([xOf(0), ...data.steps.map((_, i) => xOf(i + 1))], data, yIn(byFields), byFields.right, palette),
    stairs([byTime.left, ...data.steps.map((s) => tOf(s.at))], data, yIn(byTime), byTime.right, palette),
    [
      label((byFields.left + byFields.right) / 2, byFields.bottom + 32, 'fields', {
        fill: palette.text,
        halo: palette.ground,
        size,
      }),
      label((byTime.left + byTime.right) / 2, byTime.bottom + 32, 'time (UTC)', {
        fill: palette.text,
        halo: palette.ground,
        size,
      }),
    ],
    legend(
      { x: left, y: isNarrow ? height - 24 : height - 8, right: width - 16 },
      [
        { text: data.covered ?? 'covered', colour: palette.region },
        { text: `bound ${percent(data.bound)}`, colour: palette.outline90, dash: '6 3' },
        { text: `without limits ${percent(data.unlimited)}`, colour: palette.text, dash: '2 3' },
      ],
      { palette, size },
    ),
  )
}

function percent(p: number): string {
  return `${(100 * p).toFixed(1)} %`
}

function countAxis(
  frame: Frame,
  number: number,
  x: (n: number) => number,
  palette: Palette,
  size: number,
): SvgNode[] {
  const step = Math.max(1, niceStep(number, 8))
  const nodes: SvgNode[] = []
  for (let n = 0; n <= number; n += step)
    nodes.push(
      element('path', {
        d: `M${px(x(n))},${px(frame.bottom)}v4`,
        stroke: palette.grid,
        'stroke-width': 0.8,
      }),
      label(x(n), frame.bottom + size + 6, String(n), { fill: palette.text, halo: palette.ground, size }),
    )
  return nodes
}

function limits(
  frame: Frame,
  y: (p: number) => number,
  data: CoverageChartData,
  palette: Palette,
): SvgNode[] {
  const line = (p: number, stroke: string, dash: string): SvgNode =>
    element('path', {
      d: `M${px(frame.left)},${px(y(p))}H${px(frame.right)}`,
      stroke,
      'stroke-width': 1.6,
      'stroke-dasharray': dash,
    })
  return [line(data.unlimited, palette.text, '2 3'), line(data.bound, palette.outline90, '6 3')]
}

/** Probability jumps when a field is taken and stays until the next. */
function stairs(
  xs: readonly number[],
  data: CoverageChartData,
  y: (p: number) => number,
  right: number,
  palette: Palette,
): SvgNode {
  let d = `M${px(xs[0])},${px(y(0))}`
  data.steps.forEach(({ probability }, i) => (d += `H${px(xs[i + 1])}V${px(y(probability))}`))
  return element('path', {
    d: `${d}H${px(right)}`,
    fill: 'none',
    stroke: palette.region,
    'stroke-width': 2.2,
  })
}
