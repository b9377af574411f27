import type { WebClient } from '@slack/web-api'
import { Problem } from '#problem.ts'
import type { ChannelNeeds } from '#observatory/notifications/channel.ts'
import { refused } from './refusal.ts'

/** Answers of Slack that pass by themselves; every other error is about settings, rights or the message. */
const passing = new Set([
  'accesslimited',
  'fatal_error',
  'internal_error',
  'ratelimited',
  'rate_limited',
  'request_timeout',
  'service_unavailable',
  'team_added_to_org',
])

const remedies: Readonly<Record<string, string>> = {
  account_inactive: 'its user or workspace was removed; install the app again and enter the new bot token',
  cannot_dm_bot: 'this user is a bot; take it off the list',
  channel_not_found: 'enter the id from "Channel details" (C…), and invite the app into a private channel',
  invalid_auth: 'enter the bot token (xoxb-…) of the app again',
  is_archived: 'unarchive the channel, or choose another',
  missing_scope: 'give the app the scope that is missing and install it again',
  no_permission: 'let the app post in this channel',
  not_authed: 'enter the bot token (xoxb-…) of the app',
  not_in_channel: 'invite the app into the channel: /invite @app',
  restricted_action: 'let the app post in this channel',
  token_expired: 'enter a new bot token',
  token_revoked: 'install the app again and enter the new bot token',
  user_not_found: 'enter the member id of the person (U…)',
}

/** One call of the Web API; answers of Slack that are errors are thrown as Problems. */
export interface SlackApi {
  readonly client: WebClient
  call<T>(method: (client: WebClient) => Promise<T>): Promise<T>
  /** Bytes to the address that Slack gave for them. */
  upload(url: string, bytes: Uint8Array): Promise<void>
}

export interface SlackAccess {
  token: string
  baseUrl: string
  timeoutSeconds: number
}

/** A client whose requests all go through `net`: its time-outs, its proxy, and no repeats but those of the outbox. */
export async function createSlackApi(
  needs: Pick<ChannelNeeds, 'net'>,
  access: SlackAccess,
  signal: AbortSignal,
): Promise<SlackApi> {
  // Loaded when it is first needed: other commands start without it.
  const slack = await import('@slack/web-api')
  const timeoutMs = access.timeoutSeconds * 1_000
  const client = new slack.WebClient(access.token, {
    slackApiUrl: access.baseUrl.replace(/\/*$/, '/'),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    logger: silent,
    fetch: async (url, init) => {
      if (typeof init?.body !== 'string') throw new TypeError('Only form bodies are sent here.')
      const answer = await needs.net.fetch(String(url), {
        method: 'POST',
        headers: init.headers,
        body: init.body,
        timeoutMs,
        maxBytes: 16 * 1024 * 1024,
        accept: everyStatus,
        signal,
      })
      // Without the header the client takes a rate limit for a fault of its own.
      if (answer.status === 429 && !answer.headers.has('retry-after')) answer.headers.set('retry-after', '30')
      return {
        ok: answer.status >= 200 && answer.status < 300,
        status: answer.status,
        statusText: '',
        url: answer.url,
        headers: answer.headers,
        arrayBuffer: async () => answer.bytes.buffer,
        json: async () => answer.json(),
        text: async () => answer.text(),
      }
    },
  })
  return {
    client,
    async call(method) {
      try {
        return await method(client)
      } catch (error) {
        if (error instanceof slack.WebAPIRequestError) throw error.original
        if (error instanceof slack.WebAPIRateLimitedError)
          throw notNow(`Slack asks to wait ${error.retryAfter} s.`, 429, error.retryAfter)
        if (error instanceof slack.WebAPIHTTPError)
          throw httpProblem(error.statusCode, new URL(access.baseUrl).host)
        if (error instanceof slack.WebAPIPlatformError && /^[\w.:-]{1,100}$/.test(error.data.error))
          throw platformProblem(error.data)
        // A page of a proxy, or of a server that is being mended.
        throw new Problem(
          'net.not_json',
          `${new URL(access.baseUrl).host} answered with something that is not of Slack's Web API; if it stays, check the base address.`,
          {},
          error,
        )
      }
    },
    async upload(url, bytes) {
      await needs.net.fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: bytes,
        timeoutMs: timeoutMs * 4,
        signal,
      })
    },
  }
}

/** What Slack said, when it refused for good: `missing_scope`. */
export function slackErrorOf(error: unknown): string | null {
  const said = error instanceof Problem ? error.details['slackError'] : undefined
  return typeof said === 'string' ? said : null
}

function platformProblem(data: { error: string; needed?: unknown; response_metadata?: unknown }): Problem {
  const { error, needed } = data
  if (passing.has(error)) return notNow(`Slack answered ${error}.`, 503)
  const what = typeof needed === 'string' ? `${error} (${needed})` : error
  const remedy = remedies[error] ?? 'see this error at https://docs.slack.dev/reference/methods'
  return refused(`Slack refused with ${what}: ${remedy}.`, {
    slackError: error,
    ...(typeof needed === 'string' ? { needed } : {}),
  })
}

function httpProblem(status: number, host: string): Problem {
  if (status < 500 && status !== 408)
    return refused(`${host} answered ${status} to a call of Slack's Web API; check the base address.`, {
      status,
    })
  return notNow(`${host} answered ${status}.`, status)
}

function notNow(sentence: string, status: number, afterSeconds?: number): Problem {
  return new Problem('net.status', sentence, {
    status,
    ...(afterSeconds === undefined ? {} : { afterSeconds }),
  })
}

const everyStatus = Array.from({ length: 300 }, (_, i) => 300 + i)

// What goes wrong is thrown, and logged by whoever delivers.
const silent = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => 'error' as never,
  setName() {},
}
