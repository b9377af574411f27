import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '#problem.ts'
import type { Net, NetOptions } from '#platform/net/net.ts'

/** Asks a service; what it answered is kept, so that the same question is asked once and works without network. */
export interface Asking {
  readonly net: Net
  /** Folder of the answers. */
  readonly cache: string
  /** Only what was asked before. */
  readonly offline: boolean
}

/** Days after which an answer is asked for anew. */
const days = { stars: 365, names: 30, movers: 365, pictures: 3_650 } as const

/** @throws Problem net.* where the service cannot be reached, refuses, or may not be asked */
export async function ask(
  { net, cache, offline }: Asking,
  kind: keyof typeof days,
  url: string,
  options: NetOptions & { check?: (bytes: Uint8Array) => void } = {},
): Promise<Uint8Array> {
  const { check, ...request } = options
  const key = createHash('sha256')
    .update(`${url}\n${typeof request.body === 'string' ? request.body : ''}`)
    .digest('hex')
  const file = join(cache, kind, key)
  const kept = await readFile(file).catch(() => undefined)
  if (kept) {
    const asked = kept.readDoubleLE(0)
    if (offline || Date.now() - asked < days[kind] * 86_400_000) return new Uint8Array(kept.subarray(8))
  }
  if (offline)
    throw new Problem(
      'net.unreachable',
      `${new URL(url).host} is not asked, for this observatory is set to be offline.`,
    )
  const { bytes } = await net.fetch(url, { timeoutMs: 120_000, maxBytes: 1_024 * 2 ** 20, ...request })
  check?.(bytes)
  const head = Buffer.alloc(8)
  head.writeDoubleLE(Date.now(), 0)
  await mkdir(join(cache, kind), { recursive: true })
  const part = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`
  await writeFile(part, Buffer.concat([head, bytes]))
  await rename(part, file)
  return bytes
}
