/** Arrays on shared memory, which threads have without a copy, and work spread over threads. */
import type { Part, Workshop } from '#science/image/workshop.ts'

/** Does a part that needs nothing of its workshop for each input, side by side where there is a crew. */
export function spread<In, Out>(
  part: Part<In, Out> & { readonly run: (input: In) => Out },
  inputs: readonly In[],
  workshop?: Workshop,
): Out[] {
  return workshop ? workshop.crew.each(part, inputs, workshop) : inputs.map((input) => part.run(input))
}

export const sharedFloat64 = (length: number): Float64Array<SharedArrayBuffer> =>
  new Float64Array(new SharedArrayBuffer(8 * length))
export const sharedFloat32 = (length: number): Float32Array<SharedArrayBuffer> =>
  new Float32Array(new SharedArrayBuffer(4 * length))
export const sharedInt32 = (length: number): Int32Array<SharedArrayBuffer> =>
  new Int32Array(new SharedArrayBuffer(4 * length))
export const sharedUint16 = (length: number): Uint16Array<SharedArrayBuffer> =>
  new Uint16Array(new SharedArrayBuffer(2 * length))
