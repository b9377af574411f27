/**
 * The one memory that kernels, typed arrays and worker threads share. Kernels take addresses in it; nothing in it is ever
 * collected, so space is taken and given back like a stack.
 */
import { Problem } from '#problem.ts'

export interface Arena {
  readonly memory: WebAssembly.Memory
  /** Address of `bytes` free bytes, aligned to 16; the memory grows when it has to. What lies there is left over. */
  take(bytes: number): number
  /** Gives back everything taken while `work` ran, a promise of it until it is settled. Arrays over it must not be kept. */
  during<T>(work: () => T): T
  /** Arrays on newly taken space, not cleared. */
  float32(length: number): Float32Array<SharedArrayBuffer>
  float64(length: number): Float64Array<SharedArrayBuffer>
  int32(length: number): Int32Array<SharedArrayBuffer>
  uint8(length: number): Uint8Array<SharedArrayBuffer>
  /** True where the array lies in this memory, so that its `byteOffset` is an address that kernels understand. */
  holds(array: ArrayBufferView): boolean
}

const PAGE = 65536
const MOST_PAGES = 65536

/** A new arena of `bytes` at first, shared between threads, 4 GiB at most. The first page belongs to the compiler's constants. */
export function createArena(bytes = 8 * 2 ** 20): Arena {
  const memory = new WebAssembly.Memory({
    initial: Math.min(MOST_PAGES, Math.max(2, Math.ceil(bytes / PAGE) + 1)),
    maximum: MOST_PAGES,
    shared: true,
  })
  return arenaOn(memory, PAGE)
}

/** An arena on a memory that is there, its free space beginning at `free`: how a thread joins in with space of its own. */
export function arenaOn(memory: WebAssembly.Memory, free: number): Arena {
  return arenaOf(memory, {
    take(size) {
      const at = free
      reach(memory, at + size, size)
      free = at + size
      return at
    },
    during(work) {
      const mark = free
      return thenReleased(work, () => (free = mark))
    },
  })
}

/** Does `work` and then `release`; of work that gives a promise, when that is settled. */
function thenReleased<T>(work: () => T, release: () => void): T {
  let waits = false
  try {
    const result = work()
    if (!(result instanceof Promise)) return result
    waits = true
    return (result as Promise<unknown>).finally(release) as T
  } finally {
    if (!waits) release()
  }
}

// A memory that grows shows itself as another buffer; arrays on an earlier one are as good, whichever arena made them.
const buffersOf = new WeakMap<WebAssembly.Memory, WeakSet<object>>()

/** How an arena gives out space; `take` gets a multiple of 16. */
export interface Space {
  take(size: number): number
  during<T>(work: () => T): T
}

/** The memory grows until it holds the bytes below `end`. */
export function reach(memory: WebAssembly.Memory, end: number, size: number): void {
  if (end <= memory.buffer.byteLength) return
  if (end > MOST_PAGES * PAGE) {
    throw new Problem(
      'kernel.out_of_memory',
      `A kernel needs ${size} bytes, but its memory ends at 4 GiB; work in parts.`,
    )
  }
  // Growing by nothing shows what other threads have grown.
  memory.grow(0)
  const missing = end - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
}

/** An arena whose space is given out by `space`. */
export function arenaOf(memory: WebAssembly.Memory, space: Space): Arena {
  const buffers = buffersOf.get(memory) ?? new WeakSet<object>()
  buffersOf.set(memory, buffers)
  const buffer = (): SharedArrayBuffer => {
    const current = memory.buffer as unknown as SharedArrayBuffer
    buffers.add(current)
    return current
  }
  const take = (size: number): number => space.take(Math.ceil(size / 16) * 16)
  return {
    memory,
    take,
    during: (work) => space.during(work),
    float32: (length) => {
      const at = take(4 * length)
      return new Float32Array(buffer(), at, length)
    },
    float64: (length) => {
      const at = take(8 * length)
      return new Float64Array(buffer(), at, length)
    },
    int32: (length) => {
      const at = take(4 * length)
      return new Int32Array(buffer(), at, length)
    },
    uint8: (length) => {
      const at = take(length)
      return new Uint8Array(buffer(), at, length)
    },
    holds: (array) => {
      buffer()
      return buffers.has(array.buffer)
    },
  }
}
