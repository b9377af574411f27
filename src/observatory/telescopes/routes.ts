import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { Problem } from '#problem.ts'
import { footprintChart } from '#science/chart/footprint-chart.ts'
import { darkPalette, lightPalette, redPalette } from '#science/chart/palette.ts'
import { serialize } from '#science/chart/svg.ts'
import { readBody } from '#platform/http/body.ts'
import { dispositionOf, sendBytes } from '#platform/http/bytes.ts'
import { etagOf, fresh } from '#platform/http/etag.ts'
import { bytesOf, json, problems } from '#platform/http/responses.ts'
import { createRouter, type Router, type ServerEnv } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import '#observatory/people/request.ts'
import { maxDefinitionBytes } from './definition.ts'
import { putGrid, removeGrid } from './grid-service.ts'
import { gridText, maxGridBytes } from './grid.ts'
import { inputText } from './input.ts'
import {
  checkDefinition,
  gridFields,
  listTelescopes,
  putTelescope,
  removeTelescope,
  sourceOf,
  telescopeBySlug,
  telescopeEntry,
  versionsOfTelescope,
} from './service.ts'
import { DefinitionCheck, Telescope, TelescopeInput, TelescopeVersion } from './telescope.ts'

const tags = ['Telescopes']
const params = z.object({ slug: z.string().max(100).describe('Slug or name') })
const palettes = { light: lightPalette, dark: darkPalette, red: redPalette }
const definitionBody = {
  required: false,
  description: 'A definition in TOML, or a telescope as GET answers it',
  content: {
    'application/toml': { schema: z.string() },
    'application/json': { schema: TelescopeInput },
  },
}

/** All routes of the room. */
export function telescopeRoutes(platform: Platform): Router {
  const app = createRouter()

  app.openapi(
    createRoute({
      method: 'get',
      path: '/telescopes',
      tags,
      summary: 'All telescopes: shipped and own',
      responses: {
        200: json(z.object({ items: z.array(Telescope), next: z.null() }), 'Telescopes, by slug'),
        ...problems(),
      },
    }),
    async (c) => c.json({ items: await listTelescopes(platform, c.var.actor), next: null }, 200),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/telescopes',
      tags,
      summary: 'Add a telescope',
      request: { body: definitionBody },
      responses: { 201: json(Telescope, 'It, with what is doubtful about it'), ...problems(409, 413, 415) },
    }),
    async (c) => {
      const { source, file } = await definitionIn(c, () => telescopeIn(c.req.valid('json')))
      const { telescope } = await putTelescope(platform, c.var.actor, source, { only: 'new', file })
      c.header('Location', `/api/v1/telescopes/${telescope.slug}`)
      return c.json(telescope, 201)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/telescopes/check',
      tags,
      summary: 'What a definition would be: all that is wrong, or the telescope; nothing is written',
      request: { body: definitionBody },
      responses: { 200: json(DefinitionCheck, 'Verdict'), ...problems(413, 415) },
    }),
    async (c) => {
      const { source, file } = await definitionIn(c, () => telescopeIn(c.req.valid('json')))
      return c.json(await checkDefinition(platform, c.var.actor, source, { file }), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/telescopes/{slug}',
      tags,
      summary: 'One telescope',
      request: { params },
      responses: { 200: json(Telescope, 'The telescope; send its ETag back as If-Match'), ...problems(404) },
    }),
    async (c) => {
      const { telescope, etag } = await telescopeEntry(platform, c.var.actor, c.req.valid('param').slug)
      c.header('ETag', etag)
      return c.json(telescope, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: '/telescopes/{slug}',
      tags,
      summary: 'Change a telescope, or take the place of a shipped one: the next version',
      request: { params, body: definitionBody },
      responses: {
        200: json(Telescope, 'The telescope now'),
        201: json(Telescope, 'It was new'),
        ...problems(404, 409, 412, 413, 415),
      },
    }),
    async (c) => {
      const { slug } = c.req.valid('param')
      const { source, file } = await definitionIn(c, () => ({ slug, ...telescopeIn(c.req.valid('json')) }))
      const { telescope, created } = await putTelescope(platform, c.var.actor, source, {
        slug: slug.toLowerCase(),
        ifMatch: c.req.header('if-match'),
        file,
      })
      c.header('ETag', (await telescopeEntry(platform, c.var.actor, telescope.slug)).etag)
      return created ? c.json(telescope, 201) : c.json(telescope, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/telescopes/{slug}',
      tags,
      summary: 'Remove an own telescope; a shipped one of that slug comes back',
      request: { params },
      responses: {
        200: json(z.object({ slug: z.string(), what: TelescopeVersion.shape.what }), 'What there is now'),
        ...problems(404, 409, 412),
      },
    }),
    async (c) => {
      const { slug } = c.req.valid('param')
      const what = await removeTelescope(platform, c.var.actor, slug, { ifMatch: c.req.header('if-match') })
      return c.json({ slug: slug.toLowerCase(), what }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/telescopes/{slug}/definition.toml',
      tags,
      summary: 'The definition as it was given',
      request: {
        params,
        query: z.object({ version: z.coerce.number().int().min(1).optional().describe('Default: of now') }),
      },
      responses: { 200: bytesOf('application/toml', 'TOML'), ...problems(404) },
    }),
    async (c) => {
      const { version } = c.req.valid('query')
      const found = await sourceOf(platform, c.var.actor, c.req.valid('param').slug, version)
      return sendBytes(c, new TextEncoder().encode(found.source), etagOf(found.source), {
        contentType: 'application/toml',
        filename: `${found.slug}.toml`,
      })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/telescopes/{slug}/versions',
      tags,
      summary: 'Who changed it when, newest first',
      request: { params },
      responses: {
        200: json(z.object({ items: z.array(TelescopeVersion), next: z.null() }), 'Versions'),
        ...problems(404),
      },
    }),
    async (c) => {
      const items = await versionsOfTelescope(platform, c.var.actor, c.req.valid('param').slug)
      return c.json({ items, next: null }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/telescopes/{slug}/footprint.svg',
      tags,
      summary: 'Its field of view, north up, east to the left',
      request: {
        params,
        query: z.object({
          theme: z.enum(['light', 'dark', 'red']).default('light'),
          size: z.coerce.number().int().min(40).max(1_000).default(200).describe('Pixels'),
        }),
      },
      responses: { 200: bytesOf('image/svg+xml', 'SVG'), ...problems(404) },
    }),
    async (c) => {
      const { theme, size } = c.req.valid('query')
      const { footprint, name } = await telescopeBySlug(platform, c.var.actor, c.req.valid('param').slug)
      const title = `Field of view of ${name}`
      const svg = serialize(
        footprintChart(footprint, { size, title, palette: palettes[theme], background: true }),
      )
      return sendBytes(c, new TextEncoder().encode(svg), etagOf(svg), { contentType: 'image/svg+xml' })
    },
  )

  gridRoutes(app, platform)
  return app
}

