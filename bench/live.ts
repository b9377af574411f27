import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium, type Browser } from 'playwright-core'
import {
  administrator,
  dispose,
  makeAdministrator,
  root,
  startProgram,
  type Program,
} from '#test/system/program.ts'
import { race, type Contestant, type Subject } from './harness.ts'
import { post } from './ingest.ts'
import { syntheticNotices } from './notices.ts'

const rounds = 15
const warmUp = 3

export const subject: Subject = {
  name: 'live',
  title: 'From the post of a notice until it is seen',
  async run(report) {
    const program = await startProgram()
    try {
      await makeAdministrator(program)
      const posts = syntheticNotices(4 * (rounds + warmUp)).values()
      const listening = new AbortController()
      const stream = await listen(program, listening.signal)
      const next = () => posts.next().value!
      await race(report, {
        what: `${subject.title}: event on the stream, everything assessed`,
        rounds,
        warmUp,
        within: 1,
        contestants: [
          {
            tool: 'Urania',
            async once() {
              const notice = next()
              const began = performance.now()
              await post(program, notice)
              await stream.told(notice.event)
              return { seconds: (performance.now() - began) / 1000, answer: null }
            },
          },
        ],
      })
      listening.abort()
      const executablePath = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
        (path) => path && existsSync(path),
      )
      if (!executablePath || !existsSync(join(root, 'dist/web/index.html'))) {
        report.skipped.push('live: the open page, because Chromium or the built page is not here.')
        return
      }
      const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
      try {
        await race(report, {
          what: `${subject.title}: row on the open list of events`,
          rounds,
          warmUp,
          within: 1,
          contestants: [await openPage(browser, program, next)],
        })
      } finally {
        await browser.close()
      }
    } finally {
      await dispose()
    }
  },
}

async function openPage(
  browser: Browser,
  program: Program,
  next: () => ReturnType<typeof syntheticNotices>[number],
): Promise<Contestant> {
  const context = await browser.newContext({ baseURL: program.url })
  const { email, password } = administrator
  const headers = { origin: program.url }
  await context.request.post('/api/auth/sign-in/email', { data: { email, password }, headers })
  const page = await context.newPage()
  await page.goto('/events')
  await page.getByRole('table').waitFor()
  return {
    tool: 'Urania, Chromium',
    async once() {
      const notice = next()
      const began = performance.now()
      await post(program, notice)
      await page.getByText(notice.event, { exact: true }).first().waitFor()
      const seconds = (performance.now() - began) / 1000
      // As on a quiet night: the page has settled before the next one.
      await sleep(300)
      return { seconds, answer: null }
    },
  }
}

/** Names of events as the stream tells that they changed. */
async function listen(program: Program, signal: AbortSignal) {
  const response = await program.request('/api/v1/stream', { signal })
  const seen = new Set<string>()
  const waiting = new Map<string, () => void>()
  const read = async () => {
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      for (const [, name] of part.matchAll(/"kind":"alerts\.event_changed".*?"name":"([^"]+)"/g)) {
        seen.add(name)
        waiting.get(name)?.()
      }
    }
  }
  read().catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
  return {
    told: (name: string) =>
      new Promise<void>((done) => {
        if (seen.has(name)) done()
        else waiting.set(name, done)
      }),
  }
}
