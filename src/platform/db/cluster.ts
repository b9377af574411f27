import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Problem } from '#problem.ts'
import { passable, type Account } from './account.ts'
import { program, type Binaries } from './binaries.ts'

const windows = process.platform === 'win32'

/** Where the parts of the embedded server lie under the home folder. */
export function layout(home: string) {
  return {
    home,
    /** PostgreSQL's own data folder; also where its socket is. */
    data: join(home, 'database'),
    password: join(home, 'database.password'),
    log: join(home, 'database.log'),
    lock: join(home, 'database.lock'),
    users: join(home, 'database.users'),
    fifo: join(home, 'database.fifo'),
    port: join(home, 'database.port'),
  }
}
export type Layout = ReturnType<typeof layout>

/** Major version of the data folder; undefined where there is none. */
export function clusterMajor(paths: Layout): number | undefined {
  try {
    return Number.parseInt(fs.readFileSync(join(paths.data, 'PG_VERSION'), 'utf8'), 10)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Makes the data folder, whole or not at all. Call it under the start lock. */
export function initialize(paths: Layout, binaries: Binaries, account: Account | undefined): void {
  for (const entry of fs.readdirSync(paths.home)) {
    if (entry.startsWith('database.new-'))
      fs.rmSync(join(paths.home, entry), { recursive: true, force: true })
  }
  const temporary = fs.mkdtempSync(join(paths.home, 'database.new-'))
  const password = randomBytes(24).toString('base64url')
  writeDurably(paths.password, password + '\n', paths.home)
  const passwordCopy = `${temporary}.password`
  fs.writeFileSync(passwordCopy, password + '\n', { mode: 0o600 })
  try {
    if (account) {
      fs.chownSync(temporary, account.uid, account.gid)
      fs.chownSync(passwordCopy, account.uid, account.gid)
    }
    const locale =
      binaries.major >= 17
        ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
        : [process.platform === 'linux' ? '--locale=C.UTF-8' : '--locale=C']
    // The account may be unable to enter the folders above the file, but not to reopen what it was handed.
    const input = fs.openSync(passwordCopy, 'r')
    const folder = openFolder(temporary, account)
    const result = spawnSync(
      program(binaries, 'initdb'),
      [
        '-D',
        folder.name,
        '--username=urania',
        '--encoding=UTF8',
        ...locale,
        '--auth=scram-sha-256',
        `--pwfile=${windows ? passwordCopy : '/dev/stdin'}`,
        '--data-checksums',
      ],
      {
        cwd: '/',
        env: environment(binaries),
        stdio: [input, 'pipe', 'pipe', folder.descriptor ?? 'ignore'],
        ...(account && { uid: account.uid, gid: account.gid }),
      },
    )
    for (const handle of [input, folder.descriptor]) if (handle !== undefined) fs.closeSync(handle)
    if (result.status !== 0) {
      const stderr = String(result.stderr || result.stdout) || String(result.error)
      const remedy = /look up effective user/.test(stderr)
        ? ' PostgreSQL needs an account with a name: give this one a line in /etc/passwd.'
        : ''
      throw new Problem(
        'database.start_failed',
        `The database folder ${paths.data} could not be made: ${reasonIn(stderr)}${remedy}`,
        { stderr: stderr.slice(-4000) },
      )
    }
    fs.renameSync(temporary, paths.data)
    syncFolder(paths.home)
  } finally {
    fs.rmSync(passwordCopy, { force: true })
    fs.rmSync(temporary, { recursive: true, force: true })
  }
}

/**
 * What the server is told its folder is. Under another account it may be unable to enter the folders above; it is then
 * handed the opened folder, which Linux lets it name without walking down to it. `descriptor` goes to its stdio[3].
 */
function openFolder(folder: string, account: Account | undefined): { name: string; descriptor?: number } {
  if (passable(dirname(folder), account)) return { name: folder }
  if (process.platform === 'linux' && fs.existsSync('/proc/self/fd')) {
    return { name: '/proc/self/fd/3', descriptor: fs.openSync(folder, fs.constants.O_DIRECTORY) }
  }
  throw new Problem(
    'database.home_closed',
    `The database runs as "${account!.name}", who may not enter ${dirname(folder)}; choose a --home whose folders others ` +
      `may pass through (mode 711), or set URANIA_DB_USER to an account that may.`,
    { home: dirname(folder), account: account!.name },
  )
}

function environment(binaries: Binaries): Record<string, string> {
  const keep = ['PATH', 'TMPDIR', 'SystemRoot', 'TEMP']
  return {
    ...Object.fromEntries(keep.flatMap((key) => (process.env[key] ? [[key, process.env[key]]] : []))),
    LC_ALL: 'C',
    TZ: 'UTC',
    ...binaries.env,
  }
}

/** Process id of the server that runs on the data folder, or undefined. A stale `postmaster.pid` is seen through. */
export function runningPid(paths: Layout): number | undefined {
  const pid = pidInFile(paths)
  return pid !== undefined && isServerOf(pid, paths) ? pid : undefined
}

function pidInFile(paths: Layout): number | undefined {
  try {
    const pid = Number.parseInt(fs.readFileSync(join(paths.data, 'postmaster.pid'), 'utf8'), 10)
    return pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

function isServerOf(pid: number, paths: Layout): boolean {
  if (!isAlive(pid)) return false
  if (process.platform === 'linux') {
    try {
      // A zombie, or another program that was given the number, has no such working folder.
      return fs.readlinkSync(`/proc/${pid}/cwd`) === fs.realpathSync(paths.data)
    } catch {
      return false
    }
  }
  if (windows) return true
  return /postgres/.test(String(spawnSync('ps', ['-o', 'command=', '-p', String(pid)]).stdout))
}

/** True when a process of that number exists. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

const durable = [
  'max_connections=200',
  'shared_buffers=128MB',
  'max_wal_size=2GB',
  'timezone=UTC',
  'log_timezone=UTC',
  'log_checkpoints=off',
  'fsync=on',
  'full_page_writes=on',
  'synchronous_commit=on',
]

async function listening(paths: Layout): Promise<string[]> {
  return windows
    ? ['listen_addresses=127.0.0.1', `port=${await freePort(paths)}`]
    : ['listen_addresses=', 'unix_socket_directories=.', 'unix_socket_permissions=0700', 'port=5432']
}

/** Spawns the server detached; it outlives us until its last user leaves. */
export async function spawnServer(
  paths: Layout,
  binaries: Binaries,
  account: Account | undefined,
  more: readonly string[] = [],
): Promise<{ child: ChildProcess; logFrom: number }> {
  const stale = pidInFile(paths)
  if (stale !== undefined && isAlive(stale)) {
    // The number now belongs to an unrelated process, and PostgreSQL would refuse to start. It disregards its own
    // parent's number; deleting the file instead would drop its guard against surviving children of a killed server.
    const file = join(paths.data, 'postmaster.pid')
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/^\d+/, String(process.pid)))
  }
  if ((fs.statSync(paths.log, { throwIfNoEntry: false })?.size ?? 0) > 16 * 2 ** 20)
    fs.truncateSync(paths.log)
  const log = fs.openSync(paths.log, 'a', 0o600)
  const logFrom = fs.fstatSync(log).size
  const settings = [...(await listening(paths)), ...durable, ...more]
  const folder = openFolder(paths.data, account)
  const child = spawn(
    program(binaries, 'postgres'),
    ['-D', folder.name, ...settings.flatMap((setting) => ['-c', setting])],
    {
      cwd: '/',
      env: environment(binaries),
      stdio: ['ignore', log, log, folder.descriptor ?? 'ignore'],
      // Its own session: Ctrl-C in our terminal must not reach it before we have finished our work.
      detached: true,
      windowsHide: true,
      ...(account && { uid: account.uid, gid: account.gid }),
    },
  )
  for (const handle of [log, folder.descriptor]) if (handle !== undefined) fs.closeSync(handle)
  child.unref()
  return { child, logFrom }
}

async function freePort(paths: Layout): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  const port = typeof address === 'object' && address ? address.port : 5432
  writeDurably(paths.port, String(port), paths.home)
  return port
}

/** How clients reach the server: a folder with its Unix socket, or a loopback port on Windows. */
export function address(paths: Layout): { host: string; port: number } {
  if (windows) return { host: '127.0.0.1', port: Number(fs.readFileSync(paths.port, 'utf8')) }
  return { host: socketFolder(paths.data), port: 5432 }
}

/** The folder itself, or, where its path is too long for a socket's address, a link to it in a private short folder. */
function socketFolder(data: string): string {
  // 107 bytes on Linux, 103 on macOS.
  if (Buffer.byteLength(join(data, '.s.PGSQL.5432')) <= 103) return data
  const uid = process.getuid?.() ?? 0
  const base = join(process.env['XDG_RUNTIME_DIR'] ?? '', `urania-${uid}`)
  const folder =
    process.env['XDG_RUNTIME_DIR'] && base.length < 60 ? base : join(shortTemporary(), `urania-${uid}`)
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { uid: owner, mode } = fs.lstatSync(folder)
  if (owner !== uid || mode & 0o022) {
    throw new Problem(
      'database.home_closed',
      `${folder} belongs to someone else, and the home folder's path is too long for a socket; use a shorter --home.`,
      { folder },
    )
  }
  const link = join(folder, createHash('sha256').update(data).digest('hex').slice(0, 16))
  try {
    if (fs.readlinkSync(link) === data) return link
    fs.rmSync(link)
  } catch {
    // Not there yet.
  }
  try {
    fs.symlinkSync(data, link)
  } catch (error) {
    // A racing process made the same link.
    if (fs.readlinkSync(link) !== data) throw error
  }
  return link
}

function shortTemporary(): string {
  return tmpdir().length < 60 ? tmpdir() : '/tmp'
}

/** Last lines that the server wrote after `from`. */
export function logTail(paths: Layout, from: number): string {
  return fs.readFileSync(paths.log, 'utf8').slice(from).trim().split('\n').slice(-12).join('\n')
}

/** Writes a private file, durable before it returns. */
function writeDurably(path: string, text: string, folder: string): void {
  const temporary = `${path}.new`
  const file = fs.openSync(temporary, 'w', 0o600)
  fs.writeSync(file, text)
  fs.fsyncSync(file)
  fs.closeSync(file)
  fs.renameSync(temporary, path)
  syncFolder(folder)
}

function syncFolder(folder: string) {
  if (windows) return
  const handle = fs.openSync(folder, 'r')
  fs.fsyncSync(handle)
  fs.closeSync(handle)
}

/** The sentence of a server's or initdb's output that says what went wrong. */
export function reasonIn(output: string): string {
  const lines = output.trim().split('\n')
  const line = lines.findLast((text) => /FATAL|PANIC|ERROR|error:/.test(text)) ?? lines.at(-1) ?? ''
  const reason = line.replace(/^.*?(FATAL|PANIC|ERROR|error):\s*/, '').trim()
  return reason ? `${reason.replace(/\.$/, '')}.` : 'it said nothing.'
}
