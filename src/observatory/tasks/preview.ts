import { readFrom, type ByteSource } from '#science/fits/source.ts'
import { planHdus } from '#science/fits/file.ts'
import type { Platform } from '#platform/platform.ts'
import { Problem } from '#problem.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import { readWcs } from '#science/fits/wcs/wcs.ts'
import { colourMapNames } from '#science/image/display/colour-maps.ts'
import { stretchNames } from '#science/image/display/stretch.ts'
import { z } from '@hono/zod-openapi'
import { mainHdu } from '#observatory/frames/images.ts'
import { drawn } from '#observatory/frames/drawing.ts'
import { fitted, sizeWithin, type Look } from '#observatory/frames/picture.ts'
import { imageAt, readFlux, type Box } from '#observatory/frames/pixels.ts'

/** How a picture of a product is asked for. */
export const PreviewQuery = z.object({
  width: z.coerce.number().int().min(16).max(2_048).default(800).describe('Longer side, pixels'),
  hdu: z.string().max(60).optional().describe('Number or EXTNAME; default: the first of the sky'),
  stretch: z.enum(stretchNames).default('asinh'),
  qmin: z.coerce.number().min(0).max(100).default(0.5).describe('Percentile that is black'),
  qmax: z.coerce.number().min(0).max(100).default(99.5).describe('Percentile that is white'),
  cmap: z.enum(colourMapNames).default('grey'),
  invert: z.enum(['true', 'false']).default('false'),
  x: z.coerce.number().optional().describe('Middle of the part to show: pixel from 0, with `size`'),
  y: z.coerce.number().optional(),
  ra: z.coerce.number().optional().describe('The same on the sky, deg'),
  dec: z.coerce.number().optional(),
  size: z.coerce.number().int().min(2).max(20_000).optional().describe('Side of the part, pixels'),
})
export type PreviewQuery = z.output<typeof PreviewQuery>

/** The image of a file that is meant. @throws Problem fits.* */
export function chosenImage(hdus: readonly Hdu[], which: string | undefined): Hdu {
  if (which === undefined) {
    const meant = mainHdu(hdus)
    if (meant) return meant
    throw new Problem('fits.not_found', 'The file holds no image.')
  }
  const index = /^\d+$/.test(which)
    ? Number(which)
    : hdus.findIndex((hdu) => hdu.name.toUpperCase() === which.toUpperCase())
  return imageAt(hdus, index)
}

/** The part of an image that a query names; all of it where it names none. @throws Problem */
export function boxOf(
  hdu: Hdu,
  { x, y, ra, dec, size }: Pick<PreviewQuery, 'x' | 'y' | 'ra' | 'dec' | 'size'>,
): Box {
  const [width, height] = [hdu.shape[0]!, hdu.shape[1]!]
  let middle = x === undefined || y === undefined ? null : ([x, y] as const)
  if (ra !== undefined && dec !== undefined) {
    const wcs = readWcs(hdu.header)
    middle = wcs?.skyToPixel(ra, dec) ?? null
    if (!middle)
      throw new Problem('request.invalid', 'The image has no WCS that has this place; ask by pixel.')
  }
  if (!middle) return { x0: 0, y0: 0, x1: width, y1: height }
  const half = (size ?? 200) / 2
  const box = {
    x0: Math.max(0, Math.round(middle[0] - half)),
    y0: Math.max(0, Math.round(middle[1] - half)),
    x1: Math.min(width, Math.round(middle[0] + half)),
    y1: Math.min(height, Math.round(middle[1] + half)),
  }
  if (box.x1 <= box.x0 || box.y1 <= box.y0)
    throw new Problem('request.invalid', `The place lies outside of the ${width} × ${height} pixels.`)
  return box
}

/** A PNG of an image of a FITS file. */
export async function previewOf(
  platform: Pick<Platform, 'compute'>,
  source: ByteSource,
  query: PreviewQuery,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const hdus = await readFrom(planHdus(source.byteLength), source)
  const hdu = chosenImage(hdus, query.hdu)
  const box = boxOf(hdu, query)
  const from = { width: box.x1 - box.x0, height: box.y1 - box.y0 }
  const size = sizeWithin(query.width, from.width, from.height)
  const look: Look = {
    stretch: query.stretch,
    interval: {
      by: 'percentile',
      low: Math.min(query.qmin, query.qmax),
      high: Math.max(query.qmin, query.qmax),
    },
    map: query.cmap,
    inverted: query.invert === 'true',
  }
  const out = new Float32Array(size.width * size.height)
  // In bands of rows: a large image is never in memory as a whole.
  const rows = Math.max(1, Math.floor((4 * 2 ** 20) / from.width))
  const perRow = from.height / size.height
  const step = Math.max(1, Math.floor(rows / perRow))
  for (let y = 0; y < size.height; y += step) {
    signal?.throwIfAborted()
    const end = Math.min(size.height, y + step)
    const y0 = Math.floor(y * perRow)
    const y1 = Math.max(y0 + 1, Math.min(from.height, Math.ceil(end * perRow)))
    const data = await readFlux(
      source,
      hdu,
      { ...box, y0: box.y0 + y0, y1: box.y0 + y1 },
      { plane: 0, scale: { form: 'linear' } },
    )
    out.set(
      fitted(data, { width: from.width, height: y1 - y0 }, { width: size.width, height: end - y }),
      y * size.width,
    )
  }
  return drawn(platform, { data: out, from: size, to: size, look }, signal)
}
