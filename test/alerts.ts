import { OpenAPIHono } from '@hono/zod-openapi'
import type { RunningPlatform } from '#platform/create.ts'
import { limitBody } from '#platform/http/body.ts'
import { errorResponse } from '#platform/http/problem-response.ts'
import type { Router, ServerEnv } from '#platform/http/router.ts'
import { localOperator, type Actor } from '#observatory/people/actor.ts'
import '#observatory/people/request.ts'
import { ingest } from '#observatory/alerts/ingest.ts'
import { parseKind } from '#observatory/alerts/job-kinds.ts'
import { room } from '#observatory/alerts/module.ts'
import type { NoticeReceipt } from '#observatory/alerts/notice.ts'
import { alertRoutes } from '#observatory/alerts/routes.ts'
import { testPlatform } from './platform.ts'

/** A running observatory with this room alone, for the tests of the room. */
export interface AlertBench {
  platform: RunningPlatform
  /** Takes messages in and waits until they are read. */
  take: (...messages: (Uint8Array | string | object)[]) => Promise<NoticeReceipt[]>
  settled: () => Promise<void>
  request: (path: string, init?: RequestInit) => Promise<Response>
  json: <T>(path: string, init?: RequestInit) => Promise<T>
}

export async function alertBench(
  options: { actor?: Actor; env?: Record<string, string> } = {},
): Promise<AlertBench> {
  const platform = await testPlatform({
    rooms: [room],
    env: { URANIA_ALERTS_LOCAL_MAPS: 'true', ...options.env },
  })
  const app: Router = new OpenAPIHono<ServerEnv>()
  app.onError((error, c) => errorResponse(error, c))
  app.use(async (c, next) => {
    c.set('actor', options.actor ?? localOperator)
    c.set('requestId', 'test')
    c.set('log', platform.log)
    await next()
  })
  app.use(limitBody())
  app.route('/api/v1', alertRoutes(platform))
  const settled = () => platform.jobs.idle([parseKind.name])
  const request = async (path: string, init?: RequestInit) => app.request(`/api/v1${path}`, init)
  return {
    platform,
    settled,
    async take(...messages) {
      const receipts: NoticeReceipt[] = []
      for (const message of messages) {
        const bytes =
          message instanceof Uint8Array
            ? message
            : new TextEncoder().encode(typeof message === 'string' ? message : JSON.stringify(message))
        receipts.push(await ingest(platform, localOperator, { bytes, topic: 'file' }))
      }
      await settled()
      return receipts
    },
    request,
    async json<T>(path: string, init?: RequestInit) {
      const response = await request(path, init)
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
      return (await response.json()) as T
    },
  }
}
