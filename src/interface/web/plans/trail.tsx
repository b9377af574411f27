import { useMemo } from 'react'
import { mountSvg, useWidth } from '#interface/web/pieces/chart.tsx'
import { legend, niceStep, valueAxis } from '#science/chart/axes.ts'
import { label } from '#science/chart/graticule.ts'
import { cssPalette } from '#science/chart/palette.ts'
import { element, px } from '#science/chart/svg.ts'
import type { SvgNode } from '#science/chart/svg.ts'

export interface TrailStep {
  readonly seconds: number
  readonly objective: number
  readonly bound: number
}

/** How the best plan and its bound came together while the solver worked. */
export function Trail({ trail, title }: { trail: readonly TrailStep[]; title: string }) {
  const [box, width] = useWidth(600)
  const tree = useMemo(() => mountSvg(trailChart(trail, width, title)), [trail, width, title])
  return (
    <div className="chart" ref={box}>
      {tree}
    </div>
  )
}

function trailChart(trail: readonly TrailStep[], width: number, title: string): SvgNode {
  const [height, size, palette] = [150, 11, cssPalette]
  const frame = { left: 52, right: width - 14, top: 10, bottom: height - 42 }
  const most = Math.min(1, Math.max(...trail.map((t) => Math.max(t.bound, t.objective)), 0.01))
  const least = Math.max(0, Math.min(...trail.map((t) => t.objective)))
  const from = least > 0.5 * most ? least - 0.15 * (most - least) : 0
  const step = niceStep(Math.max(1e-4, most - from), 4)
  const range = {
    from: Math.floor(from / step) * step,
    to: Math.ceil((most + 1e-9) / step) * step,
    step,
  }
  const last = Math.max(1, trail.at(-1)!.seconds)
  const x = (s: number): number => frame.left + (s / last) * (frame.right - frame.left)
  const y = (p: number): number =>
    frame.bottom -
    ((Math.min(range.to, Math.max(range.from, p)) - range.from) / (range.to - range.from)) *
      (frame.bottom - frame.top)
  const stairs = (of: (t: TrailStep) => number): string =>
    trail.reduce(
      (d, t, i) =>
        i === 0 ? `M${px(x(t.seconds))},${px(y(of(t)))}` : `${d}H${px(x(t.seconds))}V${px(y(of(t)))}`,
      '',
    ) + `H${px(frame.right)}`
  const every = niceStep(last, 6)
  const ticks: SvgNode[] = []
  for (let s = 0; s <= last; s += every)
    ticks.push(
      label(x(s), frame.bottom + size + 5, `${Number(s.toFixed(2))} s`, {
        fill: palette.text,
        halo: palette.ground,
        size,
      }),
    )
  return element(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': title },
    element('title', {}, title),
    valueAxis(frame, range, {
      palette,
      size,
      text: (value) => `${Number((100 * value).toFixed(step < 0.001 ? 2 : step < 0.01 ? 1 : 0))} %`,
    }),
    ticks,
    element('path', {
      d: stairs((t) => t.bound),
      fill: 'none',
      stroke: palette.outline90,
      'stroke-width': 1.6,
      'stroke-dasharray': '6 3',
    }),
    element('path', {
      d: stairs((t) => t.objective),
      fill: 'none',
      stroke: palette.region,
      'stroke-width': 2.2,
    }),
    legend(
      { x: frame.left, y: height - 6, right: frame.right },
      [
        { text: 'best plan so far', colour: palette.region },
        { text: 'bound', colour: palette.outline90, dash: '6 3' },
      ],
      { palette, size },
    ),
  )
}
