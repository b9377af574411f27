import { Problem } from '#problem.ts'
import type { NumberArray } from '#science/fits/elements.ts'
import type { Card } from '#science/fits/card.ts'
import { card, remark } from '#science/fits/header.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import { writeFits } from '#science/fits/write.ts'
import { computeTask } from '#platform/compute/compute.ts'
import type { Platform } from '#platform/platform.ts'
import type { ByteSource } from '#science/fits/source.ts'
import { wcsOfHeader } from './footprint.ts'
import { tileRows } from './images.ts'
import { readBox, type Box } from './pixels.ts'
import type { OpenImage } from './products.ts'

/** A part of an image as a FITS file of its own, whose WCS says the same of each pixel as the whole's. */

/** Pixels of a cutout, at most: larger parts are read from the file itself. */
export const mostCutoutPixels = 2 ** 26

/** A square of `sizeDeg` around a direction, cut at the image's edges. @throws Problem frame.no_position, frame.section */
export function boxAround(hdu: Hdu, ra: number, dec: number, sizeDeg: number): Box {
  const { wcs, why } = wcsOfHeader(hdu.header)
  if (!wcs) throw new Problem('frame.no_position', `Positions on the sky are not known in this image: ${why}`)
  const at = wcs.skyToPixel(ra, dec)
  const [width, height] = [hdu.shape[0]!, hdu.shape[1]!]
  if (at === null || !at.every(Number.isFinite)) throw outside(ra, dec, width, height)
  const half = sizeDeg / wcs.pixelScaleDeg(...at) / 2
  return clipped(
    { x0: at[0] - half + 0.5, x1: at[0] + half + 0.5, y0: at[1] - half + 0.5, y1: at[1] + half + 0.5 },
    width,
    height,
    () => outside(ra, dec, width, height),
  )
}

/** The part of a box that lies in the image, in whole pixels and at least one. */
export function clipped(box: Box, width: number, height: number, otherwise: () => Problem): Box {
  const x0 = Math.max(0, Math.floor(box.x0))
  const y0 = Math.max(0, Math.floor(box.y0))
  const x1 = Math.min(width, Math.max(Math.ceil(box.x1), Math.floor(box.x0) + 1))
  const y1 = Math.min(height, Math.max(Math.ceil(box.y1), Math.floor(box.y0) + 1))
  if (x0 >= x1 || y0 >= y1) throw otherwise()
  return { x0, x1, y0, y1 }
}

function outside(ra: number, dec: number, width: number, height: number): Problem {
  return new Problem(
    'frame.section',
    `The position ${ra.toFixed(5)}, ${dec.toFixed(5)} does not lie in the ${width} × ${height} pixels of this image.`,
    { ra, dec },
  )
}

/** Said of the whole image, or of bytes that are not these. */
const notOfAPart =
  /^(CHECKSUM|DATASUM|DATASEC|TRIMSEC|BIASSEC|DETSEC|CCDSEC|AMPSEC|DATAMIN|DATAMAX|INHERIT|EXTNAME|EXTVER|EXTLEVEL|LONGSTRN|NEXTEND|FZ[A-Z]+|END)$/
const scaling = /^(BSCALE|BZERO|BLANK)$/
const notOfAFile = /^(SIMPLE|BITPIX|NAXIS\d*|EXTEND|COMMENT|HISTORY|ORIGIN|DATE|)$/

/** Pixels that are decoded in one go, and those from which a thread writes the file. */
const pixelsAtOnce = 2 ** 20

export const writeCutout = computeTask(import.meta.url, 'writeCutout', writeFits)

