import { createHash } from 'node:crypto'
import type { Webdav } from '#platform/net/webdav.ts'
import { statusOf } from './refusal.ts'
import type { TreePlace } from './tree-place.ts'

/** @param base folder of the server's address that the tree stands in, may be empty. */
export function webdavPlace(webdav: Webdav, name: string, base: string): TreePlace {
  const below = (path: string) => (base === '' ? path : `${base}/${path}`)

  async function tagOf(path: string, signal: AbortSignal): Promise<string> {
    return (await webdav.stat(path, signal))?.etag ?? ''
  }

  return {
    name,
    makeBase: (signal) => webdav.makeFolder(base, signal),
    makeFolder: (path, signal) => webdav.makeFolder(below(path), signal),
    async look(path, signal) {
      const entry = await webdav.stat(below(path), signal)
      return entry && { tag: entry.etag, byteLength: entry.byteLength, isFolder: entry.isFolder }
    },
    read: (path, maxBytes, signal) => webdav.get(below(path), signal, maxBytes),
    async create(path, file, signal) {
      const target = below(path)
      const temporary = temporaryFor(target, file.sha256)
      await webdav.put(temporary, file.bytes, { mediaType: file.mediaType }, signal)
      try {
        if (await webdav.move(temporary, target, { only: 'absent' }, signal))
          return await tagOf(target, signal)
      } catch (error) {
        if (![405, 501].includes(statusOf(error) ?? 0)) throw error
        // A server that moves nothing: whole or not is then up to it.
        await webdav.remove(temporary, signal)
        const put = await webdav.put(
          target,
          file.bytes,
          { mediaType: file.mediaType, only: 'absent' },
          signal,
        )
        return put ? await tagOf(target, signal) : null
      }
      await webdav.remove(temporary, signal)
      return null
    },
    async replace(path, file, tag, signal) {
      const target = below(path)
      const temporary = temporaryFor(target, file.sha256)
      await webdav.put(temporary, file.bytes, { mediaType: file.mediaType }, signal)
      // Asked once more right before, for servers that move without looking at the condition.
      if (
        (await tagOf(target, signal)) === tag &&
        (await webdav.move(temporary, target, { only: { etag: tag } }, signal))
      )
        return await tagOf(target, signal)
      await webdav.remove(temporary, signal)
      return null
    },
  }
}

/** The same for every attempt, so that what an attempt left behind is used up by the next. */
function temporaryFor(target: string, sha256: string): string {
  const mark = createHash('sha256').update(`${target}\n${sha256}`).digest('hex').slice(0, 16)
  return `${target.slice(0, target.lastIndexOf('/') + 1)}.urania-${mark}.tmp`
}
