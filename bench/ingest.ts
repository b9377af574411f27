import { setTimeout as sleep } from 'node:timers/promises'
import { dispose, makeAdministrator, startProgram, type Program } from '#test/system/program.ts'
import { figure, type Subject } from './harness.ts'
import { fullMixture, sharedNotices, type SampleNotice } from './notices.ts'

const senders = 16

export const subject: Subject = {
  name: 'ingest',
  title:
    '2,000 notices (200 IGWN with 0.8 MB maps, 900 VOEvent, 900 unified JSON) posted to a running server',
  async run(report, note) {
    const notices = sharedNotices(fullMixture)
    if (!notices) {
      report.skipped.push('ingest: the notices are made from the shared test data, which are not here.')
      return
    }
    const program = await startProgram()
    try {
      await makeAdministrator(program)
      const began = performance.now()
      await postAll(program, notices)
      const posted = (performance.now() - began) / 1000
      note(`acknowledged after ${posted.toFixed(1)} s`)
      while ((await total(program, '/notices?state=received')) > 0) await sleep(200)
      const worked = (performance.now() - began) / 1000
      const missing = await countIncomplete(program, notices.length)
      report.rows.push(
        figure('Notices acknowledged', notices.length / posted, 'per s', { atLeast: 100 }),
        figure('All parsed, localized and scored after the first post', worked, 's', { atMost: 120 }),
        figure('Notices that were not parsed, localized and scored', missing, 'notices', { atMost: 0 }),
      )
      await program.stop()
    } finally {
      await dispose()
    }
  },
}

async function postAll(program: Program, notices: readonly SampleNotice[]): Promise<void> {
  const waiting = notices.values()
  await Promise.all(
    Array.from({ length: senders }, async () => {
      for (const notice of waiting) await post(program, notice)
    }),
  )
}

/** Posts one notice; throws unless it is acknowledged. */
export async function post(program: Program, { topic, bytes }: SampleNotice): Promise<void> {
  const response = await program.request(`/api/v1/notices?topic=${topic}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: bytes,
  })
  if (response.status !== 202) throw new Error(`POST answered ${response.status}: ${await response.text()}`)
  await response.arrayBuffer()
}

interface Page<T> {
  items: T[]
  next: string | null
}

/** Rows on the first page: zero is what is waited for. */
async function total(program: Program, path: string): Promise<number> {
  return (await program.get<Page<unknown>>(`/api/v1${path}&limit=1`)).items.length
}

/** Every notice made an event of its own, so each event must have a place and a verdict. */
async function countIncomplete(program: Program, expected: number): Promise<number> {
  let complete = 0
  for (let cursor: string | null = ''; cursor !== null;) {
    const after: string = cursor && `&cursor=${encodeURIComponent(cursor)}`
    const page: Page<{ verdict: object | null; place: { state: string } }> = await program.get(
      `/api/v1/events?test=all&limit=500${after}`,
    )
    complete += page.items.filter(({ verdict, place }) => verdict && place.state === 'ready').length
    cursor = page.next
  }
  return expected - complete
}
