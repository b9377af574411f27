import { afterAll, expect, it } from 'vitest'
import { startS3Server } from '#test/s3-server.ts'
import { createNet } from './client.ts'
import { createS3 } from './s3.ts'

const net = createNet()
const bucket = await startS3Server({ pageSize: 3 })
afterAll(async () => {
  await Promise.all([bucket.stop(), net.stop()])
})

const s3 = createS3(net, { ...bucket, endpoint: bucket.url })
const bytes = (text: string) => new TextEncoder().encode(text)
const odd = "ä b/50% +#&='()!*~"

it('puts, heads, gets and removes keys of any script, signed', async () => {
  const etag = await s3.put(odd, bytes('hello'), { mediaType: 'text/plain' })
  expect(await s3.head(odd)).toMatchObject({ key: odd, byteLength: 5, etag })
  expect(await s3.get(odd)).toEqual(bytes('hello'))
  await s3.remove(odd)
  expect(await s3.head(odd)).toBeNull()
  await expect(s3.get(odd)).rejects.toMatchObject({ code: 'storage.missing' })
  expect(bucket.refusals).toEqual([])
})

it('replaces nothing that its condition does not name', async () => {
  const etag = (await s3.put('one', bytes('1')))!
  expect(await s3.put('one', bytes('2'), { only: 'absent' })).toBeNull()
  expect(await s3.put('one', bytes('2'), { only: { etag: '"other"' } })).toBeNull()
  expect(await s3.put('one', bytes('2'), { only: { etag } })).not.toBeNull()
  expect(await s3.get('one')).toEqual(bytes('2'))
})

it('lists by prefix over pages, names as they are', async () => {
  const keys = Array.from({ length: 8 }, (_, i) => `list/${i} <&>.txt`)
  for (const key of keys) await s3.put(key, bytes(key))
  const found: string[] = []
  for await (const { key } of s3.list('list/')) found.push(key)
  expect(found).toEqual(keys)
})

it('a wrong key is a Problem with the reason of the server', async () => {
  const other = createS3(net, { ...bucket, endpoint: bucket.url, secretAccessKey: 'other' })
  await expect(other.put('a', bytes('a'))).rejects.toMatchObject({
    code: 'net.status',
    details: { status: 403, body: expect.stringContaining('SignatureDoesNotMatch') as string },
  })
})
