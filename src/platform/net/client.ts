import http from 'node:http'
import https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem, isProblem } from '#problem.ts'
import { exchange } from './exchange.ts'
import type { Agents, Answer } from './exchange.ts'
import { checkedUrl, shownUrl } from './hosts.ts'
import type { Net, NetOptions, NetResponse } from './net.ts'

export interface NetService extends Net {
  /** Closes kept connections. */
  stop(): Promise<void>
}

const mostRedirects = 5
/** A server that asks for more patience than this is not waited for; the caller is told how long. */
const longestWaitSeconds = 60
/** Statuses of a server that may answer otherwise a little later. */
export const transientStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])
const readsOnly = new Set(['GET', 'HEAD', 'PROPFIND'])

/** @param options.userAgent who we say we are; services of astronomy ask for it. */
export function createNet(options: { userAgent?: string } = {}): NetService {
  const keep = { keepAlive: true, keepAliveMsecs: 10_000, maxSockets: 32, timeout: 60_000 }
  // A proxy of the environment resolves names itself, so it is never used where the address has to be checked.
  const trusted: Agents = {
    'http:': new http.Agent({ ...keep, proxyEnv: process.env }),
    'https:': new https.Agent({ ...keep, proxyEnv: process.env }),
  }
  const untrusted: Agents = { 'http:': new http.Agent(keep), 'https:': new https.Agent(keep) }
  // On a kept connection a request may meet the server closing it, and it can't be told whether it was taken: what
  // changes state gets a connection of its own.
  const once = { keepAlive: false }
  const trustedOnce: Agents = {
    'http:': new http.Agent({ ...once, proxyEnv: process.env }),
    'https:': new https.Agent({ ...once, proxyEnv: process.env }),
  }
  const untrustedOnce: Agents = { 'http:': new http.Agent(once), 'https:': new https.Agent(once) }

  function agentsFor(order: NetOptions, method: string): Agents {
    if (order.untrusted) return readsOnly.has(method) ? untrusted : untrustedOnce
    return readsOnly.has(method) ? trusted : trustedOnce
  }

  /** One attempt with its redirects. */
  async function attempt(
    address: string,
    order: NetOptions,
    signal: AbortSignal,
  ): Promise<Answer & { url: URL }> {
    let url = checkedUrl(address, order)
    let method: string = order.method ?? 'GET'
    let body = order.body
    const headers: Record<string, string> = {
      'user-agent': options.userAgent ?? 'urania',
      'accept-encoding': 'gzip, deflate, br',
    }
    for (const [name, value] of Object.entries(order.headers ?? {})) headers[name.toLowerCase()] = value
    for (let redirects = 0; ; redirects++) {
      const answer = await exchange({
        url,
        method,
        headers,
        body,
        maxBytes: order.maxBytes ?? 64 * 1024 * 1024,
        untrusted: order.untrusted ?? false,
        agents: agentsFor(order, method),
        signal,
      })
      const location = answer.headers.get('location')
      if (![301, 302, 303, 307, 308].includes(answer.status) || !location) return { ...answer, url }
      if (redirects >= mostRedirects)
        throw new Problem('net.status', `${shownUrl(url)} redirects more than ${mostRedirects} times.`, {
          status: answer.status,
        })
      const next = checkedUrl(location, order, url)
      if (answer.status === 303 || (method === 'POST' && (answer.status === 301 || answer.status === 302))) {
        method = 'GET'
        body = undefined
        delete headers['content-type']
      }
      if (next.origin !== url.origin) {
        delete headers['authorization']
        delete headers['cookie']
      }
      url = next
    }
  }

  async function fetch(address: string, order: NetOptions = {}): Promise<NetResponse> {
    const { timeoutMs = 30_000, method = 'GET', retries = readsOnly.has(method) ? 2 : 0 } = order
    const deadline = performance.now() + timeoutMs
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(timedOut(address, timeoutMs)), timeoutMs)
    const signal = order.signal ? AbortSignal.any([order.signal, timeout.signal]) : timeout.signal
    try {
      for (let tries = 0; ; tries++) {
        try {
          if (signal.aborted) throw signal.reason
          const answer = await attempt(address, order, signal)
          if ((answer.status >= 200 && answer.status < 300) || order.accept?.includes(answer.status))
            return responseOf(answer)
          throw badStatus(answer)
        } catch (error) {
          if (order.signal?.aborted) throw stoppedBy(order.signal, address)
          if (tries >= retries || !isProblem(error) || !worthAnother(error)) throw error
          const wait = pauseSeconds(error, tries) * 1_000
          if (performance.now() + wait >= deadline || wait > longestWaitSeconds * 1_000) throw error
          await sleep(wait, undefined, { signal }).catch(() => {})
        }
      }
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    fetch,
    async stop() {
      for (const agents of [trusted, untrusted, trustedOnce, untrustedOnce]) {
        agents['http:'].destroy()
        agents['https:'].destroy()
      }
    },
  }
}

function worthAnother(problem: Problem): boolean {
  return (
    problem.code === 'net.unreachable' ||
    (problem.code === 'net.status' && transientStatuses.has(Number(problem.details['status'])))
  )
}

function pauseSeconds(problem: Problem, tries: number): number {
  const asked = Number(problem.details['afterSeconds'] ?? 0)
  return Math.max(asked, 0.3 * 2 ** tries * (0.5 + Math.random()))
}

/** Seconds of a Retry-After header: a number, or a date. */
export function retryAfterSeconds(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  if (/^\d+$/.test(header.trim())) return Number(header)
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, (at - now) / 1_000)
}

function badStatus({ status, headers, bytes, url }: Answer & { url: URL }): Problem {
  const afterSeconds = retryAfterSeconds(headers.get('retry-after'), Date.now())
  return new Problem('net.status', `${shownUrl(url)} answered ${status}.`, {
    url: shownUrl(url),
    status,
    // Said in the same word as `failure()` of jobs, so that a retried job waits as long as the server asked.
    ...(afterSeconds === undefined ? {} : { afterSeconds }),
    body: new TextDecoder().decode(bytes.subarray(0, 500)),
  })
}

function timedOut(address: string, ms: number): Problem {
  const host = URL.parse(address)?.host ?? 'The server'
  return new Problem('net.timeout', `${host} did not answer fully within ${ms / 1_000} s.`, { timeoutMs: ms })
}

function stoppedBy(signal: AbortSignal, address: string): Error {
  const reason: unknown = signal.reason
  if (isProblem(reason)) return reason
  return new Problem(
    'net.aborted',
    `Fetching from ${URL.parse(address)?.host ?? 'a server'} was stopped.`,
    {},
    reason,
  )
}

function responseOf({ status, headers, bytes, url }: Answer & { url: URL }): NetResponse {
  const text = (): string => new TextDecoder().decode(bytes)
  return {
    status,
    url: url.href,
    headers,
    bytes,
    text,
    json() {
      try {
        return JSON.parse(text()) as unknown
      } catch (error) {
        throw new Problem(
          'net.not_json',
          `${shownUrl(url)} answered with something that is not JSON.`,
          {},
          error,
        )
      }
    },
  }
}
