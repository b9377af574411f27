import { closeSync, ftruncateSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { Problem } from '#problem.ts'
import type { Card } from '#science/fits/card.ts'
import type { Box } from '#science/image/preparation/crop.ts'
import type { Plane } from '#science/image/plane.ts'
import type { Arena } from '#science/kernels/arena.ts'
import { partOf } from '#platform/files/whole.ts'
import { refusalOf } from '#platform/files/refusal.ts'
import { mainHdu } from '#observatory/frames/images.ts'
import { imageHeader, isPlainFloat, openFitsFile, put, swapInto } from './pixel-files.ts'

/** A float32 image on disk of which parts are read and written: what is too much to be in memory at once. */
export interface PlaneFile {
  readonly width: number
  readonly height: number
  /** The pixels of a box, on the arena. */
  read(box: Box, arena: Arena): Plane
  /** Puts a part where it belongs, its first pixel at (x, y). */
  write(x: number, y: number, part: Plane): void
  close(): void
}

/** Most bytes that are turned around at once. */
const pieceBytes = 2 ** 20

/** A new image, which has its name when it is kept and goes where it is closed before. */
export interface NewPlaneFile extends PlaneFile {
  /** Gives it its name. */
  keep(): void
}

/** An image of zeros. @throws Problem `storage.full`, `file.refused` */
export function createPlaneFile(
  path: string,
  { width, height }: { readonly width: number; readonly height: number },
  cards: readonly Card[],
): NewPlaneFile {
  const header = imageHeader({ width, height, bitpix: -32 }, cards)
  const part = partOf(path)
  const length = header.length + 4 * width * height
  let file: number | undefined
  try {
    const opened = openSync(part, 'w+')
    file = opened
    put(file, header)
    ftruncateSync(file, Math.ceil(length / 2880) * 2880)
    let kept = false
    return {
      ...planeFile(file, path, header.length, width, height),
      keep() {
        renameSync(part, path)
        kept = true
      },
      close() {
        closeSync(opened)
        if (!kept) rmSync(part, { force: true })
      },
    }
  } catch (error) {
    if (file !== undefined) {
      closeSync(file)
      rmSync(part, { force: true })
    }
    throw refusalOf(error, path) ?? error
  }
}

/** An image that a step has written. @throws Problem `fits.invalid` where it is stored in another way */
export function openPlaneFile(path: string): PlaneFile & { readonly cards: readonly Card[] } {
  const opened = openFitsFile(path)
  opened.close()
  const hdu = mainHdu(opened.hdus)
  if (!hdu || !isPlainFloat(hdu))
    throw new Problem(
      'fits.invalid',
      `${path.split('/').at(-1)} is not as the step inspect writes it; run inspect again.`,
    )
  const [width, height] = [hdu.shape[0]!, hdu.shape[1]!]
  return { ...planeFile(openSync(path, 'r'), path, hdu.dataStart, width, height), cards: hdu.header.cards }
}

function planeFile(file: number, path: string, start: number, width: number, height: number): PlaneFile {
  const buffer = new Uint8Array(Math.max(4 * width, Math.min(pieceBytes, 4 * width * height)))
  /** Runs of pixels that lie side by side in the file, each of at most the buffer's length. */
  const runs = ({ x0, y0, x1, y1 }: Box, work: (at: number, from: number, count: number) => void): void => {
    const across = x1 - x0
    const rows = across === width ? Math.max(1, Math.floor(buffer.length / (4 * width))) : 1
    for (let y = y0; y < y1; y += rows) {
      const count = across * Math.min(rows, y1 - y)
      work(start + 4 * (y * width + x0), (y - y0) * across, count)
    }
  }
  return {
    width,
    height,
    read(box, arena) {
      const size = { width: box.x1 - box.x0, height: box.y1 - box.y0 }
      const data = arena.float32(size.width * size.height)
      const bits = new Int32Array(data.buffer, data.byteOffset, data.length)
      const view = new DataView(buffer.buffer)
      runs(box, (at, from, count) => {
        for (let done = 0; done < 4 * count;) {
          const got = readSync(file, buffer, done, 4 * count - done, at + done)
          if (got === 0)
            throw new Problem('fits.truncated', 'The file ends before its pixels do; get a whole copy.')
          done += got
        }
        for (let i = 0; i < count; i++) {
          const word = view.getInt32(4 * i)
          // All bits of the exponent set: an infinity or not a number.
          bits[from + i] = (word & 0x7f800000) === 0x7f800000 ? 0x7fc00000 : word
        }
      })
      return { ...size, data }
    },
    write(x, y, part) {
      runs({ x0: x, y0: y, x1: x + part.width, y1: y + part.height }, (at, from, count) => {
        swapInto(buffer, part.data, from, from + count)
        try {
          for (let done = 0; done < 4 * count;)
            done += writeSync(file, buffer, done, 4 * count - done, at + done)
        } catch (error) {
          throw refusalOf(error, path) ?? error
        }
      })
    },
    close: () => closeSync(file),
  }
}

/** Parts of `rows` rows over the whole width, from the first row to the last. */
export function* stripsOf({ width, height }: { width: number; height: number }, rows = 256): Generator<Box> {
  for (let y = 0; y < height; y += rows) yield { x0: 0, y0: y, x1: width, y1: Math.min(height, y + rows) }
}
