import { normalizeDegrees } from '#science/sky/angles.ts'
import { meridian, parallel } from './great-circles.ts'
import type { Palette } from './palette.ts'
import type { SkyProjection } from './projection.ts'
import { element, px } from './svg.ts'
import type { SvgNode } from './svg.ts'

export type RaLabels = 'degrees' | 'hours'

const decStepsSexagesimal = [
  30,
  15,
  10,
  5,
  2,
  1,
  0.5,
  1 / 6,
  1 / 12,
  1 / 30,
  1 / 60,
  1 / 120,
  1 / 360,
  1 / 720,
  1 / 3600,
]
const decStepsDegrees = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005]
const raStepsHours = [45, 30, 15, 7.5, 2.5, 1.25, 0.5, 0.25, 0.125, 1 / 24, 1 / 48, 1 / 120, 1 / 240]
const raStepsDegrees = [60, 30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]

/** Lines every 30° on the whole sky; on a zoom, four to six of each, at round values. */
export function graticule(
  view: SkyProjection,
  palette: Palette,
  labels: RaLabels,
  fontSize: number,
): { lines: SvgNode; texts: SvgNode[] } {
  return view.kind === 'all-sky'
    ? allSkyGraticule(view, palette, labels, fontSize)
    : zoomGraticule(view, palette, labels, fontSize)
}

/** Text that stays legible over anything: a halo in the colour of the ground. */
export function label(
  x: number,
  y: number,
  text: string,
  style: { fill: string; halo: string; size: number; anchor?: 'start' | 'middle' | 'end'; weight?: number },
): SvgNode {
  return element(
    'text',
    {
      x: px(x),
      y: px(y),
      fill: style.fill,
      stroke: style.halo,
      'stroke-width': 3,
      'stroke-linejoin': 'round',
      'paint-order': 'stroke',
      'font-size': style.size,
      'font-family': 'Inter, system-ui, "DejaVu Sans", sans-serif',
      'font-weight': style.weight,
      'text-anchor': style.anchor ?? 'middle',
    },
    text,
  )
}

/** A right ascension as a graticule writes it: `22h`, `22h 40m`, `340°`, `340.5°`. */
export function raText(ra: number, labels: RaLabels, stepDeg: number): string {
  const value = normalizeDegrees(ra)
  if (labels === 'degrees') return `${trim(value, stepDeg)}°`
  const seconds = Math.round(value * 240 * 10) / 10
  const h = Math.floor(seconds / 3600) % 24
  const m = Math.floor((seconds % 3600) / 60)
  const s = Math.round((seconds % 60) * 10) / 10
  return `${h}h${m || s ? ` ${String(m).padStart(2, '0')}m` : ''}${s ? ` ${s}s` : ''}`
}

