/**
 * The night at one site as a strip: twilights as bands, the Moon's altitude as a curve, what happened as ticks.
 * Altitudes are given, not computed here: a pure function from data to an SVG tree.
 */
import { seriesStyle } from './axes.ts'
import { label } from './graticule.ts'
import { cssPalette } from './palette.ts'
import type { Palette } from './palette.ts'
import { element, px } from './svg.ts'
import type { SvgNode } from './svg.ts'

export interface NightTick {
  /** Milliseconds since 1970 UTC. */
  readonly at: number
  readonly label: string
  /** Where a click goes. */
  readonly href?: string
  /** Drawn hollow: a test or simulated event. */
  readonly test?: boolean
}

/** What is planned, one row at the foot of the strip. */
export interface NightPlan {
  readonly label: string
  readonly href?: string
  /** Milliseconds since 1970 UTC. */
  readonly exposures: readonly { readonly start: number; readonly end: number }[]
}

export interface NightData {
  /** Start and end of the strip (ms since 1970 UTC), usually a little outside sunset and sunrise. */
  readonly start: number
  readonly end: number
  /** Evenly spaced samples from start to end, inclusive; degrees above the horizon. */
  readonly sunAltitude: readonly number[]
  readonly moonAltitude?: readonly number[]
  readonly moonIllumination?: number
  readonly ticks?: readonly NightTick[]
  readonly planned?: readonly NightPlan[]
  /** The moment now; drawn when it is inside the strip. */
  readonly now?: number
}

export interface NightOptions {
  readonly width: number
  readonly height?: number
  readonly palette?: Palette
  readonly fontSize?: number
  readonly title?: string
}

export type Darkness = 'day' | 'civil' | 'nautical' | 'astronomical' | 'night'

/** Which light there is at a solar altitude (deg): horizon −0.833°, then −6°, −12°, −18°. */
export function darkness(sunAltitude: number): Darkness {
  if (sunAltitude > -0.833) return 'day'
  if (sunAltitude > -6) return 'civil'
  if (sunAltitude > -12) return 'nautical'
  return sunAltitude > -18 ? 'astronomical' : 'night'
}

/** Bands of equal darkness, their borders interpolated between samples (ms). */
export function bandsOf(night: NightData): { from: number; to: number; kind: Darkness }[] {
  const n = night.sunAltitude.length
  const timeOf = (i: number) => night.start + ((night.end - night.start) * i) / (n - 1)
  const bands: { from: number; to: number; kind: Darkness }[] = []
  const borders = [-0.833, -6, -12, -18]
  let from = night.start
  for (let i = 1; i < n; i++) {
    const [a, b] = [night.sunAltitude[i - 1], night.sunAltitude[i]]
    const crossed = borders
      .filter((border) => a > border !== b > border)
      .map((border) => (border - a) / (b - a))
      .sort((p, q) => p - q)
    for (const part of crossed) {
      const to = timeOf(i - 1 + part)
      const middle = (from + to) / 2
      bands.push({
        from,
        to,
        kind: darkness(altitudeAt(night.sunAltitude, (middle - night.start) / (night.end - night.start))),
      })
      from = to
    }
  }
  const middle = (from + night.end) / 2
  bands.push({
    from,
    to: night.end,
    kind: darkness(altitudeAt(night.sunAltitude, (middle - night.start) / (night.end - night.start))),
  })
  return bands.filter((band) => band.to > band.from)
}

function altitudeAt(samples: readonly number[], part: number): number {
  const at = Math.min(samples.length - 1, Math.max(0, part * (samples.length - 1)))
  const i = Math.min(samples.length - 2, Math.floor(at))
  return samples[i] + (at - i) * (samples[i + 1] - samples[i])
}

const words: Record<Darkness, string> = {
  day: 'day',
  civil: 'civil',
  nautical: 'nautical',
  astronomical: 'astronomical',
  night: 'night',
}

