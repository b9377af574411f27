import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { finished } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { Problem } from '#problem.ts'

const block = 512

/** A gzipped tar file (POSIX ustar) that is written from start to end and appears under its name only when complete. */
export interface ArchiveWriter {
  add(name: string, bytes: Uint8Array): Promise<void>
  /** `size` bytes exactly, from a stream. */
  addStream(name: string, size: number, bytes: AsyncIterable<Uint8Array>): Promise<void>
  /** Durable under its name when this resolves. */
  finish(): Promise<void>
  /** Leaves nothing behind. */
  abort(): Promise<void>
}

/** @param path must not exist; private to its owner, since it holds whatever the database holds. */
export async function createArchive(path: string, now: Date = new Date()): Promise<ArchiveWriter> {
  const temporary = `${path}.new`
  const target = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    const reason =
      error.code === 'EEXIST' ? 'exists already; give another name' : `can't be written (${error.message})`
    throw new Problem('archive.invalid', `${path} ${reason}.`, { path }, error)
  })
  await target.close()
  await rm(temporary, { force: true })
  const gzip = createGzip({ level: 4 })
  const file = createWriteStream(temporary, { mode: 0o600, flush: true })
  gzip.pipe(file)
  // A full disk ends the file, not the compressor: the writer below must hear of it.
  let failure: Error | undefined
  file.on('error', (error) => {
    failure = error
    gzip.destroy(error)
  })
  gzip.on('error', () => {})

  async function write(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) =>
      gzip.write(bytes, (error) => (error ? reject(failure ?? error) : resolve())),
    )
  }

  async function addStream(
    name: string,
    size: number,
    bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ) {
    await write(header(name, size, now))
    let written = 0
    for await (const chunk of bytes) {
      written += chunk.byteLength
      await write(chunk)
    }
    if (written !== size) {
      throw new Problem(
        'archive.invalid',
        `${name} has ${written} bytes where ${size} were announced; back up again.`,
      )
    }
    const padding = (block - (size % block)) % block
    if (padding > 0) await write(new Uint8Array(padding))
  }

  return {
    add: (name, bytes) => addStream(name, bytes.byteLength, [bytes]),
    addStream,
    async finish() {
      await write(new Uint8Array(2 * block))
      gzip.end()
      await finished(file)
      await rename(temporary, path)
      if (process.platform !== 'win32') {
        const folder = await open(dirname(path), 'r')
        await folder.sync()
        await folder.close()
      }
    },
    async abort() {
      gzip.destroy()
      file.destroy()
      await rm(temporary, { force: true })
      await rm(path, { force: true })
    },
  }
}

export interface ArchiveEntry {
  name: string
  size: number
  /** Must be read to its end before the next entry is asked for. */
  body: AsyncIterable<Uint8Array>
}

/** Reads what `createArchive` wrote, or `tar` from the same files. Throws `archive.invalid` where it is cut off or damaged. */
export async function* readArchive(path: string): AsyncGenerator<ArchiveEntry> {
  const source = createReadStream(path)
  const gunzip = createGunzip()
  source.on('error', (error) => gunzip.destroy(error))
  const chunks = source.pipe(gunzip)[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  let held: Uint8Array = new Uint8Array(0)

  /** Between 1 and `most` bytes, or none at the end. */
  async function some(most: number): Promise<Uint8Array> {
    if (held.length === 0) {
      const next = await chunks.next().catch((error: NodeJS.ErrnoException) => {
        throw damaged(path, error.code === 'ENOENT' ? 'there is no such file' : error.message, error)
      })
      held = next.done ? new Uint8Array(0) : next.value
    }
    const taken = held.subarray(0, most)
    held = held.subarray(taken.length)
    return taken
  }

  async function exactly(length: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for (let rest = length; rest > 0; rest -= parts.at(-1)!.length) {
      const part = await some(rest)
      if (part.length === 0) throw damaged(path, 'it ends too early')
      parts.push(part)
    }
    return Buffer.concat(parts)
  }

  async function* body(size: number): AsyncGenerator<Uint8Array> {
    for (let rest = size; rest > 0;) {
      const part = await some(rest)
      if (part.length === 0) throw damaged(path, 'it ends too early')
      rest -= part.length
      yield part
    }
    await exactly((block - (size % block)) % block)
  }

  try {
    for (;;) {
      const bytes = await exactly(block)
      if (bytes.every((byte) => byte === 0)) {
        // To the last byte: the checksum of the whole stands there, and only who reads it is told of damage.
        while ((await some(1 << 16)).length > 0);
        return
      }
      const { name, size } = parseHeader(path, bytes)
      yield { name, size, body: body(size) }
    }
  } finally {
    source.destroy()
    gunzip.destroy()
  }
}

function header(name: string, size: number, now: Date): Uint8Array {
  const bytes = Buffer.alloc(block)
  if (Buffer.byteLength(name) > 100)
    throw new Problem('internal.error', `The archive entry name ${name} is too long.`)
  bytes.write(name, 0)
  bytes.write('0000600\0', 100)
  bytes.write('0000000\0', 108)
  bytes.write('0000000\0', 116)
  if (size < 8 ** 11) bytes.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  else {
    // Base 256, as GNU tar and POSIX readers know it, for objects of 8 GiB and more.
    bytes[124] = 0x80
    bytes.writeBigUInt64BE(BigInt(size), 128)
  }
  bytes.write(
    `${Math.floor(now.getTime() / 1000)
      .toString(8)
      .padStart(11, '0')}\0`,
    136,
  )
  bytes.write('        ', 148)
  bytes.write('0', 156)
  bytes.write('ustar\u000000', 257, 'latin1')
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

function parseHeader(path: string, bytes: Uint8Array): { name: string; size: number } {
  const buffer = Buffer.from(bytes)
  const text = (from: number, to: number) => buffer.toString('utf8', from, to).replace(/\0.*$/s, '')
  const stored = Number.parseInt(text(148, 156), 8)
  const sum = buffer.fill(' ', 148, 156).reduce((total, byte) => total + byte, 0)
  if (sum !== stored) throw damaged(path, 'it is no Urania archive, or damaged')
  const size = bytes[124] === 0x80 ? Number(buffer.readBigUInt64BE(128)) : Number.parseInt(text(124, 136), 8)
  return { name: text(0, 100), size }
}

export function damaged(path: string, reason: string, cause?: unknown): Problem {
  return new Problem(
    'archive.invalid',
    `${path} can't be restored: ${reason.replace(/\.$/, '')}.`,
    { path },
    cause,
  )
}