/** A declination as a graticule writes it: `+17.5°`, or `+17° 30′` beside hours; with a real minus sign. */
export function decText(dec: number, stepDeg: number, labels: RaLabels = 'degrees'): string {
  const size = Math.abs(dec)
  const sign = size < stepDeg / 1000 ? '' : dec > 0 ? '+' : '−'
  if (labels === 'degrees' || stepDeg >= 1) return `${sign}${trim(size, stepDeg)}°`
  const seconds = Math.round(size * 3600)
  const [d, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
  const tail = `${m || s ? ` ${String(m).padStart(2, '0')}′` : ''}${s ? ` ${String(s).padStart(2, '0')}″` : ''}`
  return `${sign}${d}°${tail}`
}

function trim(value: number, step: number): string {
  const digits = step >= 1 ? 0 : Math.min(5, Math.ceil(-Math.log10(step) + 0.3))
  return value
    .toFixed(digits)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')
}

function allSkyGraticule(view: SkyProjection, palette: Palette, labels: RaLabels, fontSize: number) {
  const raStep = 30
  const ras = Array.from({ length: 12 }, (_, i) => i * raStep)
  const decs = [-60, -30, 0, 30, 60]
  const d = [...ras.map((ra) => meridian(ra, -85, 85)), ...decs.map((dec) => parallel(dec))]
    .map((line) => view.path(line))
    .join('')
  const texts: SvgNode[] = []
  const style = { fill: palette.text, halo: palette.sky, size: fontSize }
  const centre = view.centre[0]
  const every = view.width < 560 ? 60 : 30
  for (const ra of ras) {
    const away = Math.abs(((ra - centre + 540) % 360) - 180)
    if (away > 155 || ra % every !== 0) continue
    const at = view.project(ra, 0)
    if (at) texts.push(label(at[0], at[1] - 4, raText(ra, labels, raStep), style))
  }
  for (const dec of [-60, -30, 30, 60]) {
    const at = view.project(centre + 179.99, dec)
    if (!at) continue
    // Beside the sky where there is room for it, else just inside.
    const outside = at[0] > 3.2 * fontSize
    texts.push(
      label(at[0] + (outside ? -5 : 7), at[1] + (dec > 0 ? 0 : fontSize * 0.7), decText(dec, 30), {
        ...style,
        halo: outside ? palette.ground : palette.sky,
        anchor: outside ? 'end' : 'start',
      }),
    )
  }
  return { lines: gridPath(d, palette), texts }
}

function zoomGraticule(view: SkyProjection, palette: Palette, labels: RaLabels, fontSize: number) {
  const heightDeg = (view.fieldDeg * view.height) / view.width
  const decStep = stepNear(labels === 'hours' ? decStepsSexagesimal : decStepsDegrees, heightDeg / 5)
  const [, dec0] = view.centre
  const nearPole = Math.abs(dec0) + heightDeg / 2 > 85
  const spread = Math.min(360, view.fieldDeg / Math.max(0.05, Math.cos((dec0 * Math.PI) / 180)))
  const raStep = nearPole ? 30 : stepNear(labels === 'hours' ? raStepsHours : raStepsDegrees, spread / 5)
  const reachRa = nearPole || spread > 170 ? 180 : spread * 1.2
  const low = Math.max(-90, dec0 - heightDeg * 1.2)
  const high = Math.min(90, dec0 + heightDeg * 1.2)
  const ras = multiples(view.centre[0] - reachRa, view.centre[0] + reachRa, raStep)
  const decs = multiples(low, high, decStep)
  let d = ''
  for (const ra of ras) d += view.path(meridian(ra, Math.max(-89.9, low), Math.min(89.9, high))) ?? ''
  for (const dec of decs) {
    const from = view.centre[0] - reachRa
    const line = {
      type: 'LineString' as const,
      coordinates: Array.from({ length: 181 }, (_, i) => [from + (2 * reachRa * i) / 180, dec]),
    }
    d += view.path(line) ?? ''
  }
  const texts: SvgNode[] = []
  const style = { fill: palette.text, halo: palette.sky, size: fontSize }
  let previous = -Infinity
  for (const { at, value } of crossings(view, 'bottom', raStep)) {
    if (at - previous < 56 || at < 64 || at > view.width - 34) continue
    previous = at
    texts.push(label(at, view.height - 6, raText(value, labels, raStep), style))
  }
  previous = -Infinity
  for (const { at, value } of crossings(view, 'left', decStep)) {
    if (at - previous < 26 || at < 32 || at > view.height - 22) continue
    previous = at
    texts.push(label(5, at + fontSize * 0.35, decText(value, decStep, labels), { ...style, anchor: 'start' }))
  }
  return { lines: gridPath(d, palette), texts }
}

function gridPath(d: string, palette: Palette): SvgNode {
  return element('path', { d, fill: 'none', stroke: palette.grid, 'stroke-width': 0.8 })
}

function stepNear(steps: readonly number[], wanted: number): number {
  return steps.reduce((best, step) =>
    Math.abs(Math.log(step / wanted)) < Math.abs(Math.log(best / wanted)) ? step : best,
  )
}

function multiples(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step - 1e-9)
  const last = Math.floor(to / step + 1e-9)
  const count = Math.min(400, last - first + 1)
  return Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * step)
}

/** Where lines of round right ascension meet the bottom edge, or of round declination the left edge. */
function crossings(
  view: SkyProjection,
  edge: 'bottom' | 'left',
  step: number,
): { at: number; value: number }[] {
  const length = edge === 'bottom' ? view.width : view.height
  const found: { at: number; value: number }[] = []
  let last: { at: number; value: number } | null = null
  for (let i = 0; i <= 240; i++) {
    const at = (length * i) / 240
    const direction = edge === 'bottom' ? view.invert(at, view.height - 0.5) : view.invert(0.5, at)
    if (!direction) {
      last = null
      continue
    }
    let value = edge === 'bottom' ? direction[0] : direction[1]
    if (last && edge === 'bottom') {
      while (value - last.value > 180) value -= 360
      while (value - last.value < -180) value += 360
    }
    if (last && value !== last.value) {
      const [low, high] = value > last.value ? [last.value, value] : [value, last.value]
      const k = Math.ceil(low / step - 1e-9)
      if (k * step <= high && high - low < 60) {
        const part = (k * step - last.value) / (value - last.value)
        if (part > 1e-9 || i === 1) found.push({ at: last.at + part * (at - last.at), value: k * step })
      }
    }
    last = { at, value }
  }
  return found
}
