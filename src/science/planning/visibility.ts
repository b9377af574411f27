/**
 * When a field can be observed: every limit of a telescope, to the second and on the safe side. Limits hold for the
 * field's centre, for apparent places (aberration, precession, nutation) without refraction. Declination (ICRS) and
 * galactic latitude are compared as they are; the others are tightened by the margins below, so that a checker whose
 * altitudes differ by up to 0.01° (UT1 neglected is 0.004°) finds no violation at any instant.
 *
 * Altitudes and hour angles of fields follow in closed form; Sun, Moon and horizon by halving with bounds of their rates
 * of change, which overlooks no dip, however short. What halving leaves undecided, at most a second, is lost.
 */
import { altitudeTrack } from '#science/sky/altitude.ts'
import type { AltitudeTrack } from '#science/sky/altitude.ts'
import { icrsToGalactic } from '#science/sky/frames.ts'
import { checkMjd } from '#science/sky/time.ts'
import { degreesPerRadian, radiansPerDegree } from '#science/sky/vectors.ts'
import { horizonLine } from './horizon.ts'
import type { HorizonLine } from './horizon.ts'
import { append, intersection, keepWhere } from './intervals.ts'
import type { Field, Limits, Observer, TelescopeModel, Window } from './model.ts'
import { altitudeRad, azimuthRad, hourAngleRad, placeOf, radiansPerDay, siteOf, turnAt } from './diurnal.ts'
import type { Place, Turn } from './diurnal.ts'

/**
 * Degrees by which limits are tightened. Altitudes and hour angles commonly change by 0.01° in 2 to 4 s. The Moon takes
 * 40 s for 0.006°, twice the greatest difference (9.4″) of its places from astropy's.
 */
const margins = { altitude: 0.01, hourAngle: 0.01, moonAltitude: 0.02, moonSeparation: 0.006 } as const

/**
 * The limit that left nothing. Asked in this order, each of the time that the ones before left: `time` (the span is
 * empty), `sun`, `moon altitude`, `declination`, `galactic latitude`, `altitude` (or `airmass` where that is the
 * stricter), `hour angle`, `horizon`, `moon` (its separation).
 */
const lostTo = [
  'time',
  'sun',
  'moon altitude',
  'declination',
  'galactic latitude',
  'altitude',
  'airmass',
  'hour angle',
  'horizon',
  'moon',
] as const
export type LostTo = (typeof lostTo)[number]

export interface FieldWindows {
  readonly windows: Window[]
  /** Null where a window is left. */
  readonly lost: LostTo | null
}

const second = 1 / 86_400
/** Bounds of motion against the stars, degrees per day: the Sun; the Moon with its parallax. */
const sunMotion = 1.1
const moonMotion = 24
const degreesPerTurn = 360.99

/**
 * The Sun below its limit and the Moon not above its own.
 *
 * @throws Problem time.out_of_range, site.invalid
 */
export function darkWindows(observer: Observer, limits: Limits, start: number, end: number): Window[] {
  return darkness(observer, limits, start, end).dark
}

interface Darkness {
  readonly night: Window[]
  readonly dark: Window[]
  /** Null where no limit asks for the Moon. */
  readonly moon: AltitudeTrack | null
}

function darkness(observer: Observer, limits: Limits, start: number, end: number): Darkness {
  checkMjd(start, 'start of the span')
  checkMjd(end, 'end of the span')
  if (!(end > start)) return { night: [], dark: [], moon: null }
  const span = [{ start, end }]
  const { sunAltitudeMaxDeg, moonAltitudeMaxDeg, moonSeparationMinDeg } = limits
  let night = span
  if (sunAltitudeMaxDeg < 90) {
    const sun = altitudeTrack('Sun', siteOf(observer), start, end)
    night = below(observer, sun, sunAltitudeMaxDeg - margins.altitude, sunMotion, span)
  }
  if (moonAltitudeMaxDeg === undefined && moonSeparationMinDeg === undefined)
    return { night, dark: night, moon: null }
  const moon = altitudeTrack('Moon', siteOf(observer), start, end)
  const dark =
    moonAltitudeMaxDeg === undefined || moonAltitudeMaxDeg >= 90
      ? night
      : below(observer, moon, moonAltitudeMaxDeg - margins.moonAltitude, moonMotion, night)
  return { night, dark, moon }
}

