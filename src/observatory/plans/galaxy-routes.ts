import { createRoute, z } from '@hono/zod-openapi'
import { json, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import '#observatory/people/request.ts'
import { galaxyWeights } from '#science/planning/galaxies.ts'
import { matchGalaxies } from './galaxy-match.ts'

const Matched = z
  .object({
    catalogue: z.string(),
    version: z.number().int(),
    items: z.array(
      z.object({
        name: z.string(),
        ra: z.number(),
        dec: z.number(),
        distanceMpc: z.number().nullable(),
        weight: z.number().describe('Share of all that fit; their sum is 1'),
        density: z.number().describe('dP/dV, Mpc⁻³; dP/dΩ, sr⁻¹, where the map has no distance'),
        level: z.number().describe('Credible level of the volume, or of the area, at which it comes in'),
      }),
    ),
    left: z.object({
      outside: z.number().int(),
      withoutDistance: z.number().int(),
      withoutProperty: z.number().int(),
      beyond: z.number().int(),
    }),
  })
  .openapi('MatchedGalaxies')

/** Galaxies of a catalogue against a localization: plans is the room that knows both. */
export function galaxyRoutes(app: Router, platform: Platform): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/catalogues/{name}/localization/{id}',
      tags: ['Catalogues'],
      summary: 'Galaxies that fit a localization in place and distance, best first',
      request: {
        params: z.object({
          name: z.string().max(100),
          id: z.string().max(100).describe('Of the localization'),
        }),
        query: z.object({
          weight: z.enum(galaxyWeights).default('density'),
          level: z.coerce.number().min(0.1).max(0.99).default(0.9),
          limit: z.coerce.number().int().min(1).max(10_000).default(200),
        }),
      },
      responses: { 200: json(Matched, 'Galaxies; empty where none fits'), ...problems(404) },
    }),
    async (c) => {
      const { name, id } = c.req.valid('param')
      const asked = { catalogue: name, localizationId: id, ...c.req.valid('query') }
      const { catalogue, items, left } = await matchGalaxies(platform, c.var.actor, asked)
      return c.json({ catalogue: catalogue.name, version: catalogue.version, items, left }, 200)
    },
  )
}
