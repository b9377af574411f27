/** Running an external program so that nothing of it is left, whatever happens. */
import { spawn } from 'node:child_process'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { Problem } from '#problem.ts'
import type { Guard } from './guard.ts'

export interface ProgramRun {
  /** Path of the program. */
  readonly program: string
  readonly args: readonly string[]
  /** After which it is ended. */
  readonly seconds: number
  /** Called with each line it writes to either stream, without colours. */
  readonly onLine?: (line: string) => void
  /** Besides PATH, HOME, TMPDIR and LC_ALL, which are set; nothing else is passed on. */
  readonly env?: Readonly<Record<string, string>>
}

export interface ProgramEnd {
  readonly code: number
  /** The last of what it wrote. */
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

/** Characters that are kept of each stream, and of a line. */
const mostKept = 64 * 1024
const longestLine = 2_000
/** Milliseconds between SIGTERM and SIGKILL. */
const patience = 1_500

// The program is not started before the guard knows its group: a shell waits for a word, and becomes the program.
const gate = 'IFS= read -r go && [ "$go" = go ] && exec "$@" </dev/null'

/**
 * Runs a program in a process group of its own.
 * @throws Problem engine.failed with the last line it wrote, engine.timeout, engine.cancelled
 */
export async function runProgram(
  { program, args, seconds, onLine, env }: ProgramRun,
  { folder, guard, signal }: { folder: string; guard: Guard; signal?: AbortSignal },
): Promise<ProgramEnd> {
  const name = basename(program)
  const begun = performance.now()
  const child = spawn('sh', ['-c', gate, name, program, ...args], {
    cwd: folder,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: folder,
      TMPDIR: folder,
      LC_ALL: 'C',
      ...env,
    },
  })
  child.stdin.on('error', () => {})
  const ended = Promise.withResolvers<{ code: number | null; killedBy: NodeJS.Signals | null }>()
  child.on('exit', (code, killedBy) => ended.resolve({ code, killedBy }))
  child.on('error', ended.reject)
  const stdout = lastOf(child.stdout, onLine)
  const stderr = lastOf(child.stderr, onLine)
  const group = child.pid
  if (group === undefined) {
    await ended.promise
    throw new Problem('engine.failed', `${name} could not be started.`, { program })
  }

  let stopped: 'timeout' | 'cancelled' | undefined
  let harder: NodeJS.Timeout | undefined
  const stop = (why: 'timeout' | 'cancelled'): void => {
    if (stopped) return
    stopped = why
    endGroup(group, 'SIGTERM')
    harder = setTimeout(() => endGroup(group, 'SIGKILL'), patience)
  }
  const onAbort = (): void => stop('cancelled')
  const timer = setTimeout(() => stop('timeout'), 1_000 * seconds)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal?.aborted) stop('cancelled')
    else {
      await guard.watch(group)
      child.stdin.end('go\n')
    }
    const { code, killedBy } = await ended.promise
    // What it left running in its group goes with it.
    endGroup(group, 'SIGKILL')
    await Promise.race([Promise.all([stdout.closed, stderr.closed]), after(1_000)])
    await groupGone(group)
    const end = { stdout: stdout.text(), stderr: stderr.text(), seconds: (performance.now() - begun) / 1_000 }
    if (stopped === 'cancelled') throw new Problem('engine.cancelled', `${name} was cancelled.`, { program })
    if (stopped === 'timeout')
      throw new Problem('engine.timeout', `${name} was ended: it took more than ${seconds} s.`, {
        program,
        seconds,
      })
    if (code !== 0) {
      const said = lastLine(end.stderr) ?? lastLine(end.stdout) ?? 'it said nothing'
      throw new Problem(
        'engine.failed',
        `${name} failed (${killedBy ?? `code ${code}`}): ${said.slice(0, 300)}`,
        { program, code, signal: killedBy },
      )
    }
    return { code, ...end }
  } catch (error) {
    endGroup(group, 'SIGKILL')
    throw error
  } finally {
    clearTimeout(timer)
    clearTimeout(harder)
    signal?.removeEventListener('abort', onAbort)
    guard.forget(group)
    child.stdin.destroy()
    child.stdout.destroy()
    child.stderr.destroy()
  }
}

function endGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch {
    // It is gone already.
  }
}

/** Waits until the group has no process; not for long, as one that nobody collects counts. */
async function groupGone(group: number): Promise<void> {
  for (let turn = 0; turn < 25; turn++) {
    try {
      process.kill(-group, 0)
    } catch {
      return
    }
    await after(20)
  }
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

// Colours, cursor movements, and what else is not text.
const notText = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]|[\\0-\\x08\\x0b-\\x1f\\x7f]`, 'g')

/** The last of a stream, and its lines as they come. */
function lastOf(
  stream: Readable,
  onLine?: (line: string) => void,
): { text(): string; closed: Promise<unknown> } {
  let kept = ''
  let line = ''
  const whole = (): void => {
    const clean = line.replace(notText, '').trimEnd()
    line = ''
    if (clean !== '') onLine?.(clean.slice(0, longestLine))
  }
  stream.setEncoding('latin1')
  stream.on('data', (text: string) => {
    kept = (kept + text).slice(-mostKept)
    if (!onLine) return
    const parts = text.split(/[\r\n]+/)
    for (const [i, part] of parts.entries()) {
      if (line.length < longestLine) line += part
      if (i < parts.length - 1) whole()
    }
  })
  const closed = new Promise((resolve) => {
    stream.on('close', () => {
      whole()
      resolve(undefined)
    })
  })
  return { text: () => kept.replace(notText, ''), closed }
}

function lastLine(text: string): string | undefined {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .at(-1)
}
