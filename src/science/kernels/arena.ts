/**
 * The one memory that kernels, typed arrays and worker threads share. Kernels take addresses in it; nothing in it is ever
 * collected, so space is taken and given back like a stack.
 */
import { Problem } from '#problem.ts'

export interface Arena {
  readonly memory: WebAssembly.Memory
  /** Address of `bytes` free bytes, aligned to 16; the memory grows when it has to. */
  take(bytes: number): number
  /** Gives back everything taken while `work` ran. Arrays over it must not be kept. */
  during<T>(work: () => T): T
}

const PAGE = 65536
const MOST_PAGES = 65536

/** A new arena of `bytes` at first, shared between threads, 4 GiB at most. The first page belongs to the compiler's constants. */
export function createArena(bytes = 8 * 2 ** 20): Arena {
  const memory = new WebAssembly.Memory({
    initial: Math.max(2, Math.ceil(bytes / PAGE)),
    maximum: MOST_PAGES,
    shared: true,
  })
  let free = PAGE
  return {
    memory,
    take(size) {
      const at = free
      const end = at + Math.ceil(size / 16) * 16
      const missing = end - memory.buffer.byteLength
      if (end > MOST_PAGES * PAGE) {
        throw new Problem(
          'kernel.out_of_memory',
          `A kernel needs ${size} bytes, but its memory ends at 4 GiB; work in parts.`,
        )
      }
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
      free = end
      return at
    },
    during(work) {
      const mark = free
      try {
        return work()
      } finally {
        free = mark
      }
    },
  }
}
