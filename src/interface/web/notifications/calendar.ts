import type { Turn } from '#observatory/notifications/shift.ts'

const dayMs = 86_400_000
const hourMs = 3_600_000

/** A part of a turn that falls into one day; hours of that day. */
export interface DayPart {
  turn: Turn
  fromHour: number
  toHour: number
  /** It began the day before, or ends the day after. */
  cut: 'none' | 'start' | 'end' | 'both'
}

export interface Day {
  /** 2026-11-21 */
  date: string
  /** Sat */
  weekday: string
  parts: DayPart[]
}

/** The UTC days from that of a moment on, with the turns in each. */
export function daysOf(turns: readonly Turn[], now: number, count: number): Day[] {
  const first = Math.floor(now / dayMs) * dayMs
  return Array.from({ length: count }, (_, i): Day => {
    const start = first + i * dayMs
    const at = new Date(start).toUTCString()
    const parts = turns.flatMap((turn): DayPart[] => {
      const from = Date.parse(turn.start)
      const to = Date.parse(turn.end)
      if (to <= start || from >= start + dayMs) return []
      const early = from < start
      const late = to > start + dayMs
      return [
        {
          turn,
          fromHour: early ? 0 : (from - start) / hourMs,
          toHour: late ? 24 : (to - start) / hourMs,
          cut: early && late ? 'both' : early ? 'start' : late ? 'end' : 'none',
        },
      ]
    })
    return { date: new Date(start).toISOString().slice(0, 10), weekday: at.slice(0, 3), parts }
  })
}

export const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const
const weekdayWords: Record<string, string> = {
  MO: 'Mon',
  TU: 'Tue',
  WE: 'Wed',
  TH: 'Thu',
  FR: 'Fri',
  SA: 'Sat',
  SU: 'Sun',
}

/** A simple recurrence, as the form offers it; anything else stays the rule that it is. */
export type Repeat =
  { how: 'once' } | { how: 'daily' } | { how: 'weekly'; days: string[] } | { how: 'rule'; rule: string }

export function repeatOf(recurrence: string | null): Repeat {
  if (recurrence === null || recurrence.trim() === '') return { how: 'once' }
  if (recurrence === 'FREQ=DAILY') return { how: 'daily' }
  const days = /^FREQ=WEEKLY;BYDAY=([A-Z,]+)$/.exec(recurrence)?.[1]?.split(',')
  if (days?.every((day) => day in weekdayWords)) return { how: 'weekly', days }
  return { how: 'rule', rule: recurrence }
}

export function recurrenceOf(repeat: Repeat): string | null {
  if (repeat.how === 'once') return null
  if (repeat.how === 'daily') return 'FREQ=DAILY'
  if (repeat.how === 'rule') return repeat.rule.trim() || null
  return `FREQ=WEEKLY;BYDAY=${weekdays.filter((day) => repeat.days.includes(day)).join(',')}`
}

export function repeatWords(recurrence: string | null): string {
  const repeat = repeatOf(recurrence)
  if (repeat.how === 'once') return 'once'
  if (repeat.how === 'daily') return 'every day'
  if (repeat.how === 'rule') return repeat.rule
  return `every ${repeat.days.map((day) => weekdayWords[day]).join(', ')}`
}

export function weekdayWord(day: string): string {
  return weekdayWords[day] ?? day
}

/** A clock time some minutes later, without any zone: 2026-11-21T20:00 and 480 → 2026-11-22T04:00. */
export function laterClock(clock: string, minutes: number): string {
  return new Date(Date.parse(`${clock.slice(0, 16)}:00Z`) + minutes * 60_000).toISOString().slice(0, 16)
}

/** Minutes from one clock time to another; null while one of them is not written out. */
export function minutesBetween(from: string, to: string): number | null {
  const complete = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/
  if (!complete.test(from) || !complete.test(to)) return null
  const minutes = (Date.parse(`${to}:00Z`) - Date.parse(`${from}:00Z`)) / 60_000
  return Number.isFinite(minutes) ? minutes : null
}
