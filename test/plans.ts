import { OpenAPIHono } from '@hono/zod-openapi'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningPlatform } from '#platform/create.ts'
import type { EventService } from '#platform/events/events.ts'
import { limitBody } from '#platform/http/body.ts'
import { errorResponse } from '#platform/http/problem-response.ts'
import type { Router, ServerEnv } from '#platform/http/router.ts'
import type { Room } from '#platform/room.ts'
import { localOperator, type Actor } from '#observatory/people/actor.ts'
import '#observatory/people/request.ts'
import { ingest } from '#observatory/alerts/ingest.ts'
import { parseKind } from '#observatory/alerts/job-kinds.ts'
import { room as alerts } from '#observatory/alerts/module.ts'
import { alertRoutes } from '#observatory/alerts/routes.ts'
import { solveKind } from '#observatory/plans/job-kinds.ts'
import { room as plans } from '#observatory/plans/module.ts'
import type { PlanDetail } from '#observatory/plans/plan.ts'
import { planRoutes } from '#observatory/plans/routes.ts'
import { room as telescopes } from '#observatory/telescopes/module.ts'
import { testPlatform } from './platform.ts'

/** A running observatory with alerts, telescopes and plans, for the tests of plans. */
export interface PlanBench {
  platform: RunningPlatform
  /** Takes messages in and waits until they are read, rules have seen them, and their plans are made. */
  take: (...messages: object[]) => Promise<void>
  /** The same without waiting for the plans. */
  tell: (...messages: object[]) => Promise<void>
  settled: () => Promise<void>
  /** Waits until notices are read and rules have seen them, not for the plans. */
  heard: () => Promise<void>
  request: (path: string, init?: RequestInit) => Promise<Response>
  json: <T>(path: string, init?: RequestInit) => Promise<T>
  post: <T>(path: string, body?: unknown, method?: string) => Promise<T>
  /** Asks for a plan and waits until it is made. */
  plan: (request: object) => Promise<PlanDetail>
}

export async function planBench(
  options: { actor?: () => Actor; rooms?: readonly Room[] } = {},
): Promise<PlanBench> {
  const { rooms = [] } = options
  const platform = await testPlatform({ rooms: [alerts, telescopes, plans, ...rooms] })
  const app: Router = new OpenAPIHono<ServerEnv>()
  app.onError((error, c) => errorResponse(error, c))
  app.use(async (c, next) => {
    c.set('actor', options.actor?.() ?? localOperator)
    c.set('requestId', 'test')
    c.set('log', platform.log)
    await next()
  })
  app.use(limitBody())
  app.route('/api/v1', alertRoutes(platform))
  app.route('/api/v1', planRoutes(platform))
  for (const room of rooms) if (room.routes) app.route('/api/v1', room.routes(platform))
  const heard = async (): Promise<void> => {
    await platform.jobs.idle([parseKind.name])
    await sleep(20)
    await (platform.events as EventService).settled()
  }
  const settled = async (): Promise<void> => {
    await heard()
    await platform.jobs.idle([solveKind.name])
  }
  const tell = async (...messages: object[]): Promise<void> => {
    for (const message of messages)
      await ingest(platform, localOperator, {
        bytes: new TextEncoder().encode(JSON.stringify(message)),
        topic: 'file',
      })
    await heard()
  }
  const request = async (path: string, init?: RequestInit) => app.request(`/api/v1${path}`, init)
  const json = async <T>(path: string, init?: RequestInit): Promise<T> => {
    const response = await request(path, init)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
  const post = <T>(path: string, body?: unknown, method = 'POST'): Promise<T> =>
    json<T>(path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
  return {
    platform,
    settled,
    heard,
    tell,
    async take(...messages) {
      await tell(...messages)
      await settled()
    },
    request,
    json,
    post,
    async plan(asked) {
      const { id } = await post<PlanDetail>('/plans', asked)
      await platform.jobs.idle([solveKind.name])
      return json<PlanDetail>(`/plans/${id}`)
    },
  }
}
