import { z } from 'zod'

/** Who watches when. */

const Local = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/, 'a clock time like 2026-11-21T20:00')
const Zone = z.string().min(1).max(60).default('UTC').describe('IANA name, as Europe/Paris')

export const NewShift = z
  .object({
    title: z.string().trim().min(1).max(200),
    people: z.array(z.string().max(254)).min(1).max(50).describe('Ids or mail addresses of people'),
    starts: Local.describe('Clock time in the zone'),
    ends: Local.describe('Clock time in the zone'),
    zone: Zone,
    recurrence: z
      .string()
      .max(500)
      .nullable()
      .default(null)
      .describe('RRULE of RFC 5545: FREQ=WEEKLY;BYDAY=MO,TU'),
    skipped: z.array(Local).max(500).default([]).describe('Beginnings that are left out'),
  })
  .meta({ id: 'NewShift' })
export type NewShift = z.output<typeof NewShift>

export const Shift = z
  .object({
    id: z.string(),
    title: z.string(),
    people: z.array(z.object({ id: z.string(), name: z.string() })),
    unmatched: z.array(z.string()).describe('Mail addresses of the calendar that belong to nobody here'),
    starts: z.string(),
    zone: z.string(),
    minutes: z.number().describe('Length'),
    recurrence: z.string().nullable(),
    skipped: z.array(z.string()),
    calendar: z.string().nullable().describe('Calendar that it was imported from'),
    nextStart: z.iso.datetime().nullable(),
    nextEnd: z.iso.datetime().nullable(),
    createdBy: z.string(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Shift' })
export type Shift = z.output<typeof Shift>

/** One time at which a shift takes place. */
export const Turn = z
  .object({
    shiftId: z.string(),
    title: z.string(),
    people: z.array(z.object({ id: z.string(), name: z.string() })),
    unmatched: z.array(z.string()),
    start: z.iso.datetime(),
    end: z.iso.datetime(),
  })
  .meta({ id: 'ShiftTurn' })
export type Turn = z.output<typeof Turn>

export const CalendarImport = z
  .object({
    calendar: z.string(),
    shifts: z.int(),
    people: z.int(),
    replaced: z.int().describe('Shifts of an earlier import of this calendar, which are gone'),
    unmatched: z.array(z.object({ address: z.string(), shifts: z.int() })),
    refused: z.array(z.object({ line: z.int(), title: z.string(), reason: z.string() })),
  })
  .meta({ id: 'CalendarImport' })
export type CalendarImport = z.output<typeof CalendarImport>

/** What is stored of when a shift takes place. Clock times `2026-11-21T20:00:00` of its zone. */
export interface ShiftTimes {
  starts: string
  zone: string
  minutes: number
  /** `minutes` of elapsed time; otherwise by the clock on the wall, which a change of the clock lengthens or shortens. */
  exact: boolean
  recurrence: string | null
  skipped: readonly string[]
  added: readonly string[]
}
