import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { Problem } from '#problem.ts'
import type { Net } from '#platform/net/net.ts'
import { createWebdav, type WebdavSettings } from '#platform/net/webdav.ts'
import { patience, type Objects, type ReadPart } from './objects.ts'

/** Bytes that are held of an upload at a time. */
const chunkBytes = 2 ** 20
const tries = 5

/** Files below a folder of a WebDAV server. An upload goes to `incoming/` first and is moved to its place. */
export function createWebdavObjects(net: Net, settings: WebdavSettings): Objects {
  const dav = createWebdav(net, settings)
  const made = new Set<string>()

  async function makeFolder(path: string): Promise<void> {
    if (made.has(path)) return
    await dav.makeFolder(path)
    made.add(path)
  }

  /** Moves a whole upload to its place, over what is there: the same bytes, or ones that were damaged. */
  async function settle(from: string, key: string, byteLength: number): Promise<void> {
    for (let n = 0; n < tries; n++) {
      const there = await dav.stat(key)
      const only = there ? { etag: there.etag } : ('absent' as const)
      if (await dav.move(from, key, { only })) return
      // Somebody else has put the same in the meantime, which is as new.
      if ((await dav.stat(key))?.byteLength === byteLength) return dav.remove(from)
    }
    throw new Problem('request.conflict', `Others write ${key} in ${label} at the same time; try again.`, {
      key,
    })
  }

  const label = `the folder ${settings.url}`
  return {
    label,
    async head(key) {
      const found = await dav.stat(key)
      return found && !found.isFolder ? { byteLength: found.byteLength, modified: found.modified } : null
    },
    slice: (key, start, end) => dav.slice(key, start, end, { timeoutMs: patience(end - start) }),
    async put(key, byteLength, read) {
      await makeFolder('incoming')
      await makeFolder(key.split('/').slice(0, -1).join('/'))
      const temporary = `incoming/${randomBytes(12).toString('hex')}`
      try {
        await dav.put(
          temporary,
          { byteLength, open: () => Readable.from(chunks(read, byteLength)) },
          { timeoutMs: patience(byteLength) },
        )
        await settle(temporary, key, byteLength)
      } catch (error) {
        // A folder may have been removed by somebody since it was made.
        made.clear()
        await dav.remove(temporary).catch(() => {})
        throw error
      }
    },
    remove: (key) => dav.remove(key),
    async *list(prefix) {
      yield* under(prefix.replace(/\/+$/, ''))
    },
  }

  async function* under(folder: string): AsyncGenerator<{ key: string; byteLength: number }> {
    const entries = (await dav.list(folder)) ?? []
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const key = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isFolder) yield* under(key)
      else yield { key, byteLength: entry.byteLength }
    }
  }
}

async function* chunks(read: ReadPart, byteLength: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < byteLength; start += chunkBytes)
    yield await read(start, Math.min(byteLength, start + chunkBytes))
}
