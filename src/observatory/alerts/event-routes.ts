import { createRoute, z } from '@hono/zod-openapi'
import { etagOf, fresh } from '#platform/http/etag.ts'
import { decodeCursor, pageOf, pageQuery, pageSchema } from '#platform/http/pages.ts'
import { json, jsonBody, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { Decision } from './assessment.ts'
import { EventDetail, EventHistoryEntry, EventStatus, EventSummary } from './event.ts'
import { aliasesOf, aliasesOfEvents, historyOf, listEvents } from './event-store.ts'
import { EventKind } from './notice.ts'
import { timeKey } from './notice-routes.ts'
import { readEvent } from './queries.ts'
import { configuredRules } from './rule-service.ts'
import { eventRow, keepEvent, mergeEvents, requireReader, splitEvent } from './service.ts'
import { eventSummary } from './view.ts'

const tags = ['Events']
const id = z.object({
  id: z.string().max(200).describe('Id, or any name: S241102br, GRB 230410A, Swift 1423875'),
})
const list = z.object({ items: z.array(EventHistoryEntry), next: z.null() })

export function eventRoutes(app: Router, platform: Platform): void {
  const defaultRules = (): string => configuredRules(platform)[0]!.name

  app.openapi(
    createRoute({
      method: 'get',
      path: '/events',
      tags,
      summary: 'Events by their last notice, newest first',
      request: {
        query: pageQuery().extend({
          kind: z.union([EventKind, z.array(EventKind)]).optional(),
          status: EventStatus.optional(),
          state: EventStatus.optional().describe('The same as status'),
          test: z
            .enum(['false', 'true', 'all'])
            .default('false')
            .describe('Tests and mocks: left out, alone, or with the rest'),
          decision: Decision.optional(),
          q: z.string().max(100).optional().describe('Part of any name'),
          since: z.iso.datetime({ offset: true }).optional(),
          until: z.iso.datetime({ offset: true }).optional(),
        }),
      },
      responses: { 200: json(pageSchema(EventSummary), 'A page'), ...problems() },
    }),
    async (c) => {
      requireReader(c.var.actor)
      const { cursor, limit, kind, status, state, test, decision, q, since, until } = c.req.valid('query')
      const rows = await listEvents(platform.db, {
        kinds: kind === undefined ? undefined : [kind].flat(),
        status: status ?? state,
        test,
        decision,
        q,
        since: since === undefined ? undefined : new Date(since),
        until: until === undefined ? undefined : new Date(until),
        after: cursor === undefined ? undefined : decodeCursor(cursor, timeKey),
        limit: limit + 1,
      })
      const names = await aliasesOfEvents(
        platform.db,
        rows.map((row) => row.id),
      )
      const page = pageOf(
        c,
        rows,
        limit,
        (row) => eventSummary(row, names),
        (row) => [row.last_notice_at.toISOString(), row.id],
      )
      return c.json(page, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/events/{id}',
      tags,
      summary: 'One event with its notices, localizations and assessments',
      request: { params: id },
      responses: {
        200: json(EventDetail, 'The event'),
        304: { description: 'As you have it' },
        ...problems(404),
      },
    }),
    async (c) => {
      const row = await eventRow(platform, c.var.actor, c.req.valid('param').id)
      if (fresh(c, etagOf(row.id, row.revision))) return c.body(null, 304)
      const { detail } = await readEvent(platform, c.var.actor, row.id)
      return c.json(detail, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'patch',
      path: '/events/{id}',
      tags,
      summary: 'Keep a test beyond its 30 days, or let it go',
      request: { params: id, body: jsonBody(z.strictObject({ kept: z.boolean() })) },
      responses: { 200: json(EventSummary, 'The event'), ...problems(404) },
    }),
    async (c) => {
      const row = await keepEvent(platform, c.var.actor, c.req.valid('param').id, c.req.valid('json').kept)
      return c.json(eventSummary(row, await aliasesOf(platform.db, row.id)), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/events/{id}/merge',
      tags,
      summary: 'Put everything of another event into this one',
      request: { params: id, body: jsonBody(z.strictObject({ other: z.string().min(1).max(200) })) },
      responses: { 200: json(EventDetail, 'The event that is left'), ...problems(404, 409) },
    }),
    async (c) => {
      const left = await mergeEvents(
        platform,
        c.var.actor,
        c.req.valid('param').id,
        c.req.valid('json').other,
        defaultRules(),
      )
      return c.json((await readEvent(platform, c.var.actor, left)).detail, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/events/{id}/split',
      tags,
      summary: 'Take notices out of an event into a new one',
      request: {
        params: id,
        body: jsonBody(z.strictObject({ notices: z.array(z.uuid()).min(1).max(1000) })),
      },
      responses: { 201: json(EventDetail, 'The new event'), ...problems(404, 409) },
    }),
    async (c) => {
      const made = await splitEvent(
        platform,
        c.var.actor,
        c.req.valid('param').id,
        c.req.valid('json').notices,
        defaultRules(),
      )
      c.header('Location', `/api/v1/events/${made}`)
      return c.json((await readEvent(platform, c.var.actor, made)).detail, 201)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/events/{id}/history',
      tags,
      summary: 'What people and programs did to an event',
      request: { params: id },
      responses: { 200: json(list, 'Oldest first'), ...problems(404) },
    }),
    async (c) => {
      const row = await eventRow(platform, c.var.actor, c.req.valid('param').id)
      const rows = await historyOf(platform.db, row.id)
      const items = rows.map((h) => ({
        at: h.at.toISOString(),
        by: h.by,
        what: h.what as EventHistoryEntry['what'],
        text: h.text,
        data: h.data,
      }))
      return c.json({ items, next: null }, 200)
    },
  )
}
