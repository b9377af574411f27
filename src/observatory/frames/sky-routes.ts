import { createRoute, z } from '@hono/zod-openapi'
import { dispositionOf, sendBytes } from '#platform/http/bytes.ts'
import { etagOf } from '#platform/http/etag.ts'
import { readBody } from '#platform/http/body.ts'
import { json, problems } from '#platform/http/responses.ts'
import { createRouter, type Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import '#observatory/people/request.ts'
import { formatDs9, parseDs9, regionShapes } from '#science/image/display/regions.ts'
import { Footprint } from './frame.ts'
import { footprintMoc, footprintRegions, onPixels } from './outline.ts'
import { openImage } from './open.ts'
import { frameBySha256, visibleRow } from './service.ts'
import { rangesIn } from './store.ts'

const tags = ['Frames']
const params = z.object({ sha256: z.string().max(100) })

const FootprintAnswer = z
  .object({
    images: z.array(Footprint.extend({ hdu: z.number().int(), name: z.string() })),
    without: z.array(z.object({ hdu: z.number().int(), why: z.string() })),
  })
  .openapi('FrameFootprints')

const PixelRegion = z
  .object({
    shape: z.enum(regionShapes),
    points: z.array(z.tuple([z.number(), z.number()])).describe('Pixels from 0'),
    sizes: z.array(z.number()).describe('Pixels'),
    angleDeg: z.number().describe('Counter-clockwise from the x axis'),
    excluded: z.boolean(),
    text: z.string().optional(),
    colour: z.string().optional(),
    tags: z.array(z.string()).optional(),
  })
  .openapi('PixelRegion')

/** Largest region file. */
const mostRegionBytes = 8 * 2 ** 20

/** Where a frame lies on the sky, and what is drawn on it. */
export function skyRoutes(platform: Platform): Router {
  const app = createRouter()

  app.openapi(
    createRoute({
      method: 'get',
      path: '/frames/{sha256}/footprint.json',
      tags,
      summary: 'Outline of each image on the sky, ICRS degrees',
      request: { params },
      responses: { 200: json(FootprintAnswer, 'Outlines'), ...problems(404, 409) },
    }),
    async (c) => {
      const { images } = await frameBySha256(platform, c.var.actor, c.req.valid('param').sha256)
      return c.json(
        {
          images: images.flatMap(({ footprint, hdu, name }) =>
            footprint === null ? [] : [{ ...footprint, hdu, name }],
          ),
          without: images.flatMap(({ noFootprint, hdu }) =>
            noFootprint === null ? [] : [{ hdu, why: noFootprint }],
          ),
        },
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/frames/{sha256}/footprint.moc',
      tags,
      summary: 'Footprint as a MOC: FITS, or text',
      request: { params, query: z.object({ format: z.enum(['fits', 'text', 'json']).default('fits') }) },
      responses: {
        200: {
          description: 'The MOC',
          content: {
            'application/fits': { schema: z.string().openapi({ format: 'binary' }) },
            'text/plain': { schema: z.string() },
            'application/json': { schema: z.unknown() },
          },
        },
        ...problems(404),
      },
    }),
    async (c) => {
      const { sha256 } = c.req.valid('param')
      const { format } = c.req.valid('query')
      const frame = await visibleRow(platform, c.var.actor, sha256)
      const { bytes, contentType, ending } = footprintMoc(rangesIn(frame.sky), format)
      return sendBytes(c, bytes, etagOf('moc', sha256, format), {
        contentType,
        filename: `${frame.name}.moc.${ending}`,
      })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/frames/{sha256}/regions',
      tags,
      summary: 'Outlines of the images as a region file of DS9',
      request: { params },
      responses: {
        200: { description: 'The region file', content: { 'text/plain': { schema: z.string() } } },
        ...problems(404, 409),
      },
    }),
    async (c) => {
      const frame = await frameBySha256(platform, c.var.actor, c.req.valid('param').sha256)
      return c.text(formatDs9(footprintRegions(frame)), 200, {
        'Content-Type': 'text/plain; charset=utf-8',
        'Content-Disposition': dispositionOf('attachment', `${frame.name}.reg`),
      })
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/frames/{sha256}/regions',
      tags,
      summary: 'Shapes of a region file of DS9 on the pixels of this image',
      request: {
        params,
        query: z.object({ hdu: z.coerce.number().int().min(0).optional() }),
        body: { required: true, content: { 'text/plain': { schema: z.string() } } },
      },
      responses: {
        200: json(
          z.object({
            items: z.array(PixelRegion),
            skipped: z.array(z.object({ line: z.number().int(), text: z.string(), why: z.string() })),
          }),
          'Shapes, and lines that were not understood',
        ),
        ...problems(404, 413),
      },
    }),
    async (c) => {
      const { hdu } = await openImage(
        platform,
        c.var.actor,
        c.req.valid('param').sha256,
        c.req.valid('query').hdu,
      )
      const text = new TextDecoder().decode(await readBody(c, mostRegionBytes))
      return c.json(onPixels(parseDs9(text), hdu), 200)
    },
  )

  return app
}
