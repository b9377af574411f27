import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { sendBytes, sendStored } from '#platform/http/bytes.ts'
import { etagOf, fresh } from '#platform/http/etag.ts'
import { bytesOf, json, problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { LevelAnswer, LocalizationSummary } from './localization.ts'
import type { LocalizationRow } from './localization-store.ts'
import { chartThemes, chartViews } from './map-chart.ts'
import type { MapProduct } from './map-products.ts'
import { localizationLevel, localizationProduct } from './products.ts'
import { chartTitle, fileStem, localizationRow } from './queries.ts'
import { localizationSummary } from './view.ts'

const tags = ['Localizations']
const params = z.object({ id: z.string().max(200) })
const level = z.coerce.number().gt(0).lt(1)
const mocTypes = {
  fits: 'application/fits',
  json: 'application/json',
  ascii: 'text/plain; charset=utf-8',
} as const

export function localizationRoutes(app: Router, platform: Platform): void {
  /** A product by the entity tag of the map: who has it is not sent it again, and it is not made again. */
  async function send(
    c: Context,
    row: LocalizationRow,
    product: MapProduct,
    contentType: string,
    filename: string,
  ): Promise<Response> {
    const tag = etagOf(row.id, row.map_sha256, JSON.stringify(row.region), JSON.stringify(product))
    if (row.state === 'ready' && fresh(c, tag)) return c.body(null, 304)
    return sendBytes(c, await localizationProduct(platform, row, product), tag, {
      contentType,
      filename,
      disposition: product.product === 'contours' || product.product === 'chart' ? 'inline' : 'attachment',
    })
  }

  app.openapi(
    createRoute({
      method: 'get',
      path: '/localizations/{id}',
      tags,
      summary: 'Where an event is, in numbers',
      request: { params },
      responses: { 200: json(LocalizationSummary, 'The localization'), ...problems(404) },
    }),
    async (c) =>
      c.json(localizationSummary(await localizationRow(platform, c.var.actor, c.req.valid('param').id)), 200),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/localizations/{id}/map.fits',
      tags,
      summary: 'The sky map: the file that came, or the map of the stated region',
      request: { params },
      responses: { 200: bytesOf('application/fits', 'Multi-order FITS'), ...problems(404) },
    }),
    async (c) => {
      const row = await localizationRow(platform, c.var.actor, c.req.valid('param').id)
      const filename = `${await fileStem(platform, row)}.fits`
      if (row.state === 'ready' && row.map_sha256) {
        const gzip = (await platform.storage.slice(row.map_sha256, 0, 2)).join() === '31,139'
        return sendStored(c, platform.storage, row.map_sha256, {
          contentType: gzip ? 'application/gzip' : 'application/fits',
          filename: gzip ? `${filename}.gz` : filename,
          disposition: 'attachment',
        })
      }
      return send(c, row, { product: 'fits' }, 'application/fits', filename)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/localizations/{id}/moc',
      tags,
      summary: 'The credible region of a level as a MOC',
      request: {
        params,
        query: z.object({
          level: level.default(0.9),
          format: z.enum(['fits', 'json', 'ascii']).default('json'),
        }),
      },
      responses: {
        200: {
          ...bytesOf('application/fits', 'MOC: FITS, or JSON or text by format'),
          content: {
            ...bytesOf('application/fits', '').content,
            'application/json': { schema: z.record(z.string(), z.array(z.number())) },
            'text/plain': { schema: z.string() },
          },
        },
        ...problems(404),
      },
    }),
    async (c) => {
      const row = await localizationRow(platform, c.var.actor, c.req.valid('param').id)
      const query = c.req.valid('query')
      const ending = { fits: 'fits', json: 'json', ascii: 'txt' }[query.format]
      return send(
        c,
        row,
        { product: 'moc', ...query },
        mocTypes[query.format],
        `${await fileStem(platform, row)}-moc-${query.level}.${ending}`,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/localizations/{id}/contours',
      tags,
      summary: 'Contours of credible levels as GeoJSON',
      request: {
        params,
        query: z.object({
          levels: z
            .string()
            .max(100)
            .default('0.5,0.9')
            .transform((text) => text.split(',').map(Number))
            .pipe(z.array(z.number().gt(0).lt(1)).min(1).max(9)),
        }),
      },
      responses: {
        200: bytesOf<string>('application/geo+json', 'GeoJSON, longitude 0 to 360 taken as −180 to 180'),
        ...problems(404),
      },
    }),
    async (c) => {
      const row = await localizationRow(platform, c.var.actor, c.req.valid('param').id)
      return send(
        c,
        row,
        { product: 'contours', levels: c.req.valid('query').levels },
        'application/geo+json',
        `${await fileStem(platform, row)}-contours.geojson`,
      )
    },
  )

  for (const format of ['svg', 'png'] as const) {
    app.openapi(
      createRoute({
        method: 'get',
        path: `/localizations/{id}/chart.${format}`,
        tags,
        summary: `The map drawn with its credible regions, ${format.toUpperCase()}`,
        request: {
          params,
          query: z.object({
            view: z.enum(chartViews).default('both').describe('Whole sky and zoom, or one of them'),
            theme: z.enum(chartThemes).default('light'),
            width: z.coerce.number().int().min(200).max(4000).default(1200).describe('Pixels'),
            at: z.iso.datetime().optional().describe('Draws the Sun and the Moon of that time (UTC)'),
          }),
        },
        responses: {
          200: bytesOf(format === 'svg' ? 'image/svg+xml' : 'image/png', 'The picture'),
          ...problems(404),
        },
      }),
      async (c) => {
        const row = await localizationRow(platform, c.var.actor, c.req.valid('param').id)
        const { at = null, ...query } = c.req.valid('query')
        return send(
          c,
          row,
          { product: 'chart', format, at, ...(await chartTitle(platform, row)), ...query },
          format === 'svg' ? 'image/svg+xml' : 'image/png',
          `${await fileStem(platform, row)}-${query.view}.${format}`,
        )
      },
    )
  }

  app.openapi(
    createRoute({
      method: 'get',
      path: '/localizations/{id}/level',
      tags,
      summary: 'Credible level of a point',
      request: {
        params,
        query: z.object({
          ra: z.coerce.number().min(0).max(360).describe('ICRS degrees'),
          dec: z.coerce.number().min(-90).max(90),
        }),
      },
      responses: { 200: json(LevelAnswer, 'Its level'), ...problems(404) },
    }),
    async (c) => {
      const { ra, dec } = c.req.valid('query')
      return c.json(await localizationLevel(platform, c.var.actor, c.req.valid('param').id, ra, dec), 200)
    },
  )
}
