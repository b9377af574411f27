import { expect, it } from 'vitest'
import { readCalendar } from './calendar.ts'
import { occurrences } from './occurrences.ts'

const calendar = (...lines: string[]): string =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'X-WR-CALNAME:Night watch', ...lines, 'END:VCALENDAR', ''].join('\r\n')
const event = (uid: string, ...lines: string[]): string[] => [
  'BEGIN:VEVENT',
  `UID:${uid}`,
  `SUMMARY:${uid}`,
  ...lines,
  'END:VEVENT',
]
const starts = (text: string, since = '2026-01-01T00:00:00Z', until = '2027-01-01T00:00:00Z'): string[][] =>
  readCalendar(text).shifts.map((shift) =>
    occurrences(shift, new Date(since), new Date(until)).map(
      ({ start, end }) =>
        `${start.toISOString().slice(0, 16)}/${(end.getTime() - start.getTime()) / 3_600_000}`,
    ),
  )

it('a weekly night across the end of summer time keeps its clock times; EXDATE and UNTIL in UTC count', () => {
  const text = calendar(
    ...event(
      'night',
      'DTSTART;TZID=Europe/Paris:20261010T200000',
      'DTEND;TZID=Europe/Paris:20261011T080000',
      'RRULE:FREQ=WEEKLY;BYDAY=SA;UNTIL=20261107T190000Z',
      'EXDATE;TZID=Europe/Paris:20261017T200000',
      'ATTENDEE;CN=Ada;PARTSTAT=ACCEPTED:mailto:Ada@Example.org',
      'ATTENDEE;PARTSTAT=DECLINED:mailto:bob@example.org',
    ),
  )
  expect(readCalendar(text)).toMatchObject({
    name: 'Night watch',
    shifts: [{ attendees: ['ada@example.org'], zone: 'Europe/Paris' }],
  })
  // The night of 24 October lasts 13 hours.
  expect(starts(text)).toEqual([
    ['2026-10-10T18:00/12', '2026-10-24T18:00/13', '2026-10-31T19:00/12', '2026-11-07T19:00/12'],
  ])
})

it('DURATION in hours is elapsed time; UTC, prefixed and Windows zones; EXDATE in UTC', () => {
  expect(
    starts(
      calendar(
        ...event(
          'exact',
          'DTSTART;TZID=Romance Standard Time:20261024T200000',
          'DURATION:PT12H',
          'RRULE:FREQ=DAILY;COUNT=3',
          'EXDATE:20261025T190000Z',
        ),
        ...event('utc', 'DTSTART:20261024T200000Z', 'DTEND:20261025T060000Z'),
        ...event(
          'prefixed',
          'DTSTART;TZID=/freeassociation.sourceforge.net/America/Santiago:20260601T200000',
          'DTEND;TZID=/freeassociation.sourceforge.net/America/Santiago:20260601T220000',
        ),
        ...event('day', 'DTSTART;VALUE=DATE:20260601'),
      ),
    ),
  ).toEqual([
    ['2026-10-24T18:00/12', '2026-10-26T19:00/12'],
    ['2026-10-24T20:00/10'],
    ['2026-06-02T00:00/2'],
    ['2026-06-01T00:00/24'],
  ])
})

it('a single time that was moved, one that was cancelled, and added ones', () => {
  expect(
    starts(
      calendar(
        ...event('w', 'DTSTART:20260601T200000Z', 'DTEND:20260601T220000Z', 'RRULE:FREQ=DAILY;COUNT=4'),
        ...event('w', 'RECURRENCE-ID:20260602T200000Z', 'DTSTART:20260602T210000Z', 'DTEND:20260602T230000Z'),
        ...event(
          'w',
          'RECURRENCE-ID:20260603T200000Z',
          'STATUS:CANCELLED',
          'DTSTART:20260603T200000Z',
          'DTEND:20260603T220000Z',
        ),
        ...event('a', 'DTSTART:20260701T200000Z', 'DTEND:20260701T210000Z', 'RDATE:20260703T200000Z'),
      ),
    ),
  ).toEqual([
    ['2026-06-01T20:00/2', '2026-06-04T20:00/2'],
    ['2026-07-01T20:00/1', '2026-07-03T20:00/1'],
    ['2026-06-02T21:00/2'],
  ])
})

