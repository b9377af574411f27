import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { syntheticNotices } from '#bench/notices.ts'
import { testDatabase } from '#test/platform.ts'
import {
  dispose,
  eventually,
  makeAdministrator,
  startProgram,
  temporaryFolder,
  urania,
  type Program,
} from './program.ts'

afterAll(dispose)

interface Page {
  items: { id: string; state: string; sha256: string }[]
  next: string | null
}

const other = await testDatabase({ empty: true })
const folder = temporaryFolder()
const file = join(folder, 'observatory.tar.gz')
const before: string[] = []
let token: string

async function hand(
  program: Program,
  notice: { topic: string; bytes: Uint8Array<ArrayBuffer> },
): Promise<string> {
  const response = await program.request(`/api/v1/notices?topic=${notice.topic}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: notice.bytes,
  })
  expect(response.status).toBe(202)
  return ((await response.json()) as { id: string }).id
}

/** Every notice that was acknowledged before the backup began is there, with its bytes, and is read in the end. */
async function expectAll(program: Program): Promise<void> {
  program.token = token
  const notices = await eventually(
    'every notice is read',
    async () => (await program.get<Page>('/api/v1/notices?limit=500')).items,
    (items) => items.every(({ state }) => state === 'parsed'),
    60,
  )
  expect(notices.map(({ id }) => id)).toEqual(expect.arrayContaining(before))
  for (const id of before.slice(0, 20)) {
    expect((await program.request(`/api/v1/notices/${id}/bytes`)).status).toBe(200)
  }
}

it('a backup taken while notices come in is whole', async () => {
  const program = await startProgram()
  token = await makeAdministrator(program)
  const notices = syntheticNotices(80, 9)
  for (const notice of notices.slice(0, 40)) before.push(await hand(program, notice))
  let done = false
  const more = (async () => {
    for (const notice of notices.slice(40)) {
      if (done) return
      await hand(program, notice)
      await sleep(30)
    }
  })()
  const { code, stdout, stderr } = await urania(['backup', file, '--bytes', '--json', '--home', program.home])
  done = true
  await more
  expect([code, stderr.includes('urania:')]).toEqual([0, false])
  expect((JSON.parse(stdout) as { objects: number }).objects).toBeGreaterThanOrEqual(40)
  expect((await program.stop()).code).toBe(0)
})

it('it is restored into a fresh home', async () => {
  const home = join(folder, 'fresh')
  expect((await urania(['restore', file, '--home', home])).code).toBe(0)
  const program = await startProgram({ home })
  await expectAll(program)
  expect((await program.stop()).code).toBe(0)
  const again = await urania(['restore', file, '--home', home])
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('urania: ')])
})

it('it is restored into a PostgreSQL of one’s own (DATABASE_URL)', async () => {
  const home = join(folder, 'own')
  const env = { DATABASE_URL: other.url }
  expect((await urania(['restore', file, '--home', home], { env })).code).toBe(0)
  const program = await startProgram({ home, env })
  await expectAll(program)
  expect((await program.stop()).code).toBe(0)
})
