import { expect, it } from 'vitest'
import { localOperator } from '#observatory/people/actor.ts'
import { bellRoom, recorder, ring } from '#test/notifications.ts'
import { testPlatform } from '#test/platform.ts'
import { until } from '#test/until.ts'
import { createChannel } from './channel-service.ts'
import { forgetThreads } from './forget.ts'
import { kindsOf, type Needs } from './kinds.ts'
import { notificationsRoom } from './module.ts'
import { RuleDefinition } from './rule.ts'
import { saveRules } from './rule-service.ts'

const wall = recorder('wall')
const platform = await testPlatform({ rooms: [bellRoom([]), notificationsRoom([wall])] })
const needs: Needs = { ...platform, kinds: kindsOf([wall]) }
const { db } = platform

it('threads silent for 180 days are deleted whole; one with recent news or something waiting stays whole', async () => {
  await createChannel(needs, localOperator, { name: 'wall', kind: 'wall', settings: {}, enabled: true })
  await saveRules(needs, localOperator, [
    { name: 'all', ...RuleDefinition.parse({ to: ['channel', 'everybody'], through: ['wall', 'inbox'] }) },
  ])
  for (const thread of ['silent', 'spoken', 'stuck'])
    for (const headline of ['first', 'second']) await ring(platform, { thread, headline })
  await until(
    async () =>
      (await db.selectFrom('notification_delivery').selectAll().where('state', '=', 'sent').execute())
        .length >= 12,
    'everything said',
  )
  const age = (thread: string, headline: string, days: number) =>
    db
      .updateTable('notification_message')
      .set({ at: new Date(Date.now() - days * 86_400_000) })
      .where('thread_id', '=', thread)
      .where('headline', '=', headline)
      .execute()
  for (const thread of ['silent', 'spoken', 'stuck']) await age(thread, 'first', 400)
  await age('silent', 'second', 181)
  await age('spoken', 'second', 179)
  await age('stuck', 'second', 181)
  await db
    .updateTable('notification_delivery')
    .set({ state: 'waiting', not_before: new Date(Date.now() + 3_600_000) })
    .where('thread_id', '=', 'stuck')
    .execute()
  await db
    .updateTable('notification_composition')
    .set({ at: new Date(Date.now() - 181 * 86_400_000) })
    .execute()

  expect(await forgetThreads(platform, { signal: AbortSignal.timeout(60_000) })).toBe(2)
  const threads = async (table: 'notification_message' | 'notification_delivery' | 'notification_thread') =>
    (await db.selectFrom(table).select('thread_id').distinct().orderBy('thread_id').execute()).map(
      (row) => row.thread_id,
    )
  expect(await threads('notification_message')).toEqual(['spoken', 'stuck'])
  expect(await threads('notification_delivery')).toEqual(['spoken', 'stuck'])
  expect(await threads('notification_thread')).toEqual(['spoken', 'stuck'])
  expect(await db.selectFrom('notification_inbox').selectAll().execute()).toHaveLength(4)
  expect(await db.selectFrom('notification_composition').selectAll().execute()).toHaveLength(0)
  expect(await forgetThreads(platform, { signal: AbortSignal.timeout(60_000) })).toBe(0)
})
