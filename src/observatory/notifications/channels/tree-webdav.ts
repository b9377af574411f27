import { createHash } from 'node:crypto'
import type { Webdav } from '#platform/net/webdav.ts'
import { statusOf } from './refusal.ts'
import type { NewFile, TreePlace } from './tree-place.ts'

/** @param base folder of the server's address that the tree stands in, may be empty. */
export function webdavPlace(webdav: Webdav, name: string, base: string): TreePlace {
  const below = (path: string) => (base === '' ? path : `${base}/${path}`)

  async function tagOf(path: string, signal: AbortSignal): Promise<string> {
    return (await webdav.stat(path, signal))?.etag ?? ''
  }

  /** Whole under another name first; then under its own, or not at all. */
  async function put(
    path: string,
    { bytes, mediaType, sha256 }: NewFile,
    only: 'absent' | { etag: string },
    signal: AbortSignal,
  ): Promise<string | null> {
    const target = below(path)
    const temporary = temporaryFor(target, sha256)
    await webdav.put(temporary, bytes, { mediaType }, signal)
    try {
      // Asked once more right before, for servers that move without looking at the condition.
      if (
        (only === 'absent' || (await tagOf(target, signal)) === only.etag) &&
        (await webdav.move(temporary, target, { only }, signal))
      )
        return await tagOf(target, signal)
    } catch (error) {
      if (![405, 501].includes(statusOf(error) ?? 0)) throw error
      // A server that moves nothing: whole or not is then up to it.
      await webdav.remove(temporary, signal)
      return (await webdav.put(target, bytes, { mediaType, only }, signal))
        ? await tagOf(target, signal)
        : null
    }
    await webdav.remove(temporary, signal)
    return null
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
    create: (path, file, signal) => put(path, file, 'absent', signal),
    replace: (path, file, tag, signal) => put(path, file, { etag: tag }, signal),
  }
}

/** The same for every attempt, so that what an attempt left behind is used up by the next. */
function temporaryFor(target: string, sha256: string): string {
  const mark = createHash('sha256').update(`${target}\n${sha256}`).digest('hex').slice(0, 16)
  return `${target.slice(0, target.lastIndexOf('/') + 1)}.urania-${mark}.tmp`
}
