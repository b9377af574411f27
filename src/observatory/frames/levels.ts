import type { Hdu } from '#science/fits/hdu.ts'
import type { ByteSource } from '#science/fits/source.ts'
import type { PixelScale } from './frame.ts'
import { tileRows } from './images.ts'
import { readFlux, type Box } from './pixels.ts'

/**
 * An image at fewer pixels, so that a viewer sees a large one whole at once. Level n has pixels of 2^n × 2^n pixels of the
 * image, each the mean of those that have a value. Levels from 2 on are kept, one after another, little-endian float32;
 * levels 0 and 1 are read from the file.
 */

export interface Level {
  readonly level: number
  readonly width: number
  readonly height: number
  /** First byte in the kept levels; null for 0 and 1. */
  readonly offset: number | null
}

/** The last level is at most this wide and high. */
const smallest = 256

/** Images of fewer pixels need no levels. */
export const worthLevels = 1_500_000

export function levelsOf(width: number, height: number): Level[] {
  const levels: Level[] = [{ level: 0, width, height, offset: null }]
  let offset = 0
  for (let level = 1; Math.max(levels.at(-1)!.width, levels.at(-1)!.height) > smallest; level++) {
    const [w, h] = [Math.ceil(width / 2 ** level), Math.ceil(height / 2 ** level)]
    levels.push({ level, width: w, height: h, offset: level < 2 ? null : offset })
    if (level >= 2) offset += 4 * w * h
  }
  return levels
}

/** Means of blocks of `size` × `size`, fewer at the far edges; NaN where no pixel of a block has a value. */
export function binned(
  data: Float32Array,
  width: number,
  height: number,
  size: number,
): Float32Array<ArrayBuffer> {
  const w = Math.ceil(width / size)
  const h = Math.ceil(height / size)
  const out = new Float32Array(w * h)
  const sum = new Float64Array(w)
  const count = new Int32Array(w)
  for (let y = 0; y < h; y++) {
    sum.fill(0)
    count.fill(0)
    for (let row = y * size; row < Math.min((y + 1) * size, height); row++)
      for (let x = 0, at = row * width; x < width; x++, at++) {
        const value = data[at]!
        // One comparison tells NaN and both infinities from numbers.
        if (value - value !== 0) continue
        const block = (x / size) | 0
        sum[block]! += value
        count[block]!++
      }
    for (let x = 0; x < w; x++) out[y * w + x] = count[x]! > 0 ? sum[x]! / count[x]! : NaN
  }
  return out
}

/** Pixels of the file that are held at once while levels are made. */
const stripPixels = 1 << 20

/**
 * Bytes of the levels from 2 on. The file is read in strips: memory is a strip and a twelfth of the image.
 * @throws Problem fits.*
 */
export async function makeLevels(
  source: ByteSource,
  hdu: Hdu,
  { plane, scale, signal }: { plane: number; scale: PixelScale; signal?: AbortSignal | undefined },
): Promise<Uint8Array<ArrayBuffer>> {
  const [width, height] = [hdu.shape[0]!, hdu.shape[1]!]
  const levels = levelsOf(width, height).filter(({ offset }) => offset !== null)
  const last = levels.at(-1)
  if (!last) return new Uint8Array(0)
  const all = new Float32Array(last.offset! / 4 + last.width * last.height)
  // Strips end where tiles of a compressed image end, so that each is decoded once.
  const tile = tileRows(hdu)
  const least = Math.max(4, Math.floor(stripPixels / width))
  const rows =
    tile % 4 === 0 ? Math.max(1, Math.round(least / tile)) * tile : Math.ceil(Math.max(least, tile) / 4) * 4
  for (let y0 = 0; y0 < height; y0 += rows) {
    signal?.throwIfAborted()
    const y1 = Math.min(height, y0 + rows)
    const strip = await readFlux(source, hdu, { x0: 0, x1: width, y0, y1 }, { plane, scale })
    all.set(binned(strip, width, y1 - y0, 4), (y0 / 4) * levels[0]!.width)
  }
  for (const [i, level] of levels.entries()) {
    const next = levels[i + 1]
    if (!next) break
    const from = level.offset! / 4
    const data = all.subarray(from, from + level.width * level.height)
    all.set(binned(data, level.width, level.height, 2), next.offset! / 4)
  }
  return new Uint8Array(all.buffer)
}

/** Box of the image that pixels of a level stand for. */
export function boxBelow({ x0, x1, y0, y1 }: Box, level: number, hdu: Pick<Hdu, 'shape'>): Box {
  const size = 2 ** level
  return {
    x0: x0 * size,
    x1: Math.min(x1 * size, hdu.shape[0]!),
    y0: y0 * size,
    y1: Math.min(y1 * size, hdu.shape[1]!),
  }
}
