import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRoute, z } from '@hono/zod-openapi'
import { afterAll, expect, it } from 'vitest'
import { cookiesIn, testApi, testPassword } from '#test/api.ts'
import { json, problems } from '#platform/http/responses.ts'
import { createRouter } from '#platform/http/router.ts'
import type { Room } from '#platform/room.ts'
import { room as people } from '#observatory/people/module.ts'
import { createApi, demonstrationMarker } from './app.ts'
import { openApiDocument } from './openapi.ts'

const folder = await mkdtemp(join(tmpdir(), 'urania-page-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const page = join(folder, 'web')
await mkdir(join(page, 'assets'), { recursive: true })
await writeFile(join(folder, 'outside.txt'), 'not for you')
await writeFile(join(page, 'index.html'), '<!doctype html><title>Urania</title>')
await writeFile(join(page, 'assets/app-1234.js'), 'export const plain = 1')
await writeFile(join(page, 'assets/app-1234.js.br'), 'packed by br')
await writeFile(join(page, 'assets/app-1234.js.gz'), 'packed by gz')
await writeFile(join(page, '.hidden'), 'not for you')

const things: Room = {
  name: 'things',
  routes() {
    const app = createRouter()
    app.openapi(
      createRoute({
        method: 'get',
        path: '/things',
        responses: { 200: json(z.object({ text: z.string() }), 'Things'), ...problems() },
      }),
      (c) => c.json({ text: 'x'.repeat(5000) }, 200),
    )
    app.openapi(
      createRoute({
        method: 'post',
        path: '/things',
        responses: { 200: json(z.object({ by: z.string() }), 'Made'), ...problems() },
      }),
      (c) => c.json({ by: c.var.actor.name }, 200),
    )
    app.openapi(
      createRoute({
        method: 'get',
        path: '/things/broken',
        responses: { 200: json(z.object({ n: z.number() }), 'Broken'), ...problems() },
      }),
      () => {
        throw new Error('relation "secret_table" does not exist')
      },
    )
    return app
  },
}

const { app, request, platform, person, cookieOf, lines, home } = await testApi({
  rooms: [things],
  api: { page },
  env: {
    URANIA_HTTP_TRUSTED_PROXIES: '10.0.0.0/8',
    URANIA_HTTP_METRICS_TOKEN: 'collector-collector-collector',
  },
})
const admin = await person('administrator', 'Ada')
const viewer = await person('viewer', 'Vera')
const cookie = await cookieOf(viewer.email)
const from = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } })

it('a request that changes something by cookie must come from our own page', async () => {
  const send = (headers: Record<string, string>) =>
    request('/api/v1/things', { method: 'POST', headers: { cookie, ...headers } })
  for (const foreign of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost.evil.example' },
    { origin: 'https://localhost' },
    { origin: 'http://localhost:8080' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site', origin: 'http://localhost' },
  ] as Record<string, string>[]) {
    const response = await send(foreign)
    expect([foreign, response.status]).toEqual([foreign, 403])
    expect(await response.json()).toMatchObject({ code: 'access.cross_site' })
  }
  for (const own of [
    { origin: 'http://localhost' },
    { 'sec-fetch-site': 'same-origin', origin: 'http://localhost' },
    {},
  ] as Record<string, string>[]) {
    expect((await send(own)).status).toBe(200)
  }
  // No other site can set this header, so nothing rides on it.
  expect(
    (await viewer.send('POST', '/api/v1/things', undefined, { origin: 'https://evil.example' })).status,
  ).toBe(403)
  expect(
    (await admin.send('POST', '/api/v1/things', undefined, { origin: 'https://evil.example' })).status,
  ).toBe(200)
  const signIn = await app.request('/api/auth/sign-in/email', {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: 'https://evil.example' },
    body: JSON.stringify({ email: viewer.email, password: testPassword }),
  })
  expect(signIn.status).toBe(403)
  expect(signIn.headers.getSetCookie()).toEqual([])
})

