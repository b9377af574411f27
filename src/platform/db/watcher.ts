import { spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Layout } from './cluster.ts'

// Every user of the server keeps the writing end of a FIFO open; the kernel closes it however the user dies. A shell
// reads it: end of file means that nobody is left, and it stops the server. So a server never outlives a killed program.
const script = `
[ -p "$1" ] || mkfifo -m 600 "$1" || exit 1
while read -r word; do [ "$word" = stopped ] && exit 0; done < "$1"
pid=$(head -n 1 "$2/postmaster.pid" 2> /dev/null) || exit 0
if tr '\\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null | grep -q postgres ||
  ps -o args= -p "$pid" 2> /dev/null | grep -q postgres; then kill -INT "$pid"; fi
`

/** Our hold on the running server, beside the registration; it ends with this process. */
export interface Hold {
  /** Nobody watched before us: a reader that saw the last user go may be about to stop the server. */
  readonly fresh: boolean
  /** Others may still hold it. */
  close(): void
  /** We were the last and have stopped the server; nothing is left to watch. */
  dismiss(): void
}

/** Takes the FIFO's writing end, starting its reader where none runs. On Windows there is none: the server stays. */
export async function holdServer(paths: Layout): Promise<Hold> {
  if (process.platform === 'win32') return { fresh: false, close() {}, dismiss() {} }
  for (let attempt = 0; attempt < 400; attempt++) {
    const handle = openWriter(paths.fifo)
    if (handle !== undefined) {
      return {
        fresh: attempt > 0,
        close: () => fs.closeSync(handle),
        dismiss() {
          try {
            fs.writeSync(handle, 'stopped\n')
          } catch {
            // The reader was killed.
          }
          fs.closeSync(handle)
          // The next starter must not take the one that is about to end for a living one.
          fs.rmSync(paths.fifo, { force: true })
        },
      }
    }
    if (attempt % 200 === 0) startReader(paths)
    await sleep(5)
  }
  // Without a reader (no shell, no mkfifo) only the last orderly user stops the server.
  return { fresh: false, close() {}, dismiss() {} }
}

function openWriter(fifo: string): number | undefined {
  try {
    if (!fs.lstatSync(fifo).isFIFO()) fs.rmSync(fifo)
    return fs.openSync(fifo, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK)
  } catch {
    // ENOENT: never made; ENXIO: nobody reads.
    return undefined
  }
}

function startReader(paths: Layout) {
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      `[ -p "$1" ] || mkfifo -m 600 "$1" || exit 1\n${script}`,
      'urania-database-watcher',
      paths.fifo,
      paths.data,
    ],
    { cwd: '/', stdio: 'ignore', detached: true, env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' } },
  )
  child.on('error', () => {})
  child.unref()
}
