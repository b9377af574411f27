import { useMemo } from 'react'
import { mountSvg, useWidth } from '#interface/web/pieces/chart.tsx'
import { element, px } from '#science/chart/svg.ts'
import type { EventSummary } from '#observatory/alerts/event.ts'
import { kindWords } from './kinds.ts'

const colours: Record<string, string> = {
  gw: 'var(--cat2)',
  grb: 'var(--cat1)',
  neutrino: 'var(--cat3)',
  xray: 'var(--cat4)',
}

/** The shape of the list at a glance: how many per day (or week, or month), by kind. */
export function EventsShape({ events }: { events: readonly EventSummary[] }) {
  const [box, width] = useWidth(1000)
  const tree = useMemo(() => mountSvg(histogram(events, width)), [events, width])
  const kinds = [...new Set(events.map((event) => event.kind))]
  return (
    <div className="shape">
      <div className="chart" ref={box}>
        {tree}
      </div>
      <div className="legend">
        {kinds.map((kind) => (
          <span key={kind}>
            <svg width="9" height="9" aria-hidden="true">
              <rect width="9" height="9" fill={colours[kind] ?? 'var(--dim)'} />
            </svg>
            {kindWords[kind]} {events.filter((event) => event.kind === kind).length}
          </span>
        ))}
      </div>
    </div>
  )
}

function histogram(events: readonly EventSummary[], width: number) {
  const height = 52
  const floor = height - 16
  const times = events.map((event) => Date.parse(event.eventTime ?? event.firstNoticeAt))
  const [first, last] = [Math.min(...times), Math.max(...times)]
  const day = 86_400_000
  const spans = [day / 24, day / 4, day, 7 * day, 30 * day, 365 * day]
  const bin = spans.find((span) => (last - first) / span < Math.min(160, width / 6)) ?? 365 * day
  const start = Math.floor(first / bin) * bin
  const count = Math.max(24, Math.floor((last - start) / bin) + 1)
  const begin = start - (count - (Math.floor((last - start) / bin) + 1)) * bin
  const bins = Array.from({ length: count }, () => new Map<string, number>())
  times.forEach((time, i) => {
    const at = bins[Math.min(count - 1, Math.floor((time - begin) / bin))]
    at.set(events[i].kind, (at.get(events[i].kind) ?? 0) + 1)
  })
  const most = Math.max(1, ...bins.map((at) => [...at.values()].reduce((sum, n) => sum + n, 0)))
  const step = width / count
  const rects = bins.flatMap((at, i) => {
    let y = floor
    return [...at].map(([kind, n]) => {
      const h = (n / most) * (floor - 6)
      y -= h
      return element(
        'rect',
        {
          x: px(i * step),
          y: px(y),
          width: px(Math.max(1, step - 1.5)),
          height: px(h),
          fill: colours[kind] ?? 'var(--dim)',
        },
        element(
          'title',
          {},
          `${new Date(begin + i * bin).toISOString().slice(0, 16).replace('T', ' ')}: ${n} ${kindWords[kind as EventSummary['kind']]}`,
        ),
      )
    })
  })
  const date = (ms: number) =>
    new Date(ms)
      .toISOString()
      .slice(0, bin < day ? 16 : 10)
      .replace('T', ' ')
  const text = (x: number, anchor: string, value: string) =>
    element(
      'text',
      { x: px(x), y: height - 3, fill: 'var(--dim)', 'font-size': 11, 'text-anchor': anchor },
      value,
    )
  return element(
    'svg',
    {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-label': `${events.length} events in time, at most ${most} in one bar`,
    },
    element('path', { d: `M0,${floor + 0.5}H${width}`, stroke: 'var(--line)' }),
    rects,
    text(0, 'start', date(begin)),
    text(width, 'end', date(begin + count * bin)),
  )
}
