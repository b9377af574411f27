import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { refusalOf } from './refusal.ts'
import { makeFolder, wholeSync, writeWhole } from './whole.ts'

const root = mkdtempSync(join(tmpdir(), 'whole-'))
afterAll(() => rmSync(root, { recursive: true }))

it('a file that is not finished never has its name, and what was there before stays', async () => {
  const path = join(root, 'a.txt')
  await writeWhole(path, 'first')
  expect(() =>
    wholeSync(path, (part) => {
      writeFileSync(part, 'sec')
      expect(readFileSync(path, 'utf8')).toBe('first')
      throw new Error('no more')
    }),
  ).toThrow('no more')
  expect(readFileSync(path, 'utf8')).toBe('first')
  expect(readdirSync(root)).toEqual(['a.txt'])
})

it('a place that cannot be written is named with the reason, as the person named it', async () => {
  await makeFolder(join(root, 'b', 'c', 'd'))
  expect(readdirSync(join(root, 'b', 'c'))).toEqual(['d'])
  const file = join(root, 'a.txt')
  await expect(makeFolder(file)).rejects.toMatchObject({
    code: 'file.refused',
    message: `${file} is a file, not a folder; name another place.`,
  })
  await expect(makeFolder(join(file, 'x'))).rejects.toMatchObject({ code: 'file.refused' })
  await expect(writeWhole(join(root, 'none', 'x.fits'), '')).rejects.toMatchObject({
    message: expect.stringMatching(/none\/x\.fits is not there/),
  })
  const none = join(root, 'none.fits')
  const absent = await readFile(none).catch((error: unknown) => error)
  for (const path of [undefined, join(root, 'out.fits')])
    expect(refusalOf(absent, path)?.message).toBe(`${none} is not there; check the name.`)
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  expect(refusalOf(full, '/data/x')).toMatchObject({
    code: 'storage.full',
    message: expect.stringContaining('/data/x; make room'),
  })
  expect(refusalOf(new TypeError('x is not a function'))).toBeUndefined()
})

it.skipIf(process.platform !== 'linux')('a folder in /proc is refused and not tried for ever', async () => {
  await expect(makeFolder('/proc/nope/deep')).rejects.toMatchObject({ code: 'file.refused' })
})
