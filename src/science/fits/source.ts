/**
 * Where FITS bytes come from. Reading is planned before it is done: a plan is a generator that asks for byte ranges
 * and is answered with their bytes, so that one description serves bytes in memory (synchronous, for workers and
 * browsers) and remote files (asynchronous, fetching only what is asked for).
 */

/** A random-access file: `slice` returns the bytes from `start` (inclusive) to `end` (exclusive). */
export interface ByteSource {
  readonly byteLength: number
  slice(start: number, end: number): Promise<Uint8Array> | Uint8Array
}

/** A half-open range of byte positions. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** A description of a read: yields ranges, is resumed with their bytes, returns the result. */
export type ReadPlan<T> = Generator<ByteRange, T, Uint8Array>

/** Carries out a plan on bytes in memory; the answers are views, nothing is copied. */
export function readNow<T>(plan: ReadPlan<T>, bytes: Uint8Array): T {
  let step = plan.next()
  while (!step.done) step = plan.next(bytes.subarray(step.value.start, step.value.end))
  return step.value
}

/** Carries out a plan on a source, one `slice` per range asked for. */
export async function readFrom<T>(plan: ReadPlan<T>, source: ByteSource): Promise<T> {
  let step = plan.next()
  while (!step.done) step = plan.next(await source.slice(step.value.start, step.value.end))
  return step.value
}
