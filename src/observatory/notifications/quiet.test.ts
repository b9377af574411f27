import { expect, it } from 'vitest'
import { nextDigest, quietUntil } from './quiet.ts'
import { parseLocal, zoneNamed } from './zone.ts'

const at = (text: string): Date => new Date(text)
const until = (from: string, to: string, zone: string, time: string): string | null =>
  quietUntil({ from, to, zone }, at(time))?.toISOString() ?? null

it('quiet hours over midnight end on the right day', () => {
  expect(until('22:00', '07:00', 'UTC', '2026-11-21T23:30:00Z')).toBe('2026-11-22T07:00:00.000Z')
  expect(until('22:00', '07:00', 'UTC', '2026-11-22T03:00:00Z')).toBe('2026-11-22T07:00:00.000Z')
  expect(until('22:00', '07:00', 'UTC', '2026-11-22T07:00:00Z')).toBeNull()
  expect(until('22:00', '07:00', 'UTC', '2026-11-22T21:59:59Z')).toBeNull()
})

it('quiet hours of a day, and of the whole day', () => {
  expect(until('09:00', '17:00', 'Asia/Tokyo', '2026-11-21T01:00:00Z')).toBe('2026-11-21T08:00:00.000Z')
  expect(until('09:00', '17:00', 'Asia/Tokyo', '2026-11-21T09:00:00Z')).toBeNull()
  expect(until('12:00', '12:00', 'UTC', '2026-11-21T11:00:00Z')).toBe('2026-11-21T12:00:00.000Z')
  expect(until('12:00', '12:00', 'UTC', '2026-11-21T13:00:00Z')).toBe('2026-11-22T12:00:00.000Z')
})

it('quiet hours follow the clock on the wall over both of its changes', () => {
  // Paris goes from +01 to +02 on 2026-03-29 at 01:00 UTC, back on 2026-10-25 at 01:00 UTC.
  expect(until('22:00', '07:00', 'Europe/Paris', '2026-03-28T22:30:00Z')).toBe('2026-03-29T05:00:00.000Z')
  expect(until('22:00', '07:00', 'Europe/Paris', '2026-10-24T21:00:00Z')).toBe('2026-10-25T06:00:00.000Z')
  // An end that the clock skips is moved on by the hour that is skipped.
  expect(until('22:00', '02:30', 'Europe/Paris', '2026-03-28T22:30:00Z')).toBe('2026-03-29T01:30:00.000Z')
})

it('local times: skipped ones move on, double ones are the first', () => {
  const paris = zoneNamed('Europe/Paris')
  expect(paris.instantOf(parseLocal('2026-03-29T02:30')).toISOString()).toBe('2026-03-29T01:30:00.000Z')
  expect(paris.instantOf(parseLocal('2026-10-25T02:30')).toISOString()).toBe('2026-10-25T00:30:00.000Z')
  expect(paris.instantOf(parseLocal('2026-07-01T12:00')).toISOString()).toBe('2026-07-01T10:00:00.000Z')
  expect(() => zoneNamed('Mars/Olympus')).toThrow(/no time zone "Mars\/Olympus"/)
  expect(() => parseLocal('2026-02-30T10:00')).toThrow(/no clock time/)
})

it('digests: next full hour, next time of the day over a change of the clock', () => {
  expect(nextDigest('hourly', at('2026-11-21T10:00:00Z')).toISOString()).toBe('2026-11-21T11:00:00.000Z')
  expect(nextDigest('daily 08:00', at('2026-11-21T08:00:00Z')).toISOString()).toBe('2026-11-22T08:00:00.000Z')
  const paris = 'daily 08:00 Europe/Paris'
  expect(nextDigest(paris, at('2026-03-28T08:00:00Z')).toISOString()).toBe('2026-03-29T06:00:00.000Z')
  expect(nextDigest(paris, at('2026-03-27T08:00:00Z')).toISOString()).toBe('2026-03-28T07:00:00.000Z')
  expect(() => nextDigest('weekly', new Date())).toThrow(/write "hourly" or "daily 08:00 Europe\/Paris"/)
})
