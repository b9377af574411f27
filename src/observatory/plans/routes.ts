import { createRoute, z } from '@hono/zod-openapi'
import { sendBytes } from '#platform/http/bytes.ts'
import { etagOf, fresh } from '#platform/http/etag.ts'
import { decodeCursor, pageOf, pageQuery, pageSchema } from '#platform/http/pages.ts'
import { bytesOf, json, jsonBody, problems } from '#platform/http/responses.ts'
import { createRouter, type Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import '#observatory/people/request.ts'
import { chartThemes } from '#observatory/alerts/map-chart.ts'
import { findEvent } from '#observatory/alerts/service.ts'
import { chartOfRow, planCharts, skyViews, type PlanChart } from './charts.ts'
import { planRow, requireReader } from './check.ts'
import { comparePlans } from './comparison.ts'
import { exportFormats, exportPlan } from './exports.ts'
import { fetchObserved } from './observed.ts'
import {
  PlanComparison,
  PlanDetail,
  PlanEdits,
  PlannedExposure,
  PlanRequest,
  PlanState,
  PlanSummary,
} from './plan.ts'
import { listPlans } from './plan-store.ts'
import { galaxyRoutes } from './galaxy-routes.ts'
import { ruleRoutes } from './rule-routes.ts'
import {
  cancelPlan,
  closePlan,
  readDocument,
  readPlan,
  requestPlan,
  resolvePlan,
  takeProposal,
} from './service.ts'
import { planSummary } from './view.ts'

const tags = ['Plans']
const params = z.object({ id: z.string().max(100) })
const timeKey = z.tuple([z.iso.datetime(), z.uuid()])
const pictures = planCharts.flatMap((chart) => [`${chart}.svg` as const, `${chart}.png` as const])
const Change = PlanRequest.omit({ event: true, localizationId: true, edits: true }).partial()

/** All routes of the room. */
export function planRoutes(platform: Platform): Router {
  const app = createRouter()
  collectionRoutes(app, platform)
  actRoutes(app, platform)
  productRoutes(app, platform)
  ruleRoutes(app, platform)
  galaxyRoutes(app, platform)
  return app
}

function collectionRoutes(app: Router, platform: Platform): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/plans',
      tags,
      summary: 'Plans, newest first',
      request: {
        query: pageQuery().extend({
          event: z.string().max(200).optional().describe('Of this event, by id or any name'),
          state: z.union([PlanState, z.array(PlanState)]).optional(),
          telescope: z.string().max(100).optional(),
          test: z.enum(['false', 'true', 'all']).default('false').describe('For tests and mocks'),
        }),
      },
      responses: { 200: json(pageSchema(PlanSummary), 'A page'), ...problems(404) },
    }),
    async (c) => {
      requireReader(c.var.actor)
      const { cursor, limit, event, state, telescope, test } = c.req.valid('query')
      const rows = await listPlans(platform.db, {
        eventId: event === undefined ? undefined : await findEvent(platform, event),
        states: state === undefined ? undefined : [state].flat(),
        telescope,
        // Whoever names an event wants its plans whatever it is.
        test: event === undefined ? test : 'all',
        after: cursor === undefined ? undefined : decodeCursor(cursor, timeKey),
        limit: limit + 1,
      })
      const page = pageOf(c, rows, limit, planSummary, (row) => [row.created_at.toISOString(), row.id])
      return c.json(page, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/plans',
      tags,
      summary: 'Make a plan: a job with progress; the plan is ready when its state says so',
      request: { body: jsonBody(PlanRequest) },
      responses: { 202: json(PlanDetail, 'The plan, waiting for its turn'), ...problems(404) },
    }),
    async (c) => {
      const row = await requestPlan(platform, c.var.actor, c.req.valid('json'))
      c.header('Location', `/api/v1/plans/${row.id}`)
      return c.json(await readPlan(platform, c.var.actor, row.id), 202)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/plans/observed',
      tags,
      summary: 'Pointings made elsewhere, in the form that a plan request takes as `observed`',
      request: {
        body: jsonBody(
          z.strictObject({
            url: z
              .url({ protocol: /^https?$/ })
              .max(2000)
              .optional(),
            pointings: z.unknown().optional().describe('What the Treasure Map answers, or a report to it'),
            instruments: z
              .record(z.string(), z.string())
              .optional()
              .describe('Telescope (slug) for an instrument number or name'),
            radiusDeg: z
              .number()
              .positive()
              .max(90)
              .optional()
              .describe('Field of instruments not among them'),
          }),
        ),
      },
      responses: {
        200: json(z.object({ observed: PlanRequest.shape.observed, left: z.number().int() }), 'Pointings'),
        ...problems(),
      },
    }),
    async (c) => c.json(await fetchObserved(platform, c.var.actor, c.req.valid('json')), 200),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/plans/{id}',
      tags,
      summary: 'One plan: request, result, versions',
      request: { params },
      responses: {
        200: json(PlanDetail, 'The plan'),
        304: { description: 'As you have it' },
        ...problems(404),
      },
    }),
    async (c) => {
      const row = await planRow(platform, c.var.actor, c.req.valid('param').id)
      const detail = await readPlan(platform, c.var.actor, row.id)
      const versions = detail.versions.map((v) => `${v.id} ${v.state}`).join()
      if (fresh(c, etagOf(row.id, row.revision, versions))) return c.body(null, 304)
      return c.json(detail, 200)
    },
  )
}