it('no answer allows other sites to read it, and every one carries the security headers', async () => {
  for (const path of ['/', '/api/v1/me', '/health/live', '/api/v1/nothing', '/assets/app-1234.js']) {
    const { headers } = await app.request(path, { headers: { origin: 'https://evil.example' } })
    expect(headers.get('access-control-allow-origin')).toBeNull()
    expect(headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
  }
  expect(
    (await app.request('/', { headers: { 'x-request-id': 'from-outside-1' } })).headers.get('x-request-id'),
  ).toBe('from-outside-1')
  expect(
    (await app.request('/', { headers: { 'x-request-id': 'a b<script>' } })).headers.get('x-request-id'),
  ).not.toContain('<')
})

it('what breaks inside is told by an id alone', async () => {
  const response = await viewer.get('/api/v1/things/broken')
  expect(response.status).toBe(500)
  const text = await response.text()
  expect(text).not.toContain('secret_table')
  const id = response.headers.get('x-request-id') ?? ''
  expect(text).toContain(id)
  expect(lines.filter((line) => line.includes(id)).join('')).toContain('secret_table')
  expect(lines.join('')).not.toContain(viewer.token)
  expect(lines.join('')).not.toContain(cookie.split('=')[1])
})

it('addresses that are not there are problems under /api and the page elsewhere', async () => {
  expect((await viewer.get('/api/v1/nothing')).status).toBe(404)
  expect((await app.request('/api/v1/nothing')).status).toBe(401)
  expect((await app.request('/api/nothing')).status).toBe(404)
  expect((await app.request('/nothing.js')).status).toBe(404)
  const events = await app.request('/events/MS181101ab')
  expect([events.status, await events.text()]).toEqual([200, '<!doctype html><title>Urania</title>'])
  expect(
    (await app.request('/events', { method: 'POST', headers: { origin: 'http://localhost' } })).status,
  ).toBe(404)
})

it('files of the page come packed and for ever, and nothing outside its folder comes at all', async () => {
  const file = (headers: Record<string, string>) => app.request('/assets/app-1234.js', { headers })
  expect(await (await file({})).text()).toBe('export const plain = 1')
  const packed = await file({ 'accept-encoding': 'gzip, br' })
  expect([packed.headers.get('content-encoding'), await packed.text()]).toEqual(['br', 'packed by br'])
  expect(packed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect(packed.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  expect((await file({ 'accept-encoding': 'gzip' })).headers.get('content-encoding')).toBe('gzip')
  const etag = packed.headers.get('etag') ?? ''
  expect((await file({ 'accept-encoding': 'br', 'if-none-match': etag })).status).toBe(304)
  expect((await app.request('/')).headers.get('cache-control')).toBe('no-cache')
  for (const path of [
    '/%2e%2e/outside.txt',
    '/..%2foutside.txt',
    '/assets/..%2f..%2foutside.txt',
    '/.hidden',
    '/%2ehidden',
    '/assets%5c..%5coutside.txt',
    '/%00',
    '/%ff',
  ]) {
    const response = await app.request(path)
    expect([path, (await response.text()).includes('not for you')]).toEqual([path, false])
  }
})

it('behind a trusted proxy the client’s address and https are believed, else not', async () => {
  const signIn = (env: object, headers: Record<string, string>, origin: string) =>
    app.request(
      '/api/auth/sign-in/email',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin, host: 'urania.example', ...headers },
        body: JSON.stringify({ email: admin.email, password: testPassword }),
      },
      env,
    )
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '6.6.6.6, 192.0.2.9' }
  const behind = await signIn(from('10.0.0.2'), forwarded, 'https://urania.example')
  expect(behind.status).toBe(200)
  const [set] = behind.headers.getSetCookie()
  expect(set).toMatch(/^__Secure-urania\.session_token=.+Secure/)
  expect(behind.headers.get('strict-transport-security')).toBeTruthy()
  const session = cookiesIn(behind)
  const me = await app.request(
    '/api/v1/sessions',
    { headers: { cookie: session, host: 'urania.example', ...forwarded } },
    from('10.0.0.2'),
  )
  const { items } = (await me.json()) as { items: { address: string; current: boolean }[] }
  expect(items.find((item) => item.current)?.address).toBe('192.0.2.9')
  // The secure cookie counts for nothing over plain http, and a stranger's headers for nothing at all.
  expect((await app.request('/api/v1/people', { headers: { cookie: session } })).status).toBe(401)
  const direct = await signIn(from('203.0.113.5'), forwarded, 'http://urania.example')
  expect(direct.headers.getSetCookie()[0]).not.toMatch(/Secure/)
  const spoofed = await app.request(
    '/api/v1/sessions',
    { headers: { cookie: cookiesIn(direct) } },
    from('203.0.113.5'),
  )
  const rows = (await spoofed.json()) as { items: { address: string; current: boolean }[] }
  expect(rows.items.find((item) => item.current)?.address).toBe('203.0.113.5')
})

