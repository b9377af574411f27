import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import type { ChannelMessage, Delivered } from '#observatory/notifications/channel.ts'
import { channelMessage, channelNeeds, stored } from '#test/channel-messages.ts'
import { channelRigs, type ChannelRig } from '#test/channel-rigs.ts'
import { channelKinds } from './registry.ts'

const needs = await channelNeeds()
const rigs = await Promise.all(channelRigs.map((start) => start()))
afterAll(async () => {
  for (const rig of rigs) await rig.stop()
})

it('every kind that leaves the program is tried here', () => {
  const tried = new Set(rigs.map((rig) => rig.kind))
  expect(channelKinds.map(({ key }) => key).filter((key) => key !== 'inbox' && !tried.has(key))).toEqual([])
  expect(new Set(channelKinds.map(({ key }) => key)).size).toBe(channelKinds.length)
})

let count = 0

/** A message whose headline people find, in a file too, for the kinds that keep files. */
async function news(headline: string, parts: Partial<ChannelMessage> = {}): Promise<ChannelMessage> {
  const n = String(++count).padStart(4, '0')
  const file = await stored(needs, 'news.xml', headline)
  return channelMessage({
    key: `contract-${n}`,
    headline,
    text: '',
    files: [{ ...file, path: `VOEVENTS/news-${n}.xml` }],
    folders: ['IMAGES', 'LOGBOOK'],
    ...parts,
  })
}

