#!/usr/bin/env node
// Re-executes the program under the pinned runtime, so that `npm ci` on a machine with any Node gives the same behaviour.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
// Node strips no types under node_modules: an installed package runs its emitted JavaScript.
const source = join(root, 'src/interface/cli/main.ts')
const emitted = join(root, 'dist/interface/cli/main.js')
const main = existsSync(source) && !root.includes(`${sep}node_modules${sep}`) ? source : emitted

function pinnedRuntime() {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${platform}-${process.arch}/package.json`)
    const binary = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(binary) ? binary : undefined
  } catch {
    return undefined
  }
}

const major = Number(process.versions.node.split('.')[0])
const runtime = pinnedRuntime() ?? (major >= 24 ? process.execPath : undefined)
if (!runtime) {
  console.error(
    `urania needs Node 24 or newer; this is ${process.version} and no pinned runtime is published for ` +
      `${process.platform}-${process.arch}: install Node 24 from your package manager and run it again.`,
  )
  process.exit(1)
}

// Compiled and type-stripped code is kept between runs: a command starts in a third of the time. In the user's own folder,
// since whoever could write there could run what they like.
process.env.NODE_COMPILE_CACHE ??= join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'urania')

const args = ['--disable-warning=ExperimentalWarning', main, ...process.argv.slice(2)]
if (typeof process.execve === 'function' && process.platform !== 'win32') {
  // One process: signals and `kill -9` reach the program itself.
  process.execve(runtime, [runtime, ...args], process.env)
}
// The channel ends when this process is killed, and the program with it.
const child = spawn(runtime, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => {
  if (signal) process.exitCode = 128 + (signal === 'SIGINT' ? 2 : signal === 'SIGTERM' ? 15 : 9)
  else process.exitCode = code ?? 1
})