/** Draws the strip; hours UTC below, ticks above, bands between. */
export function nightTimeline(night: NightData, options: NightOptions): SvgNode {
  const { width, height = 144, palette = cssPalette, fontSize = 11 } = options
  const [top, bottom] = [46, height - 22]
  const x = (ms: number) => ((ms - night.start) / (night.end - night.start)) * width
  const y = (altitude: number) => bottom - (Math.max(0, altitude) / 90) * (bottom - top)
  const bands = bandsOf(night)
  return element(
    'svg',
    {
      viewBox: `0 0 ${px(width)} ${px(height)}`,
      width: px(width),
      height: px(height),
      // An image has no links inside.
      role: [...(night.ticks ?? []), ...(night.planned ?? [])].some((one) => one.href) ? 'group' : 'img',
      'aria-label': options.title,
    },
    options.title ? element('title', {}, options.title) : null,
    bands.map((band) =>
      element('rect', {
        x: px(x(band.from)),
        y: top,
        // Half a pixel over, so that no seam shows between bands.
        width: px(Math.max(0, x(band.to) - x(band.from)) + 0.5),
        height: px(bottom - top),
        fill: palette[band.kind],
      }),
    ),
    bands.map((band) => bandLabel(band, x, top, palette, fontSize)),
    moonCurve(night, width, y, palette, fontSize),
    hours(night, x, top, bottom, palette, fontSize),
    planned(night, x, bottom, palette),
    (night.ticks ?? []).length > 0 ? ticks(night, x, top, bottom, width, palette, fontSize) : null,
    now(night, x, top, bottom, palette, fontSize),
  )
}

function bandLabel(
  band: { from: number; to: number; kind: Darkness },
  x: (ms: number) => number,
  top: number,
  palette: Palette,
  size: number,
): SvgNode | null {
  const width = x(band.to) - x(band.from)
  const text = words[band.kind]
  if (width < text.length * size * 0.62 + 8) return null
  return label((x(band.from) + x(band.to)) / 2, top + size + 5, text, {
    fill: palette.text,
    halo: palette[band.kind],
    size,
  })
}

function moonCurve(
  night: NightData,
  width: number,
  y: (altitude: number) => number,
  palette: Palette,
  size: number,
): (SvgNode | null)[] {
  const samples = night.moonAltitude
  if (!samples || samples.length < 2) return []
  let d = ''
  let isUp = false
  let highest = { at: 0, altitude: -90 }
  samples.forEach((altitude, i) => {
    const at = (width * i) / (samples.length - 1)
    if (altitude > highest.altitude) highest = { at, altitude }
    if (altitude > 0) d += `${isUp ? 'L' : 'M'}${px(at)},${px(y(altitude))}`
    isUp = altitude > 0
  })
  if (!d) return []
  const percent = night.moonIllumination === undefined ? '' : ` ${Math.round(night.moonIllumination * 100)} %`
  return [
    element('path', {
      d,
      fill: 'none',
      stroke: palette.moon,
      'stroke-width': 1.5,
      'stroke-dasharray': '1 3',
      'stroke-linecap': 'round',
    }),
    label(
      Math.min(width - 40, Math.max(40, highest.at)),
      y(highest.altitude) + (highest.altitude > 55 ? 16 : -6),
      `Moon${percent}`,
      {
        fill: palette.moon,
        halo: palette.night,
        size,
      },
    ),
  ]
}

function hours(
  night: NightData,
  x: (ms: number) => number,
  top: number,
  bottom: number,
  palette: Palette,
  size: number,
): SvgNode[] {
  const hour = 3_600_000
  const perHour = x(night.start + hour) - x(night.start)
  const every = perHour > 44 ? 1 : perHour > 22 ? 2 : perHour > 14 ? 3 : 6
  const nodes: SvgNode[] = []
  for (let at = Math.ceil(night.start / hour) * hour; at <= night.end; at += hour) {
    const h = (at / hour) % 24
    if (h % every !== 0) continue
    nodes.push(
      element('path', {
        d: `M${px(x(at))},${top}V${px(bottom + 4)}`,
        stroke: palette.grid,
        'stroke-width': 0.8,
        'stroke-opacity': 0.7,
      }),
    )
    if (x(at) > 16 && x(at) < x(night.end) - 16)
      nodes.push(
        label(x(at), bottom + 16, String(h).padStart(2, '0'), {
          fill: palette.text,
          halo: palette.ground,
          size,
        }),
      )
  }
  return nodes
}