describe.each(rigs.map((rig) => [rig.name, rig] as const))('%s', (_, rig) => {
  const kind = channelKinds.find(({ key }) => key === rig.kind)
  if (!kind) throw new Error(`no kind ${rig.kind}`)
  const subject = (id: string) => ({ kind: 'event', id: `${rig.name} ${id}`, name: `S${id}`, group: 'GW' })
  const since = async (before: number) => (await rig.arrived()).slice(before)
  // Files come in the order of their names, which is that of the messages.
  const newSince = async (before: Awaited<ReturnType<ChannelRig['arrived']>>) => {
    const known = new Set(before.map((each) => JSON.stringify(each)))
    return (await rig.arrived()).filter((each) => !known.has(JSON.stringify(each)))
  }

  async function deliver(
    message: ChannelMessage,
    settings: Record<string, unknown> = rig.settings,
    signal: AbortSignal = AbortSignal.timeout(20_000),
  ): Promise<Delivered> {
    return kind!.deliver(needs, kind!.settings.parse(settings), message, signal)
  }

  async function failure(promise: Promise<unknown>): Promise<Error> {
    const error: unknown = await promise.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (!(error instanceof Error)) throw new Error('it should have failed')
    const told = JSON.stringify([error.message, isProblem(error) ? error.details : {}])
    for (const secret of rig.secrets) expect(told).not.toContain(secret)
    return error
  }

  afterEach(() => rig.faults?.clear())

  it('secret settings are among the settings, and none of them is needed to show the others', () => {
    for (const name of kind.secret) expect(Object.keys(kind.settings.shape)).toContain(name)
    expect(() => kind.settings.parse({})).toThrow()
  })

  it('a start and its news arrive in order, in one thread, and the retraction too', async () => {
    const before = await rig.arrived()
    const thread = subject('1')
    const first = await deliver(await news('one opens', { role: 'start', thread }))
    expect(first.threadState).toBeTypeOf('object')
    let threadState = JSON.parse(JSON.stringify(first.threadState)) as Record<string, unknown>
    for (const headline of ['two', 'three']) {
      const next = await deliver(await news(headline, { thread, threadState }))
      if (next.threadState) threadState = next.threadState
      expect(next.receipt).toMatch(/^\S[^\r\n]*$/)
    }
    await deliver(await news('retracted', { thread, threadState, role: 'end' }))
    const arrived = await newSince(before)
    expect(arrived.map(({ headline }) => headline)).toEqual(['one opens', 'two', 'three', 'retracted'])
    expect(new Set(arrived.map((each) => each.thread)).size).toBe(1)
    expect(rig.refusals).toEqual([])
  })

  it('news opens a thread of its own where none is; another subject is another thread', async () => {
    const before = await rig.arrived()
    await deliver(await news('lone news', { thread: subject('2') }))
    await deliver(await news('other news', { thread: subject('3') }))
    const arrived = await newSince(before)
    expect(arrived.map(({ headline }) => headline)).toEqual(['lone news', 'other news'])
    expect(new Set(arrived.map((each) => each.thread)).size).toBe(2)
  })

  it('a repeat of which it is not known whether it went out does not appear twice', async () => {
    const { length: before } = await rig.arrived()
    const thread = subject('4')
    const start = await news('once', { role: 'start', thread })
    const first = await deliver(start)
    // As after a crash before the answer was written down: the thread is not known either.
    const again = await deliver({ ...start, uncertain: true })
    expect(again.threadState).toEqual(first.threadState)
    const second = await news('and once', { thread, threadState: first.threadState ?? null })
    await deliver(second)
    await deliver({ ...second, uncertain: true })
    expect(await since(before)).toHaveLength(2)
    const never = await news('never sent yet', { thread, threadState: first.threadState ?? null })
    await deliver({ ...never, uncertain: true })
    expect(await since(before)).toHaveLength(3)
  })

  it.skipIf(!rig.faults)('a connection that is cut after the server took it does not double it', async () => {
    const { length: before } = await rig.arrived()
    const message = await news('cut', { thread: subject('5') })
    rig.faults?.add('drop', { where: rig.puts })
    const error = await failure(deliver(message))
    expect(isProblem(error, 'channel.refused')).toBe(false)
    await deliver({ ...message, uncertain: true })
    expect(await since(before)).toHaveLength(1)
  })

  it('long texts, many facts, links and buttons, and every script arrive within all limits', async () => {
    const { length: before } = await rig.arrived()
    const long = `${'Ünïcödé <b>&amp; 重力波 🌌 '.repeat(2_000)}${'x'.repeat(9_000)}\n\0\u2028end`
    const many = <T>(n: number, make: (i: number) => T) => Array.from({ length: n }, (_each, i) => make(i))
    await deliver(
      await news('long', {
        thread: { ...subject('6'), name: `S6 ${'\u{1F30C}'.repeat(300)}\r\nBcc: x@y.z` },
        text: long,
        facts: [
          ...many(500, (i) => ({ label: `fact ${i} <!channel>`, value: `${i} ± 1` })),
          { label: '', value: long },
        ],
        links: many(60, (i) => ({ label: `link ${i}`.repeat(20), url: `https://example.org/${i}?a=1&b="<` })),
        actions: many(40, (i) => ({
          action: 'plans.start',
          label: `Plan ${i}`,
          value: String(i),
          primary: i === 0,
        })),
      }),
    )
    await deliver(
      await news(`A headline of ${'many words '.repeat(60)}\r\nX-Injected: yes`, { thread: subject('7') }),
    )
    await deliver(await news('bare', { thread: subject('8'), facts: [], links: [], folders: [] }))
    expect(rig.refusals).toEqual([])
    expect(await since(before)).toHaveLength(3)
  })

  it('credentials that do not hold are refused for good, in a sentence with the remedy', async () => {
    const error = await failure(deliver(await news('wrong', { thread: subject('9') }), rig.wrong))
    expect(isProblem(error, 'channel.refused')).toBe(true)
    expect(error.message).toMatch(/\b(enter|check|correct|make)\b.*\.$/)
  })

  it('nobody there is said within the time limit, and may be tried again', async () => {
    const began = performance.now()
    const error = await failure(deliver(await news('nowhere', { thread: subject('10') }), rig.nowhere))
    expect(performance.now() - began).toBeLessThan(5_000)
    if (rig.faults) expect(isProblem(error, 'channel.refused')).toBe(false)
  })

  it.skipIf(!rig.faults)('a server that does not answer is given up at the time limit (0.3 s)', async () => {
    rig.faults?.add('slow', { where: rig.puts })
    const began = performance.now()
    const error = await failure(
      deliver(await news('slow', { thread: subject('11') }), { ...rig.settings, timeoutSeconds: 0.3 }),
    )
    expect(performance.now() - began).toBeLessThan(5_000)
    expect(isProblem(error, 'net.timeout')).toBe(true)
  })

  it('stops when it is told to, also in the middle', async () => {
    const { length: before } = await rig.arrived()
    await failure(
      deliver(await news('stopped', { thread: subject('12') }), rig.settings, AbortSignal.abort()),
    )
    if (rig.faults) {
      rig.faults.add('slow', { where: rig.puts })
      const began = performance.now()
      const settings = { ...rig.settings, timeoutSeconds: 60 }
      await failure(
        deliver(await news('stopped', { thread: subject('12') }), settings, AbortSignal.timeout(200)),
      )
      expect(performance.now() - began).toBeLessThan(5_000)
    }
    expect(rig.kind === 'tree' ? [] : await since(before)).toHaveLength(0)
  })

  it.skipIf(!rig.faults)('a server that is down for a moment is tried again with success', async () => {
    const { length: before } = await rig.arrived()
    const message = await news('later', { thread: subject('13') })
    rig.faults?.add({ status: rig.kind === 'mail' ? 451 : 503 }, { where: rig.puts })
    expect(isProblem(await failure(deliver(message)), 'channel.refused')).toBe(false)
    await deliver({ ...message, uncertain: true })
    const arrived = await since(before)
    expect(arrived.map(({ headline }) => headline)).toContain('later')
  })
})
