import { createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { bodyOf, close, createFaults, failBefore, listen, type Faults } from './faults.ts'
import { blockFaults } from './slack-blocks.ts'

/** A message as the fake keeps it. */
export interface SlackMessage {
  channel: string
  ts: string
  thread_ts?: string
  text: string
  blocks: { type: string; [field: string]: unknown }[]
  metadata?: { event_type: string; event_payload: Record<string, unknown> }
  broadcast: boolean
  files: { id: string; name: string; title: string; bytes: Buffer }[]
}

/** Slack's Web API on loopback, as far as an alert bot uses it; refuses what Slack's documentation forbids. */
export interface FakeSlack {
  /** What the client's base address has to be. */
  readonly url: string
  readonly token: string
  readonly signingSecret: string
  /** In the order they were posted. */
  readonly messages: SlackMessage[]
  readonly calls: string[]
  /** What it refused, in words. */
  readonly refusals: string[]
  readonly faults: Faults
  /** Scopes that the token lacks. */
  readonly missingScopes: Set<string>
  /** What was posted to response addresses. */
  readonly responses: unknown[]
  /** Removes a message, as a person may. */
  remove(ts: string): void
  /** The signed request that Slack sends when a button is pressed. */
  press(button: PressedButton): { headers: Record<string, string>; body: string }
  stop(): Promise<void>
}

export interface PressedButton {
  actionId: string
  value?: string
  user?: string
  channel?: string
  messageTs?: string
  /** Unix seconds of the signature. */
  at?: number
}

type Call = Record<string, string>

const scopeOf: Record<string, string> = {
  'chat.postMessage': 'chat:write',
  'conversations.open': 'im:write',
  'conversations.history': 'channels:history',
  'conversations.replies': 'channels:history',
  'files.getUploadURLExternal': 'files:write',
  'files.completeUploadExternal': 'files:write',
}

/**
 * @param options.pageSize most messages in one answer, so that clients have to page.
 * @param options.log hears what appears, in order: `slack thread: …`, `slack: …`, `slack picture: …`.
 */
export async function startSlackServer(
  options: { pageSize?: number; log?: (line: string) => void } = {},
): Promise<FakeSlack> {
  const token = `xoxb-${randomBytes(8).toString('hex')}`
  const signingSecret = randomBytes(16).toString('hex')
  const channels = new Set(['C0ALERTS', 'C0OTHER'])
  const users = new Set(['U0ADA', 'U0BEN'])
  const messages: SlackMessage[] = []
  const uploads = new Map<string, { name: string; length: number; bytes: Buffer | null; shared: boolean }>()
  const calls: string[] = []
  const refusals: string[] = []
  const responses: unknown[] = []
  const missingScopes = new Set<string>()
  const faults = createFaults()
  let count = 0

  const server = createServer((request, response) => {
    void handle(request, response).catch((error: unknown) => {
      refusals.push(String(error))
      response.writeHead(500).end()
    })
  })
  const port = await listen(server)
  const root = `http://127.0.0.1:${port}`

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', root).pathname
    const method = path.replace('/api/', '')
    const fault = faults.take(method)
    if (failBefore(fault, request, response)) return
    const body = await bodyOf(request)
    const answer = path.startsWith('/api/')
      ? api(method, request, Object.fromEntries(new URLSearchParams(body.toString('utf8'))))
      : plain(path, request, body)
    if (fault === 'drop') request.socket.destroy()
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  }

  function refuse(error: string, why = error): { ok: false; error: string } {
    refusals.push(why)
    return { ok: false, error }
  }

  function plain(path: string, request: IncomingMessage, body: Buffer): unknown {
    if (path.startsWith('/respond/')) {
      responses.push(JSON.parse(body.toString('utf8')))
      return { ok: true }
    }
    const upload = uploads.get(path.replace('/upload/', ''))
    if (!upload || request.method !== 'POST') return refuse('no_upload', `${request.method} ${path}`)
    if (upload.length !== body.length)
      return refuse('bad_length', 'an upload of another length than announced')
    upload.bytes = body
    return 'OK'
  }

  function api(method: string, request: IncomingMessage, call: Call): object {
    calls.push(method)
    if (request.method !== 'POST') return refuse('invalid_form', 'Web API called without POST')
    if (call['token'] !== undefined) return refuse('invalid_auth', 'token in the body')
    if (request.headers.authorization === undefined) return refuse('not_authed')
    if (request.headers.authorization !== `Bearer ${token}`) return refuse('invalid_auth')
    const scope = scopeOf[method]
    if (scope && missingScopes.has(scope)) return { ...refuse('missing_scope'), needed: scope }
    const channel = call['channel'] ?? call['channel_id']
    if (channel !== undefined && !channels.has(channel)) return refuse('channel_not_found')
    const known: Record<string, (call: Call) => object> = {
      'chat.postMessage': postMessage,
      'chat.getPermalink': ({ message_ts: ts = '' }) => ({
        ok: true,
        permalink: `https://grandma.slack.example/archives/${channel}/p${ts.replace('.', '')}`,
      }),
      'conversations.open': ({ users: user = '' }) => {
        if (!users.has(user)) return refuse('user_not_found')
        channels.add(`D${user.slice(1)}`)
        return { ok: true, channel: { id: `D${user.slice(1)}` } }
      },
      'conversations.history': history,
      'conversations.replies': replies,
      'files.getUploadURLExternal': ({ filename = '', length = '' }) => {
        if (filename === '' || !/^\d+$/.test(length)) return refuse('invalid_arguments')
        const id = `F${String(++count).padStart(4, '0')}`
        uploads.set(id, { name: filename, length: Number(length), bytes: null, shared: false })
        return { ok: true, file_id: id, upload_url: `${root}/upload/${id}` }
      },
      'files.completeUploadExternal': completeUpload,
    }
    return known[method]?.(call) ?? refuse('unknown_method', method)
  }

  function postMessage(call: Call): object {
    const blocks = JSON.parse(call['blocks'] ?? '[]') as SlackMessage['blocks']
    const faultsFound = blockFaults(blocks)
    if (faultsFound.length > 0) return refuse('invalid_blocks', faultsFound.join('; '))
    if (!call['text'] || call['text'].length > 40_000) return refuse('no_text', 'no text beside the blocks')
    if (/[<>]/.test(call['text'])) return refuse('no_text', 'text that is not escaped')
    const thread = call['thread_ts']
    if (thread !== undefined && !isRoot(call['channel'], thread)) return refuse('thread_not_found')
    const metadata = call['metadata'] ? (JSON.parse(call['metadata']) as SlackMessage['metadata']) : undefined
    if (metadata && (!metadata.event_type || typeof metadata.event_payload !== 'object'))
      return refuse('invalid_metadata_format')
    const message = keep(call['channel'], thread)
    Object.assign(message, {
      text: call['text'],
      blocks,
      metadata,
      broadcast: call['reply_broadcast'] === 'true',
    })
    options.log?.(`${thread === undefined ? 'slack thread' : 'slack'}: ${message.text}`)
    return { ok: true, channel: message.channel, ts: message.ts }
  }

  function isRoot(channel: string, ts: string): boolean {
    return messages.some((each) => each.channel === channel && each.ts === ts && each.thread_ts === undefined)
  }

  function keep(channel: string, thread?: string): SlackMessage {
    const ts = `${Math.floor(Date.now() / 1000)}.${String(++count).padStart(6, '0')}`
    const message: SlackMessage = {
      channel,
      ts,
      text: '',
      blocks: [],
      broadcast: false,
      files: [],
      ...(thread === undefined ? {} : { thread_ts: thread }),
    }
    messages.push(message)
    return message
  }

  function history(call: Call): object {
    const top = messages.filter((each) => each.thread_ts === undefined || each.broadcast)
    return page(call, top.toReversed())
  }

  function replies(call: Call): object {
    if (!isRoot(call['channel'], call['ts'])) return refuse('thread_not_found')
    return page(
      call,
      messages.filter((each) => each.ts === call['ts'] || each.thread_ts === call['ts']),
    )
  }

  function page(call: Call, all: SlackMessage[]): object {
    const start = Number(call['cursor'] || 0)
    const size = Math.min(Number(call['limit'] ?? 100), options.pageSize ?? 100)
    const fitting = all.filter(
      (each) =>
        each.channel === call['channel'] &&
        (Number(each.ts) > Number(call['oldest'] ?? 0) || each.ts === call['ts']),
    )
    const more = fitting.length > start + size
    return {
      ok: true,
      has_more: more,
      messages: fitting.slice(start, start + size).map(({ metadata, files, ...rest }) => ({
        ...rest,
        files: files.map(({ id, name, title }) => ({ id, name, title })),
        ...(call['include_all_metadata'] === 'true' ? { metadata } : {}),
      })),
      response_metadata: { next_cursor: more ? String(start + size) : '' },
    }
  }

  function completeUpload(call: Call): object {
    const files = JSON.parse(call['files'] ?? '[]') as { id: string; title?: string }[]
    const found = files.map(({ id }) => uploads.get(id))
    if (files.length === 0 || found.some((upload) => !upload?.bytes || upload.shared))
      return refuse('file_not_found')
    if (call['thread_ts'] !== undefined && !isRoot(call['channel_id'], call['thread_ts']))
      return refuse('thread_not_found')
    const message = keep(call['channel_id'], call['thread_ts'])
    for (const [i, upload] of found.entries()) {
      if (!upload?.bytes) continue
      upload.shared = true
      options.log?.(`slack picture: ${upload.name}`)
      const { id, title = upload.name } = files[i]
      message.files.push({ id, name: upload.name, title, bytes: upload.bytes })
    }
    return { ok: true, files: files.map(({ id, title }) => ({ id, title })) }
  }

  return {
    url: `${root}/api/`,
    token,
    signingSecret,
    messages,
    calls,
    refusals,
    responses,
    missingScopes,
    faults,
    remove(ts) {
      messages.splice(
        messages.findIndex((each) => each.ts === ts),
        1,
      )
    },
    press({ actionId, value, user = 'U0ADA', channel = 'C0ALERTS', messageTs = '1.2', at }) {
      const payload = {
        type: 'block_actions',
        user: { id: user, username: 'ada', name: 'ada', team_id: 'T0' },
        api_app_id: 'A0',
        container: { type: 'message', message_ts: messageTs, channel_id: channel },
        channel: { id: channel, name: 'alerts' },
        message: { type: 'message', ts: messageTs },
        response_url: `${root}/respond/1`,
        actions: [
          { action_id: actionId, block_id: 'b', type: 'button', ...(value === undefined ? {} : { value }) },
        ],
      }
      const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
      const timestamp = String(at ?? Math.floor(Date.now() / 1000))
      const digest = createHmac('sha256', signingSecret).update(`v0:${timestamp}:${body}`).digest('hex')
      return {
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'x-slack-request-timestamp': timestamp,
          'x-slack-signature': `v0=${digest}`,
        },
        body,
      }
    },
    stop: () => close(server),
  }
}
