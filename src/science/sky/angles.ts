/**
 * Angles and directions as text. Reading is generous where the meaning is clear and refuses where it is not; what is
 * refused is named. Writing rounds once, at the last digit printed, and carries, so that 60 is never printed.
 */
import { Problem } from '#problem.ts'
import { minusSigns, readAngle, sexagesimalValue, splitDirection, tokenize } from './angle-text.ts'
import type { AngleUnit, Reading } from './angle-text.ts'

export interface Direction {
  /** Right ascension, degrees in [0, 360), ICRS unless said otherwise. */
  ra: number
  /** Declination, degrees in [−90, 90]. */
  dec: number
}

const frameName = /(?<=^|\s)\(?(?:J2000(?:\.0)?|ICRS|FK5)[),;]?(?=\s|$)/gi

/** Degrees moved into [0, 360). */
export function normalizeDegrees(degrees: number): number {
  const turned = degrees % 360
  const positive = turned < 0 ? turned + 360 : turned
  // A tiny negative angle plus 360 rounds to 360 itself.
  return positive >= 360 || positive === 0 ? 0 : positive
}

/** Degrees moved into [−180, 180). */
export function normalizeDegreesSigned(degrees: number): number {
  const positive = normalizeDegrees(degrees)
  return positive >= 180 ? positive - 360 : positive
}

/**
 * One angle in degrees: `12.5`, `−33.1°`, `12d30m15s`, `12°30′15″`, `3h20m`, `30′`, `5 arcsec`, `0.2 rad`, `12:30:15`.
 * Text that names no unit is in `unit` (degrees unless stated).
 *
 * @throws Problem angle.unreadable
 */
export function parseAngle(text: string, unit: AngleUnit = 'degrees'): number {
  const tokens = tokenize(text)
  const reading = readAngle(tokens, text)
  return (reading.unit ?? unit) === 'hours' ? hoursToDegrees(reading.value) : reading.value
}

/**
 * A right ascension on its own, degrees in [0, 360). A decimal number is in degrees; sexagesimal needs its unit
 * (`12h34m56s`, `188d44m`), because `12:34:56` may be hours or degrees, unless its first field is 24 or more.
 *
 * @throws Problem angle.unreadable, angle.ambiguous, angle.out_of_range
 */
export function parseRightAscension(text: string): number {
  return rightAscension(readAngle(tokenize(text), text), false)
}

/**
 * A declination (or any latitude) on its own, degrees in [−90, 90]; sexagesimal is in degrees.
 *
 * @throws Problem angle.unreadable, angle.out_of_range
 */
export function parseDeclination(text: string): number {
  return declination(readAngle(tokenize(text), text))
}

/**
 * A direction: `12.5 −33.1`, `12h34m56.7s +01d02m03s`, `12:34:56.7 +01:02:03`, `12 34 56.7 +01 02 03`,
 * `J123456.7+010203` (with or without a survey's name before it), with degree and prime signs, with labels
 * (`RA 12.5, Dec −33`), in brackets, or with `J2000` or `ICRS` beside it (the two agree to 30 mas).
 * Sexagesimal without units is hours and degrees only where both coordinates are written so; `12:34:56 33.1` is
 * refused, as nobody can tell whether 12:34:56 are hours.
 *
 * @throws Problem angle.unreadable, angle.ambiguous, angle.out_of_range
 */
export function parseDirection(text: string): Direction {
  const designation = parseDesignation(text)
  if (designation) return designation
  const bare = text.replaceAll(frameName, ' ').replaceAll(/^\s*[([]|[)\]]\s*$/g, '')
  const tokens = tokenize(bare, text)
  const [raTokens, decTokens] = splitDirection(tokens, text)
  const ra = readAngle(raTokens, text)
  const dec = readAngle(decTokens, text)
  if (dec.unit === 'hours')
    throw new Problem(
      'angle.unreadable',
      `The declination "${dec.text}" in "${text.trim()}" is in hours; write it in degrees.`,
      { text, part: dec.text },
    )
  // Both coordinates sexagesimal, with seconds or colons or a sign: the way everybody writes hours and degrees.
  const pair = ra.fields > 1 && dec.fields > 1 && dec.unit === undefined
  const clear = pair && (ra.fields === 3 || ra.colons || decTokens[0].sign !== '')
  return { ra: rightAscension(ra, clear), dec: declination(dec) }
}

