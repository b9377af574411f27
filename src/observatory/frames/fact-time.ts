import { Problem } from '#problem.ts'
import { mjdOfDay, parseIso } from '#science/sky/iso.ts'
import { addSeconds, convertTime, mjdOf, moment, momentOfJd } from '#science/sky/time.ts'
import type { Moment, TimeScale } from '#science/sky/time.ts'
import type { Source } from './dialect.ts'
import type { Cards } from './cards.ts'
import { isNothing, type Read } from './fact-values.ts'
import type { FrameKind, FrameTime } from './frame.ts'

/** When a frame was exposed. FITS time paper: Rots et al. 2015, A&A 574, A36. */

const scales: Readonly<Record<string, TimeScale>> = {
  UTC: 'utc',
  UT: 'utc',
  UT1: 'ut1',
  GMT: 'utc',
  TAI: 'tai',
  IAT: 'tai',
  TT: 'tt',
  TDT: 'tt',
  ET: 'tt',
  TDB: 'tdb',
  GPS: 'gps',
}

/** TIMESYS, else what the dialect knows, else UTC as the standard says. */
function scaleOf(cards: Cards, { scale }: Source): string {
  const said = cards.value('TIMESYS')
  if (typeof said === 'string' && said.trim() !== '')
    return scales[said.trim().toUpperCase().split('(')[0]!] ?? said.trim()
  return scale ?? 'utc'
}

interface Instant {
  at: Moment
  text: string
  from: string
}

/**
 * The time that one source says. The middle of the exposure follows where the source marks it, or where it marks an end and
 * the exposure time is known; of a stack it does not follow, as its exposures may lie on several nights.
 */
export function timeOf(
  cards: Cards,
  source: Source,
  exposure: number | null,
  kind: FrameKind | null,
): Read<FrameTime> {
  const found = instantOf(cards, source)
  if ('why' in found || !('at' in found)) return found
  const { at, text, from } = found
  const doubts: string[] = []
  const scale = scaleOf(cards, source)
  const known = scaleNames.has(scale)
  if (!known)
    doubts.push(`TIMESYS = "${scale}" is no time scale that is known here; the time is left as text.`)
  const utc = known ? convertTime(at, scale as TimeScale, 'utc') : null
  const place = placeOf(cards, source, doubts)
  const single = kind !== 'stack' && kind !== 'difference'
  const half = exposure === null ? null : exposure / 2
  let middle: number | null = null
  if (utc !== null && place === 'middle') middle = mjdOf(utc)
  else if (
    utc !== null &&
    half !== null &&
    (place === 'start' || place === 'end') &&
    (single || half === 0)
  ) {
    const tai = addSeconds(convertTime(utc, 'utc', 'tai'), place === 'start' ? half : -half)
    middle = mjdOf(convertTime(tai, 'tai', 'utc'))
  } else if (utc !== null && half === null)
    doubts.push('The middle of the exposure is not known, as the exposure time is not.')
  else if (utc !== null && !single)
    doubts.push(
      `The middle of the exposure is not known: of a ${kind} the start and the exposure time do not say it.`,
    )
  return {
    value: {
      text,
      place,
      scale: known ? (scale === 'ut1' ? 'utc' : (scale as FrameTime['scale'])) : 'unknown',
      mjd: utc === null ? null : mjdOf(utc),
      middle,
    },
    from,
    doubts,
  }
}

const scaleNames: ReadonlySet<string> = new Set(Object.values(scales))

function placeOf(cards: Cards, source: Source, doubts: string[]): FrameTime['place'] {
  if (source.place !== undefined) return source.place
  const comment = cards.comment(source.keyword)
  if (/\bmid(dle|point|-?exp\w*)?\b|\bcent(re|er)\b|\bmean\b/i.test(comment)) return 'middle'
  if (/\bend\b|\bstop\b|\bfinish/i.test(comment)) return 'end'
  if (/\bstart|\bbegin|\bopen/i.test(comment)) return 'start'
  if (/^DATE[-_]?OBS$|^MJD[-_]OBS$/.test(source.keyword) && source.scale === undefined) {
    doubts.push(
      `Nothing says where in the exposure ${source.keyword} lies; its start is taken, as FITS says for such headers.`,
    )
    return 'start'
  }
  doubts.push(`Nothing says where in the exposure ${source.keyword} lies.`)
  return 'unknown'
}

function instantOf(cards: Cards, source: Source): Instant | Read<never> {
  const { keyword, form } = source
  const value = cards.value(keyword)
  if (isNothing(value)) return {}
  const number = cards.number(keyword)
  const text = String(value).trim()
  if (form === 'mjd' || form === 'jd' || (number !== undefined && typeof value !== 'string')) {
    if (number === undefined) return { why: `${keyword} = "${text.slice(0, 40)}" is no number of days.` }
    return daysOf(keyword, number, form)
  }
  if (number !== undefined && /^\d+\.\d+$/.test(text)) return daysOf(keyword, number, undefined)
  const bare = dayOf(text)
  if (bare === undefined && !/\d{4}-?\d{2}-?\d{2}[T ]/.test(text))
    return { why: `${keyword} = "${text.slice(0, 40)}" is no date.` }
  try {
    if (bare === undefined)
      return { at: parseIso(text.replace(/Z?([+-]00:?00)+$/, 'Z')), text, from: keyword }
    for (const clock of source.clock ?? []) {
      const seconds = clockOf(cards.value(clock))
      if (seconds === undefined) continue
      const whole = `${text} ${String(cards.value(clock)).trim()}`
      return { at: moment(bare, seconds / 86_400), text: whole, from: `${keyword}, ${clock}` }
    }
    return { why: `${keyword} = "${text}" is a day without a time.` }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { why: `${keyword} = "${text.slice(0, 40)}" cannot be read as a time.` }
  }
}

function daysOf(keyword: string, days: number, form: Source['form']): Instant | Read<never> {
  const mjd = days > 0 && days < 100_000
  const jd = days > 2_400_000.5 && days < 2_500_000.5
  const text = String(days)
  if (form !== 'jd' && mjd) return { at: moment(days), text, from: keyword }
  if (form !== 'mjd' && jd) return { at: momentOfJd(days), text, from: keyword }
  return { why: `${keyword} = ${days} is no ${form === 'jd' ? 'Julian date' : 'MJD'}.` }
}

/** MJD of a bare date: `2020-08-03`, or `26/10/92` of the years before 2000. */
function dayOf(text: string): number | undefined {
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)?.slice(1).map(Number)
  const old = /^(\d{2})\/(\d{2})\/(\d{2})$/.exec(text)?.slice(1).map(Number)
  const [year, month, day] = iso ?? (old ? [1900 + old[2]!, old[1]!, old[0]!] : [])
  if (year === undefined || month! < 1 || month! > 12 || day! < 1 || day! > 31) return undefined
  return mjdOfDay(year, month!, day!)
}

/** Seconds of the day of `13:41:58.6`, or of a date with a time, of which the time counts. */
function clockOf(value: ReturnType<Cards['value']>): number | undefined {
  const parts = /(?:^|T)(\d{1,2}):(\d{2}):(\d{2}(?:\.\d*)?)\s*Z?$/.exec(
    typeof value === 'string' ? value.trim() : '',
  )
  if (!parts) return undefined
  const seconds = Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3])
  return seconds < 86_401 ? seconds : undefined
}
