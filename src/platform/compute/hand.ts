/** A thread of a crew: waits for rounds, claims inputs one by one, answers each. */
import { workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { KernelModules, Part } from '#science/image/workshop.ts'
import { control, endedReply, failureReply, handWorkshop } from './crew.ts'
import type { Failure } from './failure.ts'
import { packed, unpacked } from './parcel.ts'

export interface HandData {
  memory: WebAssembly.Memory
  /** Address of the room that the hand keeps. */
  kept: number
  modules: KernelModules
  port: MessagePort
}

/** One round. */
export interface HandRequest {
  module: string
  name: string
  inputs: unknown[]
  words: Int32Array
}

export type HandReply = { at: number; output: unknown } | { failure: Failure }

const { memory, kept, modules, port } = workerData as HandData
const { workshop, scratch } = handWorkshop(memory, kept, modules)

async function answer({ module, name, inputs, words }: HandRequest): Promise<void> {
  if (Atomics.load(words, control.next) >= inputs.length) return
  let part: Part<unknown, unknown> | undefined
  let missing: unknown
  try {
    const exported = Object.values((await import(module)) as Record<string, unknown>)
    part = exported.find((value) => isPart(value) && value.name === name) as Part<unknown, unknown>
    if (!part) throw new Error(`${module} exports no part named ${name}.`)
  } catch (error) {
    missing = error
  }
  scratch.begin(words.subarray(control.top))
  for (;;) {
    const at = Atomics.add(words, control.next, 1)
    if (at >= inputs.length) return
    // A part may end the thread; the caller waits for every input that was claimed.
    const onExit = (code: number): void => {
      port.postMessage(endedReply(name, code))
      finish(words, true)
    }
    process.once('exit', onExit)
    let failed = Atomics.load(words, control.failed) !== 0
    if (!failed) {
      try {
        if (!part) throw missing
        const output = part.run(unpacked(inputs[at], workshop.arena), workshop)
        port.postMessage({ at, output: packed(output, workshop.arena) } satisfies HandReply)
      } catch (error) {
        failed = true
        port.postMessage(failureReply(error))
      }
    }
    process.off('exit', onExit)
    finish(words, failed)
  }
}

function finish(words: Int32Array, failed: boolean): void {
  if (failed) Atomics.store(words, control.failed, 1)
  Atomics.add(words, control.done, 1)
  Atomics.notify(words, control.done)
}

function isPart(value: unknown): value is Part<unknown, unknown> {
  return typeof value === 'object' && value !== null && 'run' in value && 'name' in value && 'module' in value
}

let rounds = Promise.resolve()
port.on('message', (request: HandRequest) => {
  rounds = rounds.then(() => answer(request))
})
