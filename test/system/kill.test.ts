import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { syntheticNotices, type SampleNotice } from '#bench/notices.ts'
import { seededRandom } from '#science/simulate/random.ts'
import {
  databasePid,
  databaseServers,
  dispose,
  eventually,
  makeAdministrator,
  startProgram,
  type Program,
} from './program.ts'

afterAll(dispose)

interface Receipt {
  id: string
  sha256: string
  duplicate: boolean
}

const victims = ['program', 'database', 'both', 'program', 'both'] as const
const inFlight = 6

it('kill -9 of program, database and both during ingest: nothing acknowledged is lost, nothing is doubled', async () => {
  const random = seededRandom(20)
  const notices = syntheticNotices(240, 5)
  const acknowledged = new Map<SampleNotice, Receipt>()
  let program = await startProgram()
  const { home } = program
  const token = await makeAdministrator(program)
  let ended = false
  const waiting = [...notices]

  /** A sender that keeps each notice until it is acknowledged, as every sender should. */
  const sender = async () => {
    for (let notice = waiting.shift(); notice; notice = waiting.shift()) {
      const receipt = await hand(program, notice)
      if (receipt) acknowledged.set(notice, receipt)
      else waiting.push(notice)
      // Slow enough that every kill finds some on their way.
      await sleep(receipt ? 40 : 100)
      if (ended) return
    }
  }
  const senders = Array.from({ length: inFlight }, sender)
  try {
    for (const victim of victims) {
      await sleep(200 + 500 * random.uniform())
      const before = [...acknowledged.values()]
      if (victim !== 'program') process.kill(databasePid(home)!, 'SIGKILL')
      if (victim !== 'database') {
        program.kill('SIGKILL')
        await program.exit
        program = await startProgram({ home })
        program.token = token
      }
      await eventually('the program is ready again', () => ready(program), Boolean)
      for (const { id, sha256 } of before.slice(-20)) {
        const hash = await eventually(`bytes of ${id}`, () => hashOfBytes(program, id), Boolean)
        expect(hash, `bytes of ${id} after kill of ${victim}`).toBe(sha256)
      }
      expect(databaseServers(home)).toHaveLength(1)
    }
    await Promise.all(senders)
  } finally {
    ended = true
  }

  expect(acknowledged.size).toBe(notices.length)
  await eventually(
    'every notice is read',
    () => list<{ id: string }>(program, '/notices?state=received'),
    (left) => left.length === 0,
    60,
  )
  const stored = await list<{ id: string; state: string; sha256: string; eventName: string }>(
    program,
    '/notices?',
  )
  expect(stored.map(({ state }) => state)).toEqual(stored.map(() => 'parsed'))
  expect(stored.map(({ id }) => id).toSorted()).toEqual(
    [...acknowledged.values()].map(({ id }) => id).toSorted(),
  )
  expect(new Set(stored.map(({ sha256 }) => sha256)).size).toBe(notices.length)

  const events = await list<{
    name: string
    noticeCount: number
    verdict: object | null
    place: { state: string }
  }>(program, '/events?')
  expect(events.map(({ name }) => name).toSorted()).toEqual(notices.map(({ event }) => event).toSorted())
  expect(events.filter(({ noticeCount }) => noticeCount !== 1)).toEqual([])
  expect(events.filter(({ verdict, place }) => !verdict || place.state !== 'ready')).toEqual([])
  expect(await list(program, '/jobs?state=failed')).toEqual([])
  expect((await program.stop()).code).toBe(0)
  expect(databaseServers(home)).toEqual([])
})

async function hand(program: Program, { bytes, topic }: SampleNotice): Promise<Receipt | undefined> {
  try {
    const response = await program.request(`/api/v1/notices?topic=${topic}`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
      signal: AbortSignal.timeout(20_000),
    })
    return response.status === 202 ? ((await response.json()) as Receipt) : undefined
  } catch {
    return undefined
  }
}

async function ready(program: Program): Promise<boolean> {
  try {
    return (await program.request('/health/ready')).ok
  } catch {
    return false
  }
}

/** Undefined while the database comes back, which is answered by 503. */
async function hashOfBytes(program: Program, id: string): Promise<string | undefined> {
  // A connection that was kept from before the kill may still be tried once.
  const response = await program.request(`/api/v1/notices/${id}/bytes`).catch(() => undefined)
  if (!response || response.status === 503) return undefined
  if (!response.ok) throw new Error(`Its bytes: ${response.status} ${await response.text()}`)
  return createHash('sha256')
    .update(new Uint8Array(await response.arrayBuffer()))
    .digest('hex')
}

/** All pages of a list. */
async function list<T>(program: Program, path: string): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = `/api/v1${path}&limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`
    const page: { items: T[]; next: string | null } = await program.get(query)
    items.push(...page.items)
    cursor = page.next
  }
  return items
}