it('JSON is packed for who takes it, and the stream of bytes and small answers are not', async () => {
  const packed = await viewer.get('/api/v1/things', { 'accept-encoding': 'gzip' })
  expect(packed.headers.get('content-encoding')).toBe('gzip')
  const text = await new Response(packed.body?.pipeThrough(new DecompressionStream('gzip'))).text()
  expect(JSON.parse(text)).toEqual({ text: 'x'.repeat(5000) })
  expect((await viewer.get('/api/v1/things')).headers.get('content-encoding')).toBeNull()
  expect(
    (await viewer.get('/api/v1/things', { 'accept-encoding': 'gzip;q=0, br' })).headers.get(
      'content-encoding',
    ),
  ).toBeNull()
  const again = await viewer.get('/api/v1/things', { 'if-none-match': packed.headers.get('etag') ?? '' })
  expect(again.status).toBe(304)
})

it('metrics name the route, not the address', async () => {
  await viewer.get(`/api/v1/people/${viewer.id}`)
  const text = await (await app.request('/metrics', {}, from('127.0.0.1'))).text()
  expect(text).toContain('route="/api/v1/people/:id",status="200"')
  expect(text).not.toContain(viewer.id)
})

it('metrics are for loopback, the collector and operators', async () => {
  const ask = (headers: Record<string, string>, address: string) =>
    app.request('/metrics', { headers }, from(address))
  expect((await ask({}, '127.0.0.1')).status).toBe(200)
  expect((await ask({ 'x-forwarded-for': '1.2.3.4' }, '127.0.0.1')).status).toBe(403)
  expect((await ask({}, '192.0.2.1')).status).toBe(403)
  expect((await ask({ authorization: 'Bearer collector-collector-collector' }, '192.0.2.1')).status).toBe(200)
  expect((await ask({ authorization: 'Bearer collector-collector-collectoR' }, '192.0.2.1')).status).toBe(403)
  expect((await ask({ authorization: `Bearer ${viewer.token}` }, '192.0.2.1')).status).toBe(403)
  expect((await ask({ authorization: `Bearer ${admin.token}` }, '192.0.2.1')).status).toBe(200)
})

it('the OpenAPI document is 3.1, names every security scheme and every route once', async () => {
  const served = (await (await app.request('/api/v1/openapi.json')).json()) as ReturnType<
    typeof openApiDocument
  >
  expect(served.openapi).toBe('3.1.0')
  expect(Object.keys(served.components?.securitySchemes ?? {}).toSorted()).toEqual([
    'basic',
    'session',
    'token',
  ])
  expect(served).toEqual(JSON.parse(JSON.stringify(openApiDocument(app))))
  const open = Object.entries(served.paths ?? {}).flatMap(([path, operations]) =>
    Object.entries(operations as Record<string, { security?: unknown[]; responses: object }>)
      .filter(([, operation]) => operation.security?.length === 0)
      .map(([method]) => `${method} ${path}`),
  )
  // Whatever is added here can be read by strangers.
  expect(open.toSorted()).toEqual([
    'get /api/v1/me',
    'get /api/v1/openapi.json',
    'post /api/v1/join',
    'post /api/v1/setup',
  ])
  const ids = Object.values(served.paths ?? {}).length
  expect(ids).toBeGreaterThan(15)
})

