import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { Problem } from '#problem.ts'
import { openFitsSource } from '#science/fits/file.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import type { ByteSource } from '#science/fits/source.ts'
import { fileSource, packingOf, placedFile } from './bytes.ts'

/** A FITS file of this machine, read as a frame would be, without a database. */
export interface OpenFile {
  readonly name: string
  readonly path: string
  readonly byteLength: number
  readonly sha256: () => Promise<string>
  readonly source: ByteSource
  readonly hdus: readonly Hdu[]
}

/** Opens a file for the time of `work`; one that came as .gz is unpacked beside for as long. @throws Problem fits.* */
export async function withFile<T>(path: string, work: (file: OpenFile) => Promise<T>): Promise<T> {
  const real = await realpath(path).catch(() => path)
  const placed = await placedFile(real)
  if (!placed) throw new Problem('frame.bytes_gone', `There is no file ${path}.`, { path })
  if (placed.byteLength === 0) throw new Problem('fits.truncated', `The file ${path} is empty.`, { path })
  const raw = fileSource(placed)
  const open = async (source: ByteSource): Promise<T> =>
    work({
      name: basename(path),
      path: real,
      byteLength: placed.byteLength,
      sha256: () => hashOf(real),
      source,
      hdus: await openFitsSource(source),
    })
  if ((await packingOf(raw)) === 'none') return open(raw)
  const folder = await mkdtemp(join(tmpdir(), 'urania-frame-'))
  try {
    const unpacked = join(folder, 'frame.fits')
    try {
      await pipeline(createReadStream(real), createGunzip(), createWriteStream(unpacked))
    } catch (error) {
      throw new Problem(
        'fits.truncated',
        `The file ${path} cannot be unpacked: its gzip data are damaged or cut off; fetch it again.`,
        { path },
        error,
      )
    }
    return await open(fileSource((await placedFile(unpacked))!, true))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }))
    hash.update(chunk as Uint8Array)
  return hash.digest('hex')
}
