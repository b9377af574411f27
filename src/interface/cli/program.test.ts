import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { testDatabase } from '#test/platform.ts'
import { groups } from './groups.ts'

const root = mkdtempSync(join(tmpdir(), 'ut-cli-'))
const launcher = resolve(import.meta.dirname, '../../../bin/urania.js')
const started = new Set<ChildProcess>()
let homes = 0
const newHome = () => join(root, String(homes++))
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL')
  for (let i = 0; i < homes; i++) await serverGone(join(root, String(i)))
  rmSync(root, { recursive: true, force: true })
})

function environment(more: Record<string, string> = {}) {
  const { DATABASE_URL: _, ...rest } = process.env
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith('URANIA_'))),
    ...more,
  }
}

/** Runs a command to its end. */
async function urania(args: string[], more?: Record<string, string>) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    execFile(
      process.execPath,
      [launcher, ...args],
      { env: environment(more), maxBuffer: 2 ** 26 },
      (error, stdout, stderr) =>
        done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
    )
  })
}

/** Starts the program and waits until it says where it is. */
async function start(
  home: string,
  port: number,
  { args = [] as string[], more = {}, node = process.execPath } = {},
) {
  const child = spawn(node, [launcher, 'start', '--json', '--home', home, '--port', String(port), ...args], {
    env: environment({ URANIA_LOG_LEVEL: 'warn', ...more }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.add(child)
  let text = ''
  let errors = ''
  child.stderr.on('data', (part: Buffer) => (errors += String(part)))
  const facts = await new Promise<{ url: string | null; setup: string | null }>((done, fail) => {
    child.stdout.on('data', (part: Buffer) => {
      text += String(part)
      if (text.endsWith('}\n')) done(JSON.parse(text) as { url: string | null; setup: string | null })
    })
    child.once('exit', (code) => fail(new Error(`exit ${code}: ${errors}`)))
  })
  return {
    ...facts,
    child,
    errors: () => errors,
    live: async () => (await fetch(`${facts.url}/health/live`)).status,
    async end(signal: NodeJS.Signals = 'SIGTERM') {
      const exit = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
      child.kill(signal)
      started.delete(child)
      return exit
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

function serverPid(home: string): number | undefined {
  const file = join(home, 'database/postmaster.pid')
  if (!existsSync(file)) return undefined
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(home) ? pid : undefined
  } catch {
    return undefined
  }
}

async function serverGone(home: string) {
  for (let i = 0; i < 2000 && serverPid(home) !== undefined; i++) await sleep(5)
  expect(serverPid(home)).toBeUndefined()
}

describe('commands that need no database', () => {
  it('help, version and mistakes', async () => {
    const help = await urania(['--help'])
    for (const group of groups) expect(help.stdout).toContain(`  ${group.name} `)
    expect((await urania(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(await urania(['strat'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean "urania start"?'),
    })
    expect(await urania(['start', '--prot', '1'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--port?'),
    })
  })

  it('every group loads commands that begin with its name, each with a summary and an example', async () => {
    for (const group of groups) {
      const commands = await group.load()
      expect(commands.length, group.name).toBeGreaterThan(0)
      for (const command of commands) {
        expect(command.words[0]).toBe(group.name)
        expect(command.summary).not.toBe('')
        for (const example of command.examples) expect(example).toContain(`urania ${command.words.join(' ')}`)
      }
    }
  })

  it('config: every value with its origin, secrets masked, and the default file', async () => {
    const home = newHome()
    const more = { URANIA_HOST: '::1', DATABASE_URL: 'postgres://me:s3cret@db/urania' }
    const { stdout } = await urania(['config', '--json', '--home', home, '--port', '1'], more)
    expect(stdout).not.toContain('s3cret')
    const { settings } = JSON.parse(stdout) as { settings: { key: string; value: unknown; origin: string }[] }
    const at = (key: string) => settings.find((row) => row.key === key)
    expect([at('home'), at('port'), at('host'), at('log_level')]).toMatchObject([
      { value: home, origin: 'flag' },
      { value: 1, origin: 'flag' },
      { value: '::1', origin: 'environment' },
      { value: 'info', origin: 'default' },
    ])
    expect((await urania(['config', '--default', '--home', home])).stdout).toContain('# port = 4848')
    expect(existsSync(home)).toBe(false)
  })
})

describe('start', { timeout: 60_000 }, () => {
  it('first start, second start, another port, a taken port, a graceful end', async () => {
    const home = newHome()
    const port = await freePort()
    const first = await start(home, port)
    expect(first.url).toBe(`http://127.0.0.1:${port}`)
    expect(first.setup).toContain(`${first.url}/setup#token=`)
    expect(await first.live()).toBe(200)
    expect(statSync(join(home, 'urania.toml')).mode & 0o777).toBe(0o600)

    const refused = await urania(['start', '--home', home, '--port', String(port)])
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^urania: Port \d+ of 127\.0\.0\.1 is taken, .*another --port\.\n$/),
    })

    const beside = await start(home, await freePort())
    expect(await beside.live()).toBe(200)
    expect(await first.end('SIGINT')).toBe(0)
    expect(await beside.live()).toBe(200)
    expect(await beside.end()).toBe(0)
    expect(serverPid(home)).toBeUndefined()

    const again = await start(home, port)
    expect(again.setup).not.toBeNull()
    expect(await again.end()).toBe(0)
  })

  it('kill -9 of the program, and of both, then start again', async () => {
    const home = newHome()
    const port = await freePort()
    const one = await start(home, port)
    await one.end('SIGKILL')
    const two = await start(home, port)
    process.kill(serverPid(home)!, 'SIGKILL')
    await two.end('SIGKILL')
    const three = await start(home, port)
    expect(await three.live()).toBe(200)
    expect(await three.end()).toBe(0)
  })

  it('kill -9 of PostgreSQL alone: it is ready again by itself', async () => {
    const home = newHome()
    const one = await start(home, await freePort())
    process.kill(serverPid(home)!, 'SIGKILL')
    let status = 0
    for (let i = 0; i < 100 && status !== 200; i++) {
      status = await fetch(`${one.url}/health/ready`).then(
        (response) => response.status,
        () => expect.fail(`the program ended: ${one.errors()}`),
      )
      if (status !== 200) await sleep(100)
    }
    expect(status).toBe(200)
    expect(await one.end()).toBe(0)
    expect(serverPid(home)).toBeUndefined()
  })

  it('roles: a worker has no address', async () => {
    const worker = await start(newHome(), 0, { args: ['--roles', 'worker,scheduler'] })
    expect([worker.url, worker.setup]).toEqual([null, null])
    expect(await worker.end()).toBe(0)
  })

  it('on an external PostgreSQL', async () => {
    const { url } = await testDatabase({ empty: true })
    const home = newHome()
    const one = await start(home, 0, { more: { DATABASE_URL: url } })
    expect(await one.live()).toBe(200)
    expect(await one.end()).toBe(0)
    expect(existsSync(join(home, 'database'))).toBe(false)
  })
})

describe('database commands', { timeout: 60_000 }, () => {
  const { external } = inject('database')

  it('status, migrate, rollback and query, on a stopped and on a running home', async () => {
    const home = newHome()
    const run = (...args: string[]) => urania([...args, '--home', home])
    expect((await run('db', 'migrate')).stdout).toMatch(/^Done: 0001-platform applied/)
    expect((await run('db', 'migrate')).stdout).toBe('Nothing to do.\n')
    const status = JSON.parse((await run('db', 'status', '--json')).stdout) as {
      applied: unknown[]
      pending: unknown[]
    }
    expect([status.applied.length > 0, status.pending]).toEqual([true, []])
    expect(await run('db', 'rollback', '--to', '0')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--yes'),
    })
    expect(await run('db', 'rollback', '--to', '0', '--yes')).toMatchObject({ code: 0 })
    const running = await start(home, await freePort())
    const answer = await run('db', 'query', 'select 1 as one, null as nothing', '--json')
    expect(JSON.parse(answer.stdout)).toEqual({
      columns: ['one', 'nothing'],
      items: [{ one: '1', nothing: null }],
      more: false,
    })
    expect(await run('db', 'query', 'drop table job')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('only reading'),
    })
    expect(await running.live()).toBe(200)
    await running.end()
  })

  it('backup of a running home, restore into another and into an external server; doctor on it', async () => {
    const home = newHome()
    const running = await start(home, await freePort())
    const file = join(root, 'copy.tar.gz')
    const made = await urania(['backup', file, '--home', home])
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Wrote .*rows of \d+ tables/) })
    expect(await urania(['restore', file, '--home', home])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not empty'),
    })
    await running.end()

    const other = newHome()
    expect(await urania(['restore', file, '--home', other])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('secret.key'),
    })
    const restored = await start(other, await freePort())
    expect(await restored.live()).toBe(200)
    await restored.end()
    const { url } = await testDatabase({ empty: true })
    expect(await urania(['restore', file, '--home', newHome()], { DATABASE_URL: url })).toMatchObject({
      code: 0,
    })

    const doctor = await urania(['doctor', '--json', '--home', other])
    const { findings } = JSON.parse(doctor.stdout) as { findings: { what: string; state: string }[] }
    expect([doctor.code, findings.filter((finding) => finding.state === 'broken')]).toEqual([0, []])
    expect(external || findings.some((finding) => finding.what === 'postgresql')).toBe(true)
  })
})
