import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { Problem } from '#problem.ts'
import type { Card } from '#science/fits/card.ts'
import { planHdus } from '#science/fits/file.ts'
import { inflate, isGzip } from '#science/fits/gzip.ts'
import { card, formatHeader } from '#science/fits/header.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import { planImage, scalingOf } from '#science/fits/image.ts'
import type { ReadPlan } from '#science/fits/source.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { readPixelsOnto } from '#science/image/tiles.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { wholeSync } from '#platform/files/whole.ts'
import { imageHdus, mainHdu, roleOf } from '#observatory/frames/images.ts'

/** Pixels from files and back, in strips, so that no second copy of a large image is ever in memory. */

const stripBytes = 8 * 2 ** 20

/** What a gzip file may hold: it is inflated in memory, and a bomb of megabytes must not end the program. */
const mostInflated = 2 * 2 ** 30

export interface OpenFits {
  readonly hdus: readonly Hdu[]
  read<T>(plan: ReadPlan<T>): T
  /** Fills `into` with the bytes from `from` on; how many there were. */
  fill(into: Uint8Array, from: number): number
  close(): void
}

/** Opens a FITS file, gzip or not. @throws Problem fits.* */
export function openFitsFile(path: string): OpenFits {
  const file = openSync(path, 'r')
  let opened: OpenFits | undefined
  try {
    const { size } = fstatSync(file)
    const start = new Uint8Array(Math.min(64, size))
    readSync(file, start, 0, start.length, 0)
    if (isGzip(start)) return inflated(path)
    opened = onDisk(file, size)
    return opened
  } finally {
    if (!opened) closeSync(file)
  }
}

function inflated(path: string): OpenFits {
  const bytes = inflate(new Uint8Array(readFileSync(path)), mostInflated)
  const read = <T>(plan: ReadPlan<T>): T => answered(plan, (from, to) => bytes.subarray(from, to))
  const fill = (into: Uint8Array, from: number): number => {
    const part = bytes.subarray(from, from + into.length)
    into.set(part)
    return part.length
  }
  return { hdus: read(planHdus(bytes.length)), read, fill, close() {} }
}

function onDisk(file: number, size: number): OpenFits {
  const fill = (into: Uint8Array, from: number): number => {
    let done = 0
    while (done < into.length) {
      const got = readSync(file, into, done, into.length - done, from + done)
      if (got === 0) break
      done += got
    }
    return done
  }
  const read = <T>(plan: ReadPlan<T>): T =>
    answered(plan, (from, to) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(to, size) - from))
      return bytes.subarray(0, fill(bytes, from))
    })
  return { hdus: read(planHdus(size)), read, fill, close: () => closeSync(file) }
}

function answered<T>(plan: ReadPlan<T>, bytes: (from: number, to: number) => Uint8Array): T {
  let step = plan.next()
  while (!step.done) step = plan.next(bytes(step.value.start, step.value.end))
  return step.value
}

/**
 * The pixels of an image of two axes, or of one plane (from 0) of one of three, as float32 on the workshop's memory; blanks
 * of integers become NaN, and so do infinities.
 */
export function readPlane(file: OpenFits, hdu: Hdu, workshop: Workshop, plane = 0): Plane {
  const [width, height] = [hdu.shape[0]!, hdu.shape[1]!]
  const data = workshop.arena.float32(width * height)
  if (isPlainFloat(hdu)) {
    readFloats(file, hdu.dataStart + plane * data.length * 4, data)
    return { width, height, data }
  }
  const section = hdu.shape.map((length, axis): [number, number] => {
    if (axis < 2) return [0, length]
    return axis === 2 ? [plane, plane + 1] : [0, 1]
  })
  readPixelsOnto(hdu, section, data, (into, from) => file.fill(into, from), workshop)
  // Integers as they are hold no infinity.
  if (hdu.bitpix > 0 && scalingOf(hdu).scale === 1) return { width, height, data }
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length)
  // All bits of the exponent set: an infinity or not a number.
  for (let i = 0; i < bits.length; i++) if ((bits[i]! & 0x7f800000) === 0x7f800000) bits[i] = 0x7fc00000
  return { width, height, data }
}

/** Whether the bytes of an image are its pixels in float32, as nearly all are that a step has written. */
export function isPlainFloat(hdu: Hdu): boolean {
  const { scale, zero } = scalingOf(hdu)
  return hdu.bitpix === -32 && hdu.stored === undefined && scale === 1 && Number(zero) === 0
}

/** By one small buffer: what is made for each strip is garbage that waits for its collection. */
function readFloats(file: OpenFits, start: number, data: Float32Array): void {
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length)
  const buffer = new Uint8Array(Math.min(4 * data.length, 2 ** 20))
  const view = new DataView(buffer.buffer)
  for (let at = 0; at < data.length;) {
    const wanted = buffer.subarray(0, Math.min(buffer.length, 4 * (data.length - at)))
    const got = file.fill(wanted, start + 4 * at)
    if (got < wanted.length)
      throw new Problem('fits.truncated', 'The file ends before its pixels do; get a whole copy.')
    for (let i = 0; i < got; i += 4, at++) {
      const word = view.getInt32(i)
      // All bits of the exponent set: an infinity or not a number.
      bits[at] = (word & 0x7f800000) === 0x7f800000 ? 0x7fc00000 : word
    }
  }
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** Header of the one image of a file that a step writes; of `cards` all that does not say how pixels are stored. */
export function imageHeader(
  { width, height, bitpix }: { width: number; height: number; bitpix: -32 | 32 | 8 },
  cards: readonly Card[],
): Uint8Array {
  return formatHeader([
    card('SIMPLE', true, 'conforms to FITS standard'),
    card('BITPIX', bitpix),
    card('NAXIS', 2),
    card('NAXIS1', width),
    card('NAXIS2', height),
    card('EXTEND', true),
    ...cards.filter((each) => !structural.test(each.keyword)),
  ])
}

