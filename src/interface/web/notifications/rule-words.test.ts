import { expect, it } from 'vitest'
import type { NotificationRule } from '#observatory/notifications/rule.ts'
import { recipientWords, ruleWords, toggledKinds } from './rule-words.ts'

const rule: NotificationRule = {
  name: 'all',
  title: '',
  enabled: true,
  kinds: ['*'],
  when: '',
  to: ['everybody'],
  through: ['inbox'],
  digest: null,
  urgent: false,
  rehearsals: false,
  headline: null,
  remind: null,
  escalate: null,
  problem: null,
  updatedBy: 'urania',
  updatedAt: '2026-11-21T19:00:00Z',
}

it('says in words what a rule does', () => {
  expect(ruleWords(rule)).toBe('Tells everybody here by inbox of everything, at once.')
  expect(
    ruleWords(
      {
        ...rule,
        kinds: ['alerts.*', 'plans.finished'],
        when: "decision = 'GO' and area_90 < 200 ",
        to: ['shift', 'person:pi@example.org'],
        through: ['slack', 'mail'],
        urgent: true,
        remind: { everyMinutes: 10, atMost: 3 },
        escalate: { afterMinutes: 20, to: ['group:Principal investigators'], through: null },
      },
      new Map([['pi@example.org', 'Vera Rubin']]),
    ),
  ).toBe(
    'Tells who is on shift and Vera Rubin by slack and mail of events and their notices and plans (finished)' +
      " where decision = 'GO' and area_90 < 200, at once, also in quiet hours." +
      ' Reminds every 10 min, at most 3 times, until somebody acknowledges.' +
      ' Nobody has acknowledged after 20 min: tells group Principal investigators.',
  )
  expect(recipientWords('shift:Night watch')).toBe('who is on shift “Night watch”')
})

it('ticks kinds and the patterns that mean them', () => {
  const known = ['alerts.notice', 'alerts.event', 'plans.finished']
  expect(toggledKinds(['*'], 'alerts.notice', known)).toEqual(['alerts.notice'])
  expect(toggledKinds(['alerts.notice', 'plans.finished'], 'alerts.*', known)).toEqual([
    'plans.finished',
    'alerts.*',
  ])
  expect(toggledKinds(['alerts.*', 'plans.finished'], '*', known)).toEqual(['*'])
  expect(toggledKinds(['alerts.notice'], 'alerts.notice', known)).toEqual([])
})
