import type { Interval, IntervalRule } from '#science/image/display/stretch.ts'
import type { ImageInfo, Look, PlaneSource } from './model.ts'
import type { Ask, Told } from './protocol.ts'

/** The page's end of the worker: questions as promises. One worker for each viewer, started by the first question. */
export interface PixelClient {
  open(source: PlaneSource, slice: number): Promise<ImageInfo>
  interval(source: PlaneSource, slice: number, rule: IntervalRule): Promise<Interval>
  value(source: PlaneSource, slice: number, x: number, y: number): Promise<number | null>
  tile(
    source: PlaneSource,
    slice: number,
    at: { level: number; column: number; row: number },
    look: Pick<Look, 'stretch' | 'map' | 'inverted' | 'smooth'>,
    interval: Interval,
  ): { done: Promise<ImageBitmap>; forget: () => void }
  close(): void
}

type Body = Ask extends infer Each ? (Each extends Ask ? Omit<Each, 'id'> : never) : never

export function pixelClient(): PixelClient {
  const waiting = new Map<number, { done: (result: unknown) => void; wrong: (error: Error) => void }>()
  let next = 1
  let running: Worker | undefined
  const started = (): Worker => {
    if (running) return running
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'pixels' })
    worker.onmessage = ({ data }: MessageEvent<Told>) => {
      const one = waiting.get(data.id)
      waiting.delete(data.id)
      if (!one) {
        if ('result' in data && data.result instanceof ImageBitmap) data.result.close()
      } else if ('wrong' in data) one.wrong(new Error(data.wrong))
      else one.done(data.result)
    }
    worker.onerror = () => {
      for (const { wrong } of waiting.values()) wrong(new Error('The viewer’s worker did not start.'))
      waiting.clear()
    }
    running = worker
    return worker
  }
  const ask = <T>(body: Body): { done: Promise<T>; id: number } => {
    const id = next++
    const done = new Promise<T>((resolve, reject) =>
      waiting.set(id, { done: (result) => resolve(result as T), wrong: reject }),
    )
    started().postMessage({ ...body, id } as Ask)
    return { done, id }
  }
  return {
    open: (source, slice) => ask<ImageInfo>({ what: 'open', source, slice }).done,
    interval: (source, slice, rule) => ask<Interval>({ what: 'interval', source, slice, rule }).done,
    value: (source, slice, x, y) => ask<number | null>({ what: 'value', source, slice, x, y }).done,
    tile(source, slice, at, look, interval) {
      const { done, id } = ask<ImageBitmap>({ what: 'tile', source, slice, ...at, look, interval })
      return {
        done,
        forget() {
          waiting.delete(id)
          running?.postMessage({ what: 'forget', id, source, slice } satisfies Ask)
        },
      }
    },
    close() {
      running?.terminate()
      running = undefined
      waiting.clear()
    },
  }
}
