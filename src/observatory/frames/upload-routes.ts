import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { Problem } from '#problem.ts'
import { streamBody } from '#platform/http/body.ts'
import { json, jsonBody, problems } from '#platform/http/responses.ts'
import { createRouter, type Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import '#observatory/people/request.ts'
import { beginUpload, continueUpload, endUpload, ownUploads, uploadState } from './upload-service.ts'
import { NewUpload, Upload } from './upload.ts'

const tags = ['Frames']
const params = z.object({ id: z.string().max(60) })

/** Headers as the tus protocol names them, so that its clients find their way. */
function said(c: Context, upload: Upload): void {
  c.header('Upload-Offset', String(upload.offset))
  c.header('Upload-Length', String(upload.byteLength))
  c.header('Tus-Resumable', '1.0.0')
  c.header('Cache-Control', 'no-store')
}

/** Uploads in parts. */
export function uploadRoutes(platform: Platform): Router {
  const app = createRouter()

  app.openapi(
    createRoute({
      method: 'get',
      path: '/uploads',
      tags,
      summary: 'Uploads of one’s own, also those that broke off',
      responses: {
        200: json(z.object({ items: z.array(Upload), next: z.null() }), 'The last first'),
        ...problems(),
      },
    }),
    async (c) => c.json({ items: await ownUploads(platform, c.var.actor), next: null }, 200),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/uploads',
      tags,
      summary: 'Begin an upload in parts',
      request: { body: jsonBody(NewUpload) },
      responses: { 201: json(Upload, 'Send the bytes by PATCH to its address'), ...problems(413) },
    }),
    async (c) => {
      const upload = await beginUpload(platform, c.var.actor, c.req.valid('json'))
      said(c, upload)
      c.header('Location', `/api/v1/uploads/${upload.id}`)
      return c.json(upload, 201)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/uploads/{id}',
      tags,
      summary: 'How far an upload is; HEAD answers by headers alone',
      request: { params },
      responses: { 200: json(Upload, 'The upload'), ...problems(404) },
    }),
    async (c) => {
      const upload = await uploadState(platform, c.var.actor, c.req.valid('param').id)
      said(c, upload)
      return c.json(upload, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'patch',
      path: '/uploads/{id}',
      tags,
      summary: 'Send the next bytes; with the last of them the frame is made',
      request: {
        params,
        headers: z.object({
          'upload-offset': z
            .string()
            .regex(/^\d{1,16}$/)
            .describe('Position of the first byte that is sent'),
        }),
        body: {
          required: true,
          content: {
            'application/offset+octet-stream': { schema: z.string() },
            'application/octet-stream': { schema: z.string() },
          },
        },
      },
      responses: { 200: json(Upload, 'How far it is'), ...problems(404, 409, 413) },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const offset = Number(c.req.valid('header')['upload-offset'])
      const { byteLength } = await uploadState(platform, c.var.actor, id)
      const body = streamBody(c, byteLength)
      try {
        const upload = await continueUpload(platform, c.var.actor, id, offset, body)
        said(c, upload)
        return c.json(upload, 200)
      } catch (error) {
        if (error instanceof Problem && error.code === 'upload.offset')
          c.header('Upload-Offset', String(error.details['offset']))
        throw error
      }
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/uploads/{id}',
      tags,
      summary: 'Give an upload up',
      request: { params },
      responses: { 204: { description: 'It is gone' }, ...problems(404) },
    }),
    async (c) => {
      await endUpload(platform, c.var.actor, c.req.valid('param').id)
      return c.body(null, 204)
    },
  )

  return app
}
