import { createHash } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { ChannelMessage } from '#observatory/notifications/channel.ts'
import { channelMessage, channelNeeds, stored } from '#test/channel-messages.ts'
import { startSlackServer } from '#test/slack-server.ts'
import { slackChannel } from './slack.ts'

const needs = await channelNeeds()
const slack = await startSlackServer({ pageSize: 2 })
afterAll(() => slack.stop())

const settings = slackChannel.settings.parse({ token: slack.token, channel: 'C0ALERTS', baseUrl: slack.url })
const png = new Uint8Array(50_000).map((_, i) => (i * 7) % 256)
let count = 0

function deliver(message: ChannelMessage) {
  return slackChannel.deliver(needs, settings, message, AbortSignal.timeout(20_000))
}
function message(parts: Partial<ChannelMessage> = {}): ChannelMessage {
  return channelMessage({ key: `slack-${++count}`, ...parts })
}

beforeEach(() => {
  slack.messages.length = 0
  slack.refusals.length = 0
  slack.calls.length = 0
  slack.faults.clear()
  slack.missingScopes.clear()
})

it('shows headline, text, facts, buttons that act, links and the time, in this order', async () => {
  const sent = await deliver(
    message({
      headline: '🟢 Alert N°2 - INITIAL',
      text: 'p(BNS) > 90 % & well localised',
      facts: [
        { label: 'Area', value: '412 deg²' },
        { label: 'Distance', value: '<200 Mpc' },
      ],
      actions: [{ action: 'plans.start', label: 'Run Observation Plan', value: 'ev-1', primary: true }],
      at: new Date('2026-02-07T12:34:56Z'),
    }),
  )
  const [posted] = slack.messages
  expect(posted.blocks.map(({ type }) => type)).toEqual([
    'header',
    'section',
    'section',
    'actions',
    'actions',
    'context',
    'divider',
  ])
  expect(posted.blocks[0]).toMatchObject({ text: { text: '🟢 Alert N°2 - INITIAL' } })
  expect(posted.blocks[1]).toMatchObject({ text: { text: 'p(BNS) &gt; 90 % &amp; well localised' } })
  expect(posted.blocks[2]['fields']).toMatchObject([
    { text: '*Area*\n412 deg²' },
    { text: '*Distance*\n&lt;200 Mpc' },
  ])
  expect(posted.blocks[3]['elements']).toMatchObject([
    { action_id: 'plans.start', value: 'ev-1', style: 'primary' },
  ])
  expect(posted.blocks[4]['elements']).toMatchObject([
    { text: { text: 'GraceDB' }, url: 'https://gracedb.example.org/superevents/S250207bg/view/' },
  ])
  expect(posted.blocks[5]['elements']).toMatchObject([{ text: 'S250207bg · 2026-02-07 12:34:56 UTC' }])
  expect(posted.text).toBe('🟢 Alert N°2 - INITIAL — p(BNS) &gt; 90 % &amp; well localised')
  expect(sent).toMatchObject({ threadState: { channel: 'C0ALERTS', ts: posted.ts } })
  expect(sent.url).toMatch(/^https:\/\/grandma\.slack\.example\/archives\/C0ALERTS\/p\d+$/)
  expect(sent.receipt).toBe(`Slack C0ALERTS ts ${posted.ts}`)
})

it('a retraction is shown in the channel as well as in the thread', async () => {
  const { threadState = null } = await deliver(message({ role: 'start' }))
  await deliver(message({ threadState }))
  await deliver(message({ threadState, role: 'end' }))
  expect(slack.messages.map(({ broadcast }) => broadcast)).toEqual([false, false, true])
  expect(new Set(slack.messages.map(({ ts, thread_ts: thread = ts }) => thread)).size).toBe(1)
})

it('a rehearsal says so in its first word', async () => {
  await deliver(message({ rehearsal: true }))
  expect(slack.messages[0].blocks[0]).toMatchObject({ text: { text: '[rehearsal] Alert 2 – INITIAL' } })
})

describe('pictures', () => {
  it('are uploaded into the thread, byte for byte, in one go', async () => {
    const pictures = [
      await stored(needs, 'tiles_coverage_int.png', png, 'image/png'),
      await stored(needs, 'skymap & tiles.png', png.subarray(0, 1_000), 'image/png'),
    ]
    const { threadState, receipt } = await deliver(message({ pictures }))
    const [, upload] = slack.messages
    expect(upload.thread_ts).toBe(threadState?.['ts'])
    expect(upload.files.map(({ title }) => title)).toEqual(['tiles_coverage_int.png', 'skymap & tiles.png'])
    expect(sha256(upload.files[0].bytes)).toBe(pictures[0].sha256)
    expect(receipt).toContain('2 pictures')
    expect(slack.calls.filter((call) => call === 'files.completeUploadExternal')).toHaveLength(1)
  })

  it('that could not be uploaded yet are uploaded by the next attempt, and the message is not doubled', async () => {
    const pictures = [await stored(needs, 'map.png', png, 'image/png')]
    const wanted = message({ pictures })
    slack.faults.add({ status: 429, afterSeconds: 7 }, { where: (what) => what.startsWith('files.get') })
    const failed = deliver(wanted)
    // Not a 4xx, by which the outbox would take it that nothing went out.
    await expect(failed).rejects.toMatchObject({ code: 'net.unreachable', details: { afterSeconds: 7 } })
    await deliver({ ...wanted, uncertain: true })
    expect(slack.messages.map(({ files }) => files.length)).toEqual([0, 1])
  })

  it('that went in before the connection was cut are not uploaded again', async () => {
    const pictures = [await stored(needs, 'map.png', png, 'image/png')]
    const { threadState = null } = await deliver(message({ role: 'start' }))
    for (let i = 0; i < 4; i++) await deliver(message({ threadState }))
    const wanted = message({ pictures, threadState })
    slack.faults.add('drop', { where: (what) => what === 'files.completeUploadExternal' })
    await expect(deliver(wanted)).rejects.toMatchObject({ code: 'net.unreachable' })
    await deliver({ ...wanted, uncertain: true })
    expect(slack.messages.filter(({ files }) => files.length > 0)).toHaveLength(1)
    await deliver(message({ pictures, threadState }))
    expect(slack.messages.filter(({ files }) => files.length > 0)).toHaveLength(2)
  })

  it('that the app has no right for do not hold the message back', async () => {
    slack.missingScopes.add('files:write')
    const pictures = [await stored(needs, 'map.png', png, 'image/png')]
    const { receipt } = await deliver(message({ pictures }))
    expect(receipt).toMatch(
      /without its pictures: Slack refused with missing_scope \(files:write\): give the app/,
    )
    expect(slack.messages).toHaveLength(1)
  })
})

