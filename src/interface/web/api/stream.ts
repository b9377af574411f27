/** Server-sent events read by fetch: names need not be known beforehand, and an answer that is an error is seen. */

export interface StreamEvent {
  id: string
  kind: string
  at: string
  subject: { kind: string; id: string }
  data: Record<string, unknown>
}

/** Splits a stream of text into (event, id, data) blocks; keeps what is unfinished for the next call. */
export function createSseParser(emit: (event: { name: string; id: string; data: string }) => void) {
  let rest = ''
  return (chunk: string) => {
    rest = (rest + chunk).replaceAll('\r\n', '\n')
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const block = rest.slice(0, end)
      rest = rest.slice(end + 2)
      const found = { name: 'message', id: '', data: '' }
      const data: string[] = []
      for (const line of block.split('\n')) {
        const colon = line.indexOf(':')
        if (colon === 0) continue
        const field = colon < 0 ? line : line.slice(0, colon)
        const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
        if (field === 'event') found.name = value
        if (field === 'id') found.id = value
        if (field === 'data') data.push(value)
      }
      if (data.length > 0) emit({ ...found, data: data.join('\n') })
    }
  }
}

export type StreamState = 'open' | 'waiting' | 'refused'
type Message = { event: StreamEvent } | { state: StreamState } | { ask: true }

/**
 * One connection of `/api/v1/stream` for all tabs: the tab that holds the lock reads and tells the others; a tab that
 * comes later asks how it stands. Without locks (plain http on a network) every tab reads for itself.
 * @returns stop
 */
export function listen(
  onEvent: (event: StreamEvent) => void,
  onState: (state: StreamState) => void,
): () => void {
  const stop = new AbortController()
  const channel = new BroadcastChannel('urania.stream')
  let leading: StreamState | null = null
  const tell = (message: Message) => channel.postMessage(message)
  channel.addEventListener('message', ({ data }: MessageEvent<Message>) => {
    if ('ask' in data) {
      if (leading) tell({ state: leading })
    } else if (leading) return
    else if ('event' in data) onEvent(data.event)
    else onState(data.state)
  })
  const lead = () => {
    leading = 'waiting'
    return read(
      stop.signal,
      (event) => {
        onEvent(event)
        tell({ event })
      },
      (state) => {
        leading = state
        onState(state)
        tell({ state })
      },
    )
  }
  // `locks` exists in secure contexts only; its type does not say so.
  const locks = navigator.locks as LockManager | undefined
  const run = locks ? locks.request('urania.stream', { signal: stop.signal }, lead) : lead()
  run.catch(() => undefined)
  tell({ ask: true })
  return () => {
    stop.abort()
    channel.close()
  }
}

async function read(
  signal: AbortSignal,
  onEvent: (event: StreamEvent) => void,
  onState: (state: StreamState) => void,
): Promise<void> {
  let lastId = ''
  let delay = 500
  while (!signal.aborted) {
    try {
      const response = await fetch('/api/v1/stream', {
        headers: { Accept: 'text/event-stream', ...(lastId ? { 'Last-Event-ID': lastId } : {}) },
        signal,
      })
      if (response.status === 401 || response.status === 403) return onState('refused')
      if (!response.ok || !response.body) throw new Error(String(response.status))
      onState('open')
      delay = 500
      const feed = createSseParser((block) => {
        lastId = block.id || lastId
        onEvent(JSON.parse(block.data) as StreamEvent)
      })
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (let part = await reader.read(); !part.done; part = await reader.read()) feed(part.value)
    } catch {
      if (signal.aborted) return
    }
    onState('waiting')
    await new Promise((resolve) => setTimeout(resolve, delay * (0.75 + Math.random() / 2)))
    delay = Math.min(delay * 2, 15_000)
  }
}
