import { createRoute, z } from '@hono/zod-openapi'
import { decodeCursor, pageOf, pageQuery, pageSchema } from '#platform/http/pages.ts'
import { json, jsonBody, problems } from '#platform/http/responses.ts'
import { createRouter, type Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { parseDirection } from '#science/sky/angles.ts'
import '#observatory/people/request.ts'
import { configSchema, describeConfig } from './config.ts'
import { presetRoutes } from './preset-routes.ts'
import { productRoutes } from './product-routes.ts'
import { requireReader } from './rights.ts'
import { readTask } from './access.ts'
import { prepareTask, putAway } from './content-service.ts'
import { cancelTask, processTask } from './run-service.ts'
import { changeTask, createTask, deleteTask, duplicateTask } from './service.ts'
import { skyportalRoutes } from './skyportal-routes.ts'
import { solvedCards } from './solved-header.ts'
import { listTaskRows, stepsOf } from './task-store.ts'
import { tableRoutes } from './table-routes.ts'
import { CropBox, Preparation, StepName, Task, TaskState } from './task.ts'
import { taskView } from './view.ts'

const tags = ['Tasks']
const params = z.object({ id: z.string().max(100) })
const timeKey = z.tuple([z.iso.datetime(), z.uuid()])
const Config = z
  .record(z.string(), z.unknown())
  .describe('Keys and values of the configuration; GET /tasks/config describes them')
const Steps = z.array(StepName).max(10)
const Run = z.object({ steps: Steps.optional().describe('Steps to run at once') })

const KeyDescription = z
  .object({
    key: z.string(),
    group: z.string(),
    title: z.string(),
    doc: z.string(),
    unit: z.string().nullable(),
    auto: z.string().nullable().describe('What null stands for; null where the key cannot be null'),
    default: z.unknown(),
  })
  .meta({ id: 'TaskConfigKey' })

/** All routes of the room. */
export function taskRoutes(platform: Platform): Router {
  const app = createRouter()
  collectionRoutes(app, platform)
  actRoutes(app, platform)
  preparationRoutes(app, platform)
  productRoutes(app, platform)
  tableRoutes(app, platform)
  presetRoutes(app, platform)
  skyportalRoutes(app, platform)
  return app
}

function collectionRoutes(app: Router, platform: Platform): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/tasks',
      tags,
      summary: 'Tasks, newest first',
      request: {
        query: pageQuery().extend({
          query: z.string().max(500).optional().describe('Words that must be in name, title or owner'),
          state: z.union([TaskState, z.array(TaskState)]).optional(),
          own: z.enum(['true', 'false']).default('false').describe('Only those of yours'),
          frame: z.string().max(64).optional().describe('Of this frame, by SHA-256'),
          position: z.string().max(200).optional().describe('Coordinates: tasks whose field holds the place'),
          radius: z.coerce.number().min(0).max(180).default(0).describe('deg around it'),
        }),
      },
      responses: { 200: json(pageSchema(Task), 'A page'), ...problems() },
    }),
    async (c) => {
      const { actor } = c.var
      requireReader(actor)
      const { cursor, limit, query, state, own, frame, position, radius } = c.req.valid('query')
      const place = position === undefined ? undefined : parseDirection(position)
      const rows = await listTaskRows(platform.db, actor, {
        words: query?.split(/\s+/).filter((word) => word !== '') ?? [],
        state: state === undefined ? undefined : [state].flat(),
        own: own === 'true' ? (actor.userId ?? '') : undefined,
        frame,
        cone: place && { ra: place.ra, dec: place.dec, radiusDeg: radius },
        after: cursor === undefined ? undefined : decodeCursor(cursor, timeKey),
        limit: limit + 1,
      })
      const steps = await stepsOf(
        platform.db,
        rows.map(({ id }) => id),
      )
      const page = pageOf(
        c,
        rows,
        limit,
        (row) => taskView(actor, row, steps),
        (row) => [row.created_at.toISOString(), row.id],
      )
      return c.json(page, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/tasks',
      tags,
      summary: 'Make a task of a frame that is here, or an empty one to which the frame is brought',
      request: {
        headers: z.object({
          'idempotency-key': z
            .string()
            .max(200)
            .optional()
            .describe('The same request sent again makes no second task'),
        }),
        body: jsonBody(
          z.object({
            frame: z
              .string()
              .max(64)
              .nullish()
              .describe('SHA-256; leave out and PUT /tasks/{id}/products/image.orig.fits'),
            originalName: z.string().max(250).optional(),
            title: z.string().max(250).optional(),
            config: Config.optional(),
            preset: z.string().max(250).optional().describe('Id or name; keys of config win over its'),
            groups: z.array(z.string().max(64)).max(50).optional(),
            ...Run.shape,
          }),
        ),
      },
      responses: { 201: json(Task, 'The task'), ...problems(404, 409) },
    }),
    async (c) => {
      const task = await createTask(platform, c.var.actor, {
        ...c.req.valid('json'),
        requestKey: c.req.valid('header')['idempotency-key'],
      })
      c.header('Location', `/api/v1/tasks/${task.id}`)
      return c.json(task, 201)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/tasks/config',
      tags,
      summary: 'Every key of the configuration: type, default, unit, meaning',
      responses: {
        200: json(
          z.object({ keys: z.array(KeyDescription), schema: z.unknown().describe('JSON Schema: the form') }),
          'Keys in the order of the form',
        ),
        ...problems(),
      },
    }),
    (c) => {
      requireReader(c.var.actor)
      return c.json({ keys: describeConfig(), schema: configSchema() }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/tasks/{id}',
      tags,
      summary: 'One task: state, steps with their progress, configuration, findings',
      request: { params },
      responses: { 200: json(Task, 'The task'), ...problems(404) },
    }),
    async (c) => c.json(await readTask(platform, c.var.actor, c.req.valid('param').id), 200),
  )

  app.openapi(
    createRoute({
      method: 'patch',
      path: '/tasks/{id}',
      tags,
      summary: 'Change title, configuration or groups',
      request: {
        params,
        body: jsonBody(
          z.object({
            title: z.string().max(250).optional(),
            originalName: z.string().max(250).optional(),
            config: Config.optional().describe('Keys that are given replace those of the task'),
            reset: z
              .array(z.string().max(60))
              .max(200)
              .optional()
              .describe('Keys that go back to their defaults'),
            groups: z.array(z.string().max(64)).max(50).optional().describe('The whole list'),
          }),
        ),
      },
      responses: { 200: json(Task, 'The task now'), ...problems(404, 409) },
    }),
    async (c) =>
      c.json(await changeTask(platform, c.var.actor, c.req.valid('param').id, c.req.valid('json')), 200),
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/tasks/{id}',
      tags,
      summary: 'Delete a task with all it made; its frame stays',
      request: { params },
      responses: { 204: { description: 'It is gone' }, ...problems(404, 409) },
    }),
    async (c) => {
      await deleteTask(platform, c.var.actor, c.req.valid('param').id)
      return c.body(null, 204)
    },
  )
}

