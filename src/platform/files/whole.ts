import { renameSync, rmSync } from 'node:fs'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Problem } from '#problem.ts'
import { refusalOf } from './refusal.ts'

/** Files that are either whole or not there: written beside their name and only then given it. */

/** Where a file is written before it has its name; a hidden name, the same for each process that tries again. */
export function partOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.part`)
}

/** True for the name that `partOf` gives. */
export function isPart(name: string): boolean {
  return name.startsWith('.') && name.endsWith('.part')
}

/** @throws Problem `storage.full`, `file.refused` */
export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  await whole(path, (part) => writeFile(part, bytes))
}

/** `write` fills the file that it is given the path of. @throws Problem `storage.full`, `file.refused`, and what `write` throws */
export async function whole<T>(path: string, write: (part: string) => Promise<T>): Promise<T> {
  const part = partOf(path)
  try {
    const made = await write(part)
    await rename(part, path)
    return made
  } catch (error) {
    await rm(part, { force: true }).catch(() => {})
    throw refusalOf(error, path) ?? error
  }
}

/** The same for a thread that may block. */
export function wholeSync<T>(path: string, write: (part: string) => T): T {
  const part = partOf(path)
  try {
    const made = write(part)
    renameSync(part, path)
    return made
  } catch (error) {
    rmSync(part, { force: true })
    throw refusalOf(error, path) ?? error
  }
}

/**
 * A folder with those above it. Node's own way goes round for ever where a file system knows a folder but makes none in it
 * (/proc), so each is made by itself.
 * @throws Problem `file.refused`, `storage.full`
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = []
  for (let at = resolve(path); ; at = dirname(at)) {
    const facts = await stat(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw refusalOf(error, at) ?? error
    })
    if (facts?.isDirectory()) break
    if (facts)
      throw new Problem('file.refused', `${at} is a file, not a folder; name another place.`, { path: at })
    missing.push(at)
    if (at === dirname(at)) break
  }
  for (const each of missing.toReversed()) {
    try {
      await mkdir(each)
    } catch (error) {
      // Another process was quicker.
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      throw refusalOf(error, each) ?? error
    }
  }
}
