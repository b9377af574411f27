/**
 * Where pixel work is done: one memory that typed arrays, kernels and threads share, the kernels themselves, and hands to
 * share the work. Everything is synchronous; a crew of several threads makes the caller wait for all of them.
 */
import { arenaOf } from '#science/kernels/arena.ts'
import type { Arena } from '#science/kernels/arena.ts'

/** One piece of work that may be cut into parts. Declared in a module of its own so that a thread can import it. */
export interface Part<In, Out> {
  /** `import.meta.url` of the module that exports it. */
  readonly module: string
  readonly name: string
  /** Plain data in and out; pixels are handed over as typed arrays on the workshop's memory. */
  readonly run: (input: In, workshop: Workshop) => Out
}

export interface Crew {
  /** How many work side by side; 1 is this thread alone. */
  readonly hands: number
  /** Does `part` for each input, in any order and side by side, and returns the results in order. */
  each<In, Out>(part: Part<In, Out>, inputs: readonly In[], workshop: Workshop): Out[]
}

/** Compiled modules of `science/kernels`, by name; one that is missing is replaced by its plain twin. */
export type KernelName = 'background' | 'detect' | 'measure' | 'convolve' | 'fft' | 'resample' | 'bytes'
export type KernelModules = Partial<Record<KernelName, WebAssembly.Module>>

export interface Workshop {
  /** Shared memory that is given back like a stack; never reaches beyond 4 GiB. */
  readonly arena: Arena
  readonly modules: KernelModules
  readonly crew: Crew
  /** What is made once in each workshop: instances of kernels, tables. */
  once<T>(key: string, make: () => T): T
}

/** Works alone. */
export const alone: Crew = {
  hands: 1,
  each: (part, inputs, workshop) => inputs.map((input) => part.run(input, workshop)),
}

/** Room for what is made once, unless told otherwise; addressed, not touched. */
const usualRoom = 8 * 2 ** 20

/**
 * A workshop on `arena`. What `once` makes lies in `room` bytes of its own, so that it outlives the space that is given
 * back around it.
 */
export function workshopOf(
  arena: Arena,
  modules: KernelModules = {},
  crew: Crew = alone,
  room = usualRoom,
): Workshop {
  const made = new Map<string, unknown>()
  let free = arena.take(room)
  const end = free + room
  let keeps = false
  const take = (size: number): number => {
    if (!keeps) return arena.take(size)
    if (free + size > end) {
      throw new RangeError(`What a workshop makes once takes more than ${room} bytes of its arena.`)
    }
    const at = free
    free += size
    return at
  }
  return {
    arena: arenaOf(arena.memory, { take, during: (work) => arena.during(work) }),
    modules,
    crew,
    once<T>(key: string, make: () => T): T {
      if (made.has(key)) return made.get(key) as T
      const before = keeps
      keeps = true
      try {
        const value = make()
        made.set(key, value)
        return value
      } finally {
        keeps = before
      }
    },
  }
}
