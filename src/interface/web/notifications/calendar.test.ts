import { expect, it } from 'vitest'
import type { Turn } from '#observatory/notifications/shift.ts'
import { daysOf, laterClock, minutesBetween, recurrenceOf, repeatOf, repeatWords } from './calendar.ts'

const turn = (start: string, end: string): Turn => ({
  shiftId: '1',
  title: 'Night',
  people: [],
  unmatched: [],
  start,
  end,
})

it('cuts turns at midnight UTC, each part into its day', () => {
  const days = daysOf(
    [turn('2026-11-21T20:00:00Z', '2026-11-22T04:30:00Z')],
    Date.parse('2026-11-21T23:00:00Z'),
    3,
  )
  expect(days.map(({ date, weekday, parts }) => [date, weekday, parts.length])).toEqual([
    ['2026-11-21', 'Sat', 1],
    ['2026-11-22', 'Sun', 1],
    ['2026-11-23', 'Mon', 0],
  ])
  expect(days[0]!.parts[0]).toMatchObject({ fromHour: 20, toHour: 24, cut: 'end' })
  expect(days[1]!.parts[0]).toMatchObject({ fromHour: 0, toHour: 4.5, cut: 'start' })
})

it.each([
  [null, 'once'],
  ['FREQ=DAILY', 'every day'],
  ['FREQ=WEEKLY;BYDAY=MO,TU', 'every Mon, Tue'],
  ['FREQ=MONTHLY;BYDAY=1SA', 'FREQ=MONTHLY;BYDAY=1SA'],
])('%s is said as "%s" and written back as it was', (recurrence, words) => {
  expect(repeatWords(recurrence)).toBe(words)
  expect(recurrenceOf(repeatOf(recurrence))).toBe(recurrence)
})

it('adds minutes to a clock on the wall', () => {
  expect(laterClock('2026-11-21T20:00:00', 480)).toBe('2026-11-22T04:00')
  expect(minutesBetween('2026-11-21T20:00', '2026-11-22T04:00')).toBe(480)
  expect(minutesBetween('2026-11-21T20:0', '2026-11-22T04:00')).toBeNull()
  expect(minutesBetween('2026-13-41T20:00', '2026-11-22T04:00')).toBeNull()
})
