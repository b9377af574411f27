import { createRoute, z } from '@hono/zod-openapi'
import { decodeCursor, pageOf, pageQuery, pageSchema } from '#platform/http/pages.ts'
import { json, jsonBody, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import { acknowledgeThread, readAcknowledgements, shownAcknowledgement } from './acknowledge.ts'
import { Acknowledgement, NewAcknowledgement, threadOfValue } from './acknowledgement.ts'
import type { Needs } from './kinds.ts'

const tags = ['Notifications']

export function acknowledgementRoutes(app: Router, needs: Needs): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/acknowledgements',
      tags,
      summary: 'Who took charge of what, newest first',
      request: {
        query: pageQuery().extend({
          subject: z
            .string()
            .regex(/^[^:]+:.+$/, 'kind:id')
            .max(400)
            .optional()
            .describe('`event:<id>`'),
        }),
      },
      responses: { 200: json(pageSchema(Acknowledgement), 'Acknowledgements'), ...problems() },
    }),
    async (c) => {
      const { cursor, limit, subject } = c.req.valid('query')
      const before =
        cursor === undefined ? undefined : new Date(decodeCursor(cursor, z.tuple([z.iso.datetime()]))[0])
      const thread = subject === undefined ? undefined : threadOfValue(subject)
      const rows = await readAcknowledgements(needs, c.var.actor, { thread, before, limit: limit + 1 })
      return c.json(
        pageOf(c, rows, limit, shownAcknowledgement, (row) => [row.at.toISOString()]),
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/acknowledgements',
      tags,
      summary: 'Take charge of what people were told of: its reminders and escalations stop',
      request: { body: jsonBody(NewAcknowledgement) },
      responses: { 200: json(Acknowledgement, 'The first acknowledgement, which stays'), ...problems(404) },
    }),
    async (c) => {
      const through = c.var.actor.kind === 'person' ? 'page' : 'api'
      return c.json(await acknowledgeThread(needs, c.var.actor, c.req.valid('json'), through), 200)
    },
  )
}
