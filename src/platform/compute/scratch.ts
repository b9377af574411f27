import type { Arena } from '#science/kernels/arena.ts'
import { arenaOf, reach } from '#science/kernels/arena.ts'

/** Addresses are handed between threads in this unit, so that 4 GiB fit a 32-bit counter. */
const UNIT = 16
const LEAST_PIECE = 2 ** 20

/** Where the space that hands share in a round begins, for an Int32Array that they share. */
export function topAt(address: number): number {
  return address / UNIT
}

/** Space of one hand: pieces that it claims from what all share during a round, and room that it keeps for good. */
export interface Scratch {
  readonly arena: Arena
  /** A new round: what was taken before is no longer ours. `top[0]` is the shared address, see `topAt`. */
  begin(top: Int32Array): void
  /** What `make` takes is kept for good. */
  keeping<T>(make: () => T): T
}

/** @param kept address and size of the room that is kept. */
export function createScratch(memory: WebAssembly.Memory, kept: { at: number; bytes: number }): Scratch {
  let top = new Int32Array(1)
  let pieces: { at: number; end: number }[] = []
  let piece = -1
  let free = 0
  let keptFree = kept.at
  let keeps = false

  const takeKept = (size: number): number => {
    const at = keptFree
    if (at + size > kept.at + kept.bytes) {
      throw new RangeError(`What a workshop makes once takes more than ${kept.bytes} bytes of its arena.`)
    }
    reach(memory, at + size, size)
    keptFree = at + size
    return at
  }

  const arena = arenaOf(memory, {
    take(size) {
      if (keeps) return takeKept(size)
      if (piece < 0 || free + size > pieces[piece].end) {
        const next = pieces[piece + 1]
        if (!next || next.end - next.at < size) {
          const bytes = Math.max(LEAST_PIECE, size)
          const at = Atomics.add(top, 0, bytes / UNIT) * UNIT
          reach(memory, at + bytes, size)
          pieces.splice(piece + 1, 0, { at, end: at + bytes })
        }
        piece++
        free = pieces[piece].at
      }
      const at = free
      free = at + size
      return at
    },
    during(work) {
      const mark = { piece, free }
      try {
        return work()
      } finally {
        piece = mark.piece
        free = mark.free
      }
    },
  })
  return {
    arena,
    begin(shared) {
      top = shared as Int32Array<ArrayBuffer>
      pieces = []
      piece = -1
      free = 0
    },
    keeping(make) {
      const before = keeps
      keeps = true
      try {
        return make()
      } finally {
        keeps = before
      }
    },
  }
}
