import type { Audience, EventRow, Events } from './event.ts'

/** One event in the text of server-sent events (HTML Living Standard, 9.2). */
function sseText(event: EventRow): string {
  const { id, at, kind, subject, data } = event
  // JSON has no line breaks, so one data line is enough; a kind is one word, but a break in it would forge fields.
  return `id: ${id}\nevent: ${kind.replace(/[\r\n]/g, ' ')}\ndata: ${JSON.stringify({ id, at, kind, subject, data })}\n\n`
}

/** An id as a client hands it back in `Last-Event-ID`; null where it is none, which means from now on. */
export function parseLastEventId(text: string | null | undefined): string | null {
  return text && /^\d{1,18}$/.test(text) ? text : null
}

/**
 * The events a viewer may see, from after `lastEventId` (null: from now), as the body of a `text/event-stream` answer.
 * A comment every 15 s keeps proxies from closing it. Ends when `signal` aborts or the reader cancels.
 */
export function sseStream(
  events: Pick<Events, 'tail'>,
  viewer: Audience,
  lastEventId: string | null,
  signal: AbortSignal,
  commentMs = 15_000,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder()
  const closed = new AbortController()
  const both = AbortSignal.any([signal, closed.signal])
  let comments: NodeJS.Timeout | undefined
  let wake: (() => void) | undefined
  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve
    })
  both.addEventListener('abort', () => wake?.(), { once: true })

  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(controller) {
        const write = (text: string): void => {
          if (!both.aborted) controller.enqueue(encoder.encode(text))
        }
        // Sent at once so that headers leave, with the pause after which a browser connects again.
        write(': here\nretry: 2000\n\n')
        comments = setInterval(() => write(': still here\n\n'), commentMs)
        void (async () => {
          try {
            for await (const event of events.tail(viewer, lastEventId, both)) {
              write(sseText(event))
              while (!both.aborted && (controller.desiredSize ?? 0) <= 0) await drained()
            }
            clearInterval(comments)
            if (!closed.signal.aborted) controller.close()
          } catch (error) {
            clearInterval(comments)
            if (!closed.signal.aborted) controller.error(error)
          }
        })()
      },
      pull() {
        wake?.()
      },
      cancel() {
        clearInterval(comments)
        closed.abort()
      },
    },
    { highWaterMark: 64 },
  )
}
