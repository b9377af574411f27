import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { Problem } from '#problem.ts'
import { isLoopback, isLoopbackHost, proxyTrust } from '#platform/http/address.ts'
import { limitBody } from '#platform/http/body.ts'
import { conditional, fresh } from '#platform/http/etag.ts'
import { createLimiter } from '#platform/http/limit.ts'
import { errorResponse } from '#platform/http/problem-response.ts'
import type { Router, ServerEnv } from '#platform/http/router.ts'
import { httpSection } from '#platform/http/section.ts'
import type { Platform } from '#platform/platform.ts'
import type { Room } from '#platform/room.ts'
import { createAuth } from '#observatory/people/auth.ts'
import type { Auth } from '#observatory/people/auth.ts'
import { demonstrator } from '#observatory/people/demonstrator.ts'
import { identify } from '#observatory/people/identify.ts'
import { answerAuth, attemptLimits, countAttempt } from './authentication.ts'
import { compress } from './compress.ts'
import * as gates from './gates.ts'
import { mayReadMetrics, readiness } from './health.ts'
import { jobRoutes } from './jobs.ts'
import { methodsAt, openApiText, openRoutes } from './openapi.ts'
import { sendPage } from './page.ts'
import { streamRoutes } from './stream.ts'

export interface ApiOptions {
  /** Folder of the built page; by default the one beside the program. */
  page?: string
  /** Signs whoever opens the page in as the demonstrator. Only on loopback and in a home made by the demonstration. */
  signInAutomatically?: boolean
  /** Aborted when the server stops, so that streams end. */
  stopping?: AbortSignal
  /** How often an open stream asks whether its rights are still the same. */
  recheckMs?: number
}

/** Name of the file by which a home folder says that it was made for a demonstration. */
export const demonstrationMarker = 'demonstration'

/** Requests per minute of one token: far above what a person does, below what harms. */
const tokenRequestsPerMinute = 20_000

/**
 * Everything that is answered over HTTP: the rooms under `/api/v1`, sign-in under `/api/auth`, health, metrics and the
 * page. A web-standard application: tests call `app.request('/api/v1/me')` without a server.
 */
