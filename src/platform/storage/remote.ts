import { readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem, isProblem } from '#problem.ts'
import { createLocalStorage } from './local.ts'
import type { Objects } from './objects.ts'
import type { Sha256, Storage } from './storage.ts'

export interface RemoteOptions {
  /** Folder of local copies; may be emptied at any time while nothing runs. */
  cacheFolder: string
  /** Most bytes of local copies; those that were not read for longest go first. Default 20 GiB. */
  cacheBytes?: number
}

/** Objects up to this size come whole with the first part that is asked for. */
const wholeBytes = 8 * 2 ** 20
const downloadBytes = 16 * 2 ** 20
/** A copy that was used so recently is not removed: it may be read just now. */
const inUseMs = 60_000
/** A removal that has not ended by then was cut off. */
const removalMs = 120_000

/**
 * Storage on S3 or WebDAV, shared by several machines, with local copies of what was put or read here. An object lies
 * under `ab/cd/<64 digits>`, as in a folder. What is put is hashed while it is written to a local file, sent from
 * there, and looked at afterwards; what is fetched whole is hashed before it is given out.
 */
export async function createRemoteStorage(objects: Objects, options: RemoteOptions): Promise<Storage> {
  const { cacheFolder, cacheBytes = 20 * 2 ** 30 } = options
  const cache = await createLocalStorage(cacheFolder)
  const fetching = new Map<Sha256, Promise<void>>()
  /** Bytes that were read of objects not here: beyond half of one it is fetched whole. */
  const readOf = new Map<Sha256, number>()
  let sinceTrim = Infinity

  const keyOf = (sha256: Sha256): string => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw missing(sha256)
    return `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`
  }
  const removalOf = (sha256: Sha256): string => `removing/${sha256}`

  /** Whether a copy is here, which then counts as just used. */
  async function isHere(sha256: Sha256): Promise<boolean> {
    const now = new Date()
    return utimes(cache.pathOf(sha256), now, now).then(
      () => true,
      () => false,
    )
  }

  async function* download(sha256: Sha256, byteLength: number): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < byteLength; start += downloadBytes) {
      const part = await objects.slice(keyOf(sha256), start, Math.min(byteLength, start + downloadBytes))
      if (!part) throw missing(sha256)
      yield part
    }
  }

  async function fetchWhole(sha256: Sha256, byteLength: number): Promise<void> {
    const stored = await cache.put(download(sha256, byteLength))
    if (stored.sha256 !== sha256) {
      await cache.remove(stored.sha256)
      throw new Problem(
        'storage.corrupt',
        `The stored bytes ${sha256} have changed in ${objects.label} (they now hash to ${stored.sha256}); put them there again from a backup.`,
        { sha256, found: stored.sha256 },
      )
    }
    await trim(byteLength)
  }

  /** Makes sure that a copy is here. */
  async function bring(sha256: Sha256): Promise<void> {
    if (await isHere(sha256)) return
    let running = fetching.get(sha256)
    if (!running) {
      running = (async () => {
        const found = await objects.head(keyOf(sha256))
        if (!found) throw missing(sha256)
        await fetchWhole(sha256, found.byteLength)
      })().finally(() => fetching.delete(sha256))
      fetching.set(sha256, running)
    }
    await running
  }

  /** Removes copies that were not used for longest, once so much has come in that it may be needed. */
  async function trim(more: number): Promise<void> {
    sinceTrim += more
    if (sinceTrim < cacheBytes / 20) return
    sinceTrim = 0
    const copies: { path: string; size: number; used: number }[] = []
    for await (const { sha256, byteLength } of cache.list()) {
      const path = cache.pathOf(sha256)
      const facts = await stat(path).catch(() => undefined)
      if (facts) copies.push({ path, size: byteLength, used: facts.mtimeMs })
    }
    let total = copies.reduce((sum, { size }) => sum + size, 0)
    for (const { path, size } of copies
      .filter(({ used }) => Date.now() - used > inUseMs)
      .toSorted((a, b) => a.used - b.used)) {
      if (total <= cacheBytes) return
      await rm(path, { force: true })
      total -= size
    }
  }

  /**
   * Sends the local copy. Somebody may be removing the same object: whoever does says so first, looks how old the object
   * is, and removes it; whoever puts looks afterwards whether a removal is under way, and waits for its end. So either the
   * one sees the other's new object, or the other its note.
   */
  async function send(sha256: Sha256, byteLength: number): Promise<void> {
    const key = keyOf(sha256)
    for (let n = 0; n < 3; n++) {
      await objects.put(key, byteLength, (start, end) => cache.slice(sha256, start, end))
      await removalEnded(sha256)
      const found = await objects.head(key)
      if (found?.byteLength === byteLength) return
    }
    throw new Problem(
      'storage.corrupt',
      `${objects.label} did not keep the ${byteLength} bytes that were put there.`,
      {
        sha256,
      },
    )
  }

  async function removalEnded(sha256: Sha256): Promise<void> {
    const started = Date.now()
    for (let wait = 20; Date.now() - started < removalMs; wait = Math.min(2_000, wait * 2)) {
      if (!(await objects.head(removalOf(sha256)))) return
      await sleep(wait)
    }
    // Left over from a removal that was cut off; the next one writes its own.
    await objects.remove(removalOf(sha256))
  }

  return {
    async put(bytes, limits) {
      const stored = await cache.put(bytes, limits)
      try {
        await send(stored.sha256, stored.byteLength)
      } catch (error) {
        throw failed(error, objects.label)
      }
      await trim(stored.byteLength)
      return stored
    },
    async get(sha256) {
      await bring(sha256)
      return cache.get(sha256)
    },
    async slice(sha256, start, end) {
      if (await isHere(sha256)) return cache.slice(sha256, start, end)
      const found = await objects.head(keyOf(sha256))
      if (!found) throw missing(sha256)
      const from = Math.min(Math.max(0, start), found.byteLength)
      const to = Math.max(from, Math.min(end, found.byteLength))
      if (to === from) return new Uint8Array(0)
      const read = (readOf.get(sha256) ?? 0) + to - from
      if (found.byteLength <= wholeBytes || read > found.byteLength / 2) {
        readOf.delete(sha256)
        await bring(sha256)
        return cache.slice(sha256, start, end)
      }
      if (readOf.size > 1_000) readOf.clear()
      readOf.set(sha256, read)
      const part = await objects.slice(keyOf(sha256), from, to)
      if (!part) throw missing(sha256)
      return part
    },
    async *stream(sha256) {
      await bring(sha256)
      yield* cache.stream(sha256)
    },
    async size(sha256) {
      return /^[0-9a-f]{64}$/.test(sha256) ? (await objects.head(keyOf(sha256)))?.byteLength : undefined
    },
    async remove(sha256, { unlessPutSince } = {}) {
      const key = keyOf(sha256)
      const note = removalOf(sha256)
      if (!unlessPutSince) await objects.remove(key)
      else {
        await objects.put(note, 0, () => Promise.resolve(new Uint8Array(0)))
        try {
          const found = await objects.head(key)
          // Servers tell whole seconds: what was put within that second counts as put since.
          if (found && found.modified.getTime() + 1_000 > unlessPutSince.getTime()) return
          await objects.remove(key)
        } finally {
          await objects.remove(note)
        }
      }
      await cache.remove(sha256)
    },
    async *list() {
      for await (const { key, byteLength } of objects.list('')) {
        const sha256 = /^[0-9a-f]{2}\/[0-9a-f]{2}\/([0-9a-f]{64})$/.exec(key)?.[1]
        if (sha256) yield { sha256, byteLength }
      }
    },
    async localFile(sha256) {
      await bring(sha256)
      return cache.pathOf(sha256)
    },
  }
}

/** How many bytes the copies in a cache folder take. */
export async function cachedBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  let total = 0
  for (const entry of entries)
    if (entry.isFile())
      total += (await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size
  return total
}

function missing(sha256: string): Problem {
  return new Problem('storage.missing', `There are no bytes with the SHA-256 ${sha256} in the storage.`, {
    sha256,
  })
}

function failed(error: unknown, label: string): unknown {
  if (!isProblem(error, 'net.status') || error.details['status'] !== 507) return error
  return new Problem('storage.full', `There is no room left in ${label}; nothing was stored.`, {}, error)
}
