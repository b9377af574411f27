import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The program as a user runs it: `bin/urania.js` as a child, on a home folder of its own. */

export const root = resolve(import.meta.dirname, '../..')

export interface ProgramOptions {
  /** Words of the command line; default `start`. */
  command?: readonly string[]
  /** Default: a new temporary one, removed by `dispose`. Null: none is named, the program chooses. */
  home?: string | null
  /** Folder of the clone; default: this one. */
  clone?: string
  port?: number
  env?: Record<string, string>
  uid?: number
  gid?: number
}

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** A finished command. */
export async function urania(args: readonly string[], options: ProgramOptions = {}): Promise<Exit> {
  return collect(spawnProgram(args, options)).exit
}

/** A program that runs. */
export interface Program {
  readonly home: string
  readonly url: string
  readonly pid: number
  /** One-time link of a start without accounts. */
  readonly setup: string | null
  /** Milliseconds from spawning to the printed address. */
  readonly startMs: number
  readonly exit: Promise<Exit>
  /** What it has written to stderr so far. */
  log(): string
  request(path: string, init?: RequestInit): Promise<Response>
  /** The document at a path; throws what the API says of an error. */
  get<T>(path: string): Promise<T>
  /** Token used by `request`; given by `makeAdministrator`. */
  token: string | undefined
  kill(signal: NodeJS.Signals): void
  /** Ctrl-C, and waits until it has ended. */
  stop(): Promise<Exit>
}

const running = new Set<ChildProcess>()
const temporary = new Set<string>()

export function temporaryFolder(prefix = 'urania-system-'): string {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  temporary.add(folder)
  return folder
}

/** Ends every program that was started here, with its database, and removes the folders. For `afterAll`. */
export async function dispose(): Promise<void> {
  for (const child of running) killGroup(child)
  for (const folder of temporary) {
    for (const home of [folder, ...readdirSync(folder).map((name) => join(folder, name))]) {
      const server = databasePid(home)
      if (server !== undefined) send(server, 'SIGKILL')
    }
  }
  await sleep(200)
  for (const folder of temporary)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  running.clear()
  temporary.clear()
}

/** Starts the program and waits until it has printed its address. */
export async function startProgram(options: ProgramOptions = {}): Promise<Program> {
  const home = options.home === undefined ? temporaryFolder() : (options.home ?? '')
  const began = performance.now()
  const args = [
    ...(options.command ?? ['start']),
    '--json',
    '--port',
    String(options.port ?? 0),
    ...(home ? ['--home', home] : []),
  ]
  const child = spawnProgram(args, options)
  const { exit, stdout, stderr } = collect(child)
  const started = await firstDocument(child, stdout, stderr)
  const program: Program = {
    home,
    url: started.url,
    setup: started.setup ?? null,
    pid: child.pid!,
    startMs: performance.now() - began,
    exit,
    token: undefined,
    log: stderr,
    request: (path, init = {}) =>
      fetch(program.url + path, {
        ...init,
        headers: {
          ...(program.token ? { authorization: `Bearer ${program.token}` } : {}),
          ...(init.headers as Record<string, string> | undefined),
        },
      }),
    async get<T>(path: string) {
      const response = await program.request(path)
      if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`)
      return (await response.json()) as T
    },
    kill: (signal) => send(child.pid!, signal),
    async stop() {
      send(child.pid!, 'SIGINT')
      return exit
    },
  }
  return program
}

/** The account that `makeAdministrator` makes. */
export const administrator = {
  name: 'Ada',
  email: 'ada@example.org',
  password: 'a long enough password',
} as const

/** Uses the link of the first start, signs in, and gives the program a token that may do everything. */
export async function makeAdministrator(program: Program): Promise<string> {
  const [, secret] = /#token=(.+)$/.exec(program.setup ?? '') ?? []
  const made = await post(program, '/api/v1/setup', { token: secret, ...administrator })
  if (made.status !== 201) throw new Error(`The setup answered ${made.status}: ${await made.text()}`)
  const { email, password } = administrator
  const session = await post(program, '/api/auth/sign-in/email', { email, password })
  const cookie = session.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ')
  const scopes = ['read', 'write', 'operate', 'administer']
  const answer = await post(program, '/api/v1/tokens', { name: 'test', scopes, days: 1 }, { cookie })
  const { token } = (await answer.json()) as { token: string }
  program.token = token
  return token
}

function post(program: Program, path: string, body: unknown, headers: Record<string, string> = {}) {
  return program.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: program.url, ...headers },
    body: JSON.stringify(body),
  })
}

/** Process id of the embedded server of a home folder; undefined where none runs. */
export function databasePid(home: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(home, 'database', 'postmaster.pid'), 'utf8').split('\n')[0])
    process.kill(pid, 0)
    return pid
  } catch {
    return undefined
  }
}

/** Servers (not their children) that work in the data folder of a home; children write their role over their command. */
export function databaseServers(home: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const [command] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
        return command.endsWith('/postgres') && readlinkSync(`/proc/${pid}/cwd`) === join(home, 'database')
      } catch {
        return false
      }
    })
    .map(Number)
}

/** Asks until it holds; fails with the last answer after a while. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T>,
  holds: (answer: T) => boolean,
  seconds = 30,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000
  for (;;) {
    const answer = await ask()
    if (holds(answer)) return answer
    if (performance.now() > deadline) {
      throw new Error(`Not within ${seconds} s: ${what}. Last: ${JSON.stringify(answer)?.slice(0, 500)}`)
    }
    await sleep(50)
  }
}

function spawnProgram(args: readonly string[], options: ProgramOptions): ChildProcess {
  const { clone = root, uid, gid } = options
  const spawnOptions: SpawnOptions = {
    cwd: clone,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...ownEnvironment(), URANIA_LOG_LEVEL: 'warn', ...options.env },
    ...(uid === undefined ? {} : { uid, gid }),
  }
  const child = spawn(process.execPath, [join(clone, 'bin/urania.js'), ...args], spawnOptions)
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** The environment without settings of Urania: a test's program is told everything. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(URANIA_|DATABASE_URL$|VITEST|NODE_OPTIONS$)/.test(name),
    ),
  )
}

function collect(child: ChildProcess) {
  let stdout = ''
  let stderr = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const exit = new Promise<Exit>((done) =>
    child.once('close', (code, signal) => done({ code, signal, stdout, stderr })),
  )
  return { exit, stdout: () => stdout, stderr: () => stderr }
}

async function firstDocument(child: ChildProcess, stdout: () => string, stderr: () => string) {
  const deadline = performance.now() + 90_000
  while (performance.now() < deadline) {
    try {
      return JSON.parse(stdout()) as { url: string; setup?: string | null }
    } catch {
      if (child.exitCode !== null || child.signalCode !== null) break
      await sleep(20)
    }
  }
  killGroup(child)
  throw new Error(`The program did not start. It said:\n${stdout()}${stderr()}`)
}

function killGroup(child: ChildProcess): void {
  send(-child.pid!, 'SIGKILL')
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Ended already.
  }
}