export function createApi(platform: Platform, rooms: readonly Room[], options: ApiOptions = {}): Router {
  const { config, db } = platform
  const http = config.section(httpSection)
  const trust = proxyTrust(http.trustedProxies)
  const page = options.page ?? builtPage()
  const automatic = options.signInAutomatically ?? false
  if (automatic) requireDemonstration(config)

  const auths = new Map<boolean, Auth>()
  const authFor = (origin: string): Auth => {
    const secure = origin.startsWith('https:')
    const auth = auths.get(secure) ?? createAuth(platform, { secure })
    auths.set(secure, auth)
    return auth
  }
  const attempts = attemptLimits()
  const tokenLimits = {
    tokens: createLimiter('token', tokenRequestsPerMinute, 60),
    wrongTokens: createLimiter('wrong-tokens', 30, 60),
  }

  const app: Router = new OpenAPIHono<ServerEnv>()
  app.onError((error, c) => errorResponse(error, c))
  app.notFound((c) => {
    const { method, path } = c.req
    const allowed = methodsAt(app, path)
    if (allowed.length === 0) {
      return errorResponse(new Problem('resource.not_found', `There is nothing at ${method} ${path}.`), c)
    }
    c.header('Allow', allowed.join(', '))
    const sentence = `${path} does not answer ${method}, only ${allowed.join(', ')}.`
    return errorResponse(new Problem('request.method_not_allowed', sentence, { allowed }), c)
  })
  app.use(gates.recordRequest(platform, trust, http.publicUrl))
  app.use(gates.securityHeaders(http.skySurveys))
  if (automatic) app.use(gates.onlyLoopbackNames)
  app.use(gates.noTokenInAddress)
  app.use(limitBody())

  app.get('/health/live', (c) => c.json({ status: 'live' }))
  app.get('/health/ready', async (c) => {
    const { ready, checks } = await readiness(platform)
    return c.json({ status: ready ? 'ready' : 'not ready', checks }, ready ? 200 : 503)
  })

  const setup = gates.setupGate(platform)
  const actor = gates.findActor(platform, authFor, tokenLimits)
  app.get('/metrics', setup, async (c) => {
    const header = c.req.header('authorization')
    if (header === undefined || header.includes('ura_')) await actor(c, async () => {})
    mayReadMetrics(c, http.metricsToken)
    return c.text(platform.metrics.text(), 200, { 'Content-Type': 'text/plain; version=0.0.4' })
  })

  app.use('/api/*', compress(), setup, gates.sameSite)
  app.all('/api/auth/*', (c) => answerAuth(c, authFor(c.var.origin), attempts))

  const again = async (headers: Headers, from: string | null, origin: string) =>
    (await identify(db, authFor(origin), headers, from)).actor
  app.use('/api/v1/*', async (c, next) => {
    countAttempt(c, attempts)
    c.header('Cache-Control', 'private, no-cache')
    await next()
  })
  app.use('/api/v1/*', conditional(), actor, gates.scopeOfMethod)
  // Asked at each request, when all routes are known.
  let isOpen: ((method: string, path: string) => boolean) | undefined
  app.use(
    '/api/v1/*',
    gates.signInGate((method, path) => (isOpen ??= openRoutes(app))(method, path)),
  )
  const document = openApiText(app)
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/v1/openapi.json',
    tags: ['Interface'],
    summary: 'This document',
    security: [],
    responses: { 200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: {} } } } },
  })
  app.get('/api/v1/openapi.json', (c) => {
    const { text, etag } = document()
    if (fresh(c, etag)) return c.body(null, 304)
    return c.body(text, 200, { 'Content-Type': 'application/json' })
  })
  for (const room of rooms) if (room.routes) app.route('/api/v1', room.routes(platform))
  app.route('/api/v1', jobRoutes(platform))
  app.route(
    '/api/v1',
    streamRoutes(platform, {
      stopping: options.stopping ?? new AbortController().signal,
      again,
      recheckMs: options.recheckMs,
    }),
  )
  app.all('/api/*', (c) => c.notFound())

  app.all('*', (c) =>
    sendPage(c, page, async () => {
      if (automatic) await signInVisitor(platform, authFor(c.var.origin), c)
    }),
  )
  return app
}

function builtPage(): string {
  const fromSource = resolve(import.meta.dirname, '../../../dist/web')
  const fromPackage = resolve(import.meta.dirname, '../../web')
  return existsSync(join(fromPackage, 'index.html')) ? fromPackage : fromSource
}

function requireDemonstration(config: Platform['config']): void {
  const loopback = isLoopback(config.host) || config.host === 'localhost'
  if (loopback && existsSync(join(config.home, demonstrationMarker))) return
  throw new Problem(
    'access.forbidden',
    `Signing visitors in by themselves is for the demonstration alone: on loopback (host is ${config.host}) and in a home folder that "urania demo" made (${config.home} is ${loopback ? 'not' : 'not asked about'}).`,
  )
}

/**
 * A session for whoever opens the page, from this very machine, by hand or from our own page, without a session yet.
 * No proxy may be in between, and another site's frame or script never gets here: the page refuses frames, and reading
 * the answer across sites is not allowed.
 */
async function signInVisitor(platform: Platform, auth: Auth, c: Context<ServerEnv>): Promise<void> {
  const direct = isLoopback(c.env?.incoming?.socket.remoteAddress ?? null)
  const forwarded = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'].some((name) => c.req.header(name))
  const mode = c.req.header('sec-fetch-mode')
  const dest = c.req.header('sec-fetch-dest')
  const opened = (mode === undefined || mode === 'navigate') && (dest === undefined || dest === 'document')
  if (!direct || forwarded || !opened || !isLoopbackHost(c.req.header('host'))) return
  const { headers } = c.req.raw
  if (headers.has('cookie') && (await auth.sessionOf(headers))) return
  const person = await demonstrator(platform)
  for (const cookie of await auth.startSession(person.id, headers)) {
    c.header('Set-Cookie', cookie, { append: true })
  }
}
