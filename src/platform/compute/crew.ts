import { fileURLToPath } from 'node:url'
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { Problem } from '#problem.ts'
import type { Crew, KernelModules, Part, Workshop } from '#science/image/workshop.ts'
import { alone } from '#science/image/workshop.ts'
import { errorOf, failureOf } from './failure.ts'
import type { Failure } from './failure.ts'
import type { HandData, HandRequest, HandReply } from './hand.ts'
import { packed, unpacked } from './parcel.ts'
import { createScratch, topAt } from './scratch.ts'

/** Room of each hand for what it makes once: instances of kernels, tables. */
export const keptBytes = 8 * 2 ** 20

/** Places in the control words of a round. */
export const control = { next: 0, done: 1, failed: 2, top: 3, length: 4 } as const

export interface ThreadCrew extends Crew {
  close(): Promise<void>
}

interface Hand {
  readonly worker: Worker
  readonly port: MessagePort
}

/**
 * A crew of `hands` on one shared memory, the caller being one of them; the others are threads made when first needed,
 * that die with the thread that made them and do not keep it alive. `each` blocks until all is done.
 *
 * A part gets a workshop of its hand: its arena is scratch that is gone when the round ends, so results that are arrays
 * on the arena must lie in space that the caller took and gave in. `once` of a hand is kept for good, 8 MiB of it.
 * What a part throws is thrown by `each`, the first of them; parts not yet begun are then left out.
 */
export function createCrew(hands: number, home: Workshop): ThreadCrew {
  const { arena, modules } = home
  const threads: Hand[] = []
  let closed = false
  // Taken now: later the arena may be within a `during` that gives it back.
  const kept = hands > 1 ? Array.from({ length: hands - 1 }, () => arena.take(keptBytes)) : []
  const mine = hands > 1 ? handWorkshop(arena.memory, arena.take(keptBytes), modules) : undefined

  function createHand(): Hand {
    // Beside this file: TypeScript from a clone, JavaScript in the packed library.
    const entry = new URL(import.meta.url.endsWith('.ts') ? './hand.ts' : './hand.js', import.meta.url)
    const { port1, port2 } = new MessageChannel()
    const workerData: HandData = { memory: arena.memory, kept: kept[threads.length], modules, port: port2 }
    const worker = new Worker(fileURLToPath(entry), { workerData, transferList: [port2] })
    worker.unref()
    port1.unref()
    // A hand that cannot be had is no trouble: the others do its work.
    worker.on('error', () => {})
    return { worker, port: port1 }
  }

  function each<In, Out>(part: Part<In, Out>, inputs: readonly In[], workshop: Workshop): Out[] {
    if (!mine || closed || inputs.length < 2 || workshop.arena !== arena) {
      return inputs.map((input) => part.run(input, workshop))
    }
    while (threads.length < hands - 1) threads.push(createHand())
    const words = new Int32Array(new SharedArrayBuffer(4 * control.length))
    words[control.top] = topAt(arena.take(0))
    const request: HandRequest = {
      module: part.module,
      name: part.name,
      inputs: packed(inputs, arena) as unknown[],
      words,
    }
    const called = threads.slice(0, inputs.length - 1)
    for (const { port } of called) port.postMessage(request)

    const outputs: Out[] = []
    let failure: Error | undefined
    mine.scratch.begin(words.subarray(control.top))
    for (;;) {
      const at = Atomics.add(words, control.next, 1)
      if (at >= inputs.length) break
      if (Atomics.load(words, control.failed) === 0) {
        try {
          outputs[at] = part.run(inputs[at], mine.workshop)
        } catch (error) {
          failure ??= error instanceof Error ? error : new Error(String(error))
          Atomics.store(words, control.failed, 1)
        }
      }
      Atomics.add(words, control.done, 1)
    }
    for (;;) {
      const done = Atomics.load(words, control.done)
      if (done >= inputs.length) break
      Atomics.wait(words, control.done, done)
    }
    for (const { port } of called) {
      for (;;) {
        const reply = receiveMessageOnPort(port)?.message as HandReply | undefined
        if (!reply) break
        if ('failure' in reply) failure ??= errorOf(reply.failure)
        else outputs[reply.at] = unpacked(reply.output, arena) as Out
      }
    }
    if (failure) throw failure
    return outputs
  }

  return {
    hands,
    each,
    async close() {
      closed = true
      await Promise.all(
        threads.splice(0).map(({ worker, port }) => {
          port.close()
          return worker.terminate()
        }),
      )
    },
  }
}

/** The workshop of a hand, and its scratch. */
export function handWorkshop(
  memory: WebAssembly.Memory,
  kept: number,
  modules: KernelModules,
): { workshop: Workshop; scratch: ReturnType<typeof createScratch> } {
  const scratch = createScratch(memory, { at: kept, bytes: keptBytes })
  const made = new Map<string, unknown>()
  const workshop: Workshop = {
    arena: scratch.arena,
    modules,
    crew: alone,
    once<T>(key: string, make: () => T): T {
      if (!made.has(key)) made.set(key, scratch.keeping(make))
      return made.get(key) as T
    },
  }
  return { workshop, scratch }
}

/** What a hand says of an error, or of one that it cannot say anything of. */
export function failureReply(error: unknown): { failure: Failure } {
  return { failure: failureOf(error) }
}

/** Of a hand whose part ended its thread. */
export function endedReply(name: string, code: number): { failure: Failure } {
  const sentence = `The thread that ran ${name} ended with code ${code}.`
  return failureReply(new Problem('compute.failed', sentence, { task: name, code }))
}
