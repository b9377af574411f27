/**
 * The picture of a localization: probability regions over graticule, Milky Way, Sun and Moon. A pure function from
 * data to an SVG tree, drawn at the size it is shown so that letters keep their size.
 */
import type { MultiLineString, MultiPolygon, Polygon, Position } from 'geojson'
import { directionOf, separation, unitVector } from '#science/sky/vectors.ts'
import { graticule, label } from './graticule.ts'
import type { RaLabels } from './graticule.ts'
import { circle, ecliptic, milkyWayBand, milkyWayPlane } from './great-circles.ts'
import { cssPalette } from './palette.ts'
import type { Palette } from './palette.ts'
import type { SkyProjection } from './projection.ts'
import { element, px } from './svg.ts'
import type { SvgNode } from './svg.ts'

/** A credible region: interior to the left of each ring (RFC 7946), coordinates (ra, dec) in degrees. */
export interface SkyRegion {
  readonly level: number
  readonly geometry: Polygon | MultiPolygon
}

export interface SkyMark {
  readonly ra: number
  readonly dec: number
  readonly label?: string
  /** Draws a circle of that radius (deg) instead of a cross. */
  readonly radiusDeg?: number
}

export interface SkyChartData {
  readonly regions?: readonly SkyRegion[]
  readonly marks?: readonly SkyMark[]
  readonly sun?: { readonly ra: number; readonly dec: number }
  /** Illuminated fraction 0–1 and whether it grows decide the drawn phase. */
  readonly moon?: {
    readonly ra: number
    readonly dec: number
    readonly illumination?: number
    readonly waxing?: boolean
  }
}

export interface SkyChartOptions {
  readonly view: SkyProjection
  readonly palette?: Palette
  readonly raLabels?: RaLabels
  readonly fontSize?: number
  readonly milkyWay?: boolean
  readonly ecliptic?: boolean
  /** Outline of another view (the zoom) drawn on this one. */
  readonly frame?: SkyProjection
  /** One line under the picture's title for readers who do not see it. */
  readonly title?: string
  /** Painted behind everything, for a file that stands alone. */
  readonly background?: boolean
}

/** Draws the chart; `serialize` makes a file of it. */
export function skyChart(data: SkyChartData, options: SkyChartOptions): SvgNode {
  const { view, palette = cssPalette, raLabels = 'hours', fontSize = 11 } = options
  const grid = graticule(view, palette, raLabels, fontSize)
  const outline = view.kind === 'all-sky' ? view.path({ type: 'Sphere' }) : null
  const regions = [...(data.regions ?? [])].sort((a, b) => b.level - a.level)
  return element(
    'svg',
    {
      viewBox: `0 0 ${px(view.width)} ${px(view.height)}`,
      width: px(view.width),
      height: px(view.height),
      role: 'img',
      'aria-label': options.title,
    },
    options.title ? element('title', {}, options.title) : null,
    options.background
      ? element('rect', { width: px(view.width), height: px(view.height), fill: palette.ground })
      : null,
    outline
      ? element('path', { d: outline, fill: palette.sky })
      : element('rect', { width: px(view.width), height: px(view.height), fill: palette.sky }),
    options.milkyWay === false ? null : milkyWay(view, palette),
    grid.lines,
    options.ecliptic ? line(view.path(ecliptic()), palette.ecliptic, '1 4') : null,
    regions.map((region) => fill(region, view, palette)),
    regions.map((region) => outlineOf(region, view, palette)),
    options.frame ? frame(options.frame, view, palette) : null,
    clearOf(grid.texts, data, view),
    data.sun ? sun(data.sun, view, palette, fontSize, above(data, view)) : null,
    data.moon ? moon(data.moon, view, palette, fontSize) : null,
    (data.marks ?? []).map((mark) => drawMark(mark, view, palette, fontSize)),
    outline ? element('path', { d: outline, fill: 'none', stroke: palette.grid, 'stroke-width': 1.2 }) : null,
    view.kind === 'zoom' ? [compass(view, palette, fontSize), scaleBar(view, palette, fontSize)] : null,
  )
}

