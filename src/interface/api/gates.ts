import { randomUUID } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { isProblem, Problem } from '#problem.ts'
import { clientAddress, isLoopbackHost, limitKey } from '#platform/http/address.ts'
import type { ProxyTrust } from '#platform/http/address.ts'
import { announceLimit, limited } from '#platform/http/limit.ts'
import type { Limiter } from '#platform/http/limit.ts'
import type { ServerEnv } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { anonymous } from '#observatory/people/actor.ts'
import type { Auth } from '#observatory/people/auth.ts'
import { identify, tokenInAddress } from '#observatory/people/identify.ts'
import { anyoneExists } from '#observatory/people/person-store.ts'
import '#observatory/people/request.ts'

/** What every request passes on its way to a route, in this order. */
type Gate = MiddlewareHandler<ServerEnv>

/** Id, log line, client address and origin. */
export function recordRequest(
  platform: Pick<Platform, 'log' | 'metrics'>,
  trust: ProxyTrust,
  publicUrl: string | null,
): Gate {
  const seconds = platform.metrics.histogram(
    'urania_http_request_duration_seconds',
    'Time until the answer began, by route',
    [0.005, 0.02, 0.1, 0.5, 2, 10],
    ['method', 'route', 'status'],
  )
  return async (c, next) => {
    const started = performance.now()
    const given = c.req.header('x-request-id')
    const id = given !== undefined && /^[\w.-]{8,64}$/.test(given) ? given : randomUUID()
    const socket = c.env?.incoming?.socket.remoteAddress
    const behindProxy = socket !== undefined && trust.trusts(socket)
    const url = new URL(c.req.url)
    const announced = behindProxy ? c.req.header('x-forwarded-proto')?.split(',')[0].trim() : undefined
    const protocol = announced === 'https' || announced === 'http' ? `${announced}:` : url.protocol
    c.set('requestId', id)
    c.set('log', platform.log.child({ requestId: id }))
    c.set('clientAddress', clientAddress(socket, c.req.header('x-forwarded-for'), trust))
    c.set(
      'origin',
      publicUrl ? new URL(publicUrl).origin : `${protocol}//${c.req.header('host') ?? url.host}`,
    )
    c.set('actor', anonymous(c.var.clientAddress))
    c.set('sessionId', null)
    await next()
    c.res.headers.set('X-Request-Id', id)
    const ms = performance.now() - started
    const { method } = c.req
    const { status } = c.res
    seconds.observe(ms / 1000, { method, route: routeOf(c), status: String(status) })
    // Without the query: what people search for is theirs, and a secret put there by mistake stays out of the log.
    const path = url.pathname.replace(/ura_\w+/g, 'ura_…')
    const line = {
      method,
      path,
      status,
      ms: Math.round(ms),
      from: c.var.clientAddress,
      by: c.var.actor.userId,
    }
    c.var.log[status >= 500 ? 'error' : 'debug'](line, `${method} ${path} ${status}`)
  }
}

/** The pattern of the route asked for, as a label that has few values: not that of the gates, which match everything. */
function routeOf(c: Context): string {
  return matchedRoutes(c).findLast((route) => !route.path.endsWith('*'))?.path ?? '*'
}

