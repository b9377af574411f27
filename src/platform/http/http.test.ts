import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRoute } from '@hono/zod-openapi'
import { HTTPException } from 'hono/http-exception'
import { afterAll, expect, it } from 'vitest'
import { z } from 'zod'
import { Problem } from '#problem.ts'
import { createLog } from '#platform/log/log.ts'
import { createLocalStorage } from '#platform/storage/local.ts'
import { clientAddress, isLoopback, isLoopbackHost, limitKey, originOf, proxyTrust } from './address.ts'
import { limitBody, readBody } from './body.ts'
import { dispositionOf, parseRange, sendBytes, sendStored } from './bytes.ts'
import { conditional, etagOf, fresh, matches } from './etag.ts'
import { announceLimit, createLimiter, limited } from './limit.ts'
import { decodeCursor, encodeCursor, pageOf, pageQuery, pageSchema } from './pages.ts'
import { errorResponse } from './problem-response.ts'
import { json, jsonBody, problems } from './responses.ts'
import { createRouter } from './router.ts'

const folder = await mkdtemp(join(tmpdir(), 'urania-http-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const storage = await createLocalStorage(folder)
const content = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31) & 255)
const { sha256 } = await storage.put(content)

const lines: string[] = []
const log = createLog({ logLevel: 'debug' }, { write: (line: string) => void lines.push(line) })
const app = createRouter()
app.onError((error, c) => errorResponse(error, c))
app.use(async (c, next) => {
  c.set('requestId', 'request-1')
  c.set('log', log)
  await next()
})
app.use(limitBody(1000), conditional())
app.get('/problem', () => {
  throw new Problem('request.conflict', 'The plan is closed; open it again.', {
    plan: 'p1',
    status: 200,
    type: 'x',
  })
})
app.get('/bug', () => {
  throw new Error('password=hunter2 at /secret/path')
})
app.get('/nul', () => {
  throw Object.assign(new Error('invalid byte sequence'), { code: '22021' })
})
app.get('/surrogate', () => {
  throw Object.assign(new Error('invalid input syntax for type json'), { code: '22P02' })
})
app.get('/twice', () => {
  throw Object.assign(new Error('duplicate key value'), { code: '23505' })
})
app.get('/teapot', () => {
  throw new HTTPException(415)
})
app.openapi(
  createRoute({
    method: 'post',
    path: '/echo/{id}',
    request: {
      params: z.object({ id: z.coerce.number().int() }),
      query: pageQuery({ max: 10, default: 5 }),
      body: jsonBody(z.object({ a: z.string(), b: z.object({ c: z.number().max(3) }) })),
    },
    responses: { 200: json(z.object({ a: z.string(), limit: z.number() }), 'Echo'), ...problems() },
  }),
  (c) => c.json({ a: c.req.valid('json').a, limit: c.req.valid('query').limit }, 200),
)
app.openapi(
  createRoute({
    method: 'get',
    path: '/list',
    request: { query: pageQuery({ max: 10, default: 3 }) },
    responses: { 200: json(pageSchema(z.number()), 'Numbers'), ...problems() },
  }),
  (c) => {
    const { cursor, limit } = c.req.valid('query')
    const from = cursor === undefined ? 0 : decodeCursor(cursor, z.tuple([z.number()]))[0] + 1
    const rows = Array.from({ length: 10 }, (_, i) => i).filter((i) => i >= from)
    return c.json(
      pageOf(
        c,
        rows.slice(0, limit + 1),
        limit,
        (row) => row,
        (row) => [row],
      ),
      200,
    )
  },
)
app.post('/raw', async (c) => c.json({ length: (await readBody(c, 2000)).byteLength }))
app.get('/stored', (c) =>
  sendStored(c, storage, sha256, { contentType: 'application/fits', filename: 'map "é".fits' }),
)
app.get('/missing', (c) => sendStored(c, storage, 'f'.repeat(64), { contentType: 'application/fits' }))
app.get('/made', (c) =>
  sendBytes(c, new Uint8Array([1, 2, 3, 4]), etagOf('v', 1), { contentType: 'image/png' }),
)
app.get('/tagged', (c) => (fresh(c, etagOf('v', 2)) ? c.body(null, 304) : c.json({ ok: true })))

