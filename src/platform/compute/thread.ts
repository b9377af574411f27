import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort } from 'node:worker_threads'
import type { ComputeTask } from './compute.ts'
import { type Failure, failureOf } from './failure.ts'

/** What the pool asks of a thread, one at a time. */
export interface ComputeRequest {
  module: string
  name: string
  input: unknown
}

export type ComputeReply = { output: unknown } | Failure

async function answer({ module, name, input }: ComputeRequest): Promise<ComputeReply> {
  try {
    const exported = Object.values((await import(module)) as Record<string, unknown>)
    const task = exported.find((value) => isTask(value) && value.name === name) as
      ComputeTask<unknown, unknown> | undefined
    if (!task) throw new Error(`${module} exports no compute task named ${name}.`)
    return { output: await task.run(input) }
  } catch (error) {
    return failureOf(error)
  }
}

function isTask(value: unknown): value is ComputeTask<unknown, unknown> {
  return typeof value === 'object' && value !== null && 'run' in value && 'name' in value && 'module' in value
}

// The memory of a workshop is outside the heap, which does not know how much waits for it: what one task leaves would lie
// beside what the next one takes.
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

parentPort?.on('message', (request: ComputeRequest) => {
  collect()
  void answer(request).then((reply) => {
    try {
      parentPort?.postMessage(reply)
    } catch (error) {
      parentPort?.postMessage(failureOf(error) satisfies ComputeReply)
    }
  })
})