/** By way of seconds, so that the digits written come back: 12h34m56.7s is 188.73625. */
function hoursToDegrees(hours: number): number {
  return (hours * 3600 * 15) / 3600
}

function rightAscension(reading: Reading, hoursAreClear: boolean): number {
  const { value, unit, fields, text } = reading
  let degrees = unit === 'hours' ? hoursToDegrees(value) : value
  if (unit === undefined && fields > 1 && value < 24) {
    // A negative one is no right ascension in hours that anybody writes: an hour angle, or degrees.
    if (!hoursAreClear || value < 0)
      throw new Problem(
        'angle.ambiguous',
        `The right ascension "${text}" may be hours or degrees; write hours as 12h34m56s, degrees as 12d34m56s or decimal.`,
        { text },
      )
    degrees = hoursToDegrees(value)
  }
  if (degrees < -180 || degrees > 360)
    throw new Problem(
      'angle.out_of_range',
      `The right ascension "${text}" is outside 0 to 360 degrees (24 hours).`,
      {
        text,
        degrees,
      },
    )
  return normalizeDegrees(degrees)
}

function declination({ value, unit, text }: Reading): number {
  if (unit === 'hours')
    throw new Problem('angle.unreadable', `The declination "${text}" is in hours; write it in degrees.`, {
      text,
    })
  if (Math.abs(value) > 90)
    throw new Problem(
      'angle.out_of_range',
      `The declination "${text}" is outside −90 to +90 degrees; is the order right ascension, declination?`,
      { text, degrees: value },
    )
  return value
}

/** `J123456.7+010203` and `SDSS J1234.5-0102` to the corner that the truncated digits name; undefined if it is none. */
function parseDesignation(text: string): Direction | undefined {
  const plain = text.replaceAll(minusSigns, '-')
  const match = /^\s*(?:[a-z][\w+.-]*\s+)?([JB])(\d{4,6}(?:\.\d+)?)([+-])(\d{4,6}(?:\.\d+)?)[a-z]?\s*$/i.exec(
    plain,
  )
  if (!match) return undefined
  const [, letter, ra, sign, dec] = match
  if (letter === 'B' || letter === 'b')
    throw new Problem(
      'angle.unreadable',
      `The designation "${text.trim()}" is for equinox B1950; give the J2000 or ICRS position.`,
      { text },
    )
  const field = (digits: string): Reading => {
    const whole = digits.split('.')[0]
    if (whole.length === 5)
      throw new Problem(
        'angle.unreadable',
        `"${digits}" in "${text.trim()}" has five digits before the point; four or six are needed.`,
        { text, part: digits },
      )
    const parts = [
      digits.slice(0, 2),
      ...(whole.length === 6 ? [digits.slice(2, 4), digits.slice(4)] : [digits.slice(2)]),
    ]
    return sexagesimalValue(
      parts.map((part) => Number(part)),
      digits,
      text,
    )
  }
  const raReading = field(ra)
  const decReading = field(dec)
  return {
    ra: rightAscension({ ...raReading, unit: 'hours' }, true),
    dec: declination({ ...decReading, value: sign === '-' ? -decReading.value : decReading.value }),
  }
}

export interface SexagesimalStyle {
  /** Digits after the point of the seconds; default 1 for declination, 2 for right ascension. */
  digits?: number
  /** `12:34:56.7` (default), `12h34m56.7s` / `+01d02m03s`, `12°34′56.7″`, or `12 34 56.7`. */
  style?: 'colons' | 'letters' | 'signs' | 'spaces'
}

