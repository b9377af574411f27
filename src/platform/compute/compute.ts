/**
 * Heavy pure work in worker threads. A task is declared in a module of its own, beside its handler, so that the
 * thread can import it: `export const summarize = computeTask(import.meta.url, 'summarize', (input: In): Out => …)`.
 */
export interface ComputeTask<In, Out> {
  readonly module: string
  readonly name: string
  readonly run: (input: In) => Out | Promise<Out>
}

export function computeTask<In, Out>(
  module: string,
  name: string,
  run: (input: In) => Out | Promise<Out>,
): ComputeTask<In, Out> {
  return { module, name, run }
}

export interface Compute {
  /** Structured-clone in and out; SharedArrayBuffers are shared. Abort ends the thread that runs it. */
  run<In, Out>(
    task: ComputeTask<In, Out>,
    input: In,
    options?: { signal?: AbortSignal; transfer?: readonly ArrayBuffer[] },
  ): Promise<Out>
  readonly threads: number
}
