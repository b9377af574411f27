import { afterAll, expect, it } from 'vitest'
import type { ChannelMessage } from '#observatory/notifications/channel.ts'
import { channelMessage, channelNeeds, stored } from '#test/channel-messages.ts'
import { startWebhookServer } from '#test/webhook-server.ts'
import { webhookChannel } from './webhook.ts'

const needs = await channelNeeds()
const hook = await startWebhookServer()
afterAll(() => hook.stop())

function deliver(message: ChannelMessage, more: Record<string, unknown> = {}) {
  const settings = webhookChannel.settings.parse({
    url: hook.url,
    secret: hook.secret,
    ownNetwork: true,
    ...more,
  })
  return webhookChannel.deliver(needs, settings, message, AbortSignal.timeout(20_000))
}

it('sends the whole message as JSON, files by name and hash', async () => {
  const picture = await stored(needs, 'map.png', 'png', 'image/png')
  const file = { ...(await stored(needs, 'a.xml', '<a/>')), path: 'VOEVENTS/a.xml' }
  const at = new Date('2026-02-07T12:00:00Z')
  const message = channelMessage({ key: 'w1', pictures: [picture], files: [file], at, threadState: { a: 1 } })
  const { receipt } = await deliver(message)
  const { uncertain: _, threadState: __, ...content } = message
  expect(hook.messages.at(-1)).toEqual({ version: 1, ...content, at: '2026-02-07T12:00:00.000Z' })
  expect(receipt).toMatch(/^127\.0\.0\.1:\d+ answered 202$/)
})

it('sends bytes along where asked', async () => {
  const file = { ...(await stored(needs, 'a.xml', '<ä/>')), path: 'VOEVENTS/a.xml' }
  await deliver(channelMessage({ key: 'w2', files: [file] }), { withBytes: true })
  const [sent] = hook.messages.at(-1)!['files'] as { base64: string }[]
  expect(Buffer.from(sent.base64, 'base64').toString('utf8')).toBe('<ä/>')
})

it('what the receiver has already is delivered', async () => {
  const message = channelMessage({ key: 'w3' })
  await deliver(message)
  const again = await deliver({ ...message, uncertain: true })
  expect(again.receipt).toContain('409, which had it already')
})

it('goes to no private address unless that is meant', async () => {
  await expect(deliver(channelMessage({ key: 'w4' }), { ownNetwork: false })).rejects.toMatchObject({
    code: 'channel.refused',
    message: expect.stringContaining('Allow the own network') as string,
  })
})

it('follows no redirect silently', async () => {
  const moved = deliver(channelMessage({ key: 'w5' }), { url: hook.url.replace('/hook', '/moved') })
  await expect(moved).rejects.toMatchObject({ code: 'channel.refused' })
})

it('410 is final, 429 is waited for', async () => {
  hook.faults.add({ status: 410 })
  await expect(deliver(channelMessage({ key: 'w6' }))).rejects.toMatchObject({ code: 'channel.refused' })
  hook.faults.add({ status: 429, afterSeconds: 9 })
  await expect(deliver(channelMessage({ key: 'w7' }))).rejects.toMatchObject({ details: { afterSeconds: 9 } })
})
