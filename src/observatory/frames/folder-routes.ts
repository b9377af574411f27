import { createRoute, z } from '@hono/zod-openapi'
import { json, jsonBody, problems } from '#platform/http/responses.ts'
import { createRouter, type Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import '#observatory/people/request.ts'
import { findFolders, forgetFolder, registerFolder, scanFolder } from './folder-service.ts'
import { FrameFolder, NewFolder } from './folder.ts'

const tags = ['Frames']
const params = z.object({ id: z.string().max(60) })

/** Folders of the server's machine. */
export function folderRoutes(platform: Platform): Router {
  const app = createRouter()

  app.openapi(
    createRoute({
      method: 'get',
      path: '/frames/folders',
      tags,
      summary: 'Folders of the server whose files are frames',
      responses: {
        200: json(z.object({ items: z.array(FrameFolder), next: z.null() }), 'By path'),
        ...problems(),
      },
    }),
    async (c) => c.json({ items: await findFolders(platform, c.var.actor), next: null }, 200),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/frames/folders',
      tags,
      summary: 'Register a folder of the server and add its files',
      request: { body: jsonBody(NewFolder) },
      responses: { 202: json(FrameFolder, 'The folder, with the job that scans it'), ...problems() },
    }),
    async (c) => c.json(await registerFolder(platform, c.var.actor, c.req.valid('json')), 202),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/frames/folders/{id}/scan',
      tags,
      summary: 'Look through a registered folder again',
      request: { params },
      responses: { 202: json(z.object({ jobId: z.string() }), 'The job'), ...problems(404) },
    }),
    async (c) => c.json({ jobId: await scanFolder(platform, c.var.actor, c.req.valid('param').id) }, 202),
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/frames/folders/{id}',
      tags,
      summary: 'Take a folder out of the registry; its frames stay',
      request: { params },
      responses: { 204: { description: 'It is gone' }, ...problems(404) },
    }),
    async (c) => {
      await forgetFolder(platform, c.var.actor, c.req.valid('param').id)
      return c.body(null, 204)
    },
  )

  return app
}
