import { createRoute, z } from '@hono/zod-openapi'
import { decodeCursor, pageOf, pageQuery, pageSchema } from '#platform/http/pages.ts'
import { json, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import { threadOfValue } from './acknowledgement.ts'
import { Delivery, deliveryStates } from './delivery.ts'
import { readDeliveries, retryDelivery, shownDelivery } from './delivery-service.ts'
import type { Needs } from './kinds.ts'

const tags = ['Notifications']

export function deliveryRoutes(app: Router, needs: Needs): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/deliveries',
      tags,
      summary: 'What went out, to whom, by which channel, and what waits or failed; newest first',
      request: {
        query: pageQuery().extend({
          state: z.enum(deliveryStates).optional(),
          channel: z.string().max(60).optional(),
          subject: z
            .string()
            .regex(/^[^:]+:.+$/, 'kind:id')
            .max(400)
            .optional()
            .describe('`event:<id>`: of one thread'),
        }),
      },
      responses: { 200: json(pageSchema(Delivery), 'Deliveries'), ...problems() },
    }),
    async (c) => {
      const { cursor, limit, state, channel, subject } = c.req.valid('query')
      const before =
        cursor === undefined ? undefined : decodeCursor(cursor, z.tuple([z.string().regex(/^\d{1,18}$/)]))[0]
      const rows = await readDeliveries(needs, c.var.actor, {
        state,
        channel,
        thread: subject === undefined ? undefined : threadOfValue(subject),
        before,
        limit: limit + 1,
      })
      return c.json(
        pageOf(c, rows, limit, shownDelivery, (row) => [row.id]),
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/deliveries/{id}/retry',
      tags,
      summary: 'Try a dead letter again',
      request: { params: z.object({ id: z.string().max(40) }) },
      responses: { 204: { description: 'It waits for its turn' }, ...problems(404, 409) },
    }),
    async (c) => {
      await retryDelivery(needs, c.var.actor, c.req.valid('param').id)
      return c.body(null, 204)
    },
  )
}
