import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { Problem } from '#problem.ts'
import type { Net } from '#platform/net/net.ts'
import { actionOf } from './slack-blocks.ts'

/** A button that a person pressed in Slack. */
export interface SlackAction {
  /** As the bulletin named it. */
  readonly action: string
  readonly value: string
  /** Slack's id of the person, `U…`, and the name as Slack has it. */
  readonly user: string
  readonly userName: string
  readonly channel: string
  readonly messageTs: string
  /** Where to answer within half an hour. */
  readonly responseUrl: string
}

const oldestSeconds = 300

/**
 * Makes sure that Slack sent this just now: HMAC-SHA256 of `v0:<timestamp>:<body>` with the app's signing secret.
 * Throws `channel.bad_signature` otherwise. https://docs.slack.dev/authentication/verifying-requests-from-slack
 */
export function verifySlackRequest(
  secret: string,
  headers: Pick<Headers, 'get'>,
  rawBody: string | Uint8Array,
  now: Date,
): void {
  const timestamp = headers.get('x-slack-request-timestamp') ?? ''
  const signature = headers.get('x-slack-signature') ?? ''
  if (!/^\d{1,12}$/.test(timestamp) || signature === '')
    throw badSignature('The request carries no Slack signature; only Slack may send here.')
  if (Math.abs(now.getTime() / 1_000 - Number(timestamp)) > oldestSeconds)
    throw badSignature(
      `The request is dated more than ${oldestSeconds / 60} minutes from now; if Slack just sent it, set this machine's clock.`,
    )
  const wanted = Buffer.from(
    `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(rawBody).digest('hex')}`,
  )
  const given = Buffer.from(signature)
  if (secret === '' || given.length !== wanted.length || !timingSafeEqual(given, wanted))
    throw badSignature(
      'The signature does not fit; copy the signing secret from the Slack app\'s "Basic Information" into the channel.',
    )
}

const interaction = z.object({
  type: z.string(),
  user: z.object({ id: z.string(), name: z.string().optional(), username: z.string().optional() }),
  channel: z.object({ id: z.string() }).optional(),
  container: z.object({ channel_id: z.string().optional(), message_ts: z.string().optional() }).optional(),
  message: z.object({ ts: z.string() }).optional(),
  response_url: z.string().default(''),
  actions: z.array(z.object({ action_id: z.string(), value: z.string().optional() })).default([]),
})

/**
 * The button of an interaction request (`payload=…`, form encoded), after its signature was verified.
 * @returns null for what asks nothing of us: a link that was opened, a form, a menu. `request.malformed` for nonsense.
 */
export function readSlackAction(body: string): SlackAction | null {
  const payload = new URLSearchParams(body).get('payload')
  const parsed = interaction.safeParse(jsonOf(payload ?? ''))
  if (!parsed.success)
    throw new Problem(
      'request.malformed',
      'The body is no interaction of Slack: it has no readable field "payload".',
    )
  const { type, user, channel, container, message, response_url, actions } = parsed.data
  const [button] = actions
  const action = button ? actionOf(button.action_id) : null
  if (type !== 'block_actions' || action === null) return null
  return {
    action,
    value: button.value ?? '',
    user: user.id,
    userName: user.name ?? user.username ?? user.id,
    channel: channel?.id ?? container?.channel_id ?? '',
    messageTs: message?.ts ?? container?.message_ts ?? '',
    responseUrl: response_url,
  }
}

/** Says something to the person who pressed the button, only to them, beside the message. */
export async function answerSlackAction(
  net: Pick<Net, 'fetch'>,
  action: Pick<SlackAction, 'responseUrl'>,
  text: string,
  signal?: AbortSignal,
): Promise<void> {
  await net.fetch(action.responseUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ response_type: 'ephemeral', replace_original: false, text }),
    timeoutMs: 10_000,
    signal,
  })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function badSignature(sentence: string): Problem {
  return new Problem('channel.bad_signature', sentence)
}
