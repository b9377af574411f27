import { createServer } from 'node:http'
import { afterAll, expect, it } from 'vitest'
import { close, listen } from '#test/faults.ts'
import { startWebdavServer } from '#test/webdav-server.ts'
import { createNet } from './client.ts'
import { createWebdav } from './webdav.ts'

const net = createNet()
const cloud = await startWebdavServer()
const page = createServer((_, response) => response.end('<!doctype html><p>Sign in'))
const pagePort = await listen(page)
afterAll(async () => {
  await Promise.all([cloud.stop(), close(page), net.stop()])
})

const webdav = createWebdav(net, { ...cloud, url: `${cloud.url}/` })
const bytes = (text: string) => new TextEncoder().encode(text)
const odd = "ä b/50% +#&='()!*~"

it('makes folders with those above, and again without harm', async () => {
  await webdav.makeFolder('x/y/z')
  await webdav.makeFolder('/x/y/z/')
  expect((await webdav.stat('x/y'))?.isFolder).toBe(true)
  expect(await webdav.stat('x/no')).toBeNull()
})

it('puts, gets, looks at, lists and removes', async () => {
  await webdav.makeFolder(odd)
  expect(await webdav.put(`${odd}/${odd.split('/')[1]}`, bytes('hello'))).toBe(true)
  expect(await webdav.stat(`${odd}/${odd.split('/')[1]}`)).toMatchObject({ byteLength: 5, isFolder: false })
  expect((await webdav.list(odd))?.map(({ name }) => name)).toEqual([odd.split('/')[1]])
  expect(await webdav.get(`${odd}/${odd.split('/')[1]}`)).toEqual(bytes('hello'))
  await webdav.remove(odd)
  await webdav.remove(odd)
  expect(await webdav.list(odd)).toBeNull()
  await expect(webdav.get(odd)).rejects.toMatchObject({ code: 'storage.missing' })
})

it('replaces nothing that its condition does not name', async () => {
  await webdav.put('one', bytes('1'))
  expect(await webdav.put('one', bytes('2'), { only: 'absent' })).toBe(false)
  const { etag = '' } = (await webdav.stat('one')) ?? {}
  expect(await webdav.put('one', bytes('3'), { only: { etag: '"other"' } })).toBe(false)
  expect(await webdav.put('one', bytes('3'), { only: { etag } })).toBe(true)
  await webdav.put('two', bytes('2'))
  expect(await webdav.move('two', 'one', { only: 'absent' })).toBe(false)
  expect(await webdav.move('two', 'one', { only: { etag } })).toBe(false)
  const now = (await webdav.stat('one'))?.etag ?? ''
  expect(await webdav.move('two', 'one', { only: { etag: now } })).toBe(true)
  expect(await webdav.get('one')).toEqual(bytes('2'))
  expect(await webdav.stat('two')).toBeNull()
})

it('says that there is no such folder', async () => {
  const nowhere = createWebdav(net, { ...cloud, url: `${cloud.url}/no/such` })
  await expect(nowhere.makeFolder('a')).rejects.toMatchObject({
    code: 'storage.missing',
    message: expect.stringContaining('has no folder /remote.php/dav/files/grandma/no/such') as string,
  })
})

it('says that an address answers with something else', async () => {
  await expect(createWebdav(net, { url: `http://127.0.0.1:${pagePort}` }).stat('a')).rejects.toMatchObject({
    code: 'net.status',
    message: expect.stringContaining('give the WebDAV address of the folder') as string,
  })
})
