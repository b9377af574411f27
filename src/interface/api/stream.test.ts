import { expect, it } from 'vitest'
import { testApi } from '#test/api.ts'
import { audienceFor, everyone } from '#observatory/people/rights.ts'

const { app, platform, person, cookieOf } = await testApi({ api: { recheckMs: 50 } })
const admin = await person('administrator', 'Ada')
const ann = await person('viewer', 'Ann')
const bob = await person('member', 'Bob')

const append = (kind: string, audience: readonly string[], n: number) =>
  platform.db
    .transaction()
    .execute((tx) =>
      platform.events.append(tx, { kind, subject: { kind: 'thing', id: String(n) }, data: { n }, audience }),
    )

/** Reads events from a stream until `until` says that it is enough. */
async function read(response: Response, until: (events: Event[]) => boolean): Promise<Event[]> {
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  const events: Event[] = []
  let text = ''
  while (reader && !until(events)) {
    const { value, done } = await reader.read()
    if (done) break
    text += decoder.decode(value, { stream: true })
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) => block.match(new RegExp(`^${name}: (.*)$`, 'm'))?.[1]
      const data = field('data')
      if (data !== undefined)
        events.push({
          id: field('id') ?? '',
          event: field('event') ?? '',
          data: JSON.parse(data) as Event['data'],
        })
    }
  }
  await reader?.cancel()
  return events
}

interface Event {
  id: string
  event: string
  data: { data: { n: number } }
}

const listen = async (token: string, headers: Record<string, string> = {}) =>
  app.request('/api/v1/stream', { headers: { authorization: `Bearer ${token}`, ...headers } })

it('each listener gets what it may see, in order, and resumes by the last id', async () => {
  const [toAdmin, toAnn, toBob] = await Promise.all([admin, ann, bob].map(({ token }) => listen(token)))
  expect(toAnn.headers.get('content-type')).toBe('text/event-stream')
  expect(toAnn.headers.get('cache-control')).toBe('no-store')
  await append('test.all', [everyone], 1)
  await append('test.ann', audienceFor({ owner: ann.id }), 2)
  await append('test.members', audienceFor({ role: 'member' }), 3)
  await append('test.group', audienceFor({ groups: ['somewhere'] }), 4)
  await append('test.end', [everyone], 5)
  const last = (events: Event[]) => events.at(-1)?.event === 'test.end'
  const ours = (events: Event[]) =>
    events.filter((event) => event.event.startsWith('test.')).map((event) => event.data.data.n)
  const [seenByAdmin, seenByAnn, seenByBob] = await Promise.all([
    read(toAdmin, last),
    read(toAnn, last),
    read(toBob, last),
  ])
  expect(ours(seenByAdmin)).toEqual([1, 2, 3, 4, 5])
  expect(ours(seenByAnn)).toEqual([1, 2, 5])
  expect(ours(seenByBob)).toEqual([1, 3, 5])

  const resumed = await listen(ann.token, { 'last-event-id': seenByAnn[0].id })
  expect(ours(await read(resumed, last))).toEqual([2, 5])
})

it('strangers and tokens that may not read hear nothing', async () => {
  expect((await app.request('/api/v1/stream')).status).toBe(401)
  const writer = await person('member', 'Writer', ['write'])
  expect((await listen(writer.token)).status).toBe(403)
})

it('a stream ends when the right to it does: role changed, disabled, signed out', async () => {
  const eve = await person('operator', 'Eve')
  const cookie = await cookieOf(eve.email)
  const streams = [await listen(eve.token), await app.request('/api/v1/stream', { headers: { cookie } })]
  const ended = Promise.all(streams.map((stream) => read(stream, () => false)))
  expect((await admin.send('PATCH', `/api/v1/people/${eve.id}`, { role: 'viewer' })).status).toBe(200)
  await ended
  const again = [await listen(eve.token), await app.request('/api/v1/stream', { headers: { cookie } })]
  const out = Promise.all(again.map((stream) => read(stream, () => false)))
  expect((await admin.send('PATCH', `/api/v1/people/${eve.id}`, { disabled: true })).status).toBe(200)
  await out
})

it('one holder opens so many streams and no more, and closing frees them', async () => {
  const zoe = await person('viewer', 'Zoe')
  const open = await Promise.all(Array.from({ length: 32 }, () => listen(zoe.token)))
  expect(open.every((stream) => stream.status === 200)).toBe(true)
  const refused = await listen(zoe.token)
  expect(refused.status).toBe(429)
  for (const stream of open) await stream.body?.cancel()
  const after = await listen(zoe.token)
  expect(after.status).toBe(200)
  await after.body?.cancel()
})
