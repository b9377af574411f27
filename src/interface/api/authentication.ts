import type { Context } from 'hono'
import { z } from 'zod'
import { Problem } from '#problem.ts'
import type { ProblemCode } from '#problem.ts'
import { limitKey } from '#platform/http/address.ts'
import { readBody } from '#platform/http/body.ts'
import { announceLimit, createLimiter, limited } from '#platform/http/limit.ts'
import type { Limiter } from '#platform/http/limit.ts'
import { problemResponse } from '#platform/http/problem-response.ts'
import type { ServerEnv } from '#platform/http/router.ts'
import type { Auth } from '#observatory/people/auth.ts'

/** `/api/auth/*`: better-auth behind our limits, with its errors as problem documents. */

/** Attempts to prove something: per address, and per account from one address. */
export interface AttemptLimits {
  address: Limiter
  account: Limiter
}

export function attemptLimits(now?: () => number): AttemptLimits {
  return {
    address: createLimiter('attempts', 60, 600, now),
    account: createLimiter('sign-in', 10, 600, now),
  }
}

/** Paths where a secret is tried. */
const guessing =
  /^\/api\/(auth\/(sign-in|two-factor|change-password|set-password|verify-password)|v1\/(setup|join)$)/

const codes: Record<number, ProblemCode> = {
  400: 'request.malformed',
  401: 'access.unauthenticated',
  403: 'access.forbidden',
  404: 'resource.not_found',
  409: 'request.conflict',
  422: 'request.invalid',
  429: 'request.rate_limited',
}

/** Counts an attempt and announces what is left. @throws Problem `request.rate_limited` */
export function countAttempt(c: Context<ServerEnv>, limits: AttemptLimits, account = ''): void {
  if (c.req.method !== 'POST' || !guessing.test(c.req.path)) return
  const address = limitKey(c.var.clientAddress)
  const key = `${address} ${account.toLowerCase()}`
  const tighter = account === '' ? limits.address : limits.account
  const allowed = limits.address.take(address) && (account === '' || limits.account.take(key))
  announceLimit(c, tighter, account === '' ? address : key)
  if (allowed) return
  const spent = limits.address.look(address).remaining < 1
  throw limited(spent ? limits.address : limits.account, spent ? address : key)
}

export async function answerAuth(
  c: Context<ServerEnv>,
  auth: Auth,
  limits: AttemptLimits,
): Promise<Response> {
  const url = new URL(c.req.url)
  const hasBody = c.req.method !== 'GET' && c.req.method !== 'HEAD'
  const bytes = hasBody ? await readBody(c, 64 * 1024) : undefined
  const { email, providerId } = bodyOf(bytes)
  countAttempt(c, limits, email?.slice(0, 254))
  const request = new Request(`${c.var.origin}${url.pathname}${url.search}`, {
    method: c.req.method,
    headers: c.req.raw.headers,
    body: bytes && bytes.byteLength > 0 ? bytes : undefined,
  })
  const response = await auth.handle(request, {
    address: c.var.clientAddress,
    providerId: /\/oauth2\/callback\/([^/]+)$/.exec(url.pathname)?.[1] ?? providerId,
  })
  const answer = response.status < 400 ? response : await asProblem(c, response)
  for (const [name, value] of response.headers) {
    if (name === 'set-cookie' && answer !== response) answer.headers.append(name, value)
  }
  answer.headers.set('Cache-Control', 'no-store')
  return answer
}

/** What we look at of a body; better-auth looks at the rest. */
const Body = z.looseObject({ email: z.string().optional(), providerId: z.string().optional() })

function bodyOf(bytes: Uint8Array | undefined): z.output<typeof Body> {
  try {
    return Body.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch {
    return {}
  }
}

async function asProblem(c: Context<ServerEnv>, response: Response): Promise<Response> {
  const body: unknown = await response.json().catch(() => null)
  const said = (key: string) => {
    const value = typeof body === 'object' && body !== null ? Reflect.get(body, key) : undefined
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  if (response.status >= 500) {
    const id = c.var.requestId
    c.var.log.error({ status: response.status, reason: said('code') }, 'sign-in failed inside the server')
    return problemResponse(
      c,
      new Problem(
        'internal.error',
        `Something went wrong inside the server; the log has the reason under request ${id}.`,
      ),
    )
  }
  const code = codes[response.status] ?? 'request.malformed'
  c.var.log.info({ path: c.req.path, from: c.var.clientAddress, reason: said('code') }, 'sign-in refused')
  const reason = said('code')
  const sentence = said('message') ?? 'This is not possible here.'
  return problemResponse(c, new Problem(code, sentence.replace(/([^.])$/, '$1.'), reason ? { reason } : {}))
}