/** Parts of windows where a body is lower than `level`, both known to the rate that site and body allow. */
function below(
  observer: Observer,
  track: AltitudeTrack,
  level: number,
  motion: number,
  windows: readonly Window[],
): Window[] {
  const rate = degreesPerTurn * Math.cos(observer.latitude * radiansPerDegree) + motion
  return keepWhere(
    windows,
    (a, b) => {
      const altitude = track.altitude((a + b) / 2)
      const reach = (rate * (b - a)) / 2
      return altitude + reach < level ? 1 : altitude - reach > level ? -1 : 0
    },
    second / 2,
  )
}

/** A part of the span short enough for one Turn. */
interface Day {
  readonly turn: Turn
  readonly dark: Window[]
  /** Of these, when the Moon is not surely down; empty where no limit asks. */
  readonly moonUp: Window[]
}

interface Prepared {
  readonly days: readonly Day[]
  readonly night: readonly Window[]
  readonly dark: readonly Window[]
  readonly moon: AltitudeTrack | null
  readonly lowDeg: number
  readonly lowName: 'altitude' | 'airmass'
  readonly highDeg: number
  readonly horizon: HorizonLine | null
}

function prepare({ observer, limits }: TelescopeModel, start: number, end: number): Prepared {
  const { night, dark, moon } = darkness(observer, limits, start, end)
  const { moonSeparationMinDeg, airmassMax, altitudeMinDeg, altitudeMaxDeg = 90, horizon = [] } = limits
  const up =
    moon && moonSeparationMinDeg !== undefined && moonSeparationMinDeg > 0
      ? complement(below(observer, moon, -margins.moonAltitude, moonMotion, dark), dark)
      : []
  const count = Math.max(1, Math.ceil(end - start))
  const days: Day[] = []
  for (let i = 0; i < count && dark.length > 0; i++) {
    const part = [
      { start: start + ((end - start) * i) / count, end: start + ((end - start) * (i + 1)) / count },
    ]
    const within = intersection(dark, part)
    if (within.length === 0) continue
    // In the middle of what is dark: nearer to it than the middle of a day may be.
    const middle = (within[0].start + within[within.length - 1].end) / 2
    days.push({ turn: turnAt(observer, middle), dark: within, moonUp: intersection(up, part) })
  }
  const airmassDeg =
    airmassMax === undefined
      ? -90
      : airmassMax >= 1
        ? Math.asin(1 / airmassMax) * degreesPerRadian
        : Number.POSITIVE_INFINITY
  const lowDeg = Math.max(altitudeMinDeg, airmassDeg)
  return {
    days,
    night,
    dark,
    moon,
    lowDeg: lowDeg > -90 ? lowDeg + margins.altitude : -90,
    lowName: airmassDeg > altitudeMinDeg ? 'airmass' : 'altitude',
    highDeg: altitudeMaxDeg < 90 ? altitudeMaxDeg - margins.altitude : 90,
    horizon: horizonLine(horizon),
  }
}

/** What of `whole` is not in `parts`, which lie in it. */
function complement(parts: readonly Window[], whole: readonly Window[]): Window[] {
  const rest: Window[] = []
  for (const { start, end } of whole) {
    let from = start
    for (const part of parts) {
      if (part.end <= start || part.start >= end) continue
      append(rest, from, part.start)
      from = part.end
    }
    append(rest, from, end)
  }
  return rest
}

/**
 * When a field, or each of many, keeps every limit of a telescope; sorted, apart, within the span. The Moon counts as up
 * while its centre, as seen from the site and without refraction, is above the horizon. Work that fields share (Sun,
 * Moon, the Earth's turn) is done once: give all fields of a telescope in one call. A telescope in space has no limits
 * of this kind; do not ask.
 *
 * @throws Problem time.out_of_range, site.invalid
 */
