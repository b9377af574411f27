import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { storageContract } from '#test/storage-contract.ts'
import { createLocalStorage } from './local.ts'

const root = await mkdtemp(join(tmpdir(), 'urania-storage-'))
let count = 0
const folder = () => join(root, String(count++))
afterAll(() => rm(root, { recursive: true, force: true }))

storageContract('local folder', () => createLocalStorage(folder()))

it('an object that changed on disk is found out, and healed by putting it again', async () => {
  const place = folder()
  const storage = await createLocalStorage(place)
  const bytes = new TextEncoder().encode('the same bytes')
  const { sha256 } = await storage.put(bytes)
  await writeFile(join(place, sha256.slice(0, 2), sha256.slice(2, 4), sha256), 'other bytes')
  expect(isProblem(await storage.verify(sha256).catch((error: unknown) => error), 'storage.corrupt')).toBe(
    true,
  )
  await storage.put(bytes)
  await expect(storage.verify(sha256)).resolves.toBeUndefined()
})

it('clears what a crash left behind an hour ago, and nothing that may still be written', async () => {
  const place = folder()
  await createLocalStorage(place)
  await writeFile(join(place, 'incoming/old'), 'half')
  await writeFile(join(place, 'incoming/new'), 'half')
  const hoursAgo = new Date(Date.now() - 7_200_000)
  await utimes(join(place, 'incoming/old'), hoursAgo, hoursAgo)
  await createLocalStorage(place)
  expect(await readdir(join(place, 'incoming'))).toEqual(['new'])
})