/** Writes a plane as float32, numbers as 32-bit integers, or a mask as bytes, as the one image of a FITS file. */
export function writePlane(
  path: string,
  { width, height, data }: Plane | Mask | { width: number; height: number; data: Int32Array },
  cards: readonly Card[] = [],
): void {
  const wide = !(data instanceof Uint8Array)
  const bitpix = data instanceof Float32Array ? -32 : wide ? 32 : 8
  const header = imageHeader({ width, height, bitpix }, cards)
  wholeSync(path, (part) => writePixels(part, header, width, data))
}

function writePixels(
  path: string,
  header: Uint8Array,
  width: number,
  data: Float32Array | Int32Array | Uint8Array,
): void {
  const file = openSync(path, 'w')
  try {
    put(file, header)
    const size = data instanceof Uint8Array ? 1 : 4
    const step = Math.max(1, Math.floor(stripBytes / (width * size))) * width
    const buffer = new Uint8Array(Math.min(step, data.length) * size)
    for (let from = 0; from < data.length; from += step) {
      const to = Math.min(data.length, from + step)
      if (!(data instanceof Uint8Array)) {
        swapInto(buffer, data, from, to)
      } else buffer.set(data.subarray(from, to) as Uint8Array)
      put(file, buffer.subarray(0, (to - from) * size))
    }
    const length = data.length * size
    put(file, new Uint8Array((2880 - (length % 2880)) % 2880))
  } finally {
    closeSync(file)
  }
}

/** The bytes of pixels `from` … `to` as FITS has them. */
export function swapInto(
  buffer: Uint8Array<ArrayBuffer>,
  data: Float32Array | Int32Array,
  from: number,
  to: number,
): void {
  const words = new Uint32Array(buffer.buffer, 0, to - from)
  const bits = new Uint32Array(data.buffer, data.byteOffset + from * 4, to - from)
  if (!littleEndian) words.set(bits)
  else
    for (let i = 0; i < words.length; i++) {
      const v = bits[i]!
      words[i] = ((v & 0xff) << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24)
    }
}

export function put(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done)
}

/** What describes how the pixels are stored, which is not as they were in the file they came from. */
const structural =
  /^(SIMPLE|XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|GROUPS|EXTEND|EXTNAME|EXTVER|EXTLEVEL|INHERIT|TFIELDS|THEAP|END|CHECKSUM|DATASUM|BSCALE|BZERO|BLANK|LONGSTRN|Z(IMAGE|SIMPLE|TENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|EXTEND|CMPTYPE|TILE\d+|NAME\d+|VAL\d+|QUANTIZ|DITHER0|BLANK|MASKCMP|HECKSUM|DATASUM)|T(FORM|TYPE|UNIT|DIM|NULL|SCAL|ZERO)\d+)$/

/**
 * Reads a mask as it was written: any value that is neither 0 nor NaN masks, and so does NaN. With `bad` a number, only
 * values that have one of its bits; with `zero`, values of no weight: 0, less, and NaN. Of several images it is the one
 * whose name says that it is a mask (a weight), else the first.
 */
export function readMask(path: string, workshop: Workshop, bad?: number | 'zero'): Mask {
  const file = openFitsFile(path)
  try {
    const images = imageHdus(file.hdus)
    const wanted = bad === 'zero' ? 'weight' : 'mask'
    const hdu = images.find((each) => roleOf(each) === wanted) ?? images[0]
    if (!hdu)
      throw new Problem(
        'fits.not_found',
        `${path.split('/').at(-1)} holds no image; a mask is an image of the frame's size.`,
      )
    const [width, height] = [hdu.shape[0]!, hdu.shape[1]!]
    const data = workshop.arena.uint8(width * height)
    const rows = Math.max(1, Math.floor(stripBytes / (width * 8)))
    for (let y = 0; y < height; y += rows) {
      const end = Math.min(height, y + rows)
      const section = hdu.shape.map((_, axis): [number, number] =>
        axis === 0 ? [0, width] : axis === 1 ? [y, end] : [0, 1],
      )
      const { data: values } = file.read(planImage(hdu, section))
      for (let i = 0; i < values.length; i++) {
        const value = Number(values[i])
        if (bad !== undefined)
          data[y * width + i] = (bad === 'zero' ? !(value > 0) : ((value >>> 0) & bad) !== 0) ? 8 : 0
        // A byte mask of ours keeps its bits.
        else
          data[y * width + i] = Number.isNaN(value)
            ? 1
            : values instanceof Uint8Array
              ? value
              : value === 0
                ? 0
                : 8
      }
    }
    return { width, height, data }
  } finally {
    file.close()
  }
}

/** A plane of a file that one of the steps wrote, with its cards. */
export function readProduct(path: string, workshop: Workshop): { plane: Plane; hdu: Hdu } {
  const file = openFitsFile(path)
  try {
    const hdu = mainHdu(file.hdus)
    if (!hdu) throw new Problem('fits.not_found', `${path.split('/').at(-1)} holds no image.`)
    return { plane: readPlane(file, hdu, workshop), hdu }
  } finally {
    file.close()
  }
}
