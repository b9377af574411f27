import { createRoute, z } from '@hono/zod-openapi'
import { json, jsonBody, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { sendToSkyportal } from './skyportal.ts'

const Point = z
  .object({
    target: z.string(),
    ra: z.number(),
    dec: z.number(),
    mjd: z.number(),
    instrument: z.string(),
    filter: z.string().describe('As SkyPortal calls it'),
    magsys: z.enum(['vega', 'ab']),
    mag: z.number().nullable().describe('Null for a limit'),
    magerr: z.number().nullable(),
    limiting_mag: z.number(),
    limiting_mag_nsigma: z.number().describe('S/N to which the limit belongs'),
    subtracted: z.boolean(),
    source: z.string().nullable().describe('Id there; null where none lies within 30′'),
    separation: z.number().nullable().describe('Arcsec from the target to that source'),
    created: z.boolean().describe('The source is made for it'),
    instrument_id: z.number().nullable(),
    group_ids: z.array(z.number()).readonly(),
    sent: z.boolean(),
    error: z.string().nullable().describe('Why it is not, or would not be, sent'),
  })
  .meta({ id: 'SkyPortalPoint' })

export function skyportalRoutes(app: Router, platform: Platform): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/tasks/{id}/skyportal',
      tags: ['Tasks'],
      summary: 'Photometry of the targets to SkyPortal; with preview it is shown and not sent',
      request: {
        params: z.object({ id: z.string().max(100) }),
        body: jsonBody(
          z.object({
            which: z
              .enum(['best', 'direct', 'subtracted'])
              .default('best')
              .describe('best: on the difference where there is one'),
            limitOnly: z.boolean().default(false),
            preview: z.boolean().default(true),
            create: z
              .boolean()
              .default(false)
              .describe('Make a source where none lies within 10″, instead of looking as far as 30′'),
          }),
        ),
      },
      responses: {
        200: json(z.object({ points: z.array(Point) }), 'What was sent, or would be'),
        ...problems(404, 502, 504),
      },
    }),
    async (c) =>
      c.json(await sendToSkyportal(platform, c.var.actor, c.req.valid('param').id, c.req.valid('json')), 200),
  )
}
