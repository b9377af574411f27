import { expect, it } from 'vitest'
import { createSseParser } from './stream.ts'

it('reads events whatever the pieces they come in', () => {
  const text =
    ': hello\n\nevent: alerts.event_changed\nid: 7\ndata: {"a":\ndata: 1}\n\n:\n\nid: 8\r\ndata:x\r\n\r\n'
  for (const size of [1, 3, 7, text.length]) {
    const seen: unknown[] = []
    const feed = createSseParser((event) => seen.push(event))
    for (let at = 0; at < text.length; at += size) feed(text.slice(at, at + size))
    expect(seen).toEqual([
      { name: 'alerts.event_changed', id: '7', data: '{"a":\n1}' },
      { name: 'message', id: '8', data: 'x' },
    ])
  }
})