const marks = {
  hours: { colons: [':', ':', ''], letters: ['h', 'm', 's'], signs: ['ʰ', 'ᵐ', 'ˢ'], spaces: [' ', ' ', ''] },
  degrees: {
    colons: [':', ':', ''],
    letters: ['d', 'm', 's'],
    signs: ['°', '′', '″'],
    spaces: [' ', ' ', ''],
  },
}

/** Right ascension in hours: `12:34:56.70`; 23:59:59.999 rounds to 00:00:00.00. */
export function formatRa(degrees: number, { digits = 2, style = 'colons' }: SexagesimalStyle = {}): string {
  finite(degrees)
  const units = Math.round(normalizeDegrees(degrees) * 240 * 10 ** digits) % (86_400 * 10 ** digits)
  return fields(units, digits, marks.hours[style])
}

/** Declination or latitude, always signed: `+01:02:03.0`. */
export function formatDec(degrees: number, { digits = 1, style = 'colons' }: SexagesimalStyle = {}): string {
  return formatSexagesimal(degrees, { digits, style, signed: true })
}

/** Any angle in degrees, minutes and seconds of arc; not normalised. A value that rounds to zero carries no minus. */
export function formatSexagesimal(
  degrees: number,
  { digits = 1, style = 'colons', signed = false }: SexagesimalStyle & { signed?: boolean } = {},
): string {
  finite(degrees)
  const units = Math.round(Math.abs(degrees) * 3600 * 10 ** digits)
  const sign = degrees < 0 && units > 0 ? '-' : signed ? '+' : ''
  return sign + fields(units, digits, marks.degrees[style])
}

/** A direction with one digit more in right ascension than in declination (`digits`). */
export function formatDirection(
  ra: number,
  dec: number,
  { digits = 1, style = 'colons' }: SexagesimalStyle = {},
): string {
  return `${formatRa(ra, { digits: digits + 1, style })} ${formatDec(dec, { digits, style })}`
}

/** Decimal degrees with fixed digits (default 5: 36 mas); never `-0.00000`. */
export function formatDegrees(degrees: number, digits: number = 5): string {
  finite(degrees)
  const text = degrees.toFixed(digits)
  return Number(text) === 0 && text.startsWith('-') ? text.slice(1) : text
}

/**
 * IAU designation `J123456.7+010203`: truncated, never rounded, so that a name stays when digits are added.
 * `digits` belong to the right ascension's seconds; the declination has one less. A direction at which a double's
 * noise (1e-6 of the last digit) decides counts as the digit it was written with.
 */
export function iauDesignation(ra: number, dec: number, { digits = 1, prefix = '' } = {}): string {
  finite(ra)
  finite(dec)
  const decDigits = Math.max(0, digits - 1)
  const cut = (value: number) => Math.floor(value + 1e-6)
  const raUnits = cut(normalizeDegrees(ra) * 240 * 10 ** digits) % (86_400 * 10 ** digits)
  const decUnits = cut(Math.abs(dec) * 3600 * 10 ** decDigits)
  const bare = ['', '', '']
  return `${prefix && `${prefix} `}J${fields(raUnits, digits, bare)}${dec < 0 ? '-' : '+'}${fields(decUnits, decDigits, bare)}`
}

/** Whole units of the last digit → three fields. */
function fields(
  units: number,
  digits: number,
  [afterFirst, afterSecond, afterThird]: readonly string[],
): string {
  const scale = 10 ** digits
  const whole = Math.floor(units / scale)
  const two = (n: number) => String(n).padStart(2, '0')
  const point = digits > 0 ? `.${String(units % scale).padStart(digits, '0')}` : ''
  return `${two(Math.floor(whole / 3600))}${afterFirst}${two(Math.floor(whole / 60) % 60)}${afterSecond}${two(whole % 60)}${point}${afterThird}`
}

function finite(degrees: number): void {
  if (!Number.isFinite(degrees))
    throw new Problem(
      'angle.out_of_range',
      `The angle ${degrees} is not a finite number and cannot be written.`,
    )
}
