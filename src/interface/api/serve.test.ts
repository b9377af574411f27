import { connect as openSocket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRoute, z } from '@hono/zod-openapi'
import { expect, it } from 'vitest'
import { testApi } from '#test/api.ts'
import { readBody } from '#platform/http/body.ts'
import { json, problems } from '#platform/http/responses.ts'
import { createRouter } from '#platform/http/router.ts'
import type { Room } from '#platform/room.ts'
import { until } from '#test/until.ts'
import { createServer } from './serve.ts'

const room: Room = {
  name: 'test',
  routes() {
    const app = createRouter()
    app.openapi(
      createRoute({
        method: 'get',
        path: '/slow',
        responses: { 200: json(z.object({ ok: z.boolean() }), 'Slow'), ...problems() },
      }),
      async (c) => {
        await sleep(300)
        return c.json({ ok: true }, 200)
      },
    )
    app.post('/raw', async (c) => c.json({ length: (await readBody(c, 5_000_000)).byteLength }))
    return app
  },
}

const stopping = new AbortController()
const { app, platform, person, lines } = await testApi({ rooms: [room], api: { stopping: stopping.signal } })
const member = await person('member', 'Mia')
const server = createServer({ config: { ...platform.config, port: 0 }, log: platform.log }, app, stopping)
await server.start()
const headers = { authorization: `Bearer ${member.token}` }

it('takes a sender who goes away in the middle of the body for no fault of its own', async () => {
  const before = lines.length
  const socket = openSocket(Number(new URL(server.url()!).port), '127.0.0.1')
  const head = `POST /api/v1/raw HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${headers.authorization}\r\nContent-Length: 1000\r\n\r\n`
  socket.write(`${head}half of it`)
  await sleep(200)
  socket.resetAndDestroy()
  await sleep(300)
  const said = lines.slice(before).join('\n')
  expect(said).toContain('/api/v1/raw 400')
  expect(said).not.toContain('"level":"error"')
})

it('answers over a real socket, with the address of the client and JSON, bytes and problems as in process', async () => {
  const me = await fetch(`${server.url()}/api/v1/me`, { headers })
  expect(await me.json()).toMatchObject({ kind: 'token', role: 'member' })
  const echo = await fetch(`${server.url()}/api/v1/tokens`, { headers })
  const { items } = (await echo.json()) as { items: { lastUsedFrom: string }[] }
  expect(items[0].lastUsedFrom).toMatch(/^(127\.0\.0\.1|::1)$/)
  const body = new Uint8Array(4_000_000).fill(7)
  const sent = await fetch(`${server.url()}/api/v1/raw`, { method: 'POST', headers, body })
  expect(await sent.json()).toEqual({ length: 4_000_000 })
  const head = await fetch(`${server.url()}/health/live`, { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
  expect((await fetch(`${server.url()}/metrics`)).status).toBe(200)
})

it('says that the connection ends where it answers before the body is there', async () => {
  const ask = async (length: number, sent: string): Promise<string> => {
    const socket = openSocket(Number(new URL(server.url()).port), '127.0.0.1')
    let answer = ''
    socket.on('data', (data) => (answer += data.toString()))
    socket.on('error', () => {})
    const head = `POST /api/v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`
    socket.write(head + sent)
    await until(() => answer.includes('\r\n\r\n'), 'the head of the answer')
    socket.destroy()
    return answer
  }
  expect(await ask(3_000_000, '{"name"')).toMatch(/^HTTP\/1\.1 401 [^]*connection: close\r\n/i)
  expect(await ask(2, '{}')).toMatch(/^HTTP\/1\.1 401 [^]*connection: keep-alive\r\n/i)
})

it('breaks off an endless upload and stays well', async () => {
  const socket = openSocket(Number(new URL(server.url()).port), '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => (answer += data.toString()))
  socket.on('error', () => {})
  socket.write(
    `POST /api/v1/raw HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${member.token}\r\nTransfer-Encoding: chunked\r\n\r\n`,
  )
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
  let written = 0
  while (!socket.destroyed && answer === '' && written < 60_000_000) {
    socket.write(chunk)
    written += 0x10000
    await sleep(1)
  }
  expect(answer).toMatch(/^HTTP\/1\.1 413/)
  expect(written).toBeLessThan(60_000_000)
  socket.destroy()
  expect((await fetch(`${server.url()}/health/live`)).status).toBe(200)
})

it('stops: streams end at once, requests that run are answered, new ones are not taken', async () => {
  const stream = await fetch(`${server.url()}/api/v1/stream`, { headers })
  expect(stream.status).toBe(200)
  const slow = fetch(`${server.url()}/api/v1/slow`, { headers })
  await sleep(50)
  const began = performance.now()
  const stopped = server.stop()
  const text = await stream.text()
  expect(text).toContain(': here')
  expect(await (await slow).json()).toEqual({ ok: true })
  await stopped
  expect(performance.now() - began).toBeLessThan(2000)
  await expect(fetch(`${server.url()}/health/live`)).rejects.toThrow()
})

it('says in one sentence why it cannot listen', async () => {
  const first = createServer(
    { config: { ...platform.config, port: 0 }, log: platform.log },
    app,
    new AbortController(),
  )
  await first.start()
  const port = Number(new URL(first.url()).port)
  const second = createServer(
    { config: { ...platform.config, port }, log: platform.log },
    app,
    new AbortController(),
  )
  await expect(second.start()).rejects.toThrow(
    /Cannot listen on .+: another program listens there; choose another with --port\./,
  )
  await second.stop()
  await first.stop()
})