function actRoutes(app: Router, platform: Platform): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/tasks/{id}/process',
      tags,
      summary: 'Run steps, in their order',
      request: {
        params,
        body: jsonBody(
          z.object({ steps: Steps.min(1), config: Config.optional().describe('Changed first') }),
        ),
      },
      responses: { 202: json(Task, 'The task, waiting for its turn'), ...problems(404, 409) },
    }),
    async (c) =>
      c.json(await processTask(platform, c.var.actor, c.req.valid('param').id, c.req.valid('json')), 202),
  )

  const acts = [
    ['cancel', 'Stop what runs', cancelTask],
    ['archive', 'Delete the products, keep the configuration', (p, a, id) => putAway(p, a, id, 'archive')],
    [
      'cleanup',
      'Delete the products and put the configuration back to its defaults',
      (p, a, id) => putAway(p, a, id, 'clean'),
    ],
  ] as const satisfies readonly (readonly [string, string, typeof cancelTask])[]
  for (const [name, summary, act] of acts) {
    app.openapi(
      createRoute({
        method: 'post',
        path: `/tasks/{id}/${name}`,
        tags,
        summary,
        request: { params },
        responses: { 200: json(Task, 'The task now'), ...problems(404, 409) },
      }),
      async (c) => c.json(await act(platform, c.var.actor, c.req.valid('param').id), 200),
    )
  }

  app.openapi(
    createRoute({
      method: 'post',
      path: '/tasks/{id}/duplicate',
      tags,
      summary: 'A new task of the same frame, configuration and brought files',
      request: { params },
      responses: { 201: json(Task, 'The copy'), ...problems(404) },
    }),
    async (c) => {
      const task = await duplicateTask(platform, c.var.actor, c.req.valid('param').id)
      c.header('Location', `/api/v1/tasks/${task.id}`)
      return c.json(task, 201)
    },
  )
}

function preparationRoutes(app: Router, platform: Platform): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/tasks/{id}/prepare',
      tags,
      summary:
        'Crop, destripe, take fringes or background away before everything else; the frame itself never changes',
      request: { params, body: jsonBody(Preparation.and(Run)) },
      responses: { 200: json(Task, 'The task, without products'), ...problems(404, 409) },
    }),
    async (c) => {
      const { steps, ...change } = c.req.valid('json')
      return c.json(await prepareTask(platform, c.var.actor, c.req.valid('param').id, change, steps), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/tasks/{id}/prepare',
      tags,
      summary: 'Back to the frame as it came',
      request: { params },
      responses: { 200: json(Task, 'The task, without products'), ...problems(404, 409) },
    }),
    async (c) => c.json(await prepareTask(platform, c.var.actor, c.req.valid('param').id, 'reset'), 200),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/tasks/{id}/crop',
      tags,
      summary: 'Crop: columns x1 to x2 and rows y1 to y2 from 1; negative ones count from the far edge',
      request: {
        params,
        body: jsonBody(CropBox.safeExtend(Run.shape)),
      },
      responses: { 200: json(Task, 'The task, without products'), ...problems(404, 409) },
    }),
    async (c) => {
      const { steps, ...box } = c.req.valid('json')
      return c.json(
        await prepareTask(platform, c.var.actor, c.req.valid('param').id, { what: 'crop', ...box }, steps),
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/tasks/{id}/destripe',
      tags,
      summary: 'Bring the median of every row or column to that of the frame',
      request: {
        params,
        body: jsonBody(
          z.object({ direction: z.enum(['horizontal', 'vertical', 'both']).default('both'), ...Run.shape }),
        ),
      },
      responses: { 200: json(Task, 'The task, without products'), ...problems(404, 409) },
    }),
    async (c) => {
      const { steps, direction } = c.req.valid('json')
      return c.json(
        await prepareTask(
          platform,
          c.var.actor,
          c.req.valid('param').id,
          { what: 'destripe', direction },
          steps,
        ),
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/tasks/{id}/fix-header',
      tags,
      summary: 'Write the solved WCS into the header that the steps work with',
      request: { params, body: jsonBody(Run) },
      responses: { 200: json(Task, 'The task, without products'), ...problems(404, 409) },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const cards = await solvedCards(platform, c.var.actor, id)
      return c.json(
        await prepareTask(platform, c.var.actor, id, { what: 'header', cards }, c.req.valid('json').steps),
        200,
      )
    },
  )
}
