import * as fs from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChildProcess } from 'node:child_process'
import pg from 'pg'
import type { Logger } from 'pino'
import { isProblem, Problem } from '#problem.ts'
import { serverAccount } from './account.ts'
import { findBinaries, runnable } from './binaries.ts'
import * as cluster from './cluster.ts'
import { joinFile, lockFile } from './lock.ts'
import { holdServer, type Hold } from './watcher.ts'

/** A server that is told to stop is gone after this. */
const leavingMs = 2_000
const recoveryMs = 600_000
const startMs = 60_000

/** The PostgreSQL server of a home folder, shared by every process that uses the folder. */
export interface EmbeddedServer {
  /** Address of one of its databases; holds the password, so never log it. */
  url(database?: string): string
  readonly version: string
  /** True when it was already running. */
  readonly adopted: boolean
  /** Leaves the server; the last user stops it. Close your connections first. */
  stop(): Promise<void>
}

export interface EmbeddedOptions {
  home: string
  /** Folder of the binaries (`URANIA_PG_BIN`); null: found. */
  bin?: string | null
  /** Account to run under when we are root (`URANIA_DB_USER`); null: nobody. */
  user?: string | null
  /** More server settings, `name=value`; data that are thrown away need no fsync. */
  settings?: readonly string[]
  log?: Pick<Logger, 'info' | 'warn'>
}

