import { lstatSync, readdirSync, readlinkSync, existsSync, symlinkSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, it } from 'vitest'
import { writeFits } from '#science/fits/write.ts'
import { createArena } from '#science/kernels/arena.ts'
import { workshopOf } from '#science/image/workshop.ts'
import { partOf } from '#platform/files/whole.ts'
import { openFitsFile, readMask, readPlane } from './pixel-files.ts'
import { createPlaneFile } from './plane-file.ts'

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

/** What this process has open, by name. */
function open(): string[] {
  return readdirSync('/proc/self/fd').flatMap((each) => {
    try {
      return [readlinkSync(`/proc/self/fd/${each}`)]
    } catch {
      return []
    }
  })
}

it.skipIf(!existsSync('/dev/full') || !existsSync('/proc/self/fd'))(
  'what cannot be read or written is closed and removed (needs /dev/full)',
  () => {
    const path = join(folder, 'full.fits')
    symlinkSync('/dev/full', partOf(path))
    expect(() => createPlaneFile(path, { width: 8, height: 8 }, [])).toThrow('no room left')
    expect(open()).not.toContain('/dev/full')
    expect(lstatSync(partOf(path), { throwIfNoEntry: false })).toBeUndefined()
    expect(() => openFitsFile(folder)).toThrow('EISDIR')
    expect(open()).not.toContain(folder)
  },
)

it('of a file with a picture and a mask the mask is read, and of one with a single image that', async () => {
  const picture = { kind: 'image', name: 'SCI', shape: [2, 1], data: new Float32Array([5, 6]) } as const
  const mask = { kind: 'image', name: 'MASK', shape: [2, 1], data: new Uint8Array([0, 4]) } as const
  for (const [name, parts, values] of [
    ['both.fits', [picture, mask], [0, 4]],
    ['one.fits', [picture], [8, 8]],
  ] as const) {
    const path = join(folder, name)
    await writeFile(path, writeFits([...parts]))
    expect([...readMask(path, workshopOf(createArena())).data], name).toEqual(values)
  }
})