function gridRoutes(app: Router, platform: Platform): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/telescopes/{slug}/grid',
      tags,
      summary: 'The fields of its grid',
      request: { params, query: z.object({ format: z.enum(['csv', 'json']).default('csv') }) },
      responses: {
        200: {
          description: 'Fields: id, RA and Dec in degrees',
          content: {
            'text/csv': { schema: z.string() },
            'application/json': {
              schema: z.object({
                items: z.array(z.object({ id: z.string(), ra: z.number(), dec: z.number() })),
                next: z.null(),
              }),
            },
          },
        },
        ...problems(404),
      },
    }),
    async (c) => {
      const { telescope, gridSha256 } = await telescopeEntry(platform, c.var.actor, c.req.valid('param').slug)
      const { pointing, slug, footprint } = telescope
      if (pointing.how === 'free')
        throw new Problem(
          'resource.not_found',
          `${slug} has no grid: its fields are laid where the probability is. Upload one to fix them.`,
        )
      const { format } = c.req.valid('query')
      const rule = pointing.rule ? JSON.stringify([pointing.rule, footprint]) : null
      const tag = etagOf('grid', gridSha256, rule, format)
      if (fresh(c, tag)) return c.body(null, 304)
      const fields = await gridFields(platform, telescope)
      if (format === 'json') return c.json({ items: fields, next: null }, 200)
      c.header('Content-Disposition', dispositionOf('attachment', `${slug}-grid.csv`))
      return c.body(gridText(fields), 200, { 'Content-Type': 'text/csv; charset=utf-8' })
    },
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: '/telescopes/{slug}/grid',
      tags,
      summary: 'Give it a fixed grid: a file of id, RA, Dec in degrees by line',
      request: {
        params,
        query: z.object({
          name: z
            .string()
            .regex(/^[\p{L}\p{N} _.+-]{1,60}$/u)
            .default('grid')
            .describe('Of the grid'),
        }),
        body: { required: true, content: { 'text/csv': { schema: z.string() } } },
      },
      responses: { 200: json(Telescope, 'The telescope now'), ...problems(404, 413) },
    }),
    async (c) => {
      const bytes = await readBody(c, maxGridBytes)
      const { name } = c.req.valid('query')
      return c.json(
        await putGrid(platform, c.var.actor, c.req.valid('param').slug, { bytes, file: name }),
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/telescopes/{slug}/grid',
      tags,
      summary: 'Take the uploaded grid away',
      request: { params },
      responses: { 200: json(Telescope, 'The telescope now'), ...problems(404) },
    }),
    async (c) => c.json(await removeGrid(platform, c.var.actor, c.req.valid('param').slug), 200),
  )
}

/** The types know that a body may be TOML; what the router has read as JSON is a telescope. */
function telescopeIn(body: string | TelescopeInput): TelescopeInput {
  return typeof body === 'string' ? TelescopeInput.parse(JSON.parse(body)) : body
}

/** The definition in a request as TOML: as it came, or made of JSON. */
async function definitionIn(
  c: Context<ServerEnv>,
  fromJson: () => TelescopeInput,
): Promise<{ source: string | Uint8Array; file: string | null }> {
  const type = (c.req.header('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
  if (type === 'application/json') return { source: inputText(fromJson()), file: null }
  const readable = [
    '',
    'application/toml',
    'text/toml',
    'text/x-toml',
    'text/plain',
    'application/octet-stream',
  ]
  if (!readable.includes(type))
    throw new Problem(
      'request.unsupported_type',
      `A definition is sent as application/toml or application/json, not ${type.slice(0, 60)}.`,
    )
  const bytes = await readBody(c, 4 * maxDefinitionBytes)
  if (bytes.length === 0)
    throw new Problem('request.malformed', 'The body is empty; send a definition in TOML.')
  return { source: bytes, file: 'telescope.toml' }
}