/** Headers that tell browsers what this server never does. */
export function securityHeaders(skySurveys: boolean): Gate {
  // Aladin Lite fetches image tiles and metadata from the servers of the CDS and their mirrors.
  const surveys = skySurveys ? ' https://*.u-strasbg.fr https://*.unistra.fr https://*.cds.unistra.fr' : ''
  const policy = [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    // The widgets of the page set styles on elements.
    "style-src 'self' 'unsafe-inline'",
    `img-src 'self' data: blob:${surveys}`,
    `connect-src 'self' data: blob:${surveys}`,
    "font-src 'self' data:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
  return async (c, next) => {
    await next()
    const { headers } = c.res
    if (!headers.has('Content-Security-Policy')) headers.set('Content-Security-Policy', policy)
    headers.set('X-Content-Type-Options', 'nosniff')
    headers.set('X-Frame-Options', 'DENY')
    headers.set('Referrer-Policy', 'same-origin')
    headers.set('Cross-Origin-Resource-Policy', 'same-origin')
    headers.set('Permissions-Policy', 'camera=(), microphone=(), geolocation=(), payment=()')
    if (c.var.origin.startsWith('https:')) headers.set('Strict-Transport-Security', 'max-age=31536000')
  }
}

/** A token in an address is refused: logs, histories and Referer headers would keep it. */
export const noTokenInAddress: Gate = async (c, next) => {
  if (tokenInAddress(c.req.url)) {
    throw new Problem(
      'access.token_in_url',
      'A token was sent in the address, where logs keep it: revoke it, make a new one, and send that in the header "Authorization: Bearer ura_…".',
    )
  }
  await next()
}

/** With automatic sign-in only names of this machine are answered: a stranger's name bound to 127.0.0.1 is not one. */
export const onlyLoopbackNames: Gate = async (c, next) => {
  if (!isLoopbackHost(c.req.header('host') ?? new URL(c.req.url).host)) {
    throw new Problem(
      'access.cross_site',
      'The demonstration answers under localhost and 127.0.0.1 only; open it under one of these.',
    )
  }
  await next()
}

/** Until an account exists nothing else is answered than how to make one. */
export function setupGate({ db }: Pick<Platform, 'db'>): Gate {
  let done = false
  return async (c, next) => {
    // Accounts are never deleted, so once is enough.
    done ||= await anyoneExists(db)
    if (!done && !(c.req.method === 'POST' && c.req.path === '/api/v1/setup')) {
      throw new Problem(
        'access.setup_needed',
        'No account exists yet: open the one-time link that the program printed when it started, or print a new one on its machine with "urania people link".',
      )
    }
    await next()
  }
}

const safe = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * A request that changes something and rides on the browser's cookie must come from our own page. Where there is an
 * Authorization header cookies do not count, and no other site can set that header.
 */
export const sameSite: Gate = async (c, next) => {
  if (!safe.has(c.req.method) && !c.req.header('authorization')) {
    const site = c.req.header('sec-fetch-site')
    const origin = c.req.header('origin')
    const foreign =
      (site !== undefined && site !== 'same-origin' && site !== 'none') ||
      (origin !== undefined && origin !== c.var.origin)
    if (foreign) {
      throw new Problem(
        'access.cross_site',
        `This request came from another site (${origin ?? site}); open Urania itself under ${c.var.origin}; if people reach it by another address, set http.public_url to that.`,
      )
    }
  }
  await next()
}

/** Finds out who asks. Wrong tokens are counted per address, right ones per token; both limits are announced. */
export function findActor(
  { db }: Pick<Platform, 'db'>,
  authFor: (origin: string) => Auth,
  limits: { tokens: Limiter; wrongTokens: Limiter },
): Gate {
  return async (c, next) => {
    const { clientAddress: address } = c.var
    const byHeader = c.req.header('authorization') !== undefined
    const key = limitKey(address)
    try {
      const identity = await identify(db, authFor(c.var.origin), c.req.raw.headers, address)
      c.set('actor', identity.actor)
      c.set('sessionId', identity.sessionId)
      for (const cookie of identity.setCookies) c.header('Set-Cookie', cookie, { append: true })
    } catch (error) {
      // A database that is away for a moment says nothing about the token.
      if (!byHeader || !isProblem(error, 'access.unauthenticated')) throw error
      // Right tokens pass however many wrong ones come from the same address: a whole institute may share it.
      const allowed = limits.wrongTokens.take(key)
      announceLimit(c, limits.wrongTokens, key)
      throw allowed ? error : limited(limits.wrongTokens, key)
    }
    const { tokenId } = c.var.actor
    if (tokenId !== undefined) {
      const allowed = limits.tokens.take(tokenId)
      announceLimit(c, limits.tokens, tokenId)
      if (!allowed) throw limited(limits.tokens, tokenId)
    }
    await next()
    c.res.headers.append('Vary', 'Cookie, Authorization')
  }
}

/** A token reads with `read` and changes with any other scope; which one a thing needs the services know. */
export const scopeOfMethod: Gate = async (c, next) => {
  const { actor } = c.var
  if (actor.kind === 'token') {
    const reads = safe.has(c.req.method)
    const enough = reads ? actor.scopes.includes('read') : actor.scopes.some((scope) => scope !== 'read')
    if (!enough) {
      throw new Problem(
        'access.forbidden',
        `Your token may not ${reads ? 'read' : 'change anything'}: it lacks the scope "${reads ? 'read' : 'write'}".`,
        { needs: reads ? 'read' : 'write' },
      )
    }
  }
  await next()
}

/** Strangers see only what says that it is open. */
export function signInGate(isOpen: (method: string, path: string) => boolean): Gate {
  return async (c, next) => {
    if (c.var.actor.kind === 'anonymous' && !isOpen(c.req.method, c.req.path)) {
      throw new Problem(
        'access.unauthenticated',
        'You are not signed in; sign in on the page, or send a token in the header "Authorization: Bearer ura_…".',
      )
    }
    await next()
  }
}
