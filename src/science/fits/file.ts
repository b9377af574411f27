/** The HDUs of a FITS file, found from headers alone. */
import { Problem } from '#problem.ts'
import { defaultInflateLimit, inflate, isGzip } from './gzip.ts'
import { asciiOf, blockLength, endOfCards, parseHeader, valueOf } from './header.ts'
import { afterHdu, hduOf } from './hdu.ts'
import type { Hdu } from './hdu.ts'
import { isPackedTable, unpackedTable } from './packed-table.ts'
import { readFrom, readNow } from './source.ts'
import type { ByteSource, ReadPlan } from './source.ts'
import { unpackedImage } from './tiling.ts'

export interface FitsFile {
  /** The file, inflated where it came as gzip. */
  readonly bytes: Uint8Array
  readonly hdus: readonly Hdu[]
}

/** Headers are asked for in steps of four blocks: most need one. */
const headerStep = 4 * blockLength
const headerLimit = 16 * 2 ** 20
const mostHdus = 10_000

/** First bytes of what FITS files come packed in; gzip is the only one that is read. */
const packings: readonly (readonly [start: string, name: string])[] = [
  ['BZh', 'bzip2'],
  ['\xfd7zXZ\0', 'xz'],
  ['PK\x03\x04', 'zip'],
  ['\x1f\x9d', 'compress (.Z)'],
  ['(\xb5/\xfd', 'zstd'],
  ['\x1f\x8b', 'gzip'],
]

function noFits(bytes: Uint8Array): Problem {
  const start = asciiOf(bytes.subarray(0, 16))
  const packing = packings.find(([magic]) => start.startsWith(magic))?.[1]
  const page = /^\s*</.test(start)
  return new Problem(
    'fits.invalid',
    bytes.length === 0
      ? 'This is not a FITS file: it is empty.'
      : packing
        ? `This file is packed with ${packing}; unpack it first (gzip alone is read as it comes, by its whole file).`
        : page
          ? 'This is not a FITS file but a web page, such as a server sends with an error; fetch the file again.'
          : 'This is not a FITS file: it does not start with "SIMPLE  =".',
  )
}

/** Plan that reads one header at `start`; undefined where no HDU starts there. */
export function* planHdu(index: number, start: number, fileLength: number): ReadPlan<Hdu | undefined> {
  let bytes = new Uint8Array(0)
  let end = -1
  // As much again each time: a long header is not copied once for each of its blocks.
  for (let step = headerStep; end < 0; step = bytes.length) {
    const from = start + bytes.length
    const more = yield { start: from, end: Math.min(from + step, fileLength) }
    const grown = new Uint8Array(bytes.length + more.length)
    grown.set(bytes)
    grown.set(more, bytes.length)
    const scanned = bytes.length - (bytes.length % 80)
    bytes = grown
    if (index > 0 && !asciiOf(bytes.subarray(0, 9)).startsWith('XTENSION=')) return undefined
    if (index === 0 && !/^SIMPLE {2}=/.test(asciiOf(bytes.subarray(0, 9)))) throw noFits(bytes)
    end = endOfCards(bytes, scanned)
    if (end < 0 && (more.length < step || bytes.length > headerLimit)) {
      throw new Problem(
        'fits.truncated',
        `The header of HDU ${index} has no END card within ${bytes.length} bytes; the file is cut off or damaged.`,
        { hdu: index },
      )
    }
  }
  const dataStart = start + Math.ceil((end + 80) / blockLength) * blockLength
  const hdu = hduOf(parseHeader(bytes.subarray(0, end)), index, start, dataStart, fileLength)
  if (isPackedTable(hdu)) return unpackedTable(hdu)
  return hdu.kind === 'table' && valueOf(hdu.header, 'ZIMAGE') === true ? unpackedImage(hdu) : hdu
}

/** Plan that finds every HDU. Bytes after the last one that start no extension are left alone, as the standard allows. */
export function* planHdus(fileLength: number): ReadPlan<Hdu[]> {
  const hdus: Hdu[] = []
  let start = 0
  while (start < fileLength || hdus.length === 0) {
    const hdu = yield* planHdu(hdus.length, start, fileLength)
    if (!hdu) break
    hdus.push(hdu)
    if (hdus.length > mostHdus) {
      throw new Problem(
        'fits.too_large',
        `The file has more than ${mostHdus} HDUs, which no instrument writes; it is damaged or not meant to be read.`,
        { most: mostHdus },
      )
    }
    start = afterHdu(hdu)
  }
  return hdus
}

/** Finds the HDUs of bytes in memory, gzip or not. Throws `fits.invalid`, `fits.truncated`, `fits.too_large`. */
export function openFits(bytes: Uint8Array, { maxBytes = defaultInflateLimit } = {}): FitsFile {
  const plain = isGzip(bytes) ? inflate(bytes, maxBytes) : bytes
  return { bytes: plain, hdus: readNow(planHdus(plain.length), plain) }
}

/** Finds the HDUs of a (remote, not compressed) source by fetching headers only. */
export function openFitsSource(source: ByteSource): Promise<Hdu[]> {
  return readFrom(planHdus(source.byteLength), source)
}

/** The HDU of that index or EXTNAME (any case). Throws `fits.not_found`. */
export function findHdu(hdus: readonly Hdu[], which: number | string): Hdu {
  const found =
    typeof which === 'number'
      ? hdus[which]
      : hdus.find((hdu) => hdu.name.toUpperCase() === which.toUpperCase())
  if (!found) {
    const there = hdus.map((hdu) => hdu.name || hdu.index).join(', ')
    throw new Problem('fits.not_found', `There is no HDU ${which} in the file; it has ${there}.`, {
      hdu: which,
    })
  }
  return found
}
