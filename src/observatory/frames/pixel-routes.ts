import { createRoute, z } from '@hono/zod-openapi'
import { Problem } from '#problem.ts'
import { dispositionOf, sendBytes } from '#platform/http/bytes.ts'
import { etagOf, fresh } from '#platform/http/etag.ts'
import { bytesOf, json, problems } from '#platform/http/responses.ts'
import { createRouter, type Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import '#observatory/people/request.ts'
import { colourMapNames } from '#science/image/display/colour-maps.ts'
import { stretchNames } from '#science/image/display/stretch.ts'
import { boxAround, clipped, cutoutFits, cutoutName, mostCutoutPixels } from './cutout.ts'
import { drawn } from './drawing.ts'
import { levelsOf } from './levels.ts'
import { lookText, usualLook, type Look } from './picture.ts'
import { planesOf, readFlux, type Box } from './pixels.ts'
import { levelPixels, statisticsOf, thumbnailOf, usualSide, usualThumbnail } from './products.ts'
import { openImage } from './open.ts'

const tags = ['Frames']
const params = z.object({ sha256: z.string().max(100) })

const Which = z.object({
  hdu: z.coerce.number().int().min(0).optional().describe('Default: the image that the facts speak of'),
  plane: z.coerce.number().int().min(0).default(0).describe('Of a cube, from 0'),
})

const LookQuery = z.object({
  stretch: z.enum(stretchNames).default('asinh'),
  interval: z
    .string()
    .max(60)
    .default('0.5,99.5')
    .describe('Percentiles that are black and white, `zscale`, `range`, or values: `v:100,2500`'),
  cmap: z.enum(colourMapNames).default('grey'),
  invert: z.enum(['true', 'false']).default('false'),
})

/** @throws Problem request.invalid */
function lookOf({ stretch, interval, cmap, invert }: z.output<typeof LookQuery>): Look {
  const rest = { stretch, map: cmap, inverted: invert === 'true' }
  if (interval === 'zscale') return { ...rest, interval: { by: 'zscale' } }
  if (interval === 'range') return { ...rest, interval: { by: 'range' } }
  const values = interval.startsWith('v:')
  const [low, high, ...more] = interval
    .replace(/^v:/, '')
    .split(',')
    .map((each) => (each.trim() === '' ? Number.NaN : Number(each)))
  if (more.length > 0 || !Number.isFinite(low) || !Number.isFinite(high) || low! >= high!)
    throw new Problem(
      'request.invalid',
      `The interval "${interval}" is none; write two percentiles (0.5,99.5), zscale, range, or two values (v:100,2500).`,
    )
  return { ...rest, interval: { by: values ? 'values' : 'percentile', low: low!, high: high! } }
}

const SectionText = z
  .string()
  .regex(/^\d{1,9}:\d{1,9},\d{1,9}:\d{1,9}$/)
  .describe('Pixels of the level from 0, ends not included: `0:512,512:1024`')

function boxIn(text: string): Box {
  const [x0, x1, y0, y1] = text.split(/[:,]/).map(Number) as [number, number, number, number]
  return { x0, x1, y0, y1 }
}

/** Pixels of one answer: 16 MB. */
const mostTilePixels = 2 ** 22

const View = z
  .object({
    hdu: z.number().int(),
    width: z.number().int(),
    height: z.number().int(),
    planes: z.number().int(),
    unit: z.string().nullable(),
    levels: z.array(z.object({ level: z.number().int(), width: z.number().int(), height: z.number().int() })),
    zscale: z.object({ low: z.number(), high: z.number() }),
    percentiles: z.record(z.string(), z.number()),
    least: z.number().nullable(),
    most: z.number().nullable(),
    finite: z.number().describe('Fraction of pixels with a value, of a sample'),
  })
  .openapi('FrameView')

/** What is the same bytes for ever: frames are known by their hash. Kept by one's own browser only. */
const forever = 'private, max-age=31536000, immutable'

/** Pictures and pixels. */
export function pixelRoutes(platform: Platform): Router {
  const app = createRouter()

  app.openapi(
    createRoute({
      method: 'get',
      path: '/frames/{sha256}/thumbnail.png',
      tags,
      summary: 'A picture of the whole image',
      request: {
        params,
        query: Which.extend({
          width: z.coerce.number().int().min(16).max(2_048).default(usualSide).describe('Longer side'),
        }).extend(LookQuery.shape),
      },
      responses: { 200: bytesOf('image/png', 'The picture'), ...problems(404, 409) },
    }),
    async (c) => {
      const { sha256 } = c.req.valid('param')
      const { hdu, plane, width, ...query } = c.req.valid('query')
      const look = lookOf(query)
      const image = await openImage(platform, c.var.actor, sha256, hdu, plane)
      const etag = etagOf('thumbnail', sha256, image.hdu.index, plane, width, lookText(look))
      if (fresh(c, etag)) return c.body(null, 304) as never
      const usual = width === usualSide && lookText(look) === lookText(usualLook)
      const bytes = usual
        ? await platform.storage.get(await usualThumbnail(platform, image, c.req.raw.signal))
        : await thumbnailOf(platform, image, width, look, c.req.raw.signal)
      const response = sendBytes(c, bytes, etag, { contentType: 'image/png' })
      response.headers.set('Cache-Control', forever)
      return response
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/frames/{sha256}/view',
      tags,
      summary: 'What a viewer has to know before it asks for pixels',
      request: { params, query: Which },
      responses: { 200: json(View, 'Size, levels, spread of values'), ...problems(404, 409) },
    }),
    async (c) => {
      const { sha256 } = c.req.valid('param')
      const { hdu, plane } = c.req.valid('query')
      const image = await openImage(platform, c.var.actor, sha256, hdu, plane)
      const etag = etagOf(
        'view',
        sha256,
        image.hdu.index,
        plane,
        JSON.stringify(image.scale),
        image.row.facts.unit,
      )
      if (fresh(c, etag)) return c.body(null, 304) as never
      const [width, height] = [image.hdu.shape[0]!, image.hdu.shape[1]!]
      const levels = levelsOf(width, height).map(({ offset: _, ...level }) => level)
      const statistics = await statisticsOf(image)
      const { unit } = image.row.facts
      const planes = planesOf(image.hdu)
      return c.json({ hdu: image.hdu.index, width, height, planes, unit, levels, ...statistics }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/frames/{sha256}/pixels',
      tags,
      summary: 'Pixels as little-endian float32, row after row',
      description:
        'Level n has pixels of 2^n × 2^n pixels of the image, each the mean of those with a value. At most 4,194,304 in one answer. Values are fluxes: an asinh compression is undone.',
      request: {
        params,
        query: Which.extend({
          section: SectionText.optional(),
          level: z.coerce.number().int().min(0).max(20).default(0),
        }),
      },
      responses: { 200: bytesOf('application/octet-stream', 'The pixels'), ...problems(404, 409) },
    }),
    async (c) => {
      const { sha256 } = c.req.valid('param')
      const { hdu, plane, section, level } = c.req.valid('query')
      const image = await openImage(platform, c.var.actor, sha256, hdu, plane)
      const levels = levelsOf(image.hdu.shape[0]!, image.hdu.shape[1]!)
      const at = levels[level]
      if (!at)
        throw new Problem(
          'frame.section',
          `This image has levels 0 to ${levels.length - 1}; there is no level ${level}.`,
          { levels: levels.length },
        )
      const box = section === undefined ? { x0: 0, x1: at.width, y0: 0, y1: at.height } : boxIn(section)
      if (box.x0 >= box.x1 || box.y0 >= box.y1 || box.x1 > at.width || box.y1 > at.height)
        throw new Problem(
          'frame.section',
          `The section ${section} does not lie in the ${at.width} × ${at.height} pixels of level ${level}.`,
          { width: at.width, height: at.height },
        )
      if ((box.x1 - box.x0) * (box.y1 - box.y0) > mostTilePixels)
        throw new Problem(
          'frame.section',
          `At most ${mostTilePixels} pixels come in one answer; ask for a smaller section, or a higher level.`,
          { most: mostTilePixels },
        )
      const text = `${box.x0}:${box.x1},${box.y0}:${box.y1}`
      const etag = etagOf('pixels', sha256, image.hdu.index, plane, level, text)
      if (fresh(c, etag)) return c.body(null, 304) as never
      const data = await levelPixels(platform, image, at, box, c.req.raw.signal)
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      const response = sendBytes(c, bytes, etag, { contentType: 'application/octet-stream' })
      response.headers.set('Cache-Control', forever)
      response.headers.set('X-Width', String(box.x1 - box.x0))
      response.headers.set('X-Height', String(box.y1 - box.y0))
      return response
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/frames/{sha256}/cutout',
      tags,
      summary: 'A part of the image as FITS with its WCS, or as a picture',
      request: {
        params,
        query: Which.extend({
          ra: z.coerce.number().min(0).max(360).optional().describe('deg; with dec and size'),
          dec: z.coerce.number().min(-90).max(90).optional(),
          size: z.coerce.number().positive().max(20).optional().describe('Side of the square, deg'),
          x: z.coerce.number().optional().describe('First pixel, from 0; with y, w and h'),
          y: z.coerce.number().optional(),
          w: z.coerce.number().int().min(1).max(100_000).optional(),
          h: z.coerce.number().int().min(1).max(100_000).optional(),
          format: z.enum(['fits', 'png']).default('fits'),
        }).extend(LookQuery.shape),
      },
      responses: {
        200: {
          description: 'The part that lies in the image',
          content: {
            'application/fits': { schema: z.string().openapi({ format: 'binary' }) },
            'image/png': { schema: z.string().openapi({ format: 'binary' }) },
          },
        },
        ...problems(404, 409),
      },
    }),
    async (c) => {
      const { sha256 } = c.req.valid('param')
      const { hdu, plane, ra, dec, size, x, y, w, h, format, ...query } = c.req.valid('query')
      const image = await openImage(platform, c.var.actor, sha256, hdu, plane)
      const [width, height] = [image.hdu.shape[0]!, image.hdu.shape[1]!]
      const box = boxAsked()
      const etag = etagOf(
        'cutout',
        sha256,
        image.hdu.index,
        plane,
        JSON.stringify(box),
        format,
        JSON.stringify(query),
      )
      if (fresh(c, etag)) return c.body(null, 304) as never
      const bytes =
        format === 'fits'
          ? await cutoutFits(platform, image, image.hdus[0]!, box, c.req.raw.signal)
          : await picture()
      const filename = cutoutName(image.row.name, box, image.hdu.index, format)
      const response = sendBytes(c, new Uint8Array(bytes), etag, {
        contentType: format === 'fits' ? 'application/fits' : 'image/png',
      })
      response.headers.set('Content-Disposition', dispositionOf('attachment', filename))
      return response

      function boxAsked(): Box {
        if (ra !== undefined && dec !== undefined && size !== undefined)
          return boxAround(image.hdu, ra, dec, size)
        if (x !== undefined && y !== undefined && w !== undefined && h !== undefined)
          return clipped({ x0: x, x1: x + w, y0: y, y1: y + h }, width, height, () => {
            return new Problem(
              'frame.section',
              `The ${w} × ${h} pixels from ${x}, ${y} do not lie in the ${width} × ${height} of this image.`,
            )
          })
        throw new Problem(
          'request.invalid',
          'A cutout is asked for by ra, dec and size, or by x, y, w and h.',
        )
      }

      async function picture(): Promise<Uint8Array> {
        const [across, up] = [box.x1 - box.x0, box.y1 - box.y0]
        if (across * up > mostCutoutPixels / 16)
          throw new Problem(
            'frame.section',
            'The picture would be too large; ask for the thumbnail, or a smaller part.',
          )
        const data = await readFlux(image.source, image.hdu, box, { plane, scale: image.scale })
        const size = { width: across, height: up }
        return drawn(platform, { data, from: size, to: size, look: lookOf(query) }, c.req.raw.signal)
      }
    },
  )

  return app
}