/**
 * The zoom that shows a region well: the whole of it when it is within `wholeWithinDeg` of its middle, else the part
 * nearest to the peak.
 * @returns centre and width of field (deg)
 */
export function fieldOf(
  geometry: Polygon | MultiPolygon,
  peak: { ra: number; dec: number },
  wholeWithinDeg = 35,
): { ra: number; dec: number; fieldDeg: number } {
  const held = enclosing(regionPoints(geometry, peak, wholeWithinDeg))
  return held ? fieldAround(held) : { ...peak, fieldDeg: 20 }
}

/** Outline of a region that is shown as a whole, or of the part nearest to the peak where it is wider than that. */
export function regionPoints(
  geometry: Polygon | MultiPolygon,
  peak: { ra: number; dec: number },
  wholeWithinDeg = 35,
): Position[] {
  const parts = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates
  const all = parts.flatMap((rings) => rings[0] ?? [])
  const whole = enclosing(all)
  if (whole && whole.radius <= wholeWithinDeg) return all
  let nearest: { distance: number; ring: Position[] } | null = null
  for (const rings of parts) {
    const ring = rings[0] ?? []
    const distance = Math.min(...ring.map(([lon, lat]) => separation(lon, lat, peak.ra, peak.dec)))
    if (!nearest || distance < nearest.distance) nearest = { distance, ring }
  }
  return nearest?.ring ?? []
}

function fieldAround(cap: { ra: number; dec: number; radius: number }) {
  return { ra: cap.ra, dec: cap.dec, fieldDeg: Math.min(150, Math.max(0.02, cap.radius * 3.2)) }
}

/** The smallest cap about their mean direction that holds all points, degrees; null where they have no mean. */
function enclosing(points: readonly Position[]): { ra: number; dec: number; radius: number } | null {
  const sum: [number, number, number] = [0, 0, 0]
  for (const [lon, lat] of points) unitVector(lon, lat).forEach((v, i) => (sum[i] += v))
  if (points.length === 0 || Math.hypot(...sum) < 1e-6 * points.length) return null
  const [ra, dec] = directionOf(sum)
  return { ra, dec, radius: Math.max(...points.map(([lon, lat]) => separation(lon, lat, ra, dec))) }
}

/** Labels of the graticule without those under the words of Sun, Moon and marks. */
function clearOf(texts: readonly SvgNode[], data: SkyChartData, view: SkyProjection): SvgNode[] {
  const words = [data.sun, data.moon, ...(data.marks ?? [])].flatMap((at) => {
    const point = at && view.project(at.ra, at.dec)
    return point ? [point] : []
  })
  return texts.filter(({ attributes }) =>
    words.every(
      ([x, y]) => Math.abs(Number(attributes['x']) - x) > 46 || Math.abs(Number(attributes['y']) - y) > 30,
    ),
  )
}

function line(d: string | null, stroke: string, dash?: string): SvgNode | null {
  return d ? element('path', { d, fill: 'none', stroke, 'stroke-width': 1, 'stroke-dasharray': dash }) : null
}

function milkyWay(view: SkyProjection, palette: Palette): (SvgNode | null)[] {
  const band = view.path(milkyWayBand(8))
  return [
    band ? element('path', { d: band, fill: palette.milkyWay, 'fill-opacity': 0.13 }) : null,
    line(view.path(milkyWayPlane()), palette.milkyWay, '5 4'),
  ]
}

function fill(region: SkyRegion, view: SkyProjection, palette: Palette): SvgNode | null {
  const parts =
    region.geometry.type === 'Polygon' ? [region.geometry.coordinates] : region.geometry.coordinates
  const d = view.path({
    type: 'MultiPolygon',
    coordinates: parts.map((rings) => rings.map((ring) => ring.toReversed())),
  })
  return d ? element('path', { d, fill: palette.region, 'fill-opacity': 0.22 }) : null
}