export function fieldWindows(model: TelescopeModel, field: Field, span: Window): FieldWindows
export function fieldWindows(model: TelescopeModel, fields: readonly Field[], span: Window): FieldWindows[]
export function fieldWindows(
  model: TelescopeModel,
  asked: Field | readonly Field[],
  span: Window,
): FieldWindows | FieldWindows[] {
  const prepared = prepare(model, span.start, span.end)
  const none: LostTo | null = !(span.end > span.start)
    ? 'time'
    : prepared.night.length === 0
      ? 'sun'
      : prepared.dark.length === 0
        ? 'moon altitude'
        : null
  const one = (field: Field): FieldWindows =>
    none ? { windows: [], lost: none } : windowsOf(field, model.limits, prepared)
  return 'ra' in asked ? one(asked) : asked.map(one)
}

function windowsOf(field: Field, limits: Limits, prepared: Prepared): FieldWindows {
  const { decMinDeg = -90, decMaxDeg = 90, galacticLatitudeMinDeg = 0 } = limits
  if (!(field.dec >= decMinDeg && field.dec <= decMaxDeg)) return { windows: [], lost: 'declination' }
  if (
    galacticLatitudeMinDeg > 0 &&
    Math.abs(icrsToGalactic(field.ra, field.dec)[1]) < galacticLatitudeMinDeg + 1e-6
  )
    return { windows: [], lost: 'galactic latitude' }
  const windows: Window[] = []
  let lost: LostTo = prepared.lowName
  const farther = (stage: LostTo) => {
    if (lostTo.indexOf(stage) > lostTo.indexOf(lost)) lost = stage
  }
  for (const day of prepared.days) {
    const place = placeOf(day.turn, field)
    const high = highEnough(day.turn, place, prepared.lowDeg, prepared.highDeg)
    let left = intersection(timesOf(day, place, high), day.dark)
    if (left.length === 0) continue
    if (limits.hourAngleMinHours !== undefined || limits.hourAngleMaxHours !== undefined) {
      left = intersection(left, timesOf(day, place, withinHourAngles(place, limits)))
      if (left.length === 0) {
        farther('hour angle')
        continue
      }
    }
    if (prepared.horizon) {
      left = aboveHorizon(day.turn, place, prepared.horizon, left)
      if (left.length === 0) {
        farther('horizon')
        continue
      }
    }
    if (prepared.moon && day.moonUp.length > 0) {
      left = farFromMoon(place, prepared.moon, limits.moonSeparationMinDeg ?? 0, day.moonUp, left)
      if (left.length === 0) {
        farther('moon')
        continue
      }
    }
    for (const { start, end } of left) append(windows, start, end)
  }
  return { windows, lost: windows.length > 0 ? null : lost }
}

type HourAngles = readonly (readonly [from: number, to: number])[]

/** Hour angles at which a direction is between two altitudes. */
function highEnough(turn: Turn, place: Place, lowDeg: number, highDeg: number): HourAngles {
  const low = halfArc(turn, place, lowDeg)
  if (low === null) return []
  const high = highDeg < 90 ? halfArc(turn, place, highDeg) : null
  if (high === null) return [[-low, low]]
  if (high >= low) return []
  return [
    [-low, -high],
    [high, low],
  ]
}

/** Hour angle at which a direction sinks to an altitude: π where it is always higher, null where it never is. */
function halfArc({ sinLat, cosLat }: Turn, { sinDec, cosDec }: Place, altitudeDeg: number): number | null {
  if (altitudeDeg <= -90) return Math.PI
  if (!(altitudeDeg <= 90)) return null
  const above = Math.sin(altitudeDeg * radiansPerDegree) - sinLat * sinDec
  const swing = cosLat * cosDec
  if (above >= swing) return null
  return above <= -swing ? Math.PI : Math.acos(above / swing)
}

