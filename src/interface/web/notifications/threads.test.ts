import { expect, it } from 'vitest'
import type { InboxEntry } from '#observatory/notifications/inbox.ts'
import { ownPath, plain, threadsOf, withoutName } from './threads.ts'

const entry = (id: string, thread: string, more: Partial<InboxEntry> = {}): InboxEntry => ({
  id,
  at: '2026-11-21T20:00:00Z',
  for: 'everybody',
  kind: 'alerts.notice',
  form: 'news',
  role: 'news',
  thread: { kind: 'event', id: thread, name: thread.toUpperCase() },
  headline: '',
  text: '',
  facts: [],
  links: [],
  pictures: [],
  rehearsal: false,
  rule: null,
  read: true,
  acknowledge: false,
  acknowledged: null,
  ...more,
})

it('puts entries into threads, the thread with the newest entry first', () => {
  const threads = threadsOf([
    entry('5', 'a', { role: 'end' }),
    entry('4', 'b', { read: false }),
    entry('3', 'a', { read: false, acknowledge: true }),
    entry('2', 'b'),
    entry('1', 'a', { role: 'start' }),
  ])
  expect(threads.map(({ key, last, unread, waits, ended }) => [key, last.id, unread, waits, ended])).toEqual([
    ['event:a', '5', ['3'], true, true],
    ['event:b', '4', ['4'], false, false],
  ])
})

it('says a name once, and follows links to itself within the page', () => {
  expect(withoutName('🟡 MS1: alert N°2', 'MS1')).toBe('Alert N°2')
  expect(withoutName('🔔 New GW alert: MS1', 'MS1')).toBe('New GW alert')
  expect(withoutName('🗺️ MS1: plan for tch covers 40 %', 'MS1')).toBe('Plan for tch covers 40 %')
  expect(withoutName('❌ MS1 is retracted', 'MS1')).toBe('Retracted')
  expect(plain('12 fields')).toBe('12 fields')
  expect(ownPath('http://here:1/plans/7?tab=a', 'http://here:1')).toBe('/plans/7?tab=a')
  expect(ownPath('https://elsewhere/plans/7', 'http://here:1')).toBeNull()
  expect(ownPath('nonsense', 'http://here:1')).toBeNull()
})
