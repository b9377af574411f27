import { createRoute, z } from '@hono/zod-openapi'
import { Problem } from '#problem.ts'
import { streamBody } from '#platform/http/body.ts'
import { dispositionOf, sendBytes, sendStored } from '#platform/http/bytes.ts'
import { etagOf, fresh } from '#platform/http/etag.ts'
import { bytesOf, json, jsonBody, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { readFrom } from '#science/fits/source.ts'
import { planHdus } from '#science/fits/file.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { storageSource } from '#observatory/frames/bytes.ts'
import { cutoutFits, cutoutName } from '#observatory/frames/cutout.ts'
import { framesSection } from '#observatory/frames/sections.ts'
import { withReceived } from '#observatory/frames/upload-service.ts'
import { logOf } from './log-view.ts'
import { boxOf, chosenImage, PreviewQuery, previewOf } from './preview.ts'
import { taskFile, zipped } from './products.ts'
import { mayChange } from './rights.ts'
import { requireRest, taskRow } from './access.ts'
import { bringReceived, removeFile, requireInput } from './content-service.ts'
import { DrawnMask, StepName, Task, TaskProduct } from './task.ts'
import { filesOf } from './task-store.ts'
import { productView } from './view.ts'

const tags = ['Tasks']
const params = z.object({ id: z.string().max(100) })
const Name = z.string().min(1).max(250).describe('Plain name: `mask.fits`, `candidates/J1234.fits`')
const fileParams = params.extend({ name: Name })
const Rerun = z
  .enum(['true', 'false'])
  .default('true')
  .describe('Run inspect anew, so that the change counts')

const types: Readonly<Record<string, string>> = {
  fits: 'application/fits',
  parquet: 'application/vnd.apache.parquet',
  json: 'application/json',
  log: 'text/plain; charset=utf-8',
  reg: 'text/plain; charset=utf-8',
  wcs: 'application/fits',
}

/** One answer under every type that a file of a task may have, as `typeOf` says it. */
const binary = z.string().openapi({ type: 'string', format: 'binary' })
const fileOf = {
  description: 'The file, under the type that its name says',
  content: Object.fromEntries(
    [...new Set([...Object.values(types), 'application/octet-stream'])].map((type) => [
      type.split(';')[0]!,
      { schema: binary },
    ]),
  ),
}

function typeOf(name: string): string {
  return types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream'
}

/** Files of a task: list, bytes, pictures, cut-outs, logs, and what is brought to it. */
export function productRoutes(app: Router, platform: Platform): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/tasks/{id}/products',
      tags,
      summary: 'Files of a task by their plain names',
      request: { params },
      responses: {
        200: json(z.object({ items: z.array(TaskProduct), next: z.null() }), 'By name'),
        ...problems(404),
      },
    }),
    async (c) => {
      const row = await taskRow(platform, c.var.actor, c.req.valid('param').id)
      return c.json({ items: (await filesOf(platform.db, row.id)).map(productView), next: null }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/tasks/{id}/products.zip',
      tags,
      summary: 'All files, or those of some steps, as one ZIP',
      request: {
        params,
        query: z.object({
          step: z.union([StepName, z.array(StepName)]).optional(),
          names: z.string().max(20_000).optional().describe('Only these, with commas between'),
        }),
      },
      responses: { 200: bytesOf('application/zip', 'ZIP'), ...problems(404) },
    }),
    async (c) => {
      const row = await taskRow(platform, c.var.actor, c.req.valid('param').id)
      const { step, names } = c.req.valid('query')
      const steps = step === undefined ? undefined : [step].flat()
      const wanted = names === undefined ? undefined : new Set(names.split(',').map((name) => name.trim()))
      const files = (await filesOf(platform.db, row.id)).filter(
        (file) =>
          (steps === undefined || (file.step !== null && steps.includes(file.step))) &&
          (wanted === undefined || wanted.has(file.name)),
      )
      const stem = (row.title || row.original_name || row.id).replace(/(\.fits?|\.fts)?(\.gz|\.fz)?$/i, '')
      return c.body(zipped(platform, files), 200, {
        'Content-Type': 'application/zip',
        'Content-Disposition': dispositionOf('attachment', `${stem}.zip`),
        'Cache-Control': 'private, no-cache',
      })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/tasks/{id}/products/{name}',
      tags,
      summary: 'One file, whole or in ranges',
      request: {
        params: fileParams,
        query: z.object({ download: z.enum(['true', 'false']).default('false') }),
      },
      responses: { 200: fileOf, ...problems(404) },
    }),
    async (c) => {
      const { id, name } = c.req.valid('param')
      const { file } = await taskFile(platform, c.var.actor, id, name)
      return sendStored(c, platform.storage, file.sha256, {
        contentType: typeOf(file.name),
        filename: file.name.split('/').at(-1),
        disposition: c.req.valid('query').download === 'true' ? 'attachment' : 'inline',
      })
    },
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: '/tasks/{id}/products/{name}',
      tags,
      summary: 'Bring the frame (image.orig.fits), a mask or a template: the file is the body',
      request: {
        params: fileParams,
        query: z.object({ rerun: Rerun, originalName: z.string().max(250).optional() }),
        body: { required: true, content: { 'application/octet-stream': { schema: z.string() } } },
      },
      responses: { 200: json(Task, 'The task now'), ...problems(404, 409, 413) },
    }),
    async (c) => {
      const { id, name } = c.req.valid('param')
      const { rerun, originalName: called } = c.req.valid('query')
      // Before the bytes are taken: what is refused leaves none.
      requireInput(name)
      await requireChangeable(platform, c.var.actor, id)
      const { uploadBytes } = platform.config.section(framesSection)
      const task = await withReceived(platform, streamBody(c, uploadBytes), (path, received) =>
        bringReceived(
          platform,
          c.var.actor,
          id,
          path,
          { ...received, name, originalName: called },
          rerun === 'true',
        ),
      )
      return c.json(task, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/tasks/{id}/products/{name}',
      tags,
      summary: 'Take away a file that was brought, or one that a step made',
      request: { params: fileParams },
      responses: { 200: json(Task, 'The task now'), ...problems(404, 409) },
    }),
    async (c) => {
      const { id, name } = c.req.valid('param')
      return c.json(await removeFile(platform, c.var.actor, id, name), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: '/tasks/{id}/mask',
      tags,
      summary: 'The mask as it was drawn, of the frame or of the template',
      request: {
        params,
        query: z.object({ of: z.enum(['frame', 'template']).default('frame'), rerun: Rerun }),
        body: jsonBody(DrawnMask),
      },
      responses: { 200: json(Task, 'The task now; inspect runs anew'), ...problems(404, 409) },
    }),
    async (c) => {
      const { of, rerun } = c.req.valid('query')
      const { id } = c.req.valid('param')
      await requireChangeable(platform, c.var.actor, id)
      const drawn = new TextEncoder().encode(JSON.stringify(c.req.valid('json')))
      const name = of === 'frame' ? 'custom_mask.json' : 'custom_template_mask.json'
      const task = await withReceived(platform, [drawn], (path, received) =>
        bringReceived(platform, c.var.actor, id, path, { ...received, name }, rerun === 'true'),
      )
      return c.json(task, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/tasks/{id}/preview/{name}',
      tags,
      summary: 'A picture of a FITS file of the task, or of a part of it',
      request: { params: fileParams, query: PreviewQuery },
      responses: { 200: bytesOf('image/png', 'PNG'), ...problems(404) },
    }),
    async (c) => {
      const { id, name } = c.req.valid('param')
      const query = c.req.valid('query')
      const { file } = await taskFile(platform, c.var.actor, id, name)
      const etag = etagOf('preview', file.sha256, JSON.stringify(query))
      if (fresh(c, etag)) return c.body(null, 304) as never
      const source = storageSource(platform, file.sha256, Number(file.byte_length))
      const bytes = await previewOf(platform, source, query, c.req.raw.signal)
      return sendBytes(c, bytes, etag, { contentType: 'image/png' })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/tasks/{id}/cutout/{name}',
      tags,
      summary: 'A part of a FITS file of the task, as FITS',
      request: {
        params: fileParams,
        query: PreviewQuery.pick({ hdu: true, x: true, y: true, ra: true, dec: true, size: true }),
      },
      responses: { 200: bytesOf('application/fits', 'FITS'), ...problems(404) },
    }),
    async (c) => {
      const { id, name } = c.req.valid('param')
      const query = c.req.valid('query')
      const { file } = await taskFile(platform, c.var.actor, id, name)
      const etag = etagOf('cutout', file.sha256, file.name, JSON.stringify(query))
      if (fresh(c, etag)) return c.body(null, 304) as never
      const source = storageSource(platform, file.sha256, Number(file.byte_length))
      const hdus = await readFrom(planHdus(source.byteLength), source)
      const hdu = chosenImage(hdus, query.hdu)
      const box = boxOf(hdu, query)
      const bytes = await cutoutFits(
        platform,
        { row: { sha256: file.sha256, name: file.name }, source, hdu, plane: 0 },
        hdus[0]!,
        box,
        c.req.raw.signal,
      )
      return sendBytes(c, new Uint8Array(bytes), etag, {
        contentType: 'application/fits',
        filename: cutoutName(file.name.split('/').at(-1)!, box, hdu.index, 'fits'),
        disposition: 'attachment',
      })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/tasks/{id}/log',
      tags,
      summary: 'What the steps said: of the run under way as it goes, else of the last',
      request: {
        params,
        query: z.object({
          step: StepName.optional(),
          after: z.coerce.number().int().min(0).default(0).describe('Lines already here'),
        }),
      },
      responses: {
        200: json(
          z.object({
            items: z.array(
              z.object({
                line: z.int(),
                step: StepName.nullable(),
                at: z.iso.datetime().nullable(),
                text: z.string(),
              }),
            ),
            live: z.boolean().describe('More may come'),
            next: z.null(),
          }),
          'Lines',
        ),
        ...problems(404),
      },
    }),
    async (c) => {
      const { step, after } = c.req.valid('query')
      const row = await taskRow(platform, c.var.actor, c.req.valid('param').id)
      return c.json({ ...(await logOf(platform, row, step, after)), next: null }, 200)
    },
  )
}

/** @throws Problem where the actor may not bring files to the task now */
async function requireChangeable(platform: Platform, actor: Actor, id: string): Promise<void> {
  const row = await taskRow(platform, actor, id)
  if (!mayChange(actor, row))
    throw new Problem('access.forbidden', 'You may see this task, but only its owner and groups change it.')
  requireRest(row)
}
