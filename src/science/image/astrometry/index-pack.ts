/** An index with its levels as one file, so that a deep one is made once. */
import { Problem } from '#problem.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { levelOf, quadLevel } from './levels.ts'
import type { QuadLevel } from './levels.ts'
import { sharedFloat64, sharedInt32, sharedUint16 } from './shared.ts'
import { starIndex } from './solve.ts'
import type { StarIndex } from './solve.ts'
import { packStars, unpackStars } from './stars.ts'
import type { StarList } from './stars.ts'

const magic = 'URINDEX2'
const earlier = 'URINDEX1'
/** Bytes before the stars: the magic, how many stars, how many levels; and of a level before its arrays. */
const headBytes = 16
const levelBytes = 32

/** Bytes of a file, of which a few are read at a time. */
export interface ByteSource {
  readonly size: number
  /** Fills `into` with the bytes from `at`. */
  read(at: number, into: Uint8Array): void
}

/** Bytes in memory as a source. */
export function sourceOf(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (at, into) => into.set(bytes.subarray(at, at + into.length)) }
}

/** The arrays of a level in the order of the file, their lengths from the four numbers of its head. */
function roomFor(stars: number, cells: number, quads: number) {
  return {
    xyz: sharedFloat64(3 * stars),
    keys: sharedFloat64(cells),
    starts: sharedInt32(cells + 1),
    members: sharedInt32(stars),
    quads: sharedInt32(4 * quads),
    codes: sharedUint16(4 * quads),
  }
}

const aligned = (length: number): number => Math.ceil(length / 8) * 8
const lengthOf = (stars: number, cells: number, quads: number): number =>
  24 * stars + 8 * cells + aligned(4 * (cells + 1)) + aligned(4 * stars) + 24 * quads

/**
 * An index of stars with those levels whose quads are between the two diameters (degrees), as bytes, piece by piece and
 * little-endian: a head, the packed stars, then of each level its numbers and its arrays, each on a multiple of 8 bytes.
 * One level is held at a time.
 */
export function* packIndex(
  stars: StarList,
  [least, most]: readonly [number, number],
  workshop?: Workshop,
  progress?: (done: number, total: number) => void,
): Generator<Uint8Array> {
  const index = starIndex(stars)
  const wanted = index.sizes.filter(
    ([low, high]) => (high * 180) / Math.PI >= least && (low * 180) / Math.PI <= most,
  )
  const head = new DataView(new ArrayBuffer(headBytes))
  for (let i = 0; i < magic.length; i++) head.setUint8(i, magic.charCodeAt(i))
  head.setUint32(8, stars.rows, true)
  head.setUint32(12, wanted.length, true)
  yield new Uint8Array(head.buffer)
  yield packStars(stars)
  for (const [done, size] of wanted.entries()) {
    progress?.(done, wanted.length)
    yield* packLevel(quadLevel(stars, ...size, workshop))
  }
  progress?.(wanted.length, wanted.length)
}

function* packLevel({ low, high, xyz, cells, quads, table }: QuadLevel): Generator<Uint8Array> {
  const head = new DataView(new ArrayBuffer(levelBytes))
  head.setFloat64(0, low, true)
  head.setFloat64(8, high, true)
  const counts = [xyz.length / 3, cells.keys.length, cells.bands, quads.length / 4]
  counts.forEach((count, k) => head.setUint32(16 + 4 * k, count, true))
  yield new Uint8Array(head.buffer)
  for (const part of [xyz, cells.keys, cells.starts, cells.members, quads, table.codes]) {
    yield bytesOf(part)
    const left = aligned(part.byteLength) - part.byteLength
    if (left > 0) yield new Uint8Array(left)
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/**
 * An index from its file, or from a packed list of stars. Levels are read when first needed; those that the file does not
 * hold are made. @throws Problem astrometry.invalid_index
 */
export function unpackIndex(source: ByteSource): StarIndex {
  const { size } = source
  const take = (at: number, length: number): Uint8Array => {
    if (at + length > size) throw damaged()
    const bytes = new Uint8Array(length)
    source.read(at, bytes)
    return bytes
  }
  const head = take(0, Math.min(size, headBytes))
  const named = String.fromCharCode(...head.subarray(0, magic.length))
  if (named === earlier)
    throw new Problem(
      'astrometry.invalid_index',
      'The index file is of an earlier version; make it anew with "urania index".',
    )
  if (named !== magic) return starIndex(unpackStars(take(0, size)))
  const view = new DataView(head.buffer)
  const [rows, levels] = [view.getUint32(8, true), view.getUint32(12, true)]
  let at = headBytes
  const made = starIndex(unpackStars(take(at, 16 + 8 * rows)))
  at += 16 + 8 * rows
  const ready = new Map<number, () => QuadLevel>()
  for (let level = 0; level < levels; level++) {
    const numbers = new DataView(take(at, levelBytes).buffer)
    const [low, high] = [numbers.getFloat64(0, true), numbers.getFloat64(8, true)]
    const [stars, cells, bands, quads] = [0, 1, 2, 3].map((k) => numbers.getUint32(16 + 4 * k, true))
    const from = at + levelBytes
    at = from + lengthOf(stars, cells, quads)
    const n = made.sizes.findIndex((each) => Math.abs(each[1] / high - 1) < 1e-6)
    if (n < 0 || at > size) throw damaged()
    let read: QuadLevel | undefined
    ready.set(n, () => (read ??= readLevel()))

    function readLevel(): QuadLevel {
      const room = roomFor(stars, cells, quads)
      let next = from
      for (const part of [room.xyz, room.keys, room.starts, room.members, room.quads, room.codes]) {
        source.read(next, bytesOf(part))
        next += aligned(part.byteLength)
      }
      const { xyz, keys, starts, members, codes } = room
      if (starts[cells] !== stars) throw damaged()
      return levelOf({ low, high, xyz, cells: { bands, keys, starts, members }, quads: room.quads, codes })
    }
  }
  if (at !== size) throw damaged()
  return {
    ...made,
    level: (n, workshop) => ready.get(n)?.() ?? made.level(n, workshop),
    missing: (n) => (ready.has(n) ? 0 : made.missing(n)),
  }
}

function damaged(): Problem {
  return new Problem(
    'astrometry.invalid_index',
    'The index file is damaged or cut off; make it anew with "urania index".',
  )
}