it('what can’t be taken is refused with line and reason, and the rest is taken', () => {
  const text = calendar(
    ...event('good', 'DTSTART:20260601T200000Z', 'DTEND:20260601T220000Z'),
    ...event('zone', 'DTSTART;TZID=Mars/Base One:20260601T200000', 'DURATION:PT1H'),
    ...event('backwards', 'DTSTART:20260601T200000Z', 'DTEND:20260601T190000Z'),
    ...event('often', 'DTSTART:20260601T200000Z', 'DURATION:PT1M', 'RRULE:FREQ=MINUTELY'),
  )
  const { shifts, refused } = readCalendar(text)
  expect(shifts.map((shift) => shift.title)).toEqual(['good'])
  expect(refused).toMatchObject([
    { line: 10, title: 'zone', reason: expect.stringMatching(/"Mars\/Base One" is not known/) as string },
    { line: 16, title: 'backwards', reason: expect.stringMatching(/does not end after/) as string },
    { line: 22, title: 'often', reason: expect.stringMatching(/more often than hourly/) as string },
  ])
  expect(() => readCalendar('BEGIN:VCALENDAR\r\nnonsense\r\nEND:VCALENDAR')).toThrow(/Line 2 of the calendar/)
  expect(() => readCalendar('hello: world')).toThrow(/calendar/)
})

it('an event that the reader chokes on is refused by itself, with its line; a mark at the beginning is none', () => {
  const good = event('good', 'DTSTART:20261121T200000Z', 'DTEND:20261122T060000Z')
  const { shifts, refused } = readCalendar(
    `\uFEFF${calendar(
      ...event(
        'week 60',
        'DTSTART:20261121T200000Z',
        'DTEND:20261122T060000Z',
        'RRULE:FREQ=YEARLY;BYWEEKNO=60',
      ),
      ...good,
      ...good.slice(0, -1),
      'RECURRENCE-ID:gibberish',
      'END:VEVENT',
      ...event('nowhere', 'DTSTART;TZID=constructor:20261121T200000', 'DTEND:20261122T060000Z'),
    )}`,
  )
  expect(shifts.map(({ uid }) => uid)).toEqual(['good'])
  expect(refused).toEqual([
    { line: 4, title: 'week 60', reason: expect.stringMatching(/BYWEEKNO/) },
    { line: 17, title: 'good', reason: expect.any(String) },
    { line: 24, title: 'nowhere', reason: expect.stringMatching(/time zone "constructor" is not known/) },
  ])
})

it('times without a zone are of the zone that the calendar names', () => {
  const lines = ['DTSTART:20261121T200000', 'DTEND:20261122T060000']
  expect(starts(calendar('X-WR-TIMEZONE:America/Santiago', ...event('a', ...lines)))).toEqual([
    ['2026-11-21T23:00/10'],
  ])
  expect(starts(calendar('X-WR-TIMEZONE:nowhere', ...event('a', ...lines)))).toEqual([
    ['2026-11-21T20:00/10'],
  ])
  expect(
    starts(calendar('X-WR-TIMEZONE:America/Santiago', ...event('a', ...lines.map((each) => `${each}Z`)))),
  ).toEqual([['2026-11-21T20:00/10']])
})

it('recurrences that never take place or come by the minute, and endless lists, are refused', () => {
  const shift = (...lines: string[]) =>
    readCalendar(calendar(...event('a', 'DTSTART:20261121T200000Z', 'DTEND:20261122T060000Z', ...lines)))
      .refused[0]?.reason
  expect(shift('RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=40')).toMatch(/never takes place/)
  expect(shift('RRULE:FREQ=DAILY;BYMINUTE=0,1,2')).toMatch(/more often than hourly/)
  expect(shift(`EXDATE:${Array.from({ length: 2_001 }, () => '20261128T200000Z').join(',')}`)).toMatch(
    /EXDATE/,
  )
  expect(shift(...Array.from({ length: 501 }, (_, i) => `ATTENDEE:mailto:a${i}@example.org`))).toMatch(
    /501 people/,
  )
  expect(shift('RRULE:FREQ=WEEKLY;BYDAY=SA;UNTIL=20261101T000000Z')).toBeUndefined()
})
