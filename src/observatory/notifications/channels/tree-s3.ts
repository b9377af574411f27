import type { S3 } from '#platform/net/s3.ts'
import { statusOf } from './refusal.ts'
import type { NewFile, TreePlace } from './tree-place.ts'

/** @param prefix what all keys begin with, may be empty. */
export function s3Place(s3: S3, name: string, prefix: string): TreePlace {
  const keyOf = (path: string) => (prefix === '' ? path : `${prefix}/${path}`)

  async function put(
    path: string,
    { bytes, mediaType }: NewFile,
    only: 'absent' | { etag: string },
    signal: AbortSignal,
  ): Promise<string | null> {
    const key = keyOf(path)
    try {
      return await s3.put(key, bytes, { mediaType, only }, signal)
    } catch (error) {
      if (statusOf(error) !== 501) throw error
      // A server without conditions: what was looked at just before has to do.
      const found = await s3.head(key, signal)
      if (only === 'absent' ? found !== null : found?.etag !== only.etag) return null
      return s3.put(key, bytes, { mediaType }, signal)
    }
  }

  return {
    name,
    async makeFolder(path, signal) {
      // Buckets have no folders; an empty object is how their browsers show one.
      const none = { bytes: new Uint8Array(0), sha256: '', mediaType: 'application/x-directory' }
      await put(`${path}/`, none, 'absent', signal)
    },
    async look(path, signal) {
      const found = await s3.head(keyOf(path), signal)
      return found && { tag: found.etag, byteLength: found.byteLength, isFolder: false }
    },
    read: (path, maxBytes, signal) => s3.get(keyOf(path), signal, maxBytes),
    create: (path, file, signal) => put(path, file, 'absent', signal),
    replace: (path, file, tag, signal) => put(path, file, { etag: tag }, signal),
  }
}
