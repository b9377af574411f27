import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Problem, isProblem } from '#problem.ts'
import type { Net } from '#platform/net/net.ts'

/** OAuth 2.0 client credentials (RFC 6749, 4.4) of a stream. */
export interface TokenOptions {
  url: string
  clientId: string
  clientSecret: string
  scope?: string
}

export interface TokenSource {
  /** A token that is good for a while yet. */
  token(): Promise<string>
  /** When the present one expires; null before the first. */
  readonly expiresAt: Date | null
  /** Renews in the background, so that a connection idle for hours finds a good token when it has to show one. */
  start(): void
  stop(): void
}

const answer = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().optional(),
})

/** Where the server does not say how long a token lives (RFC 6749 only recommends it). */
const assumedSeconds = 300

/** @param report told when a token can't be got; it is tried again all the same. */
export function createTokenSource(
  options: TokenOptions,
  net: Net,
  report: (problem: Problem) => void,
): TokenSource {
  let current: { token: string; renewAt: number; expiresAt: number } | undefined
  let fetching: Promise<string> | undefined
  let stop = new AbortController()

  async function request(): Promise<string> {
    const asked = Date.now()
    const response = await net
      .fetch(options.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
          authorization: `Basic ${basic(options.clientId, options.clientSecret)}`,
        },
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          ...(options.scope ? { scope: options.scope } : {}),
        }).toString(),
        timeoutMs: 15_000,
        // Asking for a token twice does no harm.
        retries: 1,
        maxBytes: 65_536,
        signal: stop.signal,
      })
      .catch((error: unknown) => {
        const status = isProblem(error, 'net.status') ? Number(error.details['status']) : 0
        if (status >= 400 && status < 500)
          throw new Problem(
            'stream.token_refused',
            `${URL.parse(options.url)?.host} refused the client credentials (${status}); check client id and secret.`,
            { status },
            error,
          )
        throw error
      })
    const parsed = answer.safeParse(response.json())
    if (!parsed.success)
      throw new Problem(
        'stream.token_refused',
        `${URL.parse(options.url)?.host} answered without an access token.`,
      )
    const seconds = parsed.data.expires_in ?? assumedSeconds
    current = {
      token: parsed.data.access_token,
      renewAt: asked + seconds * 800,
      expiresAt: asked + seconds * 1_000,
    }
    return current.token
  }

  function renew(): Promise<string> {
    fetching ??= request().finally(() => {
      fetching = undefined
    })
    return fetching
  }

  async function keep(signal: AbortSignal): Promise<void> {
    let pause = 1_000
    while (!signal.aborted) {
      try {
        if (!current || Date.now() >= current.renewAt) await renew()
        pause = 1_000
      } catch (error) {
        if (signal.aborted) return
        report(
          isProblem(error) ? error : new Problem('internal.error', 'Renewing the token failed.', {}, error),
        )
        await sleep(pause, undefined, { signal }).catch(() => {})
        pause = Math.min(pause * 2, 60_000)
        continue
      }
      const wait = Math.max(100, (current?.renewAt ?? 0) - Date.now())
      // A long timer is cut into pieces: a machine that slept finds its token old.
      await sleep(Math.min(wait, 30_000), undefined, { signal }).catch(() => {})
    }
  }

  return {
    async token() {
      if (current && Date.now() < current.renewAt) return current.token
      try {
        return await renew()
      } catch (error) {
        // An old token that still holds is better than none while the token server is away.
        if (current && Date.now() < current.expiresAt - 1_000) return current.token
        throw error
      }
    },
    get expiresAt() {
      return current ? new Date(current.expiresAt) : null
    },
    start() {
      stop = new AbortController()
      void keep(stop.signal)
    },
    stop() {
      stop.abort()
    },
  }
}

/** RFC 6749, 2.3.1: both are form-encoded before they are joined. */
function basic(id: string, secret: string): string {
  const encode = (text: string): string => new URLSearchParams({ v: text }).toString().slice(2)
  return Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')
}
