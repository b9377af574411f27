import { Problem } from '#problem.ts'
import type { Net } from '#platform/net/net.ts'
import { createS3, type S3Settings } from '#platform/net/s3.ts'
import { patience, type Objects } from './objects.ts'

/** Larger objects go up in parts of this size; S3 allows 10,000 of them, and no part but the last below 5 MiB. */
const defaultPartBytes = 16 * 2 ** 20
const mostParts = 10_000

/** Objects of a bucket under `prefix`. */
export function createS3Objects(
  net: Net,
  settings: S3Settings & { prefix?: string; partBytes?: number },
): Objects {
  const s3 = createS3(net, settings)
  const prefix = settings.prefix ? `${settings.prefix.replace(/^\/+|\/+$/g, '')}/` : ''
  const partBytes = settings.partBytes ?? defaultPartBytes
  return {
    label: `the bucket ${settings.bucket} on ${URL.parse(settings.endpoint)?.host ?? settings.endpoint}`,
    async head(key) {
      const found = await s3.head(prefix + key)
      return found && { byteLength: found.byteLength, modified: found.modified }
    },
    slice: (key, start, end) => s3.slice(prefix + key, start, end, { timeoutMs: patience(end - start) }),
    async put(key, byteLength, read) {
      if (byteLength <= partBytes) {
        await s3.put(prefix + key, await read(0, byteLength), { timeoutMs: patience(byteLength) })
        return
      }
      const size = Math.max(partBytes, Math.ceil(byteLength / mostParts))
      await s3.putParts(
        prefix + key,
        async function* () {
          for (let start = 0; start < byteLength; start += size)
            yield await read(start, Math.min(byteLength, start + size))
        },
        { timeoutMs: patience(size) },
      )
    },
    remove: (key) => s3.remove(prefix + key),
    async *list(under) {
      for await (const { key, byteLength } of s3.list(prefix + under)) {
        if (!key.startsWith(prefix))
          throw new Problem('net.status', `S3 listed ${key}, which was not asked for.`)
        yield { key: key.slice(prefix.length), byteLength }
      }
    },
  }
}
