import { createHash } from 'node:crypto'
import { z } from 'zod'
import { Problem, isProblem } from '#problem.ts'
import type {
  ChannelKind,
  ChannelMessage,
  ChannelNeeds,
  Delivered,
} from '#observatory/notifications/channel.ts'
import { refused } from './refusal.ts'
import { createSlackApi, slackErrorOf, type SlackApi } from './slack-api.ts'
import { fallbackText, slackBlocks } from './slack-blocks.ts'

const settings = z.strictObject({
  token: z
    .string()
    .min(1)
    .describe(
      'Bot token of the Slack app (xoxb-…), with chat:write, files:write, im:write, channels:history and groups:history.',
    ),
  channel: z
    .string()
    .regex(/^[CGD][A-Z0-9]{2,}$/, 'must be the id of a channel (C…), from "Channel details" in Slack')
    .optional()
    .describe('Id of the channel (C…); may be left out where only direct messages are sent.'),
  signingSecret: z
    .string()
    .optional()
    .describe('Signing secret of the app, for buttons; from its "Basic Information".'),
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .default('https://slack.com/api/')
    .describe('Address of the Web API.'),
  timeoutSeconds: z.number().min(0.1).max(120).default(15).describe('For each call, seconds.'),
})

/** Where a conversation about one subject goes on. */
interface Place {
  channel: string
  /** Of the message that opened the thread. */
  ts: string
}

/** Kept with the thread: its place in the channel, and one for each person who gets it directly. */
const threadState = z.object({
  channel: z.string().optional(),
  ts: z.string().optional(),
  direct: z.record(z.string(), z.object({ channel: z.string(), ts: z.string() })).default({}),
})

/**
 * Slack: one thread for everything about one subject, opened by its first message; pictures in the thread. What may
 * have gone out already is looked for by the key in its metadata before it is posted.
 */
export const slackChannel: ChannelKind<typeof settings> = {
  key: 'slack',
  title: 'Slack',
  settings,
  secret: ['token', 'signingSecret'],
  reaches: 'people',
  addresses: 'given',
  async deliver(needs, access, message, signal) {
    const api = await createSlackApi(needs, access, signal)
    const parsed = threadState.safeParse(message.threadState ?? {})
    const state = parsed.success ? parsed.data : { direct: {} }
    if (message.to.length === 0) {
      if (access.channel === undefined)
        throw refused('This Slack channel has no channel id; enter one (C…), or send to people by their ids.')
      const known = placeOf(state.channel, state.ts)
      const sent = await put(
        api,
        needs,
        message,
        access.channel,
        known?.channel === access.channel ? known : null,
      )
      return answer({ ...state, channel: sent.place.channel, ts: sent.place.ts }, sent, sent.notes)
    }
    const notes: string[] = []
    const direct = { ...state.direct }
    let last: Sent | undefined
    for (const user of message.to) {
      try {
        const channel = direct[user]?.channel ?? (await openDirect(api, user))
        last = await put(api, needs, message, channel, direct[user] ?? null)
        direct[user] = last.place
        notes.push(...last.notes)
      } catch (error) {
        // One person who left must not keep the others from hearing, unless the fault is everyone's.
        if (message.to.length === 1 || !(isProblem(error, 'channel.refused') && isPersonal(error)))
          throw error
        notes.push(`${user}: ${error.message}`)
      }
    }
    if (!last)
      throw refused(`None of ${message.to.join(', ')} can be written to in Slack. ${notes[0] ?? ''}`.trim())
    return answer({ ...state, direct }, last, notes)
  },
}

interface Sent {
  place: Place
  ts: string
  channel: string
  url: string | undefined
  notes: string[]
}

function answer(state: Record<string, unknown>, sent: Sent, notes: string[]): Delivered {
  return {
    threadState: state,
    ...(sent.url === undefined ? {} : { url: sent.url }),
    receipt: [`Slack ${sent.channel} ts ${sent.ts}`, ...notes].join('; '),
  }
}

/** One message and its pictures in one conversation. */
async function put(
  api: SlackApi,
  needs: ChannelNeeds,
  message: ChannelMessage,
  channel: string,
  thread: Place | null,
): Promise<Sent> {
  const notes: string[] = []
  let found: { ts: string } | null = null
  if (message.uncertain) {
    found = await lookUp(api, message, channel, thread).catch((error: unknown) => {
      if (!isProblem(error, 'channel.refused')) throw error
      // An alert twice is better than an alert never; if posting is refused as well, that says so.
      notes.push(`may be a repeat: ${error.message}`)
      return null
    })
    if (found) notes.push('had gone out already')
  }
  let root = thread
  if (!found) {
    try {
      found = await post(api, message, channel, thread)
    } catch (error) {
      if (!thread || slackErrorOf(error) !== 'thread_not_found') throw error
      notes.push('the thread was deleted; a new one is opened')
      root = null
      found = await post(api, message, channel, null)
    }
  }
  const place = root ?? { channel, ts: found.ts }
  notes.push(...(await putPictures(api, needs, message, place)))
  const { ts } = found
  const link = await api
    .call((client) => client.chat.getPermalink({ channel, message_ts: ts }))
    .catch(() => undefined)
  return { place, ts, channel, url: link?.permalink, notes }
}