const post = (path: string, body: string | ReadableStream, type = 'application/json') =>
  app.request(path, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
    duplex: 'half',
  } as RequestInit)

it('a Problem becomes a problem document with its facts, which never overwrite the members of the document', async () => {
  const response = await app.request('/problem')
  expect(response.status).toBe(409)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(await response.json()).toEqual({
    type: 'urn:urania:problem:request.conflict',
    title: 'Conflict',
    status: 409,
    code: 'request.conflict',
    detail: 'The plan is closed; open it again.',
    instance: 'urn:urania:request:request-1',
    plan: 'p1',
  })
})

it('anything else becomes a 500 that says nothing but the id under which the log has it', async () => {
  const response = await app.request('/bug')
  expect(response.status).toBe(500)
  const text = await response.text()
  expect(text).toContain('request-1')
  expect(text).not.toMatch(/hunter2|secret/)
  expect(lines.join('')).toContain('hunter2')
  expect(lines.join('')).toContain('request-1')
  expect((await app.request('/nul')).status).toBe(422)
  expect((await app.request('/surrogate')).status).toBe(422)
  expect((await app.request('/twice')).status).toBe(409)
  expect(await (await app.request('/teapot')).json()).toMatchObject({ code: 'request.unsupported_type' })
})

it('input that does not fit is answered with every path', async () => {
  const response = await post('/echo/x?limit=99', JSON.stringify({ a: 1, b: { c: 9 } }))
  expect(response.status).toBe(422)
  const bad = await post('/echo/1', JSON.stringify({ a: 1, b: { c: 9 } }))
  expect(await bad.json()).toMatchObject({
    code: 'request.invalid',
    detail: expect.stringMatching(/body\.a: .+\(and 1 more\)/),
    errors: [{ path: 'body.a' }, { path: 'body.b.c' }],
  })
  const good = await post('/echo/1?limit=7', JSON.stringify({ a: 'x', b: { c: 1 } }))
  expect(await good.json()).toEqual({ a: 'x', limit: 7 })
  expect(await (await post('/echo/1', '{"a": ')).json()).toMatchObject({
    code: 'request.malformed',
    status: 400,
  })
  expect((await post('/echo/1', '<a/>', 'text/xml')).status).toBe(415)
})

it('a body is cut off at its limit while it comes, with and without Content-Length', async () => {
  const long = JSON.stringify({ a: 'x'.repeat(2000), b: { c: 1 } })
  expect(await (await post('/echo/1', long)).json()).toMatchObject({
    code: 'request.too_large',
    maxBytes: 1000,
  })
  let pulled = 0
  const endless = new ReadableStream({
    pull(controller) {
      pulled++
      controller.enqueue(new Uint8Array(100).fill(120))
    },
  })
  const cut = await post('/raw', endless, 'application/octet-stream')
  expect(cut.status).toBe(413)
  expect(pulled).toBeLessThan(40)
  expect(await (await post('/raw', 'x'.repeat(1999), 'text/plain')).json()).toEqual({ length: 1999 })
  const announced = await app.request('/raw', {
    method: 'POST',
    headers: { 'content-length': '5000' },
    body: 'x',
  })
  expect(announced.status).toBe(413)
})

