import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pino } from 'pino'
import { afterAll, expect, it } from 'vitest'
import { z } from 'zod'
import { createSignals } from '#platform/events/signals.ts'
import { testDatabase } from '#test/platform.ts'
import { until } from '#test/until.ts'
import { createJobs } from './jobs.ts'

const { db, url } = await testDatabase()
const folder = await mkdtemp(join(tmpdir(), 'urania-jobs-'))
afterAll(() => rm(folder, { recursive: true }))
const kind = { name: 'test.child', title: 'Child', input: z.object({}) }

it('kill -9 of a worker: its jobs run again within seconds, none is lost, none runs twice at once', async () => {
  const file = join(folder, 'journal')
  const log = pino({ level: 'silent' })
  const signals = createSignals({ connection: { connectionString: url }, log })
  const sender = createJobs({ db, signals, log })
  sender.register([{ kind, run: async () => {} }])
  await signals.start()
  await sender.start({ work: false })
  const start = (ms: number) => {
    const script = resolve(import.meta.dirname, '../../../test/jobs-child.ts')
    const child = spawn(process.execPath, [script, url, file, String(ms)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise<void>((done) => child.once('exit', () => done()))
    return { pid: child.pid, end: (signal: 'SIGKILL' | 'SIGTERM') => (child.kill(signal), ended) }
  }
  const journal = async () =>
    (await readFile(file, 'utf8').catch(() => '')).split('\n').flatMap((line) => {
      const [what, id, pid, at] = line.split(' ')
      return at ? [{ what, id, pid: Number(pid), at: Number(at) }] : []
    })

  const victim = start(60_000)
  const ids = await Promise.all(Array.from({ length: 5 }, () => sender.send(db, kind, {})))
  await until(async () => (await journal()).length === 3, 'three jobs begun')
  await victim.end('SIGKILL')
  const killed = Date.now()
  const heir = start(50)
  const rival = start(50)
  await until(
    async () => !(await sender.list({ kind: kind.name })).some((job) => job.state !== 'done'),
    'all jobs done',
  )
  const lines = await journal()
  const again = lines.filter((line) => line.what === 'begin' && line.pid !== victim.pid)
  expect(again.map((line) => line.id).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
    ids.toSorted((a, b) => (a < b ? -1 : 1)),
  )
  const taken = Math.max(...again.map((line) => line.at)) - killed
  process.stdout.write(`jobs: work of a killed process began again after ${taken} ms\n`)
  expect(taken).toBeLessThan(15_000)
  expect((await sender.get(ids[0]))?.attempt).toBe(1)

  // A polite end gives running work back, and another process has it at once.
  await Promise.all([heir.end('SIGTERM'), rival.end('SIGTERM')])
  const polite = start(60_000)
  const id = await sender.send(db, kind, {})
  await until(async () => (await journal()).some((line) => line.id === id), 'the job begun')
  await polite.end('SIGTERM')
  expect((await sender.get(id))?.state).toBe('queued')
  const last = start(10)
  await until(async () => (await sender.get(id))?.state === 'done', 'the job done')
  await last.end('SIGTERM')
  await sender.stop()
  await signals.stop()
})
