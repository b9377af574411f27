import { createRoute, z } from '@hono/zod-openapi'
import { Problem } from '#problem.ts'
import { readBody } from '#platform/http/body.ts'
import { sendStored } from '#platform/http/bytes.ts'
import { decodeCursor, pageOf, pageQuery, pageSchema } from '#platform/http/pages.ts'
import { bytesOf, json, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { createIntake, maxIncomingBytes } from './ingest.ts'
import { NoticeDetail, NoticeReceipt, NoticeState, NoticeSummary } from './notice.ts'
import { listNotices } from './notice-store.ts'
import { noticeRow, readNotice } from './queries.ts'
import { findEvent, requireReader, retryNotice } from './service.ts'
import { noticeSummary } from './view.ts'

const tags = ['Notices']
const id = z.object({ id: z.string().max(200) })

/** Times of PostgreSQL have microseconds; the cursor carries what the row's Date has. */
export const timeKey = z.tuple([z.iso.datetime(), z.uuid()])

export function noticeRoutes(app: Router, platform: Platform): void {
  const intake = createIntake(platform)

  app.openapi(
    createRoute({
      method: 'post',
      path: '/notices',
      tags,
      summary: 'Hand in one notice as it came; answered when it is durable, read afterwards',
      request: {
        query: z.object({
          topic: z
            .string()
            .regex(/^[\w.-]{1,200}$/)
            .default('post')
            .describe('Kafka topic it came from'),
        }),
        body: {
          required: true,
          description: 'IGWN JSON or Avro, unified GCN JSON, VOEvent, circular',
          content: {
            'application/octet-stream': { schema: z.string().openapi({ type: 'string', format: 'binary' }) },
          },
        },
      },
      responses: { 202: json(NoticeReceipt, 'It is safe'), ...problems(400, 413, 415) },
    }),
    async (c) => {
      const bytes = await readBody(c, maxIncomingBytes)
      if (bytes.length === 0)
        throw new Problem('request.malformed', 'The body is empty; send the bytes of one notice.')
      const receipt = await intake.take(c.var.actor, { bytes, topic: c.req.valid('query').topic })
      c.header('Location', `/api/v1/notices/${receipt.id}`)
      return c.json(receipt, 202)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/notices',
      tags,
      summary: 'Notices, newest first',
      request: {
        query: pageQuery().extend({
          event: z.string().max(200).optional().describe('Id or name of their event'),
          state: z
            .union([NoticeState, z.array(NoticeState)])
            .optional()
            .describe('dead: those that need a person'),
        }),
      },
      responses: { 200: json(pageSchema(NoticeSummary), 'A page'), ...problems(404) },
    }),
    async (c) => {
      requireReader(c.var.actor)
      const { cursor, limit, event, state } = c.req.valid('query')
      const rows = await listNotices(platform.db, {
        eventId: event === undefined ? undefined : await findEvent(platform, event),
        state: state === undefined ? undefined : [state].flat(),
        after: cursor === undefined ? undefined : decodeCursor(cursor, timeKey),
        limit: limit + 1,
      })
      const page = pageOf(
        c,
        rows,
        limit,
        (row) => noticeSummary(row, row.event_name),
        (row) => [row.received_at.toISOString(), row.id],
      )
      return c.json(page, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/notices/{id}',
      tags,
      summary: 'One notice, with what changed since the one before',
      request: { params: id },
      responses: { 200: json(NoticeDetail, 'The notice'), ...problems(404) },
    }),
    async (c) => c.json(await readNotice(platform, c.var.actor, c.req.valid('param').id), 200),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/notices/{id}/bytes',
      tags,
      summary: 'The notice exactly as it came',
      request: { params: id },
      responses: { 200: bytesOf('application/octet-stream', 'Its bytes'), ...problems(404) },
    }),
    async (c) => {
      const row = await noticeRow(platform, c.var.actor, c.req.valid('param').id)
      const [contentType, ending] =
        row.format === 'voevent'
          ? ['application/xml', 'xml']
          : row.format === 'igwn.avro'
            ? ['application/octet-stream', 'avro']
            : row.format === null
              ? ['application/octet-stream', 'bin']
              : ['application/json', 'json']
      return sendStored(c, platform.storage, row.sha256, {
        contentType,
        filename: `notice-${row.id}.${ending}`,
        disposition: 'attachment',
      })
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/notices/{id}/retry',
      tags,
      summary: 'Read a notice again',
      request: { params: id },
      responses: { 202: json(z.object({ id: z.string() }), 'It is in the queue'), ...problems(404) },
    }),
    async (c) => {
      const row = await noticeRow(platform, c.var.actor, c.req.valid('param').id)
      await retryNotice(platform, c.var.actor, row.id)
      return c.json({ id: row.id }, 202)
    },
  )
}
