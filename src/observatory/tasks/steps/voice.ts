import { BroadcastChannel, threadId } from 'node:worker_threads'
import type { Compute, ComputeTask } from '#platform/compute/compute.ts'
import { scratchGone } from '#platform/engines/scratch.ts'
import { scratchRoot } from '#observatory/tasks/engines/scratch-root.ts'
import type { StepContext } from './context.ts'

/** How a compute thread speaks while it works: lines of the log, progress. */
export interface Voice {
  readonly log: (line: string) => void
  readonly warn: (line: string) => void
  progress(done: number, total: number, unit?: string): void
}

interface Word {
  readonly log?: string
  readonly warn?: string
  readonly progress?: [number, number, string]
  readonly end?: true
}

/** Input of a task that speaks. */
export interface Speaking {
  /** Name of the channel that is listened on. */
  readonly channel: string
}

/** Speaks on the channel while `work` runs. */
export async function speaking<T>(channel: string, work: (voice: Voice) => T | Promise<T>): Promise<T> {
  const sender = new BroadcastChannel(channel)
  const say = (word: Word): void => sender.postMessage(word)
  try {
    return await work({
      log: (line) => say({ log: line }),
      warn: (line) => say({ warn: line }),
      progress: (done, total, unit = '') => say({ progress: [done, total, unit] }),
    })
  } finally {
    say({ end: true })
    sender.close()
  }
}

let count = 0

/** Runs a task that speaks; returns when it is done and all it said was passed on. */
export async function runSpeaking<In, Out>(
  context: Pick<StepContext, 'log' | 'warn' | 'progress' | 'signal'> & {
    compute: Pick<Compute, 'run'>
    folder?: string
  },
  task: ComputeTask<In & Speaking, Out>,
  input: In,
): Promise<Out> {
  const channel = `urania task ${process.pid} ${threadId} ${++count}`
  const receiver = new BroadcastChannel(channel)
  receiver.unref()
  const ended = Promise.withResolvers<void>()
  receiver.onmessage = (message: unknown) => {
    const word = (message as { data: Word }).data
    if (word.log !== undefined) context.log(word.log)
    if (word.warn !== undefined) context.warn(word.warn)
    if (word.progress) context.progress(...word.progress)
    if (word.end) ended.resolve()
  }
  const stopped = (): void => ended.resolve()
  context.signal.addEventListener('abort', stopped, { once: true })
  try {
    const result = await context.compute.run(task, { ...input, channel }, { signal: context.signal })
    // The thread no longer keeps the program alive, and its last words may still be on their way.
    receiver.ref()
    await ended.promise
    return result
  } finally {
    context.signal.removeEventListener('abort', stopped)
    receiver.close()
    // With the thread the programs it ran are ended, too; their folders go when they have.
    if (context.signal.aborted && context.folder !== undefined) await scratchGone(scratchRoot(context.folder))
  }
}
