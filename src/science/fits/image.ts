/** FITS images: pixels as a typed array, scaled as astropy scales them. Standard: FITS 4.0, §4.4.2 and §5. */
import { Problem } from '#problem.ts'
import { decodeInto, elementBytes, flipSign, offsetExactly, rawArray } from './elements.ts'
import type { ElementKind, NumberArray } from './elements.ts'
import { numberOf, textOf, valueOf } from './header.ts'
import { hduLabel } from './hdu.ts'
import type { Hdu } from './hdu.ts'
import { planRuns } from './runs.ts'
import { readFrom, readNow } from './source.ts'
import type { ByteSource, ReadPlan } from './source.ts'
import { copyRun, eachRun, planTiles } from './tiles.ts'
import { tilingOf } from './tiling.ts'

export interface Image {
  /** Lengths in FITS order: the first axis varies fastest in `data`. */
  readonly shape: readonly number[]
  readonly data: NumberArray
  /** BUNIT. */
  readonly unit?: string
  /** Stored blank, as a physical value, of integers without NaN; for floats blanks have become NaN. */
  readonly blank?: number | bigint
}

/** For each axis in FITS order the wanted half-open range of array indices (0 is the first pixel). */
export type Section = readonly (readonly [start: number, end: number])[]

export const kinds: Record<number, ElementKind> = {
  8: 'B',
  16: 'I',
  32: 'J',
  64: 'K',
  [-32]: 'E',
  [-64]: 'D',
}

export interface Scaling {
  readonly scale: number
  readonly zero: number | bigint
  readonly blank?: number | bigint
}

export function scalingOf(hdu: Hdu): Scaling {
  const zero = valueOf(hdu.header, 'BZERO')
  const blank = hdu.bitpix > 0 ? valueOf(hdu.header, 'BLANK') : undefined
  return {
    scale: numberOf(hdu.header, 'BSCALE') ?? 1,
    zero: typeof zero === 'bigint' ? zero : (numberOf(hdu.header, 'BZERO') ?? 0),
    blank: typeof blank === 'number' || typeof blank === 'bigint' ? blank : undefined,
  }
}

function beyondDouble(value: bigint): boolean {
  return value > 2n ** 53n || value < -(2n ** 53n)
}

/** Bytes per pixel ≤ 2 become float32 and are scaled in single precision, wider ones float64: astropy's rule. */
function scaled(raw: NumberArray, bitpix: number, { scale, zero, blank }: Scaling): NumberArray {
  const single = bitpix === 8 || bitpix === 16 || bitpix === -32
  const out = single ? new Float32Array(raw.length) : new Float64Array(raw.length)
  const [factor, offset] = single ? [Math.fround(scale), Math.fround(Number(zero))] : [scale, Number(zero)]
  const isBlank =
    blank === undefined ? undefined : raw instanceof BigInt64Array ? BigInt(blank) : Number(blank)
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] === isBlank) {
      out[i] = NaN
      continue
    }
    let value = Number(raw[i])
    if (scale !== 1) value = single ? Math.fround(value * factor) : value * factor
    out[i] = offset === 0 ? value : value + offset
  }
  return out
}

function physical(raw: NumberArray, hdu: Hdu): Pick<Image, 'data' | 'blank'> {
  const scaling = scalingOf(hdu)
  const { scale, zero, blank } = scaling
  if (scale === 1 && Number(zero) === 0 && blank === undefined) return { data: raw }
  const flipped = scale === 1 ? flipSign(raw, kinds[hdu.bitpix], zero) : undefined
  if (!flipped) {
    // Integers that a double would round stay integers.
    const exact = scale === 1 ? offsetExactly(raw, zero, blank) : undefined
    const nothing = exact && blank !== undefined ? BigInt.asIntN(64, BigInt(blank) + BigInt(zero)) : undefined
    if (!exact?.some((value) => value !== nothing && beyondDouble(value)))
      return { data: scaled(raw, hdu.bitpix, scaling) }
    return { data: exact, ...(nothing === undefined ? {} : { blank: nothing }) }
  }
  if (blank === undefined) return { data: flipped }
  return {
    data: flipped,
    blank: flipped instanceof BigUint64Array ? BigInt(blank) + 2n ** 63n : Number(blank) + Number(zero),
  }
}

export function checkSection(section: Section, hdu: Hdu): void {
  const fits =
    section.length === hdu.shape.length &&
    section.every(
      ([start, end], axis) =>
        Number.isInteger(start) &&
        Number.isInteger(end) &&
        0 <= start &&
        start <= end &&
        end <= hdu.shape[axis],
    )
  if (!fits) {
    throw new Problem(
      'fits.invalid',
      `The section ${JSON.stringify(section)} does not lie in ${hduLabel(hdu.index, hdu.name)}, which has the shape ${hdu.shape.join(' × ')}.`,
      { section, shape: hdu.shape },
    )
  }
}

/** Byte ranges of the rows of a section, near ones merged: what a remote read will fetch. */
export function* planImage(hdu: Hdu, section?: Section): ReadPlan<Image> {
  if (hdu.kind !== 'image') {
    throw new Problem(
      'fits.invalid',
      `${hduLabel(hdu.index, hdu.name)} is no image; ask for its table instead.`,
    )
  }
  const kind = kinds[hdu.bitpix]
  const size = elementBytes[kind]
  const unit = textOf(hdu.header, 'BUNIT')
  const wanted = section ?? hdu.shape.map((length) => [0, length] as const)
  checkSection(wanted, hdu)
  const shape = wanted.map(([start, end]) => end - start)
  const length = hdu.shape.length === 0 ? 0 : shape.reduce((product, each) => product * each, 1)
  const tiling = hdu.stored && length > 0 ? tilingOf(hdu.stored) : undefined
  const raw = rawArray(kind, length)
  if (tiling) {
    yield* planTiles(tiling, wanted, (values, start, size) =>
      eachRun(start, size, wanted, (from, to, count) => copyRun(raw, to, values, from, count)),
    )
  } else if (length > 0) {
    yield* planRuns(hdu, size, wanted, Infinity, (bytes, offset, to, count) =>
      decodeInto(raw, to, kind, bytes, offset, 0, 1, count),
    )
  }
  return { shape, ...physical(raw, hdu), ...(unit === undefined ? {} : { unit }) }
}

/** Reads an image (or a section of it) from the bytes of its file. */
export function readImage(bytes: Uint8Array, hdu: Hdu, section?: Section): Image {
  return readNow(planImage(hdu, section), bytes)
}

/** Reads an image (or a section of it) from a source, fetching only the rows that are wanted. */
export function readImageFrom(source: ByteSource, hdu: Hdu, section?: Section): Promise<Image> {
  return readFrom(planImage(hdu, section), source)
}