/** Only the 50 % and 90 % levels are outlined: full line and dashes, so that they differ without colour. */
function outlineOf(region: SkyRegion, view: SkyProjection, palette: Palette): SvgNode | null {
  const is50 = Math.abs(region.level - 0.5) < 1e-6
  if (!is50 && Math.abs(region.level - 0.9) > 1e-6) return null
  const parts =
    region.geometry.type === 'Polygon' ? [region.geometry.coordinates] : region.geometry.coordinates
  const rings: MultiLineString = { type: 'MultiLineString', coordinates: parts.flat().flatMap(withoutSeams) }
  const d = view.path(rings)
  if (!d) return null
  return element('path', {
    d,
    fill: 'none',
    stroke: is50 ? palette.outline50 : palette.outline90,
    'stroke-width': 1.4,
    'stroke-linejoin': 'round',
    'stroke-dasharray': is50 ? undefined : '5 3',
  })
}

/** A ring as lines without the stretches where a plane was cut (±180°) or closed over a pole: no edge of the region. */
function withoutSeams(ring: readonly Position[]): Position[][] {
  const nearly = 1e-6
  const onSeam = (a: Position, b: Position) =>
    (Math.abs(Math.abs(a[0]) - 180) < nearly && Math.abs(Math.abs(b[0]) - 180) < nearly) ||
    (Math.abs(a[1]) > 90 - nearly && Math.abs(b[1]) > 90 - nearly)
  const lines: Position[][] = [[]]
  ring.forEach((point, i) => {
    if (i > 0 && onSeam(ring[i - 1], point)) lines.push([])
    lines[lines.length - 1].push(point)
  })
  return lines.filter((line) => line.length > 1)
}

function frame(inner: SkyProjection, view: SkyProjection, palette: Palette): SvgNode | null {
  const corners: Position[] = []
  const { width: w, height: h } = inner
  for (const [x0, y0, x1, y1] of [
    [1, 1, w - 1, 1],
    [w - 1, 1, w - 1, h - 1],
    [w - 1, h - 1, 1, h - 1],
    [1, h - 1, 1, 1],
  ])
    for (let i = 0; i <= 8; i++) {
      const at = inner.invert(x0 + ((x1 - x0) * i) / 8, y0 + ((y1 - y0) * i) / 8)
      if (at) corners.push(at)
    }
  if (corners.length < 8) return null
  const d = view.path({ type: 'LineString', coordinates: corners })
  return d ? element('path', { d, fill: 'none', stroke: palette.text, 'stroke-width': 1 }) : null
}

/** Whether the Sun's word goes above it, because the Moon is near. */
function above(data: SkyChartData, view: SkyProjection): boolean {
  const [s, m] = [data.sun, data.moon].map((at) => at && view.project(at.ra, at.dec))
  return Boolean(s && m && Math.abs(s[0] - m[0]) < 60 && Math.abs(s[1] - m[1]) < 40)
}

function sun(
  at: { ra: number; dec: number },
  view: SkyProjection,
  palette: Palette,
  size: number,
  wordAbove: boolean,
) {
  const point = view.project(at.ra, at.dec)
  if (!point) return null
  const [x, y] = point
  const rays = Array.from({ length: 8 }, (_, i) => {
    const [s, c] = [Math.sin((i * Math.PI) / 4), Math.cos((i * Math.PI) / 4)]
    return `M${px(x + 7 * c)},${px(y + 7 * s)}L${px(x + 10 * c)},${px(y + 10 * s)}`
  }).join('')
  return element(
    'g',
    {},
    element('circle', { cx: px(x), cy: px(y), r: 5, fill: palette.sun }),
    element('path', { d: rays, stroke: palette.sun, 'stroke-width': 1.4, fill: 'none' }),
    label(x, y + (wordAbove ? -14 : 21), 'Sun', { fill: palette.sun, halo: palette.sky, size }),
  )
}

function moon(at: NonNullable<SkyChartData['moon']>, view: SkyProjection, palette: Palette, size: number) {
  const point = view.project(at.ra, at.dec)
  if (!point) return null
  const [x, y] = point
  const percent = at.illumination === undefined ? '' : ` ${Math.round(at.illumination * 100)} %`
  return element(
    'g',
    {},
    element('circle', { cx: px(x), cy: px(y), r: 6, fill: palette.sky, stroke: palette.moon }),
    element('path', { d: phase(x, y, 6, at.illumination ?? 1, at.waxing ?? true), fill: palette.moon }),
    label(x, y + 19, `Moon${percent}`, { fill: palette.moon, halo: palette.sky, size }),
  )
}