/**
 * Makes, starts or adopts the server of a home folder. One server per folder, whoever races; it is started again
 * when it is killed while in use, and stopped when its last user leaves or dies. Durable: fsync is on. Reached with
 * a random password kept 0600 beside it.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { log } = options
  const home = resolve(options.home)
  fs.mkdirSync(home, { recursive: true, mode: 0o700 })
  const paths = cluster.layout(fs.realpathSync(home))
  const account = serverAccount(options.user ?? null)
  const found = findBinaries(options.bin)

  let guard: pg.Client | undefined
  let hold: Hold | undefined
  let stopping = false
  let healing: Promise<void> | undefined

  /** Under the start lock: a running server that answers, and our hold on it. Returns whether it ran already. */
  async function ensure(): Promise<boolean> {
    for (let triesLeft = 3; ; triesLeft--) {
      const adopted = cluster.runningPid(paths) !== undefined
      try {
        await enter(adopted)
        return adopted
      } catch (error) {
        // What we wanted to adopt may have been stopping, its last user just gone or killed: then it is started instead.
        const stopped = cluster.runningPid(paths) === undefined || !isProblem(error)
        if (!adopted || !stopped || triesLeft === 0) throw error
        await sleep(100)
      }
    }
  }

  async function enter(adopted: boolean): Promise<void> {
    const major = cluster.clusterMajor(paths)
    if (major === undefined) {
      const binaries = runnable(found, account, paths.home)
      log?.info({ folder: paths.data, version: found.version }, 'making the database folder')
      cluster.initialize(paths, binaries, account)
    } else if (major !== found.major) {
      throw wrongMajor(paths.data, major, found.major)
    }
    // Held before it starts, so that it is stopped even if we are killed at this very moment.
    hold?.close()
    hold = await holdServer(paths)
    try {
      if (!adopted) await startServer()
      else if (hold.fresh) await outlive()
      guard = await connect()
    } catch (error) {
      if (!adopted) await shutDown(paths)
      throw error
    }
    watch(guard)
    const present = await guard.query(`select 1 from pg_database where datname = 'urania'`)
    if (present.rowCount === 0) await guard.query('create database urania')
  }

  /** A server whose watcher is gone is about to stop, unless the watcher alone was killed: a moment tells. */
  async function outlive(): Promise<void> {
    for (let waited = 0; waited < leavingMs && cluster.runningPid(paths) !== undefined; waited += 20)
      await sleep(20)
    if (cluster.runningPid(paths) === undefined) throw new Error('The server stopped with its last user.')
  }

  async function startServer(): Promise<void> {
    const binaries = runnable(found, account, paths.home)
    const giveUp = Date.now() + startMs
    for (;;) {
      const { child, logFrom } = await cluster.spawnServer(paths, binaries, account, options.settings)
      const failure = await settled(child)
      if (failure === undefined) return
      const tail = cluster.logTail(paths, logFrom)
      // Children of a killed server finish their statement before they notice; the folder is theirs until then.
      const busy = /pre-existing shared memory block|is another postmaster/i.test(tail)
      if (!busy || Date.now() > giveUp) {
        throw new Problem(
          'database.start_failed',
          `The database server did not start (${failure}): ${cluster.reasonIn(tail)} Its log is ${paths.log}.`,
          { log: paths.log, tail },
        )
      }
      await sleep(200)
    }
  }

  /** Waits until the new server answers (undefined) or has ended (how). */
  async function settled(child: ChildProcess): Promise<string | undefined> {
    let ended: string | undefined
    child.once('error', (error) => (ended = error.message))
    child.once('exit', (code, signal) => (ended = signal ?? `exit ${code}`))
    const deadline = Date.now() + recoveryMs
    while (ended === undefined && Date.now() < deadline) {
      try {
        await (await dial()).end()
        return undefined
      } catch (error) {
        refuseWrongPassword(error)
        await sleep(10)
      }
    }
    return ended ?? `no answer for ${recoveryMs / 1000} s`
  }

  /** A connection to an adopted server, which may still be recovering. */
  async function connect(): Promise<pg.Client> {
    const deadline = Date.now() + recoveryMs
    for (;;) {
      try {
        return await dial()
      } catch (error) {
        refuseWrongPassword(error)
        if (Date.now() > deadline || cluster.runningPid(paths) === undefined) {
          throw new Problem(
            'database.unavailable',
            `The database of ${paths.home} does not answer: ${error instanceof Error ? error.message : String(error)}. ` +
              `Its log is ${paths.log}.`,
            {},
            error,
          )
        }
        await sleep(20)
      }
    }
  }

  async function dial(): Promise<pg.Client> {
    const client = new pg.Client({
      ...cluster.address(paths),
      user: 'urania',
      password: password(),
      database: 'postgres',
      application_name: 'urania keeper',
      connectionTimeoutMillis: 5_000,
    })
    client.on('error', () => {})
    await client.connect()
    return client
  }

  function refuseWrongPassword(error: unknown) {
    if (error instanceof Error && 'code' in error && error.code === '28P01') {
      throw new Problem(
        'database.password_lost',
        `The password in ${paths.password} is not that of the database beside it; put the right file back.`,
        { path: paths.password },
        error,
      )
    }
  }

  function password(): string {
    try {
      return fs.readFileSync(paths.password, 'utf8').trim()
    } catch (error) {
      throw new Problem(
        'database.password_lost',
        `The database's password file ${paths.password} can't be read; put it back (mode 600), or use the account that ` +
          `made this home folder.`,
        { path: paths.password },
        error,
      )
    }
  }

  function watch(client: pg.Client) {
    client.once('end', () => {
      if (!stopping && client === guard) healing ??= heal().finally(() => (healing = undefined))
    })
  }

  async function heal(): Promise<void> {
    log?.warn({ folder: paths.data }, 'the database server went away; starting it again')
    for (let delay = 50; !stopping; delay = Math.min(delay * 2, 5_000)) {
      try {
        const lock = await lockFile(paths.lock)
        try {
          if (!stopping) await ensure()
          return
        } finally {
          lock.release()
        }
      } catch (error) {
        log?.warn({ err: error }, 'the database server could not be started again; trying once more')
        await sleep(delay)
      }
    }
  }

  const lock = await lockFile(paths.lock)
  let adopted: boolean
  let membership: ReturnType<typeof joinFile>
  try {
    adopted = await ensure()
    membership = joinFile(paths.users)
  } catch (error) {
    stopping = true
    hold?.close()
    await guard?.end()
    throw error
  } finally {
    lock.release()
  }

  async function leave(): Promise<void> {
    stopping = true
    await healing
    const lock = await lockFile(paths.lock)
    try {
      await guard?.end()
      if (membership.leave()) {
        await shutDown(paths)
        hold?.dismiss()
      } else hold?.close()
    } finally {
      lock.release()
    }
  }

  let left: Promise<void> | undefined
  return {
    url(database = 'urania') {
      const { host, port } = cluster.address(paths)
      const place = host.startsWith('/')
        ? `/${database}?host=${encodeURIComponent(host)}`
        : `${host}:${port}/${database}`
      return `postgresql://urania:${encodeURIComponent(password())}@${place}`
    },
    version: found.version,
    adopted,
    stop: () => (left ??= leave()),
  }
}

/** Fast shutdown: open transactions are rolled back, committed ones are on disk. */
async function shutDown(paths: cluster.Layout): Promise<void> {
  const pid = cluster.runningPid(paths)
  if (pid === undefined) return
  const deadline = Date.now() + 60_000
  send('SIGINT')
  while (cluster.runningPid(paths) === pid) {
    if (Date.now() > deadline) send('SIGQUIT')
    await sleep(5)
  }

  function send(signal: 'SIGINT' | 'SIGQUIT') {
    try {
      process.kill(pid!, signal)
    } catch {
      // Ended meanwhile.
    }
  }
}

function wrongMajor(folder: string, has: number, is: number): Problem {
  return new Problem(
    'database.other_major',
    has < is
      ? `${folder} was written by PostgreSQL ${has}, and this is PostgreSQL ${is}; run "urania db upgrade" to bring it over.`
      : `${folder} was written by PostgreSQL ${has}, which is newer than this one (${is}); set URANIA_PG_BIN to a PostgreSQL ${has}.`,
    { folder, has, is },
  )
}