function actRoutes(app: Router, platform: Platform): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/plans/{id}/cancel',
      tags,
      summary: 'Stop making a plan; with keep, take the best found so far',
      request: {
        params,
        body: {
          content: { 'application/json': { schema: z.strictObject({ keep: z.boolean().default(false) }) } },
        },
      },
      responses: { 200: json(PlanDetail, 'The plan'), ...problems(404, 409) },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const { keep = false } = c.req.header('content-type') ? c.req.valid('json') : {}
      await cancelPlan(platform, c.var.actor, id, { keep })
      return c.json(await readPlan(platform, c.var.actor, id), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/plans/{id}/close',
      tags,
      summary: 'Put a plan away for good',
      request: {
        params,
        body: {
          content: {
            'application/json': { schema: z.strictObject({ because: z.string().max(500).optional() }) },
          },
        },
      },
      responses: { 200: json(PlanDetail, 'The plan'), ...problems(404, 409) },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const body = c.req.header('content-type') ? c.req.valid('json') : {}
      await closePlan(platform, c.var.actor, id, body.because)
      return c.json(await readPlan(platform, c.var.actor, id), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/plans/{id}/take',
      tags,
      summary: 'Take a proposed version: the other open versions are closed',
      request: { params },
      responses: { 200: json(PlanDetail, 'The plan'), ...problems(404, 409) },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      await takeProposal(platform, c.var.actor, id)
      return c.json(await readPlan(platform, c.var.actor, id), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/plans/{id}/resolve',
      tags,
      summary: 'The next version: with fields dropped, pinned, locked or added, or with other terms',
      request: {
        params,
        body: jsonBody(
          z.strictObject({
            edits: PlanEdits.default({ drop: [], pin: [], lock: [], add: [] }),
            change: Change.default({}),
          }),
        ),
      },
      responses: { 202: json(PlanDetail, 'The new version, waiting for its turn'), ...problems(404, 409) },
    }),
    async (c) => {
      const { edits, change } = c.req.valid('json')
      const asked = await c.req.json<{ change?: object }>()
      // Defaults of what was not named must not replace what the version before had.
      const named = Object.fromEntries(
        Object.entries(change).filter(([key]) => asked.change && key in asked.change),
      )
      const row = await resolvePlan(platform, c.var.actor, c.req.valid('param').id, edits, named)
      c.header('Location', `/api/v1/plans/${row.id}`)
      return c.json(await readPlan(platform, c.var.actor, row.id), 202)
    },
  )
}

function productRoutes(app: Router, platform: Platform): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/plans/{id}/exposures',
      tags,
      summary: 'Exposures in order',
      request: {
        params,
        query: z.object({ telescope: z.string().max(100).optional().describe('Of this one alone') }),
      },
      responses: {
        200: json(z.object({ items: z.array(PlannedExposure), next: z.null() }), 'Exposures'),
        ...problems(404, 409),
      },
    }),
    async (c) => {
      const { document } = await readDocument(platform, c.var.actor, c.req.valid('param').id)
      const { telescope } = c.req.valid('query')
      const items = document.exposures.filter((e) => telescope === undefined || e.telescope === telescope)
      return c.json({ items, next: null }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/plans/{id}/compare/{other}',
      tags,
      summary: 'Two plans side by side: what the other would change',
      request: { params: params.extend({ other: z.string().max(100) }) },
      responses: { 200: json(PlanComparison, 'The comparison'), ...problems(404, 409) },
    }),
    async (c) => {
      const { id, other } = c.req.valid('param')
      return c.json(await comparePlans(platform, c.var.actor, id, other), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/plans/{id}/export/{format}',
      tags,
      summary: 'The plan as a file',
      request: {
        params: params.extend({ format: z.enum(exportFormats) }),
        query: z.object({
          telescope: z
            .string()
            .max(100)
            .optional()
            .describe('For formats of one telescope: tiles and voevent'),
        }),
      },
      responses: {
        200: bytesOf('application/octet-stream', 'The file, of the media type of its format'),
        ...problems(404, 409),
      },
    }),
    async (c) => {
      const { id, format } = c.req.valid('param')
      const { telescope } = c.req.valid('query')
      const row = await planRow(platform, c.var.actor, id)
      const tag = etagOf(row.id, row.revision, format, telescope ?? '')
      const { bytes, mediaType, filename } = await exportPlan(platform, c.var.actor, id, format, telescope)
      return sendBytes(c, bytes, tag, { contentType: mediaType, filename, disposition: 'attachment' })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/plans/{id}/charts/{picture}',
      tags,
      summary: 'A chart of the plan: sky, timeline, altitude, coverage; as SVG or PNG',
      request: {
        params: params.extend({ picture: z.enum(pictures) }),
        query: z.object({
          theme: z.enum(chartThemes).default('light'),
          width: z.coerce.number().int().min(300).max(4000).default(1200).describe('Pixels'),
          view: z.enum(skyViews).default('both').describe('Of the sky chart'),
          telescope: z.string().max(100).optional().describe('Of the altitude chart: this one alone'),
        }),
      },
      responses: {
        200: {
          ...bytesOf('image/svg+xml', 'The picture'),
          content: { ...bytesOf('image/svg+xml', '').content, ...bytesOf('image/png', '').content },
        },
        ...problems(404, 409),
      },
    }),
    async (c) => {
      const { id, picture } = c.req.valid('param')
      const { telescope, ...query } = c.req.valid('query')
      const [chart, format] = picture.split('.') as [PlanChart, 'svg' | 'png']
      const row = await planRow(platform, c.var.actor, id)
      const tag = etagOf(row.id, row.document_sha256, picture, JSON.stringify([telescope, query]))
      if (row.document_sha256 && fresh(c, tag)) return c.body(null, 304)
      const request = { ...query, chart, format, ...(telescope === undefined ? {} : { telescope }) }
      return sendBytes(c, await chartOfRow(platform, row, request), tag, {
        contentType: format === 'svg' ? 'image/svg+xml' : 'image/png',
        filename: `${row.id.slice(0, 8)}-${picture}`,
      })
    },
  )
}