/** Large ones are read in bands and written in a thread. @throws Problem frame.section, fits.* */
export async function cutoutFits(
  { compute }: Pick<Platform, 'compute'>,
  {
    row,
    source,
    hdu,
    plane,
  }: Pick<OpenImage, 'source' | 'hdu' | 'plane'> & { row: Pick<OpenImage['row'], 'name' | 'sha256'> },
  primary: Hdu,
  box: Box,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const pixels = (box.x1 - box.x0) * (box.y1 - box.y0)
  if (pixels > mostCutoutPixels)
    throw new Problem(
      'frame.section',
      `The cutout has ${pixels} pixels, more than ${mostCutoutPixels}; ask for a smaller one, or for the file.`,
      { most: mostCutoutPixels },
    )
  const data = await readBands(source, hdu, box, plane, signal)
  const real = data instanceof Float32Array || data instanceof Float64Array
  const own = hdu.header.cards.filter(
    ({ keyword }) => !notOfAPart.test(keyword) && !(real && scaling.test(keyword)),
  )
  const said = new Set(own.map(({ keyword }) => keyword))
  const shared =
    primary === hdu
      ? []
      : primary.header.cards.filter(
          (each) =>
            !each.commentary &&
            !said.has(each.keyword) &&
            !notOfAPart.test(each.keyword) &&
            !notOfAFile.test(each.keyword) &&
            !scaling.test(each.keyword) &&
            !isWcs(each.keyword),
        )
  const { x0, x1, y0, y1 } = box
  const moved = own.map((each) => shifted(each, x0, y0))
  const cards = [
    ...shared,
    ...moved.filter((each) => !beyondTwoAxes(each.keyword)),
    remark('HISTORY', `Cut out of ${plain(row.name)}, HDU ${hdu.index}, pixels from 1:`),
    remark('HISTORY', `[${x0 + 1}:${x1},${y0 + 1}:${y1}]${plane > 0 ? `, plane ${plane + 1}` : ''}`),
    remark('HISTORY', `SHA-256 ${row.sha256}`),
  ]
  const parts = [{ kind: 'image' as const, shape: [x1 - x0, y1 - y0], data, cards }]
  if (pixels < pixelsAtOnce) return writeFits(parts)
  return compute.run(writeCutout, parts, {
    transfer: [data.buffer as ArrayBuffer],
    ...(signal && { signal }),
  })
}

/** Values of a box; between bands of rows others have their turn. Bands end where tiles of a compressed image do. */
async function readBands(
  source: ByteSource,
  hdu: Hdu,
  box: Box,
  plane: number,
  signal?: AbortSignal,
): Promise<NumberArray> {
  const [width, tile] = [box.x1 - box.x0, tileRows(hdu)]
  const rows = Math.max(1, Math.floor(pixelsAtOnce / width / tile)) * tile
  let all: NumberArray | undefined
  for (let y0 = box.y0; y0 < box.y1;) {
    signal?.throwIfAborted()
    const y1 = Math.min(box.y1, (Math.floor(y0 / rows) + 1) * rows)
    const { data } = await readBox(source, hdu, { ...box, y0, y1 }, plane)
    all ??= new (data.constructor as new (length: number) => NumberArray)(width * (box.y1 - box.y0))
    ;(all as { set(values: unknown, at: number): void }).set(data, (y0 - box.y0) * width)
    y0 = y1
  }
  return all!
}

function plain(text: string): string {
  return text.replaceAll(/[^ -~]/g, '?')
}

function isWcs(keyword: string): boolean {
  return /^(WCSAXES|WCSNAME|(CTYPE|CRVAL|CRPIX|CDELT|CUNIT|CROTA)\d|(CD|PC|PV|PS)\d+_\d+|[AB]P?_\d|LTV\d|LTM)/.test(
    keyword,
  )
}

/** Reference pixels, also of alternative systems, and IRAF's way back to the whole image. */
function shifted(each: Card, x0: number, y0: number): Card {
  const axis = /^(?:CRPIX|LTV)([12])[A-Z]?$/.exec(each.keyword)?.[1]
  if (axis === undefined) return each
  const value = typeof each.value === 'number' ? each.value : Number(each.value)
  return Number.isFinite(value) ? card(each.keyword, value - (axis === '1' ? x0 : y0), each.comment) : each
}

/** A cutout has two axes; what is said of a cube's others would be of none. */
function beyondTwoAxes(keyword: string): boolean {
  return /^(CTYPE|CRVAL|CRPIX|CDELT|CUNIT|CROTA|CNAME)([3-9])[A-Z]?$|^(CD|PC)([3-9]_\d|\d_[3-9])[A-Z]?$|^WCSAXES[A-Z]?$/.test(
    keyword,
  )
}

/** What a cutout is saved as. */
export function cutoutName(name: string, { x0, y0 }: Box, hdu: number, ending: string): string {
  const stem = name.replace(/(\.fits?|\.fts)?(\.gz|\.fz)?$/i, '')
  return `${stem}-hdu${hdu}-${x0}-${y0}.${ending}`
}
