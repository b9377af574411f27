import { runProgram } from '#platform/terminal/program.ts'
import { groups } from './groups.ts'
import { services } from './services.ts'
import { programVersion } from './version.ts'

const stopping = new AbortController()
let askedAt = -Infinity
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
function stop(signal: NodeJS.Signals): void {
  // Ctrl-C reaches us from the terminal and again from the launcher; only a later one means "now".
  if (stopping.signal.aborted && performance.now() - askedAt > 500) process.exit(130)
  if (!stopping.signal.aborted) askedAt = performance.now()
  stopping.abort(new Error(`stopped by ${signal}`, { cause: signal }))
}
for (const signal of signals) process.on(signal, stop)
// The launcher that started us was killed: so are we.
if (process.connected) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel?.unref()
}
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `urania events list | head` is no failure.
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const code = await runProgram(process.argv.slice(2), {
  name: 'urania',
  version: programVersion(),
  groups,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stopping.signal,
  // Without a listener a signal does what it does by default: it ends the program.
  async atOnce(work) {
    // What came while the program was busy is heard now.
    await new Promise((resolve) => setImmediate(resolve))
    stopping.signal.throwIfAborted()
    for (const signal of signals) process.off(signal, stop)
    try {
      return work()
    } finally {
      for (const signal of signals) process.on(signal, stop)
    }
  },
  services,
})
// Kept connections of libraries must not hold a command that has ended; output must be out first.
await Promise.all(
  [process.stdout, process.stderr].map(
    (stream) => new Promise<void>((done) => stream.write('', () => done())),
  ),
)
process.exit(code)
