import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { createNet, retryAfterSeconds } from './client.ts'
import { checkedUrl, hostAllowed, isPublicAddress, publicLookup } from './hosts.ts'

type Handle = (request: http.IncomingMessage, response: http.ServerResponse, count: number) => void

const counts = new Map<string, number>()
const routes = new Map<string, Handle>()
const server = http.createServer((request, response) => {
  const path = request.url ?? ''
  const count = (counts.get(path) ?? 0) + 1
  counts.set(path, count)
  const route = routes.get(path)
  if (route) route(request, response, count)
  else response.writeHead(404).end('nothing here')
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
const base = `http://127.0.0.1:${port}`
const net = createNet()
afterAll(async () => {
  await net.stop()
  server.closeAllConnections()
  server.close()
})
beforeEach(() => counts.clear())
const on = (path: string, handle: Handle): void => void routes.set(path, handle)

it('fetches bytes, text and JSON, decompressed', async () => {
  on('/json', (_, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"a":[1,2]}')),
  )
  const answer = await net.fetch(`${base}/json`)
  expect(answer.json()).toEqual({ a: [1, 2] })
  expect(answer.text()).toBe('{"a":[1,2]}')
  expect(answer.status).toBe(200)
  on('/plain', (_, response) => response.end('<html>'))
  const plain = await net.fetch(`${base}/plain`)
  expect(() => plain.json()).toThrow('not JSON')
})

it('sends a body and headers', async () => {
  on('/echo', (request, response) => {
    response.setHeader('x-method', request.method ?? '')
    response.setHeader('x-auth', request.headers.authorization ?? '')
    request.pipe(response)
  })
  const answer = await net.fetch(`${base}/echo`, {
    method: 'POST',
    body: 'a=1',
    headers: { Authorization: 'Bearer t' },
  })
  expect([answer.text(), answer.headers.get('x-method'), answer.headers.get('x-auth')]).toEqual([
    'a=1',
    'POST',
    'Bearer t',
  ])
})

it('tries again after a passing failure, and not after one that stays', async () => {
  on('/flaky', (request, response, count) => {
    if (count === 1) request.socket.destroy()
    else if (count === 2) response.writeHead(503, { 'retry-after': '0' }).end()
    else response.end('fine')
  })
  expect((await net.fetch(`${base}/flaky`)).text()).toBe('fine')
  await expect(net.fetch(`${base}/missing`)).rejects.toMatchObject({
    code: 'net.status',
    details: { status: 404, body: 'nothing here' },
  })
  expect(counts.get('/missing')).toBe(1)
  expect((await net.fetch(`${base}/missing`, { accept: [404] })).status).toBe(404)
})

it('does not repeat a request that changes state', async () => {
  on('/post', (request) => request.socket.destroy())
  await expect(net.fetch(`${base}/post`, { method: 'POST' })).rejects.toMatchObject({
    code: 'net.unreachable',
  })
  expect(counts.get('/post')).toBe(1)
})

it('honours Retry-After, and hands a long one to the caller', async () => {
  on('/busy', (_, response, count) =>
    count === 1 ? response.writeHead(429, { 'retry-after': '1' }).end() : response.end('now'),
  )
  const began = performance.now()
  expect((await net.fetch(`${base}/busy`)).text()).toBe('now')
  expect(performance.now() - began).toBeGreaterThan(950)
  on('/closed', (_, response) => response.writeHead(503, { 'retry-after': '3600' }).end())
  await expect(net.fetch(`${base}/closed`)).rejects.toMatchObject({
    details: { status: 503, afterSeconds: 3600 },
  })
  expect(counts.get('/closed')).toBe(1)
  expect(retryAfterSeconds('Wed, 21 Oct 2015 07:28:10 GMT', Date.UTC(2015, 9, 21, 7, 28))).toBe(10)
})

it('stops at the time limit, in the headers and in the body, and when asked', async () => {
  on('/silent', () => {})
  on('/drip', (_, response) => void response.write('a'))
  for (const path of ['/silent', '/drip'])
    await expect(net.fetch(base + path, { timeoutMs: 150 })).rejects.toMatchObject({ code: 'net.timeout' })
  const abort = new AbortController()
  setTimeout(() => abort.abort(), 50)
  await expect(net.fetch(`${base}/silent`, { signal: abort.signal })).rejects.toMatchObject({
    code: 'net.aborted',
  })
})

it('stops at the size limit while streaming, counted after decompression', async () => {
  on('/big', (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' })
    response.end(gzipSync(new Uint8Array(5_000_000)))
  })
  await expect(net.fetch(`${base}/big`, { maxBytes: 1_000_000 })).rejects.toMatchObject({
    code: 'net.too_large',
  })
  on('/announced', (_, response) => response.writeHead(200, { 'content-length': '2000000' }).flushHeaders())
  await expect(net.fetch(`${base}/announced`, { maxBytes: 1_000_000 })).rejects.toMatchObject({
    code: 'net.too_large',
  })
})

it('follows redirects within limits and leaves secrets behind at another origin', async () => {
  on('/here', (_, response) => response.writeHead(302, { location: '/echo' }).end())
  expect((await net.fetch(`${base}/here`, { headers: { authorization: 'x' } })).headers.get('x-auth')).toBe(
    'x',
  )
  on('/away', (_, response) => response.writeHead(302, { location: `http://localhost:${port}/echo` }).end())
  expect((await net.fetch(`${base}/away`, { headers: { authorization: 'x' } })).headers.get('x-auth')).toBe(
    '',
  )
  on('/round', (_, response) => response.writeHead(302, { location: '/round' }).end())
  await expect(net.fetch(`${base}/round`)).rejects.toMatchObject({ code: 'net.status' })
})

it('says in one sentence that a host cannot be reached', async () => {
  await expect(net.fetch('http://127.0.0.1:1/', { retries: 0 })).rejects.toMatchObject({
    code: 'net.unreachable',
    message: '127.0.0.1:1 cannot be reached: ECONNREFUSED.',
  })
  await expect(net.fetch('http://no-such-host.invalid/', { retries: 0 })).rejects.toMatchObject({
    code: 'net.unreachable',
  })
})

it.each([
  '127.0.0.1',
  '10.1.2.3',
  '172.31.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '::1',
  '::',
  '::ffff:10.0.0.1',
  '64:ff9b::a00:1',
  'fe80::1',
  'fd00::1',
  'ff02::1',
  '2002:a00:1::',
  'x',
])('%s is not public', (address) => expect(isPublicAddress(address)).toBe(false))

it.each(['8.8.8.8', '172.32.0.1', '2606:4700::1111'])('%s is public', (address) =>
  expect(isPublicAddress(address)).toBe(true),
)

it('refuses private targets of addresses from outside, however they are written', async () => {
  for (const address of [
    base,
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    `http://localhost:${port}/`,
    'http://user:pw@example.org/',
    'file:///etc/passwd',
  ])
    await expect(net.fetch(address, { untrusted: true }), address).rejects.toMatchObject({
      code: 'net.host_refused',
    })
})

it('refuses a name that resolves to a private address at the moment of connecting', async () => {
  const error = await new Promise((resolve) => publicLookup('localhost', { all: true }, resolve))
  expect(error).toMatchObject({ code: 'net.host_refused' })
})

it('refuses hosts that are not on the list, also after a redirect', async () => {
  on('/leave', (_, response) => response.writeHead(302, { location: `http://localhost:${port}/echo` }).end())
  await expect(net.fetch(`${base}/leave`, { allowedHosts: ['127.0.0.1'] })).rejects.toMatchObject({
    code: 'net.host_refused',
  })
  expect(hostAllowed('GCN.nasa.gov.', ['*.nasa.gov'])).toBe(true)
  expect(hostAllowed('nasa.gov', ['*.nasa.gov'])).toBe(true)
  expect(hostAllowed('evilnasa.gov', ['*.nasa.gov'])).toBe(false)
  expect(() => checkedUrl('http://a.org/', {}, new URL('https://a.org/'))).toThrow('https to http')
  expect(() => checkedUrl('no url', {})).toThrow('not a URL')
})
