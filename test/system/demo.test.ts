import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { dispose, eventually, startProgram, temporaryFolder, urania, type Program } from './program.ts'

interface EventRow {
  name: string
  kind: string
  role: string
  status: string
  noticeCount: number
  firstNoticeAt: string
  verdict: { decision: string } | null
}

const began = new Date().toISOString()
const folder = temporaryFolder()
let demo: Program
let cookie: string
const kinds: string[] = []

beforeAll(async () => {
  const command = ['demo', '--speed', '20']
  demo = await startProgram({ command, home: null, env: { TMPDIR: folder } })
  cookie = await visit()
  void listen()
})
afterAll(dispose)

/** Opens the page as a browser does (fetch says of itself that it is no navigation); what it is given as cookies. */
async function visit(headers: Record<string, string> = {}): Promise<string> {
  const [answer] = (await once(get(demo.url, { headers }), 'response')) as [IncomingMessage]
  answer.resume()
  return (answer.headers['set-cookie'] ?? []).map((each) => each.split(';')[0]).join('; ')
}

/** Kinds of everything that the open page is told. */
async function listen() {
  const response = await demo.request('/api/v1/stream', { headers: { cookie } })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    for (const [, kind] of part.value.matchAll(/^event: (.+)$/gm)) kinds.push(kind)
  }
}

async function items<T>(path: string): Promise<T[]> {
  const response = await demo.request(`/api/v1${path}`, { headers: { cookie } })
  return ((await response.json()) as { items: T[] }).items
}

const events = (): Promise<EventRow[]> => items('/events?limit=100')

it('the visitor of the page is signed in by it, others are not', async () => {
  const me = await demo.request('/api/v1/me', { headers: { cookie } })
  expect(await me.json()).toMatchObject({ person: { name: 'Demonstrator' } })
  expect((await demo.request('/api/v1/events')).status).toBe(401)
  expect(await visit({ 'x-forwarded-for': '203.0.113.7' })).toBe('')
  expect(await visit({ 'sec-fetch-mode': 'cors' })).toBe('')
})

it('earlier nights are there at once, all marked as simulated, each with a decision', async () => {
  const rows = await eventually('three nights of three events', events, (list) => list.length >= 9, 60)
  const earlier = await eventually(
    'they are all assessed',
    async () => (await events()).filter((row) => row.firstNoticeAt < began),
    (list) => list.length === 9 && list.every((row) => row.verdict),
  )
  expect(new Set(rows.map((row) => row.role))).toEqual(new Set(['simulated']))
  const decisions = new Set(earlier.map((row) => row.verdict!.decision))
  expect([...decisions]).toEqual(expect.arrayContaining(['GO', 'RETRACTED']))
})

it('the live night goes on: better each time, one retracted, told to the open page as it happens', async () => {
  const live = await eventually(
    'merger told four times, other one retracted, burst told twice',
    async () => (await events()).filter((row) => row.firstNoticeAt >= began),
    (list) => list.reduce((sum, row) => sum + row.noticeCount, 0) === 8 && list.every((row) => row.verdict),
    60,
  )
  const retracted = live.filter((row) => row.status === 'retracted')
  expect(retracted).toMatchObject([{ kind: 'gw', noticeCount: 2, verdict: { decision: 'RETRACTED' } }])
  expect(live.filter((row) => row.kind === 'gw' && row.noticeCount === 4)).toHaveLength(1)
  await sleep(200)
  expect(kinds).toContain('alerts.event_retracted')
  expect(kinds.filter((kind) => kind === 'alerts.event_changed').length).toBeGreaterThanOrEqual(8)
})

it('the merger is planned for two groups of telescopes, and the inbox tells it like a chat', async () => {
  const plans = await eventually(
    'two plans',
    () => items<{ state: string; probability: number; bound: number }>('/plans?state=ready'),
    (list) => list.length >= 2,
    90,
  )
  for (const { probability, bound } of plans) {
    expect(probability).toBeGreaterThan(0)
    expect(bound).toBeGreaterThanOrEqual(probability - 1e-9)
  }
  await eventually(
    'they are told',
    () => items<{ headline: string }>('/inbox?limit=200'),
    (list) =>
      list.filter(({ headline }) => /plan for .* covers|new version of the plan/.test(headline)).length >= 2,
    60,
  )
})

it('a telescope takes a field of the plan: the frame is measured and subtracted, what was put into it is found', async () => {
  interface TaskRow {
    state: string
    findings: { transients?: { kept: number }; subtraction?: { candidates: number; negative: number } }
  }
  const tasks = await eventually(
    'a frame and one from before are processed',
    () => items<TaskRow>('/tasks'),
    (list) => list.some(({ state }) => /subtraction_done|failed/.test(state)),
    90,
  )
  expect(tasks.map(({ state }) => state).toSorted()).toEqual(['photometry_done', 'subtraction_done'])
  const { transients, subtraction } = tasks.find(({ findings }) => findings.subtraction)!.findings
  // Three are new and one has faded; noise may add one.
  expect(subtraction!.candidates).toBeGreaterThanOrEqual(4)
  expect(subtraction!.candidates).toBeLessThanOrEqual(6)
  expect(subtraction!.negative).toBeGreaterThanOrEqual(1)
  expect(transients!.kept).toBeGreaterThanOrEqual(1)
  expect(await items('/frames')).toHaveLength(2)
})

it('Ctrl-C ends it, and its temporary home goes with it', async () => {
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/^urania-demo-/)])
  const { code, stderr } = await demo.stop()
  expect([code, stderr]).toEqual([0, expect.stringContaining('RETRACTION')])
  expect(readdirSync(folder)).toEqual([])
})

it('a folder that no demonstration made is refused', async () => {
  const home = temporaryFolder()
  writeFileSync(join(home, 'thesis.tex'), '')
  const { code, stderr } = await urania(['demo', '--home', home, '--port', '0'])
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^urania: .*no demonstration made.*\n$/)])
})