const rowHeight = 6

/** The plans that a strip shows: those with exposures in it, as many as there is room for. */
export function plansWithin(
  plans: readonly NightPlan[],
  { start, end }: { start: number; end: number },
): NightPlan[] {
  return plans
    .map((row) => ({
      ...row,
      exposures: row.exposures.filter((exposure) => exposure.end > start && exposure.start < end),
    }))
    .filter((row) => row.exposures.length > 0)
    .slice(0, 5)
}

/** Exposures as blocks, a row for each telescope of a plan. */
function planned(
  night: NightData,
  x: (ms: number) => number,
  bottom: number,
  palette: Palette,
): (SvgNode | null)[] {
  return plansWithin(night.planned ?? [], night).map((row, n) => {
    const y = bottom - (n + 1) * rowHeight
    const last = row.exposures.length - 1
    const [from, to] = [x(row.exposures[0].start), x(row.exposures[last].end)]
    const shape = element(
      'g',
      {},
      element('title', {}, row.label),
      // One strip to point at, however thin its exposures.
      element('rect', {
        x: px(from - 2),
        y: px(y),
        width: px(to - from + 4),
        height: rowHeight,
        fill: palette.ground,
        'fill-opacity': 0.35,
      }),
      row.exposures.map(({ start, end }) =>
        element('rect', {
          x: px(x(start)),
          y: px(y + 1),
          width: px(Math.max(1, x(end) - x(start))),
          height: rowHeight - 2,
          fill: seriesStyle(n, palette).colour,
        }),
      ),
    )
    return row.href ? element('a', { href: row.href, 'aria-label': row.label }, shape) : shape
  })
}

function ticks(
  night: NightData,
  x: (ms: number) => number,
  top: number,
  bottom: number,
  width: number,
  palette: Palette,
  size: number,
): SvgNode[] {
  const shown = (night.ticks ?? [])
    .filter((tick) => tick.at >= night.start && tick.at <= night.end)
    .toSorted((a, b) => a.at - b.at)
  const free = [-Infinity, -Infinity]
  return shown.map((tick) => {
    const at = x(tick.at)
    const textWidth = tick.label.length * size * 0.6
    const from = Math.min(Math.max(2, at - textWidth / 2), width - textWidth - 2)
    // Two rows of names; a third one that crowds keeps its tick and its tooltip.
    const row = free.findIndex((end) => from > end)
    if (row >= 0) free[row] = from + textWidth + 8
    const shape = element(
      'g',
      {},
      element('title', {}, `${tick.label}, ${new Date(tick.at).toISOString().slice(11, 16)} UTC`),
      element('path', {
        d: `M${px(at)},${top - 2}V${px(bottom)}`,
        stroke: palette.mark,
        'stroke-width': 1,
        'stroke-opacity': 0.55,
      }),
      element('path', {
        d: `M${px(at)},${top - 1}l-4,-7h8z`,
        fill: tick.test ? palette.ground : palette.mark,
        stroke: palette.mark,
      }),
      row >= 0
        ? label(from, top - 14 - row * (size + 3), tick.label, {
            fill: palette.mark,
            halo: palette.ground,
            size,
            anchor: 'start',
          })
        : null,
    )
    return tick.href ? element('a', { href: tick.href }, shape) : shape
  })
}

function now(
  night: NightData,
  x: (ms: number) => number,
  top: number,
  bottom: number,
  palette: Palette,
  size: number,
): SvgNode | null {
  if (night.now === undefined || night.now < night.start || night.now > night.end) return null
  const at = x(night.now)
  const right = at > x(night.end) - 40
  return element(
    'g',
    {},
    element('path', { d: `M${px(at)},${top - 4}V${px(bottom + 4)}`, stroke: palette.now, 'stroke-width': 2 }),
    label(at + (right ? -5 : 5), bottom - 6, 'now', {
      fill: palette.now,
      halo: palette.ground,
      size,
      anchor: right ? 'end' : 'start',
      weight: 600,
    }),
  )
}