function withinHourAngles({ cosDec }: Place, limits: Limits): HourAngles {
  const { hourAngleMinHours = -12, hourAngleMaxHours = 12 } = limits
  // Near the pole what is small on the sky (aberration left out by a checker) is large in hour angle.
  const margin = margins.hourAngle / Math.max(cosDec, 1e-3)
  const from = hourAngleMinHours > -12 ? (hourAngleMinHours * 15 + margin) * radiansPerDegree : -Math.PI
  const to = hourAngleMaxHours < 12 ? (hourAngleMaxHours * 15 - margin) * radiansPerDegree : Math.PI
  return from < to ? [[from, to]] : []
}

/** Times of a day at which a direction has these hour angles. */
function timesOf({ turn, dark }: Day, place: Place, hourAngles: HourAngles): Window[] {
  const times: Window[] = []
  if (hourAngles.length === 0) return times
  const first = dark[0].start
  const last = dark[dark.length - 1].end
  const base = turn.siderealRad - place.raRad
  // The sky's turns, counted from hour angle −π, that the day touches.
  const from = Math.floor((base + radiansPerDay * (first - turn.mjdUtc) + Math.PI) / (2 * Math.PI))
  const to = Math.floor((base + radiansPerDay * (last - turn.mjdUtc) + Math.PI) / (2 * Math.PI))
  for (let k = from; k <= to; k++)
    for (const [start, end] of hourAngles)
      append(
        times,
        turn.mjdUtc + (start - base + 2 * Math.PI * k) / radiansPerDay,
        turn.mjdUtc + (end - base + 2 * Math.PI * k) / radiansPerDay,
      )
  return times
}

/** Parts of windows in which a direction stands above the horizon line, wherever within 0.01° of its place it is. */
function aboveHorizon(turn: Turn, place: Place, line: HorizonLine, windows: readonly Window[]): Window[] {
  const { cosDec } = place
  const steepest = Math.min(turn.cosLat, cosDec)
  return keepWhere(
    windows,
    (a, b) => {
      const hourAngle = hourAngleRad(turn, place, (a + b) / 2)
      const half = (radiansPerDay * (b - a)) / 2
      const altitude = altitudeRad(turn, place, hourAngle) * degreesPerRadian
      const reach = half * steepest * degreesPerRadian + margins.altitude
      if (altitude - reach > line.highest) return 1
      if (altitude + reach < line.lowest) return -1
      const cosHighest = Math.cos(Math.min(89.9, Math.abs(altitude) + reach) * radiansPerDegree)
      const sideways = (half * cosDec * degreesPerRadian + margins.altitude) / cosHighest
      const azimuth = azimuthRad(turn, place, hourAngle) * degreesPerRadian
      const [lowest, highest] = line.range(azimuth - sideways, azimuth + sideways)
      return altitude - reach > highest ? 1 : altitude + reach < lowest ? -1 : 0
    },
    second,
  )
}

/** Parts of windows in which the Moon is down or far enough. */
function farFromMoon(
  place: Place,
  moon: AltitudeTrack,
  separationDeg: number,
  up: readonly Window[],
  windows: readonly Window[],
): Window[] {
  const level = separationDeg + margins.moonSeparation
  const [x, y, z] = place.vector
  return keepWhere(
    windows,
    (a, b) => {
      // Only while the Moon is up: what lies outside is clear, what straddles is cut first.
      const over = up.find((window) => window.end > a && window.start < b)
      if (!over) return 1
      const [mx, my, mz] = moon.vector((a + b) / 2)
      const cosine = (x * mx + y * my + z * mz) / Math.sqrt(mx * mx + my * my + mz * mz)
      const separation = Math.acos(Math.max(-1, Math.min(1, cosine))) * degreesPerRadian
      const reach = (moonMotion * (b - a)) / 2
      if (separation - reach > level) return 1
      return separation + reach < level && over.start <= a && over.end >= b ? -1 : 0
    },
    second,
  )
}

/** Windows in which a visit of so many seconds fits. */
export function visitWindows(windows: readonly Window[], visitSeconds: number): Window[] {
  // A microsecond for the rounding of an MJD.
  return windows.filter(({ start, end }) => (end - start) * 86_400 >= visitSeconds + 1e-6)
}
