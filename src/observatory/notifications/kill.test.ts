import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { localOperator } from '#observatory/people/actor.ts'
import { bellRoom, ring } from '#test/notifications.ts'
import { testPlatform } from '#test/platform.ts'
import { startSlackServer } from '#test/slack-server.ts'
import { until } from '#test/until.ts'
import { createChannel } from './channel-service.ts'
import { channelKinds } from './channels/registry.ts'
import { listDeliveries } from './delivery-store.ts'
import { kindsOf } from './kinds.ts'
import { room } from './module.ts'
import { RuleDefinition } from './rule.ts'
import { saveRules } from './rule-service.ts'

it('killed after sending and before writing it down: each message is there exactly once, in order', async () => {
  const slack = await startSlackServer()
  const platform = await testPlatform({ rooms: [bellRoom(), room], roles: ['api'] })
  const needs = { ...platform, kinds: kindsOf(channelKinds) }
  const settings = { token: slack.token, channel: 'C0ALERTS', baseUrl: slack.url }
  await createChannel(needs, localOperator, { name: 'slack', kind: 'slack', settings, enabled: true })
  const rule = { name: 'all', ...RuleDefinition.parse({ to: ['channel'], through: ['slack'] }) }
  await saveRules(needs, localOperator, [rule])
  const start = (what: 'die' | 'live') => {
    const script = resolve(import.meta.dirname, '../../../test/notifications-child.ts')
    const child = spawn(process.execPath, [script, platform.databaseUrl, platform.config.home, what], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise<NodeJS.Signals | null>((done) =>
      child.once('exit', (_, signal) => done(signal)),
    )
    return { child, ended }
  }
  await ring(
    platform,
    { headline: 'opens', role: 'start' },
    { headline: 'first' },
    { headline: 'second', pictures: [{ name: 'p.png', text: 'picture' }] },
  )
  // Each life sends one message and dies of it; the last one finishes.
  expect(await start('die').ended).toBe('SIGKILL')
  expect(slack.messages).toHaveLength(1)
  expect(await start('die').ended).toBe('SIGKILL')
  const last = start('live')
  const log = () => listDeliveries(platform.db, { thread: { kind: 'bell', id: 'bell-1' }, limit: 100 })
  await until(
    async () => {
      const rows = (await log()).filter(({ channel_name: name }) => name === 'slack')
      return rows.length === 3 && rows.every(({ state }) => state === 'sent')
    },
    'all sent',
    60_000,
  )
  const posts = slack.messages.filter(({ metadata }) => metadata !== undefined)
  expect(posts.map(({ text }) => text.split('\n')[0])).toEqual([
    expect.stringContaining('opens'),
    expect.stringContaining('first'),
    expect.stringContaining('second'),
  ])
  expect(posts.slice(1).every(({ thread_ts: ts }) => ts === posts[0]!.ts)).toBe(true)
  expect(slack.refusals).toEqual([])
  expect((await log()).some(({ attempts }) => attempts > 1)).toBe(true)
  last.child.kill('SIGTERM')
  await last.ended
  await slack.stop()
}, 120_000)
