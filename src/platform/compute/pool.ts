import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { Problem } from '#problem.ts'
import type { Compute } from './compute.ts'
import { errorOf } from './failure.ts'
import type { ComputeReply, ComputeRequest } from './thread.ts'

export interface ComputeService extends Compute {
  /** Ends the threads; what still runs fails with `compute.aborted`. */
  stop(): Promise<void>
}

interface Waiting {
  request: ComputeRequest
  transfer: readonly ArrayBuffer[]
  begin(thread: Thread): void
  finish(reply: ComputeReply): void
  fail(error: Error): void
}

interface Thread {
  worker: Worker
  job: Waiting | undefined
}

/**
 * Worker threads, made when first needed and kept. First come, first served; each thread runs one task at a time, so
 * an abort may end it without hurting another.
 * @param options.threads default: one per core.
 */
export function createCompute(options: { threads?: number } = {}): ComputeService {
  const most = Math.max(1, options.threads ?? availableParallelism())
  const threads = new Set<Thread>()
  const queue: Waiting[] = []
  const ending = new Set<Promise<unknown>>()
  let stopped = false

  function createThread(): Thread {
    // Beside this file: TypeScript from a clone, JavaScript in the packed library.
    const entry = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url)
    const thread: Thread = { worker: new Worker(entry), job: undefined }
    threads.add(thread)
    thread.worker.unref()
    thread.worker.on('message', (reply: ComputeReply) => {
      const { job } = thread
      thread.job = undefined
      thread.worker.unref()
      job?.finish(reply)
      next()
    })
    const lost = (error: Error): void => {
      const { job } = thread
      thread.job = undefined
      threads.delete(thread)
      job?.fail(error)
      next()
    }
    thread.worker.on('error', (error) => {
      const reason = error instanceof Error ? error.message : String(error)
      const name = thread.job?.request.name ?? 'nothing'
      lost(
        new Problem('compute.failed', `The thread that ran ${name} died: ${reason}`, { task: name }, error),
      )
    })
    thread.worker.on('exit', (code) => {
      if (threads.has(thread))
        lost(new Problem('compute.failed', `A compute thread ended with code ${code}.`, { code }))
    })
    return thread
  }

  function next(): void {
    while (queue.length > 0 && !stopped) {
      const idle = [...threads].find((thread) => !thread.job)
      const thread = idle ?? (threads.size < most ? createThread() : undefined)
      if (!thread) return
      const job = queue.shift()!
      thread.job = job
      thread.worker.ref()
      job.begin(thread)
      try {
        thread.worker.postMessage(job.request, [...job.transfer])
      } catch (error) {
        thread.job = undefined
        thread.worker.unref()
        job.fail(error instanceof Error ? error : new Error(String(error)))
      }
    }
  }

  /** Ends a thread and what it runs; another is made when needed. */
  function end(thread: Thread): Promise<unknown> {
    threads.delete(thread)
    thread.job = undefined
    const ended = thread.worker
      .terminate()
      .catch(() => {})
      .finally(() => ending.delete(ended))
    ending.add(ended)
    return ended
  }

  return {
    threads: most,
    run<In, Out>(
      task: { module: string; name: string; run: (input: In) => Out | Promise<Out> },
      input: In,
      { signal, transfer = [] }: { signal?: AbortSignal; transfer?: readonly ArrayBuffer[] } = {},
    ): Promise<Out> {
      const { promise, resolve, reject } = Promise.withResolvers<Out>()
      if (signal?.aborted || stopped) {
        reject(aborted(task.name, signal))
        return promise
      }
      let thread: Thread | undefined
      const onAbort = (): void => {
        const at = queue.indexOf(waiting)
        if (at >= 0) queue.splice(at, 1)
        // Not before the thread, with those of its crew, is no more: until then it may write files.
        const over = thread?.job === waiting ? end(thread) : Promise.resolve()
        void over.then(() => reject(aborted(task.name, signal)))
        next()
      }
      const waiting: Waiting = {
        request: { module: task.module, name: task.name, input },
        transfer,
        begin(taken) {
          thread = taken
        },
        finish(reply) {
          signal?.removeEventListener('abort', onAbort)
          if ('output' in reply) resolve(reply.output as Out)
          else reject(errorOf(reply))
        },
        fail(error) {
          signal?.removeEventListener('abort', onAbort)
          reject(error)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      queue.push(waiting)
      next()
      return promise
    },
    async stop() {
      stopped = true
      for (const job of queue.splice(0)) job.fail(aborted(job.request.name))
      for (const thread of threads) {
        thread.job?.fail(aborted(thread.job.request.name))
        void end(thread)
      }
      await Promise.all(ending)
    },
  }
}

function aborted(task: string, signal?: AbortSignal): Error {
  const reason: unknown = signal?.reason
  // Whoever aborted may have said why (a cancelled job); that is worth more than our sentence.
  if (reason instanceof Problem) return reason
  return new Problem('compute.aborted', `${task} was stopped before it ended.`, { task })
}
