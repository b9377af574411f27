import { spawnSync } from 'node:child_process'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readable } from '#platform/http/bytes.ts'
import { readPlainZip } from '#test/zip.ts'
import { zipOf, type ZipEntry } from './zip.ts'

const folder = await mkdtemp(join(tmpdir(), 'urania-zip-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const modified = new Date('2026-03-04T05:06:08Z')
const encoder = new TextEncoder()

function entry(name: string, parts: Uint8Array[]): ZipEntry {
  const byteLength = parts.reduce((sum, part) => sum + part.length, 0)
  return { name, modified, byteLength, bytes: () => each(parts) }
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const got: Uint8Array[] = []
  for await (const chunk of chunks) got.push(chunk)
  return got
}

async function* each(parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(part)
}

const hasPython = spawnSync('python3', ['-c', 'import zipfile']).status === 0
const python = (program: string, path: string): unknown => {
  const { stdout, stderr } = spawnSync('python3', ['-c', `import json, sys, zipfile\n${program}`, path], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

const small = [
  entry('image.fits', [encoder.encode('SIMPLE  '), encoder.encode('=')]),
  entry('leer.txt', []),
  entry('stücke/größe.log', [encoder.encode('line\n')]),
]

it('an archive of small files reads back', async () => {
  const found = readPlainZip(Buffer.concat(await all(zipOf(small))))
  expect(
    Object.fromEntries([...found].map(([name, bytes]) => [name, new TextDecoder().decode(bytes)])),
  ).toEqual({
    'image.fits': 'SIMPLE  =',
    'leer.txt': '',
    'stücke/größe.log': 'line\n',
  })
})

it.skipIf(!hasPython)('names, times and sums are as another reader has them (needs python3)', async () => {
  const path = join(folder, 'small.zip')
  await writeFile(path, Buffer.concat(await all(zipOf(small))))
  expect(
    python(
      'z = zipfile.ZipFile(sys.argv[1]); print(json.dumps([z.testzip(), [[i.filename, i.file_size, i.date_time] for i in z.infolist()]]))',
      path,
    ),
  ).toEqual([
    null,
    [
      ['image.fits', 9, [2026, 3, 4, 5, 6, 8]],
      ['leer.txt', 0, [2026, 3, 4, 5, 6, 8]],
      ['stücke/größe.log', 5, [2026, 3, 4, 5, 6, 8]],
    ],
  ])
})

it.skipIf(!hasPython)('more than 4 GiB, in one entry and before the next (needs python3)', async () => {
  const zeros = new Uint8Array(2 ** 26)
  const path = join(folder, 'large.zip')
  const file = await open(path, 'w')
  let at = 0
  for await (const chunk of zipOf([
    entry(
      'large',
      Array.from({ length: 65 }, () => zeros),
    ),
    entry('after', [encoder.encode('here')]),
  ])) {
    // The zeros are left out: the file has a hole there.
    if (chunk !== zeros) await file.write(chunk, 0, chunk.length, at)
    at += chunk.length
  }
  await file.close()
  expect(
    python(
      'z = zipfile.ZipFile(sys.argv[1]); print(json.dumps([[[i.filename, i.file_size, i.header_offset] for i in z.infolist()], z.read("after").decode(), z.open("large").read(3).hex()]))',
      path,
    ),
  ).toEqual([
    [
      ['large', 65 * 2 ** 26, 0],
      ['after', 4, 30 + 5 + 20 + 65 * 2 ** 26 + 24],
    ],
    'here',
    '000000',
  ])
})

it('more than 65,535 entries are all counted', async () => {
  const bytes = Buffer.concat(await all(zipOf(Array.from({ length: 65_600 }, (_, i) => entry(`${i}`, [])))))
  const end = bytes.subarray(-98)
  expect(end.readUInt32LE(0)).toBe(0x06064b50)
  expect(end.readBigUInt64LE(24)).toBe(65_600n)
  expect(end.readBigUInt64LE(56 + 8)).toBe(BigInt(bytes.length - 98))
  expect(end.readUInt16LE(76 + 10)).toBe(0xffff)
})

it('an entry with other bytes than announced breaks the archive off', async () => {
  for (const byteLength of [3, 5])
    await expect(
      all(zipOf([{ ...entry('four', [encoder.encode('four')]), byteLength }])),
    ).rejects.toMatchObject({ code: 'storage.corrupt' })
})

it('a reader who takes one chunk and leaves has one more made, and the rest ended', async () => {
  const [chunk, made] = [new Uint8Array(2 ** 16), { chunks: 0, ended: false }]
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        made.chunks++
        yield await Promise.resolve(chunk)
      }
    } finally {
      made.ended = true
    }
  }
  const reader = readable(
    zipOf([{ name: 'endless', modified, byteLength: 2 ** 50, bytes: endless }]),
  ).getReader()
  await reader.read()
  expect((await reader.read()).value).toBe(chunk)
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(made).toEqual({ chunks: 2, ended: false })
  await reader.cancel()
  expect(made).toEqual({ chunks: 2, ended: true })
})
