import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { Problem } from '#problem.ts'
import type { ByteSource } from '#science/fits/source.ts'
import type { Platform } from '#platform/platform.ts'
import { placesOf } from './store.ts'
import { framesSection } from './sections.ts'

/** Where the bytes of a frame are, and how parts of them are read. */

type Needs = Pick<Platform, 'db' | 'storage' | 'config'>

/** What is needed of a row to find its bytes. */
export interface Located {
  readonly sha256: string
  readonly name: string
  readonly byte_length: string | number
  readonly packing: 'none' | 'gzip'
  readonly in_storage: boolean
}

/** A file that was looked at before it is read; every read looks again. */
export interface PlacedFile {
  readonly path: string
  readonly byteLength: number
  readonly modifiedMs: number
}

/** The file as it is now, where it is one. */
export async function placedFile(path: string): Promise<PlacedFile | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ? { path, byteLength: found.size, modifiedMs: found.mtimeMs } : undefined
}

/** Parts of a file; refused once the file is no longer what it was. Of copies of our own only the length counts. */
export function fileSource({ path, byteLength, modifiedMs }: PlacedFile, own = false): ByteSource {
  return {
    byteLength,
    async slice(start, end) {
      const file = await open(path).catch((error: unknown) => {
        throw gone(path, error)
      })
      try {
        const now = await file.stat()
        if (now.size !== byteLength || (!own && now.mtimeMs !== modifiedMs)) throw changed(path)
        const from = Math.min(Math.max(0, start), byteLength)
        const bytes = new Uint8Array(Math.max(0, Math.min(end, byteLength) - from))
        let done = 0
        while (done < bytes.length) {
          const { bytesRead } = await file.read(bytes, done, bytes.length - done, from + done)
          if (bytesRead === 0) throw changed(path)
          done += bytesRead
        }
        return bytes
      } finally {
        await file.close()
      }
    },
  }
}

/** Parts of an object of the storage. */
export function storageSource(
  { storage }: Pick<Platform, 'storage'>,
  sha256: string,
  byteLength: number,
): ByteSource {
  return { byteLength, slice: (start, end) => storage.slice(sha256, start, end) }
}

function changed(path: string): Problem {
  return new Problem(
    'frame.changed',
    `The file ${path} is no longer the one that was added as a frame; add it again.`,
    { path },
  )
}

function gone(path: string, cause?: unknown): Problem {
  return new Problem(
    'frame.bytes_gone',
    `The file ${path} is not there any more, or cannot be read.`,
    { path },
    cause,
  )
}

/** The file itself, packed as it came: in the storage, or the first place that still holds it. @throws Problem */
export async function rawBytes(
  platform: Needs,
  row: Located,
): Promise<{ source: ByteSource; at: 'storage' } | { source: ByteSource; at: 'place'; file: PlacedFile }> {
  if (row.in_storage) {
    const size = await platform.storage.size(row.sha256)
    if (size !== undefined) return { source: storageSource(platform, row.sha256, size), at: 'storage' }
  }
  const places = await placesOf(platform.db, row.sha256)
  let seen: Problem | undefined
  for (const place of places) {
    const file = await placedFile(place.path)
    if (file && file.byteLength === Number(place.byte_length) && file.modifiedMs === place.modified_ms)
      return { source: fileSource(file), at: 'place', file }
    seen = file ? changed(place.path) : gone(place.path)
  }
  throw (
    seen ??
    new Problem('frame.bytes_gone', `The bytes of the frame ${row.name} are not in the storage any more.`, {
      sha256: row.sha256,
    })
  )
}

/** The FITS file: unpacked, where it came as .gz, into the cache of this machine. @throws Problem */
export async function fitsBytes(platform: Needs, row: Located): Promise<ByteSource> {
  if (row.packing === 'gzip') {
    const file = await cachedFile(platform, row.sha256)
    if (file) return fileSource(file, true)
  }
  const raw = await rawBytes(platform, row)
  if (row.packing === 'none') return raw.source
  const stream = raw.at === 'place' ? createReadStream(raw.file.path) : platform.storage.stream(row.sha256)
  return fileSource(await unpack(platform, row.sha256, stream), true)
}

function cacheFolder({ config }: Pick<Platform, 'config'>): string {
  return join(config.home, 'cache', 'frames')
}

function cachePath(platform: Pick<Platform, 'config'>, sha256: string): string {
  return join(cacheFolder(platform), `${sha256}.fits`)
}

async function cachedFile(
  platform: Pick<Platform, 'config'>,
  sha256: string,
): Promise<PlacedFile | undefined> {
  const path = cachePath(platform, sha256)
  const file = await placedFile(path)
  if (!file) return undefined
  // The time of use, by which the cache is cleared, is the access time; the other stays what sources check.
  await utimes(path, new Date(), new Date(file.modifiedMs)).catch(() => {})
  return placedFile(path)
}

/** Unpacks into the cache; a half-written file is never there under its name. @throws Problem fits.invalid, fits.too_large */
export async function unpack(
  platform: Pick<Platform, 'config'>,
  sha256: string,
  bytes: AsyncIterable<Uint8Array>,
): Promise<PlacedFile> {
  const folder = cacheFolder(platform)
  await mkdir(folder, { recursive: true })
  const { inflatedBytes, cacheBytes } = platform.config.section(framesSection)
  const temporary = join(folder, `${randomBytes(8).toString('hex')}.part`)
  let total = 0
  const counting = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      total += chunk.byteLength
      done(
        total > inflatedBytes
          ? new Problem(
              'fits.too_large',
              `The file unpacks to more than ${inflatedBytes} bytes, the limit set for frames; unpack it yourself, or raise frames.inflatedBytes.`,
              { maxBytes: inflatedBytes },
            )
          : null,
        chunk,
      )
    },
  })
  try {
    await pipeline(
      Readable.from(bytes),
      createGunzip(),
      counting,
      createWriteStream(temporary, { flags: 'wx' }),
    )
    await rename(temporary, cachePath(platform, sha256))
  } catch (error) {
    await rm(temporary, { force: true })
    if (error instanceof Problem) throw error
    throw new Problem(
      'fits.truncated',
      'The file cannot be unpacked: its gzip data are damaged or cut off; fetch it again.',
      {},
      error,
    )
  }
  await clearCache(folder, cacheBytes, `${sha256}.fits`)
  return (await placedFile(cachePath(platform, sha256)))!
}

/** Unpacked copies not used for longest are removed until the rest fits; also what a crash left half-written. */
async function clearCache(folder: string, most: number, keep: string): Promise<void> {
  const files = []
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (!found) continue
    if (name.endsWith('.part')) {
      if (Date.now() - found.mtimeMs > 86_400_000) await rm(path, { force: true })
    } else files.push({ name, path, size: found.size, used: found.atimeMs })
  }
  let total = files.reduce((sum, { size }) => sum + size, 0)
  for (const file of files.toSorted((a, b) => a.used - b.used)) {
    if (total <= most || file.name === keep) continue
    await rm(file.path, { force: true })
    total -= file.size
  }
}

/** The first bytes say whether a file is packed. */
export async function packingOf(source: ByteSource): Promise<'none' | 'gzip'> {
  const head = await source.slice(0, Math.min(3, source.byteLength))
  return head[0] === 0x1f && head[1] === 0x8b && head[2] === 8 ? 'gzip' : 'none'
}