it('lists come in pages with a Link, and cursors round-trip', async () => {
  const seen: number[] = []
  let path = '/list?limit=4'
  for (;;) {
    const response = await app.request(path)
    const page = (await response.json()) as { items: number[]; next: string | null }
    seen.push(...page.items)
    const link = response.headers.get('link') ?? ''
    expect(link).toContain('</list?limit=4>; rel="first"')
    if (!page.next) break
    path = /<([^>]+)>; rel="next"/.exec(link)?.[1] ?? ''
    expect(path).toBe(`/list?limit=4&cursor=${page.next}`)
  }
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  const key = ['2026-01-01T00:00:00.000Z', 'é\u0000"', null, 1e300] as const
  expect(decodeCursor(encodeCursor(key), z.tuple([z.string(), z.string(), z.null(), z.number()]))).toEqual(
    key,
  )
  expect(() => decodeCursor('%%%', z.tuple([z.number()]))).toThrow(/not one of this list/)
})

it('stored bytes are sent whole, in ranges, and not at all when the client has them', async () => {
  const whole = await app.request('/stored')
  expect(whole.headers.get('content-length')).toBe('3000000')
  expect(whole.headers.get('content-security-policy')).toContain('sandbox')
  expect(Buffer.from(await whole.arrayBuffer()).equals(content)).toBe(true)
  const part = await app.request('/stored', { headers: { range: 'bytes=1000000-2500000' } })
  expect(part.status).toBe(206)
  expect(part.headers.get('content-range')).toBe('bytes 1000000-2500000/3000000')
  expect(Buffer.from(await part.arrayBuffer()).equals(content.subarray(1_000_000, 2_500_001))).toBe(true)
  const etag = whole.headers.get('etag') ?? ''
  expect(etag).toBe(`"${sha256}"`)
  expect((await app.request('/stored', { headers: { 'if-none-match': `"x", W/${etag}` } })).status).toBe(304)
  const stale = await app.request('/stored', { headers: { range: 'bytes=0-1', 'if-range': '"old"' } })
  expect(stale.status).toBe(200)
  await stale.body?.cancel()
  const beyond = await app.request('/stored', { headers: { range: 'bytes=3000000-' } })
  expect(beyond.status).toBe(416)
  expect(beyond.headers.get('content-range')).toBe('bytes */3000000')
  const head = await app.request('/stored', { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '3000000', ''])
  expect((await app.request('/missing')).status).toBe(404)
  expect(
    new Uint8Array(await (await app.request('/made', { headers: { range: 'bytes=-3' } })).arrayBuffer()),
  ).toEqual(new Uint8Array([2, 3, 4]))
})

it('ranges are read as RFC 9110 says', () => {
  expect(parseRange(undefined, 10)).toBeUndefined()
  expect(parseRange('bytes=0-0', 10)).toEqual({ start: 0, end: 1 })
  expect(parseRange('bytes=5-', 10)).toEqual({ start: 5, end: 10 })
  expect(parseRange('bytes=-4', 10)).toEqual({ start: 6, end: 10 })
  expect(parseRange('bytes=-40', 10)).toEqual({ start: 0, end: 10 })
  expect(parseRange('bytes=5-99', 10)).toEqual({ start: 5, end: 10 })
  for (const ignored of ['bytes=5-2', 'bytes=-', 'rows=1-2', 'bytes=0-1,3-4', 'bytes=a-b']) {
    expect(parseRange(ignored, 10)).toBeUndefined()
  }
  for (const outside of ['bytes=10-', 'bytes=-0', 'bytes=99-100']) {
    expect(() => parseRange(outside, 10)).toThrow(/outside/)
  }
  expect(() => parseRange('bytes=0-', 0)).toThrow(/outside/)
})

it('names of files survive as RFC 6266 says and can’t break the header', () => {
  expect(dispositionOf('attachment', 'a"b\r\nX: y (é).fits')).toBe(
    'attachment; filename="a_b__X__y____.fits"; filename*=UTF-8\'\'a%22b%0D%0AX%3A%20y%20%28%C3%A9%29.fits',
  )
})

