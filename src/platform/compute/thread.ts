import { parentPort } from 'node:worker_threads'
import { isProblem } from '#problem.ts'
import type { ComputeTask } from './compute.ts'

/** What the pool asks of a thread, one at a time. */
export interface ComputeRequest {
  module: string
  name: string
  input: unknown
}

/** Errors cross the border as plain values; a Problem keeps its code and details. */
export type ComputeReply =
  | { output: unknown }
  | { problem: { code: string; message: string; details: Record<string, unknown> } }
  | { error: { name: string; message: string; stack: string | undefined } }

async function answer({ module, name, input }: ComputeRequest): Promise<ComputeReply> {
  try {
    const exported = Object.values((await import(module)) as Record<string, unknown>)
    const task = exported.find((value) => isTask(value) && value.name === name) as
      ComputeTask<unknown, unknown> | undefined
    if (!task) throw new Error(`${module} exports no compute task named ${name}.`)
    return { output: await task.run(input) }
  } catch (error) {
    if (isProblem(error))
      return { problem: { code: error.code, message: error.message, details: plain(error.details) } }
    const { name: kind, message, stack } = error instanceof Error ? error : new Error(String(error))
    return { error: { name: kind, message, stack } }
  }
}

function isTask(value: unknown): value is ComputeTask<unknown, unknown> {
  return typeof value === 'object' && value !== null && 'run' in value && 'name' in value && 'module' in value
}

/** Details are promised to be JSON; one that is not must not turn a Problem into a failure to clone. */
function plain(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  try {
    return JSON.parse(JSON.stringify(details)) as Record<string, unknown>
  } catch {
    return {}
  }
}

parentPort?.on('message', (request: ComputeRequest) => {
  void answer(request).then((reply) => {
    try {
      parentPort?.postMessage(reply)
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
      parentPort?.postMessage({ error: { name, message, stack } } satisfies ComputeReply)
    }
  })
})
