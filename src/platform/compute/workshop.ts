import { availableParallelism } from 'node:os'
import type { KernelModules, KernelName, Workshop } from '#science/image/workshop.ts'
import { alone, workshopOf } from '#science/image/workshop.ts'
import { createArena } from '#science/kernels/arena.ts'
import { createCrew, keptBytes } from './crew.ts'
import { kernelBytes } from './kernels.ts'

const names: readonly KernelName[] = [
  'background',
  'detect',
  'measure',
  'convolve',
  'fft',
  'resample',
  'bytes',
]

export interface ClosableWorkshop extends Workshop {
  /** Ends the threads. A workshop that is not closed ends with its thread, and does not keep a program running. */
  close(): Promise<void>
}

/**
 * A workshop with all kernels that are there and a crew on one shared memory.
 * @param options.hands default: one per core; 1 makes no threads.
 * @param options.bytes of memory at first; it grows by itself.
 */
export function createWorkshop({
  hands = availableParallelism(),
  bytes,
}: { hands?: number; bytes?: number } = {}): ClosableWorkshop {
  const home = workshopOf(createArena(bytes), kernelModules(), alone, keptBytes)
  const crew = createCrew(Math.max(1, Math.floor(hands)), home)
  return { ...home, crew, close: () => crew.close() }
}

/** The kernels that have been built; a missing one is replaced by its plain twin. */
function kernelModules(): KernelModules {
  const modules: KernelModules = {}
  for (const name of names) {
    try {
      modules[name] = new WebAssembly.Module(kernelBytes(name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return modules
}