it('a JSON answer without a tag gets one, and 304 follows', async () => {
  const first = await app.request('/list')
  const etag = first.headers.get('etag') ?? ''
  expect(etag).toMatch(/^W\/".{27}"$/)
  const again = await app.request('/list', { headers: { 'if-none-match': etag } })
  expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
  const tagged = await app.request('/tagged')
  expect(
    (await app.request('/tagged', { headers: { 'if-none-match': tagged.headers.get('etag') ?? '' } })).status,
  ).toBe(304)
  expect(matches('*', '"x"')).toBe(true)
  expect(matches(undefined, '"x"')).toBe(false)
})

it('the client’s address is the last one that no trusted proxy vouches for', () => {
  const trust = proxyTrust(['10.0.0.0/8', '::1', '2001:db8::/32'])
  expect(clientAddress('192.0.2.1', '1.1.1.1', trust)).toBe('192.0.2.1')
  expect(clientAddress('10.1.2.3', '1.1.1.1, 192.0.2.7', trust)).toBe('192.0.2.7')
  expect(clientAddress('::ffff:10.1.2.3', '6.6.6.6, 192.0.2.7, 10.9.9.9', trust)).toBe('192.0.2.7')
  expect(clientAddress('10.1.2.3', 'nonsense', trust)).toBe('10.1.2.3')
  expect(clientAddress('10.1.2.3', undefined, trust)).toBe('10.1.2.3')
  expect(clientAddress('2001:db8::5', '198.51.100.4', trust)).toBe('198.51.100.4')
  expect(clientAddress(undefined, '1.1.1.1', trust)).toBeNull()
  expect(limitKey('2001:db8:1:2:3:4:5:6')).toBe(limitKey('2001:db8:1:2::9'))
  expect(limitKey('2001:db8:1:3::9')).not.toBe(limitKey('2001:db8:1:2::9'))
  expect(limitKey('::1')).toBe('0:0:0:0::/64')
  for (const yes of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) expect(isLoopback(yes)).toBe(true)
  for (const no of ['128.0.0.1', '10.0.0.1', '1270.0.0.1', null]) expect(isLoopback(no)).toBe(false)
  for (const yes of ['localhost:4848', '127.0.0.1', '[::1]:80', 'LOCALHOST'])
    expect(isLoopbackHost(yes)).toBe(true)
  for (const no of [
    'localhost.evil.org',
    '127.0.0.1.evil.org',
    'evil.org',
    '',
    undefined,
    '127.0.0.1:80@evil.org',
  ]) {
    expect(isLoopbackHost(no)).toBe(false)
  }
})

it('every address that is listened on is shown as one that can be opened', () => {
  expect(originOf({ host: '127.0.0.1', port: 4848 })).toBe('http://127.0.0.1:4848')
  expect(originOf({ host: '0.0.0.0', port: 1 })).toBe('http://localhost:1')
  expect(originOf({ host: '::', port: 1 })).toBe('http://localhost:1')
  expect(originOf({ host: '::1', port: 1 })).toBe('http://[::1]:1')
})

it('a limit lets so many through, says what is left and when there is more', async () => {
  let now = 0
  const limiter = createLimiter('trial', 3, 60, () => now)
  expect([1, 2, 3, 4].map(() => limiter.take('a'))).toEqual([true, true, true, false])
  expect(limiter.take('b')).toBe(true)
  expect(limiter.look('a')).toEqual({ limit: 3, remaining: 0, resetSeconds: 20 })
  expect(limited(limiter, 'a').details).toMatchObject({ retryAfter: 20 })
  now += 20_000
  expect([1, 2].map(() => limiter.take('a'))).toEqual([true, false])
  now += 60_000
  expect(limiter.look('a').remaining).toBe(3)
  const announcing = createRouter()
  announcing.get('/', (c) => {
    announceLimit(c, limiter, 'a')
    return c.text('')
  })
  const { headers } = await announcing.request('/')
  expect(headers.get('ratelimit')).toBe('"trial";r=3;t=0')
  expect(headers.get('ratelimit-policy')).toBe('"trial";q=3;w=60')
  for (let i = 0; i < 10_005; i++) limiter.take(`key ${i}`)
  expect(limiter.look('key 0').remaining).toBe(3)
})
