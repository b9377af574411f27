import { appendFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { z } from 'zod'
import { connect } from '#platform/db/connect.ts'
import { createSignals } from '#platform/events/signals.ts'
import { createJobs } from '#platform/jobs/jobs.ts'

// A worker in a process of its own, to be killed. Each job notes begin and end in a file. Arguments: address of the
// database, file, milliseconds a job takes.

const [, , url, file, ms] = process.argv
const log = pino({ level: 'silent' })
const { db } = connect(url)
const signals = createSignals({ connection: { connectionString: url }, log })
const jobs = createJobs({ db, signals, log })
jobs.register([
  {
    kind: { name: 'test.child', title: 'Child', input: z.object({}), concurrency: 3, retry: { limit: 0 } },
    async run(_, { id, signal }) {
      await appendFile(file, `begin ${id} ${process.pid} ${Date.now()}\n`)
      await sleep(Number(ms), undefined, { signal })
      await appendFile(file, `end ${id} ${process.pid} ${Date.now()}\n`)
    },
  },
])
await signals.start()
await jobs.start({ work: true })
process.stdout.write('ready\n')
process.on('SIGTERM', () => {
  void jobs
    .stop()
    .then(() => signals.stop())
    .then(() => process.exit(0))
})
