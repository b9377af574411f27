/** A field of view on the sky: its outline north up and east to the left, with a scale. */
import type { Footprint, Offset } from '#science/planning/model.ts'
import { cssPalette } from './palette.ts'
import type { Palette } from './palette.ts'
import { element, px } from './svg.ts'
import type { SvgNode } from './svg.ts'

export interface FootprintOptions {
  /** Pixels of either side. */
  readonly size: number
  readonly palette?: Palette
  /** Said by screen readers, and above the field where there is room. */
  readonly title: string
  readonly background?: boolean
  /** The outline alone, without axes and scale: for a size at which letters cannot be read. */
  readonly bare?: boolean
}

/** The field as the tangent plane shows it, in degrees from its centre. */
export function footprintChart(footprint: Footprint, options: FootprintOptions): SvgNode {
  const { size, palette = cssPalette, title, background = false, bare = false } = options
  const reach = reachOf(footprint)
  const font = Math.max(9, Math.round(size / 18))
  const margin = bare ? 1.5 : font * 2.2
  const scale = (size / 2 - margin) / reach
  const x = (east: number): number => px(size / 2 - east * scale)
  const y = (north: number): number => px(size / 2 - north * scale)
  const look = { fill: palette.region, 'fill-opacity': 0.35, stroke: palette.outline90, 'stroke-width': 1 }
  const rings =
    footprint.shape === 'circle'
      ? [element('circle', { cx: x(0), cy: y(0), r: px(footprint.radiusDeg * scale), ...look })]
      : ringsOf(footprint).map((ring) =>
          element('path', { d: `M${ring.map(([e, n]) => `${x(e)} ${y(n)}`).join('L')}Z`, ...look }),
        )
  const bar = niceLength(reach)
  const text = { fill: palette.text, 'font-size': font, 'font-family': 'inherit' }
  const base = size - font * 0.7
  return element(
    'svg',
    { width: size, height: size, viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': title },
    element('title', {}, title),
    background && element('rect', { width: size, height: size, fill: palette.ground }),
    !bare &&
      element('path', {
        d: `M${x(0)} ${px(margin)}V${px(size - margin)}M${px(margin)} ${y(0)}H${px(size - margin)}`,
        stroke: palette.grid,
        'stroke-width': 1,
      }),
    rings,
    !bare && [
      element('text', { ...text, x: x(0), y: px(font * 1.2), 'text-anchor': 'middle' }, 'N'),
      element('text', { ...text, x: px(font * 0.5), y: px(size / 2 + font * 0.35) }, 'E'),
      element('path', {
        d: `M${px(margin)} ${px(base - font * 1.1)}h${px(bar * scale)}`,
        stroke: palette.text,
        'stroke-width': 2,
      }),
      element('text', { ...text, x: px(margin), y: px(base) }, lengthText(bar)),
    ],
  )
}

function ringsOf(footprint: Exclude<Footprint, { shape: 'circle' }>): readonly (readonly Offset[])[] {
  if (footprint.shape === 'mosaic') return footprint.polygons
  if (footprint.shape === 'polygon') return [footprint.vertices]
  const [w, h] = [footprint.widthDeg / 2, footprint.heightDeg / 2]
  return [
    [
      [-w, -h],
      [w, -h],
      [w, h],
      [-w, h],
    ],
  ]
}

/** Farthest that anything lies east, west, north or south. */
function reachOf(footprint: Footprint): number {
  if (footprint.shape === 'circle') return footprint.radiusDeg
  return Math.max(
    ...ringsOf(footprint).flatMap((ring) => ring.map(([e, n]) => Math.max(Math.abs(e), Math.abs(n)))),
  )
}

/** 1, 2 or 5 of a degree, arcminute or arcsecond, no longer than two thirds of the reach. */
function niceLength(reach: number): number {
  const steps = [1 / 3_600, 2 / 3_600, 5 / 3_600, 10 / 3_600, 20 / 3_600, 30 / 3_600]
    .concat([1, 2, 5, 10, 20, 30].map((minutes) => minutes / 60))
    .concat([1, 2, 5, 10, 20, 30, 60])
  return steps.findLast((step) => step <= reach / 1.5) ?? steps[0]!
}

function lengthText(degrees: number): string {
  if (degrees >= 1) return `${degrees}°`
  const minutes = Math.round(degrees * 60)
  return minutes >= 1 ? `${minutes}′` : `${Math.round(degrees * 3_600)}″`
}
