import { separation } from '#science/sky/vectors.ts'
import type { MapSummary } from './localization.ts'
import type { Change, ExternalCoincidence, NoticeType, Position } from './notice.ts'

/** What a comparison of two notices reads: facts of the notice and the summary of its map, where it has one. */
export interface Comparable {
  type: NoticeType | null
  significant: boolean | null
  farHz: number | null
  pAstro: number | null
  instruments: readonly string[]
  classification: Readonly<Record<string, number>>
  properties: Readonly<Record<string, number>>
  position: Position | null
  externalCoincidence: ExternalCoincidence | null
  map: MapSummary | null
}

/**
 * What changed since the notice before, the weightiest first: type, significance, classes, properties, areas,
 * distance, false-alarm rate, position. Differences too small to matter (half a percent of probability, 0.5 % of an
 * area or a distance) are left out.
 */
export function changesBetween(before: Comparable, after: Comparable): Change[] {
  const changes: Change[] = []
  const add = (
    field: string,
    label: string,
    unit: string,
    a: Change['before'],
    b: Change['after'],
    text: string,
    sense: Change['sense'],
  ) => changes.push({ field, label, unit, before: a, after: b, text, sense })

  if (before.type !== after.type && after.type) {
    const sense = after.type === 'retraction' ? 'down' : before.type === 'retraction' ? 'up' : 'neutral'
    add('type', 'Type', '', before.type, after.type, `${before.type ?? 'nothing'} → ${after.type}`, sense)
  }
  // A retraction carries nothing else; what it does not say has not changed.
  if (after.type === 'retraction' || before.type === 'retraction') return changes
  if (before.significant !== after.significant && after.significant !== null && before.significant !== null) {
    const text = after.significant ? 'now significant' : 'no longer significant'
    add(
      'significant',
      'Significant',
      '',
      before.significant,
      after.significant,
      text,
      after.significant ? 'up' : 'down',
    )
  }
  for (const [group, label] of [
    ['classification', 'P'],
    ['properties', ''],
  ] as const) {
    const names = new Set([...Object.keys(before[group]), ...Object.keys(after[group])])
    for (const name of names) {
      const a = before[group][name] ?? null
      const b = after[group][name] ?? null
      if (Math.abs((a ?? 0) - (b ?? 0)) < 0.005) continue
      const title = label ? `${label}(${name})` : name
      const worse = name === 'Terrestrial'
      const up = (b ?? 0) > (a ?? 0) !== worse
      add(`${group}.${name}`, title, '', a, b, `${title} ${percent(a)} → ${percent(b)}`, up ? 'up' : 'down')
    }
  }
  number('area90Deg2', '90 % area', 'deg²', before.map?.area90Deg2, after.map?.area90Deg2, 'smaller')
  number('area50Deg2', '50 % area', 'deg²', before.map?.area50Deg2, after.map?.area50Deg2, 'smaller')
  number(
    'distanceMeanMpc',
    'Distance',
    'Mpc',
    before.map?.distance?.meanMpc,
    after.map?.distance?.meanMpc,
    'smaller',
  )
  if (before.farHz !== null && after.farHz !== null && !near(before.farHz, after.farHz)) {
    const text = `False-alarm rate ${rate(before.farHz)} → ${rate(after.farHz)}`
    add(
      'farHz',
      'False-alarm rate',
      'Hz',
      before.farHz,
      after.farHz,
      text,
      after.farHz < before.farHz ? 'up' : 'down',
    )
  }
  number('pAstro', 'Astrophysical probability', '', before.pAstro, after.pAstro, 'larger')
  position()
  const had = before.instruments.join(', ')
  const has = after.instruments.join(', ')
  if (had !== has && has)
    add('instruments', 'Detectors', '', had, has, `Detectors ${had || 'none'} → ${has}`, 'neutral')
  const old = before.externalCoincidence?.observatory ?? null
  const now = after.externalCoincidence?.observatory ?? null
  if (old !== now) {
    const text = now ? `Coincident with ${now}` : `No longer coincident with ${old}`
    add('externalCoincidence', 'Coincidence', '', old, now, text, now ? 'up' : 'down')
  }
  return changes

  function number(
    field: string,
    label: string,
    unit: string,
    a: number | null | undefined,
    b: number | null | undefined,
    better: 'smaller' | 'larger',
  ): void {
    if (b === null || b === undefined) return
    if (a === null || a === undefined) {
      add(field, label, unit, null, b, `${label} now ${figure(b)} ${unit}`.trimEnd(), 'neutral')
    } else if (!near(a, b)) {
      const sense = b < a === (better === 'smaller') ? 'up' : 'down'
      add(field, label, unit, a, b, `${label} ${figure(a)} → ${figure(b)} ${unit}`.trimEnd(), sense)
    }
  }

  function position(): void {
    const a = before.position
    const b = after.position
    if (!b) return
    if (!a) {
      add('position', 'Position', 'deg', null, place(b), `Position now ${place(b)}`, 'up')
      return
    }
    const moved = separation(a.ra, a.dec, b.ra, b.dec)
    // Within a hundredth of the error a position has not moved.
    if (moved > Math.max(1e-4, 0.01 * (b.errorDeg ?? 0))) {
      add('position', 'Position', 'deg', place(a), place(b), `Position moved by ${angle(moved)}`, 'neutral')
    }
    if (a.errorDeg !== null && b.errorDeg !== null && !near(a.errorDeg, b.errorDeg)) {
      const text = `Error radius ${angle(a.errorDeg)} → ${angle(b.errorDeg)}`
      add(
        'errorDeg',
        'Error radius',
        'deg',
        a.errorDeg,
        b.errorDeg,
        text,
        b.errorDeg < a.errorDeg ? 'up' : 'down',
      )
    }
  }
}

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 0.005 * Math.max(Math.abs(a), Math.abs(b))
const percent = (p: number | null): string =>
  p === null ? 'not given' : `${Number((100 * p).toPrecision(3))} %`
const place = (p: Position): string => `${p.ra.toFixed(4)}, ${p.dec.toFixed(4)}`

/** Four significant digits, without an exponent where it can be helped. */
export function figure(value: number): string {
  if (value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6)) {
    return String(Number(value.toPrecision(4)))
  }
  return value.toExponential(2)
}

/** A distance with its error in the unit that suits it: kpc inside the Local Group, Mpc, Gpc. */
export function distanceText(meanMpc: number, stdMpc: number | null): string {
  const [unit, scale] =
    meanMpc < 0.1 ? (['kpc', 1e3] as const) : meanMpc < 1e4 ? (['Mpc', 1] as const) : (['Gpc', 1e-3] as const)
  return `${figure(meanMpc * scale)} ± ${stdMpc === null ? '?' : figure(stdMpc * scale)} ${unit}`
}

/** An angle in the unit that suits it. */
export function angle(deg: number): string {
  if (deg >= 1) return `${figure(deg)}°`
  return deg >= 1 / 60 ? `${figure(deg * 60)}′` : `${figure(deg * 3600)}″`
}

/** A false-alarm rate as people say it: once per so many years, or per year, or in Hz. */
export function rate(hz: number): string {
  if (hz <= 0) return '0'
  const years = 1 / (hz * 365.25 * 86400)
  if (years >= 1e6) return `1 per ${years.toExponential(1)} yr`
  if (years >= 1) return `1 per ${figure(Number(years.toPrecision(3)))} yr`
  const perYear = 1 / years
  return perYear < 1000 ? `${figure(Number(perYear.toPrecision(3)))} per yr` : `${hz.toExponential(2)} Hz`
}
