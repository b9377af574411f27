import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createNet } from '#platform/net/client.ts'
import { startS3Server } from '#test/s3-server.ts'
import { storageContract } from '#test/storage-contract.ts'
import { startWebdavServer } from '#test/webdav-server.ts'
import type { Objects } from './objects.ts'
import { cachedBytes, createRemoteStorage } from './remote.ts'
import { createS3Objects } from './s3-objects.ts'
import { createWebdavObjects } from './webdav-objects.ts'

const root = await mkdtemp(join(tmpdir(), 'urania-remote-'))
const net = createNet()
const bucket = await startS3Server({ pageSize: 5, leastPart: 1000 })
const cloud = await startWebdavServer()
afterAll(async () => {
  await Promise.all([bucket.stop(), cloud.stop(), net.stop()])
  await rm(root, { recursive: true, force: true })
})

let count = 0
const folder = () => join(root, String(count++))
const s3 = (prefix: string) =>
  createS3Objects(net, { ...bucket, endpoint: bucket.url, prefix, partBytes: 100_000 })
async function webdav(name: string): Promise<Objects> {
  cloud.place(`${name}/.keep`, '')
  const settings = { ...cloud, url: `${cloud.url}/${name}` }
  const made = await net.fetch(`${cloud.url}/${name}`, {
    method: 'MKCOL',
    headers: { authorization: `Basic ${Buffer.from(`${cloud.user}:${cloud.password}`).toString('base64')}` },
    accept: [405],
  })
  expect(made.status).toBeLessThan(410)
  return createWebdavObjects(net, settings)
}

const backEnds: Record<string, () => Promise<Objects>> = {
  S3: () => Promise.resolve(s3(`p${count++}`)),
  WebDAV: () => webdav(`f${count++}`),
}

for (const [name, objects] of Object.entries(backEnds)) {
  storageContract(name, async () => createRemoteStorage(await objects(), { cacheFolder: folder() }))

  // Each machine has its own copies; what counts is what the server has.
  storageContract(`${name}, seen from another machine`, async () => {
    const there = await objects()
    const here = await createRemoteStorage(there, { cacheFolder: folder() })
    const other = await createRemoteStorage(there, { cacheFolder: folder() })
    return { ...other, put: (bytes, limits) => here.put(bytes, limits) }
  })

  describe(name, () => {
    it('a part of a large object is fetched alone; the whole once half of it was asked for', async () => {
      const there = await objects()
      const asked: number[] = []
      const spied: Objects = {
        ...there,
        slice: (key, start, end) => {
          asked.push(end - start)
          return there.slice(key, start, end)
        },
      }
      const here = await createRemoteStorage(there, { cacheFolder: folder() })
      const other = await createRemoteStorage(spied, { cacheFolder: folder() })
      const bytes = new Uint8Array(randomBytes(9 * 2 ** 20))
      const { sha256 } = await here.put(bytes)
      expect(await other.slice(sha256, 1000, 3000)).toEqual(bytes.slice(1000, 3000))
      expect(asked).toEqual([2000])
      expect(Buffer.compare(await other.slice(sha256, 0, 5 * 2 ** 20), bytes.slice(0, 5 * 2 ** 20))).toBe(0)
      expect(asked).toEqual([2000, bytes.length])
      await other.slice(sha256, 5, 6)
      expect(Buffer.compare(await readFile(await other.localFile(sha256)), bytes)).toBe(0)
      expect(asked).toHaveLength(2)
    })

    it('bytes that changed on the server are found out and not kept', async () => {
      const there = await objects()
      const here = await createRemoteStorage(there, { cacheFolder: folder() })
      const { sha256 } = await here.put(new Uint8Array(randomBytes(500)))
      await there.put(`${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`, 500, () =>
        Promise.resolve(new Uint8Array(500)),
      )
      const other = await createRemoteStorage(there, { cacheFolder: folder() })
      for (let n = 0; n < 2; n++)
        await expect(other.get(sha256)).rejects.toMatchObject({ code: 'storage.corrupt' })
    })

    it('a removal under way is waited for, and the object is there afterwards', async () => {
      const there = await objects()
      const bytes = new Uint8Array(randomBytes(300))
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      const key = `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`
      const here = await createRemoteStorage(there, { cacheFolder: folder() })
      await there.put(`removing/${sha256}`, 0, () => Promise.resolve(new Uint8Array(0)))
      const putting = here.put(bytes)
      setTimeout(() => {
        void there.remove(key).then(() => there.remove(`removing/${sha256}`))
      }, 150)
      await putting
      expect(await here.size(sha256)).toBe(300)
    })

    it('a server that is away leaves nothing half-done and says so', async () => {
      const server = name === 'S3' ? bucket : cloud
      const there = await objects()
      const here = await createRemoteStorage(there, { cacheFolder: folder() })
      const bytes = new Uint8Array(randomBytes(250_000))
      server.faults.add({ status: 503 }, { where: (what) => what.startsWith('PUT') })
      await expect(here.put(bytes)).rejects.toMatchObject({ code: 'net.status' })
      expect(bucket.uploads.size).toBe(0)
      const listed: unknown[] = []
      for await (const each of here.list()) listed.push(each)
      expect(listed).toEqual([])
      expect((await here.put(bytes)).byteLength).toBe(250_000)
      server.faults.clear()
    })
  })
}

it('local copies are bounded: what was not used for longest goes, what was just used stays', async () => {
  const there = s3(`p${count++}`)
  const cacheFolder = folder()
  const storage = await createRemoteStorage(there, { cacheFolder, cacheBytes: 100_000 })
  const hashes: string[] = []
  for (let n = 0; n < 8; n++) {
    const { sha256 } = await storage.put(new Uint8Array(randomBytes(30_000)))
    const path = await storage.localFile(sha256)
    const before = new Date(Date.now() - 1_000_000 + 1000 * n)
    await utimes(path, before, before)
    hashes.push(sha256)
  }
  expect(await cachedBytes(cacheFolder)).toBeLessThanOrEqual(130_000)
  for (const sha256 of hashes) expect((await storage.get(sha256)).length).toBe(30_000)
})

it('parts of an upload are joined in order', async () => {
  const there = s3(`p${count++}`)
  const storage = await createRemoteStorage(there, { cacheFolder: folder() })
  const bytes = new Uint8Array(randomBytes(450_001))
  const before = bucket.requests.length
  const { sha256 } = await storage.put(bytes)
  expect(bucket.requests.slice(before).filter((each) => each.startsWith('PUT'))).toHaveLength(5)
  const other = await createRemoteStorage(there, { cacheFolder: folder() })
  expect(Buffer.compare(await other.get(sha256), bytes)).toBe(0)
  expect(bucket.refusals).toEqual([])
})
