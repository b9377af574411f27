/** Axes, legends and colours that the charts of plans share. */
import { label } from './graticule.ts'
import type { Palette } from './palette.ts'
import { cssPalette, redPalette } from './palette.ts'
import { element, px } from './svg.ts'
import type { SvgNode } from './svg.ts'

/** Colours of telescopes, told apart also by those who do not see all colours (Okabe and Ito 2008). */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#a6761d']
const reds = ['#ff8f7d', '#c23c2e', '#8f2a20', '#e05a48', '#b5453a', '#ffb0a2', '#6e221b']
/** With the colour, so that lines differ without it. */
const dashes = [undefined, '6 3', '2 3', '8 3 2 3', '4 2', '1 2', '10 4']

/** Colour and dashes of the n-th telescope. */
export function seriesStyle(n: number, palette: Palette): { colour: string; dash: string | undefined } {
  const list = palette === redPalette ? reds : colours
  const dash = dashes[Math.floor(n / list.length) % dashes.length]
  const colour =
    palette === cssPalette ? `var(--chart-series${(n % list.length) + 1})` : list[n % list.length]
  return { colour, dash }
}

export interface Frame {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** Round steps that divide a span into about `count` parts. */
export function niceStep(span: number, count: number): number {
  const rough = span / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].find((each) => each * power >= rough) ?? 10
  return step * power
}

/** Horizontal lines with their values on the left. */
export function valueAxis(
  frame: Frame,
  range: { from: number; to: number; step: number },
  options: { palette: Palette; size: number; text: (value: number) => string; title?: string },
): SvgNode[] {
  const { palette, size } = options
  const y = (value: number): number =>
    frame.bottom - ((value - range.from) / (range.to - range.from)) * (frame.bottom - frame.top)
  const nodes: SvgNode[] = []
  const count = Math.floor((range.to - range.from) / range.step + 1e-9)
  for (let i = 0; i <= count; i++) {
    const value = range.from + i * range.step
    nodes.push(
      element('path', {
        d: `M${px(frame.left)},${px(y(value))}H${px(frame.right)}`,
        stroke: palette.grid,
        'stroke-width': 0.8,
      }),
      label(frame.left - 6, y(value) + size * 0.35, options.text(value), {
        fill: palette.text,
        halo: palette.ground,
        size,
        anchor: 'end',
      }),
    )
  }
  if (options.title)
    nodes.push(
      label(frame.left - 6, frame.top - size * 0.9, options.title, {
        fill: palette.text,
        halo: palette.ground,
        size,
        anchor: 'start',
      }),
    )
  return nodes
}

const hour = 3_600_000

/** Vertical lines at full hours (or parts of one) UTC with their names below; midnights carry the date. */
export function timeAxis(
  frame: Frame,
  range: { start: number; end: number },
  options: { palette: Palette; size: number },
): SvgNode[] {
  const { palette, size } = options
  const x = timeScale(frame, range)
  const wanted = (range.end - range.start) / Math.max(1, (frame.right - frame.left) / (size * 5))
  const steps = [1 / 60, 1 / 12, 1 / 6, 1 / 2, 1, 2, 3, 6, 12, 24, 48, 96].map((h) => h * hour)
  const step = steps.find((each) => each >= wanted) ?? 168 * hour
  const nodes: SvgNode[] = []
  for (let at = Math.ceil(range.start / step) * step; at <= range.end; at += step) {
    const iso = new Date(at).toISOString()
    const text = at % (24 * hour) === 0 ? iso.slice(5, 10) : iso.slice(11, 16)
    nodes.push(
      element('path', {
        d: `M${px(x(at))},${px(frame.top)}V${px(frame.bottom + 4)}`,
        stroke: palette.grid,
        'stroke-width': 0.8,
      }),
      label(x(at), frame.bottom + size + 6, text, { fill: palette.text, halo: palette.ground, size }),
    )
  }
  return nodes
}

/** Where a moment (ms since 1970) lies on the axis. */
export function timeScale(frame: Frame, range: { start: number; end: number }): (ms: number) => number {
  const span = Math.max(1, range.end - range.start)
  return (ms) => frame.left + ((ms - range.start) / span) * (frame.right - frame.left)
}

/** Names with a stroke of their colour, one after the other, from the left. */
export function legend(
  at: { x: number; y: number; right: number },
  entries: readonly { text: string; colour: string; dash?: string | undefined }[],
  options: { palette: Palette; size: number },
): SvgNode[] {
  const { palette, size } = options
  let { x, y } = at
  return entries.flatMap(({ text, colour, dash }) => {
    const width = 26 + text.length * size * 0.62
    if (x + width > at.right && x > at.x) {
      x = at.x
      y += size + 5
    }
    const nodes = [
      element('path', {
        d: `M${px(x)},${px(y - size * 0.35)}h16`,
        stroke: colour,
        'stroke-width': 3,
        'stroke-dasharray': dash,
      }),
      label(x + 21, y, text, { fill: palette.text, halo: palette.ground, size, anchor: 'start' }),
    ]
    x += width + 8
    return nodes
  })
}

/** The root of a chart that stands alone: ground, title, content. */
export function chartRoot(
  size: { width: number; height: number },
  options: {
    palette: Palette
    title?: string
    note?: string | undefined
    fontSize: number
    background?: boolean
    /** The title is said to who cannot see, and not drawn. */
    plain?: boolean
  },
  ...children: (SvgNode | null | undefined | false | readonly SvgNode[])[]
): SvgNode {
  const { palette, title, note, fontSize } = options
  const { width, height } = size
  return element(
    'svg',
    {
      viewBox: `0 0 ${px(width)} ${px(height)}`,
      width: px(width),
      height: px(height),
      role: 'img',
      'aria-label': title,
    },
    title ? element('title', {}, title) : null,
    options.background
      ? element('rect', { width: px(width), height: px(height), fill: palette.ground })
      : null,
    title && !options.plain
      ? label(14, fontSize + 10, title, {
          fill: palette.mark,
          halo: palette.ground,
          size: fontSize + 3,
          anchor: 'start',
          weight: 650,
        })
      : null,
    note
      ? label(width - 14, fontSize + 10, note, {
          fill: palette.now,
          halo: palette.ground,
          size: fontSize + 2,
          anchor: 'end',
          weight: 700,
        })
      : null,
    ...children,
  )
}