it('visitors are signed in by themselves only on loopback, in a demonstration, under a name of this machine', async () => {
  expect(() => createApi(platform, [people], { signInAutomatically: true, page })).toThrow(
    /demonstration alone/,
  )
  await writeFile(join(home, demonstrationMarker), '')
  const elsewhere = { ...platform, config: { ...platform.config, host: '0.0.0.0' } }
  expect(() => createApi(elsewhere, [people], { signInAutomatically: true, page })).toThrow(/loopback/)
  const demo = createApi(platform, [people], { signInAutomatically: true, page })
  const open = (headers: Record<string, string>, address = '127.0.0.1', path = '/') =>
    demo.request(path, { headers: { host: 'localhost:4848', ...headers } }, from(address))

  const first = await open({ 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' })
  expect(first.headers.getSetCookie()).toHaveLength(1)
  const visitor = cookiesIn(first)
  const me = await demo.request('/api/v1/me', { headers: { cookie: visitor, host: 'localhost:4848' } })
  expect(await me.json()).toMatchObject({ kind: 'person', person: { name: 'Demonstrator', email: null } })
  expect((await open({ cookie: visitor })).headers.getSetCookie()).toEqual([])

  expect((await open({}, '192.0.2.4')).headers.getSetCookie()).toEqual([])
  expect((await open({ 'x-forwarded-for': '192.0.2.4' })).headers.getSetCookie()).toEqual([])
  expect(
    (await open({ 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'cross-site' })).headers.getSetCookie(),
  ).toEqual([])
  expect(
    (await open({ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' })).headers.getSetCookie(),
  ).toEqual([])
  // DNS rebinding: the stranger's page reaches 127.0.0.1 under its own name.
  for (const host of ['evil.example', 'evil.example:4848', 'localhost.evil.example', '10.0.0.5:4848']) {
    for (const path of ['/', '/api/v1/me', '/health/live']) {
      const rebound = await open({ host }, '127.0.0.1', path)
      expect([host, path, rebound.status, rebound.headers.getSetCookie()]).toEqual([host, path, 403, []])
    }
  }
  const change = await demo.request('/api/v1/groups', {
    method: 'POST',
    headers: {
      cookie: visitor,
      host: 'localhost:4848',
      origin: 'http://evil.example',
      'content-type': 'application/json',
    },
    body: '{"name":"x"}',
  })
  expect(change.status).toBe(403)
  // The ordinary server never does it, whoever asks.
  expect(
    (await app.request('/', { headers: { host: 'localhost' } }, from('127.0.0.1'))).headers.getSetCookie(),
  ).toEqual([])
  expect((await app.request('/api/auth/start-unproven-session', { method: 'POST', body: '{}' })).status).toBe(
    404,
  )
})

it('says which methods an address answers, and takes no packed bodies', async () => {
  const other = await request('/api/v1/things', { method: 'DELETE', headers: { cookie } })
  expect([other.status, other.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
  expect(await other.json()).toMatchObject({
    code: 'request.method_not_allowed',
    allowed: ['GET', 'HEAD', 'POST'],
  })
  expect((await request('/api/v1/thing', { method: 'DELETE', headers: { cookie } })).status).toBe(404)
  const packed = { method: 'POST', body: 'x', headers: { cookie, 'content-encoding': 'gzip' } }
  expect((await request('/api/v1/things', packed)).status).toBe(415)
})
