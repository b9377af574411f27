import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isProblem, Problem } from '#problem.ts'
import { sequenceSeconds, supereventLetters, type SimulatedNotice } from '#science/simulate/alerts.ts'
import { loadConfig, type LoadedConfig } from '#platform/config/load.ts'
import type { Platform } from '#platform/platform.ts'
import type { Command, Invocation } from '#platform/terminal/command.ts'
import { ingest } from '#observatory/alerts/ingest.ts'
import { system } from '#observatory/people/actor.ts'
import { demonstrator } from '#observatory/people/demonstrator.ts'
import { demonstrationMarker } from '#interface/api/app.ts'
import { rooms } from '#interface/rooms.ts'
import { observe } from './demo-frames.ts'
import { makeRules } from './demo-rules.ts'
import { sequenceTask } from './sequence.ts'
import { startProgram, type RunningProgram } from './start.ts'

const firstPort = 4848
const portsTried = 10
const dayMs = 86_400_000
/** Earlier nights that are there at once: days before today. */
const earlierNights = [1, 2, 4]
/** So that somebody who opens the page sees it change, s. */
const pauseBeforeLive = 8

export const demo: Command = {
  words: ['demo'],
  usage: '',
  summary:
    'Show the whole chain on simulated alerts and frames: no account, no service, no network; Ctrl-C removes it',
  examples: ['urania demo', 'urania demo --port 8080 --speed 5'],
  options: {
    speed: { type: 'string', doc: 'How many times faster than it happened the night is told (default: 1)' },
    seed: { type: 'string', doc: 'Another number, another sky (default: 1)' },
  },
  async run({ flags, out, note, document, signal }) {
    const speed = positive(flags, 'speed', 1)
    const seed = positive(flags, 'seed', 1)
    const home = openHome(flags['home'])
    try {
      const program = await startOnFreePort(home.path, flags['port'], note)
      try {
        const person = await demonstrator(program.platform)
        document({ url: program.url, home: home.path, simulated: true }, () => {
          out(`Open ${program.url} to see a simulated night of alerts; you are signed in. Ctrl-C ends it.`)
          out(
            'Alerts become plans (/plans), a plan becomes frames (/frames), frames become measurements (/tasks).',
          )
        })
        observe(program.platform, person, { seed, url: program.url ?? '', note, signal }).catch(
          (error: unknown) => {
            if (!signal.aborted)
              note(`No frames are taken: ${error instanceof Error ? error.message : String(error)}`)
          },
        )
        await tell(program.platform, { seed, speed, note, signal })
        if (!signal.aborted) await new Promise<void>((done) => signal.addEventListener('abort', () => done()))
      } finally {
        await program.stop()
      }
    } finally {
      await home.close()
    }
  },
}

function positive(flags: Invocation['flags'], name: string, preset: number): number {
  const text = flags[name]
  if (typeof text !== 'string') return preset
  const value = Number(text)
  if (value > 0 && value < 1e9) return value
  throw new Problem('command.usage', `--${name} ${text} is no number above 0.`)
}

/** A home folder of the demonstration's own: a temporary one that goes with it, or a named one that stays. */
function openHome(named: Invocation['flags'][string]): { path: string; close(): Promise<void> } {
  if (typeof named === 'string') {
    const path = resolve(named)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    if (readdirSync(path).length > 0 && !existsSync(join(path, demonstrationMarker))) {
      throw new Problem(
        'request.conflict',
        `${path} holds something that no demonstration made; name an empty folder, or leave --home out.`,
        { path },
      )
    }
    mark(path)
    return { path, close: async () => {} }
  }
  const path = mkdtempSync(join(tmpdir(), 'urania-demo-'))
  mark(path)
  return { path, close: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) }
}

function mark(path: string): void {
  writeFileSync(join(path, demonstrationMarker), 'Made by "urania demo": everything in here is simulated.\n')
}

/** The port that was asked for, else the first free one from 4848 on. */
async function startOnFreePort(
  home: string,
  port: Invocation['flags'][string],
  note: Invocation['note'],
): Promise<RunningProgram> {
  const start = (at: string) => startProgram(configOf(home, at), { signInAutomatically: true })
  if (typeof port === 'string') return start(port)
  for (let at = firstPort; ; at++) {
    try {
      const program = await start(String(at))
      if (at !== firstPort) note(`Port ${firstPort} is taken, so the demonstration listens on ${at}.`)
      return program
    } catch (error) {
      if (!isProblem(error, 'server.cannot_listen') || at === firstPort + portsTried - 1) throw error
    }
  }
}

/** Settings of the demonstration: on loopback, its own database, no streams, whatever the environment says. */
function configOf(home: string, port: string): LoadedConfig {
  const { URANIA_LOG_LEVEL, URANIA_PG_BIN, URANIA_DB_USER } = process.env
  return loadConfig({
    sections: rooms.flatMap((room) => room.sections ?? []),
    env: {
      URANIA_PG_BIN,
      URANIA_DB_USER,
      URANIA_ALERTS_FETCH_MAPS: 'false',
      URANIA_TASKS_OFFLINE: 'true',
    },
    flags: {
      home,
      port,
      host: '127.0.0.1',
      roles: 'api,worker,scheduler',
      log_level: URANIA_LOG_LEVEL ?? 'warn',
    },
  })
}

interface Telling {
  seed: number
  speed: number
  note: Invocation['note']
  signal: AbortSignal
}

/** Hands in the earlier nights as fast as they can be made, then the live one at its own pace. */
async function tell(platform: Platform, { seed, speed, note, signal }: Telling): Promise<void> {
  const simulate = (at: number, ownSeed: number) =>
    platform.compute.run(sequenceTask, { seed: ownSeed, startMs: at, letters: lettersAt(at) }, { signal })
  try {
    const today = Date.now()
    for (const days of earlierNights) {
      const start = earlier(today, days)
      for (const notice of await simulate(start, seed + days)) {
        await handIn(platform, notice, new Date(start + notice.afterSeconds * 1000))
      }
    }
    await makeRules(platform, new Date(today - dayMs / 2))
    const began = Date.now() + (pauseBeforeLive * 1000) / speed
    // Told faster than it happened, it must have begun earlier: no notice may come from the future.
    const happened = began - Math.max(0, 1 - 1 / speed) * sequenceSeconds * 1000
    for (const notice of await simulate(happened, seed)) {
      const due = began + (notice.afterSeconds * 1000) / speed
      await sleep(Math.max(0, due - Date.now()), undefined, { signal })
      await handIn(platform, notice, new Date())
      note(`simulated: ${notice.label}`)
    }
    note('The night is told; the page stays until Ctrl-C.')
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

function handIn(platform: Platform, { bytes, topic }: SimulatedNotice, at: Date) {
  return ingest(platform, system, { bytes, topic, at })
}

/** A night some days ago, at an hour of its own. */
function earlier(now: number, days: number): number {
  const midnight = Math.floor(now / dayMs) * dayMs
  return midnight - days * dayMs + ((days * 17) % 24) * 3_600_000 + days * 754_321
}

/** Letters grow through the day, two names a minute, so that a home folder that is used again gets new names. */
function lettersAt(ms: number): string {
  return supereventLetters(2 * Math.floor((ms % dayMs) / 60_000))
}