describe('direct messages', () => {
  it('each person has a thread of their own', async () => {
    const first = await deliver(message({ to: ['U0ADA', 'U0BEN'] }))
    const threadState = first.threadState ?? null
    await deliver(message({ to: ['U0BEN'], threadState }))
    const places = slack.messages.map(({ channel, thread_ts: thread }) => [channel, thread !== undefined])
    expect(places).toEqual([
      ['D0ADA', false],
      ['D0BEN', false],
      ['D0BEN', true],
    ])
  })

  it('one person who is gone does not keep the others from hearing', async () => {
    const { receipt } = await deliver(message({ to: ['U0GONE', 'U0ADA'] }))
    expect(slack.messages.map(({ channel }) => channel)).toEqual(['D0ADA'])
    expect(receipt).toContain('U0GONE: Slack refused with user_not_found')
    await expect(deliver(message({ to: ['ada@example.org'] }))).rejects.toMatchObject({
      code: 'channel.refused',
    })
  })
})

it('finds its own message among many pages', async () => {
  const { threadState = null } = await deliver(message({ role: 'start' }))
  for (let i = 0; i < 5; i++) await deliver(message({ threadState }))
  const wanted = message({ threadState })
  await deliver(wanted)
  await deliver(message({ threadState }))
  const { receipt } = await deliver({ ...wanted, uncertain: true })
  expect(slack.messages).toHaveLength(8)
  expect(receipt).toContain('had gone out already')
})

it('without the right to look, an alert is rather sent twice than never, and says so', async () => {
  const wanted = message()
  await deliver(wanted)
  slack.missingScopes.add('channels:history')
  const { receipt } = await deliver({ ...wanted, uncertain: true })
  expect(slack.messages).toHaveLength(2)
  expect(receipt).toContain('may be a repeat: Slack refused with missing_scope (channels:history)')
})

it('opens a new thread where a person deleted the old one', async () => {
  const { threadState = null } = await deliver(message({ role: 'start' }))
  slack.remove(String(threadState?.['ts']))
  const next = await deliver(message({ threadState }))
  expect(next.receipt).toContain('the thread was deleted')
  expect(next.threadState?.['ts']).toBe(slack.messages[0].ts)
  await deliver(message({ threadState: next.threadState }))
  expect(slack.messages[1].thread_ts).toBe(slack.messages[0].ts)
  const unsure = await deliver(message({ threadState, uncertain: true }))
  expect(unsure.receipt).toContain('may be a repeat')
  expect(slack.messages).toHaveLength(3)
})

it('a rate limit is handed to the outbox with its seconds, and nothing is tried meanwhile', async () => {
  slack.faults.add({ status: 429, afterSeconds: 30 })
  await expect(deliver(message())).rejects.toMatchObject({
    code: 'net.status',
    details: { status: 429, afterSeconds: 30 },
  })
  expect(slack.calls).toEqual([])
})

it('a rate limit without seconds, and a page in place of an answer, pass', async () => {
  slack.faults.add({ status: 429 })
  await expect(deliver(message())).rejects.toMatchObject({ details: { status: 429, afterSeconds: 30 } })
  slack.faults.add({ status: 200 })
  await expect(deliver(message())).rejects.toMatchObject({ code: 'net.not_json' })
  slack.faults.add({ status: 502 })
  await expect(deliver(message())).rejects.toMatchObject({ code: 'net.status', details: { status: 502 } })
})

it('a channel that is unknown, or not an id, is refused with the remedy', async () => {
  const other = { ...settings, channel: 'C0UNKNOWN' }
  const sent = slackChannel.deliver(needs, other, message(), AbortSignal.timeout(5_000))
  await expect(sent).rejects.toMatchObject({
    code: 'channel.refused',
    message:
      'Slack refused with channel_not_found: enter the id from "Channel details" (C…), and invite the app into a private channel.',
  })
  const named = slackChannel.settings.safeParse({ token: 'x', channel: '#alerts' })
  expect(named.error?.issues[0].message).toContain('must be the id of a channel')
})

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
