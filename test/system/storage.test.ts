import { createHash } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { syntheticNotices } from '#bench/notices.ts'
import { testDatabase } from '#test/platform.ts'
import { startS3Server } from '#test/s3-server.ts'
import { dispose, eventually, makeAdministrator, startProgram, temporaryFolder, urania } from './program.ts'

const bucket = await startS3Server()
const { url } = await testDatabase()
afterAll(async () => {
  await dispose()
  await bucket.stop()
})

const env = {
  DATABASE_URL: url,
  URANIA_SECRET_KEY: 'a passphrase that both of the machines know',
  URANIA_STORAGE: `s3://${bucket.bucket}/urania`,
  URANIA_REMOTE_STORAGE_ENDPOINT: bucket.url,
  URANIA_REMOTE_STORAGE_REGION: bucket.region,
  URANIA_REMOTE_STORAGE_ACCESS_KEY_ID: bucket.accessKeyId,
  URANIA_REMOTE_STORAGE_SECRET_ACCESS_KEY: bucket.secretAccessKey,
}

interface Notice {
  state: string
}

it('one machine takes notices in, another works them off: one database, one bucket, nothing else shared', async () => {
  const door = await startProgram({ command: ['start', '--roles', 'api,scheduler,streams'], env })
  await makeAdministrator(door)
  const [notice] = syntheticNotices(40, 5).filter(({ bytes }) => bytes.length > 4096)
  const handed = await door.request(`/api/v1/notices?topic=${notice.topic}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: notice.bytes,
  })
  expect(handed.status).toBe(202)
  const { id, sha256 } = (await handed.json()) as { id: string; sha256: string }
  const keyOf = (sha: string) => `urania/${sha.slice(0, 2)}/${sha.slice(2, 4)}/${sha}`
  expect([...bucket.objects.keys()]).toEqual([keyOf(sha256)])
  // Nobody works yet.
  expect((await door.get<Notice>(`/api/v1/notices/${id}`)).state).toBe('received')

  const worker = await startProgram({ command: ['start', '--roles', 'worker'], env })
  await eventually(
    'the worker has read the notice',
    () => door.get<Notice>(`/api/v1/notices/${id}`),
    ({ state }) => state === 'parsed',
    60,
  )
  // It had the notice from the bucket, and wrote the map of it there.
  expect(bucket.requests.filter((each) => each === `GET ${keyOf(sha256)}`)).not.toEqual([])
  await eventually(
    'the map is in the bucket',
    () => Promise.resolve([...bucket.objects.keys()]),
    (keys) => keys.length > 1,
    60,
  )
  for (const [key, { bytes }] of bucket.objects)
    expect(key).toBe(keyOf(createHash('sha256').update(bytes).digest('hex')))
  // What the worker wrote is served by the other machine, whose own copies are gone too.
  rmSync(join(door.home, 'cache', 'storage', sha256.slice(0, 2)), { recursive: true, force: true })
  const bytes = new Uint8Array(await (await door.request(`/api/v1/notices/${id}/bytes`)).arrayBuffer())
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256)
  expect(existsSync(join(door.home, 'storage'))).toBe(false)
  expect(bucket.refusals).toEqual([])

  const said = await urania(['doctor', '--home', door.home, '--json'], { env })
  const { findings } = JSON.parse(said.stdout) as {
    findings: { what: string; state: string; detail: string }[]
  }
  expect(findings.find(({ what }) => what === 'storage')).toEqual({
    what: 'storage',
    state: 'ok',
    detail: `${env.URANIA_STORAGE}, read and written`,
  })
  expect((await worker.stop()).code).toBe(0)
  expect((await door.stop()).code).toBe(0)
})

it('doctor says in one sentence what is wrong with a storage', async () => {
  const home = temporaryFolder()
  const storageOf = async (change: Record<string, string>) => {
    const { stdout, code } = await urania(['doctor', '--home', home, '--json'], {
      env: { ...env, ...change },
    })
    const { findings } = JSON.parse(stdout) as { findings: { what: string; state: string; detail: string }[] }
    return [code, findings.find(({ what }) => what === 'storage')]
  }
  expect(await storageOf({ URANIA_REMOTE_STORAGE_SECRET_ACCESS_KEY: 'wrong' })).toEqual([
    1,
    {
      what: 'storage',
      state: 'broken',
      detail: expect.stringMatching(/s3:\/\/grandma\/urania: .*answered 403/),
    },
  ])
  expect(await storageOf({ URANIA_REMOTE_STORAGE_SECRET_ACCESS_KEY: '' })).toEqual([
    1,
    { what: 'storage', state: 'broken', detail: expect.stringContaining('secret_access_key') },
  ])
})
