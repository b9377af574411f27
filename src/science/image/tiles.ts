/** Pixels of an image read onto a workshop's memory; the tiles of a compressed one are decoded by the whole crew. */
import { Problem } from '#problem.ts'
import { planPixels } from '#science/fits/pixels.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import type { Section } from '#science/fits/image.ts'
import { numberOf } from '#science/fits/header.ts'
import type { ReadPlan } from '#science/fits/source.ts'
import { codecOf } from '#science/kernels/bytes.ts'
import type { Part, Workshop } from './workshop.ts'

export interface TilesInput {
  readonly hdu: Hdu
  /** The data of the HDU as stored. */
  readonly bytes: Uint8Array
  readonly section: Section
  readonly out: Float32Array
}

/** Fewer pixels than this are not worth handing out. */
const leastShared = 2 ** 20

/** Bytes from `start` to `end` of a file; they may be other ones after the next call. */
export type BytesAt = (start: number, end: number) => Uint8Array

function carryOut<T>(plan: ReadPlan<T>, bytesAt: BytesAt): T {
  let step = plan.next()
  while (!step.done) step = plan.next(bytesAt(step.value.start, step.value.end))
  return step.value
}

/** Decodes the tiles that touch a section. */
export const decodeTiles: Part<TilesInput, void> = {
  module: import.meta.url,
  name: 'decodeTiles',
  run({ hdu, bytes, section, out }, workshop) {
    const { dataStart } = hdu
    const bytesAt: BytesAt = (start, end) => bytes.subarray(start - dataStart, end - dataStart)
    workshop.arena.during(() => {
      const plan = planPixels(hdu, out, { section, fills: 'keep', codec: codecOf(workshop) })
      carryOut(plan, bytesAt)
    })
  },
}

/**
 * Reads a section of an image, compressed or plain, into `out` on the workshop's memory, as float32; blanks are NaN, fill
 * values stay. `fill` puts the bytes of the file from a position on into an array. Source of tiles: FITS 4.0, §10.
 * @throws Problem fits.*
 */
export function readPixelsOnto(
  hdu: Hdu,
  section: Section,
  out: Float32Array,
  fill: (into: Uint8Array, from: number) => number,
  workshop: Workshop,
): void {
  const { arena, crew } = workshop
  arena.during(() => {
    if (hdu.stored && out.length >= leastShared && crew.hands > 1) {
      const bytes = arena.uint8(hdu.dataLength)
      whole(fill(bytes, hdu.dataStart), bytes.length)
      const inputs = parts(hdu, section, crew.hands).map((part): TilesInput => {
        const before = part[1][0] - section[1][0]
        const row = section[0][1] - section[0][0]
        const count = row * (part[1][1] - part[1][0])
        return { hdu, bytes, section: part, out: out.subarray(before * row, before * row + count) }
      })
      crew.each(decodeTiles, inputs, workshop)
      return
    }
    let buffer = new Uint8Array(0)
    carryOut(planPixels(hdu, out, { section, fills: 'keep', codec: codecOf(workshop) }), (start, end) => {
      // One buffer for all strips: what is made for each is garbage that waits for its collection.
      if (buffer.length < end - start) buffer = new Uint8Array(end - start)
      const part = buffer.subarray(0, end - start)
      whole(fill(part, start), part.length)
      return part
    })
  })
}

function whole(got: number, wanted: number): void {
  if (got === wanted) return
  throw new Problem('fits.truncated', 'The file ends before its pixels do; get a whole copy.')
}

/** A section of a picture cut along its rows where tiles end, several parts to a hand as tiles differ. */
function parts({ stored }: Hdu, section: Section, hands: number): Section[] {
  const tile = Math.max(1, (stored && numberOf(stored.header, 'ZTILE2')) ?? 1)
  const [first, last] = section[1]
  const step = Math.max(tile, Math.ceil((last - first) / (4 * hands) / tile) * tile)
  const cut: Section[] = []
  for (let y = first; y < last;) {
    const end = Math.min(last, (Math.floor(y / tile) + 1) * tile + step - tile)
    cut.push([section[0], [y, end], ...section.slice(2)])
    y = end
  }
  return cut
}
