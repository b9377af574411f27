/** Images as float32 on memory that is there, for those who work on pixels. */
import { Problem } from '#problem.ts'
import { checkSection, kinds, scalingOf } from './image.ts'
import type { Scaling, Section } from './image.ts'
import { decodeInto, elementBytes, rawArray } from './elements.ts'
import type { NumberArray } from './elements.ts'
import { textOf } from './header.ts'
import { hduLabel } from './hdu.ts'
import type { Hdu } from './hdu.ts'
import { planRuns } from './runs.ts'
import { readFrom, readNow } from './source.ts'
import type { ByteSource, ReadPlan } from './source.ts'
import { swap32 } from './swap.ts'
import { eachRun, planTiles } from './tiles.ts'
import { tilingOf } from './tiling.ts'

export interface PixelOptions {
  /** Half-open range of each axis in FITS order; the whole image where left out. */
  section?: Section
  /**
   * What becomes of fill values in compressed float images whose writer did not say which they are: quantised NaN without
   * ZBLANK, and values of −1e30 and below. 'nan' (the rule unless told otherwise) makes NaN of them, 'keep' leaves them.
   */
  fills?: 'nan' | 'keep'
}

export interface PixelsRead {
  readonly shape: readonly number[]
  readonly unit?: string
  /** Pixels that the rule for fill values made NaN. */
  readonly filled: number
}

/** Bytes of a plain image that are fetched at a time. */
const stripBytes = 4 * 2 ** 20

type Place = (values: NumberArray, from: number, to: number, length: number) => void

/** How stored values become physical ones in `out`, rounded as astropy rounds them before they become float32. */
function placing(out: Float32Array, bitpix: number, { scale, zero, blank }: Scaling): Place {
  const offset = Number(zero)
  if (scale === 1 && offset === 0 && blank === undefined) {
    return (values, from, to, length) => {
      if (values instanceof BigInt64Array)
        for (let i = 0; i < length; i++) out[to + i] = Number(values[from + i])
      else out.set(values.subarray(from, from + length) as Float32Array, to)
    }
  }
  const single = bitpix === 8 || bitpix === 16 || bitpix === -32
  // An offset that stands for unsigned numbers is taken whole; everything else in the precision of the stored pixels.
  const [factor, shift] = single ? [Math.fround(scale), Math.fround(offset)] : [scale, offset]
  const nothing = blank === undefined ? NaN : Number(blank)
  return (values, from, to, length) => {
    if (values instanceof BigInt64Array) {
      for (let i = 0; i < length; i++) {
        const value = Number(values[from + i])
        out[to + i] = value === nothing ? NaN : value * factor + shift
      }
    } else if (single) {
      for (let i = 0; i < length; i++) {
        const value = Number(values[from + i])
        out[to + i] = value === nothing ? NaN : Math.fround(value * factor) + shift
      }
    } else {
      for (let i = 0; i < length; i++) {
        const value = Number(values[from + i])
        out[to + i] = value === nothing ? NaN : value * factor + shift
      }
    }
  }
}

/**
 * Plan that reads an image, compressed or plain, into the first elements of `out`: values as `readImage` gives them,
 * as float32, with NaN for what is blank. Works in strips of a few MB, so that a file need not be in memory.
 */
export function* planPixels(hdu: Hdu, out: Float32Array, options: PixelOptions = {}): ReadPlan<PixelsRead> {
  if (hdu.kind !== 'image') {
    throw new Problem(
      'fits.invalid',
      `${hduLabel(hdu.index, hdu.name)} is no image; ask for its table instead.`,
    )
  }
  const section = options.section ?? hdu.shape.map((length) => [0, length] as const)
  checkSection(section, hdu)
  const shape = section.map(([start, end]) => end - start)
  const count = shape.length === 0 ? 0 : shape.reduce((product, each) => product * each, 1)
  if (count > out.length) {
    throw new Problem(
      'fits.too_large',
      `${hduLabel(hdu.index, hdu.name)}: ${shape.join(' × ')} pixels do not fit an array of ${out.length}.`,
      { shape, room: out.length },
    )
  }
  const unit = textOf(hdu.header, 'BUNIT')
  const scaling = scalingOf(hdu)
  const place = placing(out, hdu.bitpix, scaling)
  let filled = 0
  if (count > 0 && hdu.stored) {
    const fills = (options.fills ?? 'nan') === 'nan'
    yield* planTiles(
      tilingOf(hdu.stored),
      section,
      (values, start, size, more) => {
        filled += more
        eachRun(start, size, section, (from, to, length) => place(values, from, to, length))
      },
      fills,
    )
  } else if (count > 0) {
    const kind = kinds[hdu.bitpix]
    const size = elementBytes[kind]
    const asIs = kind === 'E' && scaling.scale === 1 && Number(scaling.zero) === 0
    let raw = rawArray(kind, 0)
    yield* planRuns(hdu, size, section, stripBytes, (bytes, offset, to, n) => {
      if (asIs) {
        const target = new Uint8Array(out.buffer, out.byteOffset + 4 * to, 4 * n)
        target.set(bytes.subarray(offset, offset + 4 * n))
        swap32(new Uint32Array(out.buffer, target.byteOffset, n))
        return
      }
      if (raw.length < n) raw = rawArray(kind, n)
      decodeInto(raw, 0, kind, bytes, offset, 0, 1, n)
      place(raw, 0, to, n)
    })
  }
  return { shape, ...(unit === undefined ? {} : { unit }), filled }
}

/** Reads an image (or a section) from the bytes of its file into `out`, as float32. Errors as `readImage`. */
export function readPixelsInto(
  bytes: Uint8Array,
  hdu: Hdu,
  out: Float32Array,
  options?: PixelOptions,
): PixelsRead {
  return readNow(planPixels(hdu, out, options), bytes)
}

/** The same from a source, a strip or some tiles at a time. */
export function readPixelsIntoFrom(
  source: ByteSource,
  hdu: Hdu,
  out: Float32Array,
  options?: PixelOptions,
): Promise<PixelsRead> {
  return readFrom(planPixels(hdu, out, options), source)
}
