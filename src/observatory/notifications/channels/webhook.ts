import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { isProblem } from '#problem.ts'
import type {
  ChannelKind,
  ChannelMessage,
  ChannelNeeds,
  StoredAttachment,
} from '#observatory/notifications/channel.ts'
import { isFinalStatus, refused, statusOf } from './refusal.ts'

const settings = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe('Where messages are posted as JSON.'),
  secret: z
    .string()
    .min(16)
    .max(200)
    .describe('Shared with the receiver, who verifies the signature with it; at least 16 characters.'),
  ownNetwork: z
    .boolean()
    .default(false)
    .describe('Whether the address may be on this machine or a private network.'),
  withBytes: z
    .boolean()
    .default(false)
    .describe(
      'Whether pictures and files come along as base64, up to 8 MB; otherwise only their names and hashes.',
    ),
  timeoutSeconds: z.number().min(0.1).max(120).default(15).describe('For one message, seconds.'),
})

const mostBytes = 8 * 1024 * 1024

/**
 * A JSON message posted to an address:
 * `Urania-Timestamp` (Unix seconds), `Urania-Signature` (`v1=` and HMAC-SHA256 over `<timestamp>.<body>` in hexadecimal
 * digits) and `Idempotency-Key`, the same for every repeat. The receiver refuses old timestamps, compares in constant
 * time, and answers 2xx; 409 says that it has this key already.
 */
export const webhookChannel: ChannelKind<typeof settings> = {
  key: 'webhook',
  title: 'Webhook',
  settings,
  secret: ['secret'],
  reaches: 'people',
  async deliver(needs, access, message, signal) {
    const body = JSON.stringify(await contentOf(needs, message, access.withBytes))
    const timestamp = String(Math.floor(Date.now() / 1_000))
    const { host } = new URL(access.url)
    try {
      const answer = await needs.net.fetch(access.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': message.key,
          'urania-timestamp': timestamp,
          'urania-signature': signWebhook(access.secret, timestamp, body),
        },
        body,
        timeoutMs: access.timeoutSeconds * 1_000,
        maxBytes: 1024 * 1024,
        untrusted: !access.ownNetwork,
        accept: [409],
        signal,
      })
      if (answer.url !== new URL(access.url).href)
        throw refused(
          `${host} redirects to ${new URL(answer.url).host}, where a message may arrive changed; enter that address.`,
        )
      const known = answer.status === 409 ? ', which had it already' : ''
      return { threadState: { first: message.key }, receipt: `${host} answered ${answer.status}${known}` }
    } catch (error) {
      const status = statusOf(error)
      if (isProblem(error, 'net.host_refused'))
        throw refused(`${error.message} Allow the own network in the channel if it is meant.`, {}, error)
      if (isFinalStatus(status))
        throw refused(
          `${host} answered ${status}; check address and secret on both sides.`,
          { status },
          error,
        )
      throw error
    }
  },
}

/** What `Urania-Signature` has to be for a body that was received at this timestamp. */
function signWebhook(secret: string, timestamp: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`
}

async function contentOf(needs: ChannelNeeds, message: ChannelMessage, withBytes: boolean): Promise<unknown> {
  const { uncertain: _uncertain, threadState: _threadState, at, ...content } = message
  let room = mostBytes
  const attached = async <T extends StoredAttachment>(file: T): Promise<T & { base64?: string }> => {
    if (!withBytes || file.byteLength > room) return file
    room -= file.byteLength
    return { ...file, base64: Buffer.from(await needs.storage.get(file.sha256)).toString('base64') }
  }
  const pictures: unknown[] = []
  const files: unknown[] = []
  for (const picture of message.pictures) pictures.push(await attached(picture))
  for (const file of message.files) files.push(await attached(file))
  return { version: 1, ...content, at: at.toISOString(), pictures, files }
}
