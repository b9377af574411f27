import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '#problem.ts'

// Node has no flock. SQLite's file locks are the operating system's own on every platform, so they end with the
// process however it dies; the files hold no data.

/** Holds `path` exclusively until released or until this process ends in any way. Waits for another holder. */
export async function lockFile(
  path: string,
  { timeoutMs = 120_000 }: { timeoutMs?: number } = {},
): Promise<{ release(): void }> {
  const deadline = Date.now() + timeoutMs
  const file = new DatabaseSync(path)
  for (;;) {
    if (attempt(file, 'begin exclusive')) return { release: () => file.close() }
    if (Date.now() > deadline) {
      file.close()
      throw new Problem(
        'database.locked',
        `Another process has been starting or stopping the database of this home folder for ` +
          `${Math.round(timeoutMs / 1000)} s (it holds ${path}); wait for it or end it.`,
        { path },
      )
    }
    await sleep(5 + Math.random() * 10)
  }
}

/** One of several users of a thing; the registration ends with the process. */
export interface Membership {
  /** Ends this membership; true when nobody else was registered. Call it while holding the lock that users join under. */
  leave(): boolean
}

/** Registers this process as a user under `path`, beside any number of others. */
export function joinFile(path: string): Membership {
  const file = new DatabaseSync(path)
  // A read transaction holds SQLite's shared lock for as long as it is open.
  file.exec('begin')
  file.prepare('select count(*) from sqlite_master').get()
  return {
    leave() {
      file.exec('rollback')
      const last = attempt(file, 'begin exclusive')
      file.close()
      return last
    },
  }
}

function attempt(file: DatabaseSync, sql: string): boolean {
  try {
    file.exec(sql)
    return true
  } catch (error) {
    // 5 is SQLITE_BUSY.
    if (error instanceof Error && 'errcode' in error && error.errcode === 5) return false
    throw error
  }
}
