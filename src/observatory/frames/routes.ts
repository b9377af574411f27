import { createRoute, z } from '@hono/zod-openapi'
import { streamBody } from '#platform/http/body.ts'
import { sendSliced } from '#platform/http/bytes.ts'
import { decodeCursor, pageOf, pageQuery, pageSchema } from '#platform/http/pages.ts'
import { json, jsonBody, problems } from '#platform/http/responses.ts'
import { createRouter, type Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import '#observatory/people/request.ts'
import { folderRoutes } from './folder-routes.ts'
import { Frame, FrameFailure, FrameRights } from './frame.ts'
import { headerText, headerView, HeaderView } from './header-view.ts'
import { pixelRoutes } from './pixel-routes.ts'
import { FrameSearch, queryOf } from './query.ts'
import { skyRoutes } from './sky-routes.ts'
import { framesSection } from './sections.ts'
import {
  changeFrame,
  failureOf,
  findFailures,
  findFrames,
  frameBySha256,
  frameFile,
  frameHdus,
  removeFrame,
} from './service.ts'
import { sendUrls } from './folder-service.ts'
import { receiveFrame } from './upload-service.ts'
import { uploadRoutes } from './upload-routes.ts'

const tags = ['Frames']
const params = z.object({ sha256: z.string().max(100) })
const Cursor = z.tuple([z.string(), z.string()])

const Rights = z.object({
  groups: z
    .string()
    .max(1_000)
    .optional()
    .describe('Groups that may see it, by id, commas between; `everyone`'),
  publicAt: z.iso.datetime().optional().describe('From then on anyone may see it'),
  note: z.string().max(4_000).optional(),
})

const binary = { schema: z.string().openapi({ type: 'string', format: 'binary' }) }
const fileTypes = { 'application/fits': binary, 'application/gzip': binary }

function groupsIn(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

/** All routes of the room. */
export function frameRoutes(platform: Platform): Router {
  const app = createRouter()

  app.openapi(
    createRoute({
      method: 'get',
      path: '/frames',
      tags,
      summary: 'Frames, the last added first',
      request: { query: pageQuery({ default: 50, max: 500 }).extend(FrameSearch.shape) },
      responses: { 200: json(pageSchema(Frame), 'Frames that you may see'), ...problems() },
    }),
    async (c) => {
      const { cursor, limit, ...search } = c.req.valid('query')
      const after = cursor === undefined ? undefined : decodeCursor(cursor, Cursor)
      const frames = await findFrames(platform, c.var.actor, { ...queryOf(search), after, limit: limit + 1 })
      const page = pageOf(
        c,
        frames,
        limit,
        (frame) => frame,
        (frame) => [frame.addedAt, frame.sha256],
      )
      return c.json(page, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/frames',
      tags,
      summary: 'Add a frame: the file is the body',
      description: 'Large files, and those over poor connections, go by POST /uploads.',
      request: {
        query: Rights.extend({ file: z.string().min(1).max(250).describe('Name of the file') }),
        body: {
          required: true,
          content: {
            'application/octet-stream': { schema: z.string() },
            'application/fits': { schema: z.string() },
          },
        },
      },
      responses: {
        201: json(Frame, 'The frame'),
        200: json(Frame, 'These bytes were a frame already'),
        ...problems(413, 415),
      },
    }),
    async (c) => {
      const { file, groups, publicAt, note } = c.req.valid('query')
      const { uploadBytes } = platform.config.section(framesSection)
      const input = { name: file, groups: groupsIn(groups), publicAt: publicAt ?? null, note: note ?? null }
      const { sha256, added } = await receiveFrame(platform, c.var.actor, input, streamBody(c, uploadBytes))
      return c.json(await frameBySha256(platform, c.var.actor, sha256), added ? 201 : 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/frames/urls',
      tags,
      summary: 'Add frames from addresses; each is fetched by a job',
      request: {
        body: jsonBody(
          FrameRights.extend({
            urls: z
              .array(z.url({ protocol: /^https?$/ }))
              .min(1)
              .max(500),
            note: z.string().max(4_000).nullable().default(null),
          }).meta({ id: 'FrameUrls' }),
        ),
      },
      responses: { 202: json(z.object({ jobIds: z.array(z.string()) }), 'A job for each'), ...problems() },
    }),
    async (c) => {
      const { urls, note, ...rights } = c.req.valid('json')
      return c.json({ jobIds: await sendUrls(platform, c.var.actor, urls, rights, note) }, 202)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/frames/failures',
      tags,
      summary: 'Files that became no frame, with the reason',
      request: { query: pageQuery() },
      responses: { 200: json(pageSchema(FrameFailure), 'The last first'), ...problems() },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid('query')
      const after = cursor === undefined ? undefined : decodeCursor(cursor, Cursor)
      const rows = await findFailures(platform, c.var.actor, { after, limit: limit + 1 })
      return c.json(
        pageOf(c, rows, limit, failureOf, ({ at, id }) => [at.toISOString(), id]),
        200,
      )
    },
  )

  // Before those with a hash in their place, which would take "folders" for one.
  app.route('/', folderRoutes(platform))
  app.route('/', uploadRoutes(platform))
  app.route('/', pixelRoutes(platform))
  app.route('/', skyRoutes(platform))

  app.openapi(
    createRoute({
      method: 'get',
      path: '/frames/{sha256}',
      tags,
      summary: 'One frame: what its header says, and where it lies',
      request: { params },
      responses: { 200: json(Frame, 'The frame'), ...problems(404) },
    }),
    async (c) => c.json(await frameBySha256(platform, c.var.actor, c.req.valid('param').sha256), 200),
  )

  app.openapi(
    createRoute({
      method: 'patch',
      path: '/frames/{sha256}',
      tags,
      summary: 'Change who may see a frame, or its note',
      request: {
        params,
        body: jsonBody(
          z
            .strictObject({
              groups: z.array(z.string().max(64)).max(50).optional(),
              publicAt: z.iso.datetime().nullable().optional(),
              note: z.string().max(4_000).nullable().optional(),
            })
            .meta({ id: 'FrameChange' }),
        ),
      },
      responses: { 200: json(Frame, 'The frame'), ...problems(404) },
    }),
    async (c) => {
      const { sha256 } = c.req.valid('param')
      const { groups, publicAt, note } = c.req.valid('json')
      const change = {
        ...(groups === undefined ? {} : { groups }),
        ...(publicAt === undefined ? {} : { publicAt }),
        ...(note === undefined ? {} : { note }),
      }
      return c.json(await changeFrame(platform, c.var.actor, sha256, change), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/frames/{sha256}',
      tags,
      summary: 'Take a frame out of the list; its file stays where it is',
      request: { params },
      responses: { 204: { description: 'It is gone' }, ...problems(404) },
    }),
    async (c) => {
      await removeFrame(platform, c.var.actor, c.req.valid('param').sha256)
      return c.body(null, 204)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/frames/{sha256}/header',
      tags,
      summary: 'Cards of the header, as JSON or as they stand in the file',
      request: {
        params,
        query: z.object({
          hdu: z.coerce.number().int().min(0).optional().describe('Default: all'),
          filter: z.string().max(200).optional().describe('Words, all of which stand in a card'),
          format: z.enum(['json', 'text']).default('json'),
        }),
      },
      responses: {
        200: {
          description: 'The header',
          content: {
            'application/json': { schema: z.object({ items: z.array(HeaderView) }) },
            'text/plain': { schema: z.string() },
          },
        },
        ...problems(404, 409),
      },
    }),
    async (c) => {
      const { sha256 } = c.req.valid('param')
      const { hdu, filter, format } = c.req.valid('query')
      const { hdus } = await frameHdus(platform, c.var.actor, sha256)
      const shown = hdu === undefined ? hdus : hdus.filter(({ index }) => index === hdu)
      if (format === 'text')
        return c.text(headerText(shown, filter), 200, { 'Content-Type': 'text/plain; charset=utf-8' })
      return c.json({ items: shown.map((each) => headerView(each, filter)) }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/frames/{sha256}/file',
      tags,
      summary: 'The file as it came; ranges of bytes are served',
      request: { params },
      responses: {
        200: { description: 'The file', content: fileTypes },
        206: { description: 'A part of it', content: fileTypes },
        ...problems(404, 409, 416),
      },
    }),
    async (c) => {
      const { sha256 } = c.req.valid('param')
      const { row, raw } = await frameFile(platform, c.var.actor, sha256)
      const { source } = raw
      return sendSliced(c, source.byteLength, (start, end) => source.slice(start, end), `"${row.sha256}"`, {
        contentType: row.packing === 'gzip' ? 'application/gzip' : 'application/fits',
        filename: row.name,
        disposition: 'attachment',
      })
    },
  )

  return app
}
