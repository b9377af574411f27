import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Platform } from '#platform/platform.ts'
import { namedBytes } from './frame-bytes.ts'
import { stepOf, type StepName } from './task.ts'
import type { FileRow, NewFile } from './task-store.ts'

/** Where runs of this observatory work; each has a folder of its own, which goes with it. */
export function scratchRoot(config: Platform['config']): string {
  return join(config.home, 'temporary', 'tasks')
}

/** Brings the files of a task into its folder. */
export async function fillFolder(
  platform: Pick<Platform, 'db' | 'storage' | 'config'>,
  folder: string,
  files: readonly FileRow[],
  signal: AbortSignal,
): Promise<void> {
  for (const file of files) {
    signal.throwIfAborted()
    const path = join(folder, file.name)
    await mkdir(dirname(path), { recursive: true })
    await pipeline(await namedBytes(platform, file.sha256), createWriteStream(path), { signal })
  }
}

/** A frame of the storage as a file of the folder; whether the owner may use it was looked at when the run was asked for. */
export async function bringFrame(
  platform: Pick<Platform, 'db' | 'storage' | 'config'>,
  folder: string,
  sha256: string,
  signal: AbortSignal,
): Promise<string> {
  const path = join(folder, '.frames', `${sha256}.fits`)
  await mkdir(dirname(path), { recursive: true })
  await pipeline(await namedBytes(platform, sha256), createWriteStream(path), { signal })
  return path
}

/** Puts what a step made into the storage, and each into `kept` when it is there: bytes first, rows after. */
export async function keepProducts(
  platform: Pick<Platform, 'storage'>,
  folder: string,
  step: StepName,
  kept: NewFile[],
  signal: AbortSignal,
): Promise<void> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((name) => stepOf(name) === step)
    .toSorted()
  for (const name of names) {
    signal.throwIfAborted()
    const path = join(folder, name)
    if (!(await stat(path).catch(() => undefined))) continue
    const { sha256, byteLength } = await platform.storage.put(
      createReadStream(path) as AsyncIterable<Uint8Array>,
    )
    kept.push({ name, step, sha256, byteLength })
  }
}

/** Removes folders whose run is over: what a crash left. */
export async function sweepScratch(platform: Pick<Platform, 'jobs' | 'config'>): Promise<void> {
  const root = scratchRoot(platform.config)
  const names = await readdir(root).catch(() => [])
  for (const name of names) {
    const job = await platform.jobs.get(name).catch(() => undefined)
    if (job?.state === 'running') continue
    await rm(join(root, name), { recursive: true, force: true })
  }
}
