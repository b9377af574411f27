import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, link, mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { refused } from './refusal.ts'
import type { NewFile, TreePlace } from './tree-place.ts'

/**
 * @param root an absolute path that exists: a folder that is made by itself would hide that a disk is not mounted.
 */
export function localPlace(root: string): TreePlace {
  /** The path on disk, with links followed, never outside the root. */
  async function placeOf(path: string): Promise<string> {
    const target = join(root, path)
    const top = await realRoot(root)
    const parent = await realpath(dirname(target))
    if (parent !== top && !parent.startsWith(top.endsWith(sep) ? top : top + sep))
      throw refused(`${path} would leave ${root} through a link; take the link away.`, { path })
    return target
  }

  async function hashOf(target: string): Promise<string | null> {
    const bytes = await readFile(target).catch(absentAsNull)
    return bytes && createHash('sha256').update(bytes).digest('hex')
  }

  return {
    name: root,
    async makeFolder(path) {
      let at = ''
      for (const part of path.split('/')) {
        at = at === '' ? part : `${at}/${part}`
        await mkdir(await placeOf(at)).catch((error: unknown) => {
          if (codeOf(error) !== 'EEXIST') throw error
        })
      }
    },
    async look(path) {
      const target = await placeOf(path)
      const facts = await stat(target).catch(absentAsNull)
      if (!facts) return null
      const isFolder = !facts.isFile()
      return { tag: isFolder ? '' : ((await hashOf(target)) ?? ''), byteLength: facts.size, isFolder }
    },
    read: async (path) => readFile(await placeOf(path)),
    async create(path, file) {
      const target = await placeOf(path)
      return withTemporary(target, file, async (temporary) => {
        try {
          // Unlike a rename, a link does not take the place of what is there.
          await link(temporary, target)
        } catch (error) {
          if (codeOf(error) === 'EEXIST') return null
          if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(error) ?? ''))
            throw error
          try {
            await copyFile(temporary, target, constants.COPYFILE_EXCL)
          } catch (failure) {
            if (codeOf(failure) === 'EEXIST') return null
            throw failure
          }
        }
        return file.sha256
      })
    },
    async replace(path, file, tag) {
      const target = await placeOf(path)
      return withTemporary(target, file, async (temporary) => {
        if ((await hashOf(target)) !== tag) return null
        await rename(temporary, target)
        return file.sha256
      })
    },
  }
}

async function withTemporary<T>(
  target: string,
  file: NewFile,
  use: (temporary: string) => Promise<T>,
): Promise<T> {
  // The same for every attempt, so that what a crash left behind is used up by the next.
  const mark = createHash('sha256').update(`${target}\n${file.sha256}`).digest('hex').slice(0, 16)
  const temporary = join(dirname(target), `.urania-${mark}.tmp`)
  try {
    const handle = await open(temporary, 'w', 0o644)
    try {
      await handle.writeFile(file.bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    return await use(temporary)
  } finally {
    await rm(temporary, { force: true })
  }
}

async function realRoot(root: string): Promise<string> {
  try {
    return await realpath(root)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    throw refused(`There is no folder ${root}; make it, or mount what it should be on.`, { path: root })
  }
}

function absentAsNull(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null
  throw error
}

/** `ENOENT` and the like. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error ? String(error.code) : null
}
