/**
 * How far a worker thread is, in memory that it shares with the job: written often, read now and then, and one word back:
 * stop and hand over the best so far.
 */

const words = 4
const numbers = 4
const textAt = words * 4 + numbers * 8
const textBytes = 120

export interface SolveState {
  stage: string
  /** 0 to 1. */
  done: number
  /** Probability of the best plan so far, and what none can exceed; NaN while unknown. */
  objective: number
  bound: number
  seconds: number
}

export interface ProgressWriter {
  write(state: Partial<SolveState>): void
  readonly stop: boolean
}

export function createProgressMemory(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(textAt + textBytes)
  new Float64Array(memory, words * 4, numbers).set([0, Number.NaN, Number.NaN, 0])
  return memory
}

/** The worker's side. */
export function progressWriter(memory: SharedArrayBuffer): ProgressWriter {
  const flags = new Int32Array(memory, 0, words)
  const values = new Float64Array(memory, words * 4, numbers)
  const text = new Uint8Array(memory, textAt, textBytes)
  return {
    write({ stage, done, objective, bound, seconds }) {
      if (stage !== undefined) {
        const bytes = new TextEncoder().encode(stage).subarray(0, textBytes)
        text.set(bytes)
        Atomics.store(flags, 1, bytes.length)
      }
      if (done !== undefined) values[0] = done
      if (objective !== undefined) values[1] = objective
      if (bound !== undefined) values[2] = bound
      if (seconds !== undefined) values[3] = seconds
    },
    get stop() {
      return Atomics.load(flags, 0) === 1
    },
  }
}

/** The job's side. A text that is being written may be read half; it is only shown. */
export function readProgress(memory: SharedArrayBuffer): SolveState {
  const flags = new Int32Array(memory, 0, words)
  const [done, objective, bound, seconds] = new Float64Array(memory, words * 4, numbers)
  const text = new Uint8Array(textBytes)
  text.set(new Uint8Array(memory, textAt, textBytes))
  const stage = new TextDecoder().decode(text.subarray(0, Atomics.load(flags, 1)))
  return { stage, done, objective, bound, seconds }
}

export function askToStop(memory: SharedArrayBuffer): void {
  Atomics.store(new Int32Array(memory, 0, words), 0, 1)
}
