import { createRoute, z } from '@hono/zod-openapi'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '#problem.ts'
import { streamBody } from '#platform/http/body.ts'
import { sendBytes } from '#platform/http/bytes.ts'
import { etagOf } from '#platform/http/etag.ts'
import { bytesOf, json, problems } from '#platform/http/responses.ts'
import { createRouter, type Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import '#observatory/people/request.ts'
import { mocFromAscii } from '#science/sky/moc-formats.ts'
import { answerBytes, answerFormats, answerTypes } from './answer.ts'
import { Catalogue, CatalogueColumn, ImportOptions } from './catalogue.ts'
import { mapsOf, mostUploadBytes, receiveImport } from './import-service.ts'
import { BoxText, boxOf, ConeText, coneOf, type Region } from './region.ts'
import {
  catalogueByName,
  cataloguesFolder,
  listCatalogues,
  mostRows,
  parquetAnswer,
  queryCatalogue,
  removeCatalogue,
} from './service.ts'

const tags = ['Catalogues']
const params = z.object({ name: z.string().max(100) })

const Question = z.object({
  cone: ConeText.optional(),
  box: BoxText.optional(),
  moc: z.string().max(200_000).optional().describe('MOC as text: `6/32777 7/131083 131085-131087`'),
  where: z.string().max(10_000).optional().describe('ADQL search condition: `distance < 200 and mag_b < 17`'),
  columns: z.string().max(5_000).optional().describe('Names with commas between; default: all'),
  order: z.string().max(200).optional().describe('Column to sort by; `-` before it: largest first'),
  limit: z.coerce.number().int().min(1).max(mostRows).default(1_000),
  format: z.enum(answerFormats).default('json'),
})

const Rows = z
  .object({
    catalogue: z.string(),
    version: z.number().int(),
    columns: z.array(CatalogueColumn),
    items: z.array(z.record(z.string(), z.union([z.null(), z.boolean(), z.number(), z.string()]))),
    truncated: z.boolean().describe('More rows fit than the limit'),
    filesRead: z.number().int(),
    files: z.number().int(),
  })
  .openapi('CatalogueRows')

/** @throws Problem where it names more than one region */
export function regionOf({
  cone,
  box,
  moc,
}: {
  cone?: string | undefined
  box?: string | undefined
  moc?: string | undefined
}): Region {
  const given = [cone, box, moc].filter((each) => each !== undefined)
  if (given.length > 1)
    throw new Problem('request.invalid', 'A query has one region: cone, box or moc, not several.')
  if (cone !== undefined) return coneOf(cone)
  if (box !== undefined) return boxOf(box)
  return moc === undefined ? { shape: 'all' } : { shape: 'moc', ranges: mocFromAscii(moc).ranges }
}

/** All routes of the room. */
export function referenceRoutes(platform: Platform): Router {
  const app = createRouter()

  app.openapi(
    createRoute({
      method: 'get',
      path: '/catalogues',
      tags,
      summary: 'Reference catalogues that were imported here',
      responses: {
        200: json(z.object({ items: z.array(Catalogue), next: z.null() }), 'By name'),
        ...problems(),
      },
    }),
    async (c) => c.json({ items: await listCatalogues(platform, c.var.actor), next: null }, 200),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/catalogues',
      tags,
      summary: 'Import a catalogue: the file is the body',
      description:
        'CSV, ECSV, FITS table, VOTable, Parquet or text in columns. Answers when the file has arrived; the import is a job.',
      request: {
        query: ImportOptions.omit({ map: true, rowsPerPartition: true }).extend({
          file: z.string().max(200).describe('Name of the file'),
          map: z
            .union([z.string(), z.array(z.string())])
            .optional()
            .describe('`ra=RAJ2000`, `distance=dist:kpc`, `name=GWGC|PGC`; repeated'),
        }),
        body: { required: true, content: { 'application/octet-stream': { schema: z.string() } } },
      },
      responses: { 202: json(z.object({ jobId: z.string() }), 'The job'), ...problems(413, 415) },
    }),
    async (c) => {
      const { file, map, ...options } = c.req.valid('query')
      const maps = mapsOf(map === undefined ? [] : [map].flat())
      const body = streamBody(c, mostUploadBytes)
      const jobId = await receiveImport(platform, c.var.actor, body, file, { ...options, map: maps })
      return c.json({ jobId }, 202)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/catalogues/{name}',
      tags,
      summary: 'One catalogue: columns, coverage, where it comes from',
      request: { params },
      responses: { 200: json(Catalogue, 'The catalogue'), ...problems(404) },
    }),
    async (c) => c.json(await catalogueByName(platform, c.var.actor, c.req.valid('param').name), 200),
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/catalogues/{name}',
      tags,
      summary: 'Remove a catalogue and its files',
      request: { params },
      responses: { 204: { description: 'It is gone' }, ...problems(404) },
    }),
    async (c) => {
      await removeCatalogue(platform, c.var.actor, c.req.valid('param').name)
      return c.body(null, 204)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/catalogues/{name}/coverage.fits',
      tags,
      summary: 'Where it has rows, as a MOC',
      request: { params },
      responses: { 200: bytesOf('application/fits', 'MOC'), ...problems(404) },
    }),
    async (c) => {
      const { name, version, path } = await catalogueByName(platform, c.var.actor, c.req.valid('param').name)
      const bytes = await readFile(join(cataloguesFolder(platform), path, 'coverage.fits'))
      return sendBytes(c, new Uint8Array(bytes), etagOf(`${name} ${version}`), {
        contentType: 'application/fits',
        filename: `${name}-coverage.fits`,
      })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/catalogues/{name}/query',
      tags,
      summary: 'Rows in a cone, a box or a MOC that meet a condition',
      request: { params, query: Question },
      responses: {
        200: {
          description: 'Rows, in the format asked for',
          content: {
            'application/json': { schema: Rows },
            'text/csv': { schema: z.string() },
            'application/x-votable+xml': { schema: z.string() },
            'application/fits': { schema: z.string() },
            'application/vnd.apache.parquet': { schema: z.string() },
          },
        },
        ...problems(404, 413),
      },
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const { cone, box, moc, where, columns, order, limit, format } = c.req.valid('query')
      const question = {
        region: regionOf({ cone, box, moc }),
        where,
        columns: columns?.split(',').map((each) => each.trim()),
        order,
        limit,
      }
      const { signal } = c.req.raw
      if (format === 'parquet') {
        const bytes = await parquetAnswer(platform, c.var.actor, name, question, signal)
        return sendAnswer(bytes)
      }
      return sendAnswer(
        answerBytes(await queryCatalogue(platform, c.var.actor, name, question, signal), format),
      )

      function sendAnswer(bytes: Uint8Array<ArrayBuffer>): Response {
        const { contentType, ending } = answerTypes[format]
        c.header('Content-Type', contentType)
        if (format !== 'json') c.header('Content-Disposition', `attachment; filename="${name}.${ending}"`)
        return c.body(bytes, 200)
      }
    },
  )

  return app
}
