import type { Platform } from '#platform/platform.ts'
import { openFitsSource } from '#science/fits/file.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import type { ByteSource } from '#science/fits/source.ts'
import { sampleOf, type Interval, intervalOf, quantile } from '#science/image/display/stretch.ts'
import { fitsBytes } from './bytes.ts'
import { drawn } from './drawing.ts'
import type { PixelScale } from './frame.ts'
import { tileRows } from './images.ts'
import { binned, boxBelow, levelsOf, makeLevels, worthLevels, type Level } from './levels.ts'
import { lookText, sizeWithin, usualLook, type Look } from './picture.ts'
import { readFlux, type Box } from './pixels.ts'
import { anyFrame, productOf, putProduct, type FrameRow } from './store.ts'

/** What is made of a frame and kept: levels for the viewer, and the usual thumbnail. All of it can be made again. */

type Needs = Pick<Platform, 'db' | 'storage' | 'config' | 'compute'>

/** One image of a frame, open for reading. */
export interface OpenImage {
  readonly row: Pick<FrameRow, 'sha256' | 'name'>
  readonly source: ByteSource
  readonly hdu: Hdu
  readonly plane: number
  readonly scale: PixelScale
}

/** Kept levels as a source of their own, made where they are not there yet. */
async function keptLevels(platform: Needs, image: OpenImage, signal?: AbortSignal): Promise<string> {
  const { row, hdu, plane, source, scale } = image
  const variant = `plane ${plane}`
  const kept = await productOf(platform.db, row.sha256, 'levels', hdu.index, variant)
  if (kept && (await platform.storage.size(kept.object_sha256)) !== undefined) return kept.object_sha256
  const bytes = await makeLevels(source, hdu, { plane, scale, signal })
  const { sha256: object, byteLength } = await platform.storage.put(bytes)
  await putProduct(platform.db, {
    sha256: row.sha256,
    what: 'levels',
    hdu: hdu.index,
    variant,
    object_sha256: object,
    byte_length: byteLength,
  })
  return object
}

/** Pixels `box` of a level, float32. */
export async function levelPixels(
  platform: Needs,
  image: OpenImage,
  level: Level,
  box: Box,
  signal?: AbortSignal,
): Promise<Float32Array<ArrayBuffer>> {
  const { hdu, source, plane, scale } = image
  const [width, height] = [box.x1 - box.x0, box.y1 - box.y0]
  if (level.offset === null || hdu.shape[0]! * hdu.shape[1]! < worthLevels) {
    const below = boxBelow(box, level.level, hdu)
    const data = await readFlux(source, hdu, below, { plane, scale })
    if (level.level === 0) return data
    return binned(data, below.x1 - below.x0, below.y1 - below.y0, 2 ** level.level)
  }
  const object = await keptLevels(platform, image, signal)
  const out = new Float32Array(width * height)
  const first = level.offset + 4 * (box.y0 * level.width + box.x0)
  if (width === level.width) {
    const bytes = await platform.storage.slice(object, first, first + 4 * out.length)
    new Uint8Array(out.buffer).set(bytes)
    return out
  }
  // Whole rows in one go: a tile is read as fast as its band.
  const band = await platform.storage.slice(
    object,
    level.offset + 4 * box.y0 * level.width,
    level.offset + 4 * box.y1 * level.width,
  )
  const to = new Uint8Array(out.buffer)
  for (let y = 0; y < height; y++) {
    const at = 4 * (y * level.width + box.x0)
    to.set(band.subarray(at, at + 4 * width), 4 * y * width)
  }
  return out
}