async function post(
  api: SlackApi,
  message: ChannelMessage,
  channel: string,
  thread: Place | null,
): Promise<{ ts: string }> {
  const content = {
    channel,
    text: fallbackText(message),
    blocks: slackBlocks(message),
    metadata: {
      event_type: 'urania_message',
      event_payload: { key: message.key, thread: `${message.thread.kind}:${message.thread.id}` },
    },
    unfurl_links: false,
    unfurl_media: false,
  }
  const answered = await api.call((client) => {
    if (!thread) return client.chat.postMessage(content)
    const reply = { ...content, thread_ts: thread.ts }
    // A retraction must be seen by those who do not follow the thread.
    return client.chat.postMessage(message.role === 'end' ? { ...reply, reply_broadcast: true } : reply)
  })
  if (!answered.ts) throw new Problem('net.not_json', 'Slack did not say which message it made of ours.')
  return { ts: answered.ts }
}

/** The message with our key, if it went out before. */
async function lookUp(
  api: SlackApi,
  message: ChannelMessage,
  channel: string,
  thread: Place | null,
): Promise<{ ts: string } | null> {
  // Clocks differ; nothing was sent before it was composed.
  const oldest = String(message.at.getTime() / 1_000 - 600)
  for await (const page of pagesOf(api, channel, thread, oldest)) {
    const hit = page.find(({ metadata }) => metadata?.event_payload?.['key'] === message.key)
    if (hit?.ts) return { ts: hit.ts }
  }
  return null
}

interface SlackMessage {
  ts?: string
  metadata?: { event_payload?: Record<string, unknown> }
  files?: { name?: string | null }[]
}

const mostPages = 20

async function* pagesOf(
  api: SlackApi,
  channel: string,
  thread: Place | null,
  oldest: string,
): AsyncGenerator<SlackMessage[]> {
  let cursor = ''
  for (let i = 0; i < mostPages; i++) {
    const common = { channel, oldest, limit: 200, include_all_metadata: true, ...(cursor ? { cursor } : {}) }
    const page = thread
      ? await api.call((client) => client.conversations.replies({ ...common, ts: thread.ts }))
      : await api.call((client) => client.conversations.history(common))
    yield (page.messages ?? []) as SlackMessage[]
    cursor = page.response_metadata?.next_cursor ?? ''
    if (cursor === '') return
  }
}

/** Uploads what is not there yet, in one go. A picture that is refused does not take the message back. */
async function putPictures(
  api: SlackApi,
  needs: ChannelNeeds,
  message: ChannelMessage,
  place: Place,
): Promise<string[]> {
  if (message.pictures.length === 0) return []
  try {
    const there = message.uncertain ? await filesIn(api, place) : new Set<string>()
    const missing = message.pictures
      .map((picture, i) => ({ ...picture, unique: uniqueName(message.key, picture.name, i) }))
      .filter(({ unique }) => !there.has(unique))
    const files: { id: string; title: string }[] = []
    for (const { unique, name, sha256 } of missing) {
      const bytes = await needs.storage.get(sha256)
      const ticket = await api.call((client) =>
        client.files.getUploadURLExternal({ filename: unique, length: bytes.byteLength, alt_text: name }),
      )
      await api.upload(ticket.upload_url ?? '', bytes)
      files.push({ id: ticket.file_id ?? '', title: name })
    }
    const [first, ...rest] = files
    if (first)
      await api.call((client) =>
        client.files.completeUploadExternal({
          files: [first, ...rest],
          channel_id: place.channel,
          thread_ts: place.ts,
        }),
      )
    return files.length > 0 ? [`${files.length} picture${files.length === 1 ? '' : 's'}`] : []
  } catch (error) {
    if (isProblem(error, 'channel.refused')) return [`without its pictures: ${error.message}`]
    throw unfinished(error)
  }
}

/** Slack may have answered 4xx, by which nothing was taken; but the message is out, and that has to be known. */
function unfinished(error: unknown): unknown {
  if (!isProblem(error, 'net.status')) return error
  const { afterSeconds } = error.details
  return new Problem(
    'net.unreachable',
    `The message is in Slack, and something of it is missing yet: ${error.message}`,
    afterSeconds === undefined ? {} : { afterSeconds },
    error,
  )
}

async function filesIn(api: SlackApi, place: Place): Promise<Set<string>> {
  const names = new Set<string>()
  for await (const page of pagesOf(api, place.channel, place, '0'))
    for (const { files = [] } of page) for (const { name } of files) if (name) names.add(name)
  return names
}

/** Slack shows the title; the name tells ours from the same picture of another message. */
function uniqueName(key: string, name: string, i: number): string {
  const mark = createHash('sha256').update(`${key}\n${i}`).digest('hex').slice(0, 12)
  const [, stem = name, extension = ''] = /^(.*?)(\.[^.]{1,10})?$/s.exec(name) ?? []
  return `${stem.replace(/[^\w.-]+/g, '_').slice(0, 80)}-${mark}${extension}`
}

async function openDirect(api: SlackApi, user: string): Promise<string> {
  if (!/^[UW][A-Z0-9]{2,}$/.test(user))
    throw refused(`${user} is no member id of Slack (U…); copy it from the person's profile there.`, {
      slackError: 'user_not_found',
    })
  const opened = await api.call((client) => client.conversations.open({ users: user }))
  return opened.channel?.id ?? ''
}

const personal = new Set([
  'user_not_found',
  'user_disabled',
  'user_not_visible',
  'cannot_dm_bot',
  'users_not_found',
])

function isPersonal(error: unknown): boolean {
  return personal.has(slackErrorOf(error) ?? '')
}

function placeOf(channel: string | undefined, ts: string | undefined): Place | null {
  return channel !== undefined && ts !== undefined ? { channel, ts } : null
}