/** The lit part of a disc: a half circle closed by half an ellipse. */
export function phase(x: number, y: number, r: number, illumination: number, waxing: boolean): string {
  const rx = px(r * Math.abs(1 - 2 * illumination))
  const bright = waxing ? 1 : 0
  const inner = illumination > 0.5 ? bright : 1 - bright
  return `M${px(x)},${px(y - r)}A${r},${r} 0 0 ${bright} ${px(x)},${px(y + r)}A${rx},${r} 0 0 ${inner} ${px(x)},${px(y - r)}Z`
}

function drawMark(mark: SkyMark, view: SkyProjection, palette: Palette, size: number): SvgNode | null {
  const at = view.project(mark.ra, mark.dec)
  if (!at) return null
  const [x, y] = at
  const edge = mark.radiusDeg ? view.path(circle(mark.ra, mark.dec, mark.radiusDeg)) : null
  return element(
    'g',
    {},
    edge ? element('path', { d: edge, fill: 'none', stroke: palette.mark, 'stroke-width': 1.2 }) : null,
    element('path', {
      d: `M${px(x - 6)},${px(y)}h4M${px(x + 2)},${px(y)}h4M${px(x)},${px(y - 6)}v4M${px(x)},${px(y + 2)}v4`,
      stroke: palette.mark,
      'stroke-width': 1.4,
      fill: 'none',
    }),
    mark.label
      ? label(x + 9, y - 6, mark.label, {
          fill: palette.mark,
          halo: palette.sky,
          size,
          anchor: 'start',
          weight: 600,
        })
      : null,
  )
}

function compass(view: SkyProjection, palette: Palette, size: number): SvgNode {
  const [x, y] = [view.width - 18, 46]
  const style = { fill: palette.text, halo: palette.sky, size }
  return element(
    'g',
    {},
    element('path', {
      d: `M${px(x)},${y}V${y - 26}m-3.5,6l3.5,-6l3.5,6M${px(x)},${y}H${px(x - 26)}m6,-3.5l-6,3.5l6,3.5`,
      fill: 'none',
      stroke: palette.text,
      'stroke-width': 1.3,
    }),
    label(x, y - 30, 'N', style),
    label(x - 33, y + size * 0.35, 'E', style),
  )
}

const barSteps = [
  60,
  30,
  20,
  10,
  5,
  2,
  1,
  0.5,
  1 / 3,
  1 / 6,
  1 / 12,
  1 / 30,
  1 / 60,
  1 / 180,
  1 / 360,
  1 / 720,
  1 / 3600,
]

function scaleBar(view: SkyProjection, palette: Palette, size: number): SvgNode {
  const wanted = view.fieldDeg / 5
  const length = barSteps.find((step) => step <= wanted) ?? barSteps[barSteps.length - 1]
  const [ra, dec] = view.centre
  // Measured along the meridian, where no cosine enters.
  const a = view.project(ra, dec - length / 2)
  const b = view.project(ra, dec + length / 2)
  const width = a && b ? Math.abs(b[1] - a[1]) : (view.width * length) / view.fieldDeg
  const [x, y] = [12, 18]
  return element(
    'g',
    {},
    element('path', {
      d: `M${x},${y - 4}v8M${x},${y}h${px(width)}m0,-4v8`,
      stroke: palette.text,
      'stroke-width': 1.3,
      fill: 'none',
    }),
    label(x + width + 6, y + size * 0.35, angleText(length), {
      fill: palette.text,
      halo: palette.sky,
      size,
      anchor: 'start',
    }),
  )
}

/** An angle as people say it: `5°`, `10′`, `30″`. */
export function angleText(degrees: number): string {
  if (degrees >= 0.999) return `${Math.round(degrees)}°`
  if (degrees * 60 >= 0.999) return `${Math.round(degrees * 60)}′`
  return `${Math.round(degrees * 3600)}″`
}
