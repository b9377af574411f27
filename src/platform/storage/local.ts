import { createHash, randomBytes, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Problem } from '#problem.ts'
import type { Sha256, Storage, StoredBytes } from './storage.ts'

const strayAfterMs = 3_600_000

/** Storage in a folder, with what only it can do. */
export interface LocalStorage extends Storage {
  /** Reads the object through; `storage.corrupt` when its content no longer has its hash. */
  verify(sha256: Sha256): Promise<void>
  /** Where the object lies or would lie. */
  pathOf(sha256: Sha256): string
}

/**
 * Bytes by SHA-256 in a local folder: `ab/cd/<64 digits>`, so that no folder grows beyond what a file system likes. An object is
 * written under `incoming/`, synced, renamed, and its folder synced; a half-written one is never visible, and what a crash
 * left in `incoming/` is removed at the next start after an hour.
 */
export async function createLocalStorage(folder: string): Promise<LocalStorage> {
  const incoming = join(folder, 'incoming')
  await mkdir(incoming, { recursive: true, mode: 0o700 })
  await clearStrays(incoming)

  function pathOf(sha256: Sha256): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw missing(sha256)
    return join(folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256)
  }

  async function writeIncoming(
    bytes: Uint8Array | AsyncIterable<Uint8Array>,
    maxBytes: number,
  ): Promise<StoredBytes & { temporary: string }> {
    const temporary = join(incoming, randomBytes(12).toString('hex'))
    const file = await open(temporary, 'wx', 0o600)
    const hash = createHash('sha256')
    try {
      let byteLength = 0
      for await (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes) {
        byteLength += chunk.byteLength
        if (byteLength > maxBytes) throw tooLarge(maxBytes)
        hash.update(chunk)
        await writeAll(file, chunk)
      }
      await file.sync()
      return { sha256: hash.digest('hex'), byteLength, temporary }
    } catch (error) {
      await rm(temporary, { force: true })
      throw full(error, folder)
    } finally {
      await file.close()
    }
  }

  async function size(sha256: Sha256): Promise<number | undefined> {
    try {
      return (await stat(pathOf(sha256))).size
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw error
    }
  }

  async function* stream(sha256: Sha256): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of createReadStream(pathOf(sha256))) yield chunk as Uint8Array
    } catch (error) {
      throw isAbsent(error) ? missing(sha256) : error
    }
  }

  return {
    size,
    stream,
    pathOf,
    async localFile(sha256) {
      if ((await size(sha256)) === undefined) throw missing(sha256)
      return pathOf(sha256)
    },
    async put(bytes, { maxBytes = Infinity } = {}) {
      if (bytes instanceof Uint8Array && bytes.byteLength > maxBytes) throw tooLarge(maxBytes)
      const { sha256, byteLength, temporary } = await writeIncoming(bytes, maxBytes)
      const target = pathOf(sha256)
      try {
        const made = await mkdir(dirname(target), { recursive: true, mode: 0o700 })
        // Renaming over an equal object also heals one that lost bytes.
        await rename(temporary, target)
        await syncFolder(dirname(target))
        for (let at = dirname(target); made !== undefined && at.length >= made.length; at = dirname(at)) {
          await syncFolder(dirname(at))
        }
      } catch (error) {
        await rm(temporary, { force: true })
        throw full(error, folder)
      }
      return { sha256, byteLength }
    },
    async get(sha256) {
      try {
        return new Uint8Array(await readFile(pathOf(sha256)))
      } catch (error) {
        throw isAbsent(error) ? missing(sha256) : error
      }
    },
    async slice(sha256, start, end) {
      let file: FileHandle
      try {
        file = await open(pathOf(sha256))
      } catch (error) {
        throw isAbsent(error) ? missing(sha256) : error
      }
      try {
        const { size: length } = await file.stat()
        const from = Math.min(Math.max(0, start), length)
        const bytes = new Uint8Array(Math.max(0, Math.min(end, length) - from))
        let done = 0
        while (done < bytes.length) {
          const { bytesRead } = await file.read(bytes, done, bytes.length - done, from + done)
          if (bytesRead === 0) break
          done += bytesRead
        }
        return bytes.subarray(0, done)
      } finally {
        await file.close()
      }
    },
    async remove(sha256, { unlessPutSince } = {}) {
      const path = pathOf(sha256)
      const isFresh = async (at: string) => unlessPutSince && (await stat(at)).mtime > unlessPutSince
      // Set aside first: what is put between the look and the removal is another file, or is seen here and put back.
      const aside = join(incoming, randomBytes(12).toString('hex'))
      try {
        if (await isFresh(path)) return
        await rename(path, aside)
        if (await isFresh(aside)) return await rename(aside, path)
      } catch (error) {
        if (isAbsent(error)) return
        throw error
      }
      await rm(aside, { force: true })
    },
    async *list() {
      for (const first of await shards(folder)) {
        for (const second of await shards(join(folder, first))) {
          const names = await readdir(join(folder, first, second))
          for (const sha256 of names.filter((name) => /^[0-9a-f]{64}$/.test(name)).toSorted()) {
            const byteLength = await size(sha256)
            if (byteLength !== undefined) yield { sha256, byteLength }
          }
        }
      }
    },
    async verify(sha256) {
      const hash: Hash = createHash('sha256')
      for await (const chunk of stream(sha256)) hash.update(chunk)
      const found = hash.digest('hex')
      if (found !== sha256) {
        throw new Problem(
          'storage.corrupt',
          `The stored bytes ${sha256} have changed on disk (they now hash to ${found}); restore ${pathOf(sha256)} from a backup.`,
          { sha256, found },
        )
      }
    },
  }
}

async function clearStrays(incoming: string) {
  for (const name of await readdir(incoming)) {
    const path = join(incoming, name)
    const facts = await stat(path).catch(() => undefined)
    if (facts && Date.now() - facts.mtimeMs > strayAfterMs) await rm(path, { force: true })
  }
}

async function shards(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() && /^[0-9a-f]{2}$/.test(entry.name))
    .map((entry) => entry.name)
    .toSorted()
}

async function writeAll(file: FileHandle, chunk: Uint8Array) {
  for (let done = 0; done < chunk.byteLength;) {
    done += (await file.write(chunk, done, chunk.byteLength - done)).bytesWritten
  }
}

async function syncFolder(path: string) {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function missing(sha256: string): Problem {
  return new Problem('storage.missing', `There are no bytes with the SHA-256 ${sha256} in the storage.`, {
    sha256,
  })
}

function tooLarge(maxBytes: number): Problem {
  return new Problem(
    'storage.too_large',
    `More than the ${maxBytes} bytes that are allowed here were sent.`,
    { maxBytes },
  )
}

function full(error: unknown, folder: string): unknown {
  if (!(error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')))
    return error
  return new Problem(
    'storage.full',
    `The disk of ${folder} is full; nothing was stored. Make room there.`,
    { folder },
    error,
  )
}
