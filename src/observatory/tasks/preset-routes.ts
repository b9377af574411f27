import { createRoute, z } from '@hono/zod-openapi'
import { json, jsonBody, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { changePreset, createPreset, listPresets, readPreset, removePreset } from './preset-service.ts'
import { Preset } from './task.ts'

const tags = ['Tasks']
const params = z.object({ preset: z.string().max(250).describe('Id or name') })
const Input = z.object({
  name: z.string().min(1).max(250),
  groups: z.array(z.string().max(64)).max(50).optional(),
  config: z.record(z.string(), z.unknown()).optional().describe('Keys that differ from the defaults'),
  from: z
    .object({ task: z.string().max(100), names: z.array(z.string().max(250)).max(10) })
    .optional()
    .describe('Masks and templates of a task that are brought along'),
})

export function presetRoutes(app: Router, platform: Platform): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/presets',
      tags,
      summary: 'Presets: configurations under a name',
      responses: {
        200: json(z.object({ items: z.array(Preset), next: z.null() }), 'By name'),
        ...problems(),
      },
    }),
    async (c) => c.json({ items: await listPresets(platform, c.var.actor), next: null }, 200),
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: '/presets',
      tags,
      summary: 'Keep a configuration under a name',
      request: { body: jsonBody(Input) },
      responses: { 201: json(Preset, 'The preset'), ...problems(404, 409) },
    }),
    async (c) => {
      const preset = await createPreset(platform, c.var.actor, c.req.valid('json'))
      c.header('Location', `/api/v1/presets/${preset.id}`)
      return c.json(preset, 201)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: '/presets/{preset}',
      tags,
      summary: 'One preset',
      request: { params },
      responses: { 200: json(Preset, 'The preset'), ...problems(404) },
    }),
    async (c) => c.json(await readPreset(platform, c.var.actor, c.req.valid('param').preset), 200),
  )
  app.openapi(
    createRoute({
      method: 'put',
      path: '/presets/{preset}',
      tags,
      summary: 'Change a preset; files stay unless others are named',
      request: { params, body: jsonBody(Input) },
      responses: { 200: json(Preset, 'The preset now'), ...problems(404, 409) },
    }),
    async (c) =>
      c.json(
        await changePreset(platform, c.var.actor, c.req.valid('param').preset, c.req.valid('json')),
        200,
      ),
  )
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/presets/{preset}',
      tags,
      summary: 'Delete a preset; tasks made with it stay as they are',
      request: { params },
      responses: { 204: { description: 'It is gone' }, ...problems(404) },
    }),
    async (c) => {
      await removePreset(platform, c.var.actor, c.req.valid('param').preset)
      return c.body(null, 204)
    },
  )
}
