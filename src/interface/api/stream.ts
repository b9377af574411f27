import { createRoute, z } from '@hono/zod-openapi'
import { Problem } from '#problem.ts'
import { parseLastEventId, sseStream } from '#platform/events/sse.ts'
import { lastPosition } from '#platform/events/store.ts'
import { problems } from '#platform/http/responses.ts'
import { createRouter } from '#platform/http/router.ts'
import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audienceOf, requireScope } from '#observatory/people/rights.ts'

export interface StreamOptions {
  /** Aborted when the server stops. */
  stopping: AbortSignal
  /** Who the same request would be now: a stream must not outlive the right to it. */
  again(headers: Headers, from: string | null, origin: string): Promise<Actor>
  recheckMs?: number
}

/** Streams open at once for one person, of all browsers and programs. */
const maxStreams = 32

/** `GET /stream`: what happens, as it happens, filtered by the rights of who listens. */
export function streamRoutes(platform: Pick<Platform, 'db' | 'events'>, options: StreamOptions): Router {
  const app = createRouter()
  const open = new Map<string, number>()
  app.openapi(
    createRoute({
      method: 'get',
      path: '/stream',
      tags: ['Stream'],
      summary: 'Server-sent events: name = kind, data = { id, at, kind, subject, data }',
      description:
        'Resume after the last one seen with the header Last-Event-ID. A comment comes every 15 s.',
      request: { headers: z.object({ 'last-event-id': z.string().max(100).optional() }) },
      responses: {
        200: {
          description: 'Events until one side closes',
          content: { 'text/event-stream': { schema: z.string() } },
        },
        ...problems(429),
      },
    }),
    async (c) => {
      const { actor, clientAddress, origin } = c.var
      requireScope(actor, 'read')
      // Nobody would read what a HEAD opens, and nothing would ever close it.
      if (c.req.method === 'HEAD') return c.body(null, 200, { 'Content-Type': 'text/event-stream' })
      // Fixed before the answer begins: whatever happens after the listener has its headers is sent to it.
      const lastId = parseLastEventId(c.req.header('last-event-id')) ?? (await lastPosition(platform.db)).id
      const holder = actor.tokenId ?? actor.userId ?? actor.kind
      if ((open.get(holder) ?? 0) >= maxStreams) {
        throw new Problem('request.rate_limited', `You have ${maxStreams} streams open; close one.`, {
          retryAfter: 10,
        })
      }
      open.set(holder, (open.get(holder) ?? 0) + 1)

      const viewer = audienceOf(actor)
      const ended = new AbortController()
      const { headers, signal } = c.req.raw
      const recheck = setInterval(() => {
        options
          .again(headers, clientAddress, origin)
          .then((now) => {
            if (audienceOf(now).join() !== viewer.join()) ended.abort()
          })
          .catch(() => ended.abort())
      }, options.recheckMs ?? 30_000)
      recheck.unref()
      const all = AbortSignal.any([signal, options.stopping, ended.signal])
      const release = () => {
        clearInterval(recheck)
        const left = (open.get(holder) ?? 1) - 1
        if (left > 0) open.set(holder, left)
        else open.delete(holder)
      }
      if (all.aborted) release()
      else all.addEventListener('abort', release, { once: true })
      const events = sseStream(platform.events, viewer, lastId, all)
      return c.body(
        withEnd(events, () => ended.abort()),
        200,
        {
          'Content-Type': 'text/event-stream',
          'Cache-Control': 'no-store',
          // Proxies would hold events back until a buffer is full.
          'X-Accel-Buffering': 'no',
        },
      )
    },
  )
  return app
}

/** The same stream; `onEnd` is called when the reader goes away. */
function withEnd(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onEnd: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader()
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await reader.read()
      if (!done) return controller.enqueue(value)
      onEnd()
      controller.close()
    },
    async cancel(reason) {
      onEnd()
      await reader.cancel(reason)
    },
  })
}
