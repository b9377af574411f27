/** Images as float32 on memory that is there, for those who work on pixels. */
import { Problem } from '#problem.ts'
import { checkSection, kinds, scalingOf } from './image.ts'
import type { Scaling, Section } from './image.ts'
import { plainCodec } from './codec.ts'
import type { Codec, Scale } from './codec.ts'
import { elementBytes } from './elements.ts'
import { textOf } from './header.ts'
import { hduLabel } from './hdu.ts'
import type { Hdu } from './hdu.ts'
import { planRuns } from './runs.ts'
import { readFrom, readNow } from './source.ts'
import type { ByteSource, ReadPlan } from './source.ts'
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
  /** What does the inner loops; plain TypeScript where left out. */
  codec?: Codec
}

export interface PixelsRead {
  readonly shape: readonly number[]
  readonly unit?: string
  /** Pixels that the rule for fill values made NaN. */
  readonly filled: number
}

/** Bytes of a plain image that are fetched at a time. */
const stripBytes = 4 * 2 ** 20

/** An offset that stands for unsigned numbers is taken whole; everything else in the precision of the stored pixels. */
function scaleOf(bitpix: number, { scale, zero, blank }: Scaling): Scale {
  const single = bitpix === 8 || bitpix === 16 || bitpix === -32
  const [factor, offset] = single ? [Math.fround(scale), Math.fround(Number(zero))] : [scale, Number(zero)]
  const unscaled = scale === 1 && offset === 0
  return { single, unscaled, factor, shift: offset || -0, ...(blank === undefined ? {} : { blank }) }
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
  const { codec = plainCodec() } = options
  const scale = scaleOf(hdu.bitpix, scaling)
  let filled = 0
  if (count > 0 && hdu.stored) {
    const fills = (options.fills ?? 'nan') === 'nan'
    yield* planTiles(
      tilingOf(hdu.stored),
      section,
      (values, start, size, more) => {
        filled += more
        eachRun(start, size, section, (from, to, length) => codec.place(values, from, length, out, to, scale))
      },
      fills,
      codec,
    )
  } else if (count > 0) {
    const kind = kinds[hdu.bitpix]
    const size = elementBytes[kind]
    yield* planRuns(hdu, size, section, stripBytes, (bytes, offset, to, n) =>
      codec.elements(bytes, offset, kind, n, out, to, scale),
    )
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
