/**
 * How long a telescope takes from one field to another: every axis accelerates, cruises and brakes (a trapezium of
 * speed), the axes move at once, the mount settles after the last. Axes take the shorter way round; cable wraps and
 * meridian flips are not known. The sky turns meanwhile: each axis travels the longer of the ways to where the target
 * stands at departure and at arrival, so that a plan holds whichever of the two a mount's own reckoning takes.
 */
import { angleBetween, degreesPerRadian, radiansPerDegree, unitVector } from '#science/sky/vectors.ts'
import type { Vector } from '#science/sky/vectors.ts'
import type { Axis, Field, Observer, Slew } from './model.ts'
import { altitudeRad, azimuthRad, hourAngleRad, placeOf, radiansPerDay, turnAt, wrapped } from './diurnal.ts'
import type { Place, Turn } from './diurnal.ts'

const secondsPerDay = 86_400
const radiansPerSecond = radiansPerDay / secondsPerDay
/** Fields nearer than this are one, degrees. */
const sameDeg = 1e-9

/** Seconds in which an axis turns by `degrees` ≥ 0 from rest to rest: 2 √(x/a), or x/v + v/a once v is reached. */
export function axisSeconds({ rateDegPerS: v, accelerationDegPerS2: a }: Axis, degrees: number): number {
  if (a === undefined) return degrees / v
  return degrees * a < v * v ? 2 * Math.sqrt(degrees / a) : degrees / v + v / a
}

/** Aberration and nutation change the angle between two fields by less, degrees. */
const apparentDeg = 0.012

/**
 * No slew over this angle (between ICRS directions) takes less, s, wherever it points and whenever: of two axes at right
 * angles one turns by at least 1/√2 of it.
 */
export function leastSlewSeconds(slew: Slew, separationDeg: number): number {
  if (separationDeg <= apparentDeg) return 0
  if (slew.mount === 'direct') return slew.settleS + axisSeconds(slew.axis, separationDeg)
  const axes =
    slew.mount === 'equatorial' ? [slew.hourAngle, slew.declination] : [slew.azimuth, slew.altitude]
  const turnDeg = (separationDeg - apparentDeg) / Math.SQRT2
  return slew.settleS + Math.min(...axes.map((axis) => axisSeconds(axis, turnDeg)))
}

export interface Slews {
  /** From field to field (indices), leaving at `mjdUtc`, s, settling included; 0 where there is nothing to move. */
  readonly seconds: (from: number, to: number, mjdUtc: number) => number
  /** All pairs leaving at one time, row `from`, column `to`. */
  readonly matrix: (mjdUtc: number) => Float32Array
}

/** Places of date drift by at most 0.4″ in a day, two fields apart by twice that: two weeks, degrees. */
const twoWeeks = 0.003

/**
 * One slew, s, leaving at `mjdUtc`. For many, slewsBetween: it does the astronomy once per field, not once per slew.
 *
 * @throws Problem time.out_of_range, site.invalid
 */
export function slewSeconds(slew: Slew, observer: Observer, from: Field, to: Field, mjdUtc: number): number {
  return slewer(slew, observer, [from, to], mjdUtc, 0)(0, 1, mjdUtc)
}

/**
 * Slews between fields within two weeks of `mjdUtc`, whose places of date serve for all that time: axes are given 0.003°
 * more to travel, so that none is shorter than slewSeconds says of it. `direct` and `equatorial` mounts give the same at
 * any time.
 *
 * @throws Problem time.out_of_range, site.invalid
 */
export function slewsBetween(
  slew: Slew,
  observer: Observer,
  fields: readonly Pick<Field, 'ra' | 'dec'>[],
  mjdUtc: number,
): Slews {
  const seconds = slewer(slew, observer, fields, mjdUtc, twoWeeks)
  return {
    seconds,
    matrix: (at) => {
      const count = fields.length
      const all = new Float32Array(count * count)
      for (let from = 0; from < count; from++)
        for (let to = 0; to < count; to++) if (from !== to) all[from * count + to] = seconds(from, to, at)
      return all
    },
  }
}

/** `drift`: degrees on the sky that are added to what an axis travels. */
function slewer(
  slew: Slew,
  observer: Observer,
  fields: readonly Pick<Field, 'ra' | 'dec'>[],
  mjdUtc: number,
  drift: number,
): Slews['seconds'] {
  if (slew.mount === 'direct') return direct(slew, fields)
  return slew.mount === 'equatorial'
    ? equatorial(slew, observer, fields, mjdUtc, drift)
    : altazimuth(slew, observer, fields, mjdUtc, drift)
}

