/** An index with its levels as one file, so that a deep one is made once. */
import { Problem } from '#problem.ts'
import { codeTable } from './quads.ts'
import type { QuadLevel } from './levels.ts'
import { skyCells } from './sky-cells.ts'
import { starIndex } from './solve.ts'
import type { StarIndex } from './solve.ts'
import { packStars, unpackStars } from './stars.ts'

const magic = 'URINDEX1'

/**
 * An index and those of its levels whose quads are between the two diameters (degrees), as bytes: a header line of JSON,
 * then for each level the unit vectors of its stars, its quads and their codes, each on a multiple of 8 bytes.
 */
export function packIndex(
  index: StarIndex,
  [least, most]: readonly [number, number],
  progress?: (done: number, total: number) => void,
): Uint8Array<ArrayBuffer> {
  const wanted = index.sizes
    .map(([low, high], n) => ({ n, low, high }))
    .filter(({ low, high }) => (high * 180) / Math.PI >= least && (low * 180) / Math.PI <= most)
  const stars = packStars(index.stars)
  const levels = wanted.map(({ n }, done) => {
    progress?.(done, wanted.length)
    return index.level(n)
  })
  progress?.(wanted.length, wanted.length)
  const head = new TextEncoder().encode(
    `${magic}\n${JSON.stringify({
      stars: stars.length,
      levels: levels.map(({ low, high, xyz, quads }) => ({
        low,
        high,
        stars: xyz.length / 3,
        quads: quads.length / 4,
      })),
    })}\n`,
  )
  const aligned = (length: number) => Math.ceil(length / 8) * 8
  const total =
    aligned(head.length) +
    aligned(stars.length) +
    levels.reduce((sum, level) => sum + 8 * level.xyz.length + 8 * level.quads.length, 0)
  const bytes = new Uint8Array(total)
  let at = 0
  const put = (part: ArrayBufferView): void => {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at)
    at += aligned(part.byteLength)
  }
  put(head)
  put(stars)
  for (const level of levels) {
    put(level.xyz)
    put(level.quads)
    put(level.table.codes)
  }
  return bytes
}

interface Head {
  stars: number
  levels: { low: number; high: number; stars: number; quads: number }[]
}

/**
 * An index from packed bytes, or from a packed list of stars. Levels that the file does not hold are made when needed.
 * @throws Problem astrometry.invalid_index
 */
export function unpackIndex(bytes: Uint8Array<ArrayBuffer>): StarIndex {
  if (!String.fromCharCode(...bytes.subarray(0, 9)).startsWith(`${magic}\n`))
    return starIndex(unpackStars(bytes))
  const end = bytes.indexOf(10, 9)
  let head: Head
  try {
    head = JSON.parse(new TextDecoder().decode(bytes.subarray(9, end))) as Head
  } catch (error) {
    throw damaged(error)
  }
  // Typed arrays need their alignment: a view of a larger buffer is copied.
  const file = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice()
  let at = Math.ceil((end + 1) / 8) * 8
  const take = (length: number): number => {
    const from = at
    at += Math.ceil(length / 8) * 8
    if (!(length >= 0) || at > file.length) throw damaged()
    return file.byteOffset + from
  }
  const starsAt = take(head.stars)
  const made = starIndex(unpackStars(new Uint8Array(file.buffer, starsAt, head.stars)))
  const ready = new Map<number, () => QuadLevel>()
  for (const { low, high, stars, quads } of head.levels) {
    const xyz = new Float64Array(file.buffer, take(24 * stars), 3 * stars)
    const members = new Int32Array(file.buffer, take(16 * quads), 4 * quads)
    const codes = new Float32Array(file.buffer, take(16 * quads), 4 * quads)
    const n = made.sizes.findIndex((size) => Math.abs(size[1] / high - 1) < 1e-6)
    if (n < 0) throw damaged()
    let level: QuadLevel | undefined
    ready.set(
      n,
      () =>
        (level ??= {
          low,
          high,
          xyz,
          cells: skyCells(xyz, high / 2),
          quads: members,
          table: codeTable(codes),
        }),
    )
  }
  return { ...made, level: (n) => ready.get(n)?.() ?? made.level(n) }
}

function damaged(cause?: unknown): Problem {
  return new Problem(
    'astrometry.invalid_index',
    'The index file is damaged or cut off; make it anew with "urania index".',
    {},
    cause,
  )
}