/** A picture of the whole image within a square of `side` pixels. */
export async function thumbnailOf(
  platform: Needs,
  image: OpenImage,
  side: number,
  look: Look,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const [width, height] = [image.hdu.shape[0]!, image.hdu.shape[1]!]
  const size = sizeWithin(side, width, height)
  const levels = levelsOf(width, height)
  const enough = (level: Level): boolean => level.width >= size.width && level.height >= size.height
  const level =
    width * height < worthLevels
      ? levels[0]!
      : (levels.findLast((each) => enough(each) && each.level !== 1 && each.level > 0) ??
        levels.find((each) => each.level === 2) ??
        levels[0]!)
  const box = { x0: 0, x1: level.width, y0: 0, y1: level.height }
  const data = await levelPixels(platform, image, level, box, signal)
  return drawn(platform, { data, from: { width: level.width, height: level.height }, to: size, look }, signal)
}

/** Side of the usual thumbnail. */
export const usualSide = 256

/** The usual thumbnail of an image, kept. Hash of the PNG. */
export async function usualThumbnail(
  platform: Needs,
  image: OpenImage,
  signal?: AbortSignal,
): Promise<string> {
  const { row, hdu, plane } = image
  const variant = `plane ${plane}, ${usualSide}, ${lookText(usualLook)}`
  const kept = await productOf(platform.db, row.sha256, 'thumbnail', hdu.index, variant)
  if (kept && (await platform.storage.size(kept.object_sha256)) !== undefined) return kept.object_sha256
  const png = await thumbnailOf(platform, image, usualSide, usualLook, signal)
  const { sha256: object, byteLength } = await platform.storage.put(png)
  await putProduct(platform.db, {
    sha256: row.sha256,
    what: 'thumbnail',
    hdu: hdu.index,
    variant,
    object_sha256: object,
    byte_length: byteLength,
  })
  return object
}

/** The job after a frame was added: levels where they are worth it, and the thumbnail of its main image. */
export async function makeProducts(
  platform: Needs,
  sha256: string,
  signal?: AbortSignal,
): Promise<{ hdu: number } | null> {
  const row = await anyFrame(platform.db, sha256)
  if (!row) return null
  const source = await fitsBytes(platform, row)
  const index = row.images[row.main_image]!.hdu
  const hdu = (await openFitsSource(source))[index]!
  await usualThumbnail(platform, { row, source, hdu, plane: 0, scale: row.facts.pixels }, signal)
  return { hdu: index }
}

export interface Statistics {
  zscale: Interval
  /** Percentile → value. */
  percentiles: Record<string, number>
  least: number | null
  most: number | null
  /** Fraction of the sampled pixels that have a value. */
  finite: number
}

/** Pixels that are decoded at most for the sake of a sample. */
const decodedPixels = 2 ** 24

/** How values are spread, from some 64 rows over the image. */
export async function statisticsOf({ source, hdu, plane, scale }: OpenImage): Promise<Statistics> {
  const [width, height] = [hdu.shape[0]!, hdu.shape[1]!]
  // Each place costs a tile where the image is compressed: fewer places then, and more rows at each.
  const places = Math.max(1, Math.min(64, height, Math.floor(decodedPixels / (tileRows(hdu) * width))))
  const rows = Math.min(Math.ceil(64 / places), Math.floor(height / places))
  const all = new Float32Array(places * rows * width)
  for (let i = 0; i < places; i++) {
    const y0 = Math.min(Math.floor((i * height) / places + height / places / 2), height - rows)
    const band = await readFlux(source, hdu, { x0: 0, x1: width, y0, y1: y0 + rows }, { plane, scale })
    all.set(band, i * rows * width)
  }
  let count = 0
  for (const value of all) if (Number.isFinite(value)) count++
  const sorted = sampleOf(all, 50_000)
  const percentiles = [0.1, 0.5, 1, 5, 25, 50, 75, 95, 99, 99.5, 99.9]
  return {
    zscale: intervalOf(sorted, { by: 'zscale' }),
    percentiles: Object.fromEntries(
      sorted.length === 0 ? [] : percentiles.map((p) => [String(p), quantile(sorted, p / 100)]),
    ),
    least: sorted.length === 0 ? null : sorted[0]!,
    most: sorted.length === 0 ? null : sorted.at(-1)!,
    finite: count / all.length,
  }
}