type Mounted<M extends Slew['mount']> = Extract<Slew, { mount: M }>

function direct(
  { axis, settleS }: Mounted<'direct'>,
  fields: readonly Pick<Field, 'ra' | 'dec'>[],
): Slews['seconds'] {
  const vectors: readonly Vector[] = fields.map(({ ra, dec }) => unitVector(ra, dec))
  return (from, to) => {
    const travel = angleBetween(vectors[from], vectors[to])
    return travel < sameDeg ? 0 : axisSeconds(axis, travel) + settleS
  }
}

function equatorial(
  { hourAngle, declination, settleS }: Mounted<'equatorial'>,
  observer: Observer,
  fields: readonly Pick<Field, 'ra' | 'dec'>[],
  mjdUtc: number,
  drift: number,
): Slews['seconds'] {
  // Noon, so that all calls of one UTC day agree to the last digit.
  const turn = turnAt(observer, Math.floor(mjdUtc) + 0.5)
  const ofDate = fields.map((field) => placeOf(turn, field))
  return (from, to) => {
    const [a, b] = [fields[from], fields[to]]
    const [p, q] = [ofDate[from], ofDate[to]]
    // Axes stand at the pole of date; catalogue places are what simpler reckonings use. The longer way counts.
    const west = wrapped((a.ra - b.ra) * radiansPerDegree) * degreesPerRadian
    const westOfDate = wrapped(p.raRad - q.raRad) * degreesPerRadian
    const north = Math.max(Math.abs(a.dec - b.dec), Math.abs(p.decRad - q.decRad) * degreesPerRadian)
    const still = Math.max(Math.abs(west), Math.abs(westOfDate))
    if (still < sameDeg && north < sameDeg) return 0
    const around = drift / Math.max(0.01, Math.min(p.cosDec, q.cosDec))
    const time = (turned: number) =>
      Math.max(
        axisSeconds(hourAngle, Math.max(still, Math.abs(westOfDate + turned)) + around),
        axisSeconds(declination, north + drift),
      )
    return arrival(time(0), (s) => time(s * radiansPerSecond * degreesPerRadian)) + settleS
  }
}

function altazimuth(
  { azimuth, altitude, settleS }: Mounted<'altazimuth'>,
  observer: Observer,
  fields: readonly Pick<Field, 'ra' | 'dec'>[],
  mjdUtc: number,
  drift: number,
): Slews['seconds'] {
  const turn = turnAt(observer, mjdUtc)
  const places = fields.map((field) => placeOf(turn, field))
  return (from, to, at) => {
    if (angleOfPlaces(places[from], places[to]) < sameDeg) return 0
    const [azFrom, altFrom] = stand(turn, places[from], at)
    const time = (later: number) => {
      const [az, alt] = stand(turn, places[to], at + later / secondsPerDay)
      const around = drift / Math.max(0.01, Math.min(Math.cos(alt), Math.cos(altFrom)))
      return Math.max(
        axisSeconds(azimuth, Math.abs(wrapped(az - azFrom)) * degreesPerRadian + around),
        axisSeconds(altitude, Math.abs(alt - altFrom) * degreesPerRadian + drift),
      )
    }
    return arrival(time(0), time) + settleS
  }
}

/** Azimuth and altitude, radians. */
function stand(turn: Turn, place: Place, mjdUtc: number): [number, number] {
  const hourAngle = hourAngleRad(turn, place, mjdUtc)
  return [azimuthRad(turn, place, hourAngle), altitudeRad(turn, place, hourAngle)]
}

function angleOfPlaces(a: Place, b: Place): number {
  return a === b ? 0 : angleBetween(a.vector, b.vector)
}

/** The time that brings a mount to where the target is by then; not less than to where it was at departure. */
function arrival(first: number, timeTo: (seconds: number) => number): number {
  let seconds = first
  let longest = first
  // Near the zenith a target may outrun the mount; then the longest that was seen stands.
  for (let i = 0; i < 12; i++) {
    const next = timeTo(seconds)
    const change = Math.abs(next - seconds)
    seconds = next
    if (change < 1e-4) break
    if (i > 5) longest = Math.max(longest, next)
  }
  return Math.max(longest, seconds)
}
