import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, it } from 'vitest'
import { writeFits } from '#science/fits/write.ts'
import { createArena } from '#science/kernels/arena.ts'
import { workshopOf } from '#science/image/workshop.ts'
import { openFitsFile, readPlane } from './pixel-files.ts'

const folder = await mkdtemp(join(tmpdir(), 'urania-pixels-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

it('a gzip file is read like a plain one, by its first bytes and not its name', async () => {
  const bytes = writeFits([{ kind: 'image', shape: [3, 2], data: new Float32Array([1, 2, 3, 4, 5, 6]) }])
  for (const [name, content] of [
    ['plain.fits', bytes],
    ['packed.fits', gzipSync(bytes)],
  ] as const) {
    const path = join(folder, name)
    await writeFile(path, content)
    const file = openFitsFile(path)
    expect([...readPlane(file, file.hdus[0]!, workshopOf(createArena())).data], name).toEqual([
      1, 2, 3, 4, 5, 6,
    ])
    file.close()
  }
})
